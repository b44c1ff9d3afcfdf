"""Distances between cells, by their border pixels.

All distances are kept squared, as integers, until they leave. Functions that call each other are
in one module because a compiled function on disk is renewed when its own file changes, not when
another does.
"""

from typing import Final, NamedTuple

import numpy as np

from workbench.metrics._borders import Pixels, Places, RankImage, border_pixels
from workbench.metrics._compiled import compiled
from workbench.metrics._overlap import FloatArray, IntArray

FAR: Final = 1 << 62
TOP, LEFT = 0, 2  # columns of the sides
# A box with more pixels than this is first looked through in coarse steps.
LARGE_BOX: Final = 1 << 14
STEPS: Final = (16, 4, 1)


class Cells(NamedTuple):
    """What is known of the cells of one label image.

    ``border``: pixels with a 4-neighbour outside the cell. ``rim``: the first and last pixels of
    each row and column of a cell. ``sides``, shape (cells, 8): smallest and largest row, column,
    row + column, row - column. ``order``: the cells sorted by top or left side.
    """

    ranks: RankImage
    border: Pixels
    rim: Pixels
    sides: IntArray
    order: IntArray


class Pair(NamedTuple):
    """A cell of one label image and a partner of another."""

    own: Cells
    cell: int
    other: Cells
    partner: int


class Best(NamedTuple):
    """Squared distance of each cell's closest partner so far, and which it is (-1 for none)."""

    squared: IntArray
    partner: IntArray


@compiled
def _of_cell(pixels: Pixels, cell: int) -> tuple[Places, Places]:
    """Return the rows and columns of a cell's pixels."""
    part = slice(pixels.start[cell], pixels.start[cell + 1])
    return pixels.rows[part], pixels.columns[part]


@compiled
def _nearest_squared(row: int, column: int, rows: Places, columns: Places, enough: int) -> int:
    """Return the squared distance to the closest pixel of a list, or any not above ``enough``."""
    # From far away any pixel will often do.
    nearest: int = (rows[0] - row) ** 2 + (columns[0] - column) ** 2
    if nearest <= enough:
        return nearest
    low, high = 0, rows.size
    while low < high:
        middle = (low + high) // 2
        if rows[middle] < row or (rows[middle] == row and columns[middle] < column):
            low = middle + 1
        else:
            high = middle
    # From there the rows only get farther away, on either hand.
    for place in range(low, rows.size):
        row_part = (rows[place] - row) ** 2
        if row_part >= nearest:
            break
        nearest = min(nearest, row_part + (columns[place] - column) ** 2)
        if nearest <= enough:
            return nearest
    for place in range(low - 1, -1, -1):
        row_part = (rows[place] - row) ** 2
        if row_part >= nearest:
            break
        nearest = min(nearest, row_part + (columns[place] - column) ** 2)
        if nearest <= enough:
            return nearest
    return nearest


@compiled
def surface_statistics(
    first: Pixels, second: Pixels, pairs: IntArray, share: float, tolerance_px: float
) -> FloatArray:
    """Return largest, quantile and share within tolerance of the distances between borders.

    One row per pair of cells. Largest and quantile are the larger of the two directions.
    """
    result = np.zeros((len(pairs), 3))
    for row in range(len(pairs)):
        one, two = pairs[row]
        there = _border_distances(first, one, second, two)
        back = _border_distances(second, two, first, one)
        result[row, 0] = max(there[-1], back[-1])
        result[row, 1] = max(_quantile(there, share), _quantile(back, share))
        within = (there <= tolerance_px).sum() + (back <= tolerance_px).sum()
        result[row, 2] = within / (there.size + back.size)
    return result


@compiled
def _border_distances(own: Pixels, cell: int, other: Pixels, partner: int) -> FloatArray:
    """Return the distance of each pixel of a cell to the partner's closest, ascending."""
    rows, columns = _of_cell(own, cell)
    other_rows, other_columns = _of_cell(other, partner)
    squared = np.empty(rows.size, np.int64)
    for place in range(rows.size):
        squared[place] = _nearest_squared(rows[place], columns[place], other_rows, other_columns, 0)
    return np.sqrt(np.sort(squared))


