"""The overlap table of two label images, the one primitive from which every score derives."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.metrics._compiled import compiled
from workbench.schema import LabelImage

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

LARGEST_LABEL: Final = np.iinfo(np.uint32).max
HALF: Final = np.uint64(32)
FIRST_CAPACITY: Final = 1 << 10
GOLDEN: Final = np.uint64(11400714819323198485)  # 2**64 divided by the golden ratio
WORD: Final = 8  # flags looked at in one go
# Columns of what is gathered per pair and per cell.
COUNT, TOP, LEFT, BOTTOM, RIGHT, ROW_SUM, COLUMN_SUM, N_FACTS = range(8)


@dataclass(frozen=True, eq=False)
class Overlap:
    """Cells of two label images and the pixels they share, as a sparse table.

    Attributes
    ----------
    shape
        Of the label images.
    reference_ids, predicted_ids
        Labels present, ascending, without background.
    reference_areas, predicted_areas
        Their areas in pixels, same order.
    reference_boxes, predicted_boxes
        Shape (cells, 4): top, left, bottom, right in pixels, half-open. Of two-dimensional images;
        without rows for others.
    reference_centroids, predicted_centroids
        Shape (cells, 2): mean row and column in pixels; likewise.
    reference_index, predicted_index, intersection
        One entry per overlapping pair: positions in the two lists above, shared pixels. Ordered
        by reference, then predicted.
    """

    shape: tuple[int, ...]
    reference_ids: IntArray
    reference_areas: IntArray
    reference_boxes: IntArray
    reference_centroids: FloatArray
    predicted_ids: IntArray
    predicted_areas: IntArray
    predicted_boxes: IntArray
    predicted_centroids: FloatArray
    reference_index: IntArray
    predicted_index: IntArray
    intersection: IntArray

    @property
    def union(self) -> IntArray:
        """Pixels in either cell of each pair."""
        return (
            self.reference_areas[self.reference_index]
            + self.predicted_areas[self.predicted_index]
            - self.intersection
        )

    @property
    def iou(self) -> FloatArray:
        """Intersection over union of each pair."""
        return self.intersection / self.union

    @property
    def n_pixels(self) -> int:
        """Pixels of an image."""
        return int(np.prod(self.shape))


def label_overlap(reference: LabelImage, predicted: LabelImage) -> Overlap:
    """Count the pixels that each reference cell shares with each predicted cell.

    One pass over the pixels; time and memory grow with pixels plus overlapping pairs, never with
    the product of the two numbers of cells.

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
    first, first_ids = _as_uint32(reference, "reference")
    second, second_ids = _as_uint32(predicted, "predicted")
    keys, facts = _pair_facts(first, second)
    reference_ids, reference_facts, reference_rank = _gather(keys >> HALF, facts)
    predicted_ids, predicted_facts, predicted_rank = _gather(keys & np.uint64(LARGEST_LABEL), facts)
    on_cells = (reference_rank >= 0) & (predicted_rank >= 0)
    is_plane = reference.ndim == 2
    return Overlap(
        shape=reference.shape,
        reference_ids=reference_ids if first_ids is None else first_ids[reference_ids],
        reference_areas=reference_facts[:, COUNT],
        reference_boxes=_boxes(reference_facts, is_plane=is_plane),
        reference_centroids=_centroids(reference_facts, is_plane=is_plane),
        predicted_ids=predicted_ids if second_ids is None else second_ids[predicted_ids],
        predicted_areas=predicted_facts[:, COUNT],
        predicted_boxes=_boxes(predicted_facts, is_plane=is_plane),
        predicted_centroids=_centroids(predicted_facts, is_plane=is_plane),
        reference_index=reference_rank[on_cells],
        predicted_index=predicted_rank[on_cells],
        intersection=facts[on_cells, COUNT],
    )


def _as_uint32(
    labels: LabelImage, side: str
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64] | None]:
    """Return labels as rows of uint32, and what these stand for where they had to be renumbered."""
    if labels.dtype.kind not in "bui":
        msg = f"{side} labels must be integers, got {labels.dtype}; round and convert them first."
        raise ValueError(msg)
    rows = labels.reshape(-1, labels.shape[-1] if labels.ndim else 1)
    if not rows.size:
        return np.zeros((0, 0), np.uint32), None
    if labels.dtype.kind == "i" and (smallest := labels.min()) < 0:
        msg = f"{side} labels must not be negative, got {smallest}; number cells from 1."
        raise ValueError(msg)
    if labels.dtype.itemsize > 4 and labels.max() > LARGEST_LABEL:
        values, rank = np.unique(rows, return_inverse=True)
        ids = values.astype(np.int64)
        if ids[0] != 0:
            ids, rank = np.concatenate([[0], ids]), rank + 1
        return np.ascontiguousarray(rank.reshape(rows.shape), np.uint32), ids
    return np.ascontiguousarray(rows, np.uint32), None


