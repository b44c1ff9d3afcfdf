"""The conventions under which the field scores the same prediction differently, each exactly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from workbench.metrics._convention_scores import (
    cellpose_scores,
    coco_image_scores,
    ctc_scores,
    dsb_scores,
    match_aware_scores,
    neurips_parts,
    neurips_scores,
    stardist_scores,
    stardist_values,
)
from workbench.metrics._overlap import Overlap, label_overlap
from workbench.metrics._scores import DEFAULT_IOU_THRESHOLDS, NAN, Score, image_scores
from workbench.schema import InputError, LabelImage

Border = Literal["keep", "match_aware"]


@dataclass(frozen=True)
class Convention:
    """How one benchmark, challenge or package scores a prediction.

    Attributes
    ----------
    name
        What ``convention=`` takes.
    title
        For people.
    measures
        Names of the scores that it gives, as in :data:`MEASURES` where we have the measure too.
    border_cells, equality, empty_sides, rounding, assignment, counting, aggregation
        Its rules: cells at the border; an IoU equal to the threshold; images without cells; digits
        and number types; how cells find partners; what is counted as a cell; from images to a data
        set.
    differs_when
        When its values differ from the default's.
    source
        Where the rules are published.
    """

    name: str
    title: str
    measures: tuple[str, ...]
    border_cells: str
    equality: str
    empty_sides: str
    rounding: str
    assignment: str
    counting: str
    aggregation: str
    differs_when: str
    source: str

    @property
    def rules(self) -> Mapping[str, str]:
        """The rules by their title, for tables and documents."""
        return {
            "Cells at the border": self.border_cells,
            "IoU equal to the threshold": self.equality,
            "Empty images": self.empty_sides,
            "Rounding": self.rounding,
            "Assignment": self.assignment,
            "What counts as a cell": self.counting,
            "From images to a data set": self.aggregation,
        }


_KEPT: Final = "kept"
_INCLUSIVE: Final = "an IoU equal to the threshold is a match"
_ONE_TO_ONE: Final = "one to one; most pairs first, then largest sum of IoU"
_LABELS: Final = "each label present, gaps allowed"
_DOUBLE: Final = "none; double precision"

_ALL: Final = (
    Convention(
        "workbench", "Workbench (default)",
        ("f1", "precision", "recall", "average_precision_dsb", "panoptic_quality", "dice", "..."),
        border_cells="kept; or match-aware: a pair is dropped with its reference cell, an "
        "unmatched cell only if it reaches the border itself",
        equality=_INCLUSIVE,
        empty_sides="a score with denominator 0 is NaN; a missing prediction is an empty one",
        rounding=_DOUBLE, assignment=_ONE_TO_ONE, counting=_LABELS,
        aggregation="mean over the images where the score is defined",
        differs_when="nowhere, being the default",
        source="the field's definitions, as the registry of measures names them",
    ),
    Convention(
        "neurips_cellseg", "NeurIPS 2022 Cell Segmentation Challenge",
        ("f1", "precision", "recall", "dice"),
        border_cells="all that reach the 2 px at the border are removed before matching, on "
        "either side independently; images of 25 million pixels and more are cut into tiles of "
        "2000 px, and at the borders of tiles the same is done",
        equality=_INCLUSIVE,
        empty_sides="F1, precision and recall are 0 without a match; without predicted cells FP "
        "and FN are 0 too; Dice of two empty images is 1",
        rounding="every score to 4 decimals", assignment=_ONE_TO_ONE, counting=_LABELS,
        aggregation="mean and median over the predictions that there are: images without a "
        "prediction file, or whose scoring fails, are dropped",
        differs_when="when a cell reaches the 2 px at the border, nothing matches, or a score has "
        "more than 4 decimals",
        source="JunMa11/NeurIPS-CellSeg, baseline/compute_metric.py; "
        "Ma et al., Nat. Methods 21:1103, 2024",
    ),
    Convention(
        "stardist", "StarDist",
        ("f1", "precision", "recall", "average_precision_dsb", "panoptic_quality",
         "segmentation_quality", "mean_true_score"),
        border_cells=_KEPT, equality=_INCLUSIVE,
        empty_sides="every score is 0 without a match",
        rounding="none; IoU and its sums in single precision",
        assignment="one to one; most pairs first, then largest sum of IoU, in which pairs below "
        "the threshold count too",
        counting=_LABELS,
        aggregation="TP, FP, FN and the IoU of matches are summed over images, then scored",
        differs_when="when nothing matches (it writes 0, not NaN), and after the seventh digit for "
        "what is summed from IoU",
        source="stardist.matching, version 0.9; its accuracy is average_precision_dsb, its "
        "mean_matched_score segmentation_quality",
    ),
    Convention(
        "cellpose", "Cellpose", ("average_precision_dsb",),
        border_cells=_KEPT, equality=_INCLUSIVE,
        empty_sides="NaN if both sides are empty, 0 if one is",
        rounding="none; single precision",
        assignment="one to one; most pairs first, then largest sum of IoU, in which pairs below "
        "the threshold count too",
        counting="number of different pixel values less one: a cell too few on a side without "
        "background",
        aggregation="mean over images",
        differs_when="when one side has no background pixel, and after the seventh digit",
        source="cellpose.metrics.average_precision, version 4.2",
    ),
    Convention(
        "dsb2018", "2018 Data Science Bowl",
        ("average_precision_dsb", "mean_average_precision_dsb"),
        border_cells=_KEPT, equality="an IoU has to exceed the threshold",
        empty_sides="NaN if both sides are empty (did not occur), 0 if one is",
        rounding=_DOUBLE,
        assignment="none: any pair above the threshold counts, and above 0.5 a cell has one",
        counting=_LABELS, aggregation="mean over images",
        differs_when="when an IoU equals the threshold, or the threshold is below 0.5",
        source="evaluation page and example metric of the Data Science Bowl 2018 on Kaggle; "
        "Caicedo et al., Nat. Methods 16:1247, 2019",
    ),
    Convention(
        "coco", "COCO (cells, no confidences)",
        ("average_precision_coco", "average_precision_coco_50", "average_precision_coco_75"),
        border_cells=_KEPT, equality=_INCLUSIVE,
        empty_sides="NaN without reference cells (pycocotools writes -1), 0 without predicted ones",
        rounding=_DOUBLE,
        assignment="greedy: each predicted cell, by falling confidence, takes the free reference "
        "cell of largest IoU; without confidences, by rising number",
        counting=_LABELS,
        aggregation="predicted cells of all images are ranked in one list",
        differs_when="always, being another measure",
        source="Lin et al., ECCV 2014; pycocotools, without its cap on detections",
    ),
    Convention(
        "ctc", "Cell Tracking Challenge", ("seg_ctc",),
        border_cells=_KEPT,
        equality="a predicted cell has to cover more than half of a reference cell; the IoU then "
        "is the score, without a threshold",
        empty_sides="NaN without reference cells, 0 without predicted ones",
        rounding=_DOUBLE,
        assignment="by coverage, so one predicted cell may serve several reference cells",
        counting=_LABELS, aggregation="mean over the reference cells of all images",
        differs_when="in the sixteenth digit at most, since the rule is the same",
        source="CellTrackingChallenge/java-ctcmetrics, SEG.java; "
        "Maska et al., Nat. Methods 20:1010, 2023",
    ),
)  # fmt: skip

CONVENTIONS: Final[Mapping[str, Convention]] = {rules.name: rules for rules in _ALL}

_SCORERS: Final[Mapping[str, Callable[[Overlap, Sequence[float]], list[Score]]]] = {
    "workbench": lambda overlap, thresholds: image_scores(overlap, iou_thresholds=thresholds),
    "stardist": stardist_scores,
    "cellpose": cellpose_scores,
    "dsb2018": dsb_scores,
    "coco": lambda overlap, _: coco_image_scores(overlap),
    "ctc": lambda overlap, _: ctc_scores(overlap),
}


def score_convention(
    reference: LabelImage,
    predicted: LabelImage,
    *,
    convention: str = "workbench",
    iou_thresholds: Sequence[float] = DEFAULT_IOU_THRESHOLDS,
    border: Border = "keep",
) -> list[Score]:
    """Score one image under the rules of one convention, to the last bit as its code does.

    Parameters
    ----------
    reference, predicted
        Label images of the same shape; of an image without a prediction, all 0.
    convention
        One of :data:`CONVENTIONS`.
    iou_thresholds
        Each above 0 and at most 1; COCO, the mean over thresholds and SEG have their own.
    border
        ``"match_aware"`` leaves cells at the border out of the default's score: a matched pair if
        its reference cell touches the border, an unmatched cell if it touches itself. Measures
        without a threshold take the cells that are left at IoU 0.5.

    Returns
    -------
    list of Score
        ``fp`` and ``fn`` are what the convention writes: under ``"neurips_cellseg"`` both are 0
        if nothing is predicted, under ``"cellpose"`` they can be -1. ``"ctc"`` counts reference
        cells that are covered (TP) or not (FN) and predicted cells that cover none (FP).

    Raises
    ------
    InputError
        If the convention is unknown or has no match-aware border rule, or a rule on the border is
        asked of label images that are not two-dimensional.
    ValueError
        If the shapes differ, or a threshold lies outside (0, 1].

    Notes
    -----
    Removing cells at the border from either side by itself, as NeurIPS does, makes errors: of two
    outlines of one cell, one may reach the border and the other end a pixel short of it.

    Examples
    --------
    >>> reference = np.zeros((9, 9), int)
    >>> reference[1:5, 3:7] = 1  # ends one pixel short of the border's two
    >>> predicted = np.roll(reference, 1, axis=0)
    >>> [score_convention(reference, predicted, convention=c, iou_thresholds=[0.5])[0]
    ...  for c in ("workbench", "neurips_cellseg")]  # doctest: +NORMALIZE_WHITESPACE
    [Score(metric='f1', threshold=0.5, value=1.0, tp=1, fp=0, fn=0),
     Score(metric='f1', threshold=0.5, value=0.0, tp=0, fp=1, fn=0)]
    """
    find_convention(convention)
    if not all(0 < threshold <= 1 for threshold in iou_thresholds):
        msg = f"iou_thresholds must be above 0 and at most 1, got {list(iou_thresholds)}."
        raise ValueError(msg)
    if border == "match_aware" and convention != "workbench":
        msg = (
            f"convention {convention!r} has its own rule for cells at the border; use "
            "border='match_aware' with convention='workbench'."
        )
        raise InputError(msg)
    if reference.ndim != 2 and (convention == "neurips_cellseg" or border == "match_aware"):
        msg = (
            "rules on the border are for two-dimensional label images, got "
            f"{reference.ndim} dimensions; score plane by plane, or without that rule."
        )
        raise InputError(msg)
    overlap = label_overlap(reference, predicted)
    if border == "match_aware":
        return match_aware_scores(overlap, iou_thresholds)
    if convention == "neurips_cellseg":
        parts = neurips_parts(reference, predicted, overlap)
        return neurips_scores(overlap, parts, iou_thresholds)
    return _SCORERS[convention](overlap, iou_thresholds)


def find_convention(name: str) -> Convention:
    """Return a convention by its name.

    Raises
    ------
    InputError
        If there is none; the message lists them.

    Examples
    --------
    >>> find_convention("dsb2018").equality
    'an IoU has to exceed the threshold'
    """
    if name not in CONVENTIONS:
        msg = f"no convention is called {name!r}; choose one of {', '.join(CONVENTIONS)}."
        raise InputError(msg)
    return CONVENTIONS[name]


def dataset_score(
    per_image: Sequence[Sequence[Score]], *, convention: str = "workbench"
) -> list[Score]:
    """Score a data set from its images, as a convention does.

    Parameters
    ----------
    per_image
        From :func:`score_convention`, all under the same convention and thresholds.
    convention
        One of :data:`CONVENTIONS`, except COCO.

    Returns
    -------
    list of Score
        Counts are sums. The default's value is the mean over images where it is defined, NaN if it
        is nowhere; NeurIPS, Cellpose and the Data Science Bowl average all images, NaN included,
        and NeurIPS has ``f1_median`` besides; StarDist scores the sums; SEG averages over reference
        cells. Empty without images.

    Raises
    ------
    InputError
        If the convention is unknown, or COCO, which needs the ranked cells of all images.
    ValueError
        If images have different scores.

    Examples
    --------
    >>> images = [[Score("recall", 0.5, 1.0, 1, 0, 0)], [Score("recall", 0.5, 0.5, 2, 2, 2)]]
    >>> [dataset_score(images, convention=c)[0].value for c in ("workbench", "dsb2018")]
    [0.75, 0.75]
    """
    find_convention(convention)
    if convention == "coco":
        msg = "COCO ranks the cells of all images in one list; give their matches to coco_scores."
        raise InputError(msg)
    if len({tuple((s.metric, str(s.threshold)) for s in image) for image in per_image}) > 1:
        msg = "images need the same scores in the same order; score them all with the same options."
        raise ValueError(msg)
    columns = list(zip(*per_image, strict=True))
    match convention:
        case "neurips_cellseg":
            medians = [
                replace(_summed(column, np.median), metric="f1_median")
                for column in columns
                if column[0].metric == "f1"
            ]
            return [_summed(column, np.mean) for column in columns] + medians
        case "stardist":
            return _stardist_pooled(columns)
        case "cellpose":
            table = np.array([[s.value for s in image] for image in per_image], np.float32)
            means = table.mean(axis=0) if columns else ()
            return [
                replace(_summed(column, np.mean), value=float(mean))
                for column, mean in zip(columns, means, strict=True)
            ]
        case "dsb2018":
            return [_summed(column, np.mean) for column in columns]
        case "ctc":
            return [_mean_over_cells(column) for column in columns]
        case _:
            return [_summed(column, _mean_of_defined) for column in columns]


def _summed(scores: Sequence[Score], value: Callable[[Sequence[float]], float]) -> Score:
    """Return one measure of all images, its counts summed."""
    return Score(
        scores[0].metric,
        scores[0].threshold,
        float(value([score.value for score in scores])),
        tp=sum(score.tp for score in scores),
        fp=sum(score.fp for score in scores),
        fn=sum(score.fn for score in scores),
    )


def _mean_of_defined(values: Sequence[float]) -> float:
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else NAN


def _mean_over_cells(scores: Sequence[Score]) -> Score:
    """Return the mean of SEG over the reference cells of all images."""
    cells = [score.tp + score.fn for score in scores]
    iou = sum(s.value * n for s, n in zip(scores, cells, strict=True) if n)
    return replace(_summed(scores, _mean_of_defined), value=iou / sum(cells) if any(cells) else NAN)


def _stardist_pooled(columns: Sequence[Sequence[Score]]) -> list[Score]:
    """Return StarDist's scores of counts and IoU summed over images."""
    iou_sums = {
        column[0].threshold: sum(
            (np.float32(s.value) * np.float32(s.tp + s.fn) for s in column), np.float32(0)
        )
        for column in columns
        if column[0].metric == "mean_true_score"
    }
    pooled = [_summed(column, _mean_of_defined) for column in columns]
    return [
        replace(s, value=stardist_values(s.tp, s.fp, s.fn, iou_sums[s.threshold])[s.metric])
        for s in pooled
    ]
