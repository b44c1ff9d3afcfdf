"""Which cells belong together: the majority links of two label images, and their components."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.metrics._compiled import compiled
from workbench.metrics._overlap import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]

# Places in workbench.schema.OUTCOMES.
MATCHED, BOUNDARY, MISSED, SPURIOUS, SPLIT, MERGE, CATASTROPHE, IGNORED = range(8)
# Places in DETAILS.
DETAILS: Final = (
    "",
    "shrunk", "grown", "shifted", "ragged",
    "near_miss", "clean",
    "background", "sliver",
    "fragment", "shattered",
    "swallowed", "fused",
)  # fmt: skip
(
    NONE,
    SHRUNK, GROWN, SHIFTED, RAGGED,
    NEAR_MISS, CLEAN,
    BACKGROUND, SLIVER,
    FRAGMENT, SHATTERED,
    SWALLOWED, FUSED,
) = range(13)  # fmt: skip
NOBODY: Final = -1

# Of boundary errors: the share of a cell inside of its partner, their areas, their centres.
INSIDE: Final = 0.8
SMALLER: Final = 0.8
LARGER: Final = 1.25
FAR_IN_DIAMETERS: Final = 0.25


class Table(NamedTuple):
    """The overlap table as compiled code takes it, with which pairs are matched."""

    reference_index: IntArray
    predicted_index: IntArray
    intersection: IntArray
    reference_areas: IntArray
    predicted_areas: IntArray
    reference_centroids: FloatArray
    predicted_centroids: FloatArray
    matched: BoolArray


class Found(NamedTuple):
    """Outcome, event and partner of each cell of a side; what is not known yet is below 0."""

    outcome: Codes
    event: IntArray
    partner: IntArray


@compiled
def label_events(
    table: Table, ignored: tuple[BoolArray, BoolArray], gamma: float, frag: float
) -> tuple[Found, Found]:
    """Return the outcomes of the cells of both sides from the components of their majority links.

    Partners are the matched ones, and those of a component of one cell on either side. Events are
    numbered from 1 by their first reference cell, then by their predicted cell.
    """
    n_reference, n_predicted = table.reference_areas.size, table.predicted_areas.size
    n_cells = n_reference + n_predicted
    parent = np.arange(n_cells)
    partner = np.full(n_cells, NOBODY, np.int64)
    for pair in range(table.intersection.size):
        one, two = table.reference_index[pair], table.predicted_index[pair]
        shared = table.intersection[pair]
        whole, part = table.reference_areas[one], table.predicted_areas[two]
        is_majority = shared > gamma * whole or (shared > gamma * part and shared >= frag * whole)
        if table.matched[pair]:
            partner[one], partner[n_reference + two] = two, one
        if table.matched[pair] or is_majority:
            _join(parent, one, n_reference + two)
    members = np.zeros((n_cells, 3), np.int64)  # reference cells, predicted cells, matched pairs
    for cell in range(n_cells):
        root = _root(parent, cell)
        members[root, 0 if cell < n_reference else 1] += 1
        if cell < n_reference and partner[cell] != NOBODY:
            members[root, 2] += 1
    outcome = np.empty(n_cells, np.int8)
    event = np.zeros(n_cells, np.int64)
    event_of_root = np.zeros(n_cells, np.int64)
    n_events = 0
    for cell in range(n_cells):
        is_reference = cell < n_reference
        if ignored[0][cell] if is_reference else ignored[1][cell - n_reference]:
            outcome[cell] = IGNORED
            continue
        root = _root(parent, cell)
        g, p, m = members[root]
        outcome[cell] = MATCHED if partner[cell] != NOBODY else _type(g, p)
        if m < max(g, p):
            if not event_of_root[root]:
                n_events += 1
                event_of_root[root] = n_events
            event[cell] = event_of_root[root]
    for pair in range(table.intersection.size):
        one, two = table.reference_index[pair], n_reference + table.predicted_index[pair]
        if outcome[one] == BOUNDARY and outcome[two] == BOUNDARY and event[one] == event[two]:
            partner[one], partner[two] = two - n_reference, one
    return (
        Found(outcome[:n_reference].copy(), event[:n_reference].copy(), partner[:n_reference]),
        Found(outcome[n_reference:].copy(), event[n_reference:].copy(), partner[n_reference:]),
    )


@compiled
def _type(g: int, p: int) -> int:
    """Return the outcome of an unmatched cell of a component of g reference, p predicted cells."""
    if p == 0:
        return MISSED
    if g == 0:
        return SPURIOUS
    if g == 1:
        return BOUNDARY if p == 1 else SPLIT
    return MERGE if p == 1 else CATASTROPHE


@compiled
def _root(parent: IntArray, cell: int) -> int:
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell


@compiled
def _join(parent: IntArray, one: int, two: int) -> None:
    first, second = _root(parent, one), _root(parent, two)
    parent[max(first, second)] = min(first, second)


@compiled
def pair_leftovers(table: Table, reference: Found, predicted: Found, beta: float) -> None:
    """Make a boundary error of each missed and spurious cell that are each other's best partner.

    Best is the largest IoU, of equals the lowest id. The event keeps the missed cell's number.
    """
    best_of_reference = np.full(reference.outcome.size, NOBODY, np.int64)
    best_of_predicted = np.full(predicted.outcome.size, NOBODY, np.int64)
    iou = np.empty(table.intersection.size)
    for pair in range(iou.size):
        one, two = table.reference_index[pair], table.predicted_index[pair]
        shared = table.intersection[pair]
        iou[pair] = shared / (table.reference_areas[one] + table.predicted_areas[two] - shared)
        # Pairs are ordered by reference, then predicted, so the first of equals has the lowest id.
        best = best_of_reference[one]
        if best == NOBODY or iou[pair] > iou[best]:
            best_of_reference[one] = pair
        best = best_of_predicted[two]
        if best == NOBODY or iou[pair] > iou[best]:
            best_of_predicted[two] = pair
    for one in range(best_of_reference.size):
        pair = best_of_reference[one]
        if pair == NOBODY or reference.outcome[one] != MISSED:
            continue
        two = table.predicted_index[pair]
        is_mutual = best_of_predicted[two] == pair and predicted.outcome[two] == SPURIOUS
        if is_mutual and iou[pair] >= beta:
            reference.outcome[one] = predicted.outcome[two] = BOUNDARY
            predicted.event[two] = reference.event[one]
            reference.partner[one], predicted.partner[two] = two, one


@compiled
def details(table: Table, reference: Found, predicted: Found, beta: float) -> tuple[Codes, Codes]:
    """Return more of each error's kind, as places in :data:`DETAILS`."""
    of_reference = np.zeros(reference.outcome.size, np.int8)
    of_predicted = np.zeros(predicted.outcome.size, np.int8)
    largest_share = np.zeros(reference.outcome.size)
    on_cells = np.zeros(predicted.outcome.size, np.int64)
    for pair in range(table.intersection.size):
        one, two = table.reference_index[pair], table.predicted_index[pair]
        on_cells[two] += table.intersection[pair]
        share = table.intersection[pair] / table.reference_areas[one]
        largest_share[one] = max(largest_share[one], share)
        if reference.outcome[one] == BOUNDARY and reference.partner[one] == two:
            of_reference[one] = of_predicted[two] = _boundary_detail(table, pair)
    has_match = np.zeros(reference.event.size + predicted.event.size + 1, np.bool_)
    for cell in range(reference.event.size):
        if reference.outcome[cell] == MATCHED:
            has_match[reference.event[cell]] = True
    for cell, outcome in enumerate(reference.outcome):
        if outcome == MISSED:
            of_reference[cell] = NEAR_MISS if largest_share[cell] > beta else CLEAN
        elif outcome != BOUNDARY:
            of_reference[cell] = _shared_detail(outcome, has_match[reference.event[cell]])
    for cell, outcome in enumerate(predicted.outcome):
        if outcome == SPURIOUS:
            is_sliver = 2 * on_cells[cell] > table.predicted_areas[cell]
            of_predicted[cell] = SLIVER if is_sliver else BACKGROUND
        elif outcome != BOUNDARY:
            of_predicted[cell] = _shared_detail(outcome, has_match[predicted.event[cell]])
    return of_reference, of_predicted


