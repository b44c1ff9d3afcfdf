"""The waterfall adds up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from workbench.analysis import waterfall_steps
from workbench.schema import InputError


@given(arrays(float, (6, 4), elements=st.floats(0, 1)))
def test_losses_add_up_to_what_lacks_from_one(values: np.ndarray) -> None:
    levels = pd.DataFrame(values, columns=["outlines", "encoding", "decoder", "score"])
    steps = waterfall_steps(levels)
    assert 1 - steps["loss"].sum() == pytest.approx(levels["score"].mean(), abs=1e-12)
    assert steps["before"].iloc[0] == 1
    assert steps["before"].iloc[1:].tolist() == steps["after"].iloc[:-1].tolist()


def test_a_step_that_was_not_measured_falls_to_the_model() -> None:
    levels = pd.DataFrame({"outlines": [0.9, 0.9], "tiling": [np.nan, np.nan], "score": [0.5, 0.7]})
    steps = waterfall_steps(levels)
    assert steps["step"].tolist() == ["outlines", "network"]
    assert steps["loss"].tolist() == pytest.approx([0.1, 0.3])


def test_an_image_that_lacks_a_level_is_left_out_and_counted() -> None:
    levels = pd.DataFrame({"outlines": [0.9, np.nan, 0.7], "score": [0.5, 0.1, 0.7]})
    steps = waterfall_steps(levels)
    assert steps["n_images"].tolist() == [2, 2]
    assert steps["after"].iloc[-1] == pytest.approx(0.6)


def test_a_gain_is_a_negative_loss_and_one_image_has_no_interval() -> None:
    steps = waterfall_steps(pd.DataFrame({"decoder": [0.8], "score": [0.9]}))
    assert steps["loss"].tolist() == pytest.approx([0.2, -0.1])
    assert steps["ci_low"].isna().all()


def test_tables_without_a_score_are_refused() -> None:
    with pytest.raises(InputError, match="last column"):
        waterfall_steps(pd.DataFrame({"outlines": [0.9]}))
    with pytest.raises(InputError, match="no image"):
        waterfall_steps(pd.DataFrame({"outlines": [0.9], "score": [np.nan]}))


def test_the_interval_of_a_loss_is_that_of_its_mean_over_images() -> None:
    levels = pd.DataFrame(
        {"outlines": [0.9, 0.8, 1.0], "score": [0.6, 0.7, 0.5]}, index=["a", "b", "c"]
    )
    outlines, network = waterfall_steps(levels).itertuples()
    for step, losses in ((outlines, [0.1, 0.2, 0.0]), (network, [0.3, 0.1, 0.5])):
        half = stats.t.ppf(0.975, 2) * np.std(losses, ddof=1) / np.sqrt(3)
        assert step.ci_low == pytest.approx(np.mean(losses) - half)
        assert step.ci_high == pytest.approx(np.mean(losses) + half)
