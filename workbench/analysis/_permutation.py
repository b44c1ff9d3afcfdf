"""How often would chance alone make so large a difference? Signs of images flipped."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

EXACT_UNITS: Final = 20
"""Up to so many images, or groups of them, all patterns of signs are gone through."""
N_FLIPS: Final = 100_000
_CHUNK: Final = 2**21  # numbers held at a time: 16 MiB


def sign_flip_p(values: FloatArray, pairs: IntArray, *, seed: int = 0) -> FloatArray:
    """Test the mean difference of each pair by flipping the signs of its differences.

    Parameters
    ----------
    values
        Shape (units, models): scores of each image, or their sums over each group of images,
        whose signs flip together.
    pairs
        Shape (pairs, 2): columns of ``values``, the second subtracted from the first.
    seed
        Of the random signs; the same signs serve all pairs.

    Returns
    -------
    array
        Two-sided p of each pair, shape (pairs,). Up to 20 units the share of all patterns of
        signs whose mean difference is at least as large as the one seen, itself among them; above,
        (1 + hits) / (1 + 100,000) over random patterns. So never 0, and 1 where no image differs.

    Notes
    -----
    Were the two models interchangeable, each image's difference could as well have the other sign.
    Sums that differ by rounding alone count as equal.

    References
    ----------
    .. [1] P. Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed., 2005.
    .. [2] B. Phipson and G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9:39, 2010.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.5], [0.8, 0.6], [0.7, 0.6], [0.9, 0.4]])
    >>> sign_flip_p(scores, np.array([[0, 1]])).tolist()  # all plus or all minus, of 16 patterns
    [0.125]
    """
    # What all models share of an image cancels in differences; without it sums keep their digits.
    values = values - values.mean(axis=1, keepdims=True)
    first, second = pairs[:, 0], pairs[:, 1]
    totals = values.sum(axis=0)
    rounding = 1e-12 * np.abs(values).sum(axis=0).max(initial=0)
    limits = np.abs(totals[first] - totals[second]) - rounding
    hits, n_patterns = np.zeros(len(pairs)), 0
    for signs in _sign_patterns(len(values), _CHUNK // max(len(values), len(pairs)), seed):
        sums = signs @ values
        hits += (np.abs(sums[:, first] - sums[:, second]) >= limits).sum(axis=0)
        n_patterns += len(signs)
    if len(values) <= EXACT_UNITS:
        return hits / n_patterns
    return (1 + hits) / (1 + n_patterns)


def _sign_patterns(n_units: int, n_rows: int, seed: int) -> Iterator[FloatArray]:
    """Yield patterns of 1 and -1, shape (up to n_rows, n_units)."""
    exact = n_units <= EXACT_UNITS
    # A pattern and its mirror image give the same size: the last unit may keep its sign.
    n_patterns = 2 ** (n_units - 1) if exact else N_FLIPS
    rng = np.random.default_rng(seed)
    n_rows = max(1, n_rows)
    for start in range(0, n_patterns, n_rows):
        stop = min(start + n_rows, n_patterns)
        if exact:
            bits = np.arange(start, stop)[:, None] >> np.arange(n_units) & 1
        else:
            drawn = rng.integers(0, 256, (stop - start, -(-n_units // 8)), dtype=np.uint8)
            bits = np.unpackbits(drawn, axis=1, count=n_units)
        yield 1.0 - 2.0 * bits
