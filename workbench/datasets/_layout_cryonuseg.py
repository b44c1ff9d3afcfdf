"""CryoNuSeg: H&E-stained frozen sections of ten organs, annotated three times.

As published::

    tissue images/Human_AdrenalGland_01.tif
    Annotator 1 (biologist)/label masks modify/Human_AdrenalGland_01.tif
    Annotator 1 (biologist second round of manual marks up)/<the same again>/label masks modify/...
    Annotator 2 (bioinformatician)/<the same again>/label masks modify/...

The target chooses whose labels are read: "annotator_1", "annotator_1_second_round" or
"annotator_2". As in NuInsSeg, of the same authors, ``label masks modify`` are preferred to ``label
masks``, in which overlaps have numbers of their own. There are no official splits: all images are
for testing. Each image is from a patient of its own [1]_.

References
----------
.. [1] A. Mahbod et al., Comput. Biol. Med. 132:104349, 2021,
       doi:10.1016/j.compbiomed.2021.104349; README of masih4/CryoNuSeg.
.. [2] Loader of constantinpape/torch-em.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from workbench.datasets._layout_nuinsseg import IMAGES, label_masks, stained_records
from workbench.datasets._layout_values import Layout, Listing, ReadingOptions, subfolders
from workbench.datasets._records import Record
from workbench.schema import InputError

_ANNOTATOR: Final = re.compile(r"annotator (\d+) \(([^)]*)\)", re.IGNORECASE)


def recognise_cryonuseg(path: Path) -> bool:
    """Whether a folder holds CryoNuSeg's images and annotators."""
    return (path / IMAGES).is_dir() and bool(_annotators(path))


def cryonuseg_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images with the labels of one annotator.

    Raises
    ------
    InputError
        If several annotated and none is chosen, or no image has labels.
    """
    annotators = _annotators(path)
    target = options.target or (next(iter(annotators)) if len(annotators) == 1 else "")
    if target not in annotators:
        msg = (
            f"{path}: CryoNuSeg was annotated several times, got target {target!r}; give target "
            f"{' or '.join(annotators)}."
        )
        raise InputError(msg)
    notes: list[str] = []
    told = {"species": "human", "preparation": "frozen section"}
    masks = label_masks(annotators[target])
    records = stained_records(path / IMAGES, masks, told, options, notes)
    if not records:
        msg = f"{path}: no image of {IMAGES} has labels in {masks}."
        raise InputError(msg)
    others = [name for name in annotators if name != target]
    if others:
        notes.append(f"the labels of {', '.join(others)} are not used; the target chooses them")
    return Listing(tuple(_with_organ(record) for record in records), tuple(notes))


def _annotators(path: Path) -> dict[str, Path]:
    found = {}
    for folder in subfolders(path):
        if named := _ANNOTATOR.match(folder.name):
            again = "_second_round" if "second" in named[2].lower() else ""
            nested = folder / folder.name
            found[f"annotator_{named[1]}{again}"] = nested if nested.is_dir() else folder
    return dict(sorted(found.items()))


def _with_organ(record: Record) -> Record:
    """Add the organ of names such as Human_AdrenalGland_01."""
    named = re.fullmatch(r"Human_([A-Za-z]+)_\d+", record.image_id)
    if not named:
        return record
    organ = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", named[1]).lower()
    return replace(record, metadata={**record.metadata, "tissue": organ})


CRYONUSEG: Final = Layout(
    "cryonuseg",
    "CryoNuSeg",
    "tissue images/Human_AdrenalGland_01.tif\n"
    "Annotator 1 (biologist)/label masks modify/Human_AdrenalGland_01.tif",
    recognise_cryonuseg,
    cryonuseg_listing,
    has_targets=True,
)
