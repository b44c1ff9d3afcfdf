"""Do two ways of measuring agree? Bias, limits of agreement, concordance."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._p_values import above_zero
from workbench.schema import InputError

FloatArray = npt.NDArray[np.float64]

ALPHA: Final = 0.05
MIN_PAIRS: Final = 3


@dataclass(frozen=True)
class Agreement:
    """How well two measurements of the same things agree.

    Attributes
    ----------
    n
        Pairs of values.
    bias, bias_low, bias_high
        Mean of predicted minus reference, and its interval.
    sd
        Standard deviation of the differences (n - 1).
    lower_limit, lower_limit_low, lower_limit_high
        Lower limit of agreement, bias - 1.96 SD, and its interval.
    upper_limit, upper_limit_low, upper_limit_high
        Upper limit of agreement, bias + 1.96 SD, and its interval: 95 % of differences are expected
        between the limits.
    slope, slope_low, slope_high, slope_p
        How the difference changes with the mean of the two values (proportional bias): 0.1 means
        that differences grow by 0.1 for each 1 that the quantity grows. NaN if all means are equal.
    concordance, concordance_low, concordance_high
        Concordance correlation coefficient, 1 for identical values; NaN if all values are equal,
        and its interval also at exactly 1, 0 or -1.
    """

    n: int
    bias: float
    bias_low: float
    bias_high: float
    sd: float
    lower_limit: float
    lower_limit_low: float
    lower_limit_high: float
    upper_limit: float
    upper_limit_low: float
    upper_limit_high: float
    slope: float
    slope_low: float
    slope_high: float
    slope_p: float
    concordance: float
    concordance_low: float
    concordance_high: float


def measure_agreement(
    reference: npt.ArrayLike, predicted: npt.ArrayLike, *, alpha: float = ALPHA
) -> Agreement:
    """Compare two measurements of the same images.

    Parameters
    ----------
    reference, predicted
        One value per image, in the same order; pairs with NaN are left out.
    alpha
        One minus the confidence of the intervals; the limits of agreement are for 95 % always.

    Returns
    -------
    Agreement
        Its docstring says when a number is NaN; all of them for fewer than 3 pairs, but for n.

    Raises
    ------
    InputError
        If the lengths differ.

    Notes
    -----
    Bias d and limits d ± 1.96 SD are those of [1]_, and so is the interval of the bias,
    d ± t SD / sqrt(n). The variance of a limit is SD² (1/n + 1.96² / (2 (n - 1))) as in [2]_ (the
    3 SD²/n of [1]_ rounds it). t is Student's on n - 1 degrees of freedom, n - 2 for the slope,
    which is that of least squares. Concordance is 2 s_xy / (s_x² + s_y² + (x̄ - ȳ)²) with variances
    over n, its interval by Fisher's z [3]_, in the corrected form of [4]_. Each image counts as
    independent of the others.

    References
    ----------
    .. [1] J. M. Bland and D. G. Altman, Lancet 327:307, 1986.
    .. [2] J. M. Bland and D. G. Altman, Stat. Methods Med. Res. 8:135, 1999.
    .. [3] L. I.-K. Lin, Biometrics 45:255, 1989.
    .. [4] L. I.-K. Lin, Biometrics 56:324, 2000.

    Examples
    --------
    >>> found = measure_agreement([10, 20, 30, 40], [12, 21, 33, 42])
    >>> found.bias, round(found.lower_limit, 2), round(found.upper_limit, 2)
    (2.0, 0.4, 3.6)
    >>> round(found.concordance, 3)
    0.983
    """
    first, second = np.asarray(reference, float), np.asarray(predicted, float)
    if first.shape != second.shape or first.ndim != 1:
        msg = (
            f"paired values need equal lengths, got {first.shape} and {second.shape}; align them "
            "by image_id."
        )
        raise InputError(msg)
    known = ~(np.isnan(first) | np.isnan(second))
    first, second = first[known], second[known]
    n = len(first)
    if n < MIN_PAIRS:
        return Agreement(n, *[np.nan] * 17)
    difference = second - first
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t, z = float(stats.t.ppf(1 - alpha / 2, n - 1)), float(stats.norm.ppf(0.975))
    half = t * sd * (1 / n) ** 0.5
    half_of_limit = t * sd * (1 / n + z**2 / (2 * (n - 1))) ** 0.5
    lower, upper = bias - z * sd, bias + z * sd
    return Agreement(
        n,
        *(bias, bias - half, bias + half),
        sd,
        *(lower, lower - half_of_limit, lower + half_of_limit),
        *(upper, upper - half_of_limit, upper + half_of_limit),
        *_proportional_bias((first + second) / 2, difference, alpha),
        *_concordance(first, second, alpha),
    )


def biology_agreement(biology: pd.DataFrame, *, alpha: float = ALPHA) -> pd.DataFrame:
    """Compare what every model measures with the reference.

    Parameters
    ----------
    biology
        From :func:`image_biology`; of several seeds the mean is compared.
    alpha
        One minus the confidence.

    Returns
    -------
    DataFrame
        One row per quantity and model: ``quantity``, ``model``, ``mean_reference`` and the fields
        of :class:`Agreement`.
    """
    of_image = ["quantity", "model", "image_id"]
    means = biology.groupby(of_image, sort=False)[["reference", "predicted"]].mean().reset_index()
    rows = []
    for (quantity, model), part in means.groupby(["quantity", "model"], sort=False):
        found = measure_agreement(part["reference"], part["predicted"], alpha=alpha)
        known = part.dropna()
        about = {"quantity": quantity, "model": model, "mean_reference": known["reference"].mean()}
        rows.append(about | vars(found))
    return pd.DataFrame(rows)


def _proportional_bias(
    mean: FloatArray, difference: FloatArray, alpha: float
) -> tuple[float, float, float, float]:
    if np.ptp(mean) == 0:
        return np.nan, np.nan, np.nan, np.nan
    line = stats.linregress(mean, difference)
    half = stats.t.ppf(1 - alpha / 2, len(mean) - 2) * line.stderr
    p = float(above_zero(line.pvalue))
    return float(line.slope), float(line.slope - half), float(line.slope + half), p


def _concordance(first: FloatArray, second: FloatArray, alpha: float) -> tuple[float, float, float]:
    shift = first.mean() - second.mean()
    spread = first.var() + second.var() + shift**2
    if spread == 0:
        return np.nan, np.nan, np.nan
    product = float(((first - first.mean()) * (second - second.mean())).mean())
    found = 2 * product / spread
    scale = np.sqrt(first.var() * second.var())
    if product == 0 or abs(found) >= 1:
        return float(found), np.nan, np.nan
    r = product / scale
    u2 = shift**2 / scale
    # Lin's corrected form of 2000, with n - 2.
    variance = (
        (1 - r**2) * found**2 / ((1 - found**2) * r**2)
        + 2 * found**3 * (1 - found) * u2 / (r * (1 - found**2) ** 2)
        - found**4 * u2**2 / (2 * r**2 * (1 - found**2) ** 2)
    ) / (len(first) - 2)
    half = stats.norm.ppf(1 - alpha / 2) * np.sqrt(max(variance, 0.0))
    middle = np.arctanh(found)
    return float(found), float(np.tanh(middle - half)), float(np.tanh(middle + half))
