"""Regression of scores on facts about the data: statsmodels, the study's scaling, refusals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.outliers_influence import variance_inflation_factor

from tests.analysis.real_scores import real_scores
from workbench.analysis import paired_scores, regress_scores
from workbench.schema import InputError


@pytest.fixture
def tissues() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two models on eight tissues, and what is known of the tissues: sizes as in TissueNet."""
    rng = np.random.default_rng(0)
    index = pd.Index([f"tissue{i}" for i in range(8)])
    predictors = pd.DataFrame(
        {
            "n_training_images": [120, 1300, 450, 90, 610, 240, 800, 330],
            "cell_size_px": rng.uniform(80, 400, 8),
            "elongation": rng.uniform(0.4, 0.8, 8),
        },
        index=index,
    )
    effect = 0.3 + 0.0001 * predictors["n_training_images"] + 0.2 * predictors["elongation"]
    maps = {name: effect + rng.normal(0, 0.03, 8) for name in ("unet", "cellpose")}
    return pd.DataFrame(maps), predictors


@pytest.mark.parametrize("scaling", ["min-max", "z-score", "none"])
def test_coefficients_are_those_of_statsmodels(tissues, scaling: str) -> None:
    scores, predictors = tissues
    found = regress_scores(scores, predictors, scaling=scaling, alpha=0.1)
    scaled = {
        "min-max": (predictors - predictors.min()) / (predictors.max() - predictors.min()),
        "z-score": (predictors - predictors.mean()) / predictors.std(),
        "none": predictors,
    }[scaling]
    design = sm.add_constant(scaled)
    for model in scores:
        fitted = sm.OLS(scores[model], design).fit()
        ours = found[found["model"] == model].set_index("predictor")
        limits = fitted.conf_int(0.1)
        for name in predictors:
            row = ours.loc[name]
            expected = [fitted.params[name], *limits.loc[name], fitted.pvalues[name],
                        fitted.nobs, fitted.rsquared]  # fmt: skip
            got = row[["coefficient", "ci_low", "ci_high", "p", "n", "r_squared"]].astype(float)
            np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-12)
            vif = variance_inflation_factor(design.to_numpy(), design.columns.get_loc(name))
            assert row["vif"] == pytest.approx(vif, rel=1e-8)


def test_scaled_coefficient_is_the_change_from_lowest_to_highest() -> None:
    # mAP 0.2 + 0.4 for the largest cells, and a quarter of the way a quarter of that; one row off.
    sizes = pd.DataFrame({"cell_size_px": [100, 125, 150, 175, 200, 150]})
    scores = pd.DataFrame({"unet": [0.2, 0.3, 0.4, 0.5, 0.6, 0.4]})
    scores.loc[[2, 5], "unet"] += [0.1, -0.1]  # cancels out
    row = regress_scores(scores, sizes).iloc[0]
    assert row["coefficient"] == pytest.approx(0.4)
    assert row["ci_low"] < 0.4 < row["ci_high"]


def test_numbers_of_images_can_be_taken_by_their_logarithm(tissues) -> None:
    scores, predictors = tissues
    by_hand = predictors.assign(n_training_images=np.log(predictors["n_training_images"]))
    pd.testing.assert_frame_equal(
        regress_scores(scores, predictors, log=["n_training_images"]),
        regress_scores(scores, by_hand),
    )
    with pytest.raises(InputError, match="'elongation' has no logarithm: it is 0 in a row"):
        regress_scores(scores, predictors * [1, 1, 0], log=["elongation"])
    with pytest.raises(InputError, match="no predictor 'size' to take the logarithm of"):
        regress_scores(scores, predictors, log=["size"])


@given(st.integers(0, 500), st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=20)
def test_unit_of_a_predictor_changes_no_scaled_coefficient(seed, unit, offset) -> None:
    rng = np.random.default_rng(seed)
    scores = pd.DataFrame(rng.random((9, 2)), columns=["a", "b"])
    predictors = pd.DataFrame(rng.random((9, 2)), columns=["size", "elongation"])
    moved = predictors.assign(size=predictors["size"] * unit + offset)
    numbers = ["coefficient", "ci_low", "ci_high", "p", "vif"]
    one, other = regress_scores(scores, predictors), regress_scores(scores, moved)
    np.testing.assert_allclose(one[numbers], other[numbers], rtol=1e-6, atol=1e-9)
    order = rng.permutation(9)
    shuffled = regress_scores(scores.iloc[order], predictors)
    np.testing.assert_allclose(one[numbers], shuffled[numbers], rtol=1e-9, atol=1e-12)


