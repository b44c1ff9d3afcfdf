"""Where two experts disagree most: a part of an image as both of them and a few methods see it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from workbench.datasets import (
    LabelSource,
    open_dataset,
    read_image,
    read_record_image,
    short_id,
)
from workbench.figures import BackedCells, Backing, expert_crop
from workbench.metrics import label_errors, label_overlap
from workbench.report import Figure
from workbench.schema import OUTCOMES, ImageArray, InputError, LabelImage
from workbench.studies._two_experts import EXPERTS, FIRST, SECOND, ExpertComparison

DIAMETERS: Final = 14
"""Side of the part shown, in diameters of a cell."""
SMALLEST_PX: Final = 96
LARGEST_PX: Final = 512
ROUNDING: Final = 1e-6
MATCHED: Final = OUTCOMES.index("matched")
IMAGE_SUFFIXES: Final = (".tif", ".tiff", ".png", ".jpg", ".jpeg")


Shared = dict[int, bool]
"""Whether a cell has a partner in the other label image, by id."""


def dispute_figure(
    found: ExpertComparison,
    first: LabelSource,
    second: LabelSource,
    predictions: Mapping[str, LabelSource],
    *,
    images: Path | None = None,
) -> Figure:
    """Return a picture of the place where the experts disagree on most cells.

    Parameters
    ----------
    found
        From :func:`compare_experts`, of these labels.
    first, second
        Labels of the experts.
    predictions
        Labels of the methods to show beside them, by name.
    images
        Folder or data set with the microscopy images; without it cells are drawn on black.

    Returns
    -------
    Figure
        The image, both experts, and the methods side by side.

    Raises
    ------
    InputError
        If there is no such image, or its size is not that of its labels.
    """
    disputed = found.images["n_first"] + found.images["n_second"] - 2 * found.images["n_agreed"]
    image_id = str(found.images.loc[disputed.idxmax(), "image_id"])
    labels = {FIRST: first.read(image_id).labels, SECOND: second.read(image_id).labels}
    for method, source in predictions.items():
        if image_id in source.image_ids:
            labels[method] = source.read(image_id).labels
    between = _shared(labels[FIRST], labels[SECOND], found.iou_threshold)
    by_expert = dict(zip(EXPERTS, between, strict=True))
    window = _window(labels, by_expert)
    panels = [
        _expert(name, cells[window], by_expert[name])
        if name in by_expert
        else _method(name, labels, window, found.iou_threshold)
        for name, cells in labels.items()
    ]
    pixels = _pixels(images, image_id, labels[FIRST].shape)[window] if images else None
    rows, columns = window
    caption = (
        f"Where the experts disagree on most cells: {image_id}, rows {rows.start} to {rows.stop}, "
        f"columns {columns.start} to {columns.stop}. A cell is drawn by both experts if theirs "
        f"share at least IoU {found.iou_threshold:g}."
    )
    return Figure(caption, expert_crop(pixels, panels))


def _shared(first: LabelImage, second: LabelImage, iou_threshold: float) -> tuple[Shared, Shared]:
    overlap = label_overlap(first, second)
    errors = label_errors(overlap, iou_threshold=iou_threshold)
    of_first, of_second = (
        dict(zip(ids.tolist(), (side.outcome == MATCHED).tolist(), strict=True))
        for ids, side in (
            (overlap.reference_ids, errors.reference),
            (overlap.predicted_ids, errors.predicted),
        )
    )
    return of_first, of_second


def _expert(name: str, labels: LabelImage, shared: Shared) -> BackedCells:
    backing: dict[int, Backing] = {
        cell: "both" if by_both else "one" for cell, by_both in shared.items()
    }
    return BackedCells(name, labels, backing)


def _method(
    name: str,
    labels: Mapping[str, LabelImage],
    window: tuple[slice, slice],
    iou_threshold: float,
) -> BackedCells:
    by_first, by_second = (
        _shared(labels[expert], labels[name], iou_threshold)[1] for expert in EXPERTS
    )
    words: tuple[Backing, ...] = ("neither", "one", "both")
    backing = {cell: words[drawn + by_second[cell]] for cell, drawn in by_first.items()}
    return BackedCells(name, labels[name][window], backing)


def _window(labels: Mapping[str, LabelImage], shared: Mapping[str, Shared]) -> tuple[slice, slice]:
    """Return the part of the image that holds most of the cells that one expert alone drew."""
    from scipy.ndimage import center_of_mass, uniform_filter

    centres = [np.empty((0, 2))]
    areas = []
    for expert, of_cell in shared.items():
        is_cell = labels[expert] > 0
        areas.append(is_cell.sum() / max(1, len(of_cell)))
        if lone := [cell for cell, by_both in of_cell.items() if not by_both]:
            centres.append(np.array(center_of_mass(is_cell, labels[expert], lone)))
    places = np.concatenate(centres)
    side = int(np.clip(DIAMETERS * 2 * np.sqrt(np.mean(areas) / np.pi), SMALLEST_PX, LARGEST_PX))
    height, width = labels[FIRST].shape
    counts = np.zeros((height, width))
    np.add.at(counts, tuple(np.rint(places).astype(int).T), 1.0)
    density = uniform_filter(counts, size=side, mode="constant")
    best = np.argwhere(density >= density.max() * (1 - ROUNDING))
    # Of windows that hold as many, the one that has them in its middle.
    inside = places[(np.abs(places - best[0]) <= side / 2).all(axis=1)]
    middle = inside.mean(axis=0) if len(inside) else best.mean(axis=0)
    centre = best[np.square(best - middle).sum(axis=1).argmin()]
    rows, columns = (
        _stretch(int(at), side, length) for at, length in zip(centre, (height, width), strict=True)
    )
    return rows, columns


def _stretch(middle: int, side: int, length: int) -> slice:
    start = int(np.clip(middle - side // 2, 0, max(0, length - side)))
    return slice(start, min(start + side, length))


def _pixels(images: Path, image_id: str, shape: tuple[int, ...]) -> ImageArray:
    pixels = _read(images, image_id)
    if pixels.shape[:2] != shape:
        msg = (
            f"{images}: {image_id} has the size {pixels.shape[:2]}, its labels have {shape}; give "
            "the images that were annotated, uncropped."
        )
        raise InputError(msg)
    return pixels


def _read(images: Path, image_id: str) -> ImageArray:
    """Return the pixels of an image of a plain folder or of a data set."""
    files = sorted(images.glob("*")) if images.is_dir() else []
    plain = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    if plain:
        chosen = [file for file in plain if short_id(file.stem) == image_id]
        if chosen:
            return read_image(chosen[0])
    else:
        records = open_dataset(images).records
        for record in records:
            if record.image_id == image_id:
                return read_record_image(record).pixels
    msg = f"{images}: has no image {image_id!r}; name images like their labels."
    raise InputError(msg)
