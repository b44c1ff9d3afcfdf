"""Which cells of different models lie at the same place, as far as their boxes tell."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.analysis._error_events import BOX

IntArray = npt.NDArray[np.int64]

SAME_PLACE: Final = 0.5
"""IoU of the boxes of two cells from which on they lie at the same place."""


def same_place(one: pd.DataFrame, two: pd.DataFrame) -> tuple[IntArray, IntArray]:
    """Return the pairs of cells of two tables whose boxes have an IoU of at least 0.5.

    Parameters
    ----------
    one, two
        Cells with ``image_id`` and box; only cells of the same image make pairs.

    Returns
    -------
    rows of one, rows of two
        Numbers of the rows, pair by pair.

    Notes
    -----
    Tables hold no outlines. Boxes of neighbouring cells seldom share half of their union, so at
    this level they tell cells apart; what shape was predicted they don't tell.

    Examples
    --------
    >>> box = {"image_id": ["a"], "top_px": 0, "left_px": 0, "bottom_px": 10, "right_px": 10}
    >>> one = pd.DataFrame(box)
    >>> rows = same_place(one, pd.concat([one, one.assign(left_px=6), one.assign(left_px=2)]))
    >>> rows[0].tolist(), rows[1].tolist()
    ([0, 0], [0, 2])
    """
    places_two = two.groupby("image_id").indices
    boxes_one, boxes_two = one[list(BOX)].to_numpy(float), two[list(BOX)].to_numpy(float)
    found: list[tuple[IntArray, IntArray]] = []
    for image, rows_one in one.groupby("image_id").indices.items():
        rows_two = places_two.get(image)
        if rows_two is not None:
            pairs = np.nonzero(_box_iou(boxes_one[rows_one], boxes_two[rows_two]) >= SAME_PLACE)
            found.append((rows_one[pairs[0]], rows_two[pairs[1]]))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def places_of(cells: pd.DataFrame) -> IntArray:
    """Return the number of the place of each cell: those of different models at one place share it.

    Parameters
    ----------
    cells
        Predicted cells with ``image_id``, ``model`` and box, of one seed of each model.
    """
    numbers = np.arange(len(cells))
    by_model = [numbers[(cells["model"] == model).to_numpy()] for model in cells["model"].unique()]
    rows: list[IntArray] = []
    columns: list[IntArray] = []
    for place, first in enumerate(by_model):
        for second in by_model[place + 1 :]:
            one, two = same_place(cells.iloc[first], cells.iloc[second])
            rows.append(first[one])
            columns.append(second[two])
    ends = (np.concatenate([*rows, numbers[:0]]), np.concatenate([*columns, numbers[:0]]))
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(len(cells), len(cells)))
    found: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
    return found


def _box_iou(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the IoU of every box (top, left, bottom, right) of one with every box of two."""
    top_left = np.maximum(one[:, None, :2], two[None, :, :2])
    bottom_right = np.minimum(one[:, None, 2:], two[None, :, 2:])
    shared = (bottom_right - top_left).clip(min=0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, two)]
    iou: npt.NDArray[np.float64] = shared / (areas[0][:, None] + areas[1][None, :] - shared)
    return iou
