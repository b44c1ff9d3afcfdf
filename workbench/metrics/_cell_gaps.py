"""The space between cells: how far to the next cell, and the background around each."""

from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.metrics._borders import Pixels, RankImage
from workbench.metrics._compiled import compiled
from workbench.metrics._overlap import FloatArray

NOWHERE: Final = 1 << 30
"""A row so far away that nothing lies there; its square still fits in 64 bits."""

Offsets = npt.NDArray[np.int64]


@compiled
def neighbour_gaps(ranks: RankImage, borders: Pixels) -> FloatArray:
    """Return the distance from each cell's pixels to the closest pixel of another, less 1.

    Parameters
    ----------
    ranks, borders
        Of all cells of the image.

    Returns
    -------
    array
        So 0 where cells share an edge, the square root of 2 less 1 where they share a corner alone;
        infinite without another cell.

    Notes
    -----
    Exact. Of each column, the closest cell above or below a row is known, and the closest of
    another label than that; so of the pixels of other cells in a column one look finds the
    closest. Columns are looked at outwards from a border pixel until they lie farther away than
    what was found for its cell.
    """
    nearest, distance, second = _up_and_down(ranks)
    n_columns = ranks.shape[1]
    n_cells = borders.start.size - 1
    gaps = np.empty(n_cells)
    for cell in range(n_cells):
        best = NOWHERE * NOWHERE
        for index in range(borders.start[cell], borders.start[cell + 1]):
            row, column = borders.rows[index], borders.columns[index]
            reach = max(column, n_columns - 1 - column)
            for aside in range(reach + 1):
                if aside * aside >= best:
                    break
                for there in (column - aside, column + aside):
                    if 0 <= there < n_columns:
                        own = nearest[row, there] == cell + 1
                        away = second[row, there] if own else distance[row, there]
                        if away < NOWHERE:
                            best = min(best, aside * aside + away * away)
        gaps[cell] = np.sqrt(best) - 1 if best < NOWHERE * NOWHERE else np.inf
    return gaps


@compiled
def _up_and_down(
    ranks: RankImage,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return of each pixel's column the closest cell, its distance, and that of the closest other.

    Distances are in rows, ``NOWHERE`` where there is no such cell.
    """
    nearest = np.zeros(ranks.shape, np.int32)
    distance = np.full(ranks.shape, np.int32(NOWHERE))
    second = np.full(ranks.shape, np.int32(NOWHERE))
    n_rows, n_columns = ranks.shape
    # Of the pixels already passed in each column: the last cell met, where, and the one before.
    for backwards in (False, True):
        last = np.zeros(n_columns, np.int32)
        last_row = np.full(n_columns, NOWHERE)
        other_row = np.full(n_columns, NOWHERE)
        for step in range(n_rows):
            row = n_rows - 1 - step if backwards else step
            for column in range(n_columns):
                here = ranks[row, column]
                if here != 0:
                    if here != last[column]:
                        other_row[column] = last_row[column]
                        last[column] = here
                    last_row[column] = step
                if last[column] == 0:
                    continue
                away = step - last_row[column]
                other = step - other_row[column] if other_row[column] < NOWHERE else NOWHERE
                if nearest[row, column] == last[column]:
                    distance[row, column] = min(distance[row, column], away)
                    second[row, column] = min(second[row, column], other)
                elif away < distance[row, column]:
                    second[row, column] = min(distance[row, column], other)
                    nearest[row, column] = last[column]
                    distance[row, column] = away
                else:
                    second[row, column] = min(second[row, column], away)
    return nearest, distance, second


def disc_offsets(radius_px: int) -> Offsets:
    """Return the steps from a pixel to those up to a distance away, shape (steps, 2)."""
    steps = np.arange(-radius_px, radius_px + 1)
    rows, columns = np.meshgrid(steps, steps, indexing="ij")
    within = rows**2 + columns**2 <= radius_px**2
    return np.column_stack([rows[within], columns[within]]).astype(np.int64)


@compiled
def ring_means(
    grey: npt.NDArray[np.float32], ranks: RankImage, borders: Pixels, offsets: Offsets
) -> FloatArray:
    """Return the mean over the background pixels around each cell; NaN where there are none.

    A background pixel between two cells counts for both, so that the order of cells is of no
    account.
    """
    n_rows, n_columns = ranks.shape
    n_cells = borders.start.size - 1
    seen_by = np.zeros((n_rows, n_columns), np.int32)
    means = np.full(n_cells, np.nan)
    for cell in range(n_cells):
        total, n_pixels = 0.0, 0
        for index in range(borders.start[cell], borders.start[cell + 1]):
            for step in range(offsets.shape[0]):
                row = borders.rows[index] + offsets[step, 0]
                column = borders.columns[index] + offsets[step, 1]
                if not (0 <= row < n_rows and 0 <= column < n_columns):
                    continue
                if ranks[row, column] == 0 and seen_by[row, column] != cell + 1:
                    seen_by[row, column] = cell + 1
                    total += grey[row, column]
                    n_pixels += 1
        if n_pixels:
            means[cell] = total / n_pixels
    return means
