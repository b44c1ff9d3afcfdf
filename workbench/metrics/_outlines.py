"""Outlines of cells: traced from pixel to pixel, pulled tight, wrapped in hulls.

Functions that call each other are in one module because a compiled function on disk is renewed
when its own file changes, not when another does.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.metrics._borders import RankImage
from workbench.metrics._compiled import compiled
from workbench.metrics._overlap import FloatArray, IntArray

Side = npt.NDArray[np.int64]
"""First column of something in each of its rows, FAR in rows without any.

A right side is kept as the left side of the mirror image, so that one function serves both.
"""

FAR: Final = 1 << 40
FIRST_CAPACITY: Final = 1 << 10
# The eight directions, counterclockwise from east; even ones are along rows and columns.
EAST, WEST = 0, 4
ROW_STEPS: Final = np.array([0, -1, -1, -1, 0, 1, 1, 1])
COLUMN_STEPS: Final = np.array([1, 1, 0, -1, -1, -1, 0, 1])
# Columns of a path: a pixel, the direction in which it is left, and the one looked in first.
ROW, COLUMN, LEAVE, FIRST = range(4)
# Columns of gates: a pixel of the cell and one beside it that is not.
INNER_ROW, INNER_COLUMN, OUTER_ROW, OUTER_COLUMN = range(4)
UNSEEN, SEEN, SEEN_FROM_EAST = 0, 1, -1


class Outlines(NamedTuple):
    """What is known of the outer outlines of each cell; an entry per cell, summed over its pieces.

    ``chain_px``: length from pixel to pixel. ``tight_px``: length of the shortest closed line with
    the cell's pixels inside and all others outside, by their centres. ``hull_px``: length around
    the convex hull of the centres. ``hull_pixels``: pixels in the hull of all pieces together.
    ``moments``, shape (cells, 6): number of outline points, sums of their row, column, row squared,
    column squared, row times column, from the corner of the cell's box.
    """

    n_pieces: IntArray
    chain_px: FloatArray
    tight_px: FloatArray
    hull_px: FloatArray
    hull_pixels: IntArray
    moments: IntArray


def trace_outlines(ranks: RankImage, boxes: IntArray) -> Outlines:
    """Trace the outer outlines of all cells; ``boxes`` as in an overlap table."""
    padded = np.pad(ranks, 1)
    flat = padded.ravel()
    run_ends = np.flatnonzero(flat[1:] != flat[:-1])
    return _trace(padded, run_ends, boxes)


@compiled
def _trace(ranks: RankImage, run_ends: IntArray, boxes: IntArray) -> Outlines:
    """Trace the outlines in ranks that have a margin, which ``boxes`` does not count.

    Borders are followed as in S. Suzuki and K. Abe, Comput. Vis. Graph. Image Process. 30:32, 1985:
    holes too, since only a border that was followed is known not to start another.
    """
    n_cells = len(boxes)
    found = Outlines(
        np.zeros(n_cells, np.int64),
        np.zeros(n_cells),
        np.zeros(n_cells),
        np.zeros(n_cells),
        np.zeros(n_cells, np.int64),
        np.zeros((n_cells, 6), np.int64),
    )
    n_columns = ranks.shape[1]
    heights = boxes[:, 2] - boxes[:, 0]
    ends = np.cumsum(heights)
    lefts = np.full(heights.sum(), FAR, np.int64)
    rights = np.full(heights.sum(), FAR, np.int64)
    marks = np.zeros(ranks.shape, np.int8)
    path = np.empty((FIRST_CAPACITY, 4), np.int64)
    # A border is first met at the end of a run: a hole's before the run ends, an outer one after.
    for end in run_ends:
        row, column = divmod(end, n_columns)
        if ranks[row, column] and marks[row, column] != SEEN_FROM_EAST:
            _, path = _follow(ranks, marks, row, column, EAST, path)
        column += 1
        if ranks[row, column] and marks[row, column] == UNSEEN:
            length, path = _follow(ranks, marks, row, column, WEST, path)
            cell = ranks[row, column] - 1
            own = slice(ends[cell] - heights[cell], ends[cell])
            corner = boxes[cell, :2] + 1
            _add_piece(path[:length], corner, cell, found, lefts[own], rights[own])
    for cell in range(n_cells):
        own = slice(ends[cell] - heights[cell], ends[cell])
        sums = _sum_of_columns(lefts[own]) + _sum_of_columns(rights[own])
        found.hull_pixels[cell] = heights[cell] - sums
    return found


@compiled
def _follow(  # noqa: PLR0917 - compiled functions take no keyword-only arguments
    ranks: RankImage,
    marks: npt.NDArray[np.int8],
    row: int,
    column: int,
    outside: int,
    path: IntArray,
) -> tuple[int, IntArray]:
    """Follow a border from a pixel whose neighbour in direction ``outside`` is not of its cell.

    Returns the number of steps and the path, which may have had to grow.
    """
    rank = ranks[row, column]
    last = (outside - 1) & 7
    while last != outside and ranks[row + ROW_STEPS[last], column + COLUMN_STEPS[last]] != rank:
        last = (last - 1) & 7
    if last == outside:
        marks[row, column] = SEEN_FROM_EAST
        path[0] = row, column, outside, outside
        return 1, path
    here_row, here_column, first = row, column, (last + 1) & 7
    end_row, end_column = row + ROW_STEPS[last], column + COLUMN_STEPS[last]
    length = 0
    while True:
        if length == len(path):
            path = np.concatenate((path, np.empty_like(path)))
        leave, east_is_outside = first, False
        while ranks[here_row + ROW_STEPS[leave], here_column + COLUMN_STEPS[leave]] != rank:
            east_is_outside |= leave == EAST
            leave = (leave + 1) & 7
        if east_is_outside:
            marks[here_row, here_column] = SEEN_FROM_EAST
        elif marks[here_row, here_column] == UNSEEN:
            marks[here_row, here_column] = SEEN
        path[length] = here_row, here_column, leave, first
        length += 1
        was_end = here_row == end_row and here_column == end_column
        here_row += ROW_STEPS[leave]
        here_column += COLUMN_STEPS[leave]
        if was_end and here_row == row and here_column == column:
            return length, path
        # On from the outside pixel that was seen last, which is beside the new place too.
        first = (leave - 3 + (leave + 1) % 2) & 7


@compiled
def _add_piece(  # noqa: PLR0917 - compiled functions take no keyword-only arguments
    path: IntArray, corner: IntArray, cell: int, found: Outlines, lefts: Side, rights: Side
) -> None:
    """Add what the outer outline of a piece tells to its cell."""
    top, bottom = path[0, ROW], path[:, ROW].max()
    piece_left = np.full(bottom + 1 - top, FAR, np.int64)
    piece_right = np.full(bottom + 1 - top, FAR, np.int64)
    n_diagonal = 0
    sums = found.moments[cell]
    for place in range(len(path)):
        row, column = path[place, ROW] - corner[0], path[place, COLUMN] - corner[1]
        n_diagonal += path[place, LEAVE] % 2
        sums[0] += 1
        sums[1] += row
        sums[2] += column
        sums[3] += row * row
        sums[4] += column * column
        sums[5] += row * column
        within = path[place, ROW] - top
        piece_left[within] = min(piece_left[within], column)
        piece_right[within] = min(piece_right[within], -column)
        lefts[row] = min(lefts[row], column)
        rights[row] = min(rights[row], -column)
    found.n_pieces[cell] += 1
    if len(path) > 1:
        found.chain_px[cell] += len(path) - n_diagonal + np.sqrt(2) * n_diagonal
        found.hull_px[cell] += _hull_length(piece_left, piece_right)
        found.tight_px[cell] += _tight_length(_gates(path))


@compiled
def _gates(path: IntArray) -> IntArray:
    """Return the pairs of a pixel and an outside neighbour that a line around the cell passes.

    In their order; each shares one of its two with the next. The last is the start, twice.
    """
    n_gates = 1 + ((path[:, LEAVE] - path[:, FIRST]) & 7).sum()
    gates = np.empty((n_gates, 4), np.int64)
    gate = 0
    for place in range(len(path)):
        row, column, leave, look = path[place]
        while look != leave:
            gates[gate] = row, column, row + ROW_STEPS[look], column + COLUMN_STEPS[look]
            gate += 1
            look = (look + 1) & 7
    gates[gate] = path[0, ROW], path[0, COLUMN], path[0, ROW], path[0, COLUMN]
    return gates


@compiled
def _tight_length(gates: IntArray) -> float:
    """Return the length of the shortest line through the gates, from the first pixel to the last.

    By a funnel that narrows from gate to gate until its sides cross, as D. T. Lee and
    F. P. Preparata, Networks 14:393, 1984. The first pixel of a piece by row and column is a corner
    of its hull, so the shortest closed line goes through it.
    """
    row, column = gates[0, INNER_ROW], gates[0, INNER_COLUMN]
    length, gate = 0.0, 0
    while True:
        # A gate that ends where the line stands is passed.
        while gate < len(gates) and _ends_at(gates[gate], row, column):
            gate += 1
        if gate == len(gates):
            return length
        gate, is_inner = _next_turn(gates, gate, row, column)
        side = INNER_ROW if is_inner else OUTER_ROW
        next_row, next_column = gates[gate, side], gates[gate, side + 1]
        length += np.hypot(next_row - row, next_column - column)
        row, column = next_row, next_column


@compiled
def _ends_at(gate: IntArray, row: int, column: int) -> bool:
    """Whether a gate has this pixel."""
    at_inner: bool = gate[INNER_ROW] == row and gate[INNER_COLUMN] == column
    at_outer: bool = gate[OUTER_ROW] == row and gate[OUTER_COLUMN] == column
    return at_inner or at_outer


@compiled
def _next_turn(gates: IntArray, start: int, row: int, column: int) -> tuple[int, bool]:
    """Return the gate at which a line from this pixel turns first, and whether at its inner end.

    The last gate if it does not turn.
    """
    inner = outer = start
    # Vectors to the two sides of the funnel.
    inner_down, inner_right = gates[start, INNER_ROW] - row, gates[start, INNER_COLUMN] - column
    outer_down, outer_right = gates[start, OUTER_ROW] - row, gates[start, OUTER_COLUMN] - column
    for gate in range(start + 1, len(gates)):
        down, right = gates[gate, INNER_ROW] - row, gates[gate, INNER_COLUMN] - column
        if inner_down * right - inner_right * down <= 0:
            if outer_down * right - outer_right * down <= 0:
                return outer, False
            inner, inner_down, inner_right = gate, down, right
        down, right = gates[gate, OUTER_ROW] - row, gates[gate, OUTER_COLUMN] - column
        if outer_down * right - outer_right * down >= 0:
            if inner_down * right - inner_right * down >= 0:
                return inner, True
            outer, outer_down, outer_right = gate, down, right
    return len(gates) - 1, True


@compiled
def _hull_length(lefts: Side, rights: Side) -> float:
    """Return the length around the convex hull of the pixels between two sides."""
    length: float = -(lefts[0] + rights[0] + lefts[-1] + rights[-1])
    for side in (lefts, rights):
        corners = _corners(side)
        for one, other in zip(corners[:-1], corners[1:]):  # noqa: B905, RUF007 - not compiled
            length += np.hypot(other - one, side[other] - side[one])
    return length


@compiled
def _sum_of_columns(side: Side) -> int:
    """Return the sum over rows of the first column whose centre lies in the hull.

    The hull is that of the middles of all pixel edges, as scikit-image's solidity has it. Counted
    in half pixels, from half a row above the first.
    """
    halves = np.full(2 * len(side) + 1, FAR, np.int64)
    for row in range(len(side)):
        if side[row] != FAR:
            halves[2 * row + 1] = 2 * side[row] - 1
            halves[2 * row] = min(halves[2 * row], 2 * side[row])
            halves[2 * row + 2] = 2 * side[row]
    corners = _corners(halves)
    total = segment = 0
    for row in range(1, len(halves), 2):
        while corners[segment + 1] < row:
            segment += 1
        one, other = corners[segment], corners[segment + 1]
        rise = other - one
        here = halves[one] * rise + (halves[other] - halves[one]) * (row - one)
        total -= -here // (2 * rise)
    return total


@compiled
def _corners(side: Side) -> npt.NDArray[Any]:
    """Return the rows at which the convex hull of a side has its corners."""
    corners = np.empty(len(side), np.int64)
    n_corners = 0
    for row in range(len(side)):
        if side[row] == FAR:
            continue
        while n_corners > 1:
            one, other = corners[n_corners - 2], corners[n_corners - 1]
            ahead = (side[row] - side[one]) * (other - one)
            if (side[other] - side[one]) * (row - one) < ahead:
                break
            n_corners -= 1
        corners[n_corners] = row
        n_corners += 1
    return corners[:n_corners]