@compiled
def _pair_facts(
    reference: npt.NDArray[np.uint32], predicted: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return every pair of labels that meet (background with a cell included), and its facts.

    Pairs are keys ``reference << 32 | predicted``, ascending. The pixels are walked in runs of one
    pair, which an open-addressing hash table sums up.
    """
    n_rows, n_columns = reference.shape
    keys = np.zeros(FIRST_CAPACITY, np.uint64)
    facts = np.zeros((FIRST_CAPACITY, N_FACTS), np.int64)
    ends = np.zeros((n_columns + WORD - 1) // WORD * WORD, np.uint8)
    used = 0
    for row in range(n_rows):
        # Room for a row that holds nothing but new pairs.
        while 2 * (used + n_columns) > keys.size:
            keys, facts = _grown(keys, facts)
        _mark_ends(reference[row], predicted[row], ends)
        used += _add_row(row, reference[row], predicted[row], ends, keys, facts)
    taken = np.flatnonzero(keys)
    order = taken[np.argsort(keys[taken])]
    return keys[order], facts[order]


@compiled
def _add_row(  # noqa: PLR0917 - compiled functions take no keyword-only arguments
    row: int,
    labels: npt.NDArray[np.uint32],
    partners: npt.NDArray[np.uint32],
    ends: npt.NDArray[np.uint8],
    keys: npt.NDArray[np.uint64],
    facts: npt.NDArray[np.int64],
) -> int:
    """Add the runs of a row to the table; return the number of new pairs."""
    words = ends.view(np.uint64)
    start = n_new = 0
    for word in range(words.size):
        if not words[word]:
            continue
        for last in range(WORD * word, WORD * word + WORD):
            if not ends[last]:
                continue
            key = (np.uint64(labels[last]) << HALF) | np.uint64(partners[last])
            if key:
                slot = _slot(keys, key)
                if not keys[slot]:
                    keys[slot] = key
                    n_new += 1
                    facts[slot, TOP], facts[slot, LEFT] = row, start
                length = last + 1 - start
                facts[slot, COUNT] += length
                facts[slot, LEFT] = min(facts[slot, LEFT], start)
                facts[slot, BOTTOM] = row + 1
                facts[slot, RIGHT] = max(facts[slot, RIGHT], last + 1)
                facts[slot, ROW_SUM] += row * length
                facts[slot, COLUMN_SUM] += (start + last) * length // 2
            start = last + 1
    return n_new


@compiled
def _mark_ends(
    labels: npt.NDArray[np.uint32],
    partners: npt.NDArray[np.uint32],
    ends: npt.NDArray[np.uint8],
) -> None:
    """Mark the last pixel of each run of one pair in a row."""
    n_columns = labels.size
    for column in range(n_columns - 1):
        ends[column] = (labels[column] ^ labels[column + 1]) | (
            partners[column] ^ partners[column + 1]
        ) != 0
    ends[n_columns - 1] = 1


@compiled
def _slot(keys: npt.NDArray[np.uint64], key: np.uint64) -> np.intp:
    """Return where a key lies in the table, or the free place where it belongs."""
    mask = np.uint64(keys.size - 1)
    # Both labels must reach the bits that are kept, or neighbours crowd into few places.
    place = ((key ^ (key >> np.uint64(29))) * GOLDEN) >> np.uint64(40) & mask
    while keys[place] != key and keys[place] != 0:
        place = (place + np.uint64(1)) & mask
    return np.intp(place)


@compiled
def _grown(
    keys: npt.NDArray[np.uint64], facts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return the table with more room."""
    larger_keys = np.zeros(4 * keys.size, np.uint64)
    larger_facts = np.zeros((4 * keys.size, N_FACTS), np.int64)
    for place in range(keys.size):
        if keys[place]:
            slot = _slot(larger_keys, keys[place])
            larger_keys[slot] = keys[place]
            larger_facts[slot] = facts[place]
    return larger_keys, larger_facts


@compiled
def _gather(
    labels: npt.NDArray[np.uint64], facts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the labels present, the facts of each, and each pair's place among them (-1 for 0)."""
    order = np.argsort(labels, kind="mergesort")
    ids = np.empty(labels.size, np.int64)
    total = np.zeros((labels.size, N_FACTS), np.int64)
    rank = np.full(labels.size, -1, np.int64)
    n_labels = 0
    for pair in order:
        if not labels[pair]:
            continue
        label, fact = np.int64(labels[pair]), facts[pair]
        if not n_labels or ids[n_labels - 1] != label:
            ids[n_labels] = label
            total[n_labels] = fact
            n_labels += 1
        else:
            sums = total[n_labels - 1]
            sums[TOP] = min(sums[TOP], fact[TOP])
            sums[LEFT] = min(sums[LEFT], fact[LEFT])
            sums[BOTTOM] = max(sums[BOTTOM], fact[BOTTOM])
            sums[RIGHT] = max(sums[RIGHT], fact[RIGHT])
            for column in (COUNT, ROW_SUM, COLUMN_SUM):
                sums[column] += fact[column]
        rank[pair] = n_labels - 1
    return ids[:n_labels].copy(), total[:n_labels].copy(), rank


def _boxes(facts: npt.NDArray[np.int64], *, is_plane: bool) -> IntArray:
    return facts[:, TOP : RIGHT + 1] if is_plane else np.empty((0, 4), np.int64)


def _centroids(facts: npt.NDArray[Any], *, is_plane: bool) -> FloatArray:
    if not is_plane:
        return np.empty((0, 2))
    means: FloatArray = facts[:, ROW_SUM : COLUMN_SUM + 1] / facts[:, COUNT : COUNT + 1]
    return means
