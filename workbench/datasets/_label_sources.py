"""Whatever people bring labels in: which of the known forms it is."""

from pathlib import Path
from typing import Final

from workbench.datasets._files import LABEL_SUFFIXES
from workbench.datasets._label_coco import open_coco
from workbench.datasets._label_files import (
    LabelFiles,
    label_files,
    open_manifest,
    read_csv,
)
from workbench.datasets._label_geojson import GeojsonLabels
from workbench.datasets._label_ids import refuse_repeated, short_id
from workbench.datasets._label_kaggle import open_mask_folders, open_runs
from workbench.datasets._label_npz import open_npz
from workbench.datasets._label_values import LabelSource
from workbench.datasets._manifest import MANIFEST
from workbench.datasets._names import some, suggest_folder
from workbench.schema import InputError

FORMS: Final = (
    "a folder of .tif, .tiff, .png or .npy files, manifest.csv, one such file, COCO .json, a .csv "
    "of runs, .geojson, or .npz"
)


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
        - A .geojson file per image, or one, as QuPath writes them.
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
    >>> import numpy as np
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
        close = "." if suffix else suggest_folder(path)
        msg = f"{path}: no such file or folder{close}"
        raise InputError(msg)
    if suffix == ".npz":
        return open_npz(path, channel)
    if suffix in LABEL_SUFFIXES:
        image_id = short_id(path.stem)
        return LabelSource(path, "file", (image_id,), reader=LabelFiles({image_id: path}))
    openers = {".json": open_coco, ".csv": _open_csv, ".geojson": _open_geojson}
    if suffix not in openers:
        msg = f"{path}: expected labels as {FORMS}; convert it to one of them."
        raise InputError(msg)
    return openers[suffix](path)


def _open_folder(folder: Path) -> LabelSource:
    if (folder / MANIFEST).is_file():
        return _open_csv(folder / MANIFEST)
    if found := open_mask_folders(folder):
        return found
    if any(folder.glob("*.geojson")):
        return _open_geojson(folder)
    files, left_out = label_files(folder)
    if not files and (folder / "labels").is_dir():
        files, left_out = label_files(folder / "labels")
    if not files:
        inner = sorted(path.name for path in folder.glob("[!.]*") if path.is_dir())
        cure = f"give one of its folders ({some(inner)})" if inner else f"expected {FORMS}"
        beside = f"; found {some(list(left_out))}" if left_out else ""
        msg = f"{folder}: holds no label images itself; {cure}{beside}."
        raise InputError(msg)
    return LabelSource(folder, "folder", tuple(files), left_out, reader=LabelFiles(files))


def _open_csv(path: Path) -> LabelSource:
    table = read_csv(path)
    if {"image_id", "labels"} <= table.keys():
        return open_manifest(path, table)
    if {"ImageId", "EncodedPixels"} <= table.keys():
        return open_runs(path)
    msg = (
        f"{path}: expected the columns image_id and labels (a manifest), or ImageId and "
        f"EncodedPixels (runs of pixels), got {', '.join(table) or 'none'}."
    )
    raise InputError(msg)


def _open_geojson(path: Path) -> LabelSource:
    found = sorted(path.glob("*.geojson")) if path.is_dir() else [path]
    refuse_repeated(path, [short_id(file.stem) for file in found])
    files = {short_id(file.stem): file for file in found}
    return LabelSource(path, "geojson", tuple(files), reader=GeojsonLabels(files))
