"""Why pixels are wrong, and how far predicted outlines lie off."""

from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.metrics._borders import RankImage, border_marks, border_pixels, cell_ranks
from workbench.metrics._cell_errors import CellErrors
from workbench.metrics._compiled import compiled
from workbench.metrics._distances import signed_distances
from workbench.metrics._events import IGNORED, MISSED, NOBODY, SPURIOUS, Codes
from workbench.metrics._overlap import FloatArray, IntArray, Overlap
from workbench.schema import PIXEL_ERRORS, LabelImage, PixelError

BAND_IN_DIAMETERS: Final = 0.05
# Places in PIXEL_ERRORS.
OVER_EXTENSION, HALLUCINATION, SHRINK, HOLE, MISSING, LEAK, WRONG_INSTANCE = range(7)


def pixel_errors(
    reference: LabelImage, predicted: LabelImage, overlap: Overlap, errors: CellErrors
) -> dict[PixelError, int]:
    """Count the wrong pixels of an image by kind; each wrong pixel counts once.

    Parameters
    ----------
    reference, predicted
        Label images, shape (height, width).
    overlap
        Their overlap table, from :func:`label_overlap`.
    errors
        What became of the cells, from :func:`label_errors`.

    Returns
    -------
    dict
        A count for each of :data:`workbench.schema.PIXEL_ERRORS`, zeros too. Pixels of cells that
        are left out count nowhere.

    Notes
    -----
    A pixel is right if neither side has a cell there, or the cells there are counterparts: matched
    or boundary partners, and in a split, merge or catastrophe without a match, the cells that are
    each other's largest overlap. Of the wrong ones, in a band along true outlines whose half width
    is 0.05 diameters of the true cell, rounded, and at least 1 px:

    - background called cell: ``over_extension`` in the band, ``hallucination`` elsewhere and
      wherever a spurious cell is;
    - cell called background: ``missing`` if the cell is missed, else ``shrink`` in the band of its
      own outline and ``hole`` inside of it;
    - cell called another cell: ``leak`` in the band of its own outline, else ``wrong_instance``.

    Examples
    --------
    >>> from workbench.metrics import label_errors, label_overlap
    >>> a, b = np.array([[1, 1, 1, 0, 0, 0]]), np.array([[1, 1, 0, 0, 0, 2]])
    >>> overlap = label_overlap(a, b)
    >>> {name: n for name, n in pixel_errors(a, b, overlap, label_errors(overlap)).items() if n}
    {'hallucination': 1, 'shrink': 1}
    """
    partner = _counterparts(
        overlap.reference_index,
        overlap.predicted_index,
        overlap.intersection,
        (errors.reference.event, errors.predicted.event),
        (errors.reference.partner, errors.predicted.partner),
    )
    diameters = np.sqrt(4 / np.pi * overlap.reference_areas)
    bands = np.maximum(1, np.round(BAND_IN_DIAMETERS * diameters)).astype(np.int64)
    ranks = cell_ranks(reference, overlap.reference_ids)
    counts = _counts(
        ranks,
        cell_ranks(predicted, overlap.predicted_ids),
        border_marks(ranks),
        bands,
        partner,
        (errors.reference.outcome, errors.predicted.outcome),
    )
    expected = _n_wrong(overlap, errors, partner)
    if counts.sum() != expected:
        msg = f"{counts.sum()} wrong pixels have a kind, of {expected}; please report these labels."
        raise AssertionError(msg)
    return dict(zip(PIXEL_ERRORS, counts.tolist(), strict=True))


def boundary_offsets(
    reference: LabelImage, predicted: LabelImage, overlap: Overlap, errors: CellErrors
) -> tuple[FloatArray, FloatArray]:
    """Return how far the predicted outline of each cell lies off that of its partner.

    Parameters
    ----------
    reference, predicted, overlap, errors
        As :func:`pixel_errors` takes them.

    Returns
    -------
    tuple of arrays
        Mean over the predicted outline's pixels of the distance to the closest pixel of the true
        outline, negative inside of the true cell, in pixels. Of reference and predicted cells, in
        the order of the overlap table; partners have the same value. NaN without a matched or
        boundary partner.

    Examples
    --------
    >>> from workbench.metrics import label_errors, label_overlap
    >>> reference, predicted = np.zeros((2, 9, 9), int)
    >>> reference[1:8, 1:8], predicted[2:7, 2:7] = 1, 1
    >>> overlap = label_overlap(reference, predicted)
    >>> boundary_offsets(reference, predicted, overlap, label_errors(overlap))[0]
    array([-1.])
    """
    n_reference, n_predicted = len(overlap.reference_ids), len(overlap.predicted_ids)
    of_reference, of_predicted = np.full(n_reference, np.nan), np.full(n_predicted, np.nan)
    paired = np.flatnonzero(errors.reference.partner != NOBODY)
    if paired.size:
        partner = errors.reference.partner[paired]
        ranks = cell_ranks(reference, overlap.reference_ids)
        means = signed_distances(
            ranks,
            border_pixels(ranks, n_reference),
            border_pixels(cell_ranks(predicted, overlap.predicted_ids), n_predicted),
            np.stack([paired, partner], axis=1),
        )
        of_reference[paired] = of_predicted[partner] = means
    return of_reference, of_predicted


