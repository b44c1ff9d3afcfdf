"""Star-convex polygons on the pixel grid, and which of them to keep."""

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage, LabelImage
from workbench.transforms import compiled, ray_directions


def suppressed(
    probability: FloatImage, rays: FloatImage, *, threshold: float, max_overlap: float
) -> LabelImage:
    """Return the polygons that greedy non-maximum suppression leaves, painted.

    Polygons come in order of falling probability. One is kept unless it shares more than
    ``max_overlap`` of the smaller of both with one that was kept, as StarDist measures it: by IoU
    a fragment within a large cell would be kept. A polygon has the pixels whose centres lie within
    it. Those that two kept ones share count for the first alone, also against later ones.

    Parameters
    ----------
    probability
        Shape (height, width); pixels above ``threshold`` propose a polygon.
    rays
        Lengths in pixels, shape (height, width, rays), in the order of ``ray_directions``; a
        length that is no number is 0.
    threshold, max_overlap
        Between 0 and 1.

    Returns
    -------
    ndarray of int32
        Shape (height, width), the first polygon 1.

    Examples
    --------
    >>> probability, rays = np.zeros((7, 7), np.float32), np.full((7, 7, 32), 1.2, np.float32)
    >>> probability[3, 3], probability[3, 4] = 0.9, 0.8
    >>> suppressed(probability, rays, threshold=0.5, max_overlap=0.2)[2:5, 2:6]
    array([[0, 1, 0, 0],
           [1, 1, 1, 0],
           [0, 1, 0, 0]], dtype=int32)
    """
    rows, columns = np.nonzero(probability > threshold)
    order = np.argsort(-probability[rows, columns], kind="stable")
    centres = np.stack([rows[order], columns[order]], axis=1)
    # No longer than the image: what is longer is cut off by its edge anyway.
    longest = float(sum(probability.shape))
    lengths = np.nan_to_num(rays[centres[:, 0], centres[:, 1]], nan=0, posinf=longest)
    lengths = lengths.clip(0, longest).astype(np.float32)
    directions = ray_directions().astype(np.float32)
    return _painted(centres, lengths, directions, np.array(probability.shape), float(max_overlap))


@compiled
def _painted(
    centres: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.float32],
    directions: npt.NDArray[np.float32],
    shape: npt.NDArray[np.int64],
    max_overlap: float,
) -> npt.NDArray[np.int32]:
    height, width = shape
    labels = np.zeros((height, width), np.int32)
    areas = np.zeros(len(centres) + 1, np.int64)
    shared = np.zeros(len(centres) + 1, np.int64)
    met = np.zeros(len(centres) + 1, np.int64)
    # Each row of the polygon is a few pairs of columns between which its pixels lie. They count
    # from its centre, and so are rounded alike in a part of an image and in the whole.
    crossings = np.empty((height, len(directions)), np.float32)
    counts = np.zeros(height, np.int64)
    kept = 0
    for index in range(len(centres)):
        centre_row, centre_column = centres[index, 0], centres[index, 1]
        top, bottom = _cross_rows(centre_row, lengths[index], directions, crossings, counts)
        area = n_met = 0
        for row in range(top, bottom):
            for pair in range(0, counts[row] - 1, 2):
                left, right = crossings[row, pair], crossings[row, pair + 1]
                start, stop = _columns(left, right, centre_column, width)
                area += max(stop - start, 0)
                for column in range(start, stop):
                    other = labels[row, column]
                    if other:
                        if not shared[other]:
                            met[n_met] = other
                            n_met += 1
                        shared[other] += 1
        keep = area > 0
        for place in range(n_met):
            other = met[place]
            if shared[other] > max_overlap * min(area, areas[other]):
                keep = False
            shared[other] = 0
        if keep:
            kept += 1
            areas[kept] = area
            _paint(labels, kept, centre_column, top, bottom, crossings, counts)
        counts[top:bottom] = 0
    return labels


@compiled
def _paint(  # noqa: PLR0917 - compiled functions take no keyword-only arguments
    labels: npt.NDArray[np.int32],
    number: int,
    centre_column: int,
    top: int,
    bottom: int,
    crossings: npt.NDArray[np.float32],
    counts: npt.NDArray[np.int64],
) -> None:
    for row in range(top, bottom):
        for pair in range(0, counts[row] - 1, 2):
            left, right = crossings[row, pair], crossings[row, pair + 1]
            start, stop = _columns(left, right, centre_column, labels.shape[1])
            for column in range(start, stop):
                if not labels[row, column]:
                    labels[row, column] = number


@compiled
def _columns(left: float, right: float, centre_column: int, width: int) -> tuple[int, int]:
    """Return the first pixel whose centre lies between two crossings, and that behind the last."""
    start, stop = centre_column + int(np.ceil(left)), centre_column + int(np.floor(right)) + 1
    return max(start, 0), min(stop, width)


@compiled
def _cross_rows(
    centre_row: int,
    lengths: npt.NDArray[np.float32],
    directions: npt.NDArray[np.float32],
    crossings: npt.NDArray[np.float32],
    counts: npt.NDArray[np.int64],
) -> tuple[int, int]:
    """Write where the sides of a polygon cross each row, in rising order; return the rows."""
    n_rays, height = len(lengths), len(counts)
    top, bottom = height, 0
    before_row = lengths[-1] * directions[-1, 0]
    before_column = lengths[-1] * directions[-1, 1]
    for ray in range(n_rays):
        row, column = lengths[ray] * directions[ray, 0], lengths[ray] * directions[ray, 1]
        # A side holds its upper end and not its lower one, so corners count once.
        first = max(centre_row + int(np.ceil(min(row, before_row))), 0)
        last = min(centre_row + int(np.ceil(max(row, before_row))), height)
        slope = (column - before_column) / (row - before_row) if row != before_row else 0.0
        for line in range(first, last):
            cross = before_column + (line - centre_row - before_row) * slope
            place = counts[line]
            while place and crossings[line, place - 1] > cross:
                crossings[line, place] = crossings[line, place - 1]
                place -= 1
            crossings[line, place] = cross
            counts[line] += 1
        top, bottom = min(top, first), max(bottom, last)
        before_row, before_column = row, column
    return top, bottom
