"""NeurIPS 2022 Cell Segmentation challenge, as its archives unpack.

``Training-labeled.zip``, ``Tuning.zip`` and ``Testing.zip`` of [1]_ hold ``images/`` in whatever
format the microscope wrote (TIFF, PNG, BMP, JPEG) and ``labels/`` as ``<stem>_label.tiff``; the
testing images lie in ``Public/`` and ``Hidden/``, of which the hidden ones are published without
labels. Whole slides lie in ``WSI/``. The first release called its folder ``Training``.

References
----------
.. [1] doi:10.5281/zenodo.10719375; J. Ma et al., Nat. Methods 21:1103, 2024.
"""

from pathlib import Path
from typing import Final

from workbench.datasets._layout_pairs import (
    PLAIN_IMAGE_SUFFIXES,
    files_by_key,
    find_root,
    has_files,
    kept_labelled,
    labels_without_image,
    paired_records,
)
from workbench.datasets._layout_values import Layout, Listing, ReadingOptions, files_ending
from workbench.datasets._records import Record
from workbench.schema import InputError

_PARTS: Final = {
    "Training-labeled": ("train", "train"),
    "Training": ("train", "train"),
    "Tuning": ("val", "val"),
    "Testing/Public": ("test", "test"),
    "Testing/Hidden": ("test", "hidden"),
}
"""Folder of each part: its split, and what its image ids begin with."""
_UNUSED: Final = (
    "release-part1", "train-unlabeled-part1", "train-unlabeled-part2", "Training/unlabeled",
    "Testing/Public/WSI",
)  # fmt: skip


def recognise_neurips(path: Path) -> bool:
    """Whether a folder, or the only one in it, holds parts of the challenge."""
    return find_root(path, _is_root) is not None


def neurips_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the labelled images of the challenge.

    Raises
    ------
    InputError
        If none of its folders is there, or two images have the same stem.
    """
    root = find_root(path, _is_root)
    if root is None:
        msg = (
            f"{path}: expected the folders {', '.join(_PARTS)} of the NeurIPS challenge with "
            "images/ and labels/ in them; unpack its archives side by side."
        )
        raise InputError(msg)
    records: list[Record] = []
    notes: list[str] = []
    for name, (split, prefix) in _PARTS.items():
        images = files_by_key(root / name / "images", PLAIN_IMAGE_SUFFIXES, str)
        labels = files_by_key(root / name / "labels", (".tif", ".tiff"), _image_stem)
        records += paired_records(
            images, labels, options, split=split, prefix=f"{prefix}_", metadata={"part": name}
        )
        notes += labels_without_image(images, labels)
    for name in _UNUSED:
        if unused := files_ending(root / name, PLAIN_IMAGE_SUFFIXES):
            notes.append(f"{root / name}: {len(unused)} images are not used.")
    return kept_labelled(records, notes)


def _is_root(folder: Path) -> bool:
    return any(has_files(folder / name / "images", PLAIN_IMAGE_SUFFIXES) for name in _PARTS)


def _image_stem(label_stem: str) -> str | None:
    return label_stem.removesuffix("_label") if label_stem.endswith("_label") else None


NEURIPS: Final = Layout(
    "neurips_cellseg",
    "NeurIPS 2022 Cell Segmentation challenge",
    "Training-labeled/images/cell_00001.bmp\nTraining-labeled/labels/cell_00001_label.tiff\n"
    "Tuning/images/cell_00001.tif\nTuning/labels/cell_00001_label.tiff\n"
    "Testing/Public/images/OpenTest_001.png\nTesting/Public/labels/OpenTest_001_label.tiff",
    recognise_neurips,
    neurips_listing,
)
