"""How stable a ranking is: small examples, laws, scipy, and real scores."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tests.analysis.real_scores import modalities, real_scores
from workbench.analysis import paired_scores, rank_stability
from workbench.analysis._ranks import mean_kendall_tau, rank_distribution, rank_rows
from workbench.schema import InputError

QUICK = {"n_resamples": 300}


def table(**columns: list[float]) -> pd.DataFrame:
    values = pd.DataFrame(columns)
    return values.set_index(pd.Index([f"im{i}" for i in values.index], name="image_id"))


@st.composite
def paired_tables(draw: st.DrawFn) -> pd.DataFrame:
    """Scores in steps of 0.1, so that ties are common."""
    shape = draw(st.integers(3, 12)), draw(st.integers(2, 6))
    steps = draw(arrays(np.int64, shape, elements=st.integers(0, 10)))
    return table(**{f"m{i}": column / 10 for i, column in enumerate(steps.T)})


def test_a_model_that_wins_everywhere_is_first_in_every_draw() -> None:
    found = rank_stability(table(a=[0.9, 0.8, 0.7], b=[0.5, 0.6, 0.4], c=[0.4, 0.3, 0.1]), **QUICK)
    first = found.table.iloc[0]
    assert first[["model", "rank", "rank_low", "rank_high", "p_best"]].tolist() == ["a", 1, 1, 1, 1]
    assert found.flips.empty


def test_two_models_that_win_one_image_each_share_the_draws() -> None:
    # Of two images drawn from two: both the first (1/4), both the second (1/4), or a tie (1/2).
    found = rank_stability(table(a=[1, 0, 0.5], b=[0, 1, 0.5]), n_resamples=20_000)
    assert found.table["rank"].tolist() == [1.5, 1.5]
    assert found.distribution.loc["a", 1] == pytest.approx(0.5, abs=0.02)
    assert math.isnan(found.kendall_tau)  # there is no order to agree with


def test_p_best_is_that_of_all_draws_gone_through() -> None:
    paired = table(a=[0.9, 0.2, 0.6, 0.3], b=[0.5, 0.5, 0.5, 0.5])
    draws = np.stack(np.meshgrid(*[range(4)] * 4), axis=-1).reshape(-1, 4)
    means = paired.to_numpy()[draws].mean(axis=1).round(9)
    exact = np.mean(means[:, 0] > means[:, 1]) + np.mean(means[:, 0] == means[:, 1]) / 2
    found = rank_stability(paired, n_resamples=40_000).table.set_index("model")
    assert found.loc["a", "p_best"] == pytest.approx(exact, abs=0.01)


def test_without_the_one_image_it_wins_the_best_model_loses() -> None:
    found = rank_stability(table(a=[1.0, 0.5, 0.5, 0.5], b=[0.6, 0.6, 0.6, 0.6]), **QUICK)
    assert found.table["model"].tolist() == ["a", "b"]
    assert found.flips.to_numpy().tolist() == [["im0", "b", 2]]


def test_an_image_whose_loss_leaves_a_tie_names_both() -> None:
    found = rank_stability(table(a=[1.0, 0.5, 0.5], b=[0.5, 0.5, 0.5], c=[0, 0, 0]), **QUICK)
    assert found.flips.to_numpy().tolist() == [["im0", "a, b", 2]]


def test_mean_then_rank_and_rank_then_mean_can_disagree() -> None:
    # b is a little better on three images and much worse on one.
    found = rank_stability(table(a=[0.5, 0.5, 0.5, 0.9], b=[0.6, 0.6, 0.6, 0.1]), **QUICK)
    assert found.table["model"].tolist() == ["a", "b"]
    assert found.rank_then_mean["model"].tolist() == ["b", "a"]
    assert found.rank_then_mean["mean_rank"].tolist() == [1.25, 1.75]


def test_images_of_one_slide_are_drawn_together() -> None:
    # Within the slide a wins, outside b does: with whole slides drawn, half the draws are a tie or
    # near it, and a wins only where its slide came twice.
    paired = table(a=[1.0, 1.0, 1.0, 0.0, 0.0, 0.0], b=[0.5] * 6)
    groups = pd.Series(["s"] * 3 + ["t"] * 3, index=paired.index)
    alone = rank_stability(paired, n_resamples=20_000).distribution
    whole = rank_stability(paired, groups=groups, n_resamples=20_000)
    share_of_ties = 1 / 2
    assert whole.kendall_tau != whole.kendall_tau  # a tie over all images
    assert whole.distribution.loc["a", 1] == pytest.approx(0.25 + share_of_ties / 2, abs=0.02)
    assert alone.loc["a", 1] == pytest.approx(0.5, abs=0.02)
    uneven = paired.assign(a=[1.0, 1.0, 1.0, 0.1, 0.1, 0.1])
    p_whole = rank_stability(uneven, groups=groups, n_resamples=20_000).table.loc[0, "p_best"]
    p_alone = rank_stability(uneven, n_resamples=20_000).table.loc[0, "p_best"]
    assert p_whole == pytest.approx(0.75, abs=0.02)  # a loses only if slide t came twice
    assert p_alone == pytest.approx(stats.binom.sf(2, 6, 0.5), abs=0.02)


def test_for_errors_the_lowest_is_first() -> None:
    found = rank_stability(table(a=[3, 4, 5.0], b=[1, 2, 2.5]), lower_is_better=True, **QUICK)
    assert found.table["model"].tolist() == ["b", "a"]
    assert found.rank_then_mean["model"].tolist() == ["b", "a"]
    assert found.table["p_best"].tolist() == [1, 0]


def test_sixty_models_are_ranked() -> None:
    values = np.random.default_rng(0).random((30, 60))
    found = rank_stability(table(**{f"m{i}": column for i, column in enumerate(values.T)}), **QUICK)
    assert found.distribution.shape == (60, 60)
    assert 0 < found.kendall_tau < 1


def test_scores_that_tie_everywhere_give_no_order() -> None:
    found = rank_stability(table(a=[0.5] * 4, b=[0.5] * 4, c=[0.5] * 4), **QUICK)
    assert found.table["rank"].tolist() == [2, 2, 2]
    assert found.table["p_best"].tolist() == pytest.approx([1 / 3] * 3)
    assert math.isnan(found.kendall_tau)


@pytest.mark.parametrize(
    ("paired", "words"),
    [
        (table(a=[0.1, 0.2], b=[0.1, 0.3]), "at least 3 images and 2 models, got 2 images"),
        (table(a=[0.1, 0.2, 0.3]), "got 3 images and 1 model"),
        (table(a=[0.1, 0.2, np.nan], b=[0.1, 0.2, 0.3]), "must not be NaN"),
        (table(a=[0.1, 0.2, 0.3], b=[0.1, 0.2, 0.3]).rename({"im1": "im0"}), "'im0' repeat"),
    ],
)
def test_what_cannot_be_ranked_is_refused(paired: pd.DataFrame, words: str) -> None:
    with pytest.raises(InputError, match=words):
        rank_stability(paired)


@given(paired_tables())
@settings(max_examples=40)
def test_rank_shares_sum_to_one_by_model_and_by_rank(paired: pd.DataFrame) -> None:
    found = rank_stability(paired, **QUICK)
    np.testing.assert_allclose(found.distribution.sum(axis=0), 1)
    np.testing.assert_allclose(found.distribution.sum(axis=1), 1)
    assert found.table["p_best"].sum() == pytest.approx(1)
    assert (found.table["rank_low"] <= found.table["rank"]).all()
    assert (found.table["rank"] <= found.table["rank_high"]).all()
    k = paired.shape[1]
    assert found.table["rank"].sum() == found.rank_then_mean["rank"].sum() == k * (k + 1) / 2


@given(paired_tables(), st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_order_of_images_and_models_changes_nothing(paired: pd.DataFrame, random) -> None:
    rows, columns = list(paired.index), list(paired.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    one, other = rank_stability(paired, **QUICK), rank_stability(paired.loc[rows, columns], **QUICK)
    by_model = [found.table.set_index("model").sort_index() for found in (one, other)]
    pd.testing.assert_frame_equal(*by_model)
    assert one.kendall_tau == pytest.approx(other.kendall_tau, nan_ok=True)
    flips = [set(found.flips["image_id"]) for found in (one, other)]
    assert flips[0] == flips[1]


@given(paired_tables())
@settings(max_examples=25)
def test_turning_scores_into_errors_changes_no_rank(paired: pd.DataFrame) -> None:
    scores, errors = (
        rank_stability(paired, **QUICK),
        rank_stability(1 - paired, lower_is_better=True, **QUICK),
    )
    pd.testing.assert_frame_equal(scores.distribution, errors.distribution)
    pd.testing.assert_frame_equal(scores.flips, errors.flips)
    pd.testing.assert_frame_equal(scores.rank_then_mean, errors.rank_then_mean)


@given(paired_tables())
@settings(max_examples=25)
def test_flips_are_those_of_ranking_without_each_image(paired: pd.DataFrame) -> None:
    full = stats.rankdata(-paired.mean().round(9))
    expected = {}
    for image in paired.index if len(paired) > 3 else []:
        left = paired.drop(index=image).mean().round(9)
        if n_moved := int((stats.rankdata(-left) != full).sum()):
            expected[image] = (set(left.index[left == left.max()]), n_moved)
    if len(paired) > 3:
        flips = rank_stability(paired, **QUICK).flips
        found = {
            row.image_id: (set(row.best.split(", ")), row.n_moved) for row in flips.itertuples()
        }
        assert found == expected


@given(arrays(np.int64, (5, 4), elements=st.integers(0, 3)))
def test_mean_tau_is_that_of_scipy(values: np.ndarray) -> None:
    drawn = rank_rows(values.astype(float))
    taus = [stats.kendalltau(drawn[0], row).statistic for row in drawn]
    expected = np.nan if np.isnan(taus).all() else np.nanmean(taus)
    assert mean_kendall_tau(drawn[0], drawn) == pytest.approx(expected, nan_ok=True)


@given(arrays(np.int64, (6, 5), elements=st.integers(0, 3)))
def test_ranks_of_rows_are_those_of_scipy(values: np.ndarray) -> None:
    expected = [stats.rankdata(-row) for row in values]
    np.testing.assert_array_equal(rank_rows(values.astype(float)), expected)


def test_three_models_that_tie_for_second_share_the_places_two_to_four() -> None:
    shares = rank_distribution(np.array([[1.0, 3, 3, 3]]), pd.Index(list("abcd")))
    assert shares.loc["a"].tolist() == [1, 0, 0, 0]
    np.testing.assert_allclose(shares.loc["d"], [0, 1 / 3, 1 / 3, 1 / 3])


def test_real_nuclei_do_not_tell_two_thresholds_apart(real_data: Path) -> None:
    scores = real_scores(real_data)
    paired = paired_scores(scores)
    found = rank_stability(paired)
    assert found.table["model"].tolist()[-1] == "low"
    leaders = found.table.set_index("model").loc[["sharp", "blurred"]]
    assert (leaders["rank_high"] == 2).all()
    assert (leaders["rank_low"] == 1).all()
    # Modalities drawn whole: four of four with replacement, all 256 draws gone through.
    grouped = rank_stability(paired, groups=modalities(scores), n_resamples=40_000)
    sums = paired.groupby(modalities(scores)).sum()  # as many images in each
    draws = np.stack(np.meshgrid(*[range(4)] * 4), axis=-1).reshape(-1, 4)
    leads = (sums["sharp"] - sums["blurred"]).to_numpy()[draws].sum(axis=1)
    sharp = grouped.table.set_index("model").loc["sharp", "p_best"]
    assert sharp == pytest.approx((leads > 0).mean(), abs=0.01)