@compiled
def _boundary_detail(table: Table, pair: int) -> int:
    one, two = table.reference_index[pair], table.predicted_index[pair]
    shared = table.intersection[pair]
    whole, part = table.reference_areas[one], table.predicted_areas[two]
    if shared >= INSIDE * part and part < SMALLER * whole:
        return SHRUNK
    if shared >= INSIDE * whole and part > LARGER * whole:
        return GROWN
    rows = table.predicted_centroids[two, 0] - table.reference_centroids[one, 0]
    columns = table.predicted_centroids[two, 1] - table.reference_centroids[one, 1]
    diameter = np.sqrt(4 * whole / np.pi)
    is_far = rows**2 + columns**2 > (FAR_IN_DIAMETERS * diameter) ** 2
    return SHIFTED if is_far and SMALLER * whole <= part <= LARGER * whole else RAGGED


@compiled
def _shared_detail(outcome: int, has_match: bool) -> int:
    if outcome == SPLIT:
        return FRAGMENT if has_match else SHATTERED
    if outcome == MERGE:
        return SWALLOWED if has_match else FUSED
    return NONE


@compiled
def number_events(reference: Found, predicted: Found) -> int:
    """Renumber the events without gaps, in the same order; return how many there are."""
    number = np.zeros(reference.event.size + predicted.event.size + 1, np.int64)
    for side in (reference, predicted):
        for event in side.event:
            number[event] = 1
    number[0] = 0
    number = np.cumsum(number)
    for side in (reference, predicted):
        for cell in range(side.event.size):
            side.event[cell] = number[side.event[cell]]
    return number[-1]
