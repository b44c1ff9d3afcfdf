"""What these images could have shown, and how many would show what was seen."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from workbench.analysis._paired_t import PairedMeans

FloatArray = npt.NDArray[np.float64]

POWER: Final = 0.8
"""Chance that a difference which is there is found."""


def minimum_detectable_difference(pairs: PairedMeans, *, alpha: float) -> FloatArray:
    """Return the true mean difference that the paired t test finds in 80 % of such studies.

    Parameters
    ----------
    pairs
        From :func:`paired_means`.
    alpha
        Level of the test, two-sided, not adjusted for the number of pairs.

    Returns
    -------
    array
        Shape (pairs,): the standard error times the noncentrality of a t distribution with that
        power, about 2.8 sd(D) / sqrt(N). NaN where the differences do not vary.

    References
    ----------
    .. [1] J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed., 1988.
    """
    df = pairs.degrees_of_freedom
    if df < 1:
        return np.full(len(pairs.means), np.nan)
    critical = stats.t.ppf(1 - alpha / 2, df)

    def lacking(noncentrality: float) -> float:
        found = stats.nct.sf(critical, df, noncentrality) + stats.nct.cdf(
            -critical, df, noncentrality
        )
        return float(found - POWER)

    noncentrality = optimize.brentq(lacking, 0, 2 * critical + 2)
    return np.asarray(noncentrality * pairs.spreads)


def images_needed(pairs: PairedMeans, *, alpha: float) -> FloatArray:
    """Return how many images would show the mean difference seen, in 80 % of such studies.

    Parameters
    ----------
    pairs
        From :func:`paired_means`.
    alpha
        Level of the test, two-sided, not adjusted for the number of pairs.

    Returns
    -------
    array
        Shape (pairs,), whole numbers from 3 on: ((z(1 - alpha/2) + z(0.8)) sd(D) / mean(D))² +
        z(1 - alpha/2)² / 2, rounded up; with groups for images that are grouped as these are.
        Infinite where the means are equal, NaN where the differences do not vary.

    References
    ----------
    .. [1] W. C. Guenther, Am. Stat. 35:243, 1981.
    """
    quantile = stats.norm.ppf(1 - alpha / 2)
    with np.errstate(divide="ignore"):
        ratio = pairs.spreads * np.sqrt(pairs.n_images) / np.abs(pairs.means)
        needed = ((quantile + stats.norm.ppf(POWER)) * ratio) ** 2 + quantile**2 / 2
    return np.asarray(np.maximum(np.ceil(needed), 3))
