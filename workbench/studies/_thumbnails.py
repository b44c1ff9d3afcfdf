"""Thumbnails of a data set: drawn once, kept in sheets, read one at a time."""

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np

from workbench.datasets import Dataset, Record, read_sample
from workbench.schema import InputError, LabelImage
from workbench.store import atomic_path
from workbench.studies._small_pictures import (
    Pixels,
    as_jpeg,
    crop_around,
    crossed_tile,
    enlarged,
    shrunk_picture,
    with_outlines,
)

PER_SHEET: Final = 256
DRAWING: Final = 1
"""Raised when thumbnails are drawn in another way, so that old ones are not taken for new."""

PLAIN: Final = ".jpg"
OUTLINED: Final = "-outlined.jpg"
LOOKLESS: Final = ("image_id", "split", "metadata")
"""What a record says of an image without changing how it looks."""

CROP_PX: Final = 128
PICTURE_PX: Final = 768
IMAGES_KEPT: Final = 16
SHEETS_OPEN: Final = 64


class Thumbnails:
    """Small pictures of a data set on disk, and larger ones drawn when asked for.

    Parameters
    ----------
    records
        By image id.
    places
        Sheet and key within it, by image id.
    """

    def __init__(
        self, records: Mapping[str, Record], places: Mapping[str, tuple[Path, str]]
    ) -> None:
        self._records = records
        self._places = places
        self._sheet = lru_cache(maxsize=SHEETS_OPEN)(zipfile.ZipFile)
        self._image = lru_cache(maxsize=IMAGES_KEPT)(self._read_image)

    @property
    def image_ids(self) -> tuple[str, ...]:
        """Images of the data set, in its order."""
        return tuple(self._places)

    def thumbnail(self, image_id: str, *, outlined: bool = False) -> bytes:
        """Return a thumbnail as JPEG; the outlined one is the plain one where labels lack.

        Raises
        ------
        KeyError
            If the data set has no such image.
        """
        path, key = self._places[image_id]
        sheet = self._sheet(path)
        if outlined:
            with suppress(KeyError):
                return sheet.read(key + OUTLINED)
        return sheet.read(key + PLAIN)

    def picture(self, image_id: str, *, outlined: bool = False) -> bytes:
        """Return an image as JPEG, its longer side 768 pixels whatever its own size.

        Raises
        ------
        KeyError
            If the data set has no such image.
        """
        image = self._image(image_id)
        if image is None:
            return as_jpeg(crossed_tile(CROP_PX))
        pixels, labels = image
        shown = enlarged(shrunk_picture(pixels, size_px=PICTURE_PX), size_px=PICTURE_PX)
        return as_jpeg(with_outlines(shown, labels) if outlined else shown)

    def crop(
        self, image_id: str, cell_id: int, *, outlined: bool = False, size_px: int = CROP_PX
    ) -> bytes:
        """Return the surroundings of a cell as JPEG, a crossed tile if its labels lack it.

        The side is ``size_px``, or more where the cell is larger.

        Raises
        ------
        KeyError
            If the data set has no such image.
        """
        image = self._image(image_id)
        crop = image and crop_around(*image, cell_id, size_px=size_px, outlined=outlined)
        return as_jpeg(crossed_tile(CROP_PX) if crop is None else crop)

    def _read_image(self, image_id: str) -> tuple[Pixels, LabelImage] | None:
        try:
            sample = read_sample(self._records[image_id])
        except InputError:
            return None
        labels = np.zeros((1, 1), np.uint32) if sample.reference is None else sample.reference
        return shrunk_picture(sample.image, size_px=max(sample.image.shape)), labels


