"""Shares of variance against statsmodels; intervals over seeds by exact and simulated answers."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.anova import anova_lm

from tests.analysis.real_scores import modalities, real_scores
from workbench.analysis import paired_scores, seed_intervals, variance_shares
from workbench.schema import InputError

SOURCES = ["image", "model", "image x model", "seed", "residual"]


def score_table(values: np.ndarray) -> pd.DataFrame:
    """Return the scores of an array images x models x seeds, NaN where a seed does not exist."""
    index = pd.MultiIndex.from_product(
        [
            [f"{letter}{place}" for place in range(n)]
            for letter, n in zip("im", values.shape[:2], strict=True)
        ]
        + [range(values.shape[2])],
        names=["image_id", "model", "seed"],
    )
    table = pd.Series(values.ravel(), index=index, name="value").dropna().reset_index()
    return table.assign(metric="f1", threshold=0.5)


def simulated(
    rng: np.random.Generator, shape: tuple[int, int, int], **sd: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and the models' true means, given the standard deviation of each source."""
    n_images, n_models, n_seeds = shape
    means = 0.5 + rng.normal(0, sd.get("model", 0), n_models)
    values = (
        means[:, None]
        + rng.normal(0, sd.get("image", 0), (n_images, 1, 1))
        + rng.normal(0, sd.get("both", 0), (n_images, n_models, 1))
        + rng.normal(0, sd.get("seed", 0), (1, n_models, n_seeds))
        + rng.normal(0, sd.get("residual", 0), shape)
    )
    return values, means


ALL = {"model": 0.1, "image": 0.2, "both": 0.06, "seed": 0.05, "residual": 0.04}


@pytest.mark.filterwarnings("ignore::statsmodels.tools.sm_exceptions.ConvergenceWarning")
def test_components_of_balanced_scores_are_those_of_the_mixed_model() -> None:
    # REML and the method of moments agree on balanced data where no estimate is negative.
    values, _ = simulated(np.random.default_rng(1), (20, 4, 3), **ALL)
    scores = score_table(values)
    ours = variance_shares(scores).set_index("source")["variance"]
    table = scores.assign(one=1, member=scores["model"] + scores["seed"].astype(str))
    table["pair"] = table["image_id"] + table["model"]
    columns = {"image": "image_id", "model": "model", "image x model": "pair", "seed": "member"}
    fitted = smf.mixedlm(
        "value ~ 1", table, groups="one",
        vc_formula={source: f"0 + C({column})" for source, column in columns.items()},
    ).fit(reml=True)  # fmt: skip
    theirs = dict(zip(fitted.model.exog_vc.names, fitted.vcomp, strict=True))
    theirs["residual"] = fitted.scale
    for source in SOURCES:
        assert ours[source] == pytest.approx(theirs[source], rel=1e-3)


def test_components_solve_the_expected_mean_squares_of_statsmodels_anova() -> None:
    values, _ = simulated(np.random.default_rng(2), (6, 3, 2), **ALL)
    scores = score_table(values)
    ours = variance_shares(scores).set_index("source")["variance"]
    formula = "value ~ C(image_id) + C(model) + C(image_id):C(model) + C(model):C(seed)"
    table = anova_lm(smf.ols(formula, scores).fit())
    squares = (table["sum_sq"] / table["df"]).rename(index={"C(image_id):C(model)": "both"})
    i, m, s = values.shape
    assert ours["residual"] == pytest.approx(squares["Residual"], rel=1e-8)
    assert ours["residual"] + s * ours["image x model"] == pytest.approx(squares["both"], rel=1e-8)
    nested = squares["C(model):C(seed)"]
    assert ours["residual"] + i * ours["seed"] == pytest.approx(nested, rel=1e-8)
    assert squares["both"] + s * m * ours["image"] == pytest.approx(
        squares["C(image_id)"], rel=1e-8
    )
    below = squares["both"] + nested - squares["Residual"]
    assert below + i * s * ours["model"] == pytest.approx(squares["C(model)"], rel=1e-8)


@pytest.mark.parametrize("n_seeds", [(3, 3, 3, 3), (4, 1, 2, 3)])
def test_components_are_right_on_average_with_any_numbers_of_seeds(
    n_seeds: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(3)
    kept = np.arange(4) < np.array(n_seeds)[:, None]
    found = []
    for _ in range(300):
        values, _ = simulated(rng, (8, 4, 4), **ALL)
        found.append(raw_components(np.where(kept, values, np.nan)))
    mean = pd.DataFrame(found).mean()
    error = pd.DataFrame(found).sem()
    names = {"image": "image", "model": "model", "image x model": "both", "seed": "seed",
             "residual": "residual"}  # fmt: skip
    for source, name in names.items():
        assert abs(mean[source] - ALL[name] ** 2) < 4 * error[source]


def raw_components(values: np.ndarray) -> dict[str, float]:
    from workbench.analysis._seeds import _components

    n_images, n_models, n_seeds = values.shape
    flat = values.reshape(n_images, -1)
    there = ~np.isnan(flat[0])
    return _components(flat[:, there], np.repeat(np.arange(n_models), n_seeds)[there])


def test_an_estimate_below_zero_is_shown_as_zero_and_said() -> None:
    # Seeds agree in the mean better than their noise on single images allows.
    values = np.zeros((4, 2, 2)) + np.array([0.2, 0.4, 0.6, 0.8])[:, None, None]
    values[:, :, 0] += np.array([0.1, -0.1, 0.1, -0.1])[:, None]
    shares = variance_shares(score_table(values)).set_index("source")
    assert shares.loc["seed", ["variance", "share"]].tolist() == [0, 0]
    assert "below 0, shown as 0" in shares.loc["seed", "notice"]
    assert shares.loc["image", "notice"] == ""
    assert shares["share"].sum() == pytest.approx(1)


def test_without_a_second_seed_two_shares_are_not_told_apart() -> None:
    shares = variance_shares(score_table(np.random.default_rng(0).random((6, 3, 1))))
    shares = shares.set_index("source")
    assert shares.loc[["image x model", "seed"], "share"].isna().all()
    assert "no model has a second seed" in shares.loc["seed", "notice"]
    assert shares["share"].sum() == pytest.approx(1)


def test_scores_that_are_all_equal_have_no_shares() -> None:
    assert variance_shares(score_table(np.full((4, 2, 2), 0.5)))["share"].isna().all()


def test_shares_need_two_models_and_two_images() -> None:
    for shape in ((5, 1, 3), (1, 3, 3)):
        with pytest.raises(InputError, match="at least 2 models and 2 images"):
            variance_shares(score_table(np.random.default_rng(0).random(shape)))


@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-5, 5))
@settings(max_examples=15)
def test_unit_and_offset_of_the_scores_change_no_share(
    seed: int, unit: float, offset: float
) -> None:
    values, _ = simulated(np.random.default_rng(seed), (5, 3, 2), **ALL)
    one = variance_shares(score_table(values))
    other = variance_shares(score_table(values * unit + offset))
    np.testing.assert_allclose(one["share"], other["share"], atol=1e-9)
    np.testing.assert_allclose(one["variance"] * unit**2, other["variance"], atol=1e-9)


