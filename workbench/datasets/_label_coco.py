"""COCO JSON: images and annotations, or the bare results of a detector."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PureWindowsPath
from typing import Any, TypeGuard

import numpy as np

from workbench.datasets._files import MAX_LABEL
from workbench.datasets._label_cells import painted
from workbench.datasets._label_files import file_stamp
from workbench.datasets._label_ids import refuse_repeated
from workbench.datasets._label_runs import coco_runs, polygon_runs, run_pixels
from workbench.datasets._label_values import IntArray, LabelNote, LabelRead, LabelSource, Shape
from workbench.schema import InputError


def open_coco(path: Path) -> LabelSource:
    """List the images of a COCO file."""
    coco = _parse_coco(path, file_stamp(path))
    return LabelSource(
        path,
        "coco_results" if coco.is_results else "coco",
        tuple(coco.images),
        coco.left_out,
        {image_id: image.number for image_id, image in coco.images.items()},
        reader=_Coco(path),
    )


@dataclass(frozen=True, eq=False)
class _CocoImage:
    number: str
    shape: Shape | None
    annotations: list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class _CocoFile:
    images: Mapping[str, _CocoImage]
    is_results: bool
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Coco:
    path: Path

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        image = _parse_coco(self.path, file_stamp(self.path)).images[image_id]
        known = image.shape or _runs_shape(image.annotations) or shape
        if known is None:
            msg = (
                f"{self.path}: doesn't say how large image {image_id!r} is; add height and width "
                "to its images, or score it against references that are images."
            )
            raise InputError(msg)
        name = f"{self.path}, image {image_id}"
        cells = [item for item in image.annotations if not item.get("iscrowd")]
        pixels = [
            _annotation_pixels(item, known, f"{name}, annotation {item.get('id', n)}")
            for n, item in enumerate(cells, start=1)
        ]
        scores, notes = _scores(cells, name)
        if crowds := len(image.annotations) - len(cells):
            notes += (LabelNote("crowd", f"{crowds} crowd regions are no cells and are left out"),)
        read = painted(known, pixels, check_pieces, scores, _own_numbers(cells))
        return LabelRead(read.labels, notes + read.notes, read.confidences)


def _own_numbers(cells: Sequence[Mapping[str, Any]]) -> list[int] | None:
    """Return the numbers that our own export gives to cells, if each has one."""
    numbers = [item.get("cell_id") for item in cells]
    whole = [n for n in numbers if isinstance(n, int) and 0 < n <= MAX_LABEL]
    return whole if len(whole) == len(cells) == len(set(whole)) else None


@lru_cache(maxsize=4)
def _parse_coco(path: Path, stamp: tuple[int, int]) -> _CocoFile:
    del stamp  # It tells versions of the file apart.
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        msg = f"{path}: not a JSON file ({error}); export it again."
        raise InputError(msg) from error
    is_results = isinstance(content, list)
    parts = content if isinstance(content, dict) else {"annotations": content, "images": []}
    annotations, images = parts.get("annotations"), parts.get("images")
    if not _are_records(annotations) or not _are_records(images):
        there = ", ".join(content) if isinstance(content, dict) else type(content).__name__
        msg = (
            f"{path}: expected COCO, that is lists 'images' and 'annotations' or one list of "
            f"annotations, got {there or 'nothing'}; export the annotations as COCO."
        )
        raise InputError(msg)
    by_number: dict[str, list[dict[str, Any]]] = {}
    for item in annotations:
        by_number.setdefault(_number(item.get("image_id")), []).append(item)
    if is_results:
        found = {number: _CocoImage(number, None, items) for number, items in by_number.items()}
    else:
        found = _coco_images(path, images, by_number)
    if not found:
        msg = f"{path}: lists no images; export the annotations again."
        raise InputError(msg)
    numbers = {image.number for image in found.values()}
    lost = sum(len(items) for number, items in by_number.items() if number not in numbers)
    left_out = (f"{lost} annotations belong to images that are not listed",) if lost else ()
    return _CocoFile(found, is_results, left_out)


def _are_records(items: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _number(identifier: Any) -> str:
    """Return an id as text, the same for 7 and 7.0."""
    if isinstance(identifier, float) and identifier.is_integer():
        return str(int(identifier))
    return str(identifier)


def _coco_images(
    path: Path, images: Sequence[dict[str, Any]], by_number: Mapping[str, list[dict[str, Any]]]
) -> dict[str, _CocoImage]:
    numbers = [_number(image.get("id")) for image in images]
    refuse_repeated(path, numbers)
    # COCO files made on Windows part folders by backslashes.
    files = [
        PureWindowsPath(str(image.get("file_name") or number))
        for image, number in zip(images, numbers, strict=True)
    ]
    names = [file.stem for file in files]
    if len(set(names)) < len(names):
        names = ["__".join(file.with_suffix("").parts) for file in files]
    refuse_repeated(path, names)
    return {
        name: _CocoImage(number, _coco_shape(path, image), by_number.get(number, []))
        for name, number, image in zip(names, numbers, images, strict=True)
    }


def _coco_shape(path: Path, image: Mapping[str, Any]) -> Shape | None:
    height, width = image.get("height"), image.get("width")
    if height is None and width is None:
        return None
    if isinstance(height, int) and isinstance(width, int) and min(height, width) > 0:
        return height, width
    msg = (
        f"{path}: image {image.get('file_name', image.get('id'))} has height {height!r} and width "
        f"{width!r}; give them in pixels."
    )
    raise InputError(msg)


def _runs_shape(annotations: Sequence[Mapping[str, Any]]) -> Shape | None:
    """Return the size that the first mask of run lengths says, if there is one."""
    for item in annotations:
        match item.get("segmentation"):
            case {"size": [int(height), int(width)]} if min(height, width) > 0:
                return height, width
    return None


def _annotation_pixels(item: Mapping[str, Any], shape: Shape, name: str) -> IntArray:
    segmentation = item.get("segmentation")
    if isinstance(segmentation, dict):
        size = segmentation.get("size")
        if size is not None and size != list(shape):
            msg = (
                f"{name}: a mask of size {size} in an image of {shape[0]} x {shape[1]}; export it "
                "again."
            )
            raise InputError(msg)
        return run_pixels(coco_runs(segmentation.get("counts", ()), shape, name=name))
    if isinstance(segmentation, list) and segmentation:
        parts = segmentation if isinstance(segmentation[0], list) else [segmentation]
        runs = [polygon_runs(part, shape, name=name) for part in parts]
        return run_pixels(np.concatenate(runs))
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
