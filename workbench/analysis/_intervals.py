"""How far a mean or a median of these images may lie from that of all such images."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._paired import MIN_IMAGES, check_paired, group_codes
from workbench.analysis._resampling import N_RESAMPLES, bootstrap_means, group_sums
from workbench.schema import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ALPHA: Final = 0.05
"""One minus the confidence, unless told otherwise."""
TOO_FEW: Final = "fewer than 3 images or groups have no interval"
NO_SPREAD: Final = "all scores are equal: an interval without width says nothing about other images"
NO_BCA: Final = "percentile bootstrap instead of BCa"


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    Attributes
    ----------
    low, high
        Its limits, NaN where there is none.
    notice
        What a reader must know; "" where there is nothing.
    coverage
        The probability with which such intervals hold, where it is exactly known, else NaN.
    """

    low: float
    high: float
    notice: str = ""
    coverage: float = float("nan")


def mean_interval(
    values: npt.ArrayLike | pd.Series, *, groups: pd.Series | None = None, alpha: float = ALPHA
) -> Interval:
    """Return Student's t interval of a mean.

    Parameters
    ----------
    values
        One score per image; with groups a Series by ``image_id``.
    groups
        ``image_id`` to group, see Notes.
    alpha
        One minus the confidence.

    Returns
    -------
    Interval
        NaN, with a notice, for fewer than 3 images or groups: two scores say how far they lie
        apart, not where others would.

    Raises
    ------
    InputError
        For no value, NaN, repeated image ids, or groups of other images.

    Notes
    -----
    With groups the standard error is the cluster-robust one of [1]_,
    sqrt(G / (G - 1) * sum(r_g²)) / n, with r_g the sum of the deviations of group g from the mean
    over all n images, on G - 1 degrees of freedom. With every image alone this is SD / sqrt(n).

    References
    ----------
    .. [1] A. C. Cameron and D. L. Miller, J. Hum. Resour. 50:317, 2015.

    Examples
    --------
    >>> interval = mean_interval([0.4, 0.5, 0.6])
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.252, 0.748)
    """
    array, codes = _checked(values, groups, alpha)
    return t_of_mean(array, codes, alpha=alpha)


def t_of_mean(values: FloatArray, codes: IntArray, *, alpha: float = ALPHA) -> Interval:
    """Return :func:`mean_interval` of checked values with the group of each."""
    error, degrees = mean_error(values[:, None], codes)
    if degrees < MIN_IMAGES - 1:
        return Interval(np.nan, np.nan, TOO_FEW)
    half = stats.t.ppf(1 - alpha / 2, degrees) * error[0]
    notice = NO_SPREAD if np.ptp(values) == 0 else ""
    return Interval(float(values.mean() - half), float(values.mean() + half), notice)


def mean_error(values: FloatArray, codes: IntArray) -> tuple[FloatArray, int]:
    """Return the standard error of each column's mean, robust to groups, and its degrees.

    Parameters
    ----------
    values
        Shape (images, columns).
    codes
        Group of each image, from :func:`group_codes`.

    Returns
    -------
    errors, degrees of freedom
        As in :func:`mean_interval`; NaN and 0 for a single group.
    """
    sums = group_sums(values - values.mean(axis=0), codes)
    n_groups = len(sums)
    if n_groups < 2:
        return np.full(values.shape[1], np.nan), 0
    variance = n_groups / (n_groups - 1) * (sums**2).sum(axis=0) / len(values) ** 2
    return np.sqrt(variance), n_groups - 1


