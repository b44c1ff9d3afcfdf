"""Why the conventions score one prediction differently: values side by side, with the reasons."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from workbench.metrics._coco import coco_matches, coco_scores
from workbench.metrics._convention_scores import (
    BoolArray,
    IntArray,
    cellpose_counts,
    ctc_pairs,
    neurips_kept,
    neurips_parts,
)
from workbench.metrics._conventions import CONVENTIONS, score_convention
from workbench.metrics._matching import matched_pairs
from workbench.metrics._overlap import Overlap, label_overlap
from workbench.metrics._scores import DEFAULT_IOU_THRESHOLDS, Score
from workbench.schema import LabelImage

# What the default has for measures that it does not have itself.
COMPARED_WITH: Final = {
    "mean_true_score": "panoptic_quality",
    "average_precision_coco": "mean_average_precision_dsb",
    "average_precision_coco_50": "average_precision_dsb",
    "average_precision_coco_75": "average_precision_dsb",
}
THRESHOLD_OF: Final = {"average_precision_coco_50": 0.5, "average_precision_coco_75": 0.75}
# Sums in another order differ by this much at most.
SAME: Final = 1e-12
SINGLE_PRECISION: Final = 1e-6


@dataclass(frozen=True)
class ConventionRow:
    """One measure of one prediction under one convention, and why it is not the default's.

    Attributes
    ----------
    convention, measure
        Names in :data:`CONVENTIONS` and, where we have the measure, in :data:`MEASURES`.
    threshold
        IoU threshold, NaN for measures without one.
    value, tp, fp, fn
        As the convention's code writes them.
    compared_with
        The default's measure that is compared: the same, or the nearest.
    difference
        ``value`` minus the default's; NaN where either is undefined.
    reason
        What in this very pair of label images makes the difference; if there is none, when there
        would be one.
    """

    convention: str
    measure: str
    threshold: float
    value: float
    tp: int
    fp: int
    fn: int
    compared_with: str
    difference: float
    reason: str


def compare_conventions(
    reference: LabelImage, predicted: LabelImage, *, iou_threshold: float = 0.5
) -> list[ConventionRow]:
    """Score one prediction under every convention and say why the values differ.

    Parameters
    ----------
    reference, predicted
        Label images of the same shape, (height, width).
    iou_threshold
        Above 0 and at most 1, for measures that have one.

    Returns
    -------
    list of ConventionRow
        By measure, each with the default first where it has the measure.

    Raises
    ------
    ValueError
        If the shapes differ, are not two-dimensional, or the threshold lies outside (0, 1].

    Examples
    --------
    >>> reference = np.zeros((9, 9), int)
    >>> reference[1:5, 3:7] = 1
    >>> rows = compare_conventions(reference, np.roll(reference, 1, axis=0))
    >>> [row.convention for row in rows if row.measure == "f1"]
    ['workbench', 'neurips_cellseg', 'stardist']
    >>> print(rows[1].reason)
    1 reference and 0 predicted cells reach the 2 px at the border and were removed before \
