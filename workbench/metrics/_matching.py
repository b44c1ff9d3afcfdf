"""One-to-one matching of reference and predicted cells by IoU."""

from dataclasses import dataclass

import numpy as np

from workbench.metrics._assignment import best_assignment
from workbench.metrics._overlap import IntArray, Overlap, label_overlap
from workbench.schema import LabelImage


@dataclass(frozen=True)
class Matches:
    """Cells matched one to one at an IoU threshold.

    Attributes
    ----------
    pairs
        (reference id, predicted id, IoU), by reference id.
    fp, fn
        Predicted and reference cells without a match.
    """

    pairs: tuple[tuple[int, int, float], ...]
    fp: int
    fn: int

    @property
    def tp(self) -> int:
        """Number of matched pairs."""
        return len(self.pairs)


def match_instances(
    reference: LabelImage, predicted: LabelImage, *, iou_threshold: float = 0.5
) -> Matches:
    """Match cells so that the number of pairs, then their summed IoU, is largest.

    Parameters
    ----------
    reference, predicted
        Label images of the same shape.
    iou_threshold
        Pairs need at least this IoU, above 0 and at most 1. Above 0.5 a cell has at most one
        candidate; at or below, rivals are settled by optimal assignment.

    Returns
    -------
    Matches
        Empty images have no pairs, no FP and no FN.

    Raises
    ------
    ValueError
        If the shapes differ or the threshold lies outside (0, 1].

    Examples
    --------
    >>> match_instances(np.array([[1, 1, 0, 0]]), np.array([[0, 3, 0, 0]])).pairs
    ((1, 3, 0.5),)
    """
    return match_overlap(label_overlap(reference, predicted), iou_threshold=iou_threshold)


def match_overlap(overlap: Overlap, *, iou_threshold: float = 0.5) -> Matches:
    """Match the cells of an overlap table; see :func:`match_instances`."""
    chosen = matched_pairs(overlap, iou_threshold=iou_threshold)
    pairs = zip(
        overlap.reference_ids[overlap.reference_index[chosen]].tolist(),
        overlap.predicted_ids[overlap.predicted_index[chosen]].tolist(),
        overlap.iou[chosen].tolist(),
        strict=True,
    )
    return Matches(
        pairs=tuple(pairs),
        fp=len(overlap.predicted_ids) - len(chosen),
        fn=len(overlap.reference_ids) - len(chosen),
    )


def matched_pairs(overlap: Overlap, *, iou_threshold: float = 0.5) -> IntArray:
    """Return the positions of the matched pairs in an overlap table.

    Raises
    ------
    ValueError
        If the threshold lies outside (0, 1].
    """
    if not 0 < iou_threshold <= 1:
        msg = f"iou_threshold must be above 0 and at most 1, got {iou_threshold}."
        raise ValueError(msg)
    iou = overlap.iou
    candidates = np.flatnonzero(iou >= iou_threshold)
    # Two pairs above one half can't share a cell, so there is nothing to choose.
    if iou_threshold > 0.5:
        return candidates
    kept = best_assignment(
        overlap.reference_index[candidates],
        overlap.predicted_index[candidates],
        # Each pair weighs more than all IoU together, so that pairs count first and IoU second.
        candidates.size + iou[candidates],
    )
    return candidates[kept]
