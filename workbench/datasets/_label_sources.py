"""Whatever people bring labels in: folders, manifests, single files, COCO, Kaggle runs, NPZ."""

import json
import math
import os
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PureWindowsPath
from threading import Lock
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeGuard

import imagecodecs
import numpy as np
import numpy.typing as npt
import pandas as pd
import tifffile

from workbench.datasets._files import IMAGE_SUFFIXES
from workbench.datasets._label_forms import (
    MAX_COLOUR_CHANNELS,
    Array,
    IntArray,
    LabelNote,
    coco_runs,
    kaggle_runs,
    paint_cells,
    piece_notes,
    polygon_runs,
    recognise_labels,
    run_pixels,
)
from workbench.datasets._manifest import MANIFEST, _some, _suggest_folder
from workbench.schema import InputError, LabelImage

Shape: TypeAlias = tuple[int, int]
LabelKind: TypeAlias = Literal[
    "folder", "manifest", "file", "coco", "coco_results", "rle_csv", "mask_folders", "npz"
]

LABEL_SUFFIXES: Final = (*IMAGE_SUFFIXES, ".npy")
ID_ENDINGS: Final = re.compile(
    r"(?<=.)(?:[_-](?:img|image))?(?:[_-](?:cp_masks|labels?|masks?|seg))?(?:\.ome)?$",
    re.IGNORECASE,
)
CHANNELS: Final = {"whole_cell": 0, "nuclear": 1}
"""Channels of ``y`` in TissueNet."""

FORMS: Final = (
    "a folder of .tif, .tiff, .png or .npy files, manifest.csv, one such file, COCO .json, a .csv "
    "of runs, or .npz"
)
_Key: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, eq=False)
class LabelRead:
    """The labels of one image.

    Attributes
    ----------
    labels
        uint32, shape (height, width); (planes, height, width) only where the file is a volume.
    notes
        What was converted, left out or looks suspicious.
    confidences
        The score of each cell id; None where the source has none.
    """

    labels: LabelImage
    notes: tuple[LabelNote, ...] = ()
    confidences: Mapping[int, float] | None = None


class _Reader(Protocol):
    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead: ...


@dataclass(frozen=True)
class LabelSource:
    """Labels of many images, none of them read yet; small, and can be pickled.

    Attributes
    ----------
    path
        What was opened.
    kind
        "folder", "manifest", "file", "coco" (images and annotations), "coco_results" (the bare
        list of annotations that detectors write), "rle_csv" (Data Science Bowl 2018),
        "mask_folders" (the same, one file per nucleus) or "npz".
    image_ids
        In the order of the source.
    left_out
        What lies there but is no label image, one sentence each.
    numbers
        COCO's number of each image id; empty for other kinds.
    """

    path: Path
    kind: LabelKind
    image_ids: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    reader: _Reader = field(kw_only=True, repr=False, compare=False)

    def read(
        self, image_id: str, *, shape: Shape | None = None, check_pieces: bool = True
    ) -> LabelRead:
        """Read the labels of one image.

        Parameters
        ----------
        image_id
            One of ``image_ids``.
        shape
            (height, width) of the image, for sources that don't say it themselves; it is not
            compared with what a source does say.
        check_pieces
            Whether to note cells that lie in several pieces.

        Returns
        -------
        LabelRead
            Cells of label images keep their numbers; those of annotations, masks and runs are
            numbered from 1 in file order.

        Raises
        ------
        InputError
            If the id is not there, the file can't be read, or its meaning is not certain.
        """
        if image_id not in self.image_ids:
            msg = f"{self.path}: has no labels for {image_id!r}; {_ids_there(self.image_ids)}."
            raise InputError(msg)
        return self.reader(image_id, shape, check_pieces)


@dataclass(frozen=True)
class LabelPairs:
    """Which predicted labels belong to which reference.

    Attributes
    ----------
    pairs
        (reference id, predicted id) in the order of the reference; the predicted id is None where
        it is missing.
    extra
        Predicted ids without a reference.
    """

    pairs: tuple[tuple[str, str | None], ...]
    extra: tuple[str, ...]


