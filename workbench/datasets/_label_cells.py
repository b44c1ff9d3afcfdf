"""Cells as sets of pixels: painted into one label image, counted in connected pieces."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.datasets._label_runs import refuse_covering, run_pixels
from workbench.datasets._label_values import IntArray, LabelNote, LabelRead, Shape
from workbench.schema import LabelImage

CLASS_MAP_PIECES: Final = 10
"""With more pieces than this per label, labels are rather classes than cells."""


def painted(
    shape: Shape,
    cells: Sequence[IntArray],
    check_pieces: bool,
    scores: Sequence[float] | None = None,
    numbers: Sequence[int] | None = None,
    *,
    name: str,
) -> LabelRead:
    """Paint cells given as runs; the surer cell keeps a contested pixel.

    Without ``numbers`` they are numbered from 1 in their order. Errors call the image ``name``.
    """
    refuse_covering(cells, shape, name=name)
    own = list(numbers or range(1, len(cells) + 1))
    ranks = list(range(len(cells)))
    if scores is not None:
        ranks.sort(key=lambda rank: -scores[rank])
    drawn = ((own[rank], run_pixels(cells[rank])) for rank in ranks)
    labels, notes = paint_cells(drawn, shape)
    if check_pieces:
        notes += piece_notes(labels)
    if scores is None:
        return LabelRead(labels, notes)
    there = set(np.unique(labels[labels > 0]).tolist())
    confidences = dict(zip(own, scores, strict=True))
    return LabelRead(labels, notes, {n: confidences[n] for n in sorted(there)})


def paint_cells(
    cells: Iterable[tuple[int, IntArray]], shape: tuple[int, int]
) -> tuple[LabelImage, tuple[LabelNote, ...]]:
    """Paint cells into one label image; a pixel that several claim stays with the first.

    Parameters
    ----------
    cells
        Id and pixels (counted down the columns) of each cell, the first in rank first.
    shape
        (height, width) of the image.

    Returns
    -------
    labels : ndarray of uint32
        Shape (height, width).
    notes : tuple of LabelNote
        How many pixels several cells claim, and how many cells have no pixel (left).

    Examples
    --------
    >>> labels, notes = paint_cells([(1, np.array([0, 1])), (2, np.array([1, 2]))], (3, 1))
    >>> labels.ravel().tolist(), notes[0].text
    ([1, 1, 2], '1 pixels belong to several cells; each went to the first of them')
    """
    columns = np.zeros(shape[0] * shape[1], np.uint32)
    claimed_twice = np.zeros(columns.size, bool)
    n_cells = without_pixels = 0
    for cell_id, pixels in cells:
        taken = columns[pixels] > 0
        claimed_twice[pixels[taken]] = True
        columns[pixels[~taken]] = cell_id
        n_cells += 1
        without_pixels += bool(taken.all())
    notes = []
    if overlap := np.count_nonzero(claimed_twice):
        text = f"{overlap} pixels belong to several cells; each went to the first of them"
        notes.append(LabelNote("overlap", text))
    if without_pixels:
        text = f"{without_pixels} of {n_cells} cells have no pixel of their own and are left out"
        notes.append(LabelNote("no_pixels", text))
    return np.ascontiguousarray(columns.reshape(shape[::-1]).T), tuple(notes)


def piece_notes(labels: LabelImage) -> tuple[LabelNote, ...]:
    """Return a note if cells lie in several pieces; pixels touching at a corner are connected.

    Parameters
    ----------
    labels
        Shape (height, width) or (planes, height, width).

    Returns
    -------
    tuple of LabelNote
        Empty if every cell is in one piece.

    Examples
    --------
    >>> piece_notes(np.array([[1, 2, 1]]))[0].text
    '1 of 2 cells lie in several pieces (3 pieces in all); left as they are'
    """
    owners = piece_owners(labels) if labels.ndim == 2 else _piece_owners_volume(labels)
    pieces = np.unique(owners, return_counts=True)[1]
    torn = np.count_nonzero(pieces > 1)
    if not torn:
        return ()
    text = (
        f"{torn} of {pieces.size} cells lie in several pieces ({owners.size} pieces in all); left "
        "as they are"
    )
    if owners.size > CLASS_MAP_PIECES * pieces.size:
        text += "; are these classes of pixels rather than cells?"
    return (LabelNote("pieces", text),)


def piece_owners(labels: LabelImage) -> IntArray:
    """Return the label of each connected piece of a plane.

    Pieces are joined from runs of pixels along the rows: a plane has a hundred times fewer of
    them than pixels.
    """
    height, width = labels.shape
    starts_run = np.ones((height, width), bool)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=starts_run[:, 1:])
    first = np.flatnonzero(starts_run)
    value = labels.ravel()[first]
    length = np.diff(first, append=labels.size)
    cells = value > 0
    first, value, length = first[cells], value[cells], length[cells]
    # Rows are set two pixels apart, so that the end of one doesn't touch the start of the next.
    begin = first + 2 * (first // width)
    end = begin + length
    below_first = np.searchsorted(end, begin + width + 2)
    below_end = np.searchsorted(begin, end + width + 2, side="right")
    n_below = np.maximum(below_end - below_first, 0)
    upper = np.repeat(np.arange(first.size), n_below)
    lower = run_pixels(np.column_stack([below_first, below_first + n_below]))
    same = value[upper] == value[lower]
    links = coo_array(
        (np.ones(np.count_nonzero(same), bool), (upper[same], lower[same])),
        shape=(first.size, first.size),
    )
    n_pieces, piece = connected_components(links, directed=False)
    owners = np.zeros(n_pieces, np.int64)
    owners[piece] = value
    return owners


def _piece_owners_volume(labels: LabelImage) -> IntArray:
    """Return the label of each connected piece of a volume."""
    from skimage.measure import label

    pieces, n_pieces = label(labels, connectivity=labels.ndim, return_num=True)
    owners = np.zeros(n_pieces + 1, np.int64)
    owners[pieces.ravel()] = labels.ravel()
    return owners[1:]
