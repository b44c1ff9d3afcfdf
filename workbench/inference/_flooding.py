"""Seeds at the summits of a landscape, and their floods."""

from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage, LabelImage
from workbench.transforms import compiled

LEVELS: Final = 4096
"""Heights of a flood that are told apart."""


def summit_seeds(
    landscape: FloatImage, mask: npt.NDArray[np.bool_], *, height: float
) -> LabelImage:
    """Return the tops of the summits of a landscape.

    Two summits are told apart if the way between them falls by at least ``height`` below the
    lower one; so each piece of the mask has one summit at least.

    Parameters
    ----------
    landscape
        Shape (height, width), finite within the mask.
    mask
        Where summits may be; pixels touch at edges and corners.
    height
        Least fall, in units of the landscape.

    Returns
    -------
    ndarray of int32
        Each summit numbered from 1, with the pixels around it that lie less than ``height`` lower.

    Examples
    --------
    >>> landscape = np.array([[1, 5, 4.5, 5.2, 1, 3, 0]], np.float32)
    >>> summit_seeds(landscape, landscape > 0, height=1)
    array([[0, 1, 1, 1, 0, 2, 0]], dtype=int32)
    """
    # In a frame no pixel lacks a neighbour.
    places = np.flatnonzero(np.pad(mask, 1)).astype(np.int32)
    if not places.size:
        return np.zeros(mask.shape, np.int32)
    heights = np.pad(np.asarray(landscape, np.float32), 1)
    # Sorting 16-bit whole numbers takes time in proportion to their count.
    steps = _whole_numbers(heights.ravel()[places], np.iinfo(np.uint16).max).astype(np.uint16)
    falling = places[np.argsort(np.iinfo(np.uint16).max - steps, kind="stable")]
    return _seeds(heights, falling, float(height))[1:-1, 1:-1]


def flood(landscape: FloatImage, seeds: LabelImage, mask: npt.NDArray[np.bool_]) -> LabelImage:
    """Let seeds grow over a mask from high to low, until they meet.

    The watershed of the landscape upside down: a pixel goes to the seed whose flood comes first,
    high pixels before low ones and, on one of :data:`LEVELS` levels, near ones before far ones.

    Parameters
    ----------
    landscape
        Shape (height, width), finite within the mask.
    seeds
        Numbered from 1; what lies outside the mask is not used.
    mask
        What may be flooded; pixels touch at edges alone.

    Returns
    -------
    ndarray of int32
        The number of a seed, or 0 where none came.

    Examples
    --------
    >>> landscape = np.array([[4, 2, 1, 3, 5, 0]], np.float32)
    >>> flood(landscape, np.array([[1, 0, 0, 0, 2, 0]]), landscape > 0)
    array([[1, 1, 2, 2, 2, 0]], dtype=int32)
    """
    land, open_ = np.asarray(landscape, np.float32), np.ascontiguousarray(mask)
    flooded = np.pad(np.where(open_, seeds, 0).astype(np.int32, copy=False), 1)
    return _flooded(_framed_levels(land, open_, LEVELS), flooded, LEVELS)[1:-1, 1:-1]


def _whole_numbers(values: npt.NDArray[np.float32], highest: int) -> npt.NDArray[np.float32]:
    """Return values rounded to 0 to ``highest``, from the least to the largest of them."""
    if not values.size:
        return values
    least, span = values.min(), np.ptp(values)
    return ((values - least) * (highest / span)).round() if span > 0 else np.zeros_like(values)


@compiled
def _root(parents: npt.NDArray[np.int32], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


@compiled
def _seeds(
    landscape: npt.NDArray[np.float32], falling: npt.NDArray[np.int32], least_fall: float
) -> npt.NDArray[np.int32]:
    """Join pixels from high to low; a hill's root is its summit, the first pixel it had."""
    heights = landscape.ravel()
    parents = np.full(heights.size, -1, np.int32)
    below = landscape.shape[1]
    around = (-below - 1, -below, -below + 1, -1, 1, below - 1, below, below + 1)
    for place in falling:
        parents[place] = summit = place
        for step in around:
            if parents[place + step] < 0:
                continue
            other = _root(parents, place + step)
            if other == summit:
                continue
            higher, lower = other, summit
            if heights[summit] > heights[other]:
                higher, lower = summit, other
            if heights[lower] - heights[place] < least_fall:
                parents[lower] = summit = higher
        parents[place] = summit
    seeds = np.zeros(heights.size, np.int32)
    count = 0
    for place in falling:
        summit = _root(parents, place)
        # A summit comes before the rest of its hill, up to what rounding made equal.
        if summit == place:
            count += 1
            seeds[place] = count
        elif heights[place] > heights[summit] - least_fall:
            seeds[place] = seeds[summit]
    return seeds.reshape(landscape.shape)


@compiled
def _framed_levels(
    landscape: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_], n_levels: int
) -> npt.NDArray[np.int16]:
    """Return levels, -1 outside the mask and in a frame, so that no pixel lacks a neighbour."""
    rows, columns = landscape.shape
    least, most = np.inf, -np.inf
    for row in range(rows):
        for column in range(columns):
            if mask[row, column]:
                least = min(least, landscape[row, column])
                most = max(most, landscape[row, column])
    scale = (n_levels - 1) / (most - least) if most > least else 0.0
    levels = np.full((rows + 2, columns + 2), -1, np.int16)
    for row in range(rows):
        for column in range(columns):
            if mask[row, column]:
                step = (landscape[row, column] - least) * scale
                levels[row + 1, column + 1] = int(step + 0.5)
    return levels


@compiled
def _flooded(
    open_levels: npt.NDArray[np.int16], flooded: npt.NDArray[np.int32], n_levels: int
) -> npt.NDArray[np.int32]:
    """Flood in place: one queue a level, first in, first out, each a chain through the pixels."""
    levels, labels = open_levels.ravel(), flooded.ravel()
    first = np.full(n_levels, -1, np.int32)
    last = np.full(n_levels, -1, np.int32)
    following = np.full(labels.size, -1, np.int32)
    below = flooded.shape[1]
    now = -1
    for place in range(labels.size):
        if labels[place]:
            _join(first, last, following, levels[place], place)
            now = max(now, levels[place])
    while now >= 0:
        place = first[now]
        if place < 0:
            now -= 1
            continue
        first[now] = following[place]
        for step in (-below, -1, 1, below):
            near = place + step
            if labels[near] or levels[near] < 0:
                continue
            labels[near] = labels[place]
            _join(first, last, following, levels[near], near)
            now = max(now, levels[near])
    return flooded


@compiled
def _join(
    first: npt.NDArray[np.int32],
    last: npt.NDArray[np.int32],
    following: npt.NDArray[np.int32],
    level: int,
    place: int,
) -> None:
    if first[level] < 0:
        first[level] = place
    else:
        following[last[level]] = place
    last[level] = place
