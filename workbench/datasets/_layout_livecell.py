"""LIVECell: phase-contrast images of eight cell types, annotated in COCO files.

As published::

    images/livecell_train_val_images/[<Cell Type>/]A172_Phase_C7_1_02d16h00m_2.tif
    images/livecell_test_images/[<Cell Type>/]...
    annotations/LIVECell/livecell_coco_<train|val|test>.json
    annotations/LIVECell_single_cells/<cell type>/<train|val|test>.json
    annotations/LIVECell_dataset_size_split/<number>_train<percentage>percent.json

Names of images say cell type, well of the 96-well plate, location in the well, time since the
experiment began, and which crop of the larger image it is [2]_. Crops and times of a well show the
same cells: the well is the ``group``. Opening the folder takes the three files of all cell types;
opening a folder of ``LIVECell_single_cells`` takes that cell type with its own splits, and opening
a JSON file takes just that one. Where polygons overlap, the first in the file keeps the pixels.

References
----------
.. [1] C. Edlund et al., Nat. Methods 18:1038-1045, 2021, doi:10.1038/s41592-021-01249-6.
.. [2] README of sartorius-research/LIVECell.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.datasets._coco_index import CocoImage, coco_index
from workbench.datasets._label_coco import CocoLabels
from workbench.datasets._label_files import file_stamp
from workbench.datasets._layout_values import (
    ImageFile,
    Layout,
    Listing,
    ReadingOptions,
    files_ending,
    inside,
    metadata_text,
    subfolders,
)
from workbench.datasets._names import some
from workbench.datasets._records import Record
from workbench.schema import InputError

IMAGE_FOLDERS: Final = ("livecell_train_val_images", "livecell_test_images")
_ROOTS: Final = ("", "images", "LIVECell_dataset_2021", "LIVECell_dataset_2021/images")
_INDEX_FOLDERS: Final = (
    "", "LIVECell", "annotations", "annotations/LIVECell",
    "LIVECell_dataset_2021/annotations/LIVECell",
)  # fmt: skip
_FOLDERS_OF_INDICES: Final = ("LIVECell_single_cells", "LIVECell_dataset_size_split")
_NAME: Final = re.compile(
    r"(?P<cell_type>[^_]+)_Phase_(?P<well>[A-H]\d+)_(?P<location>\d+)_(?P<time>\d+d\d+h\d+m)_\d+"
)
_SPLITS: Final = ("train", "val", "test")


def recognise_livecell(path: Path) -> bool:
    """Whether a path is LIVECell's folder, that of a cell type, or one of its JSON files."""
    if path.is_file():
        named = path.name.lower().startswith("livecell_")
        return path.suffix.lower() == ".json" and (named or _is_among_indices(path.parent))
    return bool(_index_files(path)) or bool(_image_folders(path))


def livecell_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of LIVECell's JSON files.

    Raises
    ------
    InputError
        If there is no JSON file, one is damaged, images are not found, or nuclei are wanted.
    """
    if options.target not in ("", "whole_cell"):
        msg = f"{path}: LIVECell has labels of whole cells, got target {options.target!r}."
        raise InputError(msg)
    indices = [path] if path.is_file() else _index_files(path)
    if not indices:
        msg = (
            f"{path}: holds images of LIVECell, but no livecell_coco_train.json, _val.json or "
            "_test.json; put them beside its images folder."
        )
        raise InputError(msg)
    images = _images_near(indices[0])
    notes = list(_unused(path))
    records: dict[str, Record] = {}
    for file in indices:
        for record in _index_records(file, images, options, notes):
            if record.image_id in records:
                msg = (
                    f"{path}: the image {record.image_id} is in the split {record.split} and in "
                    f"{records[record.image_id].split}; open one of the JSON files."
                )
                raise InputError(msg)
            records[record.image_id] = record
    return Listing(tuple(records.values()), tuple(notes))


def _is_among_indices(folder: Path) -> bool:
    return any(name in _FOLDERS_OF_INDICES for name in (folder.name, folder.parent.name))


def _index_files(folder: Path) -> list[Path]:
    """Return the JSON files of the splits that a folder stands for, in the order of splits."""
    single = folder.parent.name == _FOLDERS_OF_INDICES[0]
    found = {
        _split_of(file): file
        for name in _INDEX_FOLDERS
        for file in files_ending(folder / name, [f"{split}.json" for split in _SPLITS])
        if file.name.startswith("livecell_") or single
    }
    return [found[split] for split in _SPLITS if split in found]


def _split_of(index: Path) -> str:
    found = re.search(r"(train|val|test)[^_]*$", index.stem)
    return found[1] if found else "test"


def _image_folders(folder: Path) -> list[Path]:
    places = (folder / root / name for root in _ROOTS for name in IMAGE_FOLDERS)
    return [place for place in places if place.is_dir()]


def _images_near(index: Path) -> dict[str, Path]:
    """Return images by file name, from the nearest folder at or above a JSON file."""
    for folder in index.resolve().parents[:5]:
        if found := _image_folders(folder):
            places = [place for top in found for place in (top, *subfolders(top))]
            return {file.name: file for place in places for file in files_ending(place, [".tif"])}
    msg = (
        f"{index}: found none of the folders {', '.join(IMAGE_FOLDERS)} in or above its folder; "
        "unpack images.zip beside it."
    )
    raise InputError(msg)


def _index_records(
    index: Path, images: Mapping[str, Path], options: ReadingOptions, notes: list[str]
) -> list[Record]:
    listed = coco_index(index)
    notes += [f"{index.name}: {text}" for text in listed.left_out]
    records = []
    missing = []
    for image_id, image in listed.images.items():
        inside(index.parent, image.file_name, named_by=index)
        path = images.get(PurePosixPath(image.file_name.replace("\\", "/")).name)
        if path is None:
            missing.append(image.file_name)
        else:
            records.append(_record(index, image_id, image, path, options))
    if not records:
        msg = f"{index}: none of its {len(missing)} images is there, for example {missing[0]}."
        raise InputError(msg)
    if missing:
        notes.append(f"{index.name}: {len(missing)} images are not there: {some(missing)}")
    return records


def _record(
    index: Path, image_id: str, image: CocoImage, path: Path, options: ReadingOptions
) -> Record:
    if image.shape is None:
        msg = f"{index}: doesn't say how large {image.file_name} is; download it again."
        raise InputError(msg)
    named = _NAME.match(path.name)
    told = named.groupdict() if named else {}
    told |= {"group": f"{told['cell_type']}_{told['well']}"} if named else {}
    return Record(
        path.stem,
        path,
        index,
        _split_of(index),
        metadata_text({"modality": "phase contrast", **told}),
        image_reader=ImageFile(path, options.choice),
        label_reader=CocoLabels(index, file_stamp(index), image_id, image.shape, image.spans),
    )


def _unused(path: Path) -> Iterable[str]:
    for name in _INDEX_FOLDERS:
        for folder in _FOLDERS_OF_INDICES:
            if (path / name / folder).is_dir():
                yield f"{folder} is not used; open a folder or file in it to take its splits"


LIVECELL: Final = Layout(
    "livecell",
    "LIVECell",
    "images/livecell_train_val_images/A172_Phase_A7_1_00d00h00m_1.tif\n"
    "images/livecell_test_images/A172_Phase_C7_1_00d00h00m_1.tif\n"
    "annotations/LIVECell/livecell_coco_train.json",
    recognise_livecell,
    livecell_listing,
    has_targets=True,
)
