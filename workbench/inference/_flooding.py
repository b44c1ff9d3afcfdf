"""Seeds at the summits of a landscape, and their floods."""

from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage, LabelImage
from workbench.transforms import compiled

LEVEL: Final = 1 / 4096
"""Heights of a flood from 0 to 1 that are told apart."""


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
    heights, places = _framed_heights(np.asarray(landscape, np.float32), mask)
    falling = places[_falling_order(heights.ravel()[places])]
    return _seeds(heights, falling, float(height))[1:-1, 1:-1]


def flood(
    landscape: FloatImage, seeds: LabelImage, mask: npt.NDArray[np.bool_], *, step: float = LEVEL
) -> LabelImage:
    """Let seeds grow over a mask from high to low, until they meet.

    The watershed of the landscape upside down: a pixel goes to the seed whose flood comes first,
    high pixels before low ones and, where heights are the same in whole steps, near ones before
    far ones.

    Parameters
    ----------
    landscape
        Shape (height, width), finite within the mask.
    seeds
        Numbered from 1; what lies outside the mask is not used.
    mask
        What may be flooded; pixels touch at edges alone.
    step
        Heights are rounded to multiples of it: a fixed yardstick, so that a part of a landscape is
        flooded as it is within the whole.

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
    levels, flooded = _framed(
        np.asarray(landscape, np.float32), np.asarray(seeds, np.int32), mask, np.float32(step)
    )
    return _flooded(levels, flooded)[1:-1, 1:-1]


def _falling_order(heights: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Return the order from high to low, equal heights as they come.

    NumPy sorts 16-bit numbers in time proportional to their count, ten times faster than floats;
    the bits of floats sort like whole numbers, once their signs are seen to.
    """
    bits = heights.view(np.uint32)
    keys = np.where(bits >> 31, bits, ~bits & 0x7FFF_FFFF)
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    return order[np.argsort((keys >> 16).astype(np.uint16)[order], kind="stable")]


@compiled
def _framed(
    landscape: npt.NDArray[np.float32],
    seeds: npt.NDArray[np.int32],
    mask: npt.NDArray[np.bool_],
    step: np.float32,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return levels from 0 and seeds, in a frame so that no pixel lacks a neighbour.

    Outside the mask and in the frame levels are -1 and seeds 0.
    """
    height, width = mask.shape
    levels = np.full((height + 2, width + 2), -1, np.int32)
    framed_seeds = np.zeros((height + 2, width + 2), np.int32)
    lowest = int(np.iinfo(np.int32).max)
    for row in range(height):
        for column in range(width):
            if mask[row, column]:
                level = int(np.rint(landscape[row, column] / step))
                levels[row + 1, column + 1] = level
                framed_seeds[row + 1, column + 1] = seeds[row, column]
                lowest = min(lowest, level)
    for row in range(height):
        for column in range(width):
            if mask[row, column]:
                levels[row + 1, column + 1] -= lowest
    return levels, framed_seeds


@compiled
def _framed_heights(
    landscape: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return heights in a frame, so that no pixel lacks a neighbour, and the places of the mask."""
    height, width = mask.shape
    heights = np.zeros((height + 2, width + 2), np.float32)
    places = np.empty(mask.sum(), np.int32)
    count = 0
    for row in range(height):
        for column in range(width):
            if mask[row, column]:
                heights[row + 1, column + 1] = landscape[row, column]
                places[count] = (row + 1) * (width + 2) + column + 1
                count += 1
    return heights, places


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
            # Most neighbours hang from this very summit: no need to climb.
            other = parents[place + step]
            if other < 0 or other == summit:
                continue
            other = _root(parents, other)
            if other == summit:
                continue
            higher, lower = other, summit
            # Of equal heights the first comes first, as it does in the order.
            level = heights[summit] == heights[other]
            if heights[summit] > heights[other] or (level and summit < other):
                higher, lower = summit, other
            if heights[lower] - heights[place] < least_fall:
                parents[lower] = summit = higher
        parents[place] = summit
    seeds = np.zeros(heights.size, np.int32)
    count = 0
    for place in falling:
        summit = _root(parents, place)
        # A summit comes before the rest of its hill.
        if summit == place:
            count += 1
            seeds[place] = count
        elif heights[place] > heights[summit] - least_fall:
            seeds[place] = seeds[summit]
    return seeds.reshape(landscape.shape)


@compiled
def _flooded(
    framed_levels: npt.NDArray[np.int32], flooded: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """Flood in place: one queue a level, first in, first out, each a chain through the pixels."""
    levels, labels = framed_levels.ravel(), flooded.ravel()
    n_levels = levels.max() + 1
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
