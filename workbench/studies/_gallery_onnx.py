"""ONNX networks of other people: found in a package, and what they do not say made sure of."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, NoReturn

import yaml

from workbench.inference import (
    CARD_FILE,
    ENCODINGS,
    ONNX_FILE,
    WEIGHTS_FILE,
    ModelCard,
    ModelDescription,
    find_encoding,
    onnx_shape,
)
from workbench.schema import InputError
from workbench.studies._explain import checked
from workbench.transforms import PREPARATIONS, Preparation

RDF: Final = ("rdf.yaml", "bioimageio.yaml", "model.yaml")
CODE: Final = {
    ".pt": "TorchScript or pickle", ".pth": "pickle", ".ckpt": "pickle", ".pkl": "pickle",
    ".torchscript": "TorchScript", ".h5": "Keras", ".keras": "Keras",
}  # fmt: skip
MAX_TEXT_BYTES: Final = 2**22


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


def stage_onnx(folder: Path, staged: Path, source: Path, choices: OnnxChoices) -> ModelCard:
    """Copy ONNX weights and write a card for them."""
    rdf = _read_rdf(folder)
    weights = _onnx_file(folder, rdf, source)
    shape = onnx_shape(weights)
    _check_choices(choices, n_maps=shape.maps, source=source)
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


def _check_choices(choices: OnnxChoices, *, n_maps: int, source: Path) -> None:
    """Refuse choices that lack or do not fit the file."""
    if not choices.encoding:
        msg = (
            f"{source}: an ONNX file does not say what its {n_maps} channels mean; name it "
            f"with --encoding, one of {', '.join(ENCODINGS)}."
        )
        raise InputError(msg)
    wanted = find_encoding(choices.encoding).channels
    if n_maps != wanted:
        msg = (
            f"{source}: paints {n_maps} channels, the encoding {choices.encoding!r} has "
            f"{wanted}; name another with --encoding."
        )
        raise InputError(msg)
    if choices.output not in ("probabilities", "logits"):
        msg = f"--output {choices.output}: expected probabilities or logits."
        raise InputError(msg)
    if choices.output == "probabilities" and choices.encoding != "three_class":
        msg = (
            f"{source}: with the encoding {choices.encoding!r} a file must give logits; if this "
            "does, say --output logits. ONNX that `workbench models export` wrote gives activated "
            "maps: ask for its form `folder` instead."
        )
        raise InputError(msg)


def _read_rdf(folder: Path) -> dict[str, Any]:
    """Return a bioimage.io description; empty if there is none."""
    path = next((folder / name for name in RDF if (folder / name).is_file()), None)
    if path is None:
        return {}
    refuse_long(path)
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
        refuse_code(source, ", ".join(map(str, weights)))
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in CODE:
            refuse_code(source, CODE[path.suffix.lower()])
    msg = f"{source}: holds neither {CARD_FILE} with {WEIGHTS_FILE}, nor one .onnx file."
    raise InputError(msg)


def refuse_code(source: Path, kind: str) -> NoReturn:
    """Refuse weights in a form that runs code when it is opened."""
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


def refuse_long(path: Path) -> None:
    """Refuse a description so long that it is none, before it is read."""
    if path.stat().st_size > MAX_TEXT_BYTES:
        msg = (
            f"{path.name}: {path.stat().st_size:,} bytes are no description; don't trust this file."
        )
        raise InputError(msg)