def open_labels(path: Path, *, channel: str | int | None = None) -> LabelSource:
    r"""Find out in which form labels come, and list their images without reading them.

    Parameters
    ----------
    path
        - A folder of .tif, .tiff, .png or .npy files. The image id is the stem less a closing
          ``_label``, ``_labels``, ``_mask``, ``_masks``, ``_cp_masks`` or ``_seg``, then less
          ``_img`` or ``_image`` (or the same with ``-``), and less ``.ome``. Cellpose's
          ``_seg.npy`` are left out.
        - ``manifest.csv``, or its folder: the columns image_id and labels. A folder without one
          may hold its files in ``labels/``.
        - One .tif, .tiff, .png or .npy file.
        - COCO .json: images and annotations, or the bare list of annotations that detectors
          write; polygons or run lengths, packed or not. Where all annotations of an image have a
          ``score``, these are the confidences, and the higher score keeps a contested pixel.
        - A .csv with the columns ImageId and EncodedPixels, and Height and Width where known.
        - A folder in the layout of the Data Science Bowl 2018: ``<image id>/masks/*.png``.
        - An .npz whose array ``y`` (or only array) has the shape (images, height, width[,
          channels]), as TissueNet and DynamicNuclearNet have it. Ids are the index, padded with
          zeros.
    channel
        Which channel of an .npz with several: "whole_cell" or "nuclear" in TissueNet, else an
        index from 0. Not looked at where there is one label per pixel, so that one choice serves
        both sides of a comparison.

    Returns
    -------
    LabelSource
        At least one image.

    Raises
    ------
    InputError
        If nothing is there, the form is not known, two files have the same id, an index file
        (manifest, COCO, CSV, NPZ) is damaged or empty, or the channel isn't clear. Damaged label
        files raise when they are read.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> np.save(folder / "a_masks.npy", np.array([[0, 7]]))
    >>> source = open_labels(folder)
    >>> source.kind, source.image_ids, source.read("a").labels.tolist()
    ('folder', ('a',), [[0, 7]])
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        return _open_folder(path)
    if not path.is_file():
        close = "." if suffix else _suggest_folder(path)
        msg = f"{path}: no such file or folder{close}"
        raise InputError(msg)
    if suffix == ".npz":
        return _open_npz(path, channel)
    if suffix in LABEL_SUFFIXES:
        image_id = _short_id(path.stem)
        return LabelSource(path, "file", (image_id,), reader=_Files({image_id: path}))
    openers = {".json": _open_coco, ".csv": _open_csv}
    if suffix not in openers:
        msg = f"{path}: expected labels as {FORMS}; convert it to one of them."
        raise InputError(msg)
    return openers[suffix](path)


def pair_labels(reference: LabelSource, predicted: LabelSource) -> LabelPairs:
    """Find the predicted labels of every reference image.

    Parameters
    ----------
    reference, predicted
        What to bring together. Ids are compared as they are, then less the endings that
        :func:`open_labels` drops; COCO results by the reference's COCO numbers too. Two single
        files belong together whatever they are called.

    Returns
    -------
    LabelPairs
        A pair for every reference image.

    Raises
    ------
    InputError
        If no predicted id has a reference.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("truth.npy", "cellpose_masks.npy"):
    ...     np.save(folder / name, np.zeros((2, 2), int))
    >>> pair_labels(
    ...     open_labels(folder / "truth.npy"), open_labels(folder / "cellpose_masks.npy")
    ... ).pairs
    (('truth', 'cellpose'),)
    """
    if reference.kind == predicted.kind == "file":
        return LabelPairs(((reference.image_ids[0], predicted.image_ids[0]),), ())
    rounds: tuple[tuple[_Key, _Key], ...] = ((str, str), (_short_id, _short_id))
    if predicted.kind == "coco_results" and reference.numbers:
        # Its ids are numbers alone; a file called 2.tif need not be the image numbered 2.
        rounds = ((lambda image_id: reference.numbers[image_id], str),)
    found: dict[str, str] = {}
    extra = predicted.image_ids
    for reference_key, predicted_key in rounds:
        open_ids = [image_id for image_id in reference.image_ids if image_id not in found]
        partners = _by_key(extra, predicted_key)
        wanted = _by_key(open_ids, reference_key)
        found |= {wanted[key]: partners[key] for key in wanted if key in partners}
        taken = set(found.values())
        extra = tuple(image_id for image_id in extra if image_id not in taken)
    if not found:
        msg = (
            f"no image of {predicted.path} has the name of one in {reference.path}; for example "
            f"{predicted.image_ids[0]!r} beside {reference.image_ids[0]!r}. Labels belong together "
            "by image id: the stem of a file, or what the index says."
        )
        raise InputError(msg)
    pairs = tuple((image_id, found.get(image_id)) for image_id in reference.image_ids)
    return LabelPairs(pairs, extra)


def _by_key(image_ids: Sequence[str], key: _Key) -> dict[str, str]:
    """Return ids by key, without those that share one: neither would be certain."""
    keys = [key(image_id) for image_id in image_ids]
    repeated = {name for name, n in Counter(keys).items() if n > 1}
    return {
        name: image_id
        for name, image_id in zip(keys, image_ids, strict=True)
        if name not in repeated
    }


def _short_id(stem: str) -> str:
    return ID_ENDINGS.sub("", stem, count=1)


def _ids_there(image_ids: Sequence[str]) -> str:
    return f"there are {len(image_ids)} images: {_some(list(image_ids))}"


# Folders, manifests and single files.


@dataclass(frozen=True)
class _Files:
    paths: Mapping[str, Path]

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        del shape  # Images know theirs.
        path = self.paths[image_id]
        pixels = _read_pixels(path)
        return LabelRead(*recognise_labels(pixels, name=str(path), check_pieces=check_pieces))


def _open_folder(folder: Path) -> LabelSource:
    if (folder / MANIFEST).is_file():
        return _open_csv(folder / MANIFEST)
    subfolders = sorted(path for path in folder.iterdir() if path.is_dir())
    masks = {path.name: path for path in subfolders if (path / "masks").is_dir()}
    if masks:
        left_out = tuple(
            f"{path.name}: a folder without masks/"
            for path in subfolders
            if path not in masks.values()
        )
        return LabelSource(
            folder, "mask_folders", tuple(masks), left_out, reader=_MaskFolders(masks)
        )
    files, left_out = _label_files(folder)
    if not files and (folder / "labels").is_dir():
        files, left_out = _label_files(folder / "labels")
    if not files:
        msg = (
            f"{folder}: holds no label images; expected {FORMS}"
            f"{f' (found {_some(list(left_out))})' if left_out else ''}."
        )
        raise InputError(msg)
    return LabelSource(folder, "folder", tuple(files), left_out, reader=_Files(files))


def _label_files(folder: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Return label files by image id, and what else lies there."""
    files: dict[str, Path] = {}
    left_out = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() or path.name.startswith("."):
            continue
        if path.suffix.lower() not in LABEL_SUFFIXES:
            left_out.append(f"{path.name}: no label file ({', '.join(LABEL_SUFFIXES)})")
        elif path.name.endswith("_seg.npy"):
            left_out.append(f"{path.name}: Cellpose's own file; export its masks as TIFF or PNG")
        else:
            image_id = _short_id(path.stem)
            if image_id in files:
                msg = (
                    f"{folder}: {files[image_id].name} and {path.name} both stand for "
                    f"{image_id!r}; keep one of them, and images in a folder of their own."
                )
                raise InputError(msg)
            files[image_id] = path
    return files, tuple(left_out)


