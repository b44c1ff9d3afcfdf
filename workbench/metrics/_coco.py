"""COCO scores of instance labels: average precision, average recall, average false-negative ratio.

Matching is done per image on the sparse overlap table; what a data set needs of an image is one
bool per threshold and detection, so scores are pooled without looking at pixels again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.metrics._compiled import compiled
from workbench.metrics._overlap import Overlap
from workbench.metrics._scores import DEFAULT_IOU_THRESHOLDS

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# As linspace makes them: 7 found of 10 cells do not reach the level 0.7000000000000001.
RECALL_LEVELS: Final = np.linspace(0, 1, 101)
# COCO lets an IoU this close to 1 pass for 1.
HIGHEST_THRESHOLD: Final = 1 - 1e-10
NAN: Final = float("nan")


@dataclass(frozen=True, eq=False)
class CocoMatches:
    """Which detections of one image found a cell.

    Attributes
    ----------
    iou_thresholds
        In the order given.
    confidences
        Of the detections, descending; equal ones by ascending id.
    matched
        Shape (thresholds, detections): whether the detection took a reference cell.
    n_reference
        Number of reference cells.
    """

    iou_thresholds: tuple[float, ...]
    confidences: FloatArray
    matched: BoolArray
    n_reference: int


@dataclass(frozen=True)
class CocoScores:
    """COCO scores of one image or of a data set.

    Every score is NaN without reference cells, and 0 (``afnr``: 1) with reference cells but no
    detections. ``ap50``, ``ap75``, ``ar50`` and ``ar75`` are NaN too if their threshold is not
    among ``iou_thresholds``.

    Attributes
    ----------
    n_images, n_reference, n_detections
        What was counted. FP are ``n_detections - tp``, FN are ``n_reference - tp``.
    iou_thresholds
        Thresholds of the scores that follow, in this order.
    ap_per_threshold
        101-point interpolated average precision.
    tp_per_threshold
        Detections that found a cell.
    """

    n_images: int
    n_reference: int
    n_detections: int
    iou_thresholds: tuple[float, ...]
    ap_per_threshold: tuple[float, ...]
    tp_per_threshold: tuple[int, ...]

    @property
    def ar_per_threshold(self) -> tuple[float, ...]:
        """Recall of all detections, TP/(TP+FN)."""
        if not self.n_reference:
            return (NAN,) * len(self.tp_per_threshold)
        return tuple(tp / self.n_reference for tp in self.tp_per_threshold)

    @property
    def ap(self) -> float:
        """Mean average precision over the thresholds."""
        return _mean(self.ap_per_threshold)

    @property
    def ap50(self) -> float:
        """Average precision at IoU 0.5."""
        return self._at(0.5, self.ap_per_threshold)

    @property
    def ap75(self) -> float:
        """Average precision at IoU 0.75."""
        return self._at(0.75, self.ap_per_threshold)

    @property
    def ar(self) -> float:
        """Mean recall over the thresholds."""
        return _mean(self.ar_per_threshold)

    @property
    def ar50(self) -> float:
        """Recall at IoU 0.5."""
        return self._at(0.5, self.ar_per_threshold)

    @property
    def ar75(self) -> float:
        """Recall at IoU 0.75."""
        return self._at(0.75, self.ar_per_threshold)

    @property
    def afnr(self) -> float:
        """Mean false-negative ratio FN/(TP+FN) over the thresholds, which is 1 - ``ar``."""
        return 1 - self.ar

    def _at(self, threshold: float, values: tuple[float, ...]) -> float:
        return dict(zip(self.iou_thresholds, values, strict=True)).get(threshold, NAN)


def coco_matches(
    overlap: Overlap,
    confidences: Mapping[int, float] | None = None,
    *,
    iou_thresholds: Sequence[float] = DEFAULT_IOU_THRESHOLDS,
) -> CocoMatches:
    """Match the detections of one image to its reference cells as COCO does.

    From the most confident detection down, each takes the free reference cell of largest IoU, if
    that is at least the threshold. Detections of equal confidence come by ascending predicted id;
    of reference cells of equal IoU the largest id is taken. Unlike in :func:`match_instances`, no
    later detection can take a cell away, so at thresholds up to 0.5 fewer pairs may be found.

    Parameters
    ----------
    overlap
        From :func:`label_overlap`.
    confidences
        Confidence of each predicted id, in any unit; those of absent ids (cells that were painted
        over) are ignored. Without them every detection has confidence 1; see the notes.
    iou_thresholds
        Each above 0 and at most 1.

    Returns
    -------
    CocoMatches
        What :func:`coco_scores` needs of this image. Without detections its arrays are empty.

    Raises
    ------
    ValueError
        If a threshold lies outside (0, 1], or a predicted id has no confidence or NaN.

    Notes
    -----
    There is no cap on the number of detections: COCO's own default of 100 and the 2000 of LIVECell
    cut off dense images. All areas count, and no reference cell is a crowd.

    Most models that return a label image return no confidences. Average precision is a mean over
    rankings of detections, and without confidences the order of images and ids is the ranking:
    renumbering the cells changes it. The value is still the one that pycocotools gives for equal
    scores. Recall and AFNR don't depend on the ranking at thresholds above 0.5.

    References
    ----------
    .. [1] T.-Y. Lin et al., ECCV 2014, 740-755; reference implementation pycocotools.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> overlap = label_overlap(np.array([[1, 1, 0, 0]]), np.array([[1, 1, 0, 2]]))
    >>> coco_matches(overlap, {1: 0.6, 2: 0.9}, iou_thresholds=[0.5]).matched
    array([[False,  True]])
    """
    if not all(0 < threshold <= 1 for threshold in iou_thresholds):
        msg = f"iou_thresholds must be above 0 and at most 1, got {list(iou_thresholds)}."
        raise ValueError(msg)
    confidence = _confidence(overlap.predicted_ids, confidences)
    ranking = np.argsort(-confidence, kind="stable")
    rank = np.empty_like(ranking)
    rank[ranking] = np.arange(len(ranking))
    detection = rank[overlap.predicted_index]
    # Within a detection, the order of the overlap table keeps reference cells ascending.
    by_detection = np.argsort(detection, kind="stable")
    matched = _match_greedily(
        detection[by_detection],
        overlap.reference_index[by_detection],
        overlap.iou[by_detection],
        np.minimum(np.array(iou_thresholds, np.float64), HIGHEST_THRESHOLD),
        len(overlap.predicted_ids),
        len(overlap.reference_ids),
    )
    return CocoMatches(
        iou_thresholds=tuple(float(threshold) for threshold in iou_thresholds),
        confidences=confidence[ranking],
        matched=matched,
        n_reference=len(overlap.reference_ids),
    )


def coco_scores(images: Iterable[CocoMatches]) -> CocoScores:
    """Score a data set as COCO does, its detections pooled; give one image to score it alone.

    Parameters
    ----------
    images
        From :func:`coco_matches`, all at the same thresholds. Detections of equal confidence are
        ranked in the order of the images.

    Returns
    -------
    CocoScores
        AP is the mean over thresholds of the mean over recalls 0, 0.01, ..., 1 of the largest
        precision TP/(TP+FP) reached at that recall or a higher one, 0 where none is [1]_. The
        papers' mAP is the mean of AP over classes; cells are one class, so it equals AP. AR is the
        mean over thresholds of the recall TP/(TP+FN) of all detections, AFNR that of FN/(TP+FN)
        [2]_. All are NaN without reference cells.

    Raises
    ------
    ValueError
        If images were matched at different thresholds.

    Notes
    -----
    Not ``average_precision_dsb`` = TP/(TP+FP+FN), which needs no ranking. Pycocotools adds 2.2e-16
    to TP+FP, so a perfect AP is 1 here and 2e-16 less there.

    References
    ----------
    .. [1] T.-Y. Lin et al., ECCV 2014, 740-755; reference implementation pycocotools.
    .. [2] C. Edlund et al., Nat. Methods 18:1038, 2021 (LIVECell).

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> reference, predicted = np.array([[1, 1, 0, 2, 0]]), np.array([[1, 1, 0, 0, 2]])
    >>> scores = coco_scores([coco_matches(label_overlap(reference, predicted), {1: 0.9, 2: 0.6})])
    >>> round(scores.ap, 3), scores.ar, scores.afnr
    (0.505, 0.5, 0.5)
    """
    images = list(images)
    thresholds = images[0].iou_thresholds if images else ()
    for image in images:
        if image.iou_thresholds != thresholds:
            msg = (
                f"images need the same iou_thresholds, got {thresholds} and "
                f"{image.iou_thresholds}; match them all at one list."
            )
            raise ValueError(msg)
    n_reference = sum(image.n_reference for image in images)
    confidence = np.concatenate([np.empty(0), *(image.confidences for image in images)])
    ranking = np.argsort(-confidence, kind="stable")
    ap, tp = [], []
    for place in range(len(thresholds)):
        matched = np.concatenate([image.matched[place] for image in images])[ranking]
        ap.append(_average_precision(matched, n_reference))
        tp.append(int(np.count_nonzero(matched)))
    return CocoScores(
        n_images=len(images),
        n_reference=n_reference,
        n_detections=len(confidence),
        iou_thresholds=thresholds,
        ap_per_threshold=tuple(ap),
        tp_per_threshold=tuple(tp),
    )


def _confidence(ids: IntArray, confidences: Mapping[int, float] | None) -> FloatArray:
    """Return the confidence of each id."""
    if confidences is None:
        return np.ones(len(ids))
    wanted = ids.tolist()
    if missing := [cell_id for cell_id in wanted if cell_id not in confidences]:
        msg = (
            f"confidences lack {len(missing)} of {len(wanted)} predicted cells, the first with id "
            f"{missing[0]}; give a number for each label of the prediction."
        )
        raise ValueError(msg)
    result = np.array([confidences[cell_id] for cell_id in wanted], np.float64)
    if np.isnan(result).any():
        msg = f"confidences must be numbers, got NaN for id {ids[np.isnan(result)][0]}; replace it."
        raise ValueError(msg)
    return result


@compiled
def _match_greedily(  # noqa: PLR0917 - compiled functions take no keyword-only arguments
    detection: IntArray,
    reference: IntArray,
    iou: FloatArray,
    thresholds: FloatArray,
    n_detections: int,
    n_reference: int,
) -> BoolArray:
    """Return per threshold which detections take a cell; pairs come by detection, reference."""
    matched = np.zeros((thresholds.size, n_detections), np.bool_)
    for place in range(thresholds.size):
        taken = np.zeros(n_reference, np.bool_)
        pair = 0
        while pair < detection.size:
            current, best, best_iou = detection[pair], -1, thresholds[place]
            while pair < detection.size and detection[pair] == current:
                # Not only a larger IoU: of equal ones COCO keeps the last.
                if iou[pair] >= best_iou and not taken[reference[pair]]:
                    best, best_iou = reference[pair], iou[pair]
                pair += 1
            if best >= 0:
                matched[place, current] = taken[best] = True
    return matched


def _average_precision(matched: BoolArray, n_reference: int) -> float:
    """Return the 101-point interpolated AP of ranked detections, NaN without reference cells."""
    if not n_reference:
        return NAN
    tp = np.cumsum(matched)
    precision = tp / np.arange(1, len(matched) + 1)
    best_from_here_on = np.maximum.accumulate(precision[::-1])[::-1]
    first = np.searchsorted(tp / n_reference, RECALL_LEVELS, side="left")
    reached = first[first < len(matched)]
    return float(best_from_here_on[reached].sum() / len(RECALL_LEVELS))


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values) if values else NAN
