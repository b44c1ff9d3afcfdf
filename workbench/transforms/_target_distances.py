"""How deep in its cell each pixel lies."""

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage, LabelImage
from workbench.transforms._compiled import compiled


def cell_distances(labels: LabelImage) -> FloatImage:
    """Return the distance of each pixel to the nearest pixel that is not of the same cell.

    Exact Euclidean, between pixel centres, in time that grows with the number of pixels alone.

    Parameters
    ----------
    labels
        Label image, shape (height, width).

    Returns
    -------
    ndarray of float32
        Same shape, pixels; 0 outside cells. What lies beyond the edge of the image is unknown and
        counts for nothing, so the distance is infinite where one cell fills the whole image.

    References
    ----------
    .. [1] P. F. Felzenszwalb and D. P. Huttenlocher, Theory of Computing 8:415-428, 2012.

    Examples
    --------
    >>> cell_distances(np.array([[1, 1, 1, 2, 2, 0]]))
    array([[3., 2., 1., 1., 1., 0.]], dtype=float32)
    """
    squared = _squared_distances(np.ascontiguousarray(labels, np.int32))
    distances: FloatImage = np.sqrt(squared)
    return distances


def distance_target(labels: LabelImage) -> FloatImage:
    """Return the distances of :func:`cell_distances`, each divided by the largest of its cell.

    Parameters
    ----------
    labels
        Label image, shape (height, width).

    Returns
    -------
    ndarray of float32
        Same shape, 0 outside cells, above 0 to 1 inside; 1 where one cell fills the image.

    Examples
    --------
    >>> distance_target(np.array([[0, 1, 1, 1, 0, 2, 0]]))
    array([[0. , 0.5, 1. , 0.5, 0. , 1. , 0. ]], dtype=float32)
    """
    distances = cell_distances(labels)
    if not labels.size:
        return distances
    largest = _largest_in_cells(distances, np.ascontiguousarray(labels, np.int32))
    of_cell = largest[labels]
    inside = (labels > 0) & np.isfinite(distances)
    shares = np.divide(distances, of_cell, out=(labels > 0).astype(np.float32), where=inside)
    result: FloatImage = shares
    return result


@compiled
def _squared_distances(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    height, width = labels.shape
    # Along columns first, row after row, as they lie in memory.
    along = np.full((height, width), np.inf, np.float32)
    for row in range(1, height):
        for column in range(width):
            same = labels[row, column] == labels[row - 1, column]
            along[row, column] = along[row - 1, column] + 1 if same else 1
    for row in range(height - 2, -1, -1):
        for column in range(width):
            same = labels[row, column] == labels[row + 1, column]
            back = along[row + 1, column] + 1 if same else 1
            along[row, column] = min(along[row, column], back)
    result = np.zeros((height, width), np.float32)
    sites = np.empty(width + 2, np.int64)
    heights = np.empty(width + 2, np.float64)
    starts = np.empty(width + 2, np.float64)
    for row in range(height):
        start = 0
        while start < width:
            label = labels[row, start]
            stop = start + 1
            while stop < width and labels[row, stop] == label:
                stop += 1
            if label > 0:
                _envelope(along[row], start, stop, result[row], sites, heights, starts)
            start = stop
    return result


@compiled
def _envelope(  # noqa: PLR0917 - compiled functions take no keyword-only arguments
    along: npt.NDArray[np.float32],
    start: int,
    stop: int,
    result: npt.NDArray[np.float32],
    sites: npt.NDArray[np.int64],
    heights: npt.NDArray[np.float64],
    starts: npt.NDArray[np.float64],
) -> None:
    """Write the lowest of the parabolas over the pixels of one run within a row.

    A pixel of the run stands as high as its squared distance along the column; the pixels just
    before and behind the run belong to others and stand at 0.
    """
    width = len(along)
    count = 0
    for site in range(max(start - 1, 0), min(stop + 1, width)):
        within = start <= site < stop
        height = float(along[site]) ** 2 if within else 0.0
        if height == np.inf:
            continue
        begin = -np.inf
        while count:
            before = sites[count - 1]
            rise = height + site * site - heights[count - 1] - before * before
            begin = rise / (2.0 * (site - before))
            if begin > starts[count - 1]:
                break
            count -= 1
            begin = -np.inf
        sites[count], heights[count], starts[count] = site, height, begin
        count += 1
    lowest = 0
    for place in range(start, stop):
        if not count:
            result[place] = np.inf
            continue
        while lowest + 1 < count and starts[lowest + 1] < place:
            lowest += 1
        result[place] = heights[lowest] + (place - sites[lowest]) ** 2


@compiled
def _largest_in_cells(
    values: npt.NDArray[np.float32], labels: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    largest = np.zeros(labels.max() + 1, np.float32)
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            label = labels[row, column]
            largest[label] = max(largest[label], values[row, column])
    return largest
