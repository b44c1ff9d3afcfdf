"""COCO JSON: images and annotations, or the bare results of a detector."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from workbench.datasets._coco_index import coco_index, read_annotations
from workbench.datasets._files import MAX_LABEL
from workbench.datasets._image_memory import refuse_huge
from workbench.datasets._label_cells import painted
from workbench.datasets._label_files import file_stamp
from workbench.datasets._label_runs import coco_runs, polygon_runs
from workbench.datasets._label_values import IntArray, LabelNote, LabelRead, LabelSource, Shape
from workbench.schema import InputError, LabelImage

FARTHEST: Final = 10
"""Corners of polygons lie within so many times the image's size; tracing further fills memory."""


def open_coco(path: Path) -> LabelSource:
    """List the images of a COCO file."""
    index = coco_index(path)
    return LabelSource(
        path,
        "coco_results" if index.is_results else "coco",
        tuple(index.images),
        index.left_out,
        {image_id: image.number for image_id, image in index.images.items()},
        reader=_Coco(path),
    )


@dataclass(frozen=True)
class _Coco:
    path: Path

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        image = coco_index(self.path).images[image_id]
        annotations = list(read_annotations(self.path, image.spans))
        known = image.shape or _runs_shape(annotations) or shape
        if known is None:
            msg = (
                f"{self.path}: doesn't say how large image {image_id!r} is; add height and width "
                "to its images, or score it against references that are images."
            )
            raise InputError(msg)
        return _read(self.path, image_id, annotations, known, check_pieces)


@dataclass(frozen=True, eq=False)
class CocoLabels:
    """Reads the labels of one image without the rest of its COCO file.

    Attributes
    ----------
    path
        The COCO file.
    stamp
        What it had when it was indexed.
    name
        Of the image, for errors.
    shape
        (height, width).
    spans
        Where its annotations stand.
    """

    path: Path
    stamp: tuple[int, int]
    name: str
    shape: Shape
    spans: IntArray

    def __call__(self) -> LabelImage:
        """Read them; a pixel that several cells claim stays with the first."""
        if file_stamp(self.path) != self.stamp:
            msg = f"{self.path}: was changed after it was opened; open the data set again."
            raise InputError(msg)
        annotations = list(read_annotations(self.path, self.spans))
        return _read(self.path, self.name, annotations, self.shape, False).labels


def near_polygon_runs(part: Sequence[float], shape: Shape, name: str) -> IntArray:
    """Return the runs of a polygon; see :func:`polygon_runs`.

    Raises
    ------
    InputError
        As there, and if corners lie so far outside that they can't be meant.
    """
    try:
        farthest = np.abs(np.asarray(part, np.float64)).max(initial=0)
    except (TypeError, ValueError):
        farthest = 0  # Said better below.
    if np.isfinite(farthest) and farthest > FARTHEST * max(shape):
        msg = (
            f"{name}: a corner at {farthest:g} in an image of {shape[0]} x {shape[1]}; correct the "
            "polygon or delete its annotation."
        )
        raise InputError(msg)
    return polygon_runs(part, shape, name=name)


def _read(
    path: Path,
    image_id: str,
    annotations: Sequence[dict[str, Any]],
    shape: Shape,
    check_pieces: bool,
) -> LabelRead:
    refuse_huge(path, list(shape), np.dtype(np.uint32).itemsize)
    name = f"{path}, image {image_id}"
    cells = [item for item in annotations if not item.get("iscrowd")]
    runs = [
        _annotation_runs(item, shape, f"{name}, annotation {item.get('id', n)}")
        for n, item in enumerate(cells, start=1)
    ]
    scores, notes = _scores(cells, name)
    if crowds := len(annotations) - len(cells):
        notes += (LabelNote("crowd", f"{crowds} crowd regions are no cells and are left out"),)
    read = painted(shape, runs, check_pieces, scores, _own_numbers(cells), name=name)
    return LabelRead(read.labels, notes + read.notes, read.confidences)


def _own_numbers(cells: Sequence[Mapping[str, Any]]) -> list[int] | None:
    """Return the numbers that our own export gives to cells, if each has one."""
    numbers = [item.get("cell_id") for item in cells]
    whole = [n for n in numbers if isinstance(n, int) and 0 < n <= MAX_LABEL]
    return whole if len(whole) == len(cells) == len(set(whole)) else None


def _runs_shape(annotations: Sequence[Mapping[str, Any]]) -> Shape | None:
    """Return the size that the first mask of run lengths says, if there is one."""
    for item in annotations:
        match item.get("segmentation"):
            case {"size": [int(height), int(width)]} if min(height, width) > 0:
                return int(height), int(width)
    return None


def _annotation_runs(item: Mapping[str, Any], shape: Shape, name: str) -> IntArray:
    segmentation = item.get("segmentation")
    if isinstance(segmentation, dict):
        size = segmentation.get("size")
        if size is not None and size != list(shape):
            msg = (
                f"{name}: a mask of size {size} in an image of {shape[0]} x {shape[1]}; export it "
                "again."
            )
            raise InputError(msg)
        return coco_runs(segmentation.get("counts", ()), shape, name=name)
    if isinstance(segmentation, list) and segmentation:
        parts = segmentation if isinstance(segmentation[0], list) else [segmentation]
        runs = [near_polygon_runs(part, shape, name) for part in parts]
        return np.concatenate(runs)
    msg = f"{name}: has no segmentation; a box alone does not say which pixels are the cell."
    raise InputError(msg)


def _scores(
    cells: Sequence[Mapping[str, Any]], name: str
) -> tuple[list[float] | None, tuple[LabelNote, ...]]:
    scored = [item["score"] for item in cells if item.get("score") is not None]
    if not scored:
        return None, ()
    if len(scored) < len(cells):
        text = f"{len(cells) - len(scored)} of {len(cells)} cells have no score: no confidences"
        return None, (LabelNote("confidences", text),)
    for score in scored:
        if not isinstance(score, int | float) or not math.isfinite(score):
            msg = f"{name}: the score {score!r} is no finite number; export the results again."
            raise InputError(msg)
    return [float(score) for score in scored], ()
