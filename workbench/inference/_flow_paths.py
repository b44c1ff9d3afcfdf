"""Where flows lead, and whether cells and flows agree."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from workbench.inference._flooding import flood, summit_seeds
from workbench.schema import FloatImage, LabelImage
from workbench.transforms import compiled, flow_target

HALF: Final = 1.0
"""Fall between two places that are told apart, as a power of two."""
LEVEL: Final = HALF / 64
"""Counts that are told apart where the way to a place is sought, as a power of two."""


def cells_of_flows(
    flows: FloatImage, is_cell: npt.NDArray[np.bool_], *, n_steps: int
) -> LabelImage:
    """Return which pixels end at one place if all follow the flow.

    Pixels walk by Euler steps along the flow, interpolated between the four pixels around; outside
    ``is_cell`` there is none. Two places are told apart where fewer than half as many pixels end
    between them as at the lesser one. The count is smoothed by a Gaussian of one pixel, so middles
    less than three pixels apart are one place.

    Parameters
    ----------
    flows
        Shape (height, width, 2): (row, column), pixels per step.
    is_cell
        Which pixels walk, shape (height, width).
    n_steps
        Steps at most; a pixel that goes round in circles ends before.

    Returns
    -------
    ndarray of int32
        Shape (height, width), numbered from 1; 0 outside ``is_cell``.
    """
    labels = np.zeros(is_cell.shape, np.int32)
    starts = np.argwhere(is_cell)
    if not len(starts):
        return labels
    inside = np.where(is_cell[..., np.newaxis], np.nan_to_num(flows), 0).astype(np.float32)
    rows, columns = (starts + _paths(inside, starts, n_steps).round().astype(np.int64)).T
    ending = np.zeros(is_cell.shape, np.float32)
    np.add.at(ending, (rows, columns), 1)
    crowd = ndimage.gaussian_filter(ending, 1, truncate=2)
    reached = crowd > 0
    landscape = np.log2(crowd, out=np.zeros_like(crowd), where=reached)
    seeds = summit_seeds(landscape, reached, height=HALF)
    places = flood(landscape, seeds, reached, step=LEVEL)
    labels[is_cell] = places[rows, columns]
    return labels


def flow_errors(flows: FloatImage, labels: LabelImage) -> npt.NDArray[np.float64]:
    """Return how far predicted flows are from those that the cells themselves would have.

    Parameters
    ----------
    flows
        Shape (height, width, 2).
    labels
        Shape (height, width), numbered from 1 without gaps.

    Returns
    -------
    ndarray
        One value a cell: the mean squared length of the difference, 0 to 4 for unit flows.
    """
    squared = ((flow_target(labels) - flows) ** 2).sum(axis=-1)
    areas = np.bincount(labels.ravel())[1:]
    errors: npt.NDArray[np.float64] = (
        np.bincount(labels.ravel(), weights=squared.ravel())[1:] / areas
    )
    return errors


@compiled
def _paths(
    flows: npt.NDArray[np.float32], starts: npt.NDArray[np.int64], n_steps: int
) -> npt.NDArray[np.float64]:
    """Return how far down and right of its start each path ends.

    Counted from the start, not from the corner of the image, it is rounded alike in a part of an
    image and in the whole.
    """
    height, width = flows.shape[:2]
    ends = np.empty((len(starts), 2))
    for index in range(len(starts)):
        start_row, start_column = starts[index]
        row = column = 0.0
        for stretch in range(0, n_steps, 8):
            first_row, first_column = row, column
            path = 0.0
            for _ in range(stretch, min(stretch + 8, n_steps)):
                whole_row, whole_column = np.floor(row), np.floor(column)
                share_down, share_right = row - whole_row, column - whole_column
                top, left = start_row + int(whole_row), start_column + int(whole_column)
                low, next_column = min(top + 1, height - 1), min(left + 1, width - 1)
                down = right = 0.0
                for corner_row, share_row in ((top, 1 - share_down), (low, share_down)):
                    for corner_column, share_column in (
                        (left, 1 - share_right),
                        (next_column, share_right),
                    ):
                        share = share_row * share_column
                        down += share * flows[corner_row, corner_column, 0]
                        right += share * flows[corner_row, corner_column, 1]
                path += np.sqrt(down * down + right * right)
                row = min(max(row + down, -start_row), height - 1 - start_row)
                column = min(max(column + right, -start_column), width - 1 - start_column)
            # Who comes back to where it was, however slow, goes round the middle of its cell.
            away = np.sqrt((row - first_row) ** 2 + (column - first_column) ** 2)
            if away <= 0.25 * path:
                break
        ends[index, 0], ends[index, 1] = row, column
    return ends