def _read_pixels(path: Path) -> Array:
    if path.suffix.lower() not in LABEL_SUFFIXES:
        msg = (
            f"{path}: expected a file ending in {', '.join(LABEL_SUFFIXES)}; convert it, without "
            "lossy compression."
        )
        raise InputError(msg)
    if not path.is_file():
        msg = f"{path}: no such file; correct the index that names it, or restore the file."
        raise InputError(msg)
    try:
        return _DECODERS[path.suffix.lower()](path)
    except InputError:
        raise
    except MemoryError:
        msg = f"{path}: the labels do not fit into memory; cut them into tiles first."
        raise InputError(msg) from None
    except Exception as error:
        # Decoders fail in many types (struct.error, IndexError, ImcdError, ...): whatever it
        # is, the file is at fault and the user needs its name.
        msg = (
            f"{path}: can't be read ({type(error).__name__}: {error}); the file is corrupt, cut "
            "short or not what its name says, export or copy it again."
        )
        raise InputError(msg) from error


def _decode_png(path: Path) -> Array:
    return np.asarray(imagecodecs.png_decode(path.read_bytes()))


def _decode_npy(path: Path) -> Array:
    # Never unpickle: a pickle can run any program. Cellpose's _seg.npy are pickles.
    return np.asarray(np.load(path, allow_pickle=False))


