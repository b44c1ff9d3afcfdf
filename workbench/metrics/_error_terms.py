"""The errors of an image in the terms of others, for comparison with published numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.metrics._matching import matched_pairs
from workbench.metrics._overlap import FloatArray, IntArray, Overlap
from workbench.metrics._scores import NAN

TIDE_FOREGROUND, TIDE_BACKGROUND = 0.5, 0.1
CAICEDO_MISSED, CAICEDO_OVERLAP = 0.7, 0.1
DEEPCELL_CORRECT, DEEPCELL_LINK, DEEPCELL_INSIDE = 0.6, 0.1, 0.5
CTC_COVER: Final = 0.5
CTC_SPLIT, CTC_MISSED, CTC_EXTRA = 5, 10, 1


@dataclass(frozen=True, slots=True)
class ErrorTerm:
    """One number of one scheme.

    Attributes
    ----------
    scheme
        Whose term it is.
    term
        As they call it.
    value
        Mostly a count.
    meaning
        What is counted.
    """

    scheme: str
    term: str
    value: float
    meaning: str


def error_terms(overlap: Overlap) -> tuple[ErrorTerm, ...]:
    """Count the errors of an image as TIDE, Caicedo 2019, deepcell and the CTC do.

    Parameters
    ----------
    overlap
        From :func:`label_overlap`, of any number of dimensions.

    Returns
    -------
    tuple of ErrorTerm
        Scheme by scheme. Their numbers do not add up to the cells that are wrong: one cell may
        count twice, or not at all. DET of an image without reference cells is NaN.

    Notes
    -----
    TIDE [1]_ with one class, so that errors of class cannot occur, and without confidences: the
    predicted cell matched at IoU 0.5 comes first, others on the same reference cell are duplicates.
    Caicedo 2019 [2]_ counts by IoU alone: 0.7 for missed, 0.1 for splits and merges. deepcell [3]_
    takes pairs with an IoU above 0.6 away and looks at what is left; its package keeps the cells of
    the last catastrophe only, here they are summed. The Cell Tracking Challenge [4]_ assigns a
    reference cell to the predicted one that covers more than half of it.

    References
    ----------
    .. [1] D. Bolya et al., ECCV 2020.
    .. [2] J. C. Caicedo et al., Cytometry A 95:952, 2019.
    .. [3] N. F. Greenwald et al., Nat. Biotechnol. 40:555, 2022; deepcell-toolbox, metrics.py.
    .. [4] P. Matula et al., PLOS ONE 10:e0144959, 2015; Maska et al., Nat. Methods 20:1010, 2023.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> merged = label_overlap(np.array([[1, 1, 2, 2]]), np.array([[5, 5, 5, 5]]))
    >>> {term.scheme: term.value for term in error_terms(merged) if term.term.startswith("merge")}
    {'Caicedo 2019': 1, 'deepcell': 1}
    """
    schemes = (_tide, _caicedo, _deepcell, _cell_tracking_challenge)
    return tuple(term for scheme in schemes for term in scheme(overlap))


def _tide(overlap: Overlap) -> Iterator[ErrorTerm]:
    iou, matched = overlap.iou, matched_pairs(overlap, iou_threshold=TIDE_FOREGROUND)
    is_wrong = np.ones(len(overlap.predicted_ids), bool)
    is_wrong[overlap.predicted_index[matched]] = False
    best, of = _best(overlap.predicted_index, iou, len(is_wrong))
    is_near = is_wrong & (best >= TIDE_BACKGROUND)
    is_off = is_near & (best < TIDE_FOREGROUND)
    covered = np.zeros(len(overlap.reference_ids), bool)
    covered[overlap.reference_index[matched]] = True
    covered[overlap.reference_index[of[is_off]]] = True
    yield ErrorTerm("TIDE", "localization", int(is_off.sum()), "best IoU from 0.1 to below 0.5")
    yield ErrorTerm(
        "TIDE", "duplicate", int((is_near & ~is_off).sum()), "on a reference cell that is matched"
    )
    yield ErrorTerm("TIDE", "background", int((is_wrong & ~is_near).sum()), "best IoU below 0.1")
    yield ErrorTerm(
        "TIDE", "missed", int((~covered).sum()), "neither matched nor meant by a localization error"
    )


def _caicedo(overlap: Overlap) -> Iterator[ErrorTerm]:
    iou = overlap.iou
    n_reference, n_predicted = len(overlap.reference_ids), len(overlap.predicted_ids)
    best, _ = _best(overlap.reference_index, iou, n_reference)
    found = iou > CAICEDO_OVERLAP
    of_reference = np.bincount(overlap.reference_index[found], minlength=n_reference)
    of_predicted = np.bincount(overlap.predicted_index[found], minlength=n_predicted)
    yield ErrorTerm(
        "Caicedo 2019", "missed", int((best <= CAICEDO_MISSED).sum()), "no IoU above 0.7"
    )
    yield ErrorTerm(
        "Caicedo 2019",
        "merges",
        int((of_predicted > 1).sum()),
        "predicted cells with IoU above 0.1 with several reference cells",
    )
    yield ErrorTerm(
        "Caicedo 2019",
        "splits",
        int((of_reference > 1).sum()),
        "reference cells with IoU above 0.1 with several predicted cells",
    )


def _deepcell(overlap: Overlap) -> Iterator[ErrorTerm]:
    iou, shared = overlap.iou, overlap.intersection
    one, two = overlap.reference_index, overlap.predicted_index
    n_reference, n_predicted = len(overlap.reference_ids), len(overlap.predicted_ids)
    correct = iou > DEEPCELL_CORRECT
    free = np.ones(n_reference + n_predicted, bool)
    free[one[correct]] = free[n_reference + two[correct]] = False
    smaller = np.minimum(overlap.reference_areas[one], overlap.predicted_areas[two])
    linked = (iou >= DEEPCELL_LINK) | (shared > DEEPCELL_INSIDE * smaller)
    linked &= free[one] & free[n_reference + two]
    n_cells = n_reference + n_predicted
    graph = coo_array(
        (np.ones(linked.sum()), (one[linked], n_reference + two[linked])), (n_cells, n_cells)
    )
    n_groups, group = connected_components(graph, directed=False)
    is_reference = np.arange(n_cells) < n_reference
    g = np.bincount(group[free & is_reference], minlength=n_groups)
    p = np.bincount(group[free & ~is_reference], minlength=n_groups)
    merge, split, catastrophe = (g > 1) & (p == 1), (g == 1) & (p > 1), (g > 1) & (p > 1)
    counts = (
        ("correct_detections", correct.sum(), "pairs with IoU above 0.6"),
        ("missed_detections", ((g == 1) & (p <= 1)).sum(), "reference cells, at most one linked"),
        ("gained_detections", ((p == 1) & (g <= 1)).sum(), "predicted cells, at most one linked"),
        ("merge", merge.sum(), "groups of several reference and one predicted cell"),
        ("split", split.sum(), "groups of one reference and several predicted cells"),
        ("catastrophe", catastrophe.sum(), "groups of several on both sides"),
        ("missed_det_from_merge", (g[merge] - 1).sum(), "reference cells less one, over merges"),
        ("gained_det_from_split", (p[split] - 1).sum(), "predicted cells less one, over splits"),
        ("true_det_in_catastrophe", g[catastrophe].sum(), "reference cells in them"),
        ("pred_det_in_catastrophe", p[catastrophe].sum(), "predicted cells in them"),
    )  # fmt: skip
    for term, count, meaning in counts:
        yield ErrorTerm("deepcell", term, int(count), meaning)


def _cell_tracking_challenge(overlap: Overlap) -> Iterator[ErrorTerm]:
    n_reference, n_predicted = len(overlap.reference_ids), len(overlap.predicted_ids)
    covers = overlap.intersection > CTC_COVER * overlap.reference_areas[overlap.reference_index]
    on_predicted = np.bincount(overlap.predicted_index[covers], minlength=n_predicted)
    n_splits = int(np.maximum(on_predicted - 1, 0).sum())
    n_missed = n_reference - int(covers.sum())
    n_extra = int((on_predicted == 0).sum())
    cost = CTC_SPLIT * n_splits + CTC_MISSED * n_missed + CTC_EXTRA * n_extra
    empty_cost = CTC_MISSED * n_reference
    det = 1 - min(cost, empty_cost) / empty_cost if n_reference else NAN
    name = "Cell Tracking Challenge"
    yield ErrorTerm(
        name, "NS", n_splits, "splits that predicted cells need: covered reference cells less one"
    )
    yield ErrorTerm(name, "FN", n_missed, "reference cells not covered by more than half")
    yield ErrorTerm(name, "FP", n_extra, "predicted cells that cover no reference cell")
    yield ErrorTerm(name, "AOGM-D", cost, "5 NS + 10 FN + FP")
    yield ErrorTerm(name, "DET", det, "1 - AOGM-D / (10 reference cells), at least 0")


def _best(index: IntArray, iou: FloatArray, n_cells: int) -> tuple[FloatArray, IntArray]:
    """Return the largest IoU of each cell, 0 without any, and the pair that has it."""
    best, pair = np.zeros(n_cells), np.zeros(n_cells, np.int64)
    order = np.argsort(iou, kind="stable")
    best[index[order]], pair[index[order]] = iou[order], order
    return best, pair
