"""Intervals of many differences that hold all at once."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._intervals import ALPHA, check_alpha
from workbench.analysis._paired import check_paired, group_codes
from workbench.analysis._resampling import N_RESAMPLES, group_sums

FloatArray = npt.NDArray[np.float64]

_CHUNK: Final = 2**22  # drawn values held at a time: 32 MiB


def max_t_quantile(
    differences: pd.DataFrame,
    *,
    groups: pd.Series | None = None,
    alpha: float = ALPHA,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> float:
    """Return how many standard errors simultaneous intervals reach to either side.

    Parameters
    ----------
    differences
        Images x contrasts: the paired difference of two models in each column.
    groups
        ``image_id`` to group, from :func:`image_groups`.
    alpha
        The probability that any of the intervals misses.
    n_resamples, seed
        Number of draws, and what they start from.

    Returns
    -------
    float
        The quantile 1 - alpha of the largest |t| over all contrasts; mean ± quantile times
        standard error, the one of :func:`mean_interval`, then holds for all contrasts at once with
        this probability. Student's own quantile for a single contrast. Contrasts that do not vary
        have no t and are left out; NaN if none varies, or if all images are of one group.

    Raises
    ------
    InputError
        For no image, NaN, repeated image ids, or groups of other images.

    Notes
    -----
    The t of all contrasts are drawn together from the multivariate t distribution with the
    correlation that their means have over images (over sums of groups) [1]_, on n - 1 (number of
    groups - 1) degrees of freedom. Wider than a single interval, narrower than Bonferroni's, since
    contrasts that share a model go together.

    References
    ----------
    .. [1] T. Hothorn, F. Bretz and P. Westfall, Biom. J. 50:346, 2008.

    Examples
    --------
    >>> one = pd.DataFrame({"unet - otsu": [0.1, 0.3, 0.2, 0.2]})
    >>> round(max_t_quantile(one), 4), round(float(stats.t.ppf(0.975, 3)), 4)
    (3.1824, 3.1824)
    """
    check_alpha(alpha)
    values = check_paired(differences, min_images=1, min_models=1)
    sums = group_sums(values - values.mean(axis=0), group_codes(differences.index, groups))
    # Equal differences leave a rounding error of a few ulp, not a spread.
    varying = np.ptp(values, axis=0) > 1e-12 * np.abs(values).max(axis=0)
    degrees = len(sums) - 1
    if degrees < 1 or not varying.any():
        return float("nan")
    roots = _correlation_root(sums[:, varying])
    if roots.shape[1] == 1:
        return float(stats.t.ppf(1 - alpha / 2, degrees))
    rng = np.random.default_rng(seed)
    largest = np.empty(n_resamples)
    rows = max(1, _CHUNK // len(roots))
    for start in range(0, n_resamples, rows):
        stop = min(start + rows, n_resamples)
        normal = rng.standard_normal((stop - start, roots.shape[1])) @ roots.T
        scale = np.sqrt(rng.chisquare(degrees, stop - start) / degrees)
        largest[start:stop] = np.abs(normal).max(axis=1) / scale
    return float(np.quantile(largest, 1 - alpha))


def _correlation_root(sums: FloatArray) -> FloatArray:
    """Return a matrix whose product with its transpose is the correlation of the columns.

    The differences of k models span k - 1 dimensions, however many they are: so many columns.
    """
    scaled = sums / np.sqrt((sums**2).sum(axis=0))
    sizes, directions = np.linalg.eigh(scaled.T @ scaled)
    kept = sizes > 1e-9 * sizes[-1]
    root: FloatArray = directions[:, kept] * np.sqrt(sizes[kept])
    return root
