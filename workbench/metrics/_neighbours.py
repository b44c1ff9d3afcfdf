"""Cells and the cells beside them: borders they share, distances between centroids."""

import numpy as np

from workbench.metrics._borders import RankImage
from workbench.metrics._compiled import compiled
from workbench.metrics._overlap import FloatArray, IntArray


def touching_fractions(ranks: RankImage, n_cells: int) -> FloatArray:
    """Return the share of each cell's pixel edges that face another cell.

    The image's border does not count; NaN for a cell that has no edge but there.
    """
    facing = _facing_edges(ranks, n_cells)
    fractions = np.full(n_cells, np.nan)
    np.divide(facing[:, 1], facing[:, 0], out=fractions, where=facing[:, 0] > 0)
    return fractions


def nearest_centroid_distances(centroids: FloatArray) -> FloatArray:
    """Return the distance from each centroid to the closest other; NaN for a lone one."""
    if len(centroids) < 2:
        return np.full(len(centroids), np.nan)
    from scipy.spatial import cKDTree

    distances: FloatArray = cKDTree(centroids).query(centroids, k=2)[0][:, 1]
    return distances


@compiled
def _facing_edges(ranks: RankImage, n_cells: int) -> IntArray:
    """Count the edges of each cell towards anything else, and of these towards other cells."""
    counts = np.zeros((n_cells + 1, 2), np.int64)
    n_rows, n_columns = ranks.shape
    for down, right in ((0, 1), (1, 0)):
        for row in range(n_rows - down):
            for column in range(n_columns - right):
                here, there = ranks[row, column], ranks[row + down, column + right]
                if here != there:
                    is_shared = here != 0 and there != 0
                    counts[here, 0] += 1
                    counts[there, 0] += 1
                    counts[here, 1] += is_shared
                    counts[there, 1] += is_shared
    return counts[1:]
