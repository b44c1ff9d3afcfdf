"""CellBinDB: one stain a folder, as published and as its benchmark's demo lies.

``CellBinDB.zip`` [1]_ unpacks to ``CellBinDB/<group>/<sample>/`` with ``<sample>-img.tif``,
``<sample>-mask.tif`` (cells against background) and ``<sample>-instancemask.tif`` (a number for
each cell); the groups are DAPI, HE, mIF, ssDNA, 10×Genomics_DAPI and 10×Genomics_HE. The demo of
its benchmark [2]_ has ``<group>/input/*-img.tif``, ``<group>/gt/*-mask.tif`` and the predictions
of several methods in ``<group>/output/<method>``. Where there is a mask alone, its connected
components are the cells, pixels that touch at a corner being one, as in that benchmark.

References
----------
.. [1] C. Shi et al., GigaScience 14:giaf069, 2025; zenodo.org/records/15370205.
.. [2] STOmics/cs-benchmark, folder demo.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from workbench.datasets._layout_pairs import (
    RecognisedLabels,
    find_root,
    has_files,
    kept_labelled,
)
from workbench.datasets._layout_values import (
    ImageFile,
    Layout,
    Listing,
    ReadingOptions,
    files_ending,
    subfolders,
)
from workbench.datasets._names import some
from workbench.datasets._records import Record
from workbench.schema import InputError

_IMAGE, _INSTANCES, _MASK = "-img.tif", "-instancemask.tif", "-mask.tif"
_GROUP: Final = re.compile(r"(?:(?P<platform>10[×x])(?:Genomics_)?)?(?P<stain>DAPI|HE|mIF|ssDNA)")
_DEMO: Final = ("input", "gt", "output", "processed_images")
_STAINS: Final = {"HE": "H&E"}
_TILE: Final = re.compile(r"(?P<picture>.+?)(?:-x\d+_y\d+_w\d+_h\d+|_\d+)")
_SPECIES: Final = re.compile(r"(?:^|_)(human|mouse)(?:_|$)", re.IGNORECASE)


def recognise_cellbindb(path: Path) -> bool:
    """Whether a folder, or the only one in it, holds stains as CellBinDB has them."""
    return find_root(path, _is_root) is not None


def cellbindb_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of all stains.

    Raises
    ------
    InputError
        If there is no stain with images, or a name stands twice in one.
    """
    root = find_root(path, _is_root)
    if root is None:
        msg = f"{path}: expected stains such as DAPI/ with <sample>/<sample>-img.tif in them."
        raise InputError(msg)
    groups = _groups(root)
    records = [_record(group, image, options) for group in groups for image in _images(group)]
    return kept_labelled(records, tuple(_notes(root, groups, records)))


def _is_root(folder: Path) -> bool:
    return any(_holds_samples(group) for group in _groups(folder))


def _groups(folder: Path) -> list[Path]:
    return [group for group in subfolders(folder) if _GROUP.fullmatch(group.name)]


def _holds_samples(group: Path) -> bool:
    first = next((folder for folder in subfolders(group) if folder.name not in _DEMO), None)
    return has_files(group / "input", (_IMAGE,)) or (
        first is not None and has_files(first, (_IMAGE,))
    )


def _images(group: Path) -> Iterator[Path]:
    if (group / "input").is_dir():
        yield from files_ending(group / "input", (_IMAGE,))
        return
    for sample in subfolders(group):
        yield from files_ending(sample, (_IMAGE,))


def _record(group: Path, image: Path, options: ReadingOptions) -> Record:
    name = image.name.removesuffix(_IMAGE)
    beside = image.parent
    instances = beside / f"{name}{_INSTANCES}"
    masks = (beside / f"{name}{_MASK}", group / "gt" / f"{name}{_MASK}")
    mask = next((path for path in masks if path.is_file()), None)
    named = _GROUP.fullmatch(group.name)
    stain = named["stain"] if named else group.name
    values = {"stain": _STAINS.get(stain, stain)}
    if named and named["platform"]:
        values["platform"] = "10x Genomics"
    if species := _SPECIES.search(name):
        values["species"] = species[1].lower()
    if tile := _TILE.fullmatch(name):
        values["group"] = tile["picture"]
    return Record(
        f"{group.name}_{name}",
        image,
        instances if instances.is_file() else mask,
        "test",
        values,
        image_reader=ImageFile(image, options.choice),
        label_reader=RecognisedLabels(mask) if mask and not instances.is_file() else None,
    )


def _notes(root: Path, groups: list[Path], records: list[Record]) -> Iterator[str]:
    masks = sum(record.label_reader is not None for record in records)
    if masks:
        yield (
            f"{root}: {masks} images have a mask alone; its connected components are the cells, "
            "touching cells are one."
        )
    methods = {folder.name for group in groups for folder in subfolders(group / "output")}
    if methods:
        yield f"{root}: predictions of {some(sorted(methods))} in output/ are not used."
    if any((group / "processed_images").is_dir() for group in groups):
        yield f"{root}: changed copies of images in processed_images/ are not used."


CELLBINDB: Final = Layout(
    "cellbindb",
    "CellBinDB, a folder for every stain",
    "DAPI/<sample>/<sample>-img.tif\nDAPI/<sample>/<sample>-instancemask.tif\n"
    "DAPI/<sample>/<sample>-mask.tif",
    recognise_cellbindb,
    cellbindb_listing,
)
