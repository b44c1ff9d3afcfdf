"""Models of other people into the gallery, without executing anything of their files."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from workbench.datasets import is_archive, unpack
from workbench.inference import (
    CARD_FILE,
    WEIGHTS_FILE,
    ModelCard,
    load_network,
    read_card,
    write_card,
)
from workbench.models import ARCHITECTURES
from workbench.schema import InputError
from workbench.store import move_folder
from workbench.studies._gallery_onnx import CODE, OnnxChoices, refuse_code, refuse_long, stage_onnx

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def import_model(
    source: Path, gallery: Path, *, name: str = "", onnx: OnnxChoices | None = None
) -> Path:
    """Put a model that somebody sent into the gallery.

    Parameters
    ----------
    source
        A ZIP or folder that ``workbench models export`` wrote, in our own form or bioimage.io's;
        a bioimage.io package of others that holds ONNX weights; or an .onnx file.
    gallery
        Folder of models; gets a folder of the model's name.
    name
        What to call it; left out, what its card or file is called.
    onnx
        For ONNX weights: what they don't say themselves.

    Returns
    -------
    Path
        The model's folder, to be given to a study as ``checkpoint``.

    Raises
    ------
    InputError
        If it is none of these, the archive is unsafe or damaged, weights don't fit, the name is
        taken, or weights come in a form that carries code (TorchScript, pickles): such a file is
        refused, not opened.
    """
    if not source.exists():
        msg = f"{source}: no such file or folder."
        raise InputError(msg)
    gallery.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".import-", dir=gallery) as temporary:
        staged = Path(temporary) / "model"
        staged.mkdir()
        folder = _opened(source, Path(temporary) / "unpacked")
        _refuse_links(folder, source)
        if (folder / CARD_FILE).is_file() and (folder / WEIGHTS_FILE).is_file():
            card = _stage_own(folder, staged, source)
        else:
            card = stage_onnx(folder, staged, source, onnx or OnnxChoices())
        called = name or _file_name(card.name) or _file_name(source.stem)
        if not NAME.fullmatch(called):
            msg = f"{called!r} can't name a folder; give --name of letters, digits, '_', '.', '-'."
            raise InputError(msg)
        target = gallery / called
        if target.exists():
            msg = f"{target}: is there already; choose another name with --name."
            raise InputError(msg)
        write_card(staged, card.model_copy(update={"name": called}))
        load_network(staged)  # What does not fit is found here, before it is in the gallery.
        move_folder(staged, target)
    return target


def _opened(source: Path, unpacked: Path) -> Path:
    """Return the folder that holds the model: the source, or what an archive unpacks to."""
    if source.is_dir():
        folder = source
    elif source.suffix.lower() == ".onnx":
        unpacked.mkdir()
        shutil.copyfile(source, unpacked / source.name)
        return unpacked
    elif source.suffix.lower() in CODE:
        refuse_code(source, CODE[source.suffix.lower()])
    elif is_archive(source):
        unpack(source, unpacked)
        folder = unpacked
    else:
        msg = (
            f"{source}: expected a model that `workbench models export` wrote, a bioimage.io "
            "package, or an .onnx file."
        )
        raise InputError(msg)
    inner = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else folder


def _refuse_links(folder: Path, source: Path) -> None:
    for path in folder.iterdir():
        if path.is_symlink():
            msg = f"{source}: {path.name} is a link to another place; give the files themselves."
            raise InputError(msg)


def _stage_own(folder: Path, staged: Path, source: Path) -> ModelCard:
    """Copy a model in our own form: a card that names a network of the zoo, and its weights."""
    refuse_long(folder / CARD_FILE)
    card = read_card(folder)
    entry = ARCHITECTURES.get(card.description.architecture)
    if entry is None or entry.build is None:
        # A path to a Python file would be run.
        msg = (
            f"{source}: is of the architecture {card.description.architecture!r}, which is none of "
            f"the zoo ({', '.join(n for n, a in ARCHITECTURES.items() if a.trainable)}); a network "
            "of somebody's own file can't be imported, since that file would have to be run."
        )
        raise InputError(msg)
    shutil.copyfile(folder / WEIGHTS_FILE, staged / WEIGHTS_FILE)
    return card


def _file_name(text: str) -> str:
    """Return a text as the name of a folder.

    Examples
    --------
    >>> _file_name("My model: v2")
    'My-model-v2'
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")
