"""COCO: images beside one JSON of annotations, as most annotation tools export."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from workbench.datasets._coco_writing import COCO_FILE
from workbench.datasets._label_coco import open_coco
from workbench.datasets._label_values import LabelSource
from workbench.datasets._layout_values import (
    ImageFile,
    Layout,
    Listing,
    ReadingOptions,
    SourceLabels,
    inside,
    metadata_text,
)
from workbench.datasets._records import Record
from workbench.schema import InputError

SPLITS: Final = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


def recognise(path: Path) -> bool:
    """Whether a folder holds ``annotations.json``, or a file is JSON."""
    return (path / COCO_FILE).is_file() or (path.is_file() and path.suffix.lower() == ".json")


def listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of a COCO file.

    Raises
    ------
    InputError
        If it is no COCO file with images, or an image file is not there.
    """
    index = path / COCO_FILE if path.is_dir() else path
    source = open_coco(index)
    if source.kind != "coco":
        msg = f"{index}: lists annotations without images; a data set needs both."
        raise InputError(msg)
    entries = {str(entry.get("id")): entry for entry in json.loads(index.read_bytes())["images"]}
    records = tuple(
        _record(index, source, image_id, entries[source.numbers[image_id]], options)
        for image_id in source.image_ids
    )
    return Listing(records, source.left_out)


def _record(
    index: Path,
    source: LabelSource,
    image_id: str,
    entry: Mapping[str, Any],
    options: ReadingOptions,
) -> Record:
    name = str(entry.get("file_name") or "")
    places = [inside(index.parent / room, name, named_by=index) for room in ("", "images")]
    image = next((place for place in places if name and place.is_file()), None)
    if image is None:
        msg = f"{index}: names the image {name!r}, which is neither beside it nor in images/."
        raise InputError(msg)
    metadata = entry.get("metadata")
    annotated = entry.get("annotated", True)
    return Record(
        image_id,
        image,
        index if annotated else None,
        str(entry.get("split") or _split_of(index)),
        metadata_text(metadata) if isinstance(metadata, dict) else {},
        image_reader=ImageFile(image, options.choice),
        label_reader=SourceLabels(source, image_id) if annotated else None,
    )


def _split_of(index: Path) -> str:
    words = index.stem.lower().replace("-", "_").split("_")
    return next((SPLITS[word] for word in words if word in SPLITS), "test")


COCO: Final = Layout(
    "coco",
    "COCO: one JSON of annotations beside the images",
    "annotations.json\nimages/a.tif",
    recognise,
    listing,
)
