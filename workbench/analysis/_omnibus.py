"""Is there any difference between the models? One test as it should be, two as published."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

UNPAIRED_NOTE = (
    "As published: treats the images of each model as different images, though all models saw the "
    "same ones; the paired test is the one to read."
)


@dataclass(frozen=True)
class OmnibusTest:
    """Result of a test over all models at once.

    Attributes
    ----------
    name
        Of the test.
    statistic, statistic_name
        Its value and symbol.
    degrees_of_freedom
        One or two numbers.
    p_value
        NaN where the statistic is undefined (all scores equal).
    effect, effect_name
        Size of the effect, from 0 (none) to 1.
    note
        What a reader must know.
    """

    name: str
    statistic: float
    statistic_name: str
    degrees_of_freedom: tuple[float, ...]
    p_value: float
    effect: float
    effect_name: str
    note: str


def friedman(paired: pd.DataFrame) -> OmnibusTest:
    """Friedman's test on within-image ranks, with the correction of Iman and Davenport.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.

    Returns
    -------
    OmnibusTest
        F = (N-1) chi2 / (N(k-1) - chi2) on k-1 and (k-1)(N-1) degrees of freedom, chi2 being
        Friedman's statistic corrected for ties; effect is Kendall's W = chi2 / (N(k-1)). NaN if
        every image ties all models.

    Raises
    ------
    ValueError
        For fewer than 3 images or 2 models, or NaN.

    References
    ----------
    .. [1] R. L. Iman and J. M. Davenport, Commun. Stat. A 9:571, 1980.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [1, 2, 3, 4.0], "b": [2, 3, 4, 1.0], "c": [3, 4, 5, 2.0]})
    >>> round(friedman(scores).effect, 4)
    0.4375
    """
    values = _checked(paired)
    n_images, n_models = values.shape
    ranks = stats.rankdata(values, axis=1)
    sums = ranks.sum(axis=0)
    chi2 = 12 / (n_images * n_models * (n_models + 1)) * (sums**2).sum()
    chi2 -= 3 * n_images * (n_models + 1)
    tie_loss = sum(
        float((counts**3 - counts).sum())
        for counts in (np.unique(row, return_counts=True)[1] for row in ranks)
    ) / (n_images * n_models * (n_models**2 - 1))
    chi2 = chi2 / (1 - tie_loss) if tie_loss < 1 else np.nan
    largest = n_images * (n_models - 1)
    degrees = (n_models - 1, (n_models - 1) * (n_images - 1))
    # All images in the same order: F grows without bound.
    agreed = np.isclose(chi2, largest)
    f_value = np.inf if agreed else (n_images - 1) * chi2 / (largest - chi2)
    return OmnibusTest(
        name="Friedman (Iman-Davenport)",
        statistic=float(f_value),
        statistic_name="F",
        degrees_of_freedom=degrees,
        p_value=float(stats.f.sf(f_value, *degrees)),
        effect=float(chi2 / largest),
        effect_name="Kendall's W",
        note="Paired: ranks the models within each image.",
    )


def one_way_anova(paired: pd.DataFrame) -> OmnibusTest:
    """One-way analysis of variance, which ignores that the models saw the same images.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.

    Returns
    -------
    OmnibusTest
        F on k-1 and k(N-1) degrees of freedom; effect is eta squared, the share of the total sum
        of squares that lies between models. NaN if all scores are equal.

    Raises
    ------
    ValueError
        For fewer than 3 images or 2 models, or NaN.
    """
    values = _checked(paired)
    n_images, n_models = values.shape
    total = ((values - values.mean()) ** 2).sum()
    between = n_images * ((values.mean(axis=0) - values.mean()) ** 2).sum()
    degrees = (n_models - 1, n_models * (n_images - 1))
    within = total - between
    with np.errstate(divide="ignore", invalid="ignore"):
        f_value = np.divide(between / degrees[0], within / degrees[1])
        eta_squared = np.divide(between, total)
    return OmnibusTest(
        name="One-way ANOVA",
        statistic=float(f_value),
        statistic_name="F",
        degrees_of_freedom=degrees,
        p_value=float(stats.f.sf(f_value, *degrees)),
        effect=float(eta_squared),
        effect_name="eta²",
        note=UNPAIRED_NOTE,
    )


def kruskal_wallis(paired: pd.DataFrame) -> OmnibusTest:
    """Kruskal-Wallis test, which ignores that the models saw the same images.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.

    Returns
    -------
    OmnibusTest
        H on k-1 degrees of freedom, corrected for ties; effect is epsilon squared = H / (n - 1),
        n being all scores. NaN if all scores are equal.

    Raises
    ------
    ValueError
        For fewer than 3 images or 2 models, or NaN.
    """
    values = _checked(paired)
    if np.ptp(values) == 0:
        statistic, p_value = np.nan, np.nan
    else:
        statistic, p_value = stats.kruskal(*values.T)
    return OmnibusTest(
        name="Kruskal-Wallis",
        statistic=float(statistic),
        statistic_name="H",
        degrees_of_freedom=(values.shape[1] - 1,),
        p_value=float(p_value),
        effect=float(statistic / (values.size - 1)),
        effect_name="epsilon²",
        note=UNPAIRED_NOTE,
    )


def _checked(paired: pd.DataFrame) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = paired.to_numpy(dtype=np.float64)
    if values.shape[0] < 3 or values.shape[1] < 2:
        msg = (
            f"a test needs at least 3 images and 2 models, got {values.shape[0]} images and "
            f"{values.shape[1]} models; score more images, or add a model to the study."
        )
        raise ValueError(msg)
    if np.isnan(values).any():
        msg = "paired scores must not be NaN; build them with paired_scores."
        raise ValueError(msg)
    return values
