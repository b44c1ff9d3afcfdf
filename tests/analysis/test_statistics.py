"""Tests and effect sizes against scipy, scikit-posthocs, statsmodels and published numbers."""

import math

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from scipy import stats

from workbench.analysis import (
    cohens_d,
    cohens_d_label,
    cohens_d_paired,
    compare_pairs,
    describe_models,
    friedman,
    kruskal_wallis,
    one_way_anova,
)

# The benchmark report's table of F1: mean and SD with ddof=1, 101 images each.
PUBLISHED = {
    "UNET": (0.3341, 0.2376),
    "NNUNET": (0.3833, 0.2228),
    "SAC": (0.0037, 0.0082),
    "LSTMUNET": (0.2889, 0.2060),
    "MAUNET_RESNET50": (0.5685, 0.2452),
    "MAUNET_WIDE": (0.5561, 0.2492),
    "MAUNET_ENSEMBLE": (0.6015, 0.2640),
}


@pytest.fixture
def paired() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    image = rng.normal(0.6, 0.2, 40)
    scores = {f"m{i}": (image + rng.normal(0.03 * i, 0.1, 40)).clip(0, 1) for i in range(4)}
    return pd.DataFrame(scores).round(2)  # rounding makes ties


@pytest.fixture
def published() -> pd.DataFrame:
    """Scores with exactly the published means and SDs; their order over images is made up."""
    base = stats.zscore(np.random.default_rng(0).normal(size=101), ddof=1)
    return pd.DataFrame({name: mean + sd * base for name, (mean, sd) in PUBLISHED.items()})


def test_anova_of_the_published_means_and_sds(published: pd.DataFrame) -> None:
    assert one_way_anova(published).statistic == pytest.approx(92.32, abs=0.005)


def test_cohens_d_of_the_published_means_and_sds(published: pd.DataFrame) -> None:
    ensemble = published["MAUNET_ENSEMBLE"]
    assert cohens_d(published["NNUNET"], ensemble) == pytest.approx(-0.8933, abs=5e-5)
    assert cohens_d(published["UNET"], ensemble) == pytest.approx(-1.0647, abs=5e-5)


def test_anova_agrees_with_scipy(paired: pd.DataFrame) -> None:
    ours, theirs = one_way_anova(paired), stats.f_oneway(*paired.to_numpy().T)
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-9)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)


def test_kruskal_wallis_agrees_with_scipy(paired: pd.DataFrame) -> None:
    ours, theirs = kruskal_wallis(paired), stats.kruskal(*paired.to_numpy().T)
    assert (ours.statistic, ours.p_value) == (theirs.statistic, theirs.pvalue)


def test_friedman_agrees_with_scipy_through_kendalls_w(paired: pd.DataFrame) -> None:
    chi2 = stats.friedmanchisquare(*paired.to_numpy().T).statistic
    n_images, n_models = paired.shape
    result = friedman(paired)
    assert result.effect == pytest.approx(chi2 / (n_images * (n_models - 1)), rel=1e-9)
    expected = (n_images - 1) * chi2 / (n_images * (n_models - 1) - chi2)
    assert result.statistic == pytest.approx(expected, rel=1e-9)
    assert result.p_value == pytest.approx(stats.f.sf(expected, 3, 117), rel=1e-9)


def test_friedman_of_two_models_is_defined() -> None:
    scores = pd.DataFrame({"a": [0.2, 0.4, 0.5, 0.9], "b": [0.1, 0.3, 0.6, 0.8]})
    # Ranks sum to 7 and 5: chi2 = 12 / (4 * 2 * 3) * (49 + 25) - 36 = 1.
    assert friedman(scores).effect == pytest.approx(1 / 4)


def test_models_in_the_same_order_everywhere_agree_completely() -> None:
    scores = pd.DataFrame({"a": [0.1, 0.2, 0.3], "b": [0.2, 0.3, 0.4]})
    result = friedman(scores)
    assert (result.effect, result.statistic, result.p_value) == (1, math.inf, 1 / 4)


