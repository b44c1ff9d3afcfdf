"""Pairs of models against scipy, statsmodels and the worked examples of textbooks and papers."""

import math
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.descriptivestats import sign_test
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from workbench.analysis import (
    check_assumptions,
    cliffs_delta,
    cohens_d_average,
    cohens_d_paired,
    compare_models,
    compare_pairs,
    pairs_as_published,
)
from workbench.analysis._p_values import SMALLEST_P, holm
from workbench.analysis._permutation import sign_flip_p
from workbench.analysis._signed_rank import (
    hodges_lehmann,
    rank_biserial,
    sign_test_p,
    signed_rank_p,
)
from workbench.schema import InputError

# Depression before and after a tranquilliser (Hollander, Wolfe and Chicken 2014, table 3.1).
HAMILTON_BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
HAMILTON_AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
# Two films rated by ten people (Lakens 2013, table 1).
FILM_1 = [9, 7, 8, 9, 8, 9, 9, 10, 9, 9]
FILM_2 = [9, 6, 7, 8, 7, 9, 8, 8, 8, 7]
# AUC of C4.5 and of C4.5 tuned, on 14 data sets (Demšar 2006, table 2).
C45 = [.763, .599, .954, .628, .882, .936, .661, .583, .775, 1, .940, .619, .972, .957]  # fmt: skip
TUNED = [
    .768, .591, .971, .661, .888, .931, .668, .583, .838, 1, .962, .666, .981, .978,
]  # fmt: skip


def scores_of(n_images: int, n_models: int = 4, *, digits: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(n_images)
    image = rng.normal(0.6, 0.2, (n_images, 1))
    scores = image + rng.normal(0, 0.1, (n_images, n_models)) + 0.02 * np.arange(n_models)
    names = [f"m{i}" for i in range(n_models)]
    return pd.DataFrame(
        scores.clip(0, 1).round(digits),
        columns=names,
        index=pd.Index([f"image {i}" for i in range(n_images)], name="image_id"),
    )


@pytest.fixture(scope="module")
def paired() -> pd.DataFrame:
    return scores_of(60)


@pytest.fixture(scope="module")
def table(paired: pd.DataFrame) -> pd.DataFrame:
    return compare_pairs(paired, n_resamples=2_000)


def differences_of(paired: pd.DataFrame, row: pd.Series) -> np.ndarray:
    return (paired[row["first"]] - paired[row["second"]]).to_numpy()


def test_every_pair_stands_once(table: pd.DataFrame) -> None:
    pairs = table[["first", "second"]].to_numpy().tolist()
    assert pairs == [
        ["m0", "m1"], ["m0", "m2"], ["m0", "m3"], ["m1", "m2"], ["m1", "m3"], ["m2", "m3"],
    ]  # fmt: skip


def test_a_reference_is_the_second_of_every_pair(paired: pd.DataFrame) -> None:
    table = compare_pairs(paired, reference="m1", n_resamples=200)
    assert table["first"].to_list() == ["m0", "m2", "m3"]
    assert set(table["second"]) == {"m1"}
    assert np.allclose(table["p_t_holm"], holm(table["p_t"]))


def test_paired_t_agrees_with_scipy(paired: pd.DataFrame, table: pd.DataFrame) -> None:
    for _, row in table.iterrows():
        expected = stats.ttest_rel(paired[row["first"]], paired[row["second"]])
        interval = expected.confidence_interval(0.95)
        assert row["p_t"] == pytest.approx(expected.pvalue, rel=1e-8)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(interval), rel=1e-8)
        assert row["p_false_claim"] == pytest.approx(expected.pvalue / 2, rel=1e-8)


def test_wilcoxon_agrees_with_scipy(paired: pd.DataFrame, table: pd.DataFrame) -> None:
    for _, row in table.iterrows():
        expected = stats.wilcoxon(differences_of(paired, row), zero_method="pratt").pvalue
        assert row["p_wilcoxon"] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("n_images", [3, 7, 25, 50])