@compiled
def _counterparts(
    reference_index: IntArray,
    predicted_index: IntArray,
    intersection: IntArray,
    events: tuple[IntArray, IntArray],
    partners: tuple[IntArray, IntArray],
) -> IntArray:
    """Return the predicted cell, at most one, that stands for each reference cell; -1 for none."""
    of_reference = partners[0].copy()
    best_of_reference = np.full(events[0].size, NOBODY, np.int64)
    best_of_predicted = np.full(events[1].size, NOBODY, np.int64)
    for pair in range(intersection.size):
        one, two = reference_index[pair], predicted_index[pair]
        is_free = partners[0][one] == NOBODY and partners[1][two] == NOBODY
        if not is_free or events[0][one] != events[1][two] or not events[0][one]:
            continue
        best = best_of_reference[one]
        if best == NOBODY or intersection[pair] > intersection[best]:
            best_of_reference[one] = pair
        best = best_of_predicted[two]
        if best == NOBODY or intersection[pair] > intersection[best]:
            best_of_predicted[two] = pair
    for one in range(best_of_reference.size):
        pair = best_of_reference[one]
        if pair != NOBODY and best_of_predicted[predicted_index[pair]] == pair:
            of_reference[one] = predicted_index[pair]
    return of_reference


@compiled
def _counts(  # noqa: PLR0917 - compiled functions take no keyword-only arguments
    reference: RankImage,
    predicted: RankImage,
    outlines: npt.NDArray[np.bool_],
    bands: IntArray,
    partner: IntArray,
    outcomes: tuple[Codes, Codes],
) -> IntArray:
    """Return the number of wrong pixels of each kind."""
    counts = np.zeros(7, np.int64)
    widest = 1
    for band in bands:
        widest = max(widest, band)
    for row in range(reference.shape[0]):
        for column in range(reference.shape[1]):
            one, two = reference[row, column], predicted[row, column]
            if one == 0 and two == 0:
                continue
            if one and (two == partner[one - 1] + 1 > 0 or outcomes[0][one - 1] == IGNORED):
                continue
            if two and outcomes[1][two - 1] == IGNORED:
                continue
            if one == 0 and outcomes[1][two - 1] == SPURIOUS:
                kind = HALLUCINATION
            elif two == 0 and outcomes[0][one - 1] == MISSED:
                kind = MISSING
            else:
                kind = HALLUCINATION if one == 0 else HOLE if two == 0 else WRONG_INSTANCE
                reach = widest if one == 0 else bands[one - 1]
                if _in_band(reference, outlines, bands, (row, column, one, reach)):
                    # Each kind in the band comes just before its kind elsewhere.
                    kind -= 1
            counts[kind] += 1
    return counts


@compiled
def _in_band(
    reference: RankImage,
    outlines: npt.NDArray[np.bool_],
    bands: IntArray,
    pixel: tuple[int, int, int, int],
) -> bool:
    """Whether an outline is close: that of the pixel's own cell or, on background, of any."""
    row, column, own, reach = pixel
    n_rows, n_columns = reference.shape
    for near in range(max(0, row - reach), min(n_rows, row + reach + 1)):
        for beside in range(max(0, column - reach), min(n_columns, column + reach + 1)):
            if not outlines[near, beside]:
                continue
            cell = reference[near, beside]
            squared = (near - row) ** 2 + (beside - column) ** 2
            is_its_own = own == 0 or cell == own  # noqa: PLR1714 - as compiled code takes it
            if is_its_own and squared <= bands[cell - 1] ** 2:
                return True
    return False


def _n_wrong(overlap: Overlap, errors: CellErrors, partner: IntArray) -> int:
    """Return the number of wrong pixels, from the table alone."""
    one, two = overlap.reference_index, overlap.predicted_index
    reference_counts = errors.reference.outcome != IGNORED
    predicted_counts = errors.predicted.outcome != IGNORED
    shared = overlap.intersection
    both = reference_counts[one] & predicted_counts[two]
    # Alone: on the other side is background.
    alone = overlap.reference_areas[reference_counts].sum() - shared[reference_counts[one]].sum()
    alone += overlap.predicted_areas[predicted_counts].sum() - shared[predicted_counts[two]].sum()
    return int(alone + shared[both & (partner[one] != two)].sum())
