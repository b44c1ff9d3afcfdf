"""BBBC039 and BBBC006 of the Broad Bioimage Benchmark Collection: nuclei of U2OS cells.

BBBC039 [1]_ unpacks to ``images/*.tif`` (16 bit), ``masks/*.png`` of the same stems, and
``metadata/training.txt``, ``validation.txt`` and ``test.txt``, which list the masks of each split,
one name a line. Masks are pictures with transparency; their first channel holds colour numbers of
which touching nuclei have different ones, so that the connected patches of one number are the
nuclei (as the publisher's own code reads them: first channel, then ``skimage.morphology.label``).
One field for each compound; stems are ``IXMtest_<well>_s<site>_w1<id>``.

BBBC006 [1]_ unpacks to ``BBBC006_v1_images_z_16/`` (and 33 other focal planes, of which 16 is in
focus) with ``mcf-z-stacks-03212011_<well>_s<site>_w<channel><id>.tif``, channel 1 Hoechst and 2
phalloidin, and ``BBBC006_v1_labels/mcf-z-stacks-03212011_<well>_s<site>.png``. The labels are of
nuclei, made by a program.

References
----------
.. [1] V. Ljosa et al., Nat. Methods 9:637, 2012; bbbc.broadinstitute.org/BBBC039, /BBBC006;
   J. C. Caicedo et al., Cytometry A 95:952, 2019.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.datasets._files import plain_labels
from workbench.datasets._label_files import read_pixels
from workbench.datasets._layout_pairs import (
    RecognisedLabels,
    files_by_key,
    find_root,
    kept_labelled,
    labels_without_image,
    paired_records,
)
from workbench.datasets._layout_values import (
    Layout,
    Listing,
    ReadingOptions,
    files_ending,
    subfolders,
)
from workbench.datasets._names import some
from workbench.datasets._records import Record
from workbench.schema import InputError, LabelImage

_SPLIT_LISTS: Final = {"training": "train", "validation": "val", "test": "test"}
_STEM_039: Final = re.compile(r"IXMtest_(?P<well>[A-P]\d\d)_s(?P<site>\d+)_w1.*")
_FACTS_039: Final = {"cell_type": "U2OS", "stain": "Hoechst", "modality": "fluorescence"}

_IMAGES_006: Final = "BBBC006_v1_images_z_16"
_LABELS_006: Final = "BBBC006_v1_labels"
_STEM_006: Final = re.compile(
    r"(?P<key>.+_(?P<well>[a-p]\d\d)_s(?P<site>\d))(?:_w(?P<channel>\d).*)?"
)


@dataclass(frozen=True)
class ColouredPatches:
    """Reads a mask whose touching nuclei differ in the first channel."""

    path: Path

    def __call__(self) -> LabelImage:
        """Give each connected patch of one value a number; pixels touching at a corner are one."""
        from skimage.measure import label

        pixels = read_pixels(self.path)
        first = pixels if pixels.ndim == 2 else pixels[..., 0]
        if first.ndim != 2:
            msg = (
                f"{self.path}: expected a mask of shape (height, width, channels), got "
                f"{pixels.shape}; download masks.zip again."
            )
            raise InputError(msg)
        return plain_labels(label(first, background=0, connectivity=2), name=str(self.path))


def recognise_bbbc039(path: Path) -> bool:
    """Whether a folder holds images/ and masks/ with the names of BBBC039."""
    return find_root(path, _is_bbbc039) is not None


def bbbc039_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of BBBC039 with the published splits.

    Raises
    ------
    InputError
        If images/ or masks/ lack, or a name stands in two splits.
    """
    root = find_root(path, _is_bbbc039)
    if root is None:
        msg = f"{path}: expected images/ and masks/ of BBBC039; unpack images.zip and masks.zip."
        raise InputError(msg)
    images = files_by_key(root / "images", (".tif", ".tiff"), str)
    masks = files_by_key(root / "masks", (".png",), str)
    splits, notes = _published_splits(root / "metadata", images)
    records = [
        replace(
            record,
            split=splits.get(record.image_id, "test"),
            metadata={**_FACTS_039, **_well(record.image_id, _STEM_039)},
            label_reader=ColouredPatches(record.labels) if record.labels else None,
        )
        for record in paired_records(images, masks, options, split="test")
    ]
    return kept_labelled(records, (*notes, *labels_without_image(images, masks)))


