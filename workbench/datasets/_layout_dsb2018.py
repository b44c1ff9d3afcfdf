"""Data Science Bowl 2018 (BBBC038), as Kaggle and the Broad Institute publish it.

A folder for every image: ``stage1_train/<id>/images/<id>.png`` with one mask for each nucleus in
``stage1_train/<id>/masks/*.png`` [1]_. ``stage1_test`` and ``stage2_test_final`` have images
alone; their truth came later as runs of pixels, ``stage1_solution.csv`` and
``stage2_solution_final.csv`` with the columns ImageId, EncodedPixels, Height, Width, Usage, where
the images of usage "Ignored" were never scored. ``stage1_train_labels.csv`` repeats the training
masks as runs, without sizes.

References
----------
.. [1] J. C. Caicedo et al., Nat. Methods 16:1247, 2019; bbbc.broadinstitute.org/BBBC038.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from workbench.datasets._files import LABEL_SUFFIXES, describe_image
from workbench.datasets._label_files import file_stamp, read_csv
from workbench.datasets._label_kaggle import MaskFolders, RunTable
from workbench.datasets._layout_pairs import find_root, has_files, kept_labelled
from workbench.datasets._layout_values import (
    ImageFile,
    Layout,
    Listing,
    ReadingOptions,
    subfolders,
)
from workbench.datasets._names import some
from workbench.datasets._records import LabelReader, Record
from workbench.schema import InputError, LabelImage

_STAGES: Final = {
    "stage1_train": ("train", "stage1_train_labels.csv"),
    "stage1_test": ("test", "stage1_solution.csv"),
    "stage2_test_final": ("test", "stage2_solution_final.csv"),
}
"""Folder of each stage: its split, and the table of its masks."""


@dataclass(frozen=True)
class MaskFolderLabels:
    """Reads one mask for each nucleus."""

    folder: Path

    def __call__(self) -> LabelImage:
        """Read them."""
        return MaskFolders({"": self.folder})("", None, check_pieces=False).labels


@dataclass(frozen=True)
class RunLabels:
    """Reads the runs of an image from a table; the image tells its size where the table doesn't."""

    table: Path
    image_id: str
    image: Path

    def __call__(self) -> LabelImage:
        """Read them."""
        info = describe_image(self.image)
        height, width = (info.shape[info.axes.index(axis)] for axis in "YX")
        return RunTable(self.table)(self.image_id, (height, width), check_pieces=False).labels


def recognise_dsb2018(path: Path) -> bool:
    """Whether a folder is a stage of the bowl, or holds some."""
    return find_root(path, _is_root) is not None


def dsb2018_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of all stages.

    Raises
    ------
    InputError
        If there is no stage, or a table of masks is damaged.
    """
    root = find_root(path, _is_root)
    if root is None:
        msg = (
            f"{path}: expected the folders {', '.join(_STAGES)} of the Data Science Bowl 2018, in "
            "each a folder for every image; unpack the archives into folders of these names."
        )
        raise InputError(msg)
    stages = [root / name for name in _STAGES if (root / name).is_dir()] or [root]
    records: list[Record] = []
    notes: list[str] = []
    for stage in stages:
        split, table_name = _STAGES.get(stage.name, ("test", ""))
        table = stage.parent / table_name
        usages = _usages(table, file_stamp(table)) if table_name and table.is_file() else {}
        ignored = []
        for folder in subfolders(stage):
            image = folder / "images" / f"{folder.name}.png"
            if usages.get(folder.name) == "Ignored":
                ignored.append(folder.name)
                continue
            if not image.is_file():
                notes.append(f"{image}: no such image; its folder is left out.")
                continue
            labels, reader = _labels(folder, image, table, usages)
            records.append(
                Record(
                    folder.name,
                    image,
                    labels,
                    split,
                    {"stage": stage.name},
                    image_reader=ImageFile(image, options.choice),
                    label_reader=reader,
                )
            )
        if ignored:
            notes.append(
                f"{table}: {len(ignored)} images of usage Ignored left out: {some(ignored)}."
            )
    return kept_labelled(records, notes)


def _is_root(folder: Path) -> bool:
    return _is_stage(folder) or any(_is_stage(folder / name) for name in _STAGES)


def _is_stage(folder: Path) -> bool:
    # The image is called like its folder: this tells the bowl from train/images/.
    first = subfolders(folder)[:5]
    return any((image / "images" / f"{image.name}.png").is_file() for image in first)


def _labels(
    folder: Path, image: Path, table: Path, usages: Mapping[str, str]
) -> tuple[Path | None, LabelReader | None]:
    """Return where the masks of an image lie, and what reads them."""
    if has_files(folder / "masks", LABEL_SUFFIXES):
        return folder / "masks", MaskFolderLabels(folder)
    if folder.name in usages:
        return table, RunLabels(table, folder.name, image)
    return None, None


@lru_cache(maxsize=4)
def _usages(table: Path, stamp: tuple[int, int]) -> Mapping[str, str]:
    """Return the usage of every image of a table, "" where it has none."""
    del stamp  # It tells versions of the file apart.
    columns = read_csv(table)
    if "ImageId" not in columns or "EncodedPixels" not in columns:
        msg = (
            f"{table}: expected the columns ImageId and EncodedPixels, got {', '.join(columns)}; "
            "download it again."
        )
        raise InputError(msg)
    image_ids = columns["ImageId"]
    return dict(zip(image_ids, columns.get("Usage", [""] * len(image_ids)), strict=True))


DSB2018: Final = Layout(
    "dsb2018",
    "Data Science Bowl 2018 (BBBC038), a folder for every image",
    "stage1_train/<id>/images/<id>.png\nstage1_train/<id>/masks/<nucleus>.png\n"
    "stage1_test/<id>/images/<id>.png\nstage1_solution.csv",
    recognise_dsb2018,
    dsb2018_listing,
)
