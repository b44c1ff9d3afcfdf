"""How often would chance alone make so large a difference? Signs of images flipped."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

EXACT_UNITS: Final = 20
"""Up to so many images, or groups of them, all patterns of signs are gone through."""
N_FLIPS: Final = 100_000
_CHUNK: Final = 2**19  # numbers held at a time: 4 MiB, which stay in a cache


def sign_flip_p(differences: FloatArray, *, seed: int = 0) -> FloatArray:
    """Test mean differences by flipping the signs of the differences.

    Parameters
    ----------
    differences
        Shape (units, pairs): of each image, or their sums over each group of images, whose signs
        flip together.
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
    >>> sign_flip_p(np.array([[0.4], [0.2], [0.1], [0.5]])).tolist()  # 2 of 16 patterns
    [0.125]
    """
    n_units, n_pairs = differences.shape
    limits = np.abs(differences.sum(axis=0)) - 1e-12 * np.abs(differences).sum(axis=0)
    hits, n_patterns = np.zeros(n_pairs), 0
    for signs in _sign_patterns(n_units, _CHUNK // max(n_units, n_pairs), seed):
        sums = signs @ differences
        hits += (np.abs(sums, out=sums) >= limits).sum(axis=0)
        n_patterns += len(signs)
    if n_units <= EXACT_UNITS:
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
            negative = np.arange(start, stop)[:, None] >> np.arange(n_units) & 1 > 0
        else:
            drawn = rng.integers(0, 256, (stop - start, -(-n_units // 8)), dtype=np.uint8)
            negative = np.unpackbits(drawn, axis=1, count=n_units) > 0
        yield np.where(negative, -1.0, 1.0)