def _is_bbbc039(folder: Path) -> bool:
    if not (folder / "masks").is_dir():
        return False
    first = next(iter(files_ending(folder / "images", (".tif", ".tiff"))), None)
    return first is not None and _STEM_039.fullmatch(first.stem) is not None


def _published_splits(
    folder: Path, images: Mapping[str, Path]
) -> tuple[dict[str, str], tuple[str, ...]]:
    splits: dict[str, str] = {}
    for name, split in _SPLIT_LISTS.items():
        path = folder / f"{name}.txt"
        if not path.is_file():
            continue
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            msg = f"{path}: can't be read ({error.strerror}); restore the list."
            raise InputError(msg) from error
        for line in lines:
            stem = PurePosixPath(line.strip()).stem
            if stem and splits.setdefault(stem, split) != split:
                msg = f"{path}: {stem} already has the split {splits[stem]}; restore the lists."
                raise InputError(msg)
    if not splits:
        return {}, (f"{folder}: no lists of splits; all images have the split test.",)
    notes = []
    if lonely := [stem for stem in images if stem not in splits]:
        notes.append(f"{folder}: {len(lonely)} images in no list, split test: {some(lonely)}.")
    if absent := [stem for stem in splits if stem not in images]:
        notes.append(f"{folder}: {len(absent)} listed images are not there: {some(absent)}.")
    return splits, tuple(notes)


def recognise_bbbc006(path: Path) -> bool:
    """Whether a folder holds the focal plane in focus and the labels of BBBC006."""
    return find_root(path, _is_bbbc006) is not None


def bbbc006_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the Hoechst images of the focal plane in focus.

    Raises
    ------
    InputError
        If images or labels lack, or two images stand for one field.
    """
    root = find_root(path, _is_bbbc006)
    if root is None:
        msg = f"{path}: expected {_IMAGES_006}/ and {_LABELS_006}/; unpack both archives here."
        raise InputError(msg)
    images = files_by_key(root / _IMAGES_006, (".tif",), _hoechst_field)
    labels = files_by_key(root / _LABELS_006, (".png",), _field)
    records: list[Record] = [
        replace(
            record,
            metadata={**_FACTS_039, **_well(record.image_id, _STEM_006)},
            label_reader=RecognisedLabels(record.labels) if record.labels else None,
        )
        for record in paired_records(images, labels, options, split="test")
    ]
    notes = [f"{root / _IMAGES_006}: the phalloidin images (w2) are not used."]
    planes = [
        folder.name
        for folder in subfolders(root)
        if folder.name.startswith("BBBC006_v1_images_z_") and folder.name != _IMAGES_006
    ]
    if planes:
        notes.append(f"{root}: {len(planes)} focal planes out of focus are not used.")
    return kept_labelled(records, (*notes, *labels_without_image(images, labels)))


def _is_bbbc006(folder: Path) -> bool:
    return (folder / _IMAGES_006).is_dir() and (folder / _LABELS_006).is_dir()


def _hoechst_field(stem: str) -> str | None:
    found = _STEM_006.fullmatch(stem)
    return found["key"] if found and found["channel"] == "1" else None


def _field(stem: str) -> str | None:
    found = _STEM_006.fullmatch(stem)
    return found["key"] if found and found["channel"] is None else None


def _well(stem: str, pattern: re.Pattern[str]) -> dict[str, str]:
    found = pattern.fullmatch(stem)
    return {"group": found["well"], "site": found["site"]} if found else {}


BBBC039: Final = Layout(
    "bbbc039",
    "BBBC039, nuclei of U2OS cells in a chemical screen",
    "images/IXMtest_A02_s1_w1051DAA7C.tif\nmasks/IXMtest_A02_s1_w1051DAA7C.png\n"
    "metadata/training.txt\nmetadata/validation.txt\nmetadata/test.txt",
    recognise_bbbc039,
    bbbc039_listing,
)
BBBC006: Final = Layout(
    "bbbc006",
    "BBBC006, U2OS cells through focus",
    "BBBC006_v1_images_z_16/mcf-z-stacks-03212011_a01_s1_w1d1a.tif\n"
    "BBBC006_v1_labels/mcf-z-stacks-03212011_a01_s1.png",
    recognise_bbbc006,
    bbbc006_listing,
)