def test_equal_scores_everywhere_have_no_test() -> None:
    scores = pd.DataFrame({"a": [0.5] * 4, "b": [0.5] * 4})
    for test in (friedman, one_way_anova, kruskal_wallis):
        result = test(scores)
        assert math.isnan(result.statistic)
        assert math.isnan(result.p_value)
    assert compare_pairs(scores).loc[0, "p_wilcoxon"] == 1


@pytest.mark.parametrize("test", [friedman, one_way_anova, kruskal_wallis, compare_pairs])
def test_too_little_or_undefined_data_are_refused(test) -> None:
    with pytest.raises(ValueError, match="at least 3 images and 2 models, got 2 images"):
        test(pd.DataFrame({"a": [0.1, 0.2], "b": [0.3, 0.4]}))
    with pytest.raises(ValueError, match="must not be NaN"):
        test(pd.DataFrame({"a": [0.1, 0.2, np.nan], "b": [0.3, 0.4, 0.5]}))


def test_pairs_agree_with_scipy_and_scikit_posthocs(paired: pd.DataFrame) -> None:
    # Above 50 images scipy and we take the normal approximation; whole numbers tie alike in both.
    whole = pd.concat([100 * paired, (100 * paired).iloc[::-1] + 1], ignore_index=True).round()
    table, paired = compare_pairs(whole), whole
    raw = scikit_posthocs.posthoc_wilcoxon(paired.to_numpy().T, zero_method="pratt")
    holm = scikit_posthocs.posthoc_wilcoxon(
        paired.to_numpy().T, zero_method="pratt", p_adjust="holm"
    )
    places = {model: place + 1 for place, model in enumerate(paired.columns)}
    for row in table.itertuples():
        at = places[row.first], places[row.second]
        assert row.p_wilcoxon == pytest.approx(raw.loc[at], rel=1e-9)
        assert row.p_wilcoxon_holm == pytest.approx(holm.loc[at], rel=1e-9)
        interval = stats.ttest_rel(paired[row.first], paired[row.second]).confidence_interval()
        assert (row.ci_low, row.ci_high) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_wins_ties_and_losses_sum_to_the_images(paired: pd.DataFrame) -> None:
    table = compare_pairs(paired)
    assert (table[["wins", "ties", "losses"]].sum(axis=1) == table["n"]).all()


def test_paired_and_unpaired_d_differ_where_images_do() -> None:
    hard_and_easy = np.array([0.1, 0.5, 0.9])
    better = hard_and_easy + np.array([0.05, 0.06, 0.04])
    assert cohens_d_paired(better, hard_and_easy) == pytest.approx(5)
    assert cohens_d_label(cohens_d(better, hard_and_easy)) == "negligible"


def test_effects_without_spread_are_undefined() -> None:
    assert math.isnan(cohens_d([0.5, 0.5], [0.5, 0.5]))
    assert math.isnan(cohens_d_paired([0.3, 0.5, 0.9], [0.2, 0.4, 0.8]))
    with pytest.raises(ValueError, match="equal lengths, got 2 and 3"):
        cohens_d_paired([1, 2], [1, 2, 3])


@pytest.mark.parametrize(
    ("d", "label"),
    [(0.19, "negligible"), (-0.2, "small"), (0.5, "medium"), (0.79, "medium"), (-0.8, "large")],
)
def test_effect_sizes_have_their_names(d: float, label: str) -> None:
    assert cohens_d_label(d) == label


def test_descriptives_agree_with_scipy(paired: pd.DataFrame) -> None:
    row = describe_models(paired).iloc[0]
    values = paired["m0"]
    interval = stats.ttest_1samp(values, 0).confidence_interval()
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((interval.low, interval.high))
    assert (row["sd"], row["median"]) == pytest.approx((values.std(ddof=1), values.median()))
    assert row["central_low"] == pytest.approx(np.percentile(values, 2.5))


def test_one_image_has_a_mean_and_no_interval() -> None:
    row = describe_models(pd.DataFrame({"a": [0.4]})).iloc[0]
    assert row["mean"] == 0.4
    assert math.isnan(row["ci_low"])
    assert math.isnan(row["sd"])
