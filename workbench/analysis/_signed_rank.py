"""Wilcoxon's signed-rank test with the shift that belongs to it, and the sign test."""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from workbench.analysis._p_values import above_zero

FloatArray = npt.NDArray[np.float64]

EXACT_RANKS: Final = 50
"""Up to so many images the distribution of the rank sum is exact, ties and zeros included."""
FEW_IMAGES: Final = 300
"""Up to so many all means of two differences are built."""


def signed_rank_p(differences: FloatArray) -> FloatArray:
    """Return the two-sided p of Wilcoxon's signed-rank test, zeros by Pratt.

    Parameters
    ----------
    differences
        Shape (images, pairs), rounded so that what is tied is equal.

    Returns
    -------
    array
        Shape (pairs,). Zeros are ranked with the others but have no sign; 1 where all are zero.
        Exact up to 50 images, given the ranks as they are tied; above by the normal approximation
        without correction for continuity.

    References
    ----------
    .. [1] J. W. Pratt, J. Am. Stat. Assoc. 54:655, 1959.
    .. [2] B. Streitberg and J. Röhmel, Stat. Softw. Newsl. 12:10, 1986 (exact with ties).

    Examples
    --------
    >>> signed_rank_p(np.array([[0.1], [0.2], [0.3], [-0.4]])).tolist()
    [0.875]
    """
    ranks = stats.rankdata(np.abs(differences), axis=0)
    ranks[differences == 0] = 0
    sums = (np.sign(differences) * ranks).sum(axis=0)
    if len(differences) <= EXACT_RANKS:
        pairs = zip(ranks.T, sums, strict=True)
        return np.array([_exact_p(of_pair, total) for of_pair, total in pairs])
    spread = np.sqrt((ranks**2).sum(axis=0))
    z = np.divide(np.abs(sums), spread, out=np.zeros_like(sums), where=spread > 0)
    return above_zero(2 * stats.norm.sf(z))


def rank_biserial(differences: FloatArray) -> FloatArray:
    """Return the matched-pairs rank-biserial correlation.

    Parameters
    ----------
    differences
        Shape (images, pairs), rounded so that what is tied is equal.

    Returns
    -------
    array
        Shape (pairs,): rank sum of the positive differences minus that of the negative, divided by
        the sum of all ranks, those of zeros included; from -1 to 1, and 0 where all are zero.

    References
    ----------
    .. [1] D. S. Kerby, Compr. Psychol. 3:1, 2014.

    Examples
    --------
    >>> rank_biserial(np.array([[0.1], [0.2], [0.3], [-0.4]])).tolist()  # (6 - 4) / 10
    [0.2]
    """
    ranks = stats.rankdata(np.abs(differences), axis=0)
    return np.asarray((np.sign(differences) * ranks).sum(axis=0) / ranks.sum(axis=0))


