"""Intervals against scipy and statsmodels, against examples by hand, and under their laws."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from workbench.analysis import (
    bca_interval,
    bootstrap_means,
    compare_pairs,
    describe_as_published,
    describe_models,
    mean_interval,
    measure_summary,
    measure_sums,
    median_interval,
    scores_by_threshold,
)
from workbench.schema import InputError

SCORES = np.random.default_rng(1).beta(4, 1.5, 37)
IMAGES = [f"image_{place:02d}" for place in range(37)]
SERIES = pd.Series(SCORES, index=IMAGES)
SLIDES = pd.Series([f"slide {place % 9}" for place in range(30)], index=IMAGES[:30])
"""Nine slides of unequal size; seven images stand alone."""

score_arrays = arrays(
    np.float64, st.integers(3, 30), elements=st.integers(0, 20).map(lambda score: score / 20)
)


def limits(interval) -> tuple[float, float]:
    return interval.low, interval.high


def reach(paired: pd.DataFrame, **options) -> float:
    """Return how many standard errors the simultaneous intervals reach to either side."""
    pairs = compare_pairs(paired, n_resamples=9, **options)
    errors = (pairs["ci_high"] - pairs["mean_difference"]) / stats.t.ppf(0.975, len(paired) - 1)
    reaches = (pairs["simultaneous_high"] - pairs["mean_difference"]) / errors
    assert reaches.to_numpy() == pytest.approx(reaches[0])
    return float(reaches[0])


def codes_of(groups: pd.Series) -> np.ndarray:
    names = groups.reindex(IMAGES).fillna(pd.Series(IMAGES, index=IMAGES))
    return pd.factorize(names)[0]


# Agreement.


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_t_interval_is_that_of_statsmodels_descrstatsw_and_scipy(alpha: float) -> None:
    ours = limits(mean_interval(SCORES, alpha=alpha))
    assert ours == pytest.approx(DescrStatsW(SCORES).tconfint_mean(alpha), rel=1e-8)
    theirs = stats.ttest_1samp(SCORES, 0).confidence_interval(1 - alpha)
    assert ours == pytest.approx((theirs.low, theirs.high), rel=1e-8)


def test_the_t_interval_with_groups_is_that_of_statsmodels_with_clustered_errors() -> None:
    fit = sm.OLS(SCORES, np.ones(37)).fit(
        cov_type="cluster", cov_kwds={"groups": codes_of(SLIDES)}, use_t=True
    )
    ours = limits(mean_interval(SERIES, groups=SLIDES))
    assert ours == pytest.approx(tuple(fit.conf_int()[0]), rel=1e-8)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_bca_is_that_of_scipy_bootstrap_on_the_same_resamples(alpha: float) -> None:
    resampled = bootstrap_means(SERIES.to_frame(), seed=3)[:, 0]

    @dataclasses.dataclass
    class Drawn:
        bootstrap_distribution: np.ndarray

    theirs = stats.bootstrap(
        (SCORES,), np.mean, n_resamples=0, method="BCa", confidence_level=1 - alpha,
        bootstrap_result=Drawn(resampled),
    ).confidence_interval  # fmt: skip
    ours = bca_interval(SERIES, alpha=alpha, seed=3)
    assert limits(ours) == pytest.approx((theirs.low, theirs.high), rel=1e-8)
    assert ours.notice == ""


def test_bca_with_groups_accelerates_by_leaving_out_groups() -> None:
    """The formulas of Efron 1987, on the groups, written out."""
    codes = codes_of(SLIDES)
    resampled = bootstrap_means(SERIES.to_frame(), groups=SLIDES)[:, 0]
    left_out = np.array([SCORES[codes != code].mean() for code in np.unique(codes)])
    influence = left_out.mean() - left_out
    acceleration = stats.skew(influence) / (6 * np.sqrt(len(influence)))
    bias = stats.norm.ppf(np.mean(resampled < SCORES.mean()))
    shifted = bias + stats.norm.ppf([0.025, 0.975])
    places = stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))
    expected = np.quantile(resampled, places)
    assert limits(bca_interval(SERIES, groups=SLIDES)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("n", [6, 20, 37, 101])
def test_the_interval_of_the_median_is_that_of_scipy_quantile_test(n: int) -> None:
    values = np.random.default_rng(n).random(n)
    theirs = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    assert limits(median_interval(values)) == (theirs.low, theirs.high)


def test_the_median_of_twenty_lies_between_the_sixth_and_the_fifteenth() -> None:
    """The published tables of the sign test: k = 6 of n = 20 holds with 95.86 %."""
    interval = median_interval(np.arange(1, 21))
    assert limits(interval) == (6, 15)
    assert interval.coverage == pytest.approx(0.9586, abs=5e-5)


def test_the_interval_of_a_grouped_median_is_read_off_the_share_below() -> None:
    # Six slides of four images, three low, three high: 12 of 24 are at or below the median.
    values = pd.Series(np.arange(24.0), index=[f"{place:02d}" for place in range(24)])
    groups = pd.Series([f"slide {place // 4}" for place in range(24)], index=values.index)
    # Each slide is 4 * 0.5 off: error = sqrt(6 / 5 * 6 * 4) / 24 = 0.2236; t(5) = 2.571.
    interval = median_interval(values, groups=groups)
    assert math.isnan(interval.low)
    assert "too few groups" in interval.notice
    # Mixed slides, half of each below: the share is known without error.
    mixed = pd.Series([f"slide {place % 6}" for place in range(24)], index=values.index)
    assert limits(median_interval(values, groups=mixed)) == (11, 12)


def test_all_pairs_of_like_models_reach_as_far_as_tukeys_range_over_root_two() -> None:
    """scipy.stats.studentized_range: the largest of all differences, exactly alike models."""
    n, k = 25, 5
    basis = np.linalg.qr(np.c_[np.ones(n), np.random.default_rng(0).normal(size=(n, k))])[0][:, 1:]
    expected = stats.studentized_range.ppf(0.95, k, n - 1) / np.sqrt(2)
    assert reach(pd.DataFrame(basis)) == pytest.approx(expected, abs=0.03)


def test_the_largest_t_has_the_probability_of_scipys_multivariate_t() -> None:
    paired = pd.DataFrame(np.random.default_rng(2).beta(4, 1.5, (30, 3)) * [1, 1, 3])
    differences = paired[[0, 1]].sub(paired[2], axis=0)
    far = reach(paired, reference=2)
    joint = stats.multivariate_t(shape=np.corrcoef(differences.T), df=29)
    inside = joint.cdf([far] * 2, lower_limit=[-far] * 2, random_state=0)
    assert inside == pytest.approx(0.95, abs=0.004)


def test_resampled_means_spread_as_the_standard_error_of_scipy() -> None:
    spread = bootstrap_means(SERIES.to_frame(), n_resamples=50_000).std()
    expected = stats.sem(SCORES, ddof=0)
    assert spread == pytest.approx(expected, rel=4 / np.sqrt(2 * 50_000))


def test_published_columns_are_those_of_numpy_with_either_ddof() -> None:
    row = describe_as_published(SERIES.to_frame("unet")).iloc[0]
    assert (row["sd_ddof0"], row["sd_ddof1"]) == (np.std(SCORES), SERIES.std())
    assert (row["central_low"], row["central_high"]) == tuple(np.percentile(SCORES, [2.5, 97.5]))


# Laws.


@given(score_arrays, st.floats(-2, 2), st.floats(0.1, 10))
@settings(max_examples=30)
def test_shifted_and_scaled_scores_have_shifted_and_scaled_intervals(
    values: np.ndarray, shift: float, scale: float
) -> None:
    for interval_of in (mean_interval, median_interval, quick_bca):
        plain = np.array(limits(interval_of(values)))
        moved = limits(interval_of(values * scale + shift))
        assert moved == pytest.approx(tuple(plain * scale + shift), abs=1e-9, nan_ok=True)


@given(score_arrays)
@settings(max_examples=30)
def test_mirrored_scores_have_mirrored_intervals(values: np.ndarray) -> None:
    """Ids keep the draws the same."""
    named = pd.Series(values, index=[f"{place:02d}" for place in range(len(values))])
    for interval_of in (mean_interval, median_interval, quick_bca):
        plain, mirrored = interval_of(named), interval_of(-named)
        assert limits(mirrored) == pytest.approx((-plain.high, -plain.low), abs=1e-9, nan_ok=True)


@given(st.permutations(range(37)))
@settings(max_examples=20)
def test_the_order_of_images_changes_nothing(order: list[int]) -> None:
    differences = pd.DataFrame({"a": SERIES, "b": SERIES**2, "c": SERIES**3})
    for groups in (None, SLIDES):
        expected = describe_models(differences, groups=groups, n_resamples=199)
        mixed = describe_models(differences.iloc[order], groups=groups, n_resamples=199)
        pd.testing.assert_frame_equal(mixed, expected, rtol=1e-10)


def test_the_order_of_plain_values_changes_nothing() -> None:
    assert bca_interval(SCORES[::-1]) == bca_interval(SCORES)


def test_the_seed_decides_the_draws_alone() -> None:
    frame = SERIES.to_frame()
    first, again = bootstrap_means(frame, n_resamples=50), bootstrap_means(frame, n_resamples=50)
    assert (first == again).all()
    assert (first != bootstrap_means(frame, n_resamples=50, seed=1)).any()


@given(score_arrays)
@settings(max_examples=30)
def test_more_confidence_is_never_narrower(values: np.ndarray) -> None:
    for interval_of in (mean_interval, median_interval, quick_bca):
        wide, narrow = interval_of(values, alpha=0.05), interval_of(values, alpha=0.4)
        assert not wide.low > narrow.low
        assert not wide.high < narrow.high


def test_every_image_twice_on_a_slide_of_its_own_is_the_same_evidence() -> None:
    doubled = pd.concat([SERIES, SERIES.rename(lambda image: f"{image} again")])
    groups = pd.Series([*IMAGES, *IMAGES], index=doubled.index)
    plain = SERIES.to_frame("unet")
    assert limits(mean_interval(doubled, groups=groups)) == pytest.approx(
        limits(mean_interval(SERIES)), rel=1e-10
    )
    means = bootstrap_means(doubled.to_frame("unet"), groups=groups, n_resamples=200)
    assert means == pytest.approx(bootstrap_means(plain, n_resamples=200), rel=1e-10)
    assert limits(bca_interval(doubled, groups=groups)) == pytest.approx(
        limits(bca_interval(SERIES)), rel=1e-10
    )
    assert mean_interval(doubled).high < mean_interval(SERIES).high  # the false evidence


def test_groups_of_one_image_are_no_groups() -> None:
    single = pd.Series(IMAGES, index=IMAGES)
    frame = SERIES.to_frame("unet")
    pd.testing.assert_frame_equal(describe_models(frame, groups=single), describe_models(frame))


def test_the_difference_of_resampled_means_is_the_resampled_mean_of_differences() -> None:
    paired = pd.DataFrame({"a": SERIES, "b": SERIES**2})
    means = bootstrap_means(paired, groups=SLIDES, n_resamples=99)
    of_difference = bootstrap_means((SERIES - SERIES**2).to_frame(), groups=SLIDES, n_resamples=99)
    assert means[:, 0] - means[:, 1] == pytest.approx(of_difference[:, 0], abs=1e-12)


def test_draws_in_many_chunks_are_draws_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = SERIES.to_frame()
    whole = bootstrap_means(frame, n_resamples=70)
    monkeypatch.setattr("workbench.analysis._resampling._CHUNK", 37 * 8)
    assert (bootstrap_means(frame, n_resamples=70) == whole).all()


@given(st.integers(3, 6), st.integers(0, 99))
@settings(max_examples=10)
def test_holding_at_once_lies_between_one_interval_and_bonferroni(k: int, seed: int) -> None:
    far = reach(pd.DataFrame(np.random.default_rng(seed).beta(4, 1.5, (15, k))))
    assert stats.t.ppf(0.975, 14) < far < stats.t.ppf(1 - 0.025 / math.comb(k, 2), 14)


@pytest.mark.parametrize("groups", [None, SLIDES])
def test_a_description_holds_the_intervals_one_by_one(groups: pd.Series | None) -> None:
    row = describe_models(SERIES.to_frame("unet"), groups=groups).iloc[0]
    for name, interval_of in (
        ("ci", mean_interval), ("bca", bca_interval), ("median", median_interval)
    ):  # fmt: skip
        expected = limits(interval_of(SERIES, groups=groups))
        assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx(expected, rel=1e-12)


# Where an interval is undefined or needs a word.


def test_one_image_has_a_mean_and_no_interval() -> None:
    row = describe_models(pd.DataFrame({"unet": [0.4]})).iloc[0]
    assert (row["n"], row["mean"], row["median"]) == (1, 0.4, 0.4)
    assert row[["sd", "ci_low", "bca_high", "median_low"]].isna().all()
    assert row["notice"].startswith(
        "fewer than 3 images or groups have no interval; too few images"
    )


TOO_FEW = "fewer than 3 images or groups have no interval"


@pytest.mark.parametrize("n", [1, 2])
def test_two_images_say_how_far_they_lie_apart_and_not_where_others_would(n: int) -> None:
    scores = pd.Series([0.8, 0.91, 0.85], index=["a", "b", "c"])
    for of in (mean_interval, bca_interval):
        found = of(scores[:n])
        assert (math.isnan(found.low), math.isnan(found.high)) == (True, True)
        assert found.notice == TOO_FEW
        assert of(scores).low < scores.mean() < of(scores).high
    table = pd.DataFrame({"model": "m", "seed": 0, "metric": "f1", "threshold": 0.5,
                          "value": scores})  # fmt: skip
    table = table.assign(tp=1, fp=0, fn=0, n_reference=1)
    summary = measure_summary(measure_sums(table[:n], {}))
    assert summary[["ci_low", "ci_high"]].isna().all(axis=None)


def test_two_slides_of_many_images_have_no_interval() -> None:
    groups = pd.Series(["s", "t"], index=IMAGES[:2]).reindex(IMAGES).ffill()
    assert mean_interval(SERIES, groups=groups).notice == TOO_FEW
    assert bca_interval(SERIES, groups=groups).notice == TOO_FEW
    assert median_interval(SERIES, groups=groups).notice == TOO_FEW


def test_images_of_one_slide_have_no_interval() -> None:
    groups = pd.Series("slide", index=IMAGES)
    for interval in (
        mean_interval(SERIES, groups=groups),
        bca_interval(SERIES, groups=groups),
        median_interval(SERIES, groups=groups),
    ):
        assert math.isnan(interval.low)
        assert interval.notice == TOO_FEW


def test_equal_scores_have_an_interval_without_width_and_a_notice() -> None:
    same = np.full(8, 0.3)
    for interval in (mean_interval(same), bca_interval(same), median_interval(same)):
        assert limits(interval) == pytest.approx((0.3, 0.3))
        assert interval.notice.startswith("all scores are equal")


@pytest.mark.parametrize("side", [-1, 1])
def test_bca_with_all_resamples_on_one_side_falls_back_to_percentiles(side: int) -> None:
    """Then the share of resamples below the mean is 0 or 1, whose normal score is infinite."""
    values = np.array([0.0, 0.1, 0.7, 0.9, 1.0])
    frame = pd.DataFrame({"unet": values})
    drawn = {seed: bootstrap_means(frame, n_resamples=2, seed=seed) for seed in range(20)}
    off = {seed: side * (means - values.mean()) for seed, means in drawn.items()}
    seed = next(seed for seed in drawn if off[seed].min() > 0 and np.ptp(off[seed]) > 0)
    interval = bca_interval(values, n_resamples=2, seed=seed)
    assert interval.notice == "percentile bootstrap instead of BCa"
    assert limits(interval) == pytest.approx(np.quantile(drawn[seed], [0.025, 0.975]))


def test_bca_of_equal_resamples_falls_back_to_percentiles_and_says_so() -> None:
    interval = bca_interval([0.0, 0.1, 0.9, 1.0, 0.7], n_resamples=1)
    assert interval.notice == "percentile bootstrap instead of BCa"
    assert interval.low == interval.high


@pytest.mark.parametrize("n", [1, 2, 5])
def test_fewer_than_six_images_leave_the_median_without_an_interval(n: int) -> None:
    interval = median_interval(np.arange(n))
    assert math.isnan(interval.low)
    assert interval.notice == "too few images for an interval of the median with 95%"
    assert limits(median_interval(np.arange(6))) == (0, 5)


@pytest.mark.parametrize("interval_of", [mean_interval, bca_interval, median_interval])
def test_what_has_no_interval_is_refused(interval_of) -> None:
    with pytest.raises(InputError, match="must not be NaN or infinite, but 1 are"):
        interval_of([0.1, np.nan, 0.3])
    with pytest.raises(InputError, match="at least 1 image and 1 model, got 0 images"):
        interval_of([])
    with pytest.raises(InputError, match=r"between 0 and 1, got 95; 0\.05 asks for 95 %"):
        interval_of(SCORES, alpha=95)
    with pytest.raises(InputError, match="'a' repeat"):
        interval_of(pd.Series([0.1, 0.2], index=["a", "a"]))


def test_no_resample_is_refused() -> None:
    with pytest.raises(InputError, match="n_resamples must be at least 1, got 0"):
        describe_models(SERIES.to_frame(), n_resamples=0)


# On score tables and real images.


def test_curves_over_thresholds_allow_for_slides() -> None:
    table = pd.DataFrame({"image_id": IMAGES, "value": SCORES})
    table = table.assign(model="unet", seed=0, metric="f1", threshold=0.5)
    table["group"] = SLIDES.reindex(IMAGES, fill_value="").to_numpy()
    row = scores_by_threshold(table).iloc[0]
    expected = mean_interval(SERIES, groups=SLIDES)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(limits(expected), rel=1e-12)


def quick_bca(values, *, alpha: float = 0.05):
    return bca_interval(values, alpha=alpha, n_resamples=199)
