"""The subset of the Data Science Bowl 2018 that StarDist publishes.

``dsb2018.zip`` [1]_ holds ``dsb2018/train`` and ``dsb2018/test``, each with ``images/*.tif`` and
``masks/*.tif`` of the same names; a mask holds one number per nucleus. Any set in these folders
is read likewise.

References
----------
.. [1] U. Schmidt et al., MICCAI 2018, doi:10.1007/978-3-030-00934-2_30 (code: stardist/stardist,
   release 0.1.0).
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
    with_unique_ids,
)
from workbench.datasets._layout_values import Layout, Listing, ReadingOptions
from workbench.datasets._records import Record
from workbench.schema import InputError

_SPLITS: Final = {"train": "train", "val": "val", "test": "test"}
_LABEL_SUFFIXES: Final = (".tif", ".tiff", ".png")


def recognise_stardist(path: Path) -> bool:
    """Whether a folder, or the only one in it, holds train/ or test/ with images and masks."""
    return find_root(path, _is_root) is not None


def stardist_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of all splits.

    Raises
    ------
    InputError
        If there is no split, or two images of one have the same stem.
    """
    root = find_root(path, _is_root)
    if root is None:
        msg = f"{path}: expected train/ or test/ with images/ and masks/; check the path."
        raise InputError(msg)
    records: list[Record] = []
    notes: list[str] = []
    for folder, split in _SPLITS.items():
        images = files_by_key(root / folder / "images", PLAIN_IMAGE_SUFFIXES, str)
        labels = files_by_key(root / folder / "masks", _LABEL_SUFFIXES, str)
        records += paired_records(images, labels, options, split=split)
        notes += labels_without_image(images, labels)
    return kept_labelled(with_unique_ids(records), notes)


def _is_root(folder: Path) -> bool:
    return any(
        (folder / name / "masks").is_dir()
        and has_files(folder / name / "images", PLAIN_IMAGE_SUFFIXES)
        for name in _SPLITS
    )


STARDIST: Final = Layout(
    "stardist",
    "train/ and test/ with images/ and masks/, as StarDist publishes its subset of the Data "
    "Science Bowl",
    "train/images/a.tif\ntrain/masks/a.tif\ntest/images/b.tif\ntest/masks/b.tif",
    recognise_stardist,
    stardist_listing,
)
