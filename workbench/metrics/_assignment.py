"""Optimal one-to-one assignment on a sparse set of weighted pairs."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from workbench.metrics._compiled import compiled

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

OPEN, TAKEN, LOST = 0, 1, 2


def best_assignment(rows: IntArray, columns: IntArray, weights: FloatArray) -> IntArray:
    """Choose pairs, each row and column at most once, so that their weights sum to the most.

    Parameters
    ----------
    rows, columns
        Of each candidate pair, counted from 0; no pair twice.
    weights
        Of each pair, above 0.

    Returns
    -------
    ndarray
        Positions of the chosen pairs, ascending.

    Notes
    -----
    A pair that weighs at least as much as the best rival on its row and the best rival on its
    column together is part of an optimum. Taking such pairs first leaves little of a segmentation
    for the solver, whose time grows faster than the number of cells.

    Examples
    --------
    >>> best_assignment(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.5, 0.4, 0.3]))
    array([1, 2])
    """
    if not rows.size:
        return np.empty(0, np.int64)
    state = _take_safe(rows, columns, weights, rows.max() + 1, columns.max() + 1)
    contested = np.flatnonzero(state == OPEN)
    if contested.size:
        chosen = _solve(rows[contested], columns[contested], weights[contested])
        state[contested[chosen]] = TAKEN
    return np.flatnonzero(state == TAKEN)


@compiled
def _take_safe(
    rows: IntArray, columns: IntArray, weights: FloatArray, n_rows: int, n_columns: int
) -> npt.NDArray[np.uint8]:
    """Return the state of each pair after all pairs that must be right were taken."""
    state = np.zeros(rows.size, np.uint8)
    open_pairs = np.arange(rows.size)
    while open_pairs.size:
        best_in_row, next_in_row = np.zeros(n_rows), np.zeros(n_rows)
        best_in_column, next_in_column = np.zeros(n_columns), np.zeros(n_columns)
        for pair in open_pairs:
            row, column, weight = rows[pair], columns[pair], weights[pair]
            next_in_row[row] = max(next_in_row[row], min(best_in_row[row], weight))
            best_in_row[row] = max(best_in_row[row], weight)
            next_in_column[column] = max(
                next_in_column[column], min(best_in_column[column], weight)
            )
            best_in_column[column] = max(best_in_column[column], weight)
        row_taken, column_taken = np.zeros(n_rows, np.bool_), np.zeros(n_columns, np.bool_)
        n_taken = 0
        for pair in open_pairs:
            row, column, weight = rows[pair], columns[pair], weights[pair]
            is_best = weight == best_in_row[row] and weight == best_in_column[column]
            is_free = not row_taken[row] and not column_taken[column]
            if is_best and is_free and weight >= next_in_row[row] + next_in_column[column]:
                state[pair] = TAKEN
                row_taken[row] = column_taken[column] = True
                n_taken += 1
        if not n_taken:
            break
        for pair in open_pairs:
            if state[pair] == OPEN and (row_taken[rows[pair]] or column_taken[columns[pair]]):
                state[pair] = LOST
        open_pairs = open_pairs[state[open_pairs] == OPEN]
    return state


def _solve(rows: IntArray, columns: IntArray, weights: FloatArray) -> IntArray:
    """Return the positions of the best pairs, from a solver that must give every row a column."""
    row_ids, row = np.unique(rows, return_inverse=True)
    column_ids, column = np.unique(columns, return_inverse=True)
    n_rows, n_columns = len(row_ids), len(column_ids)
    # A column of its own, at no gain, lets each row stay alone; the 1 keeps that entry stored.
    spare = np.arange(n_rows)
    table = csr_array(
        (
            np.concatenate([weights + 1, np.ones(n_rows)]),
            (np.concatenate([row, spare]), np.concatenate([column, n_columns + spare])),
        ),
        shape=(n_rows, n_columns + n_rows),
    )
    solved_rows, solved_columns = min_weight_full_bipartite_matching(table, maximize=True)
    partner = np.full(n_rows, -1)
    partner[solved_rows] = solved_columns
    return np.flatnonzero(partner[row] == column)
