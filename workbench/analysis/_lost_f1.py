"""What fixing errors does to F1, and each error type's fair part in what was lost."""

from math import factorial
from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.schema import ERROR_TYPES

FloatArray = npt.NDArray[np.float64]

N_TYPES: Final = len(ERROR_TYPES)


def f1_of_counts(tp: npt.ArrayLike, n_cells: npt.ArrayLike) -> FloatArray:
    """Return F1 = 2 TP / (reference cells + predicted cells).

    Parameters
    ----------
    tp, n_cells
        Matched pairs, and the cells of both sides together; arrays of equal shape.

    Returns
    -------
    array
        1 where there is no cell on either side: what was wrong there has been taken away. Whoever
        asks before anything was fixed leaves such images out.

    Examples
    --------
    >>> f1_of_counts([3, 0, 0], [10, 4, 0]).tolist()
    [0.6, 0.0, 1.0]
    """
    pairs, cells = np.asarray(tp, np.float64), np.asarray(n_cells, np.float64)
    return np.divide(
        2 * pairs, cells, out=np.ones(np.broadcast(pairs, cells).shape), where=cells > 0
    )


def shapley_shares(
    tp: FloatArray, n_cells: FloatArray, added_matches: FloatArray, added_predicted: FloatArray
) -> FloatArray:
    """Divide 1 - F1 among the error types.

    Parameters
    ----------
    tp, n_cells
        Matched pairs, and the cells of both sides together; shape (images,).
    added_matches, added_predicted
        What fixing each type adds to them, shape (images, 6) in the order of ``ERROR_TYPES``.

    Returns
    -------
    array
        Shape (images, 6). An image's row sums to what F1 gains when all types are fixed: 1 - F1.

    Notes
    -----
    A type's share is what fixing it adds to F1, averaged over all orders in which the six may be
    fixed [1]_: 64 evaluations of F1 = 2 (TP + sum of added matches) / (cells + sum of added
    predicted cells) an image.

    References
    ----------
    .. [1] L. S. Shapley, A value for n-person games, 1953.

    Examples
    --------
    >>> nothing = np.zeros((1, 4))
    >>> missed = np.hstack([np.zeros((1, 1)), np.ones((1, 1)), nothing])
    >>> shapley_shares(np.ones(1), np.array([3.0]), missed, missed).round(3).tolist()
    [[0.0, 0.333, 0.0, 0.0, 0.0, 0.0]]
    """
    after = f1_of_counts(
        tp[:, None] + added_matches @ _IS_FIXED.T, n_cells[:, None] + added_predicted @ _IS_FIXED.T
    )
    # Pairs of sets that differ by one type: what has no errors adds exactly 0.
    shares = [
        (after[:, _WITHOUT[kind] | 1 << kind] - after[:, _WITHOUT[kind]]) @ _WEIGHTS
        for kind in range(N_TYPES)
    ]
    return np.stack(shares, axis=1)


def gains_alone(
    tp: FloatArray, n_cells: FloatArray, added_matches: FloatArray, added_predicted: FloatArray
) -> FloatArray:
    """Return what F1 gains when one type alone is fixed; shapes as in :func:`shapley_shares`."""
    after = f1_of_counts(tp[:, None] + added_matches, n_cells[:, None] + added_predicted)
    return after - f1_of_counts(tp, n_cells)[:, None]


_SETS: Final = np.arange(2**N_TYPES)
"""Each set of types as a number whose k-th bit says whether the k-th type is in it."""

_IS_FIXED: Final = (_SETS[:, None] >> np.arange(N_TYPES) & 1).astype(np.float64)
_WITHOUT: Final = [_SETS[_IS_FIXED[:, kind] == 0] for kind in range(N_TYPES)]
# Dropping one bit leaves the same sizes in the same order, whichever it was.
_WEIGHTS: Final = np.array(
    [
        factorial(size) * factorial(N_TYPES - 1 - size) / factorial(N_TYPES)
        for size in _IS_FIXED[_WITHOUT[0]].sum(axis=1).astype(int)
    ]
)