@compiled
def signed_distances(
    ranks: RankImage, reference: Pixels, predicted: Pixels, pairs: IntArray
) -> FloatArray:
    """Return how far predicted borders lie from reference borders on average, negative inside.

    One value per pair of cells; ``ranks`` are those of the reference.
    """
    means = np.empty(len(pairs))
    for pair in range(len(pairs)):
        cell, partner = pairs[pair]
        rows, columns = _of_cell(predicted, partner)
        other_rows, other_columns = _of_cell(reference, cell)
        total = 0.0
        for place in range(rows.size):
            row, column = rows[place], columns[place]
            distance = np.sqrt(_nearest_squared(row, column, other_rows, other_columns, 0))
            total += -distance if ranks[row, column] == cell + 1 else distance
        means[pair] = total / rows.size
    return means


@compiled
def _quantile(ascending: FloatArray, share: float) -> float:
    """Return the value below which a share of the values lies, linear between two of them."""
    position = share * (ascending.size - 1)
    below = int(position)
    above = min(below + 1, ascending.size - 1)
    return float(ascending[below] + (position - below) * (ascending[above] - ascending[below]))


def describe_cells(ranks: RankImage, n_cells: int) -> Cells:
    """Return what :func:`closest_squared` needs to know of a label image."""
    border = border_pixels(ranks, n_cells)
    sides = _sides(border)
    order = np.argsort(sides[:, _sorted_side(ranks)])
    return Cells(ranks, border, _rim(border, ranks.shape[1]), sides, order)


def _sorted_side(ranks: RankImage) -> int:
    """Return the side by which cells are sorted; along the longer axis fewer share a place."""
    return TOP if ranks.shape[0] >= ranks.shape[1] else LEFT


def closest_squared(reference: Cells, predicted: Cells) -> tuple[IntArray, IntArray]:
    """Return each cell's smallest squared Hausdorff distance to a cell of the other side.

    Both sides need cells.
    """
    best, other_best = (
        Best(np.full(n, FAR, np.int64), np.full(n, -1, np.int64))
        for n in (len(reference.sides), len(predicted.sides))
    )
    axis = _sorted_side(reference.ranks)
    _search(reference, predicted, axis, best, other_best)
    # Pairs measured from the reference side are incumbents here.
    _search(predicted, reference, axis, other_best, best)
    return best.squared, other_best.squared


@compiled
def _sides(border: Pixels) -> IntArray:
    n_cells = border.start.size - 1
    sides = np.empty((n_cells, 8), np.int64)
    for cell in range(n_cells):
        sides[cell, 0::2], sides[cell, 1::2] = FAR, -FAR
        for place in range(border.start[cell], border.start[cell + 1]):
            row, column = np.int64(border.rows[place]), np.int64(border.columns[place])
            for axis, value in enumerate((row, column, row + column, row - column)):
                sides[cell, 2 * axis] = min(sides[cell, 2 * axis], value)
                sides[cell, 2 * axis + 1] = max(sides[cell, 2 * axis + 1], value)
    return sides


@compiled
def _rim(border: Pixels, n_columns: int) -> Pixels:
    start, rows, columns = border
    keep = np.zeros(rows.size, np.bool_)
    seen_from_above = np.full(n_columns, -1, np.int64)
    seen_from_below = np.full(n_columns, -1, np.int64)
    rim_start = np.zeros_like(start)
    for cell in range(start.size - 1):
        first, stop = start[cell], start[cell + 1]
        for place in range(first, stop):
            if place == first or rows[place] != rows[place - 1]:
                keep[place] = True
            if place == stop - 1 or rows[place] != rows[place + 1]:
                keep[place] = True
            if seen_from_above[columns[place]] != cell:
                seen_from_above[columns[place]] = cell
                keep[place] = True
        for place in range(stop - 1, first - 1, -1):
            if seen_from_below[columns[place]] != cell:
                seen_from_below[columns[place]] = cell
                keep[place] = True
        rim_start[cell + 1] = rim_start[cell] + keep[first:stop].sum()
    return Pixels(rim_start, rows[keep], columns[keep])


@compiled
def _search(own: Cells, other: Cells, axis: int, best: Best, other_best: Best) -> None:
    """Find the partner of every own cell; what is measured on the way also serves the others."""
    sides = other.sides[other.order]
    keys = sides[:, axis].copy()
    for cell in range(len(own.sides)):
        own_sides = own.sides[cell]
        place = _likeliest(own_sides, sides, keys, axis)
        _try(Pair(own, cell, other, other.order[place]), best, other_best)
        reach = np.int64(np.sqrt(best.squared[cell]))
        low = np.searchsorted(keys, own_sides[axis] - reach)
        high = np.searchsorted(keys, own_sides[axis] + reach, side="right")
        for near in range(low, high):
            if _bound(own_sides, sides[near]) < best.squared[cell]:
                _try(Pair(own, cell, other, other.order[near]), best, other_best)


