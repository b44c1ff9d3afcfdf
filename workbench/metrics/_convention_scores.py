"""Scores of one image under each convention's rules, from its overlap table."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from workbench.metrics._coco import coco_matches, coco_scores
from workbench.metrics._matching import matched_pairs
from workbench.metrics._overlap import Overlap, label_overlap
from workbench.metrics._scores import DEFAULT_IOU_THRESHOLDS, NAN, Score, image_scores
from workbench.schema import PRIMARY_IOU_THRESHOLD, LabelImage

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

NEURIPS_BAND_PX: Final = 2
NEURIPS_TILED_FROM_PX: Final = 25_000_000
NEURIPS_TILE_PX: Final = 2000
COUNT: Final[Callable[[int], Any]] = type(np.count_nonzero(np.zeros(1)))


def match_aware_scores(overlap: Overlap, iou_thresholds: Sequence[float]) -> list[Score]:
    """Return the default's scores without the cells that the match-aware border rule drops."""
    scores: list[Score] = []
    for threshold in iou_thresholds:
        inside = _inside(overlap, threshold)
        scores += [s for s in image_scores(inside, iou_thresholds=[threshold]) if s.threshold > 0]
    mean_precision = np.mean([
        _threat_score(_inside(overlap, threshold), threshold)
        for threshold in DEFAULT_IOU_THRESHOLDS
    ])  # fmt: skip
    return scores + [
        replace(score, value=float(mean_precision))
        if score.metric == "mean_average_precision_dsb"
        else score
        for score in image_scores(_inside(overlap, PRIMARY_IOU_THRESHOLD), iou_thresholds=[])
    ]


def _threat_score(overlap: Overlap, iou_threshold: float) -> float:
    tp = len(matched_pairs(overlap, iou_threshold=iou_threshold))
    n_cells = len(overlap.reference_ids) + len(overlap.predicted_ids)
    return tp / (n_cells - tp) if n_cells else NAN


def _inside(overlap: Overlap, iou_threshold: float) -> Overlap:
    """Return the overlap of the cells that the match-aware border rule keeps at a threshold.

    The pairs that stay are an optimal matching of the cells that stay: a better one, together with
    the dropped pairs, would have been a better matching of all cells.
    """
    chosen = matched_pairs(overlap, iou_threshold=iou_threshold)
    reference, predicted = overlap.reference_index[chosen], overlap.predicted_index[chosen]
    keep_reference, keep_predicted = cells_off_border(overlap, band_px=1)
    keep_predicted[predicted] = keep_reference[reference]
    return _only(overlap, keep_reference, keep_predicted)


def cells_off_border(overlap: Overlap, *, band_px: int) -> tuple[BoolArray, BoolArray]:
    """Return which reference and predicted cells have no pixel in a band along the border."""
    height, width = overlap.shape
    off = []
    for boxes in (overlap.reference_boxes, overlap.predicted_boxes):
        top, left, bottom, right = boxes.T
        inner = (top >= band_px) & (left >= band_px)
        off.append(inner & (bottom <= height - band_px) & (right <= width - band_px))
    return off[0], off[1]


def _only(overlap: Overlap, keep_reference: BoolArray, keep_predicted: BoolArray) -> Overlap:
    """Return the overlap of some cells, as if the others were background."""
    pairs = keep_reference[overlap.reference_index] & keep_predicted[overlap.predicted_index]
    reference_place, predicted_place = np.cumsum(keep_reference) - 1, np.cumsum(keep_predicted) - 1
    return Overlap(
        shape=overlap.shape,
        reference_ids=overlap.reference_ids[keep_reference],
        reference_areas=overlap.reference_areas[keep_reference],
        reference_boxes=overlap.reference_boxes[keep_reference],
        reference_centroids=overlap.reference_centroids[keep_reference],
        predicted_ids=overlap.predicted_ids[keep_predicted],
        predicted_areas=overlap.predicted_areas[keep_predicted],
        predicted_boxes=overlap.predicted_boxes[keep_predicted],
        predicted_centroids=overlap.predicted_centroids[keep_predicted],
        reference_index=reference_place[overlap.reference_index[pairs]],
        predicted_index=predicted_place[overlap.predicted_index[pairs]],
        intersection=overlap.intersection[pairs],
    )


def neurips_parts(reference: LabelImage, predicted: LabelImage, overlap: Overlap) -> list[Overlap]:
    """Return what is scored by itself: the image, or its tiles where it is large; nothing removed.

    Tiles at the end are filled up with background, so that cells cut by the border of the image do
    not reach the border of their tile.
    """
    if overlap.n_pixels < NEURIPS_TILED_FROM_PX:
        return [overlap]
    height, width = overlap.shape
    return [
        label_overlap(_tile(reference, row, column), _tile(predicted, row, column))
        for row in range(0, height, NEURIPS_TILE_PX)
        for column in range(0, width, NEURIPS_TILE_PX)
    ]


