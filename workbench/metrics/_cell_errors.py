"""What became of every cell: matched, or lost to one of six kinds of error."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.metrics._borders import cell_ranks
from workbench.metrics._convention_scores import cells_off_border
from workbench.metrics._events import (
    DETAILS,
    IGNORED,
    MATCHED,
    MISSED,
    NOBODY,
    SPURIOUS,
    BoolArray,
    Codes,
    Found,
    Table,
    details,
    label_events,
    number_events,
    pair_leftovers,
)
from workbench.metrics._matching import matched_pairs
from workbench.metrics._overlap import IntArray, Overlap
from workbench.metrics._scores import DEFAULT_IOU_THRESHOLDS
from workbench.schema import ERROR_TYPES, OUTCOMES, PRIMARY_IOU_THRESHOLD, LabelImage

Border = Literal["keep", "match_aware"]
Columns = dict[str, npt.NDArray[Any]]

OUTCOME_NAMES: Final = np.array(OUTCOMES, object)
DETAIL_NAMES: Final = np.array(DETAILS, object)


class Ignored(NamedTuple):
    """Which reference and predicted cells are left out, in the order of the overlap table."""

    reference: BoolArray
    predicted: BoolArray


@dataclass(frozen=True, eq=False)
class SideErrors:
    """What became of the cells of one side, in the order of the overlap table.

    Attributes
    ----------
    outcome
        Places in :data:`workbench.schema.OUTCOMES`.
    detail
        Places in a list of details; :attr:`details` has the words.
    event
        Number of the error that the cell is part of, from 1; 0 for none.
    partner
        Place of the matched or boundary partner on the other side; -1 without one.
    """

    outcome: Codes
    detail: Codes
    event: IntArray
    partner: IntArray

    @property
    def outcomes(self) -> npt.NDArray[np.object_]:
        """Outcome of each cell, in words."""
        named: npt.NDArray[np.object_] = OUTCOME_NAMES[self.outcome]
        return named

    @property
    def details(self) -> npt.NDArray[np.object_]:
        """What more is known of each error's kind, in words; empty where nothing is."""
        named: npt.NDArray[np.object_] = DETAIL_NAMES[self.detail]
        return named


@dataclass(frozen=True, eq=False)
class CellErrors:
    """What became of every cell of an image at one IoU threshold.

    Attributes
    ----------
    iou_threshold
        From which on a pair is matched.
    reference, predicted
        The cells of either side.
    n_events
        Number of errors.
    tp, n_reference, n_predicted
        Matched pairs and cells of either side, without those left out.
    """

    iou_threshold: float
    reference: SideErrors
    predicted: SideErrors
    n_events: int
    tp: int
    n_reference: int
    n_predicted: int


