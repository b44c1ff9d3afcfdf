"""A data set from any layout to one that other tools open, without loss."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, get_args

import numpy as np
import pandas as pd

from workbench.datasets import (
    COCO_CATEGORY,
    COCO_FILE,
    Dataset,
    ImageRead,
    Record,
    coco_annotations,
    labels_geojson,
    read_sample,
)
from workbench.schema import InputError, LabelImage, Sample
from workbench.store import atomic_path, write_text
from workbench.studies._dataset_writing import (
    MANIFEST,
    MANIFEST_COLUMNS,
    claim_folder,
    manifest_row,
    release_folder,
    write_image_whole,
    write_manifest,
)
from workbench.studies._progress_text import Milestones

Form = Literal["manifest", "ome_tiff", "coco", "geojson"]
FORMS: Final = get_args(Form)


@dataclass(frozen=True, eq=False)
class Converted:
    """What a conversion came to.

    Attributes
    ----------
    n_images, n_cells
        Written.
    problems
        Columns image_id, problem: images that could not be read and are left out.
    """

    n_images: int
    n_cells: int
    problems: pd.DataFrame


def convert_dataset(
    dataset: Dataset, out: Path, *, form: str = "manifest", tell: Callable[[str], None] = print
) -> Converted:
    """Write a data set anew, image by image.

    Parameters
    ----------
    dataset
        What to convert.
    out
        A new or empty folder, or one that an interrupted conversion left; that starts anew.
    form
        - "manifest": ``manifest.csv``, images and labels as TIFF.
        - "ome_tiff": the same as OME-TIFF, with channel names and pixel size inside.
        - "coco": ``annotations.json`` (run lengths) and images as TIFF.
        - "geojson": one GeoJSON an image, as QuPath opens them, images as TIFF, ``manifest.csv``.
    tell
        Called with a line of text now and then.

    Returns
    -------
    Converted
        Pixels, types, cell numbers, splits, metadata, channel names and pixel sizes come back
        unchanged when :func:`workbench.datasets.open_dataset` reads the result.

    Raises
    ------
    InputError
        If the form is unknown, the folder holds something, or no image can be read.
    """
    if form not in FORMS:
        msg = f"{form!r}: no such form; there are {', '.join(FORMS)}."
        raise InputError(msg)
    claim_folder(out)
    problems: list[dict[str, str]] = []
    n_images = n_cells = 0
    milestones = Milestones(len(dataset.records), "images converted", tell)
    with ExitStack() as stack:
        index = _CocoIndex(stack, out) if form == "coco" else _ManifestIndex(out)
        for record, found in _samples(dataset):
            milestones.step()
            if isinstance(found, InputError):
                problems.append({"image_id": record.image_id, "problem": str(found)})
                continue
            image, labels = _write_files(out, form, found)
            index.add(record, found, image, labels)
            n_images += 1
            n_cells += _count_cells(found.reference)
        if not n_images:
            msg = f"data set {dataset.root}: no image can be read. {problems[0]['problem']}"
            raise InputError(msg)
        index.finish()
    release_folder(out)
    return Converted(n_images, n_cells, pd.DataFrame(problems, columns=["image_id", "problem"]))


def _samples(dataset: Dataset) -> Iterator[tuple[Record, Sample | InputError]]:
    for record in dataset.records:
        try:
            yield record, read_sample(record)
        except InputError as error:
            yield record, error


def _write_files(out: Path, form: str, sample: Sample) -> tuple[str, str]:
    """Write an image and its labels; return their names, "" for labels that lie elsewhere."""
    suffix = ".ome.tif" if form == "ome_tiff" else ".tif"
    image = f"images/{sample.image_id}{suffix}"
    facts = ImageRead(sample.image, sample.channel_names, sample.pixel_size_um)
    write_image_whole(out / image, facts)
    if sample.reference is None or form == "coco":
        return image, ""
    if form == "geojson":
        labels = f"annotations/{sample.image_id}.geojson"
        write_text(out / labels, labels_geojson(sample.reference))
    else:
        labels = f"labels/{sample.image_id}{suffix}"
        small = sample.reference.max(initial=0) <= np.iinfo(np.uint16).max
        pixels = sample.reference.astype(np.uint16 if small else np.uint32)
        facts = ImageRead(pixels[..., np.newaxis], (), sample.pixel_size_um)
        write_image_whole(out / labels, facts)
    return image, labels


def _count_cells(labels: LabelImage | None) -> int:
    return 0 if labels is None else int(np.count_nonzero(np.unique(labels)))


class _Index(Protocol):
    """What says which labels belong to which image."""

    def add(self, record: Record, sample: Sample, image: str, labels: str) -> None: ...

    def finish(self) -> None: ...


class _ManifestIndex:
    def __init__(self, out: Path) -> None:
        self._path = out / MANIFEST
        self._rows: list[dict[str, str]] = []

    def add(self, record: Record, sample: Sample, image: str, labels: str) -> None:
        self._rows.append(manifest_row(record, sample, image, labels))

    def finish(self) -> None:
        write_manifest(self._path, self._rows)


class _CocoIndex:
    """Writes annotations as they come: a million of them need not fit into memory."""

    def __init__(self, stack: ExitStack, out: Path) -> None:
        path = stack.enter_context(atomic_path(out / COCO_FILE))
        self._file = stack.enter_context(path.open("w", encoding="utf-8"))
        self._file.write('{"annotations":[')
        self._images: list[dict[str, Any]] = []
        self._n_annotations = 0

    def add(self, record: Record, sample: Sample, image: str, labels: str) -> None:
        del labels  # They go into the file itself.
        number = len(self._images) + 1
        row = manifest_row(record, sample, image, "")
        metadata = {name: row[name] for name in row if name not in MANIFEST_COLUMNS}
        self._images.append(
            {
                "id": number,
                "file_name": image,
                "height": sample.image.shape[0],
                "width": sample.image.shape[1],
                "annotated": sample.reference is not None,
                "split": record.split,
                "metadata": metadata,
            }
        )
        if sample.reference is None:
            return
        for annotation in coco_annotations(
            sample.reference, image_number=number, first_number=self._n_annotations + 1
        ):
            self._file.write(",\n" if self._n_annotations else "\n")
            self._file.write(json.dumps(annotation, separators=(",", ":")))
            self._n_annotations += 1

    def finish(self) -> None:
        rest = {"images": self._images, "categories": [COCO_CATEGORY]}
        self._file.write(f"\n],{json.dumps(rest)[1:]}\n")