def _decode_tiff(path: Path) -> Array:
    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        pixels, axes, shape = np.asarray(series.asarray()), series.axes, series.shape
    kept = [i for i, size in enumerate(shape) if size > 1 or axes[i] in "YX"]
    pixels = pixels.reshape([shape[i] for i in kept])
    match "".join(axes[i] for i in kept):
        case "YX":
            return pixels
        case "SYX" | "CYX" if pixels.shape[0] <= MAX_COLOUR_CHANNELS:
            return np.moveaxis(pixels, 0, -1)
        case "YXS" | "YXC" if pixels.shape[2] <= MAX_COLOUR_CHANNELS:
            return pixels
        # Q and I are what stacks without metadata have.
        case "ZYX" | "QYX" | "IYX":
            return pixels
    msg = (
        f"{path}: expected one label image with axes YX, or ZYX for a volume, got {axes} of shape "
        f"{shape}; save each channel or time point as a file of its own."
    )
    raise InputError(msg)


_DECODERS: Final[Mapping[str, Callable[[Path], Array]]] = {
    ".png": _decode_png,
    ".npy": _decode_npy,
    ".tif": _decode_tiff,
    ".tiff": _decode_tiff,
}


# One mask per nucleus: the Data Science Bowl 2018 as it was published.


@dataclass(frozen=True)
class _MaskFolders:
    folders: Mapping[str, Path]

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        folder = self.folders[image_id] / "masks"
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in LABEL_SUFFIXES)
        masks: list[IntArray] = []
        for path in paths:
            mask = _read_mask(path)
            shape = mask.shape if not masks else shape
            if mask.shape != shape:
                msg = (
                    f"{path}: a mask of {mask.shape[0]} x {mask.shape[1]} pixels beside others of "
                    f"{_size(shape)}; all masks of an image have its size."
                )
                raise InputError(msg)
            masks.append(np.flatnonzero(mask.T))
        known = shape or self._image_shape(image_id)
        return _painted(known, masks, check_pieces)

    def _image_shape(self, image_id: str) -> Shape:
        """Return the size of the image of a folder without masks."""
        for path in sorted((self.folders[image_id] / "images").glob("*.png")):
            height, width = _read_pixels(path).shape[:2]
            return height, width
        msg = (
            f"{self.folders[image_id] / 'masks'}: is empty, and there is no image to tell the "
            "size; restore the masks, or the image in images/."
        )
        raise InputError(msg)


def _read_mask(path: Path) -> npt.NDArray[np.bool_]:
    pixels = _read_pixels(path)
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


# CSV: manifests and runs.


@dataclass(frozen=True)
class _RunTable:
    path: Path

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        own_shape, masks = _parse_runs(self.path, _stamp(self.path))[image_id]
        known = own_shape or shape
        if known is None:
            msg = (
                f"{self.path}: doesn't say how large image {image_id!r} is; add the columns Height "
                "and Width, or score it against references that are images."
            )
            raise InputError(msg)
        pixels = [
            run_pixels(kaggle_runs(text, known, name=f"{self.path}, image {image_id}, mask {n}"))
            for n, text in enumerate(masks, start=1)
        ]
        return _painted(known, pixels, check_pieces)


def _open_csv(path: Path) -> LabelSource:
    table = _read_csv(path)
    if {"image_id", "labels"} <= table.keys():
        return _open_manifest(path, table)
    if {"ImageId", "EncodedPixels"} <= table.keys():
        image_ids = tuple(_parse_runs(path, _stamp(path)))
        return LabelSource(path, "rle_csv", image_ids, reader=_RunTable(path))
    msg = (
        f"{path}: expected the columns image_id and labels (a manifest), or ImageId and "
        f"EncodedPixels (runs of pixels), got {', '.join(table) or 'none'}."
    )
    raise InputError(msg)


