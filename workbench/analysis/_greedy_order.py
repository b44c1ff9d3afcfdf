"""The order in which correcting errors raises the mean F1 fastest."""

import heapq

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def greedy_order(events: pd.DataFrame, images: pd.DataFrame) -> tuple[IntArray, FloatArray]:
    """Return the rows of the events in the order of correction, and the gain of each then.

    Parameters
    ----------
    events
        ``image_id``, ``added_matches`` and ``added_predicted``.
    images
        Index ``image_id``: matched pairs ``tp`` and cells of both sides ``n_cells``.

    Returns
    -------
    rows, gains
        Each event once; its gain is that of its image's F1 after all above it are corrected. Equal
        gains go by image; within it events that add more matches go first, then the earlier.

    Notes
    -----
    What is corrected in one image changes no gain in another. So each image has its own order, and
    the queue takes the best of the images' next ones: the same as looking through all events at
    each step.
    """
    added = events[["added_matches", "added_predicted"]].to_numpy().tolist()
    totals = dict(zip(images.index, images[["tp", "n_cells"]].to_numpy().tolist(), strict=True))
    rows_of = events.groupby("image_id", sort=True).indices
    within = [_order_in_image(rows.tolist(), added, *totals[i]) for i, rows in rows_of.items()]
    order: list[int] = []
    gains: list[float] = []
    heap = [(-of_image[0][1], place, 0) for place, of_image in enumerate(within)]
    heapq.heapify(heap)
    while heap:
        negative, place, step = heapq.heappop(heap)
        order.append(within[place][step][0])
        gains.append(-negative)
        if step + 1 < len(within[place]):
            heapq.heappush(heap, (-within[place][step + 1][1], place, step + 1))
    return np.array(order, np.int64), np.array(gains, np.float64)


def _order_in_image(
    rows: list[int], added: list[list[int]], tp: int, n_cells: int
) -> list[tuple[int, float]]:
    """Return row and gain of each event of one image, best first."""
    # Events that add the same gain the same: the first of them goes first.
    waiting: dict[tuple[int, int], list[int]] = {}
    for row in reversed(rows):
        waiting.setdefault((added[row][0], added[row][1]), []).append(row)
    f1 = _f1(tp, n_cells)
    ordered = []
    for _ in rows:
        after, matches, predicted = max(
            (_f1(tp + matches, n_cells + predicted), matches, predicted)
            for matches, predicted in waiting
        )
        left = waiting[matches, predicted]
        ordered.append((left.pop(), after - f1))
        if not left:
            del waiting[matches, predicted]
        tp, n_cells, f1 = tp + matches, n_cells + predicted, after
    return ordered


def _f1(tp: int, n_cells: int) -> float:
    """Return F1, 1 where nothing is left; a scalar twin of :func:`f1_of_counts`, called often."""
    return 2 * tp / n_cells if n_cells else 1.0
