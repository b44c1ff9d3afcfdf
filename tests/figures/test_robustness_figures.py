"""Waterfall and curves: what is drawn is what the tables say."""

import math

import numpy as np
import pandas as pd

from workbench.figures import degradation_curves, error_response_curves, loss_waterfall
from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS
from workbench.transforms import DEGRADATION_KINDS

STEPS = pd.DataFrame(
    {
        "step": ["outlines", "decoder", "network"],
        "before": [1.0, 0.9, 0.95],
        "after": [0.9, 0.95, 0.6],
        "loss": [0.1, -0.05, 0.35],
        "ci_low": 0.0,
        "ci_high": 0.1,
    }
)


def curves(kinds: tuple[str, ...] = ("blur", "gamma"), models: tuple[str, ...] = ("unet",)):
    rows = [
        {
            "model": model, "seed": 0, "kind": kind, "level": level, "clean": level == 1.0,
            "n_images": 4, "f1": 0.5, "ci_low": 0.4, "ci_high": 0.6, "relative": 0.8,
            "relative_low": 0.7, "relative_high": math.nan if kind == "gamma" else 0.9,
        }
        for model in models for kind in kinds for level in (0.5, 1.0, 2.0)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_bars_reach_from_what_was_left_to_what_is_left() -> None:
    figure = loss_waterfall(STEPS, baseline=0.5, name="unet-0", iou_threshold=0.5)
    bars = figure.data[0]
    ends = np.array(bars.base) + np.array(bars.x)
    assert np.allclose(bars.base, STEPS["before"])
    assert np.allclose(ends, STEPS["after"])
    lost, won, rest = bars.marker.color
    assert len({lost, won, rest}) == 3
    assert [a.text for a in figure.layout.annotations] == ["−0.100", "+0.050", "−0.350"]


def test_score_and_baseline_are_named_and_inside_the_axis() -> None:
    figure = loss_waterfall(STEPS, baseline=0.5, name="unet-0", iou_threshold=0.7)
    assert [t.name for t in figure.data[1:]] == ["unet-0 0.600", "Otsu and watershed 0.500"]
    assert figure.layout.xaxis.range[0] < 0.5
    assert figure.layout.xaxis.title.text == "Mean F1 at IoU 0.7"
    without = loss_waterfall(STEPS, iou_threshold=0.5)
    assert [t.name for t in without.data[1:]] == ["score 0.600"]


def test_each_kind_has_a_panel_with_its_levels_and_unit() -> None:
    figure = degradation_curves(curves())
    assert [a.text for a in figure.layout.annotations] == ["Blur", "Gamma"]
    assert figure.layout.xaxis.categoryarray == ("0.5", "clean", "2")
    assert figure.layout.xaxis2.title.text == "exponent"


def test_the_band_is_the_interval_and_is_left_out_where_there_is_none() -> None:
    figure = degradation_curves(curves())
    (band,) = [trace for trace in figure.data if trace.fill == "toself"]
    assert list(band.y) == [0.9] * 3 + [0.7] * 3
    line = next(trace for trace in figure.data if trace.fill is None)
    assert list(line.y) == [0.8] * 3
    absolute = degradation_curves(curves(), relative=False)
    assert {tuple(t.y) for t in absolute.data if t.fill is None} == {(0.5,) * 3}


def test_models_differ_by_more_than_colour_and_stand_once_in_the_legend() -> None:
    figure = degradation_curves(curves(models=("unet", "sac")))
    named = [trace for trace in figure.data if trace.showlegend]
    assert [trace.name for trace in named] == ["unet-0", "sac-0"]
    assert len({(t.marker.symbol, t.line.dash) for t in named}) == 2


def test_errors_have_the_colours_of_everywhere() -> None:
    response = pd.concat(
        [
            curves().assign(error=error, per_100_cells=float(place))
            for place, error in enumerate(ERROR_TYPES)
        ]
    )
    figure = error_response_curves(response)
    named = [trace for trace in figure.data if trace.showlegend]
    assert {t.name: t.line.color for t in named} == {e: OUTCOME_COLOURS[e] for e in ERROR_TYPES}
    assert [t.y[0] for t in named] == [0, 1, 2, 3, 4, 5]
    assert len({(t.marker.symbol, t.line.dash) for t in named}) == len(ERROR_TYPES)


def test_eight_kinds_fit() -> None:
    figure = degradation_curves(curves(DEGRADATION_KINDS))
    assert len(figure.layout.annotations) == 8
    assert figure.layout.height > 900