def _open_manifest(path: Path, table: Mapping[str, Sequence[str]]) -> LabelSource:
    _refuse_repeated(path, table["image_id"])
    rows = dict(zip(table["image_id"], table["labels"], strict=True))
    files = {image_id: path.parent / labels for image_id, labels in rows.items() if labels}
    left_out = tuple(f"{image_id}: has no labels" for image_id in rows if image_id not in files)
    if not files:
        msg = f"{path}: names labels for none of its {len(rows)} images; fill in its column labels."
        raise InputError(msg)
    return LabelSource(path, "manifest", tuple(files), left_out, reader=_Files(files))


@lru_cache(maxsize=4)
def _parse_runs(
    path: Path, stamp: tuple[int, int]
) -> Mapping[str, tuple[Shape | None, tuple[str, ...]]]:
    """Return size, where known, and encoded masks of every image."""
    del stamp  # It tells versions of the file apart.
    table = _read_csv(path)
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


def _read_csv(path: Path) -> dict[str, list[str]]:
    """Return the columns of a CSV file as text."""
    try:
        # Without a header of its own pandas refuses lines longer than the first; with one it
        # would shift their columns.
        table = pd.read_csv(
            path, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        ).fillna("")
    except (ValueError, OSError) as error:  # pandas' and Unicode's errors are ValueErrors
        msg = f"{path}: not a CSV file in UTF-8 ({error}); save it again as CSV UTF-8."
        raise InputError(msg) from error
    header, *rows = table.to_numpy().tolist()
    if not rows:
        msg = f"{path}: is empty, not one image is listed in it."
        raise InputError(msg)
    columns = {
        name.strip(): [value.strip() for value in values]
        for name, values in zip(header, zip(*rows, strict=True), strict=True)
    }
    for name in ("image_id", "ImageId"):
        if "" in columns.get(name, []):
            line = columns[name].index("") + 2
            msg = f"{path}, line {line}: the {name} is empty; fill it in or delete the line."
            raise InputError(msg)
    return columns


# COCO.


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
        image = _parse_coco(self.path, _stamp(self.path)).images[image_id]
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
        read = _painted(known, pixels, check_pieces, scores)
        return LabelRead(read.labels, notes + read.notes, read.confidences)


def _open_coco(path: Path) -> LabelSource:
    coco = _parse_coco(path, _stamp(path))
    return LabelSource(
        path,
        "coco_results" if coco.is_results else "coco",
        tuple(coco.images),
        coco.left_out,
        {image_id: image.number for image_id, image in coco.images.items()},
        reader=_Coco(path),
    )


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
    _refuse_repeated(path, numbers)
    # COCO files made on Windows part folders by backslashes.
    files = [
        PureWindowsPath(str(image.get("file_name") or number))
        for image, number in zip(images, numbers, strict=True)
    ]
    names = [file.stem for file in files]
    if len(set(names)) < len(names):
        names = ["__".join(file.with_suffix("").parts) for file in files]
    _refuse_repeated(path, names)
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
            msg = f"{name}: a mask of size {size} in an image of {_size(shape)}; export it again."
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


# NPZ.


class _ImageStack:
    """The images of an open .npz, unpacked one after another.

    A compressed array can only be read from its beginning: reading in order unpacks it once,
    stepping back starts anew.
    """

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self._archive = zipfile.ZipFile(path)
        names = [name.removesuffix(".npy") for name in self._archive.namelist()]
        if "y" not in names and len(names) != 1:
            msg = (
                f"{path}: expected an array 'y' of labels, got {', '.join(names) or 'none'}; "
                "save the labels under the name y."
            )
            raise InputError(msg)
        name = "y" if "y" in names else names[0]
        self._member = self._archive.open(f"{name}.npy")
        version = np.lib.format.read_magic(self._member)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        self.shape, columns_first, self.dtype = read_header(self._member)
        self._start = self._member.tell()
        if len(self.shape) not in (3, 4) or 0 in self.shape or self.dtype.kind not in "buif":
            msg = (
                f"{path}: expected labels {name} of shape (images, height, width, channels), got "
                f"{self.dtype} of shape {self.shape}."
            )
            raise InputError(msg)
        if columns_first:
            msg = f"{path}: {name} is stored columns first; save np.ascontiguousarray(y) instead."
            raise InputError(msg)

    def image(self, index: int) -> Array:
        """Return one image, shape (height, width) or (height, width, channels)."""
        n_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        with self._lock:
            self._member.seek(self._start + index * n_bytes)
            content = self._member.read(n_bytes)
        return np.frombuffer(content, self.dtype).reshape(self.shape[1:])


