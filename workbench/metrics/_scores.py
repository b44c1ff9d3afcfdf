"""Scores of one image from its overlap table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workbench.metrics._matching import match_overlap
from workbench.metrics._overlap import Overlap

DEFAULT_IOU_THRESHOLDS: Final = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
INSTANCE_METRICS: Final = ("f1", "precision", "recall", "average_precision_dsb")
PIXEL_METRICS: Final = ("dice",)
NAN: Final = float("nan")


@dataclass(frozen=True)
class Score:
    """One measure of one image.

    ``threshold`` is the IoU threshold, NaN for pixel measures, whose ``tp``, ``fp`` and ``fn``
    are 0.
    """

    metric: str
    threshold: float
    value: float
    tp: int = 0
    fp: int = 0
    fn: int = 0


def image_scores(
    overlap: Overlap, *, iou_thresholds: Sequence[float] = DEFAULT_IOU_THRESHOLDS
) -> list[Score]:
    """Score one image at every threshold.

    Parameters
    ----------
    overlap
        From :func:`label_overlap`.
    iou_thresholds
        Each above 0 and at most 1.

    Returns
    -------
    list of Score
        Per threshold ``f1`` = 2TP/(2TP+FP+FN), ``precision`` = TP/(TP+FP), ``recall`` =
        TP/(TP+FN), ``average_precision_dsb`` = TP/(TP+FP+FN) (the threat score of [1]_); then
        ``dice`` = 2|R & P|/(|R|+|P|) of the foreground pixels R and P. A score whose denominator
        is 0 is undefined: NaN. So all are NaN for two empty images; with cells on one side only,
        F1 is 0.

    References
    ----------
    .. [1] J. C. Caicedo et al., Nat. Methods 16:1247, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from workbench.metrics import label_overlap
    >>> overlap = label_overlap(np.array([[1, 1, 0, 2]]), np.array([[1, 1, 0, 0]]))
    >>> [(s.metric, round(s.value, 2)) for s in image_scores(overlap, iou_thresholds=[0.5])][:3]
    [('f1', 0.67), ('precision', 1.0), ('recall', 0.5)]
    """
    scores: list[Score] = []
    for threshold in iou_thresholds:
        matches = match_overlap(overlap, iou_threshold=threshold)
        tp, fp, fn = matches.tp, matches.fp, matches.fn
        values = {
            "f1": _ratio(2 * tp, 2 * tp + fp + fn),
            "precision": _ratio(tp, tp + fp),
            "recall": _ratio(tp, tp + fn),
            "average_precision_dsb": _ratio(tp, tp + fp + fn),
        }
        scores.extend(
            Score(metric, float(threshold), values[metric], tp, fp, fn)
            for metric in INSTANCE_METRICS
        )
    # Cells do not overlap within a label image, so pairs sum to the pixels both call foreground.
    foreground = int(overlap.reference_areas.sum() + overlap.predicted_areas.sum())
    dice = _ratio(2 * int(overlap.intersection.sum()), foreground)
    return [*scores, Score("dice", NAN, dice)]


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else NAN
