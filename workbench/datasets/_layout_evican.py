"""EVICAN: 30 cell lines in brightfield and phase contrast, partially annotated, in COCO files.

As published, and as its loaders lay it out [2]_ [3]_::

    [Images/]EVICAN_train2019/*.jpg     or train2019/, images/train/; likewise val and eval
    [annotations*/]instances_train2019_EVICAN2.json
    [annotations*/]instances_val2019_EVICAN2.json
    [annotations*/]instances_eval2019_easy_EVICAN2.json     medium and difficult likewise

The files ``EVICAN2`` know the categories Cell and Nucleus, which the target "whole_cell" or
"nuclei" chooses; the files ``EVICAN60`` tell cell lines apart and are not read. In the training and
validation images many cells are not annotated [1]_: a method that finds them is counted wrong
there. Images without an annotation of the target, such as those of mere background, are passed
over. Where polygons overlap, the first in the file keeps the pixels.

References
----------
.. [1] M. Schwendy et al., Bioinformatics 36:3863-3870, 2020, doi:10.1093/bioinformatics/btaa225.
.. [2] Loader of the authors' Mask R-CNN (EVICAN-MRCNN).
.. [3] Loader of constantinpape/torch-em.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from workbench.datasets._coco_index import CocoImage, coco_index
from workbench.datasets._image_decoders import IMAGE_SUFFIXES
from workbench.datasets._label_coco import CocoLabels
from workbench.datasets._label_files import file_stamp
from workbench.datasets._label_ids import refuse_repeated
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

TARGETS: Final = {"nuclei": "Nucleus", "whole_cell": "Cell"}
"""Names of the categories."""
SPLITS: Final = {"train": "train", "val": "val", "eval": "test"}
"""What EVICAN calls its splits."""
_INDEX: Final = re.compile(
    r"instances_(?P<part>train|val|eval)(?=2019|.*evican)(?:2019)?"
    r"(?:_(?P<difficulty>easy|medium|difficult))?(?:_EVICAN(?P<version>2|60))?\.json",
    re.IGNORECASE,
)


def recognise_evican(path: Path) -> bool:
    """Whether a path is EVICAN's folder or one of its JSON files."""
    return bool(_INDEX.fullmatch(path.name)) if path.is_file() else bool(_index_files(path))


def evican_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of EVICAN's JSON files.

    Raises
    ------
    InputError
        If it isn't said whether cells or nuclei are meant, the files with both categories or the
        images are not there, or a file is damaged.
    """
    if options.target not in TARGETS:
        msg = (
            f"{path}: EVICAN has annotations of cells and of nuclei, got target "
            f"{options.target!r}; give target {' or '.join(TARGETS)}."
        )
        raise InputError(msg)
    indices = _index_files(path) if path.is_dir() else [path]
    used = [index for index in indices if _told(index).get("version", "60") != "60"]
    if not used:
        there = some([index.name for index in indices]) or "none"
        msg = (
            f"{path}: needs annotations such as instances_train2019_EVICAN2.json, got {there}; "
            "download them, too."
        )
        raise InputError(msg)
    notes = [f"{index.name}: not used" for index in indices if index not in used]
    records: list[Record] = []
    for index in used:
        records += _index_records(index, options, notes)
    refuse_repeated(path, [record.image_id for record in records])
    if any(record.split != "test" for record in records):
        notes.append(
            "images of train and val are partially annotated: cells without annotation count as "
            "background"
        )
    return Listing(tuple(records), tuple(notes))


def _told(index: Path) -> Mapping[str, str]:
    found = _INDEX.fullmatch(index.name)
    return {name: value or "" for name, value in found.groupdict().items()} if found else {}


def _index_files(folder: Path) -> list[Path]:
    places = [folder]
    for place in subfolders(folder):
        if place.name.lower().startswith("annotation"):
            places += [place, *subfolders(place)]
    found = [file for place in places for file in files_ending(place, [".json"])]
    order = ("train", "val", "eval", "easy", "medium", "difficult")
    told = {file: _told(file) for file in found if _INDEX.fullmatch(file.name)}
    return sorted(
        told,
        key=lambda file: [
            order.index(told[file][name].lower()) if told[file][name] else -1
            for name in ("part", "difficulty")
        ],
    )


def _image_folder(index: Path, part: str) -> Path:
    names = [f"{name}{part}{year}" for name in ("EVICAN_", "") for year in ("2019", "")]
    for folder in index.resolve().parents[:3]:
        for place in (folder, *(top for top in subfolders(folder) if top.name.lower() == "images")):
            for name in names:
                if (place / name).is_dir():
                    return place / name
    msg = f"{index}: found no folder {names[0]} with its images; unpack {names[0]}.zip beside it."
    raise InputError(msg)


def _index_records(index: Path, options: ReadingOptions, notes: list[str]) -> list[Record]:
    listed = coco_index(index)
    category = TARGETS[options.target]
    told = _told(index)
    part = told["part"].lower()
    folder = _image_folder(index, part)
    there = {file.name: file for file in files_ending(folder, IMAGE_SUFFIXES)}
    code = _category_code(index, listed.categories, category)
    notes += [f"{index.name}: {text}" for text in listed.left_out]
    records = []
    missing, bare = [], []
    for image_id, image in listed.images.items():
        path = there.get(inside(folder, image.file_name, named_by=index).name)
        own = image.spans[image.categories == code]
        if path is None:
            missing.append(image.file_name)
        elif not len(own):
            bare.append(image.file_name)
        else:
            told_of = {"difficulty": told["difficulty"].lower(), "cell_type": _cell_line(path)}
            labels = CocoLabels(index, file_stamp(index), image_id, _shape(index, image), own)
            records.append(
                Record(
                    f"{SPLITS[part]}_{path.stem}",
                    path,
                    index,
                    SPLITS[part],
                    metadata_text(told_of),
                    image_reader=ImageFile(path, options.choice),
                    label_reader=labels,
                )
            )
    if not records:
        msg = f"{index}: none of its images is in {folder} and has a {category} annotated."
        raise InputError(msg)
    if missing:
        notes.append(f"{index.name}: {len(missing)} images are not there: {some(missing)}")
    if bare:
        notes.append(f"{index.name}: {len(bare)} images have no {category} annotated: {some(bare)}")
    return records


def _category_code(index: Path, categories: tuple[str, ...], wanted: str) -> int:
    names = [name.casefold() for name in categories]
    if wanted.casefold() not in names:
        msg = f"{index}: has no annotations of {wanted!r}, only of {some(list(categories))}."
        raise InputError(msg)
    return names.index(wanted.casefold())


def _cell_line(path: Path) -> str:
    """Return the cell line of names such as 18_Caki.jpg."""
    found = re.fullmatch(r"\d+_([^_]+)", path.stem)
    return found[1] if found else ""


def _shape(index: Path, image: CocoImage) -> tuple[int, int]:
    if image.shape is None:
        msg = f"{index}: doesn't say how large {image.file_name} is; download it again."
        raise InputError(msg)
    return image.shape


EVICAN: Final = Layout(
    "evican",
    "EVICAN",
    "Images/EVICAN_train2019/1_A549.jpg\nannotations_EVICAN2/instances_train2019_EVICAN2.json",
    recognise_evican,
    evican_listing,
    has_targets=True,
)
