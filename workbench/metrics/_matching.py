"""One-to-one matching of reference and predicted cells by IoU."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

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
    if not 0 < iou_threshold <= 1:
        msg = f"iou_threshold must be above 0 and at most 1, got {iou_threshold}."
        raise ValueError(msg)
    iou = overlap.iou
    candidates = np.flatnonzero(iou >= iou_threshold)
    kept = _settle(
        overlap.reference_index[candidates], overlap.predicted_index[candidates], iou[candidates]
    )
    chosen = candidates[kept]
    pairs = zip(
        overlap.reference_ids[overlap.reference_index[chosen]].tolist(),
        overlap.predicted_ids[overlap.predicted_index[chosen]].tolist(),
        iou[chosen].tolist(),
        strict=True,
    )
    return Matches(
        pairs=tuple(pairs),
        fp=len(overlap.predicted_ids) - len(chosen),
        fn=len(overlap.reference_ids) - len(chosen),
    )


def _settle(rows: IntArray, columns: IntArray, iou: npt.NDArray[np.float64]) -> IntArray:
    """Return the positions of the candidates that an optimal one-to-one matching keeps."""
    free = (np.bincount(rows)[rows] == 1) & (np.bincount(columns)[columns] == 1)
    kept = [np.flatnonzero(free)]
    contested = np.flatnonzero(~free)
    if contested.size:
        kept.extend(
            group[_assign(rows[group], columns[group], iou[group])]
            for group in _components(rows, columns, contested)
        )
    return np.sort(np.concatenate(kept))


def _components(rows: IntArray, columns: IntArray, candidates: IntArray) -> list[IntArray]:
    """Return the candidates grouped so that no two groups share a cell."""
    n_rows, n_columns = rows.max() + 1, columns.max() + 1
    size = n_rows + n_columns
    edges = coo_array(
        (np.ones(candidates.size), (rows[candidates], n_rows + columns[candidates])),
        shape=(size, size),
    )
    _, component = connected_components(edges, directed=False)
    owner = component[rows[candidates]]
    return [candidates[owner == label] for label in np.unique(owner)]


def _assign(rows: IntArray, columns: IntArray, iou: npt.NDArray[np.float64]) -> IntArray:
    row_ids, row = np.unique(rows, return_inverse=True)
    column_ids, column = np.unique(columns, return_inverse=True)
    # Each pair weighs more than all IoU together, so that pairs count first and IoU second.
    weight = np.zeros((len(row_ids), len(column_ids)))
    weight[row, column] = len(iou) + iou
    chosen = set(zip(*linear_sum_assignment(weight, maximize=True), strict=True))
    return np.array(
        [i for i, pair in enumerate(zip(row, column, strict=True)) if pair in chosen], np.int64
    )
