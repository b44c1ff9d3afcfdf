"""What a notebook computes with: its own code and that of the workbench it calls.

A result made by other code is another result, so this code is part of a job's key. Comments,
docstrings and layout are not code; nor, for stages whose result is a folder of files, is what only
draws.
"""

import ast
import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import workbench
from workbench.schema import InputError

PACKAGE: Final = Path(workbench.__file__).parent
DRAWING_ROOMS: Final = ("figures", "report", "widgets", "viewers")


def code_digest(notebook: Path, *, with_drawing: bool) -> str:
    """Hash a notebook's code cells and the modules of the workbench that they import.

    Parameters
    ----------
    notebook
        The notebook as written, not an executed copy.
    with_drawing
        Whether the rooms that only draw count too.

    Returns
    -------
    str
        Hexadecimal. Equal for equal code, whatever its comments and docstrings.

    Raises
    ------
    InputError
        If the file is not a notebook.
    """
    return source_digest(
        [_magic_free(source) for source in notebook_code(notebook)], with_drawing=with_drawing
    )


def source_digest(sources: Sequence[str], *, with_drawing: bool) -> str:
    """Hash Python sources and the modules of the workbench that they import."""
    rooms = () if with_drawing else DRAWING_ROOMS
    found: set[Path] = set()
    for source in sources:
        _collect(source, found, rooms)
    digest = hashlib.sha256()
    for text in (*map(_bare, sources), *(_module_code(path) for path in sorted(found))):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def notebook_code(notebook: Path) -> list[str]:
    """Return the sources of a notebook's code cells.

    Raises
    ------
    InputError
        If the file is missing or not a notebook.
    """
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{notebook}: not a Jupyter notebook ({error}); restore it from the repository."
        raise InputError(msg) from error


def _collect(source: str, found: set[Path], rooms: tuple[str, ...]) -> None:
    """Add the files of all modules that a source imports from the workbench, and of theirs."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "workbench":
            files = {_defining_file(node.module or "", alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            files = {
                _module_file(alias.name)
                for alias in node.names
                if alias.name.split(".")[0] == "workbench"
            }
        else:
            continue
        for file in files - found:
            if file.relative_to(PACKAGE).parts[0] not in rooms:
                found.add(file)
                _collect(file.read_text(encoding="utf-8"), found, rooms)


def _defining_file(module: str, name: str) -> Path:
    """Return the file that defines a name, seen through the exports of its room."""
    submodule = PACKAGE.joinpath(*module.split(".")[1:], name)
    if submodule.is_dir() or submodule.with_suffix(".py").is_file():
        return _module_file(f"{module}.{name}")
    file = _module_file(module)
    exports = file.with_suffix(".pyi")
    if exports.is_file():
        for node in ast.parse(exports.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and any(a.name == name for a in node.names):
                return _module_file(f"{module}.{node.module}")
    return file


def _module_file(module: str) -> Path:
    place = PACKAGE.joinpath(*module.split(".")[1:])
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


@lru_cache(maxsize=256)
def _module_code(file: Path) -> str:
    return _bare(file.read_text(encoding="utf-8"))


def _bare(source: str) -> str:
    """Return code without comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body
            if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
                node.body = body[1:] or [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(tree))


def _magic_free(source: str) -> str:
    return "\n".join(
        line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))
    )
