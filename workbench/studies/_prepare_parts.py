"""One image of a data set to prepared files, and the note from which they are known again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.datasets import ImageRead, Record, read_sample
from workbench.schema import FloatImage, ImageArray, InputError, LabelImage, Sample
from workbench.store import write_labels, write_text
from workbench.studies._dataset_writing import write_image_whole
from workbench.studies._explain import checked
from workbench.transforms import (
    Preparation,
    Window,
    cut_windows,
    prepare_image,
    prepare_labels,
    three_class_target,
)

NOTES: Final = ".prepared"

ImageType = Literal["uint8", "uint16", "float32"]


class PrepareConfig(BaseModel):
    """How a data set is prepared.

    Attributes
    ----------
    preparation
        What is done to each whole image; a name of :data:`workbench.transforms.PREPARATIONS` or
        values.
    window_px
        Side of the windows that images are cut into; None leaves them whole.
    step_px
        From one window to the next; None is three quarters of a window.
    image_type
        Type of the pixels written. 0 to 1 becomes 0 to the largest whole number of the type.
    three_class
        Also write the class of each pixel (background, interior, boundary).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preparation: Preparation = Preparation()
    window_px: int | None = Field(None, ge=1)
    step_px: int | None = Field(None, ge=1)
    image_type: ImageType = "uint16"
    three_class: bool = False

    @model_validator(mode="after")
    def _step_within_window(self) -> "PrepareConfig":
        if self.step_px is not None and self.step_px > (self.window_px or 0):
            msg = (
                f"step_px must be at most window_px, or pixels would be left out; got "
                f"{self.step_px} and {self.window_px}"
            )
            raise ValueError(msg)
        return self


def read_prepare_config(
    *, preparation: str, pixel_size_um: float | None = None, **options: object
) -> PrepareConfig:
    """Return how to prepare, from the options of a command line.

    Parameters
    ----------
    preparation
        A name of :data:`workbench.transforms.PREPARATIONS`.
    pixel_size_um
        Resample to it.
    options
        As :class:`PrepareConfig` takes them.

    Raises
    ------
    InputError
        If a value does not fit.
    """
    config = checked(
        PrepareConfig, {"preparation": preparation, **options}, source="workbench data prepare"
    )
    size = {"pixel_size_um": pixel_size_um}
    values = config.preparation.model_dump() | size
    finer = checked(Preparation, values, source="workbench data prepare")
    return config.model_copy(update={"preparation": finer})


@dataclass(frozen=True)
class PreparedFile:
    """One prepared image.

    Attributes
    ----------
    image_id
        Its name in the new data set.
    row_px, column_px
        Its place in the source image, in pixels of the prepared size.
    height, width
        Its size.
    n_cells
        Cells in its labels; None without labels.
    """

    image_id: str
    row_px: int
    column_px: int
    height: int
    width: int
    n_cells: int | None


@dataclass(frozen=True)
class Part:
    """What became of one source image.

    Attributes
    ----------
    image_id
        Of the source image.
    key
        Hash of all that the files depend on.
    files
        Prepared images; empty where there was a problem.
    pixel_size_um
        Of the prepared images; None if unknown.
    n_cells, n_vanished
        Cells of the source image, and those too small for the new pixel size.
    reused
        Whether an earlier call had prepared it.
    problem
        Why it was passed over, or "".
    """

    image_id: str
    key: str = ""
    files: tuple[PreparedFile, ...] = ()
    pixel_size_um: float | None = None
    n_cells: int = 0
    n_vanished: int = 0
    reused: bool = False
    problem: str = ""


def prepare_part(record: Record, out: Path, config: PrepareConfig, code: str) -> Part:
    """Prepare one image, unless the same image was prepared in the same way before.

    Parameters
    ----------
    record
        Of the source data set.
    out
        Folder of the new data set.
    config
        How.
    code
        Hash of the code that prepares.
    """
    try:
        sample = read_sample(record)
        key = _key(sample, config, code)
        kept = _kept_part(record.image_id, out, key, config)
        return kept or _make_part(sample, out, config, key)
    except InputError as error:
        return Part(record.image_id, problem=str(error))


