"""Label windows to one label image, though every window numbers its cells on its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from workbench.schema import InputError, LabelImage
from workbench.transforms._shared_pixels import overlapping_cells
from workbench.transforms._windows import Window, covered_size, refuse_gaps


@dataclass(frozen=True, eq=False)
class JoinedLabels:
    """Label windows put together.

    Attributes
    ----------
    labels
        int32, shape (height, width), cells numbered from 1 without gaps.
    n_joined
        Cells that were put together from several windows.
    n_disputed
        Pairs of cells of two windows that share pixels and still are two cells in the result; 0
        where all windows show the same cells.
    """

    labels: LabelImage
    n_joined: int
    n_disputed: int


def join_label_windows(windows: Sequence[Window], *, min_iou: float = 0.5) -> JoinedLabels:
    """Put label windows together that number their cells each on its own.

    Two cells of two windows are the same cell if their IoU, taken within the pixels that both
    windows cover, is above ``min_iou``; what is the same along a chain of windows is one cell.
    Where windows disagree about a pixel, the one decides whose inner edges are farthest from it,
    since a network knows least at the edge of what it sees.

    Parameters
    ----------
    windows
        Label windows, at least one; together without a gap.
    min_iou
        From 0 to less than 1. At 0.5 and above a cell has at most one partner in each other
        window; below, one cell of a window can bind two of another together.

    Returns
    -------
    JoinedLabels
        The labels, and how many cells were joined and disputed.

    Raises
    ------
    InputError
        If windows leave a gap, or ``min_iou`` is out of range.

    Notes
    -----
    Windows cut from one label image that overlap by at least a pixel, their cells numbered anew
    in any way, come back as the same partition if every cell is connected (8-neighbourhood).
    Exactness ends where windows do not show it: pieces of a cell that no chain of windows connects
    come back as several cells; so may a cell of concave form that one window shows as two cells
    (of which one at most is more than half of what the other window shows), and such a pair counts
    as disputed. Windows that do not overlap cut cells apart. Labels whose ids agree between
    windows are put together by :func:`join_windows`, whatever the form of their cells.

    Examples
    --------
    >>> labels = np.zeros((6, 12), int)
    >>> labels[1:3, 2:10], labels[4:, 8:] = 5, 9
    >>> from workbench.transforms import cut_windows
    >>> result = join_label_windows(cut_windows(labels, size_px=6, step_px=4))
    >>> int(result.labels.max()), result.n_joined, result.n_disputed
    (2, 2, 0)
    """
    if not 0 <= min_iou < 1:
        msg = f"min_iou must lie between 0 and less than 1, got {min_iou}."
        raise InputError(msg)
    size = covered_size(windows)
    nodes, n_nodes = _number_throughout(windows)
    pairs, iou = _overlapping_pairs(nodes)
    same = pairs[iou > min_iou]
    links = sparse.coo_array((np.ones(len(same)), (same[:, 0], same[:, 1])), (n_nodes, n_nodes))
    _, cell_of = sparse.csgraph.connected_components(links, directed=False)
    cell_of = np.where(np.arange(n_nodes) == 0, 0, cell_of + 1)
    painted = _paint(nodes, cell_of, size)
    ids, labels = np.unique(np.append(0, painted), return_inverse=True)
    pieces = np.bincount(cell_of)
    parted = cell_of[pairs][cell_of[pairs[:, 0]] != cell_of[pairs[:, 1]]]
    return JoinedLabels(
        labels=labels[1:].reshape(size).astype(np.int32),
        n_joined=int(np.count_nonzero(pieces[ids[1:]] > 1)),
        n_disputed=int(np.isin(parted, ids).all(axis=1).sum()),
    )


def _number_throughout(windows: Sequence[Window]) -> tuple[list[Window], int]:
    """Give cells of all windows numbers of their own, from 1; return one more than the last."""
    numbered, n_nodes = [], 1
    for window in windows:
        ids, ranks = np.unique(np.append(0, window.pixels), return_inverse=True)
        ranks = ranks[1:].reshape(window.pixels.shape)
        numbered.append(replace(window, pixels=np.where(ranks > 0, ranks + n_nodes - 1, 0)))
        n_nodes += len(ids) - 1
    return numbered, n_nodes


def _overlapping_pairs(
    nodes: Sequence[Window],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return pairs of cells that share pixels, shape (n, 2), and their IoU in what is shared."""
    found = [overlapping_cells(first, second) for first, second in _shared_parts(nodes)]
    pairs = [np.empty((0, 2), np.int64), *(pairs for pairs, _ in found)]
    return np.concatenate(pairs), np.concatenate([np.empty(0), *(iou for _, iou in found)])


def _shared_parts(
    windows: Sequence[Window],
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Yield what two windows show of the pixels that both cover, for all pairs that do."""
    downwards = sorted(windows, key=lambda window: window.row_px)
    for place, first in enumerate(downwards):
        for second in downwards[place + 1 :]:
            if second.row_px >= first.place[0].stop:
                break  # so are all further ones
            rows, columns = map(_shared, first.place, second.place)
            if columns.start < columns.stop:
                yield first.crop(rows, columns), second.crop(rows, columns)


def _shared(first: slice, second: slice) -> slice:
    return slice(max(first.start, second.start), min(first.stop, second.stop))


def _paint(
    nodes: Sequence[Window], cell_of: npt.NDArray[np.int64], size: tuple[int, int]
) -> npt.NDArray[np.int64]:
    """Give each pixel the cell of the window in which it lies deepest."""
    painted = np.zeros(size, np.int64)
    deepest = np.zeros(size, np.int64)
    for window in nodes:
        depth = np.minimum.outer(
            *(_depth(part, length) for part, length in zip(window.place, size, strict=True))
        )
        decides = depth > deepest[window.place]
        deepest[window.place][decides] = depth[decides]
        painted[window.place][decides] = cell_of[window.pixels[decides]]
    refuse_gaps(deepest)
    return painted


def _depth(part: slice, length: int) -> npt.NDArray[np.int64]:
    """Return the distance to the nearer end of a stretch; ends of the image do not count."""
    inside = np.arange(part.stop - part.start)
    far = np.full_like(inside, np.iinfo(inside.dtype).max)
    from_start = inside + 1 if part.start > 0 else far
    from_stop = inside[::-1] + 1 if part.stop < length else far
    return np.minimum(from_start, from_stop)