def bca_interval(
    values: npt.ArrayLike | pd.Series,
    *,
    groups: pd.Series | None = None,
    alpha: float = ALPHA,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return the bias-corrected and accelerated bootstrap interval of a mean.

    Parameters
    ----------
    values
        One score per image; with groups a Series by ``image_id``.
    groups
        ``image_id`` to group: whole groups are drawn, and left out in turn for the acceleration.
    alpha
        One minus the confidence.
    n_resamples, seed
        Of :func:`bootstrap_means`.

    Returns
    -------
    Interval
        That of the percentiles, with a notice, where the resampled means are all equal, all lie
        on one side of the mean, or the acceleration leaves no place for a limit. NaN for fewer
        than 3 images or groups.

    Raises
    ------
    InputError
        For no value, NaN, repeated image ids, or groups of other images.

    References
    ----------
    .. [1] B. Efron, J. Am. Stat. Assoc. 82:171, 1987.

    Examples
    --------
    >>> interval = bca_interval([0.0, 0.1, 0.1, 0.2, 0.9])
    >>> interval.low < 0.26 < interval.high
    True
    """
    check_alpha(alpha)
    frame = _as_frame(values)
    resampled = bootstrap_means(frame, groups=groups, n_resamples=n_resamples, seed=seed)
    codes = group_codes(frame.index, groups)
    return bca_of_mean(frame.iloc[:, 0].to_numpy(float), resampled[:, 0], codes, alpha=alpha)


def bca_of_mean(
    values: FloatArray, resampled: FloatArray, codes: IntArray, *, alpha: float = ALPHA
) -> Interval:
    """Return the BCa interval of a mean whose resampled means are known.

    Parameters
    ----------
    values
        One per image: scores, or paired differences.
    resampled
        A column of :func:`bootstrap_means`, or the difference of two.
    codes
        Group of each image, from :func:`group_codes`.
    alpha
        One minus the confidence.
    """
    sums = np.bincount(codes, weights=values)
    sizes = np.bincount(codes)
    if len(sums) < MIN_IMAGES:
        return Interval(np.nan, np.nan, TOO_FEW)
    if np.ptp(values) == 0:
        return Interval(float(values[0]), float(values[0]), NO_SPREAD)
    mean = sums.sum() / sizes.sum()
    # Means that are equal but for rounding count half on either side, as ties do.
    off = resampled - mean
    off[np.abs(off) <= 1e-12 * np.abs(values).max()] = 0
    share_below = (np.mean(off < 0) + np.mean(off <= 0)) / 2
    bias = stats.norm.ppf(share_below)
    quantiles = np.array([alpha / 2, 1 - alpha / 2])
    left_out = (sums.sum() - sums) / (sizes.sum() - sizes)
    deviation = left_out.mean() - left_out
    spread = (deviation**2).sum() ** 1.5
    acceleration = (deviation**3).sum() / (6 * spread) if spread else 0.0
    shifted = bias + stats.norm.ppf(quantiles)
    room = 1 - acceleration * shifted
    if np.ptp(resampled) == 0 or not np.isfinite(bias) or (room <= 0).any():
        low, high = np.quantile(resampled, quantiles)
        return Interval(float(low), float(high), NO_BCA)
    low, high = np.quantile(resampled, stats.norm.cdf(bias + shifted / room))
    return Interval(float(low), float(high))


def median_interval(
    values: npt.ArrayLike | pd.Series, *, groups: pd.Series | None = None, alpha: float = ALPHA
) -> Interval:
    """Return the interval of a median between two of the sorted scores.

    Parameters
    ----------
    values
        One score per image; with groups a Series by ``image_id``.
    groups
        ``image_id`` to group, see Notes.
    alpha
        One minus the confidence.

    Returns
    -------
    Interval
        Between the k-th smallest and the k-th largest score, with the largest k that holds with
        at least 1 - alpha, and its exact ``coverage`` (for scores without ties; with ties it is
        higher). NaN if not even smallest and largest do: for 95 %, fewer than 6 images.

    Raises
    ------
    InputError
        For no value, NaN, repeated image ids, or groups of other images.

    Notes
    -----
    The number of scores below the median is binomial, whatever their distribution [1]_. With
    groups it is not; then the interval of the share of images at or below the median, Student t
    with the cluster-robust error of :func:`mean_interval`, is read off at the sorted scores [2]_.

    References
    ----------
    .. [1] W. J. Conover, Practical Nonparametric Statistics, section 3.2, 1999.
    .. [2] R. S. Woodruff, J. Am. Stat. Assoc. 47:635, 1952.

    Examples
    --------
    >>> interval = median_interval([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    >>> interval.low, interval.high, round(interval.coverage, 4)
    (2.0, 9.0, 0.9785)
    """
    array, codes = _checked(values, groups, alpha)
    return order_statistics_of_median(array, codes, alpha=alpha)


def order_statistics_of_median(
    values: FloatArray, codes: IntArray, *, alpha: float = ALPHA
) -> Interval:
    """Return :func:`median_interval` of checked values with the group of each."""
    ordered = np.sort(values)
    if codes.max() + 1 < len(values):
        return _of_grouped_median(ordered, values, codes, alpha)
    n = len(ordered)
    # ppf is the smallest k with P(B <= k) >= alpha / 2, so P(B < k) < alpha / 2 on either side.
    k = int(stats.binom.ppf(alpha / 2, n, 0.5))
    if k < 1:
        return Interval(
            np.nan, np.nan, f"too few images for an interval of the median with {1 - alpha:.0%}"
        )
    coverage = 1 - 2 * stats.binom.cdf(k - 1, n, 0.5)
    notice = NO_SPREAD if ordered[0] == ordered[-1] else ""
    return Interval(float(ordered[k - 1]), float(ordered[n - k]), notice, float(coverage))


def _of_grouped_median(
    ordered: FloatArray, values: FloatArray, codes: IntArray, alpha: float
) -> Interval:
    at_or_below = (values <= np.median(values)).astype(np.float64)
    error, degrees = mean_error(at_or_below[:, None], codes)
    if degrees < MIN_IMAGES - 1:
        return Interval(np.nan, np.nan, TOO_FEW)
    half = stats.t.ppf(1 - alpha / 2, degrees) * error[0]
    n = len(ordered)
    # Half a place more, as for every count that is taken for continuous.
    k = int((0.5 - half) * n + 0.5)
    if k < 1:
        return Interval(np.nan, np.nan, "too few groups for an interval of the median")
    notice = NO_SPREAD if ordered[0] == ordered[-1] else ""
    return Interval(float(ordered[k - 1]), float(ordered[n - k]), notice)


def check_alpha(alpha: float) -> None:
    """Refuse what is no share, such as the confidence in per cent."""
    if not 0 < alpha < 1:
        msg = f"alpha must lie between 0 and 1, got {alpha:g}; 0.05 asks for 95 % intervals."
        raise InputError(msg)


def _checked(
    values: npt.ArrayLike | pd.Series, groups: pd.Series | None, alpha: float
) -> tuple[FloatArray, IntArray]:
    check_alpha(alpha)
    frame = _as_frame(values)
    array = check_paired(frame, min_images=1, min_models=1)[:, 0]
    return array, group_codes(frame.index, groups)


def _as_frame(values: npt.ArrayLike | pd.Series) -> pd.DataFrame:
    """Return the values as a table of one model; those without ids in sorted order.

    The order of values must not matter, and only ids or values can fix it.
    """
    if isinstance(values, pd.Series):
        return values.rename("value").to_frame()
    return pd.DataFrame({"value": np.sort(np.asarray(values, dtype=np.float64).ravel())})
