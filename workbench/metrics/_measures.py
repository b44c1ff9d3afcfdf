"""The registry of measures: what each means, so that tables, plots and rankings need not guess."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from workbench.schema import InputError

Kind = Literal["matching", "cells", "pixels", "partition", "distance", "data set"]
Weights = tuple[float, float, float, float]

# What an image weighs in the pooled (micro) value: the measure's own denominator, as multiples of
# TP, FP, FN and the number of reference cells.
PER_REFERENCE_CELL: Final[Weights] = (0, 0, 0, 1)
NOTHING_EITHER_SIDE: Final = "no cells on either side"
NO_REFERENCE: Final = "no reference cells"
DSB: Final = "Caicedo et al., Nat. Methods 16:1247, 2019"
PANOPTIC: Final = "Kirillov et al., CVPR 2019"
PLATFORM: Final = "the cell segmentation benchmark platform (mDice, mIoU, mHD over reference cells)"
COCO: Final = "Lin et al., ECCV 2014, and the COCO evaluation code; no cap on detections"
INFORMATION: Final = "Meila, J. Multivar. Anal. 98:873, 2007"
SURFACE: Final = "Nikolov et al., J. Med. Internet Res. 23:e26151, 2021; as MONAI computes it"


@dataclass(frozen=True)
class Measure:
    """What is known about one measure.

    Attributes
    ----------
    name
        In tables and options.
    title
        For people.
    kind
        What it is computed from: matched cells at an IoU threshold, best partners of cells,
        foreground pixels, the whole partition, distances, or the data set at once.
    formula
        R is the reference, P the prediction.
    low, high
        The range of defined values.
    higher_is_better
        Direction; None where more is neither better nor worse.
    unit
        Empty for ratios.
    has_threshold
        Whether there is a value per IoU threshold.
    undefined
        When the value is NaN.
    blind_spot
        What it does not see.
    source
        Who defined it.
    weights
        Multiples of TP, FP, FN and reference cells that make the pooled (micro) value a weighted
        mean of the images'; None where there is no pooled value.
    """

    name: str
    title: str
    kind: Kind
    formula: str
    source: str
    blind_spot: str
    undefined: str = NOTHING_EITHER_SIDE
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool | None = True
    unit: str = ""
    has_threshold: bool = False
    weights: Weights | None = None


_ALL: Final = (
    Measure(
        "f1", "F1", "matching", "2 TP / (2 TP + FP + FN)", DSB,
        "how good a match is beyond the threshold",
        has_threshold=True, weights=(2, 1, 1, 0),
    ),
    Measure(
        "precision", "Precision", "matching", "TP / (TP + FP)", DSB,
        "missed cells; rises when doubtful cells are left out",
        undefined="nothing predicted", has_threshold=True, weights=(1, 1, 0, 0),
    ),
    Measure(
        "recall", "Recall", "matching", "TP / (TP + FN)", DSB,
        "spurious cells; rises when everything is called a cell",
        undefined=NO_REFERENCE, has_threshold=True, weights=(1, 0, 1, 0),
    ),
    Measure(
        "average_precision_dsb", "Average precision (DSB)", "matching", "TP / (TP + FP + FN)", DSB,
        "as F1, of which it is a function; not the average precision of COCO",
        has_threshold=True, weights=(1, 1, 1, 0),
    ),
    Measure(
        "mean_average_precision_dsb", "Mean average precision (DSB)", "matching",
        "mean of average_precision_dsb over IoU 0.50, 0.55, ..., 0.95", DSB,
        "mixes how many cells are found with how well they are outlined",
    ),
    Measure(
        "panoptic_quality", "Panoptic quality", "matching",
        "sum of IoU over matches / (TP + FP/2 + FN/2) = SQ x RQ", PANOPTIC,
        "small cells count as much as large ones; IoU is harsh on the small",
        has_threshold=True, weights=(1, 0.5, 0.5, 0),
    ),
    Measure(
        "segmentation_quality", "Segmentation quality", "matching", "mean IoU of matches", PANOPTIC,
        "cells without a match; rises when the badly outlined ones are missed",
        undefined="no match", has_threshold=True, weights=(1, 0, 0, 0),
    ),
    Measure(
        "recognition_quality", "Recognition quality", "matching",
        "TP / (TP + FP/2 + FN/2), the same as F1", PANOPTIC, "as F1",
        has_threshold=True, weights=(2, 1, 1, 0),
    ),
    Measure(
        "aji", "Aggregated Jaccard index", "cells",
        "shared / united pixels of each reference cell with its best predicted cell; predicted "
        "cells that are nobody's best add to the united pixels",
        "Kumar et al., IEEE Trans. Med. Imaging 36:1550, 2017",
        "large cells rule; one predicted cell may serve several reference cells; ties go by number",
    ),
    Measure(
        "aji_plus", "AJI+", "cells",
        "as AJI, pairs one to one with the largest sum of IoU",
        "Graham et al., Med. Image Anal. 58:101563, 2019", "large cells rule",
    ),
    Measure(
        "seg_ctc", "SEG", "cells",
        "mean over R of IoU with the predicted cell that covers more than half of it, else 0",
        "Maska et al., Nat. Methods 20:1010, 2023 (Cell Tracking Challenge)",
        "spurious cells", undefined=NO_REFERENCE, weights=PER_REFERENCE_CELL,
    ),
    Measure(
        "mdice", "mDice", "cells", "mean over R of the largest Dice with any cell of P", PLATFORM,
        "spurious cells, and cells that are split or serve twice",
        undefined=NO_REFERENCE, weights=PER_REFERENCE_CELL,
    ),
    Measure(
        "mdice_symmetric", "Symmetric mDice", "cells",
        "the smaller of mDice over R and over P", "Scharr et al., Mach. Vis. Appl. 27:585, 2016",
        "which of the two directions is the bad one",
    ),
    Measure(
        "miou", "mIoU", "cells", "mean over R of the largest IoU with any cell of P", PLATFORM,
        "spurious cells, and cells that are split or serve twice",
        undefined=NO_REFERENCE, weights=PER_REFERENCE_CELL,
    ),
    Measure(
        "miou_symmetric", "Symmetric mIoU", "cells", "the smaller of mIoU over R and over P",
        "as Scharr et al. 2016, with IoU", "which of the two directions is the bad one",
    ),
    Measure(
        "dice", "Pixel Dice", "pixels", "2 |R and P| / (|R| + |P|) of foreground pixels",
        "Dice, Ecology 26:297, 1945", "whether touching cells are told apart",
        undefined="no foreground on either side", weights=(2, 1, 1, 0),
    ),
    Measure(
        "pixel_iou", "Pixel IoU", "pixels", "|R and P| / |R or P| of foreground pixels",
        "Jaccard, New Phytol. 11:37, 1912", "whether touching cells are told apart",
        undefined="no foreground on either side", weights=(1, 1, 1, 0),
    ),
    Measure(
        "pixel_precision", "Pixel precision", "pixels", "|R and P| / |P| of foreground pixels",
        "standard", "missed foreground; whether touching cells are told apart",
        undefined="no predicted foreground", weights=(1, 1, 0, 0),
    ),
    Measure(
        "pixel_recall", "Pixel recall", "pixels", "|R and P| / |R| of foreground pixels",
        "standard", "invented foreground; whether touching cells are told apart",
        undefined="no reference foreground", weights=(1, 0, 1, 0),
    ),
    Measure(
        "adapted_rand_error", "Adapted Rand error", "partition",
        "1 - F of pairs of pixels that lie in one cell, over the pixels of R",
        "Arganda-Carreras et al., Front. Neuroanat. 9:142, 2015",
        "spurious cells on background; predicted background is one large segment, so missed pixels "
        "rule, then large cells",
        undefined="no two pixels in one segment", higher_is_better=False,
    ),
    Measure(
        "variation_of_information_split", "Variation of information, split", "partition",
        "H(P | R), background counted as a segment", INFORMATION,
        "depends on how much of the image is background", undefined="never",
        high=float("inf"), higher_is_better=False, unit="bits",
    ),
    Measure(
        "variation_of_information_merged", "Variation of information, merged", "partition",
        "H(R | P), background counted as a segment", INFORMATION,
        "depends on how much of the image is background", undefined="never",
        high=float("inf"), higher_is_better=False, unit="bits",
    ),
    Measure(
        "mutual_information", "Mutual information", "partition",
        "I(R; P) = H(R) + H(P) - H(R, P), background counted as a segment", INFORMATION,
        "bounded by the entropy of R, so images can't be compared with each other",
        undefined="never", high=float("inf"), unit="bits",
    ),
    Measure(
        "reference_entropy", "Entropy of the reference", "partition",
        "H(R), background counted as a segment", INFORMATION, "the prediction",
        undefined="never", high=float("inf"), higher_is_better=None, unit="bits",
    ),
    Measure(
        "predicted_entropy", "Entropy of the prediction", "partition",
        "H(P), background counted as a segment", INFORMATION, "the reference",
        undefined="never", high=float("inf"), higher_is_better=None, unit="bits",
    ),
    Measure(
        "mhd", "mHD", "distance",
        "mean over R of the smallest Hausdorff distance to any cell of P", PLATFORM,
        "spurious cells; one missed cell adds the distance to a neighbour",
        undefined="no cells on at least one side",
        high=float("inf"), higher_is_better=False, unit="px", weights=PER_REFERENCE_CELL,
    ),
    Measure(
        "mhd_symmetric", "Symmetric mHD", "distance", "the larger of mHD over R and over P",
        "as mHD, both directions", "which of the two directions is the bad one",
        undefined="no cells on at least one side",
        high=float("inf"), higher_is_better=False, unit="px",
    ),
    Measure(
        "hausdorff", "Object Hausdorff distance", "distance",
        "mean over matches at IoU 0.5 of the largest distance between their outlines",
        "standard; as MONAI computes it", "cells without a match; one pixel can rule it",
        undefined="no match", high=float("inf"), higher_is_better=False, unit="px",
    ),
    Measure(
        "hausdorff95", "Object HD95", "distance",
        "as the object Hausdorff distance, the 95th percentile of distances in each direction",
        "standard; as MONAI computes it", "cells without a match",
        undefined="no match", high=float("inf"), higher_is_better=False, unit="px",
    ),
    Measure(
        "normalised_surface_distance", "Normalised surface distance", "distance",
        "mean over matches at IoU 0.5 of the share of outline pixels within 1 px of the other "
        "outline", SURFACE, "cells without a match", undefined="no match",
    ),
    *(
        Measure(
            f"boundary_f_{tolerance}px", f"Boundary F at {tolerance} px", "distance",
            f"harmonic mean of the shares of outline pixels of R and of P within {tolerance} px "
            "of the other's", "Martin et al., IEEE TPAMI 26:530, 2004",
            "which cell an outline belongs to",
            undefined="no outlines on either side",
        )
        for tolerance in (1, 2, 3)
    ),
    *(
        Measure(
            name, title, "data set", formula, COCO, blind, undefined=NO_REFERENCE,
            higher_is_better=better,
        )
        for name, title, formula, blind, better in (
            (
                "average_precision_coco", "COCO AP (mAP)",
                "area under the 101-point precision-recall curve, mean over IoU 0.50:0.05:0.95",
                "without confidences the order of cells decides, and it says little", True,
            ),
            ("average_precision_coco_50", "COCO AP50", "as COCO AP, at IoU 0.5",
             "without confidences the order of cells decides", True),
            ("average_precision_coco_75", "COCO AP75", "as COCO AP, at IoU 0.75",
             "without confidences the order of cells decides", True),
            ("average_recall_coco_50", "COCO AR50", "recall of all detections at IoU 0.5",
             "spurious cells", True),
            ("average_recall_coco_75", "COCO AR75", "recall of all detections at IoU 0.75",
             "spurious cells", True),
            ("average_false_negative_ratio", "AFNR",
             "mean over IoU 0.50:0.05:0.95 of FN / (TP + FN)", "spurious cells", False),
        )
    ),
)  # fmt: skip

MEASURES: Final[Mapping[str, Measure]] = {measure.name: measure for measure in _ALL}


def find_measure(name: str) -> Measure:
    """Return a measure by its name.

    Raises
    ------
    InputError
        If there is none; the message names the nearest.

    Examples
    --------
    >>> find_measure("f1").formula
    '2 TP / (2 TP + FP + FN)'
    """
    if name in MEASURES:
        return MEASURES[name]
    near = get_close_matches(name, MEASURES, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`workbench measures` lists them all."
    msg = f"no measure is called {name!r}; {hint}"
    raise InputError(msg)
