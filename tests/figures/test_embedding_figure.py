"""The scatter of components shows what its table holds."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from workbench.figures import component_scatter


@pytest.fixture
def scores() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(30, 3)), columns=["pc1", "pc2", "pc3"])
    table["set"] = ["extended"] * 10 + ["original"] * 20
    table["image_id"] = [f"im{place}" for place in range(30)]
    return table


def test_sets_differ_in_colour_and_marker_and_the_largest_lies_below(scores: pd.DataFrame) -> None:
    figure = component_scatter(scores, by="set")
    assert [trace.name for trace in figure.data] == ["original (20)", "extended (10)"]
    looks = [(trace.marker.color, trace.marker.symbol) for trace in figure.data]
    assert len({colour for colour, _ in looks}) == len({symbol for _, symbol in looks}) == 2
    assert list(figure.data[1].x) == list(scores["pc1"][:10])
    assert list(figure.data[1].y) == list(scores["pc2"][:10])


def test_the_axes_say_how_much_variance_they_show(scores: pd.DataFrame) -> None:
    figure = component_scatter(scores, by="set", explained=(0.312, 0.2), components=(1, 3))
    assert figure.layout.xaxis.title.text == "PC 1 (31 % of the variance)"
    assert figure.layout.yaxis.title.text == "PC 3"
    assert list(figure.data[1].y) == list(scores["pc3"][:10])


def test_pointing_at_a_cell_names_it(scores: pd.DataFrame) -> None:
    figure = component_scatter(scores.assign(cell_id=range(30)), by="set")
    assert figure.data[1].text[3] == "im3, cell 3"
    assert component_scatter(scores.drop(columns="image_id"), by="set").data[0].text[0] == ""


def test_rows_without_a_score_are_counted_not_shown(scores: pd.DataFrame) -> None:
    scores.loc[:3, ["pc1", "pc2", "pc3"]] = np.nan
    figure = component_scatter(scores, by="set")
    assert figure.data[1].name == "extended (6, 4 without score)"
    assert len(figure.data[1].x) == 6


def test_colours_stay_whichever_set_is_larger(scores: pd.DataFrame) -> None:
    def colours(table: pd.DataFrame) -> dict[str, str]:
        return {t.name.split()[0]: t.marker.color for t in component_scatter(table, by="set").data}

    assert colours(scores) == colours(scores[:15])


def test_very_many_points_are_drawn_by_the_graphics_card(scores: pd.DataFrame) -> None:
    many = pd.concat([scores] * 200)
    assert isinstance(component_scatter(many, by="set").data[0], go.Scattergl)
    assert isinstance(component_scatter(scores, by="set").data[0], go.Scatter)
