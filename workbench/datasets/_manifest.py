"""``manifest.csv``, or a plain pair of folders ``images/`` and ``labels/``, to records."""

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from workbench.datasets._files import LABEL_SUFFIXES
from workbench.datasets._image_decoders import IMAGE_SUFFIXES
from workbench.datasets._image_values import WHOLE_FILE, ImageChoice, read_choice
from workbench.datasets._label_geojson import GEOJSON, GeojsonFile
from workbench.datasets._layout_values import (
    DEFAULT_OPTIONS,
    ImageFile,
    LabelFile,
    Listing,
    ReadingOptions,
    files_ending,
    inside,
)
from workbench.datasets._names import some, suggest_folder
from workbench.datasets._records import LabelReader, Record
from workbench.schema import InputError

MANIFEST: Final = "manifest.csv"
REQUIRED_COLUMNS: Final = ("image_id", "image")
CHOICE_COLUMNS: Final = {"image_axes": "axes", "image_channels": "channels", "image_plane": "plane"}
"""Columns that say which part of an image file to read, and what :func:`read_choice` calls them."""
SAFE_ID: Final = re.compile(r'[^\s./\\:*?"<>|\x00-\x1f][^/\\:*?"<>|\x00-\x1f]*')


def recognise_manifest(path: Path) -> bool:
    """Whether a folder holds a manifest, or a file is one."""
    return (path / MANIFEST).is_file() or (path.is_file() and path.suffix.lower() == ".csv")


def manifest_listing(path: Path, options: ReadingOptions = DEFAULT_OPTIONS) -> Listing:
    """List the images of a manifest.

    Parameters
    ----------
    path
        ``manifest.csv``, or its folder, with the columns image_id, image, labels, split (paths
        relative to it), image_axes, image_channels, image_plane (which part of the file, as
        :func:`read_choice` takes it) and any others, which become metadata.
    options
        For images whose line says nothing else.

    Raises
    ------
    InputError
        If columns lack, an image_id repeats or is no file name, or files don't exist.
    """
    manifest = path / MANIFEST if path.is_dir() else path
    return Listing(tuple(_read_manifest(manifest, options.choice)))


def recognise_folders(path: Path) -> bool:
    """Whether a folder holds ``images/``."""
    return (path / "images").is_dir()


def folders_listing(folder: Path, options: ReadingOptions = DEFAULT_OPTIONS) -> Listing:
    """List the images of ``images/`` with the labels of the same stems in ``labels/``.

    Raises
    ------
    InputError
        If some images have labels and others don't, or two have the same stem.
    """
    return Listing(tuple(_pair_folders(folder, options.choice)))


def find_label_files(folder: Path) -> dict[str, Path]:
    """Return the label files of a folder by image id, the stem less a closing ``_label(s)``.

    Raises
    ------
    InputError
        If the folder is missing, holds no label images, or two files have the same id.
    """
    if not folder.is_dir():
        msg = f"{folder}: no such folder{suggest_folder(folder)}"
        raise InputError(msg)
    files: dict[str, Path] = {}
    for path in files_ending(folder, (*LABEL_SUFFIXES, GEOJSON)):
        image_id = re.sub(r"_labels?$", "", path.stem)
        if image_id in files:
            msg = f"{folder}: {files[image_id].name} and {path.name} both stand for {image_id!r}."
            raise InputError(msg)
        files[image_id] = path
    if not files:
        msg = f"{folder}: holds no label images ({', '.join(LABEL_SUFFIXES)})."
        raise InputError(msg)
    return files


def _read_manifest(manifest: Path, choice: ImageChoice) -> list[Record]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            rows = list(reader)
    except OSError as error:
        msg = f"{manifest}: can't be read ({error.strerror}); restore it, or name another layout."
        raise InputError(msg) from error
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{manifest}: not a CSV file in UTF-8 ({error}); save it again as CSV UTF-8."
        raise InputError(msg) from error
    lacking = [column for column in REQUIRED_COLUMNS if column not in columns]
    if lacking:
        msg = (
            f"{manifest}: lacks the column {', '.join(lacking)}; it has {', '.join(columns)}. "
            "Needed are image_id and image; labels and split where there are any."
        )
        raise InputError(msg)
    records = [
        _record(manifest, line, row, columns, choice) for line, row in enumerate(rows, start=2)
    ]
    _refuse_repeated_ids(manifest, records)
    _refuse_missing_files(manifest, records)
    return records


