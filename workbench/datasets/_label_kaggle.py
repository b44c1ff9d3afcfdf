"""The Data Science Bowl 2018 on Kaggle: a table of runs, or a folder of masks per image."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workbench.datasets._files import LABEL_SUFFIXES
from workbench.datasets._image_memory import refuse_huge
from workbench.datasets._label_cells import painted
from workbench.datasets._label_files import file_stamp, read_csv, read_pixels
from workbench.datasets._label_runs import kaggle_runs, mask_runs
from workbench.datasets._label_values import IntArray, LabelRead, LabelSource, Shape
from workbench.schema import InputError


def open_runs(path: Path) -> LabelSource:
    """List the images of a table with the columns ImageId and EncodedPixels."""
    image_ids = tuple(_parse_runs(path, file_stamp(path)))
    return LabelSource(path, "rle_csv", image_ids, reader=RunTable(path))


def open_mask_folders(folder: Path) -> LabelSource | None:
    """List the folders that hold one mask per nucleus in masks/; None if there are none."""
    subfolders = sorted(path for path in folder.iterdir() if path.is_dir())
    masks = {path.name: path for path in subfolders if (path / "masks").is_dir()}
    if not masks:
        return None
    left_out = tuple(
        f"{path.name}: a folder without masks/" for path in subfolders if path.name not in masks
    )
    return LabelSource(folder, "mask_folders", tuple(masks), left_out, reader=MaskFolders(masks))


@dataclass(frozen=True)
class RunTable:
    """Reads the masks of an image from a table of runs."""

    path: Path

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        own_shape, masks = _parse_runs(self.path, file_stamp(self.path))[image_id]
        known = own_shape or shape
        if known is None:
            msg = (
                f"{self.path}: doesn't say how large image {image_id!r} is; add the columns Height "
                "and Width, or score it against references that are images."
            )
            raise InputError(msg)
        refuse_huge(self.path, list(known), np.dtype(np.uint32).itemsize)
        name = f"{self.path}, image {image_id}"
        cells = [
            kaggle_runs(text, known, name=f"{name}, mask {n}") for n, text in enumerate(masks, 1)
        ]
        return painted(known, cells, check_pieces, name=name)


@lru_cache(maxsize=4)
def _parse_runs(
    path: Path, stamp: tuple[int, int]
) -> Mapping[str, tuple[Shape | None, tuple[str, ...]]]:
    """Return size, where known, and encoded masks of every image."""
    del stamp  # It tells versions of the file apart.
    table = read_csv(path)
    n_rows = len(table["ImageId"])
    heights, widths = table.get("Height", [""] * n_rows), table.get("Width", [""] * n_rows)
    shapes: dict[str, Shape | None] = {}
    masks: dict[str, list[str]] = {}
    columns = (table["ImageId"], table["EncodedPixels"], heights, widths)
    for line, (image_id, text, height, width) in enumerate(zip(*columns, strict=True), start=2):
        shape = _csv_shape(path, line, height, width)
        if shapes.setdefault(image_id, shape) != shape:
            msg = (
                f"{path}, line {line}: image {image_id!r} had another size further up; correct it."
            )
            raise InputError(msg)
        masks.setdefault(image_id, []).extend([text] if text else [])
    return {image_id: (shapes[image_id], tuple(masks[image_id])) for image_id in masks}


def _csv_shape(path: Path, line: int, height: str, width: str) -> Shape | None:
    if not height and not width:
        return None
    try:
        shape = int(height), int(width)
    except ValueError:
        shape = 0, 0
    if min(shape) < 1:
        msg = f"{path}, line {line}: Height {height!r} and Width {width!r} are no size in pixels."
        raise InputError(msg)
    return shape


@dataclass(frozen=True)
class MaskFolders:
    """Reads the masks of an image from its folder, by image id."""

    folders: Mapping[str, Path]

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        folder = self.folders[image_id] / "masks"
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in LABEL_SUFFIXES)
        size: Shape | None = None
        masks: list[IntArray] = []
        for path in paths:
            mask = _read_mask(path)
            size = size or mask.shape
            if mask.shape != size:
                msg = (
                    f"{path}: a mask of {mask.shape[0]} x {mask.shape[1]} pixels beside others of "
                    f"{size[0]} x {size[1]}; all masks of an image have its size."
                )
                raise InputError(msg)
            masks.append(mask_runs(mask))
        known = size or shape or self._image_shape(image_id)
        return painted(known, masks, check_pieces, name=str(folder))

    def _image_shape(self, image_id: str) -> Shape:
        """Return the size of the image of a folder without masks."""
        for path in sorted((self.folders[image_id] / "images").glob("*.png")):
            height, width = read_pixels(path).shape[:2]
            return height, width
        msg = (
            f"{self.folders[image_id] / 'masks'}: is empty, and there is no image to tell the "
            "size; restore the masks, or the image in images/."
        )
        raise InputError(msg)


def _read_mask(path: Path) -> npt.NDArray[np.bool_]:
    pixels = read_pixels(path)
    if pixels.ndim == 3:
        pixels = pixels[..., :-1] if pixels.shape[2] in (2, 4) else pixels
        pixels = pixels.max(axis=2)
    foreground: npt.NDArray[np.bool_] = pixels != 0
    if pixels.ndim != 2 or np.unique(pixels[foreground]).size > 1:
        msg = (
            f"{path}: expected the mask of one nucleus (one value on 0), got shape {pixels.shape} "
            "and several values; put label images into a folder without masks/."
        )
        raise InputError(msg)
    return foreground
