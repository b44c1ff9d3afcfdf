"""COCO: images beside one JSON of annotations, as most annotation tools export."""

from pathlib import Path
from typing import Final

from workbench.datasets._coco_index import CocoImage, coco_index
from workbench.datasets._coco_writing import COCO_FILE
from workbench.datasets._label_coco import CocoLabels
from workbench.datasets._label_files import file_stamp
from workbench.datasets._layout_values import (
    ImageFile,
    Layout,
    Listing,
    ReadingOptions,
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
    listed = coco_index(index)
    if listed.is_results:
        msg = f"{index}: lists annotations without images; a data set needs both."
        raise InputError(msg)
    records = tuple(
        _record(index, image_id, image, options) for image_id, image in listed.images.items()
    )
    return Listing(records, listed.left_out)


def _record(index: Path, image_id: str, image: CocoImage, options: ReadingOptions) -> Record:
    places = [
        inside(index.parent / room, image.file_name, named_by=index) for room in ("", "images")
    ]
    path = next((place for place in places if image.file_name and place.is_file()), None)
    if path is None:
        msg = f"{index}: names {image.file_name!r}, which is neither beside it nor in images/."
        raise InputError(msg)
    if image.shape is None:
        msg = f"{index}: doesn't say how large {image.file_name} is; add its height and width."
        raise InputError(msg)
    metadata = image.facts.get("metadata")
    labels = CocoLabels(index, file_stamp(index), image_id, image.shape, image.spans)
    annotated = image.facts.get("annotated", True)
    return Record(
        image_id,
        path,
        index if annotated else None,
        str(image.facts.get("split") or _split_of(index)),
        metadata_text(metadata) if isinstance(metadata, dict) else {},
        image_reader=ImageFile(path, options.choice),
        label_reader=labels if annotated else None,
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
