"""Figures of errors show what their tables hold, in the colours that errors have everywhere."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from tests.analysis.error_tables import BOUNDARY, MISSED, SPURIOUS, cell_table, error_table
from workbench import analysis, figures
from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS

FEW = {"n_resamples": 50}
SPLIT, MERGE = (1, 2, 0), (2, 1, 0)
IMAGES = {
    ("unet", "i"): (4, [BOUNDARY, MISSED]), ("unet", "j"): (3, [MERGE]),
    ("otsu", "i"): (3, [SPURIOUS, SPLIT, BOUNDARY]), ("otsu", "j"): (4, [MISSED]),
}  # fmt: skip
# Three images, from which on there are intervals.
WITH_INTERVALS = IMAGES | {("unet", "k"): (5, [SPURIOUS]), ("otsu", "k"): (5, [])}


@pytest.fixture
def budget() -> pd.DataFrame:
    return analysis.error_budget(error_table(WITH_INTERVALS), **FEW)


def ticks(figure: go.Figure) -> list[str]:
    return list(figure.layout.yaxis.ticktext)


def test_each_bar_ends_at_what_its_model_lost(budget: pd.DataFrame) -> None:
    figure = figures.error_budget_bars(budget)
    *types, labels = figure.data
    assert [trace.name for trace in types] == list(ERROR_TYPES)
    assert [trace.marker.color for trace in types] == [OUTCOME_COLOURS[e] for e in ERROR_TYPES]
    assert len({trace.marker.pattern.shape for trace in types}) == 6, "patterns must differ too"
    assert ticks(figure) == ["unet", "otsu"]
    lost = np.array([trace.x for trace in types]).sum(axis=0)
    f1 = budget.drop_duplicates("model")["f1"].to_numpy()
    assert lost == pytest.approx(1 - f1)
    assert list(labels.x) == pytest.approx(lost)
    assert list(labels.y) == [0, 1]
    assert [text.strip() for text in labels.text] == [f"F1 {value:.3f}" for value in f1]
    assert figure.layout.xaxis.range[1] > lost.max()


def test_segments_too_short_for_a_number_have_none(budget: pd.DataFrame) -> None:
    boundary, *_ = figures.error_budget_bars(budget).data
    assert [bool(text) for text in boundary.text] == [True, True]
    merge = next(t for t in figures.error_budget_bars(budget).data if t.name == "merge")
    assert [bool(text) for text in merge.text] == [True, False]


def test_a_slice_is_a_row_that_says_how_many_images_it_has() -> None:
    slices = pd.Series({"i": "dense", "j": "sparse"})
    both = analysis.budget_by_slice(error_table(IMAGES), slices, **FEW)
    figure = figures.error_budget_bars(both)
    assert ticks(figure)[0] == "unet<br>dense<br>n = 1 (few)"
    assert len(ticks(figure)) == 4
    one = analysis.budget_by_slice(error_table(IMAGES).query("model == 'otsu'"), slices, **FEW)
    assert ticks(figures.error_budget_bars(one)) == [
        "dense<br>n = 1 (few)",
        "sparse<br>n = 1 (few)",
    ]
    missed = figures.error_budget_bars(one).data[1]
    assert list(missed.x) == pytest.approx([0, 1 - 8 / 9])


def test_a_model_without_errors_has_a_figure_too() -> None:
    perfect = analysis.error_budget(error_table({("a", "i"): (3, []), ("a", "j"): (2, [])}), **FEW)
    assert figures.error_budget_bars(perfect).data[-1].text[0].strip() == "F1 1.000"
    assert figures.error_budget_dots(perfect).data[0].x[0] == 0


def test_dots_show_share_and_gain_with_their_intervals(budget: pd.DataFrame) -> None:
    figure = figures.error_budget_dots(budget)
    assert [note.text for note in figure.layout.annotations] == [f"<b>{e}</b>" for e in ERROR_TYPES]
    share, gain = figure.data[:2]
    boundary = budget[budget["error"] == "boundary"]
    assert list(share.x) == boundary["lost"].tolist()
    assert list(gain.x) == boundary["gain"].tolist()
    assert np.allclose(share.x + share.error_x.array, boundary["lost_high"])
    assert np.allclose(gain.x - gain.error_x.arrayminus, boundary["gain_low"])
    assert np.round(share.y).tolist() == np.round(gain.y).tolist() == [0, 1]
    assert share.marker.symbol != gain.marker.symbol
    assert [trace.showlegend for trace in figure.data].count(True) == 2


def test_over_thresholds_every_model_has_a_panel_stacked_to_what_it_lost() -> None:
    strict = error_table(
        {key: (0, [BOUNDARY] * n + events) for key, (n, events) in IMAGES.items()}, threshold=0.9
    )
    table = analysis.budget_by_threshold(pd.concat([error_table(IMAGES), strict]), **FEW)
    figure = figures.budget_over_thresholds(table)
    assert [note.text for note in figure.layout.annotations] == ["unet", "otsu"]
    of_unet = [trace for trace in figure.data if trace.stackgroup == "unet"]
    assert {trace.name for trace in of_unet} == set(ERROR_TYPES)
    assert of_unet[-1].name == "boundary", "what grows lies on top"
    assert all(list(trace.x) == [0.5, 0.9] for trace in of_unet)
    f1 = table[table["model"] == "unet"].drop_duplicates("threshold")["f1"].to_numpy()
    assert np.sum([trace.y for trace in of_unet], axis=0) == pytest.approx(1 - f1)


def test_the_lowest_panel_of_every_column_names_its_axis() -> None:
    images = {(f"m{n}", "i"): (2, [MISSED]) for n in range(5)}
    figure = figures.budget_over_thresholds(
        analysis.budget_by_threshold(error_table(images), **FEW)
    )
    shown = [axis for axis in figure.select_xaxes() if axis.visible is not False]
    assert [axis.title.text or "" for axis in shown] == ["", *["IoU threshold"] * 4]


def test_the_difference_of_budgets_points_to_the_model_ahead() -> None:
    errors = error_table(WITH_INTERVALS)
    compared = analysis.compare_budgets(errors, first="unet", second="otsu", **FEW)
    figure = figures.budget_difference(compared, first="unet", second="otsu")
    assert [bar.x[0] for bar in figure.data] == compared["advantage"].tolist()
    assert ticks(figure) == [*ERROR_TYPES, "<b>all</b>"]
    colours = [bar.marker.color for bar in figure.data[:6]]
    assert colours == [OUTCOME_COLOURS[error] for error in ERROR_TYPES]
    low = [bar.x[0] - bar.error_x.arrayminus[0] for bar in figure.data]
    assert np.allclose(low, compared["low"])
    assert "unet is ahead of otsu" in figure.layout.xaxis.title.text


class TestDuelBars:
    TABLE = pd.DataFrame(
        {
            "by": ["all cells", "stain", "stain"],
            "stratum": ["all cells", "h", "d"],
            "n_images": [30, 20, 10], "n_cells": [200, 150, 50],
            "both": [100, 80, 20], "first_only": [40, 30, 10], "second_only": [20, 15, 5],
            "neither": [40, 25, 15], "difference": [0.1, 0.1, 0.1],
            "p": [0.01, 0.02, 0.3], "p_bh": [0.01, 0.04, 0.3], "few": [False, False, True],
        }
    )  # fmt: skip

    def test_bars_reach_left_for_the_second_and_right_for_the_first(self) -> None:
        figure = figures.duel_bars(self.TABLE, first="a", second="b")
        first, second, difference = figure.data
        assert list(first.x) == [20, 20, 20]
        assert list(second.x) == [-10, -10, -10]
        assert list(difference.x) == pytest.approx([10, 10, 10])
        assert ticks(figure) == ["all cells (200)", "<b>stain</b>", "h (150)", "d (50)"]
        assert list(first.y) == list(second.y) == list(difference.y) == [0, 2, 3]

    def test_clear_differences_are_filled_and_few_images_pale(self) -> None:
        first, _, difference = figures.duel_bars(self.TABLE, first="a", second="b").data
        filled = [colour != "#FFFFFF" for colour in difference.marker.color]
        assert filled == [True, True, False]
        assert first.marker.opacity[0] == first.marker.opacity[1] > first.marker.opacity[2]

    def test_both_directions_read_as_positive_numbers(self) -> None:
        axis = figures.duel_bars(self.TABLE, first="a", second="b").layout.xaxis
        assert list(axis.tickvals) == [-10, -5, 0, 5, 10, 15, 20]
        assert list(axis.ticktext) == ["10", "5", "0", "5", "10", "15", "20"]

    def test_models_alike_have_a_figure_too(self) -> None:
        alike = self.TABLE.assign(first_only=0, second_only=0, difference=0.0, p_bh=1.0)
        axis = figures.duel_bars(alike, first="a", second="b").layout.xaxis
        assert axis.range[0] < 0 < axis.range[1]


def test_the_review_curve_runs_from_the_present_f1_to_1() -> None:
    queue = analysis.review_queue(cell_table(WITH_INTERVALS), model="otsu")
    progress = analysis.review_progress(queue, n_resamples=50)
    band, shuffled, curve = figures.review_curve(progress, model="otsu").data
    assert list(curve.x) == [0, 1, 2, 3, 4]
    assert list(curve.y) == progress["mean_f1"].tolist()
    assert curve.y[-1] == pytest.approx(1)
    assert list(band.y) == [*progress["high"], *progress["low"][::-1]]
    assert list(shuffled.y) == progress["in_any_order"].tolist()


def test_hard_images_are_marked_and_named() -> None:
    scores = pd.DataFrame(
        {"image_id": ["i", "j"] * 2, "model": ["a", "a", "b", "b"], "value": [0.9, 0.2, 0.8, 0.1],
         "tp": [9, 2, 8, 1]}
    ).assign(seed=0, metric="f1", threshold=0.5, n_reference=10, n_predicted=10)  # fmt: skip
    other, hard = figures.difficulty_map(analysis.image_difficulty(scores)).data
    assert [row[0] for row in other.customdata] == ["i"]
    assert [row[0] for row in hard.customdata] == ["j"]
    assert (hard.x[0], hard.y[0]) == pytest.approx((0.15, 0.1))
    assert other.marker.symbol != hard.marker.symbol