def test_wilcoxon_of_few_images_agrees_with_the_exact_one_of_scipy(n_images: int) -> None:
    differences = np.random.default_rng(n_images).normal(0.03, 0.1, n_images)
    expected = stats.wilcoxon(differences, method="exact").pvalue
    assert signed_rank_p(differences[:, None])[0] == pytest.approx(expected, rel=1e-8)


def test_wilcoxon_with_ties_and_zeros_goes_through_all_signs() -> None:
    differences = np.array([0.1, 0.1, 0.2, 0.0, 0.3, -0.1, -0.2, 0.3, 0.4])
    ranks = stats.rankdata(abs(differences)) * (differences != 0)
    all_signs = np.array(list(product([-1, 1], repeat=9)))
    seen = np.sum(np.sign(differences) * ranks)
    expected = np.mean(abs(all_signs @ ranks) >= seen)
    assert signed_rank_p(differences[:, None])[0] == pytest.approx(expected, rel=1e-12)


def test_differences_that_are_equal_but_for_rounding_are_ties() -> None:
    assert 0.8 - 0.7 != 0.4 - 0.3
    scores = pd.DataFrame({"a": [0.8, 0.4, 0.5, 0.3], "b": [0.7, 0.3, 0.6, 0.2]})
    # Four tied ranks, one negative: 2 + 8 of 16 patterns are as far from 0.
    assert compare_pairs(scores).loc[0, "p_wilcoxon"] == 10 / 16


def test_hodges_lehmann_of_the_depression_scores() -> None:
    """Hollander, Wolfe and Chicken 2014, examples 3.1, 3.3 and 3.4."""
    differences = np.subtract(HAMILTON_AFTER, HAMILTON_BEFORE)
    assert hodges_lehmann(differences) == pytest.approx((-0.46, -0.786, -0.010), abs=1e-12)
    assert signed_rank_p(differences[:, None])[0] == pytest.approx(0.0390625, rel=1e-12)


@given(st.lists(st.integers(-20, 20), min_size=301, max_size=330))
@settings(max_examples=20)
def test_hodges_lehmann_of_many_images_is_that_of_all_walsh_averages(values: list[int]) -> None:
    upper = np.triu_indices(len(values))
    averages = np.sort(np.add(*np.array(values)[np.stack(upper)]) / 2)
    shift, low, high = hodges_lehmann(values)
    assert shift == pytest.approx(np.median(averages), abs=1e-12)
    n = len(values)
    rank = int(n * (n + 1) / 4 - 1.959963984540054 * math.sqrt(n * (n + 1) * (2 * n + 1) / 24))
    assert (low, high) == pytest.approx((averages[rank - 1], averages[-rank]), abs=1e-12)


def test_five_images_have_no_hodges_lehmann_interval_and_six_have_the_full_range() -> None:
    values = [0.1, 0.2, 0.4, 0.5, 0.9, 1.0]
    assert np.isnan(hodges_lehmann(values[:5])[1:]).all()
    assert hodges_lehmann(values)[1:] == (0.1, 1.0)


def test_sign_test_agrees_with_statsmodels(paired: pd.DataFrame, table: pd.DataFrame) -> None:
    for _, row in table.iterrows():
        expected = sign_test(differences_of(paired, row))[1]
        assert row["p_sign"] == pytest.approx(expected, rel=1e-8)


def test_holm_agrees_with_statsmodels(table: pd.DataFrame) -> None:
    for name in ("p_permutation", "p_wilcoxon", "p_t", "p_sign", "p_tost"):
        expected = multipletests(table[name], method="holm")[1]
        assert table[f"{name}_holm"].to_numpy() == pytest.approx(expected, rel=1e-8)


def test_an_undefined_p_counts_in_its_family() -> None:
    assert holm([0.02, math.nan]).tolist() == pytest.approx([0.04, math.nan], nan_ok=True)


