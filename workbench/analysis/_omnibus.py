"""Is there any difference between the models? Tests as they should be, and two as published."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from workbench.analysis._group_means import averaged_text, group_means
from workbench.analysis._p_values import above_zero
from workbench.analysis._paired import check_paired

FloatArray = npt.NDArray[np.float64]

UNPAIRED_NOTE = (
    "As published: treats the images of each model as different images, though all models saw the "
    "same ones; the paired test is the one to read."
)
_ROUNDING = 1e-12  # of a share of the total sum of squares


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
        Above 0; NaN where the statistic is undefined (all scores equal).
    effect, effect_name
        Size of the effect, from 0 (none) to 1.
    note
        What a reader must know.
    as_published
        Whether the test is one that published reports use although it is not made for paired
        scores.
    """

    name: str
    statistic: float
    statistic_name: str
    degrees_of_freedom: tuple[float, ...]
    p_value: float
    effect: float
    effect_name: str
    note: str
    as_published: bool = False


@dataclass(frozen=True)
class SumsOfSquares:
    """How the scores vary: between models, between images, and what is left.

    Attributes
    ----------
    models, images, residual
        Sums of squares; they add up to that of all scores around their mean.
    n_images, n_models
        Size of the table.
    """

    models: float
    images: float
    residual: float
    n_images: int
    n_models: int

    @property
    def total(self) -> float:
        """Of all scores around their mean."""
        return self.models + self.images + self.residual