def label_errors(
    overlap: Overlap,
    *,
    iou_threshold: float = PRIMARY_IOU_THRESHOLD,
    beta: float = 0.1,
    gamma: float = 0.5,
    frag: float = 0.05,
    border: Border = "keep",
    ignored: Ignored | None = None,
) -> CellErrors:
    """Say of every cell what became of it: each has exactly one outcome.

    Parameters
    ----------
    overlap
        Of two-dimensional label images, from :func:`label_overlap`.
    iou_threshold
        From which on a pair of cells is matched.
    beta
        Smallest IoU of a boundary error between cells that nothing else links; and the share of a
        missed cell from which on it is a near miss.
    gamma
        Two cells are linked if they share more than this part of one of them.
    frag
        A predicted cell that covers less than this part of a reference cell is not linked to it by
        its own share alone.
    border
        "match_aware" leaves out a matched pair whose reference cell touches the border, and an
        unmatched cell that touches it itself.
    ignored
        Cells to leave out before anything else, from :func:`ignored_cells`.

    Returns
    -------
    CellErrors
        Without cells on one side, all of the other are missed or spurious.

    Raises
    ------
    ValueError
        If the label images are not two-dimensional, or the threshold lies outside (0, 1].

    Notes
    -----
    Cells are linked if they are matched, or share more than ``gamma`` of the reference cell, or
    more than ``gamma`` of the predicted one and at least ``frag`` of the reference one. A connected
    component of g reference and p predicted cells that are not all matched is one event: missed
    (1, 0), spurious (0, 1), boundary (1, 1), split (1, p), merge (g, 1), catastrophe (g, p). Its
    matched cells stay matched, the others bear its name. A missed and a spurious cell left alone
    that are each other's best partner with an IoU of at least ``beta`` are a boundary error.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> overlap = label_overlap(np.array([[1, 1, 1, 0, 2]]), np.array([[1, 2, 2, 0, 0]]))
    >>> errors = label_errors(overlap)
    >>> errors.reference.outcomes, errors.predicted.outcomes, errors.predicted.details
    (array(['matched', 'missed'], dtype=object), array(['split', 'matched'], dtype=object), \
array(['fragment', ''], dtype=object))
    """
    if len(overlap.shape) != 2:
        msg = (
            f"errors are told for two-dimensional label images, got {len(overlap.shape)} "
            "dimensions; label volumes plane by plane."
        )
        raise ValueError(msg)
    left_out = ignored or Ignored(
        np.zeros(len(overlap.reference_ids), bool), np.zeros(len(overlap.predicted_ids), bool)
    )
    table = _table(overlap, iou_threshold, left_out)
    reference, predicted = label_events(table, tuple(left_out), gamma, frag)
    pair_leftovers(table, reference, predicted, beta)
    reference_detail, predicted_detail = details(table, reference, predicted, beta)
    if border == "match_aware":
        _drop_border(overlap, reference, predicted)
        reference_detail[reference.outcome == IGNORED] = 0
        predicted_detail[predicted.outcome == IGNORED] = 0
    errors = CellErrors(
        iou_threshold=float(iou_threshold),
        reference=SideErrors(reference.outcome, reference_detail, *reference[1:]),
        predicted=SideErrors(predicted.outcome, predicted_detail, *predicted[1:]),
        n_events=int(number_events(reference, predicted)),
        tp=int(np.count_nonzero(reference.outcome == MATCHED)),
        n_reference=int(np.count_nonzero(reference.outcome != IGNORED)),
        n_predicted=int(np.count_nonzero(predicted.outcome != IGNORED)),
    )
    _check(errors)
    return errors


def ignored_cells(
    reference: LabelImage,
    predicted: LabelImage,
    overlap: Overlap,
    mask: npt.NDArray[np.bool_],
) -> Ignored:
    """Return the cells that lie with more than half of their pixels in a mask.

    Parameters
    ----------
    reference, predicted
        Label images.
    overlap
        Their overlap table, from :func:`label_overlap`.
    mask
        Of the same shape: where nothing is judged.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> labels = np.array([[3, 3, 0, 5]])
    >>> mask = np.array([[True, False, True, True]])
    >>> ignored_cells(labels, labels, label_overlap(labels, labels), mask).reference
    array([False,  True])
    """
    if mask.shape != reference.shape:
        msg = f"the mask needs the shape of the labels, {reference.shape}, got {mask.shape}."
        raise ValueError(msg)
    sides = (
        (reference, overlap.reference_ids, overlap.reference_areas),
        (predicted, overlap.predicted_ids, overlap.predicted_areas),
    )
    inside = [
        2 * np.bincount(cell_ranks(labels, ids)[mask.astype(bool)], minlength=len(ids) + 1)[1:]
        > areas
        for labels, ids, areas in sides
    ]
    return Ignored(inside[0], inside[1])


def error_counts(
    overlap: Overlap,
    *,
    iou_thresholds: Sequence[float] = DEFAULT_IOU_THRESHOLDS,
    border: Border = "keep",
    ignored: Ignored | None = None,
) -> Columns:
    """Count the errors of an image by type at each IoU threshold.

    Parameters
    ----------
    overlap, border, ignored
        As :func:`label_errors` takes them.
    iou_thresholds
        At which to label.

    Returns
    -------
    dict of str to ndarray
        The columns of :data:`workbench.schema.ERROR_COLUMNS` that belong to an image, one entry
        per threshold and error type.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> counts = error_counts(label_overlap(np.array([[1, 0, 2]]), np.array([[1, 0, 0]])))
    >>> counts["error"][1], int(counts["reference_cells"][1]), int(counts["tp"][1])
    ('missed', 1, 1)
    """
    rows = [
        _counted(label_errors(overlap, iou_threshold=threshold, border=border, ignored=ignored))
        for threshold in iou_thresholds
    ]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]} if rows else {}


