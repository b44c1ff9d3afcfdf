"""Border pixels of cells: those with a 4-neighbour outside the cell or beyond the image's edge."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.metrics._compiled import compiled
from workbench.metrics._overlap import IntArray
from workbench.schema import LabelImage

RankImage = npt.NDArray[np.int32]
"""Shape (height, width): place of each pixel's cell in a list of ids, from 1; 0 outside of them."""

Places = npt.NDArray[np.int32]
"""Rows or columns of pixels."""

# Labels up to this multiple of the pixel count are looked up in a table, others searched for.
LOOKUP_FACTOR: Final = 4


class Pixels(NamedTuple):
    """Pixels of many cells; those of cell k lie at ``start[k]`` to ``start[k + 1] - 1``, by row."""

    start: IntArray
    rows: Places
    columns: Places


def cell_ranks(labels: LabelImage, ids: IntArray) -> RankImage:
    """Return where each pixel's label stands among the ids (ascending), from 1; 0 if it doesn't."""
    # One order of pixels in memory, so that what works on the ranks is compiled once.
    values = np.ascontiguousarray(labels, np.uint8 if labels.dtype.kind == "b" else None)
    largest = int(values.max(initial=0))
    if largest <= LOOKUP_FACTOR * values.size:
        rank_of_label = np.zeros(largest + 1, np.int32)
        present = np.flatnonzero(ids <= largest)
        rank_of_label[ids[present]] = present + 1
        ranks: RankImage = np.take(rank_of_label, values)
        return ranks
    padded = np.append(ids, -1)
    rank = np.searchsorted(ids, values.astype(np.int64))
    return np.where(padded[rank] == values, rank + 1, 0).astype(np.int32)


@compiled
def border_marks(labels: npt.NDArray[np.signedinteger[Any]]) -> npt.NDArray[np.bool_]:
    """Mark the pixels of cells that have a 4-neighbour outside their cell or beyond the edge."""
    n_rows, n_columns = labels.shape
    marks = np.empty((n_rows, n_columns), np.bool_)
    for row in range(n_rows):
        here, marked = labels[row], marks[row]
        for column in range(n_columns):
            marked[column] = here[column] != 0
        if not 0 < row < n_rows - 1:
            continue
        # Without branches, so that the machine takes many pixels at a time.
        above, below = labels[row - 1, 1:-1], labels[row + 1, 1:-1]
        before, middle, after = here[:-2], here[1:-1], here[2:]
        inner = marked[1:-1]
        for column in range(inner.size):
            differs = (middle[column] ^ before[column]) | (middle[column] ^ after[column])
            differs |= (middle[column] ^ above[column]) | (middle[column] ^ below[column])
            inner[column] &= differs != 0
    return marks


@compiled
def border_pixels(ranks: RankImage, n_cells: int) -> Pixels:
    """Return the border pixels of each cell."""
    n_columns = ranks.shape[1]
    places = np.flatnonzero(border_marks(ranks))
    owners = ranks.ravel()[places]
    start = np.zeros(n_cells + 1, np.int64)
    for owner in owners:
        start[owner] += 1
    start = np.cumsum(start)
    rows = np.empty(places.size, np.int32)
    columns = np.empty(places.size, np.int32)
    free = start[:-1].copy()
    for index, place in enumerate(places):
        owner = owners[index]
        rows[free[owner - 1]], columns[free[owner - 1]] = divmod(place, n_columns)
        free[owner - 1] += 1
    return Pixels(start, rows, columns)