def _tile(labels: LabelImage, row: int, column: int) -> LabelImage:
    part = labels[row : row + NEURIPS_TILE_PX, column : column + NEURIPS_TILE_PX]
    tile = np.zeros((NEURIPS_TILE_PX, NEURIPS_TILE_PX), labels.dtype)
    tile[: part.shape[0], : part.shape[1]] = part
    return tile


def neurips_kept(overlap: Overlap) -> tuple[BoolArray, BoolArray]:
    """Return which reference and predicted cells NeurIPS does not remove."""
    keep_reference, keep_predicted = cells_off_border(overlap, band_px=NEURIPS_BAND_PX)
    if min(overlap.shape) <= 2 * NEURIPS_BAND_PX:
        # All is border. Its code removes all labels it finds there but the lowest, which it takes
        # for background without looking.
        for keep, areas in (
            (keep_reference, overlap.reference_areas),
            (keep_predicted, overlap.predicted_areas),
        ):
            if areas.sum() == overlap.n_pixels:
                keep[:1] = True
    return keep_reference, keep_predicted


def neurips_scores(
    overlap: Overlap, parts: Sequence[Overlap], iou_thresholds: Sequence[float]
) -> list[Score]:
    """Return the scores that the NeurIPS code writes, rounded."""
    kept = [_only(part, *neurips_kept(part)) for part in parts]
    n_reference = sum(len(part.reference_ids) for part in kept)
    n_predicted = sum(len(part.predicted_ids) for part in kept)
    scores: list[Score] = []
    for threshold in iou_thresholds:
        found = [len(matched_pairs(part, iou_threshold=threshold)) for part in kept]
        tp = sum(found)
        # Its code leaves both at 0 where nothing is predicted.
        fp = sum(len(p.predicted_ids) - n for p, n in zip(kept, found, strict=True))
        fn = sum(
            len(p.reference_ids) - n
            for p, n in zip(kept, found, strict=True)
            if len(p.predicted_ids)
        )
        precision = tp / n_predicted if tp else 0.0
        recall = tp / n_reference if tp else 0.0
        f1 = 2 * (precision * recall) / (precision + recall) if tp else 0.0
        values = {"f1": f1, "precision": precision, "recall": recall}
        scores += [
            Score(metric, float(threshold), _rounded(value), tp, fp, fn)
            for metric, value in values.items()
        ]
    dice = next(s for s in image_scores(overlap, iou_thresholds=[]) if s.metric == "dice")
    value = 1.0 if np.isnan(dice.value) else dice.value
    return [*scores, replace(dice, value=_rounded(value))]


def _rounded(value: float) -> float:
    return float(np.round(value, 4))


def stardist_scores(overlap: Overlap, iou_thresholds: Sequence[float]) -> list[Score]:
    """Return the scores of ``stardist.matching.matching``."""
    iou = overlap.iou.astype(np.float32)
    scores: list[Score] = []
    for threshold in iou_thresholds:
        chosen = _stardist_pairs(overlap, iou, threshold)
        tp = len(chosen)
        fp, fn = len(overlap.predicted_ids) - tp, len(overlap.reference_ids) - tp
        values = stardist_values(tp, fp, fn, iou[chosen].sum())
        scores += [Score(name, float(threshold), v, tp, fp, fn) for name, v in values.items()]
    return scores


def _stardist_pairs(
    overlap: Overlap, iou: npt.NDArray[np.float32], iou_threshold: float
) -> IntArray:
    """Return the positions of the pairs that StarDist matches, by reference cell."""
    candidates = np.flatnonzero(iou >= np.float32(iou_threshold))
    reference, predicted = overlap.reference_index[candidates], overlap.predicted_index[candidates]
    if np.unique(reference).size == np.unique(predicted).size == candidates.size:
        return candidates
    # Rivals are settled over the whole table, since pairs below the threshold have a say too.
    table = np.zeros((len(overlap.reference_ids), len(overlap.predicted_ids)), np.float32)
    table[overlap.reference_index, overlap.predicted_index] = iou
    at_threshold = (table >= np.float32(iou_threshold)).astype(np.float64)
    rows, columns = linear_sum_assignment(-at_threshold - table / (2 * min(table.shape)))
    partner = np.full(len(overlap.reference_ids), -1)
    partner[rows] = columns
    kept: IntArray = candidates[partner[reference] == predicted]
    return kept