matching; 1 cell lost its partner by that. Nothing matched, which is written as 0.
    """
    pair = _Pair(reference, predicted, iou_threshold)
    thresholds = tuple(dict.fromkeys((iou_threshold, *THRESHOLD_OF.values())))
    default = {
        (score.metric, str(score.threshold)): score
        for score in score_convention(reference, predicted, iou_thresholds=thresholds)
    }
    rows = []
    for name in CONVENTIONS:
        if name == "workbench":
            continue
        for score in score_convention(
            reference, predicted, convention=name, iou_thresholds=[iou_threshold]
        ):
            other = COMPARED_WITH.get(score.metric, score.metric)
            at = THRESHOLD_OF.get(score.metric, score.threshold)
            at = iou_threshold if other == "panoptic_quality" else at
            rows.append(_row(name, score, default[other, str(float(at))], pair))
    measures = dict.fromkeys(row.measure for row in rows)
    ours = [default[key] for key in default if key[0] in measures]
    ours = [s for s in ours if np.isnan(s.threshold) or s.threshold == iou_threshold]
    rows = [_default_row(score) for score in ours] + rows
    return [row for measure in measures for row in rows if row.measure == measure]


@dataclass(frozen=True)
class _Pair:
    """What the reasons ask of the two label images."""

    reference: LabelImage
    predicted: LabelImage
    threshold: float

    @cached_property
    def overlap(self) -> Overlap:
        return label_overlap(self.reference, self.predicted)

    @cached_property
    def parts(self) -> list[Overlap]:
        return neurips_parts(self.reference, self.predicted, self.overlap)

    @cached_property
    def matched(self) -> IntArray:
        return matched_pairs(self.overlap, iou_threshold=self.threshold)


def _default_row(score: Score) -> ConventionRow:
    return ConventionRow(
        "workbench",
        score.metric,
        score.threshold,
        score.value,
        score.tp,
        score.fp,
        score.fn,
        compared_with=score.metric,
        difference=score.value - score.value,
        reason="The default, with which the others are compared."
        if not np.isnan(score.value)
        else "The default: undefined here, since its denominator is 0.",
    )


def _row(convention: str, score: Score, default: Score, pair: _Pair) -> ConventionRow:
    same_measure = score.metric == default.metric
    difference = score.value - default.value
    same_value = abs(difference) <= SAME or (np.isnan(score.value) and np.isnan(default.value))
    has_counts = same_measure and not np.isnan(score.threshold)
    same_counts = not has_counts or (score.tp, score.fp, score.fn) == (
        default.tp,
        default.fp,
        default.fn,
    )
    if same_measure and same_value and same_counts:
        reason = f"Same as the default here; it differs {CONVENTIONS[convention].differs_when}."
        if convention == "ctc":
            reason = " ".join([reason, *_ctc_causes(pair)])
    else:
        reason = " ".join(_causes(convention, score, default, pair))
        if same_measure and same_value:
            reason = f"Same value, other counts. {reason}"
    return ConventionRow(
        convention,
        score.metric,
        score.threshold,
        score.value,
        score.tp,
        score.fp,
        score.fn,
        compared_with=default.metric,
        difference=difference,
        reason=reason,
    )


def _causes(convention: str, score: Score, default: Score, pair: _Pair) -> list[str]:
    """Return what in this pair makes a convention's score another than the default's."""
    match convention:
        case "neurips_cellseg":
            return _neurips_causes(score, default, pair)
        case "stardist":
            return _stardist_causes(score, default)
        case "cellpose":
            return _cellpose_causes(pair)
        case "dsb2018":
            return _dsb_causes(score, pair)
        case "coco":
            return _coco_causes(score, pair)
        case _:
            return _ctc_causes(pair)


def _neurips_causes(score: Score, default: Score, pair: _Pair) -> list[str]:
    causes = []
    if score.metric == "dice":
        if np.isnan(default.value):
            return ["Two images without foreground have a Dice of 1."]
        exact = default.value
    else:
        causes += _neurips_border_causes(pair)
        if not score.tp:
            return [*causes, "Nothing matched, which is written as 0."]
        exact = {
            "f1": 2 * score.tp / (2 * score.tp + score.fp + score.fn),
            "precision": score.tp / (score.tp + score.fp),
            "recall": score.tp / (score.tp + score.fn),
        }[score.metric]
    if abs(score.value - exact) > SAME:
        causes.append(f"Rounded to 4 decimals, from {exact:.6f}.")
    return causes


def _neurips_border_causes(pair: _Pair) -> list[str]:
    causes = []
    if len(pair.parts) > 1:
        causes.append(
            f"The image is scored as {len(pair.parts)} tiles of 2000 px, so that cells are cut at "
            "the borders of tiles."
        )
    removed_reference = removed_predicted = lost = missed = left = 0
    for part in pair.parts:
        keep_reference, keep_predicted = neurips_kept(part)
        removed_reference += int((~keep_reference).sum())
        removed_predicted += int((~keep_predicted).sum())
        lost += _lost_partners(part, pair.threshold, keep_reference, keep_predicted)
        left += int(keep_predicted.sum())
        missed += 0 if keep_predicted.any() else int(keep_reference.sum())
    if removed_reference or removed_predicted:
        partners = (
            f"; {_count(lost, 'cell')} lost {'its' if lost == 1 else 'their'} partner by that"
        )
        causes.append(
            f"{removed_reference} reference and {removed_predicted} predicted cells reach the 2 px "
            f"at the border and were removed before matching{partners if lost else ''}."
        )
    if missed:
        where = "is left" if removed_predicted else "is there"
        where += " in some tiles" if left else ""
        causes.append(f"No predicted cell {where}: false negatives are written as 0, not {missed}.")
    return causes


def _lost_partners(
    overlap: Overlap, threshold: float, keep_reference: BoolArray, keep_predicted: BoolArray
) -> int:
    """Return the number of pairs of which NeurIPS removes one cell only."""
    chosen = matched_pairs(overlap, iou_threshold=threshold)
    kept_here = keep_reference[overlap.reference_index[chosen]]
    kept_there = keep_predicted[overlap.predicted_index[chosen]]
    return int((kept_here != kept_there).sum())


def _stardist_causes(score: Score, default: Score) -> list[str]:
    if not score.tp:
        return ["Nothing matched, which is written as 0 where the default has no value."]
    if score.metric == "mean_true_score":
        cause = (
            f"The summed IoU of {_count(score.tp, 'match', 'matches')} is divided by the reference "
            f"cells alone, so {_count(score.fp, 'spurious cell')} cost nothing and "
            f"{_count(score.fn, 'missed cell')} cost double."
        )
        return [cause]
    if abs(score.value - default.value) < SINGLE_PRECISION:
        return ["IoU is kept in single precision."]
    return ["Of rivals for a cell another was matched: pairs below the threshold have a say."]


def _cellpose_causes(pair: _Pair) -> list[str]:
    n_cells = (len(pair.overlap.reference_ids), len(pair.overlap.predicted_ids))
    sides = [
        side
        for side, ours, theirs in zip(
            ("reference", "prediction"), n_cells, cellpose_counts(pair.overlap), strict=True
        )
        if ours != theirs
    ]
    if not sides:
        return ["The score is kept in single precision."]
    cause = (
        f"{' and '.join(sides).capitalize()} {'has' if len(sides) == 1 else 'have'} no background "
        "pixel, and of different pixel values one is always taken off for background: a cell too "
        "few is counted."
    )
    if cellpose_counts(pair.overlap)[1] == 0:
        cause += " None is left in the prediction, so nothing is matched."
    return [cause]


def _dsb_causes(score: Score, pair: _Pair) -> list[str]:
    thresholds = DEFAULT_IOU_THRESHOLDS if np.isnan(score.threshold) else (pair.threshold,)
    iou = pair.overlap.iou
    n_equal = sum(
        int((iou[matched_pairs(pair.overlap, iou_threshold=t)] == t).sum()) for t in thresholds
    )
    causes = []
    if n_equal:
        at = "a threshold" if len(thresholds) > 1 else f"{pair.threshold:g}"
        causes.append(
            f"{_count(n_equal, 'matched pair')} {'has' if n_equal == 1 else 'have'} an IoU of "
            f"exactly {at}, which counts by the default and not here."
        )
    if pair.threshold < 0.5 and not np.isnan(score.threshold):
        hits = np.flatnonzero(iou > pair.threshold)
        shared = sum(
            int((np.bincount(index[hits]) > 1).sum())
            for index in (pair.overlap.reference_index, pair.overlap.predicted_index)
        )
        causes.append(
            f"Nobody is assigned: {_count(shared, 'cell')} with several partners above the "
            "threshold, where the default gives each at most one."
        )
    return causes


def _coco_causes(score: Score, pair: _Pair) -> list[str]:
    causes = ["The precision reached, averaged over recalls from 0 to 1, not TP/(TP+FP+FN)."]
    if np.isnan(score.value):
        return ["Undefined without reference cells."]
    matches = coco_matches(pair.overlap)
    hits = matches.matched.sum(axis=0)
    at = THRESHOLD_OF.get(score.metric)
    if at is not None:
        hits = matches.matched[matches.iou_thresholds.index(at)]
    ids = pair.overlap.predicted_ids.tolist()
    extremes = []
    for ranking in (-hits.astype(float), hits.astype(float)):
        confidences = dict(zip(ids, ranking.tolist(), strict=True))
        scores = coco_scores([coco_matches(pair.overlap, confidences)])
        extremes.append({None: scores.ap, 0.5: scores.ap50, 0.75: scores.ap75}[at])
    if extremes[0] != extremes[1]:
        causes.append(
            "Without confidences the cells are ranked by their number: ranked otherwise they "
            f"would score from {extremes[0]:.3f} to {extremes[1]:.3f}."
        )
    return causes


def _ctc_causes(pair: _Pair) -> list[str]:
    overlap = pair.overlap
    covered = np.zeros(len(overlap.reference_ids), bool)
    covered[overlap.reference_index[ctc_pairs(overlap)]] = True
    matched = np.zeros_like(covered)
    matched[overlap.reference_index[pair.matched]] = True
    n_spurious = len(overlap.predicted_ids) - len(pair.matched)
    cause = (
        "Unlike F1, it has no IoU threshold: "
        f"{_count(int((covered & ~matched).sum()), 'reference cell')} without a match at IoU "
        f"{pair.threshold:g} earn their IoU, {int((matched & ~covered).sum())} with one earn 0, "
        f"and {_count(n_spurious, 'spurious cell')} cost nothing."
    )
    return [cause]


def _count(n: int, singular: str, plural: str = "") -> str:
    return f"{n} {singular if n == 1 else plural or singular + 's'}"
