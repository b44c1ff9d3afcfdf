"""Models of other people into the gallery, without executing anything of their files."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final, NoReturn

import yaml

from workbench.datasets import is_archive, unpack
from workbench.inference import (
    CARD_FILE,
    ENCODINGS,
    ONNX_FILE,
    WEIGHTS_FILE,
    ModelCard,
    ModelDescription,
    find_encoding,
    load_network,
    onnx_shape,
    read_card,
    write_card,
)
from workbench.models import ARCHITECTURES
from workbench.schema import InputError
from workbench.store import move_folder
from workbench.studies._explain import checked
from workbench.transforms import PREPARATIONS, Preparation

RDF: Final = ("rdf.yaml", "bioimageio.yaml", "model.yaml")
CODE: Final = {
    ".pt": "TorchScript or pickle", ".pth": "pickle", ".ckpt": "pickle", ".pkl": "pickle",
    ".torchscript": "TorchScript", ".h5": "Keras", ".keras": "Keras",
}  # fmt: skip
MAX_TEXT_BYTES: Final = 2**22
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class OnnxChoices:
    """What an ONNX file does not say of itself.

    Attributes
    ----------
    encoding
        What its channels mean; "" if nobody said.
    output
        "logits", or "probabilities" that sum to 1.
    preparation
        Name of what is done to images; "" for what the package says, else the default.
    """

    encoding: str = ""
    output: str = "probabilities"
    preparation: str = ""


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
            card = _stage_onnx(folder, staged, source, onnx or OnnxChoices())
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
        _refuse_code(source, CODE[source.suffix.lower()])
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
    _refuse_long(folder / CARD_FILE)
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


def _stage_onnx(folder: Path, staged: Path, source: Path, choices: OnnxChoices) -> ModelCard:
    """Copy ONNX weights and write a card for them."""
    rdf = _read_rdf(folder)
    weights = _onnx_file(folder, rdf, source)
    shape = onnx_shape(weights)
    if not choices.encoding:
        msg = (
            f"{source}: an ONNX file does not say what its {shape.maps} channels mean; name it "
            f"with --encoding, one of {', '.join(ENCODINGS)}."
        )
        raise InputError(msg)
    wanted = find_encoding(choices.encoding).channels
    if shape.maps != wanted:
        msg = (
            f"{source}: paints {shape.maps} channels, the encoding {choices.encoding!r} has "
            f"{wanted}; name another with --encoding."
        )
        raise InputError(msg)
    if choices.output not in ("probabilities", "logits"):
        msg = f"--output {choices.output}: expected probabilities or logits."
        raise InputError(msg)
    if choices.output == "probabilities" and choices.encoding != "three_class":
        msg = (
            f"{source}: the encoding {choices.encoding!r} is read from logits; if that is what the "
            "file gives, say --output logits."
        )
        raise InputError(msg)
    shutil.copyfile(weights, staged / ONNX_FILE)
    return ModelCard(
        name=str(rdf.get("name") or source.stem),
        description=ModelDescription(
            architecture="onnx",
            settings={"channels": shape.channels, "output": choices.output},
            encoding=choices.encoding,
            preparation=_preparation(choices.preparation, rdf, source, channels=shape.channels),
        ),
        licence=str(rdf.get("license") or ""),
        citation="; ".join(
            " ".join(str(entry[key]) for key in ("text", "doi", "url") if entry.get(key))
            for entry in _items(rdf.get("cite"))
        ),
    )


def _read_rdf(folder: Path) -> dict[str, Any]:
    """Return a bioimage.io description; empty if there is none."""
    path = next((folder / name for name in RDF if (folder / name).is_file()), None)
    if path is None:
        return {}
    _refuse_long(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{path.name}: not YAML ({' '.join(str(error).split()):.200})."
        raise InputError(msg) from error
    if not isinstance(content, dict) or content.get("type") != "model":
        msg = f"{path.name}: describes no model of the bioimage.io format."
        raise InputError(msg)
    return content


def _onnx_file(folder: Path, rdf: dict[str, Any], source: Path) -> Path:
    weights = rdf.get("weights")
    entry = weights.get("onnx") if isinstance(weights, dict) else None
    if isinstance(entry, dict) and isinstance(entry.get("source"), str):
        name = PurePosixPath(entry["source"])
        if name.is_absolute() or ".." in name.parts or "://" in entry["source"]:
            msg = f"{source}: its weights lie at {entry['source']!r}, not in the package."
            raise InputError(msg)
        if (folder / name).is_file() and not (folder / name).is_symlink():
            return folder / name
    found = [] if rdf else sorted(folder.glob("*.onnx"))
    if len(found) == 1:
        return found[0]
    if isinstance(weights, dict) and weights:
        _refuse_code(source, ", ".join(map(str, weights)))
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in CODE:
            _refuse_code(source, CODE[path.suffix.lower()])
    msg = f"{source}: holds neither {CARD_FILE} with {WEIGHTS_FILE}, nor one .onnx file."
    raise InputError(msg)


def _refuse_code(source: Path, kind: str) -> NoReturn:
    msg = (
        f"{source}: holds its weights as {kind}, a form that can carry code which runs when it is "
        "opened; it was not opened. Ask for ONNX or safetensors, or run it in its own program and "
        "bring the predictions (docs/gallery.md)."
    )
    raise InputError(msg)


def _preparation(named: str, rdf: dict[str, Any], source: Path, *, channels: int) -> Preparation:
    """Return the preparation that was named, else that of the package."""
    if named:
        if named not in PREPARATIONS:
            msg = f"no preparation is called {named!r}, only {', '.join(PREPARATIONS)}."
            raise InputError(msg)
        return PREPARATIONS[named]
    entries = _items(rdf.get("inputs"))
    steps = _items(entries[0].get("preprocessing")) if entries else []
    wanted = [step for step in steps if step.get("id") not in ("ensure_dtype", "clip")]
    if not wanted:
        return Preparation()
    values = wanted[0].get("kwargs") or {}
    by_channel = channels == 1 or (values.get("axes") and "channel" not in values["axes"])
    if len(wanted) > 1 or wanted[0].get("id") != "scale_range" or not by_channel:
        names = ", ".join(str(step.get("id")) for step in wanted)
        msg = (
            f"{source}: its preprocessing ({names}) has no counterpart here; if another one will "
            f"do, name it with --preparation, one of {', '.join(PREPARATIONS)}."
        )
        raise InputError(msg)
    percentiles = {
        "low_percent": values.get("min_percentile", 0),
        "high_percent": values.get("max_percentile", 100),
    }
    return checked(Preparation, percentiles, source=f"{source}, scale_range")


def _items(value: Any) -> list[dict[str, Any]]:
    """Return the mappings in a list that somebody else wrote."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _refuse_long(path: Path) -> None:
    if path.stat().st_size > MAX_TEXT_BYTES:
        msg = (
            f"{path.name}: {path.stat().st_size:,} bytes are no description; don't trust this file."
        )
        raise InputError(msg)


def _file_name(text: str) -> str:
    """Return a text as the name of a folder.

    Examples
    --------
    >>> _file_name("My model: v2")
    'My-model-v2'
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")
