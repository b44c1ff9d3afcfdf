"""A folder of images to a data set: ``manifest.csv``, or a plain pair ``images/`` + ``labels/``."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import Final

from workbench.datasets._files import IMAGE_SUFFIXES, read_image, read_labels
from workbench.schema import InputError, Sample

MANIFEST: Final = "manifest.csv"
REQUIRED_COLUMNS: Final = ("image_id", "image")
SAFE_ID: Final = re.compile(r'[^\s./\\:*?"<>|\x00-\x1f][^/\\:*?"<>|\x00-\x1f]*')


@dataclass(frozen=True)
class Record:
    """One row of a data set: where an image and its labels lie, nothing read yet.

    Attributes
    ----------
    image_id
        Unique in the data set; a safe file name.
    image, labels
        Paths; ``labels`` is None where there is no annotation.
    split
        "train", "val", "test" or any other name; plain folders have "test" throughout, since
        nothing says that a model may learn from them.
    metadata
        Every further column of the manifest.
    """

    image_id: str
    image: Path
    labels: Path | None
    split: str
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Dataset:
    """A named, ordered collection of records."""

    name: str
    root: Path
    records: tuple[Record, ...]

    def split(self, name: str) -> tuple[Record, ...]:
        """Return the records of one split, in manifest order.

        Raises
        ------
        InputError
            If no record has this split; the message lists those there are.
        """
        chosen = tuple(record for record in self.records if record.split == name)
        if not chosen:
            counts = Counter(record.split for record in self.records)
            there = ", ".join(f"{split} ({count})" for split, count in sorted(counts.items()))
            msg = (
                f"data set {self.root} has no images in split {name!r}, only {there}; give "
                f"{MANIFEST} a column 'split' with the values train, val and test."
            )
            raise InputError(msg)
        return chosen


def open_dataset(folder: Path) -> Dataset:
    r"""Find the images of a data set without reading them.

    Parameters
    ----------
    folder
        Holds ``manifest.csv`` with the columns image_id, image, labels, split (paths relative to
        the folder) and any metadata columns; or else ``images/`` and ``labels/`` whose files
        share their stems.

    Returns
    -------
    Dataset
        At least one record.

    Raises
    ------
    InputError
        If the folder is missing or empty, the manifest lacks columns or repeats an image_id, or
        files it names don't exist.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "manifest.csv").write_text("image_id,image,stain\na,a.tif,DAPI\n")
    >>> (folder / "a.tif").touch()
    >>> open_dataset(folder).records[0].metadata
    {'stain': 'DAPI'}
    """
    if not folder.is_dir():
        msg = f"data set {folder}: no such folder{_suggest_folder(folder)}"
        raise InputError(msg)
    manifest = folder / MANIFEST
    if manifest.is_file():
        records = tuple(_read_manifest(manifest))
    elif (folder / "images").is_dir():
        records = tuple(_pair_folders(folder))
    else:
        msg = (
            f"data set {folder}: found neither {MANIFEST} nor a folder images/; make one of "
            "them (docs/data.md shows both layouts)."
        )
        raise InputError(msg)
    if not records:
        msg = f"data set {folder} is empty: not one image is listed in it."
        raise InputError(msg)
    return Dataset(folder.resolve().name, folder, records)


def read_sample(record: Record) -> Sample:
    """Read one image and its labels.

    Raises
    ------
    InputError
        If a file can't be read, or image and labels differ in size.
    """
    image = read_image(record.image)
    reference = None if record.labels is None else read_labels(record.labels)
    if reference is not None and reference.shape != image.shape[:2]:
        msg = (
            f"{record.labels}: labels of {_size(reference.shape)} pixels for an image of "
            f"{_size(image.shape)} ({record.image}); image and labels must have the same height "
            "and width."
        )
        raise InputError(msg)
    return Sample(record.image_id, image, reference, record.metadata)


def read_examples(dataset: Dataset, *, by: str, n: int) -> list[Sample]:
    """Read a few images, as evenly as possible from every value of a column.

    Parameters
    ----------
    dataset
        Where from.
    by
        "split" or a metadata column.
    n
        How many at most; images that can't be read are passed over.

    Returns
    -------
    list of Sample
        Sorted by the column.
    """
    groups: dict[str, list[Record]] = {}
    for record in dataset.records:
        value = record.split if by == "split" else record.metadata.get(by, "")
        groups.setdefault(value, []).append(record)
    found: list[tuple[str, Sample]] = []
    for records in zip_longest(*groups.values()):
        for value, record in zip(groups, records, strict=True):
            if record is not None and len(found) < n:
                with suppress(InputError):
                    found.append((value, read_sample(record)))
    return [sample for _, sample in sorted(found, key=lambda pair: pair[0])]


def find_label_files(folder: Path) -> dict[str, Path]:
    """Return the label files of a folder by image id, the stem less a closing ``_label(s)``.

    Raises
    ------
    InputError
        If the folder is missing, holds no TIFF or PNG, or two files have the same id.
    """
    if not folder.is_dir():
        msg = f"{folder}: no such folder{_suggest_folder(folder)}"
        raise InputError(msg)
    files: dict[str, Path] = {}
    for path in _image_files(folder):
        image_id = re.sub(r"_labels?$", "", path.stem)
        if image_id in files:
            msg = f"{folder}: {files[image_id].name} and {path.name} both stand for {image_id!r}."
            raise InputError(msg)
        files[image_id] = path
    if not files:
        msg = f"{folder}: holds no label images ({', '.join(IMAGE_SUFFIXES)})."
        raise InputError(msg)
    return files


def _read_manifest(manifest: Path) -> list[Record]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            rows = list(reader)
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
    records = [_record(manifest, line, row, columns) for line, row in enumerate(rows, start=2)]
    _refuse_repeated_ids(manifest, records)
    _refuse_missing_files(manifest, records)
    return records


def _record(manifest: Path, line: int, row: dict[str, str], columns: Sequence[str]) -> Record:
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
    labels = values.get("labels")
    known = {"image_id", "image", "labels", "split"}
    return Record(
        image_id=image_id,
        image=manifest.parent / values["image"],
        labels=manifest.parent / labels if labels else None,
        split=values.get("split") or "test",
        metadata={name: value for name, value in values.items() if name not in known},
    )


def _pair_folders(folder: Path) -> list[Record]:
    images = _image_files(folder / "images")
    labels = find_label_files(folder / "labels") if any((folder / "labels").glob("*")) else {}
    records = [Record(path.stem, path, labels.get(path.stem), "test") for path in images]
    _refuse_repeated_ids(folder / "images", records)
    if labels:
        without = [record.image.name for record in records if record.labels is None]
        if without:
            msg = (
                f"{folder / 'labels'}: no label file for {_some(without)}; a label file has the "
                "stem of its image. Add it, or list the images to use in manifest.csv."
            )
            raise InputError(msg)
    return records


def _image_files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )


def _refuse_repeated_ids(source: Path, records: Iterable[Record]) -> None:
    counts = Counter(record.image_id for record in records)
    repeated = [image_id for image_id, count in counts.items() if count > 1]
    if repeated:
        msg = f"{source}: {_some(repeated)} stands more than once; each image needs its own id."
        raise InputError(msg)


def _refuse_missing_files(manifest: Path, records: Iterable[Record]) -> None:
    paths = [path for record in records for path in (record.image, record.labels) if path]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        msg = (
            f"{manifest} names {len(missing)} files that don't exist: {_some(missing)}; restore "
            "them or delete their lines."
        )
        raise InputError(msg)


def _some(names: list[str], limit: int = 3) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"


def _suggest_folder(folder: Path) -> str:
    """Return "; did you mean ...?" for the nearest name beside a missing folder."""
    parent = folder.parent
    while not parent.is_dir():
        folder, parent = parent, parent.parent
    beside = [path.name for path in parent.iterdir() if path.is_dir()]
    close = get_close_matches(folder.name, beside, n=1)
    if close:
        return f"; did you mean {parent / close[0]}?"
    return f"; {parent} holds {_some(sorted(beside)) if beside else 'no folders'}."
