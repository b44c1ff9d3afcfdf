"""Cells written as run lengths or polygons: decoded to runs of pixels down the columns."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.datasets._label_values import IntArray
from workbench.schema import InputError

POLYGON_SUBPIXELS: Final = 5
"""COCO traces polygons on a grid this much finer than pixels."""

MAX_STEPS: Final = 2**24
"""An outline of more steps than this along pixels circles no cell; tracing it fills the memory."""

MAX_COVERING: Final = 100
"""Cells that together cover an image so many times were made to do harm, not to be cells."""

_FEW_PIXELS: Final = 2**24


def coco_runs(
    counts: str | Sequence[int], shape: tuple[int, int], *, name: str = "RLE"
) -> IntArray:
    """Decode the run lengths of a COCO mask.

    Parameters
    ----------
    counts
        Lengths of runs of 0 and 1 in turn, 0 first, down the columns; as a list, or packed into a
        string (6 bits a character, of which 5 carry the number; from the third on, differences to
        the number before last).
    shape
        (height, width) of the mask.
    name
        What errors call it.

    Returns
    -------
    ndarray of int64
        Shape (n, 2): first and one past the last pixel of each run of 1, counted down the columns.

    Raises
    ------
    InputError
        If a length is negative or the lengths don't add up to the mask's pixels.

    Examples
    --------
    >>> coco_runs([1, 2, 1], (2, 2)).tolist()
    [[1, 3]]
    """
    lengths = _unpack_counts(counts, name) if isinstance(counts, str) else _whole(counts, name)
    # Added up as Python's integers, huge lengths don't begin again at 0.
    n_covered, n_pixels = sum(lengths.tolist()), shape[0] * shape[1]
    if (lengths < 0).any() or n_covered != n_pixels:
        msg = (
            f"{name}: the run lengths cover {n_covered:,} pixels, but the image of "
            f"{shape[0]} x {shape[1]} has {n_pixels:,}; check the image's height and "
            "width, or export the masks again."
        )
        raise InputError(msg)
    edges = np.cumsum(lengths)
    return np.column_stack([edges[0 : edges.size // 2 * 2 : 2], edges[1::2]])


def kaggle_runs(text: str, shape: tuple[int, int], *, name: str = "EncodedPixels") -> IntArray:
    """Decode a mask of the Data Science Bowl 2018: pairs of first pixel and length.

    Parameters
    ----------
    text
        Numbers parted by blanks; pixels count from 1 down the columns. Empty: no pixels.
    shape
        (height, width) of the mask.
    name
        What errors call it.

    Returns
    -------
    ndarray of int64
        As in :func:`coco_runs`.

    Raises
    ------
    InputError
        If the numbers don't come in pairs or a run leaves the image.

    Examples
    --------
    >>> kaggle_runs("2 2", (2, 2)).tolist()
    [[1, 3]]
    """
    numbers = _whole(text.split(), name)
    if numbers.size % 2:
        msg = f"{name}: expected pairs of first pixel and length, got {numbers.size} numbers."
        raise InputError(msg)
    first, length = numbers[0::2] - 1, numbers[1::2]
    n_pixels = shape[0] * shape[1]
    if (first < 0).any() or (length < 0).any() or (length > n_pixels - first).any():
        last = max(first.astype(object) + length)
        msg = (
            f"{name}: a run leaves the image: pixels 1 to {n_pixels:,} exist in {shape[0]} x "
            f"{shape[1]}, got {first.min() + 1:,} to {last:,}; was it made for an image of another "
            "size?"
        )
        raise InputError(msg)
    return np.column_stack([first, first + length])


def polygon_runs(
    coordinates: Sequence[float], shape: tuple[int, int], *, name: str = "polygon"
) -> IntArray:
    """Fill a polygon, the same pixels as the COCO tools do.

    Parameters
    ----------
    coordinates
        x and y of the corners in turn, in pixels, (0, 0) being the image's outer corner; at least
        three corners. What lies outside the image is cut off.
    shape
        (height, width) of the image.
    name
        What errors call it.

    Returns
    -------
    ndarray of int64
        As in :func:`coco_runs`; empty if the polygon holds no pixel centre.

    Raises
    ------
    InputError
        If there are fewer than three corners, numbers that are no coordinates, or the outline is
        longer than that of any cell.

    Notes
    -----
    The outline is traced on a grid five times finer than pixels. Wherever it passes the centre
    line of a column, the pixels below change sides; an even number of changes is outside.

    References
    ----------
    .. [1] T.-Y. Lin et al., Microsoft COCO, ECCV 2014 (code: cocodataset/cocoapi).

    Examples
    --------
    >>> polygon_runs([0, 0, 2, 0, 2, 1, 0, 1], (2, 2)).tolist()
    [[0, 1], [2, 3]]
    """
    corners = _corners(coordinates, name)
    height, width = shape
    _refuse_endless(corners, POLYGON_SUBPIXELS, name)
    column, row = _trace_outline(corners)
    moves = np.flatnonzero(np.diff(column))
    # The finer column that is left or entered from the left, whichever way the outline runs.
    passed = np.where(column[moves + 1] < column[moves], column[moves + 1], column[moves + 1] - 1)
    centre = POLYGON_SUBPIXELS // 2
    x = (passed - centre) // POLYGON_SUBPIXELS
    inside = ((passed - centre) % POLYGON_SUBPIXELS == 0) & (x >= 0) & (x < width)
    upper = np.minimum(row[moves], row[moves + 1])
    y = np.clip(-((centre - upper) // POLYGON_SUBPIXELS), 0, height)
    changes = np.sort((x * height + y)[inside])
    runs = changes.reshape(-1, 2)
    return runs[runs[:, 0] < runs[:, 1]]


def ring_runs(
    rings: Sequence[Sequence[Sequence[float]]], shape: tuple[int, int], *, name: str = "polygon"
) -> IntArray:
    """Fill a polygon with holes: the pixels whose centres lie inside.

    Parameters
    ----------
    rings
        The outer ring and the holes, as corners (x, y), closed or not; (0, 0) is the image's
        outer corner, so that the first pixel's centre is (0.5, 0.5). A centre on the outline is
        inside if the polygon lies to its right or below it, so that neighbours share no pixel.
    shape
        (height, width) of the image; what lies outside is cut off.
    name
        What errors call it.

    Returns
    -------
    ndarray of int64
        As in :func:`coco_runs`.

    Raises
    ------
    InputError
        If the outline is longer than that of any cell.

    Examples
    --------
    >>> ring_runs([[(0, 0), (2, 0), (2, 1), (0, 1)]], (1, 3)).tolist()
    [[0, 1], [1, 2]]
    """
    height, width = shape
    changes = [np.zeros(0, np.int64)]
    for ring in rings:
        # The outline is cut off where it leaves the columns of the image, not the rows: what lies
        # above still decides whether the pixels below are inside.
        begin = np.asarray(ring, np.float64)
        end = np.roll(begin, -1, axis=0)
        x = np.clip(np.stack([begin[:, 0], end[:, 0]]), 0, width)
        first, last = np.ceil(x.min(axis=0) - 0.5), np.ceil(x.max(axis=0) - 0.5)
        n_columns = (last - first).astype(np.int64)
        if n_columns.sum() > MAX_STEPS:
            raise InputError(_endless(int(n_columns.sum()), name))
        edge = np.repeat(np.arange(n_columns.size), n_columns)
        place = np.arange(edge.size) - np.repeat(np.cumsum(n_columns) - n_columns, n_columns)
        column = first.astype(np.int64)[edge] + place
        along = (column + 0.5 - begin[edge, 0]) / (end - begin)[edge, 0]
        y = begin[edge, 1] + along * (end - begin)[edge, 1]
        row = np.ceil(np.clip(y, 0, height) - 0.5).astype(np.int64)
        changes.append(column * height + row)
    # Every column is passed an even number of times.
    runs = np.sort(np.concatenate(changes)).reshape(-1, 2)
    return runs[runs[:, 0] < runs[:, 1]]


def mask_runs(mask: npt.NDArray[np.bool_]) -> IntArray:
    """Return the runs of a mask, as in :func:`coco_runs`.

    Examples
    --------
    >>> mask_runs(np.array([[False, True], [True, True]])).tolist()
    [[1, 4]]
    """
    edges = np.flatnonzero(np.diff(mask.T.ravel(), prepend=False, append=False))
    return edges.reshape(-1, 2)


def refuse_covering(cells: Sequence[IntArray], shape: tuple[int, int], *, name: str) -> None:
    """Raise if the runs of cells cover an image too often: decoded, they would fill the memory."""
    n_pixels = shape[0] * shape[1]
    covered = sum(int((runs[:, 1] - runs[:, 0]).sum()) for runs in cells)
    if covered > max(_FEW_PIXELS, MAX_COVERING * n_pixels):
        msg = (
            f"{name}: its {len(cells):,} cells cover the image {covered // n_pixels:,} times; they "
            "can't be cells, export the masks again."
        )
        raise InputError(msg)


def run_pixels(runs: IntArray) -> IntArray:
    """Return every pixel of runs, counted down the columns.

    Examples
    --------
    >>> run_pixels(np.array([[1, 3], [7, 8]])).tolist()
    [1, 2, 7]
    """
    lengths = runs[:, 1] - runs[:, 0]
    offsets = np.cumsum(lengths) - lengths
    pixels: IntArray = np.arange(lengths.sum()) + np.repeat(runs[:, 0] - offsets, lengths)
    return pixels


def _whole(numbers: Sequence[Any], name: str) -> IntArray:
    try:
        return np.array([int(number) for number in numbers], np.int64)
    except (TypeError, ValueError, OverflowError):
        msg = f"{name}: run lengths must be whole numbers; export the masks again."
        raise InputError(msg) from None


def _unpack_counts(text: str, name: str) -> IntArray:
    """Read the packed numbers of a COCO mask: base 32, lowest digits first, signed."""
    digits = np.array([ord(letter) - 48 for letter in text], np.int64)
    last = np.flatnonzero((digits & 32) == 0)
    broken = not digits.size or digits.min() < 0 or digits.max() > 63
    if broken or last.size == 0 or last[-1] != digits.size - 1:
        msg = f"{name}: the packed run lengths are damaged or cut short; export the masks again."
        raise InputError(msg)
    first = np.append(0, last[:-1] + 1)
    place = np.arange(digits.size) - np.repeat(first, last - first + 1)
    numbers: IntArray = np.add.reduceat((digits & 31) << (5 * place), first)
    numbers -= np.where(digits[last] & 16, 1 << (5 * (place[last] + 1)), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _corners(coordinates: Sequence[float], name: str) -> npt.NDArray[np.float64]:
    try:
        flat = np.asarray(coordinates, np.float64)
    except (TypeError, ValueError):
        flat = np.full(1, np.nan)
    if flat.ndim != 1 or flat.size % 2 or flat.size < 6 or not np.isfinite(flat).all():
        msg = (
            f"{name}: expected x and y of at least three corners, got {flat.size} values; "
            "correct the polygon or delete its annotation."
        )
        raise InputError(msg)
    return flat.reshape(-1, 2)


def _refuse_endless(corners: npt.NDArray[np.float64], steps_a_pixel: int, name: str) -> None:
    extent = np.abs(corners - np.roll(corners, -1, axis=0)).max(axis=1)
    n_steps = float(extent.sum()) * steps_a_pixel
    if n_steps > MAX_STEPS:
        raise InputError(_endless(n_steps, name))


def _endless(n_steps: float, name: str) -> str:
    return (
        f"{name}: its outline takes {n_steps:.3g} steps from pixel to pixel, which no cell does; "
        "correct the polygon or delete it."
    )


def _trace_outline(corners: npt.NDArray[np.float64]) -> tuple[IntArray, IntArray]:
    """Return column and row of every point of an outline on the finer grid."""
    fine = np.trunc(POLYGON_SUBPIXELS * corners + 0.5).astype(np.int64)
    begin, end = fine, np.roll(fine, -1, axis=0)
    moving = (begin != end).any(axis=1)
    begin, end = begin[moving], end[moving]
    extent = np.abs(end - begin)
    # Each edge advances by one along its longer axis, always upwards, so that the rounding of the
    # other axis does not depend on the direction in which the polygon is drawn.
    longer = np.where(extent[:, 0] >= extent[:, 1], 0, 1)
    edges = np.arange(longer.size)
    backwards = begin[edges, longer] > end[edges, longer]
    low = np.where(backwards[:, np.newaxis], end, begin)
    high = np.where(backwards[:, np.newaxis], begin, end)
    steps = extent[edges, longer]
    slope = (high - low)[edges, 1 - longer] / steps
    edge = np.repeat(edges, steps + 1)
    along = np.arange(edge.size) - np.repeat(np.cumsum(steps + 1) - (steps + 1), steps + 1)
    along = np.where(backwards[edge], steps[edge] - along, along)
    main = low[edge, longer[edge]] + along
    side = np.trunc(low[edge, 1 - longer[edge]] + slope[edge] * along + 0.5).astype(np.int64)
    swapped = longer[edge] == 1
    return np.where(swapped, side, main), np.where(swapped, main, side)