@compiled
def _likeliest(own_sides: IntArray, sides: IntArray, keys: IntArray, axis: int) -> int:
    """Return the row of ``sides`` with the smallest bound; ``keys`` is their column ``axis``."""
    key = own_sides[axis]
    middle = np.searchsorted(keys, key)
    likeliest, smallest = -1, FAR
    for place in range(middle, keys.size):
        if (keys[place] - key) ** 2 >= smallest:
            break
        bound = _bound(own_sides, sides[place])
        if bound < smallest:
            likeliest, smallest = place, bound
    for place in range(middle - 1, -1, -1):
        if (keys[place] - key) ** 2 >= smallest:
            break
        bound = _bound(own_sides, sides[place])
        if bound < smallest:
            likeliest, smallest = place, bound
    return likeliest


@compiled
def _bound(sides: IntArray, other_sides: IntArray) -> int:
    """Return what the squared Hausdorff distance of two cells is at least.

    It is never below the distance of two parallel tangents, one on each cell.
    """
    straight = diagonal = 0
    for side in range(4):
        straight = max(straight, (sides[side] - other_sides[side]) ** 2)
        diagonal = max(diagonal, (sides[side + 4] - other_sides[side + 4]) ** 2)
    return max(straight, (diagonal + 1) // 2)


@compiled
def _try(pair: Pair, best: Best, other_best: Best) -> None:
    """Measure a pair and keep it where it is the best yet."""
    own, cell, other, partner = pair
    if best.partner[cell] == partner:
        return
    limit = best.squared[cell]
    squared = _bound(own.sides[cell], other.sides[partner])
    # Nothing below the bound matters, so the search for the largest distance starts there.
    squared = _directed_squared(pair, squared, limit)
    squared = _directed_squared(Pair(other, partner, own, cell), squared, limit)
    if squared < limit:
        best.squared[cell], best.partner[cell] = squared, partner
        if squared < other_best.squared[partner]:
            other_best.squared[partner], other_best.partner[partner] = squared, cell


@compiled
def _directed_squared(pair: Pair, largest: int, limit: int) -> int:
    """Return the larger of ``largest`` and the cell's farthest pixel from its partner, squared.

    Given up once ``limit`` is reached. Above the partner's box, a cell's farthest pixel is the
    first of its column, for others are closer to all of the partner; likewise below, left and
    right. So only the rim counts outside the box, and inside all pixels that are not shared.
    """
    own, cell, other, partner = pair
    top, bottom, left, right = other.sides[partner, :4]
    rows, columns = _of_cell(other.border, partner)
    rim_rows, rim_columns = _of_cell(own.rim, cell)
    for place in range(rim_rows.size):
        if largest >= limit:
            return largest
        row, column = rim_rows[place], rim_columns[place]
        if not (top <= row <= bottom and left <= column <= right):
            largest = max(largest, _nearest_squared(row, column, rows, columns, largest))
    top, bottom = max(top, own.sides[cell, 0]), min(bottom, own.sides[cell, 1])
    left, right = max(left, own.sides[cell, 2]), min(right, own.sides[cell, 3])
    box = (top, bottom, left, right)
    is_large = bottom > top and right > left and (bottom - top) * (right - left) > LARGE_BOX
    for step in STEPS:
        if step == 1 or is_large:
            largest = _inner_squared(pair, box, step, largest, limit)
    return largest


@compiled
def _inner_squared(
    pair: Pair, box: tuple[int, int, int, int], step: int, largest: int, limit: int
) -> int:
    """Do the same for the pixels in a box, of which every ``step``-th is looked at."""
    own, cell, other, partner = pair
    top, bottom, left, right = box
    rows, columns = _of_cell(other.border, partner)
    for row in range(top, bottom + 1, step):
        column = left
        while column <= right and largest < limit:
            ahead = step
            if own.ranks[row, column] == cell + 1 and other.ranks[row, column] != partner + 1:
                squared = _nearest_squared(row, column, rows, columns, largest // 4)
                largest = max(largest, squared)
                # One pixel on, the distance is larger by one at most, so those ahead can't exceed
                # the largest. A little less allows for rounding.
                gap = np.sqrt(largest) - np.sqrt(squared) - 1e-6
                ahead = max(step, 1 + int(np.floor(gap)))
            column += ahead
    return largest