@dataclass(frozen=True)
class _Stack:
    path: Path
    channel: int | None

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        del shape  # The array knows it.
        try:
            # A forked process shares the file's position with its parent: it needs its own.
            stack = _open_stack(self.path, _stamp(self.path), os.getpid())
            pixels = stack.image(int(image_id))
        except InputError:
            raise
        except _NPZ_ERRORS as error:
            raise _damaged_npz(self.path, error) from error
        pixels = pixels if self.channel is None else pixels[..., self.channel]
        name = f"{self.path}, image {image_id}"
        return LabelRead(*recognise_labels(pixels, name=name, check_pieces=check_pieces))


_NPZ_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, struct.error,
    NotImplementedError, RuntimeError,
)  # fmt: skip


def _open_npz(path: Path, channel: str | int | None) -> LabelSource:
    try:
        stack = _open_stack(path, _stamp(path), os.getpid())
    except InputError:
        raise
    except _NPZ_ERRORS as error:
        raise _damaged_npz(path, error) from error
    n_images = stack.shape[0]
    digits = len(str(n_images - 1))
    image_ids = tuple(f"{index:0{digits}d}" for index in range(n_images))
    chosen = _choose_channel(path, stack.shape[3] if len(stack.shape) == 4 else None, channel)
    return LabelSource(path, "npz", image_ids, reader=_Stack(path, chosen))


@lru_cache(maxsize=4)
def _open_stack(path: Path, stamp: tuple[int, int], process: int) -> _ImageStack:
    del stamp, process  # They tell versions and processes apart.
    return _ImageStack(path)


def _choose_channel(path: Path, n_channels: int | None, channel: str | int | None) -> int | None:
    if n_channels is None:
        return None
    if n_channels == 1:
        return 0
    index = CHANNELS.get(str(channel), -1) if n_channels == 2 else -1
    if str(channel).isdecimal():
        index = int(str(channel))
    if not 0 <= index < n_channels:
        there = (
            'channel="whole_cell" (0) or "nuclear" (1), as in TissueNet'
            if n_channels == 2
            else f"channel=0 to {n_channels - 1}"
        )
        msg = f"{path}: has {n_channels} channels of labels, got channel {channel!r}; give {there}."
        raise InputError(msg)
    return index


def _damaged_npz(path: Path, error: Exception) -> InputError:
    msg = f"{path}: can't be read as NPZ ({type(error).__name__}: {error}); download it again."
    return InputError(msg)


# Shared by all of them.


def _painted(
    shape: Shape,
    pixels: Sequence[IntArray],
    check_pieces: bool,
    scores: Sequence[float] | None = None,
) -> LabelRead:
    """Paint cells, numbered from 1 in their order; the surer cell keeps a contested pixel."""
    ranks = list(range(len(pixels)))
    if scores is not None:
        ranks.sort(key=lambda rank: -scores[rank])
    labels, notes = paint_cells(((rank + 1, pixels[rank]) for rank in ranks), shape)
    if check_pieces:
        notes += piece_notes(labels)
    if scores is None:
        return LabelRead(labels, notes)
    there = np.unique(labels[labels > 0]).tolist()
    return LabelRead(labels, notes, {cell_id: scores[cell_id - 1] for cell_id in there})


def _refuse_repeated(path: Path, names: Sequence[str]) -> None:
    repeated = [name for name, n in Counter(names).items() if n > 1]
    if repeated:
        msg = f"{path}: {_some(repeated)} stands more than once; each image needs its own id."
        raise InputError(msg)


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file is written anew."""
    try:
        status = path.stat()
    except OSError as error:
        msg = f"{path}: can't be read any more ({error.strerror}); restore the file."
        raise InputError(msg) from error
    return status.st_mtime_ns, status.st_size


def _size(shape: Shape | None) -> str:
    return "unknown size" if shape is None else f"{shape[0]} x {shape[1]}"
