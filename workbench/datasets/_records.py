"""What a data set is: a list of images of which nothing is read yet, and how to read one."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from workbench.datasets._files import read_image_file, read_labels
from workbench.datasets._image_values import ImageRead, ImageReader
from workbench.schema import InputError, LabelImage, Sample

LabelReader = Callable[[], LabelImage]
"""Reads the labels of one image; a small frozen value that can be pickled."""


@dataclass(frozen=True)
class Record:
    """One image of a data set: where it and its labels lie, nothing read yet.

    Attributes
    ----------
    image_id
        Unique in the data set; a safe file name.
    image, labels
        The files or folders that hold them, perhaps with those of other images; ``labels`` is
        None where there is no annotation.
    split
        "train", "val", "test" or any other name; what nothing is said of is "test", since nothing
        says that a model may learn from it.
    metadata
        Whatever else is known, by name.
    image_reader, label_reader
        Read them where they are more than a file each; None reads ``image`` and ``labels``.
    """

    image_id: str
    image: Path
    labels: Path | None
    split: str
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    image_reader: ImageReader | None = field(default=None, kw_only=True, repr=False, compare=False)
    label_reader: LabelReader | None = field(default=None, kw_only=True, repr=False, compare=False)


@dataclass(frozen=True)
class Dataset:
    """A named, ordered collection of records.

    Attributes
    ----------
    name
        For tables and titles.
    root
        What was opened: a folder or a file.
    records
        At least one.
    layout
        Name of the layout it was read by, see :data:`LAYOUTS`.
    notes
        What lies there and is not used, or was read in a way worth knowing, one sentence each.
    """

    name: str
    root: Path
    records: tuple[Record, ...]
    layout: str = "manifest"
    notes: tuple[str, ...] = ()

    def split(self, name: str) -> tuple[Record, ...]:
        """Return the records of one split, in order.

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
                "manifest.csv a column 'split' with the values train, val and test, or make a "
                "split with `workbench data split`."
            )
            raise InputError(msg)
        return chosen


def read_record_image(record: Record) -> ImageRead:
    """Read the image of a record.

    Returns
    -------
    ImageRead
        Where the file doesn't say its pixel size or channel names, those of the metadata
        ``pixel_size_um`` and ``channel_names`` (parted by ";").

    Raises
    ------
    InputError
        If it can't be read.
    """
    image = record.image_reader() if record.image_reader else read_image_file(record.image)
    names, size = image.channel_names, image.pixel_size_um
    if not names:
        told = tuple(name for name in record.metadata.get("channel_names", "").split(";") if name)
        names = told if len(told) == image.pixels.shape[2] else ()
    if not size > 0:
        with suppress(ValueError):
            size = float(record.metadata.get("pixel_size_um") or "nan")
    return ImageRead(image.pixels, names, size)


def read_reference(record: Record) -> LabelImage:
    """Read the labels of a record.

    Returns
    -------
    ndarray of uint32
        Shape (height, width).

    Raises
    ------
    InputError
        If it has none, or they can't be read.
    """
    if record.labels is None:
        msg = (
            f"image {record.image_id!r} has no labels; add them to the manifest, or move the image "
            "to another split."
        )
        raise InputError(msg)
    return record.label_reader() if record.label_reader else read_labels(record.labels)


def read_sample(record: Record) -> Sample:
    """Read one image and its labels.

    Raises
    ------
    InputError
        If a file can't be read, or image and labels differ in size.
    """
    image = read_record_image(record)
    reference = None if record.labels is None else read_reference(record)
    if reference is not None and reference.shape != image.pixels.shape[:2]:
        msg = (
            f"{record.labels}: labels of {_size(reference.shape)} pixels for an image of "
            f"{_size(image.pixels.shape)} ({record.image}); image and labels must have the same "
            "height and width."
        )
        raise InputError(msg)
    return Sample(
        record.image_id,
        image.pixels,
        reference,
        record.metadata,
        image.channel_names,
        image.pixel_size_um,
    )


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


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"