def part_files(out: Path, name: str, *, labels: bool, three_class: bool) -> dict[str, Path]:
    """Return the files of one prepared image by manifest column."""
    columns = {"image": "images"}
    if labels:
        columns["labels"] = "labels"
        if three_class:
            columns["target"] = "targets"
    return {column: out / folder / f"{name}.tif" for column, folder in columns.items()}


def _make_part(sample: Sample, out: Path, config: PrepareConfig, key: str) -> Part:
    size_um = _pixel_size(sample)
    image = prepare_image(sample.image, config.preparation, pixel_size_um=size_um)
    pixels = _windows(_to_type(image, config.image_type), config)
    labels: Sequence[Window | None] = [None] * len(pixels)
    targets, vanished, n_cells = labels, 0, 0
    if sample.reference is not None:
        prepared = prepare_labels(sample.reference, config.preparation, pixel_size_um=size_um)
        labels, vanished = _windows(prepared.labels, config), len(prepared.vanished)
        # Of the whole image: where a window cuts through a cell, there is no boundary.
        targets = _windows(three_class_target(prepared.labels), config)
        n_cells = _count(sample.reference)
    pieces = zip(pixels, labels, targets, strict=True)
    part = Part(
        sample.image_id,
        key,
        tuple(_write(out, sample.image_id, piece, config) for piece in pieces),
        config.preparation.pixel_size_um or size_um,
        n_cells,
        vanished,
    )
    write_text(_note(out, sample.image_id), json.dumps(asdict(part)))
    return part


def _write(
    out: Path,
    source_id: str,
    piece: tuple[Window, Window | None, Window | None],
    config: PrepareConfig,
) -> PreparedFile:
    """Write one prepared image with its labels and target."""
    image, labels, target = piece
    name = _name(source_id, image, config)
    paths = part_files(out, name, labels=labels is not None, three_class=config.three_class)
    write_image_whole(paths["image"], ImageRead(image.pixels))
    if labels is not None:
        write_labels(paths["labels"], labels.pixels)
    if target is not None and "target" in paths:
        write_labels(paths["target"], target.pixels)
    height, width = image.pixels.shape[:2]
    n_cells = None if labels is None else _count(labels.pixels)
    return PreparedFile(name, image.row_px, image.column_px, height, width, n_cells)


def _kept_part(image_id: str, out: Path, key: str, config: PrepareConfig) -> Part | None:
    """Return what an earlier call noted, if it was the same and its files are still there."""
    try:
        note = json.loads(_note(out, image_id).read_text(encoding="utf-8"))
        files = tuple(PreparedFile(**file) for file in note.pop("files"))
        part = Part(**{**note, "files": files, "reused": True})
    except (OSError, ValueError, TypeError, KeyError):
        return None  # none, or not one of ours: made anew
    there = all(
        path.is_file()
        for file in files
        for path in part_files(
            out, file.image_id, labels=file.n_cells is not None, three_class=config.three_class
        ).values()
    )
    return part if part.key == key and there else None


def _key(sample: Sample, config: PrepareConfig, code: str) -> str:
    digest = hashlib.sha256()
    facts = (sample.image_id, _pixel_size(sample), config.model_dump_json(), code)
    digest.update(repr(facts).encode())
    for array in (sample.image, sample.reference):
        if array is not None:
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _pixel_size(sample: Sample) -> float | None:
    """Return micrometres per pixel; None, which JSON knows, where it is unknown."""
    return sample.pixel_size_um if sample.pixel_size_um > 0 else None


def _windows(array: npt.NDArray[np.generic], config: PrepareConfig) -> tuple[Window, ...]:
    if config.window_px is None:
        return (Window(0, 0, array),)
    step = config.step_px or max(1, config.window_px * 3 // 4)
    return cut_windows(array, size_px=config.window_px, step_px=step)


def _name(image_id: str, window: Window, config: PrepareConfig) -> str:
    if config.window_px is None:
        return image_id
    return f"{image_id}_r{window.row_px:04d}_c{window.column_px:04d}"


def _to_type(image: FloatImage, image_type: ImageType) -> ImageArray:
    if image_type == "float32":
        return image
    return np.rint(image * np.iinfo(image_type).max).astype(image_type)


def _count(labels: LabelImage) -> int:
    return int(np.count_nonzero(np.unique(labels)))


def _note(out: Path, image_id: str) -> Path:
    return out / NOTES / f"{image_id}.json"