def test_permutation_of_few_images_agrees_with_scipy() -> None:
    differences = scores_of(10, 2).to_numpy() @ [1, -1]
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert sign_flip_p(differences[:, None])[0] == pytest.approx(expected, rel=1e-8)


def test_permutation_of_many_images_is_near_the_paired_t() -> None:
    paired = scores_of(170, 2)
    row = compare_pairs(paired, n_resamples=200).iloc[0]
    assert 0.005 < row["p_t"] < 0.2  # else nearness would say little
    assert row["p_permutation"] == pytest.approx(row["p_t"], rel=0.08)


def test_permutation_p_is_never_zero_and_counts_what_was_seen() -> None:
    steady = np.linspace(0.1, 0.2, 21)[:, None]
    assert sign_flip_p(steady)[0] == pytest.approx(1 / 100_001)
    assert sign_flip_p(steady[:20])[0] == 2.0**-19


def test_sums_equal_but_for_rounding_count_as_reached() -> None:
    # 0.1 + 0.2 - 0.3 is not 0 in floating point, yet every pattern reaches a sum of 0.
    assert sign_flip_p(np.array([[0.1], [0.2], [-0.3]]))[0] == 1


def test_equivalence_agrees_with_statsmodels(paired: pd.DataFrame, table: pd.DataFrame) -> None:
    for _, row in table.iterrows():
        first, second = paired[row["first"]], paired[row["second"]]
        expected = ttost_paired(first.to_numpy(), second.to_numpy(), -0.02, 0.02)[0]
        assert row["p_tost"] == pytest.approx(expected, rel=1e-8)


def test_a_small_difference_is_equivalent_and_a_wide_margin_makes_more_so() -> None:
    noise = np.tile([0.001, -0.001], 10)
    base = np.linspace(0, 0.9, 20)
    scores = pd.DataFrame({"a": base + noise, "b": base, "c": base + 0.05 + noise / 2})
    assert compare_pairs(scores, n_resamples=200)["equivalent"].to_list() == [True, False, False]
    assert compare_pairs(scores, margin=0.1, n_resamples=200)["equivalent"].all()


def test_detectable_difference_agrees_with_statsmodels(
    paired: pd.DataFrame, table: pd.DataFrame
) -> None:
    d = TTestPower().solve_power(nobs=60, alpha=0.05, power=0.8)
    for _, row in table.iterrows():
        spread = differences_of(paired, row).std(ddof=1)
        assert row["minimum_detectable_difference"] == pytest.approx(d * spread, rel=1e-6)
        assert row["minimum_detectable_difference"] == pytest.approx(
            2.8 * spread / math.sqrt(60), rel=0.03
        )


def test_images_needed_are_those_of_statsmodels_give_or_take_one(table: pd.DataFrame) -> None:
    for _, row in table.iterrows():
        expected = TTestPower().solve_power(effect_size=abs(row["d_z"]), alpha=0.05, power=0.8)
        assert row["images_needed"] == pytest.approx(np.ceil(expected), abs=1)


def test_effects_of_the_films() -> None:
    """Lakens 2013: d_z = 1.50, Hedges's g_av = 1.08, r = 0.69 or so."""
    assert cohens_d_paired(FILM_1, FILM_2) == pytest.approx(1.5, rel=1e-12)
    assert cohens_d_average(FILM_1, FILM_2) == pytest.approx(1.08, abs=0.005)
    films = pd.DataFrame({"one": FILM_1, "two": FILM_2})
    row = compare_pairs(films).iloc[0]
    assert row["correlation"] == pytest.approx(np.corrcoef(FILM_1, FILM_2)[0, 1], rel=1e-12)
    assert (row["wins"], row["ties"], row["losses"]) == (8, 2, 0)
    assert row["probability_first"] == 0.9


