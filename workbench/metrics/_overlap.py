"""The overlap table of two label images, the one primitive from which every score derives."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.schema import LabelImage

IntArray = npt.NDArray[np.int64]

# Below this many (reference, predicted) pairs a dense count is faster than sorting the pixels.
DENSE_PAIRS: Final = 1 << 20
# Labels up to this multiple of the pixel count are numbered by a lookup table, others by sorting.
LOOKUP_FACTOR: Final = 4


@dataclass(frozen=True, eq=False)
class Overlap:
    """Cells of two label images and the pixels they share, as a sparse table.

    Attributes
    ----------
    reference_ids, predicted_ids
        Labels present, ascending, without background.
    reference_areas, predicted_areas
        Their areas in pixels, same order.
    reference_index, predicted_index, intersection
        One entry per overlapping pair: positions in the two lists above, shared pixels. Ordered
        by reference, then predicted.
    """

    reference_ids: IntArray
    reference_areas: IntArray
    predicted_ids: IntArray
    predicted_areas: IntArray
    reference_index: IntArray
    predicted_index: IntArray
    intersection: IntArray

    @property
    def iou(self) -> npt.NDArray[np.float64]:
        """Intersection over union of each pair."""
        union = (
            self.reference_areas[self.reference_index]
            + self.predicted_areas[self.predicted_index]
            - self.intersection
        )
        return self.intersection / union


def label_overlap(reference: LabelImage, predicted: LabelImage) -> Overlap:
    """Count the pixels that each reference cell shares with each predicted cell.

    Parameters
    ----------
    reference, predicted
        Label images of the same shape, any number of dimensions, any integer type; gaps in the
        numbering are allowed. 0 is background.

    Returns
    -------
    Overlap
        Without cells on a side, that side's arrays are empty.

    Raises
    ------
    ValueError
        If the shapes differ, or the labels are not integers or negative.

    Examples
    --------
    >>> overlap = label_overlap(np.array([[7, 7, 0]]), np.array([[0, 2, 2]]))
    >>> overlap.reference_ids, overlap.intersection, overlap.iou.round(2)
    (array([7]), array([1]), array([0.33]))
    """
    if reference.shape != predicted.shape:
        msg = (
            f"reference and predicted labels need the same shape, got {reference.shape} and "
            f"{predicted.shape}; crop or resize the prediction."
        )
        raise ValueError(msg)
    reference_ids, reference_rank = _number(reference, "reference")
    predicted_ids, predicted_rank = _number(predicted, "predicted")
    n_reference, n_predicted = len(reference_ids) + 1, len(predicted_ids) + 1
    pair = reference_rank * n_predicted + predicted_rank
    if n_reference * n_predicted <= DENSE_PAIRS:
        counts = np.bincount(pair, minlength=n_reference * n_predicted)
        keys = np.flatnonzero(counts)
        counts = counts[keys]
    else:
        keys, counts = np.unique(pair, return_counts=True)
    rows, columns = np.divmod(keys, n_predicted)
    on_cells = (rows > 0) & (columns > 0)
    return Overlap(
        reference_ids=reference_ids,
        reference_areas=_sums(rows, counts, n_reference),
        predicted_ids=predicted_ids,
        predicted_areas=_sums(columns, counts, n_predicted),
        reference_index=rows[on_cells] - 1,
        predicted_index=columns[on_cells] - 1,
        intersection=counts[on_cells],
    )


def _number(labels: LabelImage, side: str) -> tuple[IntArray, IntArray]:
    """Return the labels present and, per pixel, their 1-based position (0 for background)."""
    flat = labels.ravel()
    if flat.dtype.kind not in "bui":
        msg = f"{side} labels must be integers, got {flat.dtype}; round and convert them first."
        raise ValueError(msg)
    if flat.size == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if flat.dtype.kind == "i" and flat.min() < 0:
        msg = f"{side} labels must not be negative, got {flat.min()}; number cells from 1."
        raise ValueError(msg)
    largest = int(flat.max())
    if largest <= LOOKUP_FACTOR * flat.size:
        present = np.bincount(flat, minlength=largest + 1) > 0
        present[0] = False
        rank_of_label = np.where(present, np.cumsum(present), 0).astype(np.int64)
        return np.flatnonzero(present).astype(np.int64), rank_of_label[flat]
    labels_present, rank = np.unique(flat, return_inverse=True)
    ids = labels_present.astype(np.int64)
    first_rank = 0 if ids[0] == 0 else 1
    return ids[ids > 0], rank.astype(np.int64) + first_rank


def _sums(index: IntArray, counts: npt.NDArray[Any], length: int) -> IntArray:
    """Return the sum of counts by index, background left out."""
    return np.bincount(index, weights=counts, minlength=length)[1:].astype(np.int64)