def test_a_predictor_that_follows_from_the_others_is_refused(tissues) -> None:
    scores, predictors = tissues
    double = predictors.assign(diameter=3 * predictors["cell_size_px"] + 7)
    with pytest.raises(InputError, match=r"(cell_size_px|diameter).*leave one of them out"):
        regress_scores(scores, double)
    total = predictors.assign(sum=predictors.sum(axis=1))
    with pytest.raises(InputError, match="follows from the other predictors"):
        regress_scores(scores, total)


def test_predictors_that_nearly_go_together_are_said_to(tissues) -> None:
    scores, predictors = tissues
    wiggle = np.resize([1, -1], 8)
    near = predictors[["cell_size_px"]].assign(diameter=predictors["cell_size_px"] + 5 * wiggle)
    found = regress_scores(scores, near)
    assert (found["vif"] > 10).all()
    assert found["notice"].str.contains("variance inflation").all()
    assert (regress_scores(scores, predictors)["notice"] == "").all()


def test_an_exact_fit_has_no_p() -> None:
    predictors = pd.DataFrame({"size": [1.0, 2, 3, 4]})
    scores = pd.DataFrame({"line": [0.1, 0.2, 0.3, 0.4], "flat": [0.5] * 4})
    line, flat = (row for _, row in regress_scores(scores, predictors).iterrows())
    assert line["coefficient"] == pytest.approx(0.3)
    assert np.isnan([line["p"], line["ci_low"], flat["p"], flat["r_squared"]]).all()
    assert line["r_squared"] == 1
    assert flat["coefficient"] == 0
    assert "exactly" in line["notice"]
    assert "all scores of this model are equal" in flat["notice"]


def test_what_leaves_no_regression_is_refused(tissues) -> None:
    scores, predictors = tissues
    with pytest.raises(InputError, match=r"on 3 predictors needs at least 5 rows .* got 4"):
        regress_scores(scores.iloc[:4], predictors.iloc[:4])
    with pytest.raises(InputError, match="'n_training_images' is the same in all 8 rows"):
        regress_scores(scores, predictors.assign(n_training_images=3188))
    with pytest.raises(InputError, match=r"same rows, but 1 are in one of them only.*'tissue7'"):
        regress_scores(scores, predictors.iloc[:7])
    with pytest.raises(InputError, match="'unet' of 'tissue0' is nan"):
        regress_scores(scores.mask(scores == scores.iloc[0, 0]), predictors)
    with pytest.raises(InputError, match="each once"):
        regress_scores(scores.rename({"tissue1": "tissue0"}), predictors)
    with pytest.raises(InputError, match="min-max, z-score or none, got 'log'"):
        regress_scores(scores, predictors, scaling="log")


def test_one_small_p_is_never_zero() -> None:
    size = np.arange(400.0)
    noise = np.resize([1e-9, -1e-9], 400)
    row = regress_scores(pd.DataFrame({"a": size + noise}), pd.DataFrame({"size": size})).iloc[0]
    assert 0 < row["p"] < 1e-300


def test_crowded_real_images_are_the_harder_ones(real_data: Path) -> None:
    scores = real_scores(real_data)
    paired = paired_scores(scores)
    counts = scores.groupby("image_id")["n_reference"].first()
    predictors = pd.DataFrame({"n_cells": counts})
    found = regress_scores(paired, predictors, log=["n_cells"])
    design = sm.add_constant(np.log(counts) / np.ptp(np.log(counts)))
    for row in found.itertuples():
        fitted = sm.OLS(paired[row.model], design).fit()
        assert row.coefficient == pytest.approx(fitted.params["n_reference"], rel=1e-8)
        assert row.p == pytest.approx(fitted.pvalues["n_reference"], rel=1e-8)


@pytest.mark.parametrize(("inflation", "is_told"), [(9, False), (12, True)])
def test_predictors_that_go_together_are_noticed_from_an_inflation_of_10(
    inflation: float, is_told: bool
) -> None:
    # Two halves and a part across them: inflation is 1 + 1 / size of that part squared.
    halves, across = np.repeat([-1.0, 1.0], 4), np.tile([1.0, -1.0], 4)
    both = {"area_px": halves, "width_px": halves + across / np.sqrt(inflation - 1)}
    scores = pd.DataFrame({"unet": np.linspace(0.2, 0.9, 8) ** 2})
    found = regress_scores(scores, pd.DataFrame(both))
    assert found["vif"].to_numpy() == pytest.approx(inflation)
    assert found["notice"].str.contains("goes with the other predictors").eq(is_told).all()
