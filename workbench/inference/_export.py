"""A trained model for others: our own folder as a ZIP, TorchScript, ONNX, bioimage.io."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, TypeAlias, get_args

from workbench.inference._export_network import (
    MAP_NAMES,
    Sizes,
    in_brief,
    maps_network,
    write_onnx,
    write_torchscript,
)
from workbench.inference._model_files import (
    CARD_FILE,
    IN_CHANNELS,
    WEIGHTS_FILE,
    ModelCard,
    load_network,
    write_card,
)
from workbench.schema import InputError

ExportForm: TypeAlias = Literal["folder", "torchscript", "onnx", "bioimageio"]
EXPORT_FORMS: Final[tuple[ExportForm, ...]] = get_args(ExportForm)
SUFFIXES: Final = {"folder": ".zip", "torchscript": ".pt", "onnx": ".onnx", "bioimageio": ".zip"}


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path
        The file.
    sizes
        Which images the exported network takes; None for our own form, which takes any.
    maps
        What each channel of its output is; empty for our own form.
    notes
        What whoever gets the file should know, a line each.
    """

    path: Path
    sizes: Sizes | None = None
    maps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def export_model(
    folder: Path,
    out: Path,
    *,
    form: ExportForm = "folder",
    card: ModelCard,
    authors: Sequence[str] = (),
) -> Exported:
    """Write a trained model to a file that others can use.

    Parameters
    ----------
    folder
        Holds ``model.json`` and ``best.safetensors``.
    out
        The file to write; it must not exist.
    form
        "folder": a ZIP of card and weights, which ``workbench models import`` reads.
        "torchscript", "onnx": the network alone, from a prepared image (1, 3, height, width),
        float32, 0 to 1, to activated maps. "bioimageio": a model package of the bioimage.io
        format with both, preprocessing and test tensors; card and weights are attached.
    card
        The model's own, with licence and citation as they shall be published.
    authors
        For bioimage.io.

    Raises
    ------
    InputError
        If the model can't be read, the file exists or ends otherwise than the form does, a
        library is lacking, or the network can't be exported in this form; the message says why.
    """
    if out.exists():
        msg = f"{out}: is there already; delete it first, or name another file."
        raise InputError(msg)
    if out.suffix != SUFFIXES[form]:
        msg = f"{out}: a model in the form {form!r} ends in {SUFFIXES[form]}; name it so."
        raise InputError(msg)
    if card.description.architecture == "onnx":
        msg = f"{folder}: was imported from ONNX and has no other form; pass that file on instead."
        raise InputError(msg)
    encoding = card.description.encoding
    # Damaged weights are found here, whatever the form.
    network = maps_network(load_network(folder).network, encoding)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".export-", dir=out.parent) as temporary:
        staged = Path(temporary)
        write_card(staged, card)
        path = staged / f"exported{out.suffix}"
        if form == "folder":
            _write_zip(path, staged, folder)
            path.replace(out)
            return Exported(out)
        if form == "bioimageio":
            from workbench.inference._export_bioimageio import write_bioimageio

            sizes, notes = write_bioimageio(
                network, path, card, authors, attached=(staged / CARD_FILE, folder / WEIGHTS_FILE)
            )
        else:
            write = write_onnx if form == "onnx" else write_torchscript
            sizes = write(network, path, in_channels=IN_CHANNELS)
            notes = (_input(card),)
        path.replace(out)
    maps = MAP_NAMES[encoding]
    told = f"Takes images of {sizes}. Gives {in_brief(maps)}."
    return Exported(out, sizes, maps, (told, *notes))


def _input(card: ModelCard) -> str:
    """Say what must be done to an image before it goes in."""
    preparation = card.description.preparation
    steps = ["three channels (grey repeated)"]
    if preparation.normalise:
        steps.append(
            f"each stretched between its percentiles {preparation.low_percent:g} and "
            f"{preparation.high_percent:g} to 0 and 1 and cut off beyond"
        )
    if preparation.pixel_size_um is not None:
        steps.append(f"resampled to {preparation.pixel_size_um:g} µm a pixel")
    if preparation.equalise:
        steps.append(f"contrast equalised by {preparation.equalise_by} (CLAHE)")
    return "Images are (1, 3, height, width), float32, 0 to 1: " + ", ".join(steps) + "."


def _write_zip(path: Path, staged: Path, folder: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(staged / CARD_FILE, CARD_FILE)
        archive.write(folder / WEIGHTS_FILE, WEIGHTS_FILE)
        if (folder / "history.csv").is_file():
            archive.write(folder / "history.csv", "history.csv")
