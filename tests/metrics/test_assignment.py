"""Optimal assignment of sparse pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from workbench.metrics import best_assignment

pairs = st.dictionaries(
    st.tuples(st.integers(0, 7), st.integers(0, 6)), st.integers(1, 5), max_size=30
)


@given(pairs)
def test_no_dense_assignment_weighs_more(weights: dict[tuple[int, int], int]) -> None:
    rows, columns = (np.array([pair[side] for pair in weights], np.int64) for side in (0, 1))
    values = np.array(list(weights.values()), np.float64)
    chosen = best_assignment(rows, columns, values)
    dense = np.zeros((8, 7))
    dense[rows, columns] = values
    assert len(set(rows[chosen])) == len(set(columns[chosen])) == len(chosen)
    best = dense[linear_sum_assignment(dense, maximize=True)].sum()
    assert values[chosen].sum() == pytest.approx(best)


def test_a_heavy_pair_yields_to_two_lighter_ones_that_weigh_more_together() -> None:
    rows, columns = np.array([0, 0, 1]), np.array([0, 1, 0])
    chosen = best_assignment(rows, columns, np.array([0.5, 0.3, 0.3]))
    assert chosen.tolist() == [1, 2]


def test_nothing_to_choose_from_is_nothing_chosen() -> None:
    nothing = np.empty(0, np.int64)
    assert best_assignment(nothing, nothing, np.empty(0)).size == 0