def make_thumbnails(
    dataset: Dataset,
    folder: Path,
    *,
    size_px: int = 96,
    workers: int = 2,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Thumbnails:
    """Draw a thumbnail of every image, plain and with the outlines of its labels.

    What is there already is not drawn again: a thumbnail is found by the size and time of change
    of its image and labels. After a kill the next call goes on with the first sheet not written.

    Parameters
    ----------
    dataset
        Whose images; one that can't be read becomes a grey tile with a cross.
    folder
        Where sheets are kept: ZIP files of 256 images each, their JPEGs uncompressed inside.
    size_px
        Longer side of a thumbnail.
    workers
        Threads that read and draw.
    on_progress
        Called after each sheet with how many images are done and how many there are.

    Returns
    -------
    Thumbnails

    Raises
    ------
    InputError
        If ``size_px`` or ``workers`` is not positive.

    Examples
    --------
    >>> import tempfile
    >>> from workbench.datasets import SyntheticConfig, open_dataset, write_synthetic_dataset
    >>> root = Path(tempfile.mkdtemp())
    >>> config = SyntheticConfig()
    >>> _ = write_synthetic_dataset(root / "cells", config)
    >>> thumbnails = make_thumbnails(open_dataset(root / "cells"), root / "thumbnails")
    >>> thumbnails.thumbnail(thumbnails.image_ids[0])[:2].hex()  # as every JPEG starts
    'ffd8'
    """
    if size_px < 1 or workers < 1:
        msg = f"thumbnails need size_px and workers of at least 1, got {size_px} and {workers}."
        raise InputError(msg)
    keys = {record.image_id: _key(record, size_px) for record in dataset.records}
    sheets = _read_sheets(folder)
    missing = [record for record in dataset.records if keys[record.image_id] not in sheets]
    done = len(dataset.records) - len(missing)
    on_progress(done, len(dataset.records))
    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(missing), PER_SHEET):
            batch = {keys[record.image_id]: record for record in missing[first:][:PER_SHEET]}
            drawn = pool.map(partial(_draw, size_px=size_px), batch.values())
            sheets |= _write_sheet(folder, dict(zip(batch, drawn, strict=True)))
            done += len(missing[first:][:PER_SHEET])
            on_progress(done, len(dataset.records))
    return Thumbnails(
        {record.image_id: record for record in dataset.records},
        {image_id: (sheets[key], key) for image_id, key in keys.items()},
    )


def _draw(record: Record, *, size_px: int) -> dict[str, bytes]:
    """Return the files of one image in a sheet, by the endings of their names."""
    try:
        sample = read_sample(record)
    except InputError:
        return {PLAIN: as_jpeg(crossed_tile(size_px))}
    pixels = shrunk_picture(sample.image, size_px=size_px)
    files = {PLAIN: as_jpeg(pixels)}
    if sample.reference is not None:
        files[OUTLINED] = as_jpeg(with_outlines(pixels, sample.reference, finer=2))
    return files


def _key(record: Record, size_px: int) -> str:
    """Return a hash of how an image is drawn: its files, their sizes and times of change."""
    looks = [getattr(record, field.name) for field in fields(record) if field.name not in LOOKLESS]
    described = repr((DRAWING, size_px, [_described(value) for value in looks]))
    return hashlib.sha256(described.encode()).hexdigest()[:32]


def _described(value: object) -> object:
    if not isinstance(value, Path):
        return value
    try:
        stat = value.stat()
    except OSError:
        return str(value)
    return str(value.resolve()), stat.st_size, stat.st_mtime_ns


def _read_sheets(folder: Path) -> dict[str, Path]:
    """Return the sheet of every key there is; a damaged sheet counts for nothing."""
    sheets: dict[str, Path] = {}
    for path in sorted(folder.glob("*.zip")):
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as sheet:
            names = (name for name in sheet.namelist() if not name.endswith(OUTLINED))
            sheets |= {name.removesuffix(PLAIN): path for name in names}
    return sheets


def _write_sheet(folder: Path, drawn: Mapping[str, Mapping[str, bytes]]) -> dict[str, Path]:
    name = hashlib.sha256("".join(drawn).encode()).hexdigest()[:16]
    path = folder / f"{name}.zip"
    with atomic_path(path) as partial_path, zipfile.ZipFile(partial_path, "w") as sheet:
        for key, files in drawn.items():
            for ending, content in files.items():
                sheet.writestr(key + ending, content)
    return dict.fromkeys(drawn, path)