def test_rank_sums_of_two_classifiers() -> None:
    """Demšar 2006, section 3.1.3: R+ = 93 and R- = 12, ranks of zeros split evenly."""
    differences = np.round(np.subtract(TUNED, C45), 12)[:, None]
    assert rank_biserial(differences)[0] == pytest.approx((93 - 12) / 105, rel=1e-12)


def test_cliffs_delta_is_that_of_mann_whitney(paired: pd.DataFrame) -> None:
    a, b = paired["m0"].round(2), paired["m1"].round(2)
    u = stats.mannwhitneyu(a, b).statistic
    assert cliffs_delta(a, b) == pytest.approx(2 * u / 3600 - 1, rel=1e-12)


def test_published_pairs_agree_with_scipy(paired: pd.DataFrame) -> None:
    for row in pairs_as_published(paired).itertuples():
        a, b = paired[row.first], paired[row.second]
        assert row.p_t == pytest.approx(stats.ttest_ind(a, b).pvalue, rel=1e-8)
        assert row.p_mann_whitney == pytest.approx(stats.mannwhitneyu(a, b).pvalue, rel=1e-8)


def test_a_single_pair_has_its_t_interval_as_the_simultaneous_one() -> None:
    row = compare_pairs(scores_of(20, 2), n_resamples=200).iloc[0]
    assert row["simultaneous_low"] == row["ci_low"]
    assert row["simultaneous_high"] == row["ci_high"]


def test_simultaneous_intervals_are_tukeys_where_all_pairs_vary_alike() -> None:
    # The studentised range is the exact answer for equal variances and equal correlations.
    n, k = 1_000, 5
    noise = np.linalg.qr(np.random.default_rng(0).normal(size=(n, k + 1)))[0]
    noise -= noise.mean(axis=0)
    noise = np.linalg.qr(noise)[0][:, :k]
    table = compare_pairs(pd.DataFrame(noise, columns=list("abcde")), n_resamples=200)
    half = (table["simultaneous_high"] - table["simultaneous_low"]) / 2
    error = (table["ci_high"] - table["ci_low"]) / 2 / stats.t.ppf(0.975, n - 1)
    tukey = stats.studentized_range.ppf(0.95, k, np.inf) / math.sqrt(2)
    assert (half / error).to_numpy() == pytest.approx(tukey, rel=0.015)


def test_simultaneous_intervals_lie_between_single_and_bonferroni(table: pd.DataFrame) -> None:
    half = (table["simultaneous_high"] - table["simultaneous_low"]) / 2
    single = (table["ci_high"] - table["ci_low"]) / 2
    bonferroni = single * stats.t.ppf(1 - 0.025 / 6, 59) / stats.t.ppf(0.975, 59)
    assert (half > single).all()
    assert (half < bonferroni).all()


