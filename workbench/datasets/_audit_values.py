"""What the numbers of a label image give away before any cell is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from workbench.datasets._audit_findings import Box, Finding, found
from workbench.datasets._audit_pieces import Pieces, piece_groups
from workbench.datasets._label_cells import CLASS_MAP_PIECES
from workbench.datasets._label_forms import recognise_labels
from workbench.datasets._label_values import Array, IntArray
from workbench.schema import InputError, LabelImage

EXACT_FLOAT: Final = 2**24
"""Above it, 32-bit floats hold even numbers alone."""

MIN_EVEN: Final = 5
"""So many even numbers in a row are no chance."""

BACKGROUND_SHARE: Final = 0.5


def recognised(labels: Array) -> tuple[LabelImage, tuple[str, ...]] | str:
    """Return labels as the readers understand them and the codes of their notes, or why not."""
    try:
        # Readers make all numbers uint32; what they came from shows in the largest of them.
        for kind in (np.uint8, np.uint16):
            if labels.dtype.kind in "ui" and labels.max(initial=0) == np.iinfo(kind).max:
                labels = labels.astype(kind)
        plain, notes = recognise_labels(labels, name="labels", check_pieces=False)
    except InputError as error:
        return str(error).removeprefix("labels: ")
    return plain, tuple(note.code for note in notes)


def is_binary_mask(notes: tuple[str, ...], pieces: Pieces) -> bool:
    """Whether labels are a mask of several cells, not one cell and its crumbs.

    ``pieces`` are those of the labels as they came, all of one number.
    """
    if "binary_mask" not in notes:
        return False
    groups = piece_groups(pieces)
    return any(len(group.cells) > 1 or group.cells[0].size > 1 for group in groups.values())


def is_class_map(notes: tuple[str, ...], pieces: Pieces) -> bool:
    """Whether labels are rather classes than cells; classes never fill the range of a type."""
    return "overflow" not in notes and bool(
        pieces.owners.size > CLASS_MAP_PIECES * np.unique(pieces.owners).size
    )


def background_label(labels: LabelImage) -> int | None:
    """Return the label that covers most of the image and touches all its sides, if any.

    A label alone in its image is a cell, however large.
    """
    ids, areas = np.unique(labels[labels > 0], return_counts=True)
    if ids.size < 2 or areas.max() <= BACKGROUND_SHARE * labels.size:
        return None
    largest = ids[areas.argmax()]
    sides = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return int(largest) if all((side == largest).any() for side in sides) else None


def number_findings(
    ids: IntArray, repeated: IntArray, notes: tuple[str, ...], whole: Box
) -> Iterator[Finding]:
    """Find what is odd about the numbers of the cells.

    Parameters
    ----------
    ids
        Labels present, ascending.
    repeated
        Those that stand for several cells far apart.
    notes
        Codes of the notes of the reader.
    whole
        Box of the image.
    """
    top = int(ids[-1])
    if is_overflow(ids, repeated, notes):
        text = (
            f"{ids.size} numbers up to {top:,}, the largest the file type has, and {repeated.size} "
            f"of the lowest {int(repeated[-1])} stand for several cells far apart"
        )
        yield found("overflow", text, whole, tuple(repeated.tolist()))
    elif "overflow" in notes:
        text = f"{ids.size} cells numbered up to {top:,}, the largest number the file type has"
        yield found("full_range", text, whole)
    large = ids[ids > EXACT_FLOAT]
    if large.size >= MIN_EVEN and not (large % 2).any():
        text = (
            f"all {large.size} numbers above {EXACT_FLOAT:,} are even, as 32-bit floats leave them"
        )
        yield found("float_precision", text, whole, tuple(large.tolist()))
    elif top > ids.size:
        unused = f"{top - ids.size:,} numbers are" if top - ids.size > 1 else "1 number is"
        text = f"{ids.size} cells numbered up to {top:,}: {unused} not used"
        yield found("gaps", text, whole)


def is_overflow(ids: IntArray, repeated: IntArray, notes: tuple[str, ...]) -> bool:
    """Whether low numbers came back after the largest that the file type has.

    Numbers start again at 0, so that the lowest are used twice, all up to some number: at least
    half of those up to the highest repeated one must be seen to be.
    """
    if "overflow" not in notes or not repeated.size:
        return False
    return bool(2 * repeated.size >= np.count_nonzero(ids <= repeated[-1]))