def stardist_values(tp: int, fp: int, fn: int, iou_sum: np.float32) -> dict[str, float]:
    """Return StarDist's scores of counts and the sum of matched IoU, 0 where nothing matches."""
    names = (
        "f1", "precision", "recall", "average_precision_dsb",
        "panoptic_quality", "segmentation_quality", "mean_true_score",
    )  # fmt: skip
    if not tp:
        return dict.fromkeys(names, 0.0)
    # NumPy's own type of counts, which it has changed, decides in which precision they divide.
    hits, halves = COUNT(tp), COUNT(tp) + COUNT(fp) / 2 + COUNT(fn) / 2
    values = (
        (2 * tp) / (2 * tp + fp + fn),
        tp / (tp + fp),
        tp / (tp + fn),
        tp / (tp + fp + fn),
        iou_sum / halves,
        iou_sum / hits,
        iou_sum / (tp + fn),
    )
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def cellpose_scores(overlap: Overlap, iou_thresholds: Sequence[float]) -> list[Score]:
    """Return the scores of ``cellpose.metrics.average_precision``."""
    n_reference, n_predicted = cellpose_counts(overlap)
    scores: list[Score] = []
    for threshold in iou_thresholds:
        tp = len(matched_pairs(overlap, iou_threshold=threshold)) if n_predicted else 0
        fp, fn = n_predicted - tp, n_reference - tp
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.float32(tp) / np.float32(tp + fp + fn)
        scores.append(Score("average_precision_dsb", float(threshold), float(value), tp, fp, fn))
    return scores


def cellpose_counts(overlap: Overlap) -> tuple[int, int]:
    """Return the numbers of reference and predicted cells that Cellpose counts."""
    counts = []
    for areas in (overlap.reference_areas, overlap.predicted_areas):
        has_background = areas.sum() < overlap.n_pixels
        counts.append(len(areas) - (not has_background))
    return counts[0], counts[1]


def dsb_scores(overlap: Overlap, iou_thresholds: Sequence[float]) -> list[Score]:
    """Return the scores of the Data Science Bowl."""
    scores = [_dsb_score(overlap, threshold) for threshold in iou_thresholds]
    official = [_dsb_score(overlap, threshold).value for threshold in DEFAULT_IOU_THRESHOLDS]
    return [*scores, Score("mean_average_precision_dsb", NAN, float(np.mean(official)))]


def _dsb_score(overlap: Overlap, iou_threshold: float) -> Score:
    hits = overlap.iou > iou_threshold
    per_reference = np.bincount(overlap.reference_index[hits], minlength=len(overlap.reference_ids))
    per_predicted = np.bincount(overlap.predicted_index[hits], minlength=len(overlap.predicted_ids))
    tp = int(np.count_nonzero(per_reference == 1))
    fp = int(np.count_nonzero(per_predicted == 0))
    fn = int(np.count_nonzero(per_reference == 0))
    value = tp / (tp + fp + fn) if tp + fp + fn else NAN
    return Score("average_precision_dsb", float(iou_threshold), value, tp, fp, fn)


def coco_image_scores(overlap: Overlap) -> list[Score]:
    """Return COCO's AP, AP50 and AP75 of one image without confidences."""
    scores = coco_scores([coco_matches(overlap)])
    tp = dict(zip(scores.iou_thresholds, scores.tp_per_threshold, strict=True))
    return [
        Score("average_precision_coco", NAN, scores.ap),
        *(
            Score(
                name, NAN, value, tp[at], scores.n_detections - tp[at], scores.n_reference - tp[at]
            )
            for name, value, at in (
                ("average_precision_coco_50", scores.ap50, 0.5),
                ("average_precision_coco_75", scores.ap75, 0.75),
            )
        ),
    ]


def ctc_scores(overlap: Overlap) -> list[Score]:
    """Return SEG of the Cell Tracking Challenge, summed from cell to cell as its code does."""
    covering = ctc_pairs(overlap)
    n_reference = len(overlap.reference_ids)
    value = NAN
    if n_reference:
        value = float(np.cumsum(np.append(0.0, overlap.iou[covering]))[-1] / n_reference)
    tp = len(covering)
    fp = len(overlap.predicted_ids) - np.unique(overlap.predicted_index[covering]).size
    return [Score("seg_ctc", NAN, value, tp, fp, n_reference - tp)]


def ctc_pairs(overlap: Overlap) -> IntArray:
    """Return the positions of the pairs whose predicted cell covers over half of the reference."""
    return np.flatnonzero(
        2 * overlap.intersection > overlap.reference_areas[overlap.reference_index]
    )