def test_bca_agrees_with_scipy(paired: pd.DataFrame) -> None:
    row = compare_pairs(paired, reference="m3").iloc[0]
    expected = stats.bootstrap(
        (differences_of(paired, row),), np.mean, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    width = expected.high - expected.low
    assert row["bca_low"] == pytest.approx(expected.low, abs=0.03 * width)
    assert row["bca_high"] == pytest.approx(expected.high, abs=0.03 * width)


def test_groups_of_one_image_change_nothing(paired: pd.DataFrame) -> None:
    alone = pd.Series(paired.index, index=paired.index)
    grouped = compare_pairs(paired, groups=alone, n_resamples=200)
    plain = compare_pairs(paired, n_resamples=200)
    numbers = plain.select_dtypes("number").columns.drop(["p_permutation", "p_permutation_holm"])
    not_drawn = [name for name in numbers if not name.startswith("bca")]
    pd.testing.assert_frame_equal(grouped[not_drawn], plain[not_drawn])


def test_copies_of_images_in_a_group_are_no_new_evidence() -> None:
    once = scores_of(12, 2)
    thrice = pd.concat([once] * 3, ignore_index=True)
    thrice.index = [f"copy {i}" for i in range(36)]
    groups = pd.Series([f"slide {i % 12}" for i in range(36)], index=thrice.index)
    expected = compare_pairs(once, n_resamples=200).iloc[0]
    row = compare_pairs(thrice, groups=groups, n_resamples=200).iloc[0]
    for name in (
        "ci_low", "ci_high", "p_permutation", "p_wilcoxon", "p_t", "p_sign", "hl_low", "p_tost",
        "p_false_claim", "minimum_detectable_difference",
    ):  # fmt: skip
        assert row[name] == pytest.approx(expected[name], rel=1e-9), name
    assert compare_pairs(thrice, n_resamples=200).loc[0, "p_t"] < expected["p_t"]


@given(st.randoms(use_true_random=False))
@settings(max_examples=5)
def test_swapping_two_models_turns_all_signs(random) -> None:
    values = np.array([[random.randint(0, 9) / 10 for _ in range(2)] for _ in range(8)])
    one = compare_pairs(pd.DataFrame(values, columns=["a", "b"]), n_resamples=100).iloc[0]
    other = compare_pairs(pd.DataFrame(values[:, ::-1], columns=["b", "a"]), n_resamples=100)
    other = other.iloc[0]
    for name in ("mean_difference", "hodges_lehmann", "d_z", "d_av", "rank_biserial"):
        assert one[name] == pytest.approx(-other[name], nan_ok=True)
    for name in ("p_permutation", "p_wilcoxon", "p_t", "p_sign", "p_tost", "p_false_claim"):
        assert one[name] == pytest.approx(other[name], nan_ok=True)
    assert one["hl_low"] == pytest.approx(-other["hl_high"], nan_ok=True)
    assert one["wins"] == other["losses"]


def test_equal_models_have_p_one_or_none() -> None:
    scores = pd.DataFrame({"a": [0.5, 0.2, 0.9], "b": [0.5, 0.2, 0.9]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = compare_pairs(scores).iloc[0]
    assert row[["p_permutation", "p_wilcoxon", "p_sign"]].tolist() == [1, 1, 1]
    assert row[["p_t", "p_tost", "p_false_claim", "d_z"]].isna().all()
    assert (row["mean_difference"], row["rank_biserial"], row["probability_first"]) == (0, 0, 0.5)
    assert not row["equivalent"]
    assert row["notice"] == "no image differs"


def test_a_difference_that_is_the_same_everywhere_has_no_t_test() -> None:
    scores = pd.DataFrame({"a": [0.3, 0.5, 0.9], "b": [0.2, 0.4, 0.8]})
    row = compare_pairs(scores).iloc[0]
    assert row[["p_t", "d_z", "minimum_detectable_difference", "images_needed"]].isna().all()
    assert row["p_permutation"] == 0.25
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.1, 0.1))
    assert "same on every image" in row["notice"]


def test_equal_means_never_need_fewer_images_than_there_are_numbers() -> None:
    scores = pd.DataFrame({"a": [0.2, 0.4, 0.6, 0.8], "b": [0.4, 0.2, 0.8, 0.6]})
    row = compare_pairs(scores).iloc[0]
    assert row["images_needed"] > 1e9
    assert row["p_false_claim"] == pytest.approx(0.5)


def test_a_tiny_p_is_still_above_zero() -> None:
    rng = np.random.default_rng(0)
    second = rng.uniform(size=2_000)
    scores = pd.DataFrame({"a": second + 1 + rng.normal(0, 1e-3, 2_000), "b": second})
    row = compare_pairs(scores, n_resamples=100).iloc[0]
    assert row["p_t"] == SMALLEST_P
    assert (row[[name for name in row.index if name.startswith("p_")]].astype(float) > 0).all()


def test_five_images_say_which_p_is_out_of_reach() -> None:
    notice = compare_pairs(scores_of(5, 2)).loc[0, "notice"]
    assert "no permutation p can be below 0.0625" in notice
    assert compare_pairs(scores_of(6, 2)).loc[0, "notice"] == ""


def test_sixty_models_are_compared_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = compare_pairs(scores_of(8, 60, digits=1), n_resamples=100)
    assert len(table) == 60 * 59 / 2
    assert (table["p_permutation_holm"] >= table["p_permutation"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": "m9"}, "'m9' is not among the models; choose one of m0, m1"),
        ({"margin": 0}, "margin of equivalence must be above 0, got 0"),
        ({"margin": math.nan}, "margin of equivalence must be above 0"),
        ({"alpha": 5}, "alpha must lie between 0 and 1, got 5"),
        ({"groups": {"image 0": "s", "image 1": "s", "image 2": "t", "image 3": "t"}}, "3 groups"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, message: str) -> None:
    if "groups" in options:
        options = {"groups": pd.Series(options["groups"])}
    with pytest.raises(InputError, match=message):
        compare_pairs(scores_of(4, 2), **options)


@pytest.mark.parametrize("function", [compare_pairs, pairs_as_published])
def test_tables_that_are_no_pairs_are_refused(function) -> None:
    scores = scores_of(4, 2)
    with pytest.raises(InputError, match="at least 3 images"):
        function(scores[:2])
    with pytest.raises(InputError, match="2 models"):
        function(scores[["m0"]])
    with pytest.raises(InputError, match="NaN"):
        function(scores.mask(scores == scores.iloc[0, 0]))
    with pytest.raises(InputError, match="repeat"):
        function(scores.iloc[[0, 1, 2, 2]])


def test_a_comparison_keeps_what_is_published_apart() -> None:
    found = compare_models(scores_of(6, 3), n_resamples=100)
    assert found.tests["name"].to_list() == [
        "Friedman (Iman-Davenport)",
        "Repeated-measures ANOVA (Greenhouse-Geisser)",
        "Linear mixed model",
    ]
    assert found.published_tests["name"].to_list() == ["One-way ANOVA", "Kruskal-Wallis"]
    assert len(found.pairs) == len(found.published_pairs) == 3
    assert found.note == ""


def test_with_a_reference_the_published_pairs_are_those_with_it_too() -> None:
    scores = scores_of(6, 3)
    found = compare_models(scores, reference="m1", n_resamples=100)
    for pairs in (found.pairs, found.published_pairs):
        assert pairs[["first", "second"]].to_numpy().tolist() == [["m0", "m1"], ["m2", "m1"]]
    difference = scores["m2"].mean() - scores["m1"].mean()
    assert found.published_pairs["difference"].iloc[1] == pytest.approx(difference)
    with pytest.raises(InputError, match="'m9' is not among the models; choose one of m0, m1, m2"):
        pairs_as_published(scores, reference="m9")


def test_a_comparison_of_slides_tests_slides() -> None:
    scores = scores_of(12, 3)
    slides = pd.Series(np.repeat(list("wxyz"), 3), index=scores.index)
    found = compare_models(scores, groups=slides, n_resamples=100)
    assert found.tests["note"].str.contains("the means of 4 groups").all()
    means = scores.groupby(slides).mean()
    pd.testing.assert_frame_equal(found.assumptions, check_assumptions(means))


def test_a_comparison_of_too_little_says_why_it_is_empty() -> None:
    one_slide = pd.Series("slide", index=scores_of(4, 2).index)
    assert "2 models, there are 4 images and 1" in compare_models(scores_of(4, 1)).note
    found = compare_models(scores_of(4, 2), groups=one_slide)
    assert "at least 3 groups, there are 1" in found.note
    assert found.pairs.empty


def test_sign_test_leaves_ties_out() -> None:
    assert sign_test_p(np.array([[1.0], [2.0], [0.0], [0.0]]))[0] == 0.5
