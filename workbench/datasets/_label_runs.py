"""Cells written as run lengths or polygons: decoded to runs of pixels down the columns."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.datasets._label_values import IntArray
from workbench.schema import InputError

POLYGON_SUBPIXELS: Final = 5
"""COCO traces polygons on a grid this much finer than pixels."""


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
    if (lengths < 0).any() or lengths.sum() != shape[0] * shape[1]:
        msg = (
            f"{name}: the run lengths cover {lengths.sum():,} pixels, but the image of "
            f"{shape[0]} x {shape[1]} has {shape[0] * shape[1]:,}; check the image's height and "
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
    if (first < 0).any() or (length < 0).any() or (first + length > n_pixels).any():
        msg = (
            f"{name}: a run leaves the image: pixels 1 to {n_pixels:,} exist in {shape[0]} x "
            f"{shape[1]}, got {first.min() + 1:,} to {(first + length).max():,}; was it made for "
            "an image of another size?"
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
        If there are fewer than three corners, or numbers that are no coordinates.

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
