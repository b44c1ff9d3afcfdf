"""Which way leads to the middle of its cell from each pixel."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from workbench.schema import FloatImage, LabelImage
from workbench.transforms._compiled import compiled


def flow_target(labels: LabelImage) -> FloatImage:
    """Return unit vectors that climb the heat spread from the middle of each cell.

    Heat enters at the cell's pixel nearest to its centroid (at all of them where several are
    nearest), spreads to the mean of the 3 x 3 pixels around at each step, and is lost outside the
    cell; there are twice as many steps as the cell is high and wide [1]_. Its gradient, made to
    length 1, is the flow.

    Parameters
    ----------
    labels
        Label image, shape (height, width).

    Returns
    -------
    ndarray of float32
        Shape (height, width, 2): (row, column). 0 outside cells and where the heat is level, as in
        cells of one pixel.

    References
    ----------
    .. [1] C. Stringer, T. Wang, M. Michaelos and M. Pachitariu, Nat. Methods 18:100-106, 2021.

    Examples
    --------
    >>> flow_target(np.array([[0, 1, 1, 1, 0]]))[0, :, 1]
    array([ 0.,  1.,  0., -1.,  0.], dtype=float32)
    """
    flows = np.zeros((*labels.shape, 2), np.float32)
    labels = np.ascontiguousarray(labels, np.int32)
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is not None:
            _add_flows(labels[box], label, flows[box])
    return flows


@compiled
def _add_flows(labels: npt.NDArray[np.int32], label: int, flows: npt.NDArray[np.float32]) -> None:
    height, width = labels.shape
    heat, inside = _spread(labels, label)
    for row in range(height):
        for column in range(width):
            if not inside[row + 1, column + 1]:
                continue
            down = heat[row + 2, column + 1] - heat[row, column + 1]
            right = heat[row + 1, column + 2] - heat[row + 1, column]
            length = np.hypot(down, right)
            # Where the heat is level its gradient is what rounding left of it.
            if length > 1e-9 * heat[row + 1, column + 1]:
                flows[row, column, 0] = down / length
                flows[row, column, 1] = right / length


@compiled
def _spread(
    labels: npt.NDArray[np.int32], label: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the heat in a box and 1 inside the cell, both with a frame of one pixel."""
    height, width = labels.shape
    inside, source = _inside_and_source(labels, label)
    heat = np.zeros((height + 2, width + 2))
    sums = np.zeros((height + 2, width + 2))
    for _ in range(2 * (height + width + 2)):
        heat += source
        for row in range(1, height + 1):
            for column in range(width + 2):
                sums[row, column] = (
                    heat[row - 1, column] + heat[row + 1, column] + heat[row, column]
                )
        for row in range(1, height + 1):
            for column in range(1, width + 1):
                total = sums[row, column - 1] + sums[row, column + 1] + sums[row, column]
                heat[row, column] = total * inside[row, column] / 9
    return heat, inside


@compiled
def _inside_and_source(
    labels: npt.NDArray[np.int32], label: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return 1 inside the cell, and 1 at its middle, both with a frame of one pixel."""
    height, width = labels.shape
    inside = np.zeros((height + 2, width + 2))
    area = row_sum = column_sum = 0
    for row in range(height):
        for column in range(width):
            if labels[row, column] == label:
                inside[row + 1, column + 1] = 1
                area, row_sum, column_sum = area + 1, row_sum + row, column_sum + column
    # Distances to the centroid, times the area: whole numbers, whose ties are exact.
    away = np.full((height, width), np.iinfo(np.int64).max)
    for row in range(height):
        for column in range(width):
            if labels[row, column] == label:
                down, right = row * area - row_sum, column * area - column_sum
                away[row, column] = down * down + right * right
    source = np.zeros((height + 2, width + 2))
    nearest = away.min()
    for row in range(height):
        for column in range(width):
            source[row + 1, column + 1] = away[row, column] == nearest
    return inside, source