def omnibus_tests(
    paired: pd.DataFrame, *, groups: pd.Series | None = None
) -> tuple[OmnibusTest, ...]:
    """Test all models at once, in every way: first the tests to read, then those as published.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.
    groups
        ``image_id`` to what the image shares with others. The paired tests take each row for
        independent evidence, so they are made of :func:`group_means`, and their notes say so;
        those as published are made of all images.

    Returns
    -------
    tuple of OmnibusTest
        Friedman, repeated-measures ANOVA, linear mixed model; one-way ANOVA and Kruskal-Wallis.

    Raises
    ------
    InputError
        For fewer than 3 images, groups or 2 models, repeated ids, or NaN.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.1, 0.2, 0.3], "b": [0.2, 0.3, 0.5]})
    >>> [test.name for test in omnibus_tests(scores) if test.as_published]
    ['One-way ANOVA', 'Kruskal-Wallis']
    """
    units = group_means(paired, groups)
    told = averaged_text(len(paired), len(units))
    corrected = (friedman(units), repeated_measures_anova(units), linear_mixed_model(units))
    return (
        *(replace(test, note=f"{test.note} {told}".rstrip()) for test in corrected),
        one_way_anova(paired),
        kruskal_wallis(paired),
    )


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
        every image ties all models. Where all images agree on the order F is infinite, and p the
        chance of that, (1 / k!)^(N-1).

    Raises
    ------
    InputError
        For fewer than 3 images or 2 models, repeated ids, or NaN.

    References
    ----------
    .. [1] R. L. Iman and J. M. Davenport, Commun. Stat. A 9:571, 1980.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [1, 2, 3, 4.0], "b": [2, 3, 4, 1.0], "c": [3, 4, 5, 2.0]})
    >>> round(friedman(scores).effect, 4)
    0.4375
    """
    values = check_paired(paired)
    n_images, n_models = values.shape
    ranks = stats.rankdata(values, axis=1)
    mean_rank = (n_models + 1) / 2
    spread = ((ranks - mean_rank) ** 2).sum()
    rank_sums = ranks.sum(axis=0) - n_images * mean_rank
    largest = n_images * (n_models - 1)
    # Ties shrink the spread of the ranks, which corrects chi2 for them.
    chi2 = (n_models - 1) * (rank_sums**2).sum() / spread if spread else np.nan
    degrees = (n_models - 1, (n_models - 1) * (n_images - 1))
    if np.isclose(chi2, largest):
        f_value = np.inf
        p_value = np.exp(-(n_images - 1) * special.gammaln(n_models + 1))
    else:
        f_value = (n_images - 1) * chi2 / (largest - chi2)
        p_value = stats.f.sf(f_value, *degrees)
    return OmnibusTest(
        name="Friedman (Iman-Davenport)",
        statistic=float(f_value),
        statistic_name="F",
        degrees_of_freedom=degrees,
        p_value=float(above_zero(p_value)),
        effect=float(chi2 / largest),
        effect_name="Kendall's W",
        note="Paired: ranks the models within each image.",
    )


def repeated_measures_anova(paired: pd.DataFrame) -> OmnibusTest:
    """Analysis of variance of repeated measures, degrees of freedom by Greenhouse and Geisser.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.

    Returns
    -------
    OmnibusTest
        F on e(k-1) and e(k-1)(N-1) degrees of freedom, e being :func:`greenhouse_geisser`; effect
        is partial eta squared, models / (models + residual). Statistic and p are NaN where nothing
        is left beside models and images.

    Raises
    ------
    InputError
        For fewer than 3 images or 2 models, repeated ids, or NaN.

    References
    ----------
    .. [1] S. W. Greenhouse and S. Geisser, Psychometrika 24:95, 1959.
    """
    values = check_paired(paired)
    sums = sums_of_squares(values)
    epsilon = greenhouse_geisser(np.cov(values, rowvar=False))
    degrees = (
        epsilon * (sums.n_models - 1),
        epsilon * (sums.n_models - 1) * (sums.n_images - 1),
    )
    f_value = _ratio(sums.models, sums.residual, sums) * (sums.n_images - 1)
    return OmnibusTest(
        name="Repeated-measures ANOVA (Greenhouse-Geisser)",
        statistic=f_value,
        statistic_name="F",
        degrees_of_freedom=degrees,
        p_value=float(above_zero(stats.f.sf(f_value, *degrees))),
        effect=_ratio(sums.models, sums.models + sums.residual, sums),
        effect_name="partial eta²",
        note=(
            f"Paired: compares the means, image by image. Epsilon {epsilon:.3f}: 1 if all "
            "differences between models vary alike."
        ),
    )


def linear_mixed_model(paired: pd.DataFrame) -> OmnibusTest:
    """Linear mixed model: models have fixed effects, images random ones.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.

    Returns
    -------
    OmnibusTest
        Wald's chi2 on k-1 degrees of freedom of ``value ~ model + (1 | image)``, fitted by REML;
        effect is the marginal R², variance between models / (models + images + residual). NaN
        where nothing is left beside models and images.

    Raises
    ------
    InputError
        For fewer than 3 images or 2 models, repeated ids, or NaN.

    Notes
    -----
    With a score of every model on every image the REML estimates are known in closed form [1]_:
    the residual variance is the mean square of the residuals, that of images (mean square of
    images - residual) / k, or, where this would be negative, 0 with both pooled. So there is no
    iteration that could fail to converge.

    References
    ----------
    .. [1] S. R. Searle, G. Casella and C. E. McCulloch, Variance Components, section 4.8, 1992.
    .. [2] S. Nakagawa and H. Schielzeth, Methods Ecol. Evol. 4:133, 2013 (marginal R²).
    """
    sums = sums_of_squares(check_paired(paired))
    n, k = sums.n_images, sums.n_models
    residual = sums.residual / ((n - 1) * (k - 1))
    of_images = (sums.images / (n - 1) - residual) / k
    if of_images < 0:
        of_images, residual = 0.0, (sums.images + sums.residual) / (k * (n - 1))
    of_models = sums.models / (n * k)
    chi2 = _ratio(sums.models, residual, sums)
    total = of_models + of_images + residual
    share = of_images / (of_images + residual) if of_images + residual > 0 else np.nan
    return OmnibusTest(
        name="Linear mixed model",
        statistic=chi2,
        statistic_name="chi²",
        degrees_of_freedom=(k - 1,),
        p_value=float(above_zero(stats.chi2.sf(chi2, k - 1))),
        effect=_ratio(of_models, total, sums),
        effect_name="marginal R²",
        note=(
            f"Paired: of the variance within a model, {100 * share:.0f} % lies between images."
            if np.isfinite(share)
            else "No score varies within a model."
        ),
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
        of squares that lies between models. Statistic and p are NaN if no model's scores vary.

    Raises
    ------
    InputError
        For fewer than 3 images or 2 models, repeated ids, or NaN.
    """
    sums = sums_of_squares(check_paired(paired))
    degrees = (sums.n_models - 1, sums.n_models * (sums.n_images - 1))
    within = sums.images + sums.residual
    f_value = _ratio(sums.models, within, sums) * degrees[1] / degrees[0]
    return OmnibusTest(
        name="One-way ANOVA",
        statistic=f_value,
        statistic_name="F",
        degrees_of_freedom=degrees,
        p_value=float(above_zero(stats.f.sf(f_value, *degrees))),
        effect=_ratio(sums.models, sums.total, sums),
        effect_name="eta²",
        note=UNPAIRED_NOTE,
        as_published=True,
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
    InputError
        For fewer than 3 images or 2 models, repeated ids, or NaN.
    """
    values = check_paired(paired)
    if np.ptp(values) == 0:
        statistic, p_value = np.nan, np.nan
    else:
        statistic, p_value = stats.kruskal(*values.T)
    return OmnibusTest(
        name="Kruskal-Wallis",
        statistic=float(statistic),
        statistic_name="H",
        degrees_of_freedom=(values.shape[1] - 1,),
        p_value=float(above_zero(p_value)),
        effect=float(statistic / (values.size - 1)),
        effect_name="epsilon²",
        note=UNPAIRED_NOTE,
        as_published=True,
    )


def greenhouse_geisser(covariance: FloatArray) -> float:
    """Return how far the differences between models are from varying alike.

    Parameters
    ----------
    covariance
        Of the models over images, shape (models, models), at least 2.

    Returns
    -------
    float
        Epsilon = trace(C)² / ((k - 1) trace(C²)), C being the covariance with the means of its
        rows and columns taken out; from 1 / (k - 1) to 1, NaN if no difference varies.

    References
    ----------
    .. [1] G. E. P. Box, Ann. Math. Stat. 25:484, 1954.

    Examples
    --------
    >>> greenhouse_geisser(np.array([[2.0, 1, 1], [1, 2, 1], [1, 1, 2]]))
    1.0
    """
    n_models = len(covariance)
    centre = np.eye(n_models) - 1 / n_models
    centred = centre @ covariance @ centre
    trace = np.trace(centred)
    if trace <= _ROUNDING * np.trace(covariance):
        return float("nan")
    return float(min(trace**2 / ((n_models - 1) * (centred**2).sum()), 1.0))


def sums_of_squares(values: FloatArray) -> SumsOfSquares:
    """Take the variation of the scores, shape (images, models), apart."""
    n_images, n_models = values.shape
    centred = values - values.mean()
    of_models, of_images = centred.mean(axis=0), centred.mean(axis=1)
    left = centred - of_models - of_images[:, None]
    return SumsOfSquares(
        models=float(n_images * (of_models**2).sum()),
        images=float(n_models * (of_images**2).sum()),
        residual=float((left**2).sum()),
        n_images=n_images,
        n_models=n_models,
    )


def _ratio(above: float, below: float, sums: SumsOfSquares) -> float:
    """Return above / below, NaN if below is but the rounding of the total."""
    return above / below if below > _ROUNDING**2 + _ROUNDING * sums.total else float("nan")
