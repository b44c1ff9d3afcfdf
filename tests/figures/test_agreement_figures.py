"""Bland and Altman's picture, and biases side by side."""

import numpy as np
import pandas as pd
import pytest

from workbench.analysis import biology_agreement
from workbench.figures import bias_forest, bland_altman


@pytest.fixture
def biology() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for shift, model in enumerate(("exact", "more", "many_more", "lost")):
        reference = rng.integers(5, 60, 12).astype(float)
        predicted = reference + 4 * shift + rng.normal(0, 1, 12)
        parts.append(pd.DataFrame({"reference": reference, "predicted": predicted, "model": model}))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(seed=0, quantity="n_cells", image_id=[f"im{i}" for i in range(12)] * 4)


def test_every_model_has_a_panel_with_its_images_and_limits(biology: pd.DataFrame) -> None:
    agreement = biology_agreement(biology)
    figure = bland_altman(biology, agreement, quantity="n_cells")
    points = [trace for trace in figure.data if trace.mode == "markers"]
    assert [len(trace.x) for trace in points] == [12] * 4
    part = biology[biology["model"] == "more"]
    assert list(points[1].y) == pytest.approx(list(part["predicted"] - part["reference"]))
    assert list(points[1].x) == pytest.approx(list((part["predicted"] + part["reference"]) / 2))
    lines = [t.y[0] for t in figure.data if t.mode == "lines" and len(t.x) == 2]
    row = agreement.iloc[1]
    assert lines[3:6] == pytest.approx([row["bias"], row["lower_limit"], row["upper_limit"]])
    low, high = figure.layout.yaxis.range
    assert low < agreement["lower_limit_low"].min()
    assert high > agreement["upper_limit_high"].max()


def test_biases_are_in_percent_of_the_references_mean(biology: pd.DataFrame) -> None:
    agreement = biology_agreement(biology)
    figure = bias_forest(agreement, quantity="n_cells")
    (dots,) = [trace for trace in figure.data if trace.mode == "markers"]
    expected = 100 * agreement["bias"] / agreement["mean_reference"]
    assert list(dots.x) == pytest.approx(list(expected))
    assert list(figure.layout.yaxis.ticktext) == ["exact", "more", "many_more", "lost"]


def test_a_quantity_without_values_is_an_empty_picture(biology: pd.DataFrame) -> None:
    empty = biology.assign(predicted=np.nan)
    agreement = biology_agreement(empty)
    figure = bland_altman(empty, agreement, quantity="n_cells")
    assert all(len(trace.x) == 0 for trace in figure.data if trace.mode == "markers")
