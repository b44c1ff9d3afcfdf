"""Scores of one image from its overlap table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workbench.metrics._matching import matched_pairs
from workbench.metrics._overlap import Overlap
from workbench.metrics._partitions import (
    adapted_rand_error,
    aggregated_jaccard,
    best_partner_scores,
    label_information,
    seg_ctc,
)

DEFAULT_IOU_THRESHOLDS: Final = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one image.

    ``threshold`` is the IoU threshold, NaN for measures that have none. ``tp``, ``fp`` and ``fn``
    count cells for matching measures, pixels for pixel measures, and are 0 for others.
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
    """Score one image by every measure that its overlap table gives.

    Parameters
    ----------
    overlap
        From :func:`label_overlap`.
    iou_thresholds
        Each above 0 and at most 1, for the matching measures.

    Returns
    -------
    list of Score
        The measures of kind "matching" (per threshold), "cells", "pixels" and "partition" in
        :data:`MEASURES`, which holds the formulas, and when a value is undefined: NaN.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> overlap = label_overlap(np.array([[1, 1, 0, 2]]), np.array([[1, 1, 0, 0]]))
    >>> [(s.metric, round(s.value, 2)) for s in image_scores(overlap, iou_thresholds=[0.5])][:3]
    [('f1', 0.67), ('precision', 1.0), ('recall', 0.5)]
    """
    scores: list[Score] = []
    for threshold in iou_thresholds:
        scores += _matching_scores(overlap, float(threshold))
    return [
        *scores,
        Score("mean_average_precision_dsb", NAN, _mean_average_precision(overlap)),
        *_cell_scores(overlap),
        *_pixel_scores(overlap),
    ]


def _matching_scores(overlap: Overlap, threshold: float) -> list[Score]:
    chosen = matched_pairs(overlap, iou_threshold=threshold)
    tp = len(chosen)
    fp, fn = len(overlap.predicted_ids) - tp, len(overlap.reference_ids) - tp
    iou_sum = float(overlap.iou[chosen].sum())
    values = {
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "average_precision_dsb": _ratio(tp, tp + fp + fn),
        "panoptic_quality": _ratio(2 * iou_sum, 2 * tp + fp + fn),
        "segmentation_quality": _ratio(iou_sum, tp),
        "recognition_quality": _ratio(2 * tp, 2 * tp + fp + fn),
    }
    return [Score(metric, threshold, value, tp, fp, fn) for metric, value in values.items()]


def _mean_average_precision(overlap: Overlap) -> float:
    n_cells = len(overlap.reference_ids) + len(overlap.predicted_ids)
    matched = [len(matched_pairs(overlap, iou_threshold=t)) for t in DEFAULT_IOU_THRESHOLDS]
    return float(np.mean([_ratio(tp, n_cells - tp) for tp in matched]))


def _cell_scores(overlap: Overlap) -> list[Score]:
    aji, aji_plus = aggregated_jaccard(overlap)
    dice, iou = best_partner_scores(overlap)
    information = label_information(overlap)
    values = {
        "aji": aji,
        "aji_plus": aji_plus,
        "seg_ctc": seg_ctc(overlap),
        "mdice": dice.of_reference,
        "mdice_symmetric": dice.symmetric,
        "miou": iou.of_reference,
        "miou_symmetric": iou.symmetric,
        "adapted_rand_error": adapted_rand_error(overlap),
        "variation_of_information_split": information.split,
        "variation_of_information_merged": information.merged,
        "mutual_information": information.mutual_information,
        "reference_entropy": information.reference_entropy,
        "predicted_entropy": information.predicted_entropy,
    }
    return [Score(metric, NAN, value) for metric, value in values.items()]


def _pixel_scores(overlap: Overlap) -> list[Score]:
    # Cells do not overlap within a label image, so pairs sum to the pixels both call foreground.
    tp = int(overlap.intersection.sum())
    fp = int(overlap.predicted_areas.sum()) - tp
    fn = int(overlap.reference_areas.sum()) - tp
    values = {
        "dice": _ratio(2 * tp, 2 * tp + fp + fn),
        "pixel_iou": _ratio(tp, tp + fp + fn),
        "pixel_precision": _ratio(tp, tp + fp),
        "pixel_recall": _ratio(tp, tp + fn),
    }
    return [Score(metric, NAN, value, tp, fp, fn) for metric, value in values.items()]


def _ratio(numerator: float, denominator: int) -> float:
    return numerator / denominator if denominator else NAN
