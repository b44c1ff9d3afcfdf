"""Mean differences of pairs of models, their standard errors, and what Student's t says of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from workbench.analysis._intervals import mean_error
from workbench.analysis._p_values import above_zero
from workbench.analysis._resampling import group_sums

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

N_DRAWS: Final = 50_000
_CHUNK: Final = 2**19  # numbers held at a time: 4 MiB, which stay in a cache
_ROUNDING: Final = 1e-12  # relative to the largest score


@dataclass(frozen=True, eq=False)
class PairedMeans:
    """Mean differences of all pairs over the same images.

    Attributes
    ----------
    differences
        Shape (images, pairs), rounded to 12 digits of the largest score: 0.8 - 0.7 and 0.4 - 0.3
        are the same difference.
    unit_differences
        Shape (groups, pairs): their mean over each group, rounded alike; the same, but for the
        order, where each image stands alone.
    means
        Shape (pairs,), of the differences as they are.
    standard_errors
        Shape (pairs,): sd(D) / sqrt(N), cluster-robust with groups as in :func:`mean_interval`.
        0 where the differences do not vary, NaN if there is one group only.
    degrees_of_freedom
        Number of groups (images where each stands alone) - 1.
    """

    differences: FloatArray
    unit_differences: FloatArray
    means: FloatArray
    standard_errors: FloatArray
    degrees_of_freedom: int

    @property
    def n_images(self) -> int:
        """Number of images."""
        return len(self.differences)

    @property
    def spreads(self) -> FloatArray:
        """Standard errors, NaN where a t would have nothing to be divided by."""
        return np.where(self.standard_errors > 0, self.standard_errors, np.nan)


def paired_means(values: FloatArray, pairs: IntArray, codes: IntArray) -> PairedMeans:
    """Return the mean difference of each pair.

    Parameters
    ----------
    values
        Shape (images, models).
    pairs
        Shape (pairs, 2): columns of ``values``, the second subtracted from the first.
    codes
        Group of each image, from 0.
    """
    first, second = pairs[:, 0], pairs[:, 1]
    raw = values[:, first] - values[:, second]
    scale = np.abs(values).max(initial=0)
    means = raw.mean(axis=0)
    errors, degrees = mean_error(raw, codes)
    errors[errors <= _ROUNDING * scale] = 0
    of_units = group_sums(raw, codes) / np.bincount(codes)[:, None]
    return PairedMeans(_rounded(raw, scale), _rounded(of_units, scale), means, errors, degrees)


def t_interval(pairs: PairedMeans, *, alpha: float) -> tuple[FloatArray, FloatArray]:
    """Return both ends of the interval of each mean difference by Student's t."""
    half = stats.t.ppf(1 - alpha / 2, pairs.degrees_of_freedom) * pairs.standard_errors
    return pairs.means - half, pairs.means + half


def t_p(pairs: PairedMeans) -> FloatArray:
    """Return the two-sided p of the paired t test; NaN where the differences do not vary."""
    t = np.abs(pairs.means) / pairs.spreads
    return above_zero(2 * stats.t.sf(t, pairs.degrees_of_freedom))


def false_claim_p(pairs: PairedMeans) -> FloatArray:
    """Return how probable it is that the model with the higher mean is not the better one.

    Returns
    -------
    array
        P(mean difference <= 0) for the one ahead, from the paired t distribution around the
        difference seen: 0.5 where both means are equal, NaN where the differences do not vary.

    References
    ----------
    .. [1] E. Christodoulou et al., arXiv 2505.04720, 2025.
    """
    t = np.abs(pairs.means) / pairs.spreads
    return above_zero(stats.t.sf(t, pairs.degrees_of_freedom))


def simultaneous_interval(
    pairs: PairedMeans,
    values: FloatArray,
    places: IntArray,
    codes: IntArray,
    *,
    alpha: float,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    """Return intervals that hold for all pairs at once with the given confidence.

    Parameters
    ----------
    pairs
        From :func:`paired_means` of the arguments that follow.
    values, places, codes
        Scores (images, models), columns of the pairs (pairs, 2), group of each image.
    alpha
        1 - confidence.
    seed
        Of the draws.

    Returns
    -------
    tuple of arrays
        Mean difference -/+ c times its standard error, c being the 1 - alpha quantile of the
        largest |t| of all pairs under the multivariate t distribution with the covariance of the
        models' means (cluster-robust with groups), from 50,000 draws; for one pair Student's t.

    References
    ----------
    .. [1] T. Hothorn, F. Bretz and P. Westfall, Biom. J. 50:346, 2008.
    """
    varying = pairs.standard_errors > 0
    if varying.sum() < 2:
        return t_interval(pairs, alpha=alpha)
    first, second = places[varying].T
    residuals = group_sums(values - values.mean(axis=0), codes)
    n_groups = len(residuals)
    covariance = n_groups / (n_groups - 1) * residuals.T @ residuals / len(values) ** 2
    lengths, axes = np.linalg.eigh(covariance)
    factor = axes * np.sqrt(np.maximum(lengths, 0))
    of_pairs = (factor[first] - factor[second]).T / pairs.standard_errors[varying]
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // len(first))
    largest = []
    for start in range(0, N_DRAWS, rows):
        n = min(rows, N_DRAWS - start)
        t = np.abs(rng.standard_normal((n, len(lengths))) @ of_pairs)
        shared = np.sqrt(rng.chisquare(n_groups - 1, n) / (n_groups - 1))
        largest.append(t.max(axis=1) / shared)
    half = np.quantile(np.concatenate(largest), 1 - alpha) * pairs.standard_errors
    return pairs.means - half, pairs.means + half


def _rounded(differences: FloatArray, scale: float) -> FloatArray:
    digits = 12 - int(np.ceil(np.log10(scale))) if scale > 0 else 12
    return np.asarray(np.round(differences, digits))
