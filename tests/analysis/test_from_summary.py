"""What a published table of means and SDs allows, on the table of the benchmark report."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.analysis import (
    compare_from_summary,
    compare_pairs,
    one_way_anova,
    pairs_as_published,
)
from workbench.schema import InputError

# F1 at IoU 0.5 of 101 images: mean and SD of the report's first table (divided by n - 1) and the
# SD of its table of descriptive statistics (divided by n).
PUBLISHED = pd.DataFrame(
    [
        ("UNET", 0.3341, 0.2376, 0.2364),
        ("NNUNET", 0.3833, 0.2228, 0.2217),
        ("SAC", 0.0037, 0.0082, 0.0081),
        ("LSTMUNET", 0.2889, 0.2060, 0.2050),
        ("MAUNET_RESNET50", 0.5685, 0.2452, 0.2440),
        ("MAUNET_WIDE", 0.5561, 0.2492, 0.2480),
        ("MAUNET_ENSEMBLE", 0.6015, 0.2640, 0.2626),
    ],
    columns=["model", "mean", "sd", "sd_ddof0"],
).assign(n=101)


def of_pair(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    return table[(table["first"] == first) & (table["second"] == second)]


def test_anova_of_the_published_table() -> None:
    assert compare_from_summary(PUBLISHED).anova.statistic == pytest.approx(92.32, abs=0.005)


@pytest.mark.parametrize(("model", "d"), [("NNUNET", -0.8933), ("UNET", -1.0647)])
def test_cohens_d_of_the_published_table(model: str, d: float) -> None:
    row = of_pair(compare_from_summary(PUBLISHED).pairs, model, "MAUNET_ENSEMBLE").iloc[0]
    assert row["cohens_d"] == pytest.approx(d, abs=5e-5)
    assert row["cohens_d_label"] == "large"


def test_the_first_two_of_the_published_table_were_never_told_apart() -> None:
    row = of_pair(compare_from_summary(PUBLISHED).pairs, "MAUNET_WIDE", "MAUNET_ENSEMBLE").iloc[0]
    assert row["mean_difference"] == pytest.approx(-0.0454, abs=1e-12)
    assert row["p_t"] == pytest.approx(0.21, abs=0.005)


def test_what_pairing_would_have_told() -> None:
    found = compare_from_summary(PUBLISHED).paired
    rows = of_pair(found, "MAUNET_WIDE", "MAUNET_ENSEMBLE").set_index("correlation")["p_t"]
    assert rows[[0.5, 0.7, 0.8]].to_list() == pytest.approx([0.079, 0.024, 0.006], abs=5e-4)
    assert rows[0.9] == pytest.approx(0.0001, abs=6e-5)


def test_either_sd_gives_the_same_once_its_divisor_is_said() -> None:
    by_n = PUBLISHED.assign(sd=PUBLISHED["sd_ddof0"])
    one = compare_from_summary(PUBLISHED).paired["p_t"]
    other = compare_from_summary(by_n, ddof=0).paired["p_t"]
    assert other.to_numpy() == pytest.approx(one.to_numpy(), rel=0.02)
    assert compare_from_summary(by_n).paired["p_t"].lt(one).any()


def test_a_summary_of_known_scores_gives_the_tests_of_the_scores() -> None:
    rng = np.random.default_rng(0)
    scores = pd.DataFrame(rng.normal(0.5, 0.1, (40, 2)) + rng.normal(0, 0.1, (40, 1)))
    scores.columns = ["a", "b"]
    summary = pd.DataFrame(
        {"model": ["a", "b"], "n": 40, "mean": scores.mean(), "sd": scores.std()}
    )
    found = compare_from_summary(summary, correlations=[scores.corr().iloc[0, 1]])
    paired, published = compare_pairs(scores, n_resamples=100), pairs_as_published(scores)
    for name in ("p_t", "ci_low", "ci_high", "d_z"):
        assert found.paired.loc[0, name] == pytest.approx(paired.loc[0, name], rel=1e-8)
    assert found.pairs.loc[0, "p_t"] == pytest.approx(published.loc[0, "p_t"], rel=1e-8)
    assert found.anova.statistic == pytest.approx(one_way_anova(scores).statistic, rel=1e-8)


def test_unequal_numbers_of_images_agree_with_scipy_and_are_not_paired() -> None:
    table = pd.DataFrame({"model": ["a", "b"], "n": [10, 20], "mean": [0.5, 0.6], "sd": [0.1, 0.2]})
    found = compare_from_summary(table)
    expected = stats.ttest_ind_from_stats(0.5, 0.1, 10, 0.6, 0.2, 20).pvalue
    assert found.pairs.loc[0, "p_t"] == pytest.approx(expected, rel=1e-8)
    assert found.anova.p_value == pytest.approx(expected, rel=1e-8)
    assert found.paired.empty
    assert "1 pairs have different numbers of images" in found.note


def test_without_spread_nothing_is_tested() -> None:
    table = pd.DataFrame({"model": ["a", "b"], "n": 10, "mean": [0.5, 0.6], "sd": 0.0})
    found = compare_from_summary(table)
    assert math.isnan(found.anova.p_value)
    assert found.pairs["p_t"].isna().all()
    assert found.paired["p_t"].isna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sd": -0.1}, "sd of 'UNET' must be a number of at least 0, got -0.1"),
        ({"n": 1}, "n of 'UNET' must be a number of at least 2, got 1"),
        ({"mean": math.nan}, "mean of 'UNET' must be a number, got nan"),
        ({"sd": "0.2 ± 0.1"}, "sd of 'UNET' must be a number"),
        ({"model": "UNET"}, "2 or more models, each once"),
    ],
)
def test_summaries_that_make_no_sense_are_refused(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare_from_summary(PUBLISHED.assign(**change))


def test_missing_columns_and_impossible_correlations_are_refused() -> None:
    with pytest.raises(InputError, match="n is missing, there are model, mean"):
        compare_from_summary(PUBLISHED.drop(columns="n"))
    with pytest.raises(InputError, match="from -1 to below 1, got 1"):
        compare_from_summary(PUBLISHED, correlations=[0.5, 1])