def _counted(errors: CellErrors) -> Columns:
    n = len(ERROR_TYPES)
    reference_cells, predicted_cells = (
        np.bincount(side.outcome, minlength=len(OUTCOMES))[1 : n + 1]
        for side in (errors.reference, errors.predicted)
    )
    type_of_event = np.zeros(errors.n_events + 1, np.int64)
    for side in (errors.reference, errors.predicted):
        wrong = (side.outcome != MATCHED) & (side.outcome != IGNORED)
        type_of_event[side.event[wrong]] = side.outcome[wrong]
    return {
        "threshold": np.full(n, errors.iou_threshold),
        "error": np.array(ERROR_TYPES, object),
        "n_events": np.bincount(type_of_event[1:], minlength=n + 1)[1:],
        "reference_cells": reference_cells,
        "predicted_cells": predicted_cells,
        # Put right, each reference cell of an event has a match, and as many are predicted.
        "added_matches": reference_cells,
        "added_predicted": reference_cells - predicted_cells,
        "tp": np.full(n, errors.tp),
        "n_reference": np.full(n, errors.n_reference),
        "n_predicted": np.full(n, errors.n_predicted),
    }


def _table(overlap: Overlap, iou_threshold: float, ignored: Ignored) -> Table:
    """Return the pairs of cells that are judged, and which of them are matched."""
    judged = ~(
        ignored.reference[overlap.reference_index] | ignored.predicted[overlap.predicted_index]
    )
    pairs = replace(
        overlap,
        reference_index=overlap.reference_index[judged],
        predicted_index=overlap.predicted_index[judged],
        intersection=overlap.intersection[judged],
    )
    matched = np.zeros(len(pairs.intersection), bool)
    matched[matched_pairs(pairs, iou_threshold=iou_threshold)] = True
    return Table(
        pairs.reference_index,
        pairs.predicted_index,
        pairs.intersection,
        pairs.reference_areas,
        pairs.predicted_areas,
        pairs.reference_centroids,
        pairs.predicted_centroids,
        matched,
    )


def _drop_border(overlap: Overlap, reference: Found, predicted: Found) -> None:
    """Leave out what the match-aware border rule drops."""
    off_reference, off_predicted = cells_off_border(overlap, band_px=1)
    matched = np.flatnonzero(reference.outcome == MATCHED)
    off_predicted[reference.partner[matched]] = off_reference[matched]
    for found, is_off, others_off in (
        (reference, off_reference, off_predicted),
        (predicted, off_predicted, off_reference),
    ):
        found.outcome[~is_off] = IGNORED
        found.event[~is_off] = 0
        has_partner = found.partner != NOBODY
        gone = ~is_off
        gone[has_partner] |= ~others_off[found.partner[has_partner]]
        found.partner[gone] = NOBODY


def _check(errors: CellErrors) -> None:
    """Make sure that the outcomes are exclusive, exhaustive and agree between the sides."""
    reference, predicted = errors.reference, errors.predicted
    matched = np.flatnonzero(reference.outcome == MATCHED)
    faults = (
        (predicted.partner[reference.partner[matched]] != matched).any(),
        np.count_nonzero(predicted.outcome == MATCHED) != errors.tp,
        (reference.outcome == SPURIOUS).any() or (predicted.outcome == MISSED).any(),
        any(
            (is_error != (side.event > 0))[side.outcome != MATCHED].any()
            for side in (reference, predicted)
            for is_error in [(side.outcome != MATCHED) & (side.outcome != IGNORED)]
        ),
    )
    if any(faults):
        msg = f"errors of cells contradict each other: {faults}; please report these labels."
        raise AssertionError(msg)
