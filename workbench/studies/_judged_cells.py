"""What becomes of the cells of an image when thresholds move: nothing is predicted or decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.metrics import (
    CellErrors,
    Ignored,
    Overlap,
    cell_columns,
    error_counts,
    label_errors,
    label_overlap,
    matched_pairs,
)
from workbench.schema import LabelImage

IOU_STEPS: Final = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""IoU thresholds of curves."""
CUT_STEPS: Final = tuple(round(0.02 * step, 2) for step in range(51))
"""Confidence cuts of curves."""
FACTS: Final = (
    "side", "cell_id", "area_px", "row_px", "column_px", "partner_id", "partner_iou", "confidence"
)  # fmt: skip
UNDEFINED: Final = float("nan")


@dataclass(frozen=True, eq=False)
class FoundCells:
    """Cells of an image and what they share with the reference's, before anything is judged.

    Attributes
    ----------
    labels
        What was found, shape (height, width).
    overlap
        With the reference.
    confidences
        One value per predicted cell, in the order of the overlap table; NaN where there is none.
    """

    labels: LabelImage
    overlap: Overlap
    confidences: npt.NDArray[np.float64]

    @property
    def cells(self) -> pd.DataFrame:
        """What is known of each cell at any threshold, the reference's first."""
        confidences = dict(zip(self.overlap.predicted_ids.tolist(), self.confidences, strict=True))
        columns = cell_columns(self.overlap, confidences=confidences)
        return pd.DataFrame({name: columns[name] for name in FACTS})


def found_cells(
    reference: LabelImage, labels: LabelImage, confidences: npt.NDArray[np.floating]
) -> FoundCells:
    """Return cells that were found, ready to be judged.

    Parameters
    ----------
    reference, labels
        Label images of the same shape.
    confidences
        One value per label, in the order of ids; empty where the model gives none.
    """
    overlap = label_overlap(reference, labels)
    known = np.asarray(confidences, float)
    if not known.size:
        known = np.full(len(overlap.predicted_ids), np.nan)
    return FoundCells(labels, overlap, known)


@dataclass(frozen=True, eq=False)
class JudgedCells:
    """What became of the cells of an image at one IoU threshold and confidence cut.

    Attributes
    ----------
    errors
        Outcome of each cell; those below the cut are "ignored".
    tp, n_reference, n_predicted
        Matched pairs, and cells of either side without those below the cut.
    n_below
        Predicted cells below the cut.
    n_events
        Number of errors by type.
    """

    errors: CellErrors
    tp: int
    n_reference: int
    n_predicted: int
    n_below: int
    n_events: dict[str, int]

    @property
    def scores(self) -> dict[str, float]:
        """F1, precision and recall; NaN where there is nothing to divide by."""
        return {
            "f1": _share(2 * self.tp, self.n_reference + self.n_predicted),
            "precision": _share(self.tp, self.n_predicted),
            "recall": _share(self.tp, self.n_reference),
        }


def judge_cells(
    found: FoundCells, *, iou_threshold: float, least_confidence: float = 0.0
) -> JudgedCells:
    """Say what became of every cell.

    Parameters
    ----------
    found
        Cells and their overlap.
    iou_threshold
        From which on a pair of cells is matched, above 0 and at most 1.
    least_confidence
        Predicted cells below it are left out before anything is matched; cells without a
        confidence stay.

    Returns
    -------
    JudgedCells
        At or below IoU 0.5 two predicted cells can rival for one of the reference: cells are
        matched again without those left out.

    Examples
    --------
    >>> labels = np.array([[1, 0, 2]])
    >>> found = found_cells(np.array([[1, 0, 0]]), labels, np.array([0.9, 0.4]))
    >>> judge_cells(found, iou_threshold=0.5).scores["precision"]
    0.5
    >>> judge_cells(found, iou_threshold=0.5, least_confidence=0.6).scores["precision"]
    1.0
    """
    below = _below(found, least_confidence)
    ignored = Ignored(np.zeros(len(found.overlap.reference_ids), bool), below)
    errors = label_errors(found.overlap, iou_threshold=iou_threshold, ignored=ignored)
    counts = error_counts(found.overlap, iou_thresholds=[iou_threshold], ignored=ignored)
    return JudgedCells(
        errors=errors,
        tp=errors.tp,
        n_reference=errors.n_reference,
        n_predicted=errors.n_predicted,
        n_below=int(below.sum()),
        n_events=dict(zip(counts["error"].tolist(), counts["n_events"].tolist(), strict=True)),
    )


def f1_over(
    found: FoundCells,
    *,
    iou_thresholds: Sequence[float],
    least_confidences: Sequence[float],
) -> npt.NDArray[np.float64]:
    """Return F1 at each IoU threshold (down) and confidence cut (across); NaN without any cell.

    Examples
    --------
    >>> found = found_cells(np.array([[1, 0, 0]]), np.array([[1, 0, 2]]), np.array([0.9, 0.4]))
    >>> f1_over(found, iou_thresholds=[0.5], least_confidences=[0, 0.6, 1]).round(2)
    array([[0.67, 1.  , 0.  ]])
    """
    values = np.empty((len(iou_thresholds), len(least_confidences)))
    overlap = found.overlap
    for column, cut in enumerate(least_confidences):
        below = _below(found, cut)
        kept = ~below[overlap.predicted_index]
        pairs = replace(
            overlap,
            reference_index=overlap.reference_index[kept],
            predicted_index=overlap.predicted_index[kept],
            intersection=overlap.intersection[kept],
        )
        n_cells = len(overlap.reference_ids) + len(below) - int(below.sum())
        for row, threshold in enumerate(iou_thresholds):
            tp = len(matched_pairs(pairs, iou_threshold=threshold))
            values[row, column] = _share(2 * tp, n_cells)
    return values


def _below(found: FoundCells, least_confidence: float) -> npt.NDArray[np.bool_]:
    # A cell without a confidence is never below: NaN compares as false.
    below: npt.NDArray[np.bool_] = found.confidences < least_confidence
    return below


def _share(part: int, whole: int) -> float:
    return part / whole if whole else UNDEFINED