def test_seeds_that_differ_widen_the_interval_to_their_own() -> None:
    # Two seeds, images without any difference: half of the draws are either seed.
    values = np.zeros((5, 1, 2)) + np.array([0.4, 0.6])
    row = seed_intervals(score_table(values)).iloc[0]
    assert row[["n_seeds", "n", "mean", "ci_low", "ci_high"]].tolist() == [2, 5, 0.5, 0.4, 0.6]


def test_of_two_seeds_one_is_drawn_so_that_their_variance_is_that_of_the_mean() -> None:
    # s²/2 = 0.01 is the variance of drawing 0.4 or 0.6; of two drawn, half would give 0.5.
    values = np.zeros((5, 1, 2)) + np.array([0.4, 0.6])
    row = seed_intervals(score_table(values), alpha=0.6, n_resamples=2_000).iloc[0]
    assert row[["ci_low", "ci_high"]].tolist() == [0.4, 0.6]


def test_intervals_hold_as_often_as_they_say_where_images_vary() -> None:
    rng = np.random.default_rng(4)
    inside = []
    for trial in range(120):
        values, means = simulated(rng, (40, 2, 3), image=0.2, both=0.1, seed=0.02, residual=0.05)
        found = seed_intervals(score_table(values), n_resamples=300, seed=trial)
        inside += list((found["ci_low"] <= means) & (means <= found["ci_high"]))
    # Percentile intervals of 40 images hold in about 94 %; four standard errors of 240 either way.
    assert 0.88 < np.mean(inside) < 0.999


def test_with_few_seeds_the_text_speaks_of_checkpoints() -> None:
    values = np.random.default_rng(0).random((5, 3, 3))
    values[:, 1, 2] = values[:, 2, 1:] = np.nan
    notices = seed_intervals(score_table(values)).set_index("model")["notice"]
    assert notices["m0"] == ""
    assert notices["m1"].startswith("2 checkpoints: too few seeds")
    assert notices["m2"].startswith("one checkpoint")


def test_one_image_or_one_slide_has_no_interval() -> None:
    values = np.random.default_rng(0).random((3, 2, 3))
    alone = seed_intervals(score_table(values[:1]))
    slide = seed_intervals(score_table(values), groups=pd.Series("s", index=["i0", "i1", "i2"]))
    for table in (alone, slide):
        assert table[["ci_low", "ci_high"]].isna().all(axis=None)
        assert table["mean"].notna().all()


def test_images_that_lack_a_seed_are_left_out_for_all() -> None:
    values = np.random.default_rng(0).random((5, 2, 2))
    values[3, 0, 1] = np.nan
    found = seed_intervals(score_table(values)).set_index("model")
    assert found["n"].tolist() == [4, 4]
    assert found.loc["m1", "mean"] == pytest.approx(np.delete(values, 3, axis=0)[:, 1].mean())


def test_repeated_and_incomparable_scores_are_refused() -> None:
    scores = score_table(np.random.default_rng(0).random((3, 2, 2)))
    with pytest.raises(InputError, match="'i0' has several of 'm0', seed 0"):
        seed_intervals(pd.concat([scores, scores.iloc[:1]]))
    apart = scores[(scores["model"] == "m0") == (scores["image_id"] == "i0")]
    with pytest.raises(InputError, match="no image has a score of 'f1' for every model and seed"):
        seed_intervals(apart)


def test_real_nuclei_differ_most_between_images_and_least_between_seeds(real_data: Path) -> None:
    scores = real_scores(real_data)
    shares = variance_shares(scores).set_index("source")["share"]
    assert shares["image"] > 0.5
    assert shares["seed"] == shares.min()
    found = seed_intervals(scores).set_index("model")
    means = paired_scores(scores).mean()
    for model, row in found.iterrows():
        assert row["mean"] == pytest.approx(means[model])
        assert row["ci_low"] < row["mean"] < row["ci_high"]
    whole = seed_intervals(scores, groups=modalities(scores)).set_index("model")
    assert whole.loc["sharp", "ci_high"] > found.loc["sharp", "ci_high"]
    assert math.isclose(whole.loc["sharp", "mean"], found.loc["sharp", "mean"])
