"""Scores against costs."""

import math

import numpy as np
import pandas as pd

from workbench.figures import map_gallery, pareto
from workbench.studies._report_costs import with_front

COSTS = pd.DataFrame(
    {
        "model": [f"m{place}" for place in range(9)],
        "cost": [1.0, 2, 3, math.nan, 0, 4, 5, 6, 2],
        "value": [0.5, 0.4, 0.6, 0.9, 0.9, 0.6, 0.7, 0.1, 0.5],
        "ci_low": [0.4] * 9,
        "ci_high": [0.95] * 9,
    }
)


def test_the_front_holds_what_nothing_beats_for_less() -> None:
    table = with_front(COSTS)
    assert table.loc[table["on_front"], "model"].tolist() == ["m0", "m2", "m6"]


def test_models_without_a_cost_are_left_out_and_all_others_told_apart() -> None:
    figure = pareto(with_front(COSTS), cost_title="s")
    front, *points = figure.data
    assert list(front.x) == [1, 3, 5]
    names = {point.name.replace("<b>", "").replace("</b>", "") for point in points}
    assert names == set(COSTS["model"]) - {"m3", "m4"}
    looks = {(point.marker.color, point.marker.symbol) for point in points}
    assert len(looks) == len(points)
    assert points[0].error_y.array == (0.95 - 0.5,)


def test_a_map_with_negative_values_is_drawn_around_zero() -> None:
    signed, plain = np.array([[-2.0, 1.0]]), np.array([[0.0, 3.0]])
    figure = map_gallery(np.zeros((1, 2, 1), np.uint8), {"signed": signed, "plain": plain})
    _, first, second = figure.data
    assert (first.zmin, first.zmax) == (-2, 2)
    assert (second.zmin, second.zmax) == (0, 3)