def hodges_lehmann(
    differences: npt.ArrayLike, *, alpha: float = 0.05
) -> tuple[float, float, float]:
    """Return the shift that Wilcoxon's test sees, with its interval.

    Parameters
    ----------
    differences
        Of one pair, shape (images,), at least one.
    alpha
        1 - confidence.

    Returns
    -------
    tuple
        The median of all means of two differences (Walsh averages, each with itself included), and
        the two between which the shift lies: those that Wilcoxon's test, exact up to 50 images and
        by the normal approximation above, would just not reject. The interval is NaN where there
        are too few images for one, for 95 % fewer than 6.

    Notes
    -----
    Up to 300 images the Walsh averages are built. Above, there would be millions (24.5 for 7,000
    images): how many lie below a value is counted in the sorted differences, and the value found
    by bisection, to 15 digits of the largest difference.

    References
    ----------
    .. [1] M. Hollander, D. A. Wolfe and E. Chicken, Nonparametric Statistical Methods, 3rd ed.,
       sections 3.2 and 3.3, 2014.

    Examples
    --------
    >>> hodges_lehmann([0.1, 0.2, 0.6])[0]  # of 0.1, 0.15, 0.2, 0.35, 0.4, 0.6
    0.275
    """
    ordered = np.sort(np.asarray(differences, float))
    n_averages = ordered.size * (ordered.size + 1) // 2
    rank = _interval_rank(ordered.size, alpha)
    wanted = [(n_averages + 1) // 2, n_averages // 2 + 1]
    if rank > 0:
        wanted += [rank, n_averages + 1 - rank]
    found = _walsh_averages(ordered, wanted)
    low, high = found[2:] if rank > 0 else (np.nan, np.nan)
    return (found[0] + found[1]) / 2, low, high


def sign_test_p(differences: FloatArray) -> FloatArray:
    """Return the two-sided p of the sign test: wins against losses, ties left out.

    Parameters
    ----------
    differences
        Shape (images, pairs), rounded so that what is tied is equal.

    Returns
    -------
    array
        Shape (pairs,), exact binomial; 1 where all are tied.

    Examples
    --------
    >>> sign_test_p(np.array([[0.1], [0.2], [0.3], [0.0]])).tolist()
    [0.25]
    """
    wins, losses = (differences > 0).sum(axis=0), (differences < 0).sum(axis=0)
    tail = stats.binom.cdf(np.minimum(wins, losses), wins + losses, 0.5)
    return above_zero(np.minimum(2 * tail, 1))


def _exact_p(ranks: FloatArray, total: float) -> float:
    """Share of all patterns of signs whose sum of signed ranks is at least as far from 0."""
    doubled = np.rint(2 * ranks).astype(np.int64)  # ranks of ties end in one half
    chances = _sum_distribution(tuple(sorted(doubled.tolist())))
    # R+ over all patterns; the sum of signed ranks is 2 R+ minus the sum of ranks.
    sums = np.arange(chances.size) - doubled.sum() / 2
    return float(min(chances[np.abs(sums) >= np.abs(total) - 1e-6].sum(), 1))


@lru_cache(maxsize=256)
def _sum_distribution(weights: tuple[int, ...]) -> FloatArray:
    """Chance of each sum of weights, each of which is in it or not by the throw of a coin."""
    chances = np.ones(1)
    for weight in weights:
        longer = np.zeros(chances.size + weight)
        longer[: chances.size] += chances / 2
        longer[weight:] += chances / 2
        chances = longer
    return chances


def _interval_rank(n: int, alpha: float) -> int:
    """Which Walsh average, counted from either end, bounds the interval; 0 if none does."""
    if n <= EXACT_RANKS:
        below = np.cumsum(_sum_distribution(tuple(range(1, n + 1))))
        return int(np.searchsorted(below, alpha / 2, side="right"))
    spread = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    return int(np.floor(n * (n + 1) / 4 + stats.norm.ppf(alpha / 2) * spread))


def _walsh_averages(ordered: FloatArray, wanted: list[int]) -> list[float]:
    """Return means of two sorted values, each with itself included, by their ranks from 1."""
    if ordered.size > FEW_IMAGES:
        return [_walsh_average(ordered, rank) for rank in wanted]
    upper = np.triu_indices(ordered.size)
    averages = (ordered[upper[0]] + ordered[upper[1]]) / 2
    places = [rank - 1 for rank in wanted]
    return [float(value) for value in np.partition(averages, places)[places]]


def _walsh_average(ordered: FloatArray, rank: int) -> float:
    low, high = ordered[0], ordered[-1]
    while high - low > 1e-15 * max(abs(ordered[0]), abs(ordered[-1])):
        middle = low + (high - low) / 2
        if middle in (low, high):
            break
        if _n_walsh_up_to(ordered, middle) >= rank:
            high = middle
        else:
            low = middle
    return float(high)


def _n_walsh_up_to(ordered: FloatArray, value: float) -> int:
    """Count means of two values up to a value: of ordered pairs, those with itself once."""
    partners = np.searchsorted(ordered, 2 * value - ordered, side="right")
    alone = np.searchsorted(ordered, value, side="right")
    return int(partners.sum() + alone) // 2