def _record(
    manifest: Path, line: int, row: dict[str, str], columns: Sequence[str], choice: ImageChoice
) -> Record:
    values = {name: (row.get(name) or "").strip() for name in columns}
    for column in REQUIRED_COLUMNS:
        if not values[column]:
            msg = f"{manifest}, line {line}: the {column} is empty; fill it in or delete the line."
            raise InputError(msg)
    image_id = values["image_id"]
    if not SAFE_ID.fullmatch(image_id):
        msg = (
            f"{manifest}, line {line}: image_id {image_id!r} can't be a file name; use letters, "
            "digits, '_', '-' and inner dots."
        )
        raise InputError(msg)
    image, labels = _path(manifest, values["image"]), values.get("labels")
    try:
        own = read_choice(
            **{name: values.get(column, "") for column, name in CHOICE_COLUMNS.items()}
        )
    except InputError as error:
        msg = f"{manifest}, line {line}: {error}"
        raise InputError(msg) from error
    known = {*REQUIRED_COLUMNS, "labels", "split", *CHOICE_COLUMNS}
    return _file_record(
        image_id,
        image,
        _path(manifest, labels) if labels else None,
        choice if own == WHOLE_FILE else own,
        split=values.get("split") or "test",
        metadata={name: value for name, value in values.items() if name not in known},
    )


def _path(manifest: Path, name: str) -> Path:
    # An absolute path is meant; a relative one that climbs out is a trap or a slip.
    if Path(name).is_absolute():
        return Path(name)
    return inside(manifest.parent, name, named_by=manifest)


def _file_record(
    image_id: str,
    image: Path,
    labels: Path | None,
    choice: ImageChoice,
    *,
    split: str = "test",
    metadata: Mapping[str, str] | None = None,
) -> Record:
    """Return the record of an image and its labels in a file each."""
    return Record(
        image_id,
        image,
        labels,
        split,
        metadata or {},
        image_reader=None if choice == WHOLE_FILE else ImageFile(image, choice),
        label_reader=_label_reader(image, labels, choice),
    )


def _label_reader(image: Path, labels: Path | None, choice: ImageChoice) -> LabelReader | None:
    if labels is None:
        return None
    if labels.suffix.lower() == GEOJSON:
        return GeojsonFile(labels, image, choice)
    return LabelFile(labels, choice) if choice.planes else None


def _pair_folders(folder: Path, choice: ImageChoice) -> list[Record]:
    images = files_ending(folder / "images", IMAGE_SUFFIXES)
    labels = find_label_files(folder / "labels") if any((folder / "labels").glob("*")) else {}
    records = [_file_record(path.stem, path, labels.get(path.stem), choice) for path in images]
    _refuse_repeated_ids(folder / "images", records)
    if labels:
        without = [record.image.name for record in records if record.labels is None]
        if without:
            msg = (
                f"{folder / 'labels'}: no label file for {some(without)}; a label file has the "
                "stem of its image. Add it, or list the images to use in manifest.csv."
            )
            raise InputError(msg)
    return records


def _refuse_repeated_ids(source: Path, records: Iterable[Record]) -> None:
    counts = Counter(record.image_id for record in records)
    repeated = [image_id for image_id, count in counts.items() if count > 1]
    if repeated:
        msg = f"{source}: {some(repeated)} stands more than once; each image needs its own id."
        raise InputError(msg)


def _refuse_missing_files(manifest: Path, records: Iterable[Record]) -> None:
    paths = [path for record in records for path in (record.image, record.labels) if path]
    # Path.exists raises for names that are too long.
    missing = [str(path) for path in paths if not os.path.exists(path)]  # noqa: PTH110
    if missing:
        msg = (
            f"{manifest} names {len(missing)} files that don't exist: {some(missing)}; restore "
            "them or delete their lines."
        )
        raise InputError(msg)
