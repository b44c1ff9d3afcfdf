"""What code a notebook depends on."""

import json
from pathlib import Path

import pytest

from workbench.schema import InputError
from workbench.studies import _code as code
from workbench.studies import notebook_folder


def notebook(path: Path, *cells: str, text: str = "about") -> Path:
    content = [{"cell_type": "markdown", "source": text}]
    content += [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    path.write_text(json.dumps({"cells": content}))
    return path


def digest(path: Path, *, with_drawing: bool = False) -> str:
    return code.code_digest(path, with_drawing=with_drawing)


def test_comments_layout_and_texts_are_no_code(tmp_path: Path) -> None:
    first = notebook(tmp_path / "a.ipynb", "x = 1\ny = [x, 2]")
    second = notebook(tmp_path / "b.ipynb", "x = 1  # one\ny = [\n    x,\n    2,\n]", text="new")
    other = notebook(tmp_path / "c.ipynb", "x = 1\ny = [x, 3]")
    assert digest(first) == digest(second) != digest(other)


def test_a_change_in_a_called_module_changes_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = notebook(tmp_path / "a.ipynb", "from workbench.studies import train")
    before = digest(path)
    original = code._module_code
    marked = []

    def changed(file: Path) -> str:
        if file.name == "_matching.py":
            marked.append(file)
            return original(file) + "\nnew_code = 1"
        return original(file)

    monkeypatch.setattr(code, "_module_code", changed)
    assert digest(path) != before
    assert marked


def files(source: str, rooms: tuple[str, ...] = ()) -> set[str]:
    found: set[Path] = set()
    code._collect(source, found, rooms)
    return {path.relative_to(code.PACKAGE).as_posix() for path in found}


def test_only_what_is_imported_is_followed() -> None:
    found = files("from workbench.metrics import label_overlap")
    assert found == {"metrics/_compiled.py", "metrics/_overlap.py", "schema.py"}


def test_scoring_does_not_depend_on_training_nor_training_on_statistics() -> None:
    assert not any("training" in name for name in files("from workbench.studies import evaluate"))
    of_training = files("from workbench.studies import train")
    assert {name for name in of_training if "analysis" in name} == {"analysis/_fingerprint.py"}


def test_drawing_is_left_out_where_the_result_is_a_folder() -> None:
    source = "from workbench.figures import overlay_figure"
    assert "figures/_overlays.py" in files(source)
    assert files(source, code.DRAWING_ROOMS) == set()


@pytest.mark.parametrize("path", sorted(notebook_folder().glob("*.ipynb")), ids=lambda p: p.name)
def test_every_notebook_has_a_digest(path: Path) -> None:
    assert len(digest(path, with_drawing=True)) == 64


def test_a_file_that_is_no_notebook_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(InputError, match=r"a\.ipynb: not a Jupyter notebook"):
        digest(tmp_path / "a.ipynb")
