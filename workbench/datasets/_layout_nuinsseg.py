"""NuInsSeg: H&E-stained tissue of 31 human and mouse organs, a folder for each.

As published::

    human bladder/tissue images/human_bladder_01.png
    human bladder/label masks modify/human_bladder_01.tif
    human bladder/vague areas/...

Where nuclei overlap, ``label masks`` give the overlap a number of its own; ``label masks modify``
give it to one of the nuclei and are those to evaluate with [2]_, so these are read, and the others
only where they are missing. Each folder comes from one slide, which is the ``group`` [2]_. There
are no official splits into training and testing (cross-validation is [1]_'s), so all images are
for testing.

References
----------
.. [1] A. Mahbod et al., Sci. Data 11:295, 2024, doi:10.1038/s41597-024-03117-2.
.. [2] README of masih4/NuInsSeg.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from workbench.datasets._label_ids import refuse_repeated
from workbench.datasets._layout_values import (
    ImageFile,
    Layout,
    Listing,
    ReadingOptions,
    files_ending,
    metadata_text,
    subfolders,
)
from workbench.datasets._names import some
from workbench.datasets._records import Record
from workbench.schema import InputError

IMAGES: Final = "tissue images"
MASKS: Final = ("label masks modify", "label masks")
"""Folders of labels, the better first."""
_SPECIES: Final = ("human", "mouse")


def recognise_nuinsseg(path: Path) -> bool:
    """Whether a folder holds NuInsSeg's organs, or is one of them."""
    return bool(_organ_folders(path))


def nuinsseg_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of all organs, or of one.

    Raises
    ------
    InputError
        If cells are wanted, no image has labels, or images repeat.
    """
    if options.target not in ("", "nuclei"):
        msg = f"{path}: NuInsSeg has labels of nuclei, got target {options.target!r}."
        raise InputError(msg)
    records: list[Record] = []
    notes: list[str] = []
    vague: list[str] = []
    for folder in _organ_folders(path):
        species, _, organ = folder.resolve().name.partition(" ")
        told = {"species": species, "tissue": organ, "group": f"{species} {organ}"}
        records += stained_records(folder / IMAGES, label_masks(folder), told, options, notes)
        vague += [folder.name] if (folder / "vague areas").is_dir() else []
    if not records:
        msg = f"{path}: none of NuInsSeg's images has labels in {' or '.join(MASKS)}."
        raise InputError(msg)
    refuse_repeated(path, [record.image_id for record in records])
    if vague:
        notes.append(
            f"vague areas of {some(vague)} are not used: nuclei predicted there count as wrong"
        )
    return Listing(tuple(records), tuple(notes))


def label_masks(folder: Path) -> Path:
    """Return the folder of label images to evaluate with; it may be missing."""
    return next((folder / name for name in MASKS if (folder / name).is_dir()), folder / MASKS[0])


def stained_records(
    images: Path,
    masks: Path,
    told: Mapping[str, str],
    options: ReadingOptions,
    notes: list[str],
) -> list[Record]:
    """Return the H&E-stained images of a folder with the label images of the same stems.

    Parameters
    ----------
    images, masks
        The folders; label images are TIFF files.
    told
        Metadata of all of them.
    options
        Which channels.
    notes
        Gets a sentence on images without labels, and on labels whose overlaps have numbers of
        their own.
    """
    files = files_ending(images, (".png", ".tif", ".tiff"))
    labels = {file.stem: file for file in files_ending(masks, (".tif", ".tiff"))}
    lone = [file.name for file in files if file.stem not in labels]
    if lone:
        notes.append(f"{masks}: no labels for {some(lone)}, which are passed over")
    if masks.name == MASKS[1] and labels:
        notes.append(f"{masks}: overlaps of nuclei have numbers of their own; {MASKS[0]} is better")
    metadata = metadata_text({"modality": "brightfield", "stain": "H&E", **told})
    return [
        Record(
            file.stem,
            file,
            labels[file.stem],
            "test",
            metadata,
            image_reader=ImageFile(file, options.choice),
        )
        for file in files
        if file.stem in labels
    ]


def _organ_folders(path: Path) -> list[Path]:
    return [
        folder
        for folder in (path, *subfolders(path))
        if folder.resolve().name.lower().startswith(_SPECIES) and (folder / IMAGES).is_dir()
    ]


NUINSSEG: Final = Layout(
    "nuinsseg",
    "NuInsSeg",
    "human bladder/tissue images/human_bladder_01.png\n"
    "human bladder/label masks modify/human_bladder_01.tif",
    recognise_nuinsseg,
    nuinsseg_listing,
    has_targets=True,
)
