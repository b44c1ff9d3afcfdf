"""Figures of a comparison show what their tables hold, for two models and for sixty."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import figures
from workbench.figures._rows import NAME_WIDTH, text_width_px, wrapped

BLUE, WHITE = "#0072B2", "#FFFFFF"
MANY = [f"unet_resnet50_pretrained_on_imagenet_fold{n}_learning_rate_6e-4" for n in range(60)]


def ticks(figure: go.Figure) -> list[str]:
    return list(figure.layout.yaxis.ticktext)


def said(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


@given(st.text("ab _-./", max_size=150))
def test_a_wrapped_name_is_whole_and_each_of_its_lines_fits(name: str) -> None:
    text = wrapped(name)
    assert all(len(line) <= NAME_WIDTH for line in text.split("<br>"))
    if len(name) <= 2 * NAME_WIDTH:
        assert text.replace("<br>", "") == name
    elif "…" in text:
        start, end = text.replace("<br>", "").split("…")
        assert name.startswith(start)
        assert name.endswith(end)


class TestMetricComparison:
    TABLE = pd.DataFrame(
        {
            "metric": ["f1", "f1", "dice", "dice"],
            "threshold": [0.5, 0.5, np.nan, np.nan],
            "model": ["a", "b", "a", "b"],
            "n": 9,
            "mean": [0.4, 0.6, 0.7, 0.5],
            "ci_low": [0.3, 0.55, 0.65, np.nan],
            "ci_high": [0.6, 0.7, 0.8, np.nan],
        }
    )

    def test_each_measure_has_a_panel_and_each_model_a_row(self) -> None:
        figure = figures.metric_comparison(self.TABLE)
        f1, dice = figure.data
        assert said(figure) == ["F1 at IoU 0.5", "Pixel Dice"]
        assert [row[2] for row in dice.customdata] == [
            "[0.650, 0.800]",
            "(too few for an interval)",
        ]
        assert (list(f1.x), list(f1.y)) == ([0.4, 0.6], [0, 1])
        assert (list(dice.x), list(dice.y)) == ([0.7, 0.5], [0, 1])
        assert ticks(figure) == ["a", "b"]

    def test_bars_reach_from_one_end_of_the_interval_to_the_other(self) -> None:
        f1, dice = figures.metric_comparison(self.TABLE).data
        assert np.allclose(f1.error_x.array, [0.2, 0.1])
        assert np.allclose(f1.error_x.arrayminus, [0.1, 0.05])
        assert np.isnan(dice.error_x.array[1])

    def test_models_differ_by_marker_too(self) -> None:
        f1, _ = figures.metric_comparison(self.TABLE).data
        assert len(set(f1.marker.symbol)) == len(set(f1.marker.color)) == 2

    def test_a_fifth_measure_starts_a_second_row_of_panels(self) -> None:
        table = pd.concat([self.TABLE.assign(metric=name, threshold=0.5) for name in "uvwxy"])
        figure = figures.metric_comparison(table)
        tops = {axis.domain[1] for axis in figure.select_yaxes() if axis.visible is not False}
        assert len(said(figure)) == 5
        assert len(tops) == 2


class TestRaincloud:
    PAIRED = pd.DataFrame({"a": [0.1, 0.5, 0.6], "b": [0.2, 0.9, 1.0]}, index=["im0", "im1", "im2"])

    def test_every_image_is_a_point_that_knows_its_id_below_its_model(self) -> None:
        figure = figures.raincloud(self.PAIRED)
        clouds, boxes, rain = figure.data[0::3], figure.data[1::3], figure.data[2::3]
        for row, model in enumerate("ab"):
            assert list(rain[row].x) == self.PAIRED[model].to_list()
            assert list(rain[row].customdata) == ["im0", "im1", "im2"]
            assert all(row < y < row + 0.5 for y in rain[row].y)
            assert list(clouds[row].x) == list(boxes[row].x) == self.PAIRED[model].to_list()
            assert clouds[row].side == "negative"
        assert ticks(figure) == ["a", "b"]
        assert figure.layout.xaxis.title.text == "F1 at IoU 0.5, per image"

    def test_a_measure_without_threshold_and_with_a_unit_is_named_so(self) -> None:
        figure = figures.raincloud(self.PAIRED, metric="hausdorff", threshold=float("nan"))
        assert figure.layout.xaxis.title.text == "Object Hausdorff distance (px), per image"
        assert figure.layout.xaxis.range is None

    def test_of_very_many_images_some_are_points_and_the_axis_says_so(self) -> None:
        paired = pd.DataFrame(np.linspace(0, 1, 130_000).reshape(65_000, 2), columns=["a", "b"])
        figure = figures.raincloud(paired)
        cloud, box, rain = figure.data[:3]
        assert len(cloud.x) == len(box.x) == 65_000
        assert (len(rain.x), rain.type) == (21_667, "scattergl")
        assert figure.layout.xaxis.title.text.endswith("of the points one in 3 is drawn")


def pairs(*rows: tuple[str, str, float, float, bool]) -> pd.DataFrame:
    """Build pairs with intervals of ±0.02 and, all at once, ±0.05."""
    columns = ["first", "second", "mean_difference", "p_permutation_holm", "equivalent"]
    table = pd.DataFrame(rows, columns=columns)
    middle = table["mean_difference"]
    return table.assign(
        n=9, d_z=1.0, ci_low=middle - 0.02, ci_high=middle + 0.02,
        simultaneous_low=middle - 0.05, simultaneous_high=middle + 0.05,
    )  # fmt: skip


class TestPairedDifferences:
    PAIRS = pairs(
        ("a", "b", 0.1, 0.01, False),
        ("a", "c", 0.01, 0.4, False),
        ("b", "c", 0.0, 0.9, True),
        ("c", "d", 0.01, 0.01, True),
    )

    def test_what_the_data_say_of_a_pair_shows_in_marker_and_filling(self) -> None:
        figure = figures.paired_differences(self.PAIRS)
        looks = {
            trace.name: (list(trace.y), trace.marker.symbol, trace.marker.color)
            for trace in figure.data[2:]
        }
        assert looks == {
            "differ": ([0], "circle", BLUE),
            "not told apart": ([1], "circle", WHITE),
            "equivalent": ([2], "square", WHITE),
            "differ, but by less than the margin": ([3], "square", BLUE),
        }
        assert ticks(figure)[0] == "a − b"

    def test_a_stricter_alpha_empties_the_markers(self) -> None:
        figure = figures.paired_differences(self.PAIRS, alpha=0.005)
        assert {trace.marker.color for trace in figure.data[2:]} == {WHITE}

    def test_thin_bars_hold_for_all_pairs_thick_ones_for_the_pair(self) -> None:
        thin, thick = figures.paired_differences(self.PAIRS).data[:2]
        assert np.allclose(thin.x[:2], [0.05, 0.15])
        assert np.allclose(thick.x[:2], [0.08, 0.12])
        assert np.isnan(thick.x[2]), "the next bar starts anew"
        assert thin.line.width < thick.line.width

    def test_the_margin_is_shaded_if_there_is_one(self) -> None:
        def shaded(figure: go.Figure) -> list[tuple[float, float]]:
            return [(s.x0, s.x1) for s in figure.layout.shapes if s.type == "rect"]

        assert shaded(figures.paired_differences(self.PAIRS)) == []
        assert shaded(figures.paired_differences(self.PAIRS, margin=0.03)) == [(-0.03, 0.03)]

    def test_of_1770_pairs_the_first_60_are_drawn_and_the_title_says_so(self) -> None:
        rows = [(a, b, 0.1, 0.5, False) for i, a in enumerate(MANY) for b in MANY[i + 1 :]]
        figure = figures.paired_differences(pairs(*rows))
        assert figure.layout.title.text == "The first 60 of 1,770 pairs"
        assert len(ticks(figure)) == len(set(ticks(figure))) == 60


def diagram(ranks: dict[str, float], *cliques: tuple[str, ...], distance: float = 0.9) -> go.Figure:
    found: Any = SimpleNamespace(mean_ranks=pd.Series(ranks), cliques=cliques, distance=distance)
    return figures.critical_difference_diagram(found)


class TestCriticalDifferenceDiagram:
    RANKS = {"a": 1.2, "b": 2.1, "c": 2.9, "d": 3.8}

    def test_a_bar_joins_the_models_of_a_clique_and_no_other(self) -> None:
        figure = diagram(self.RANKS, ("b", "c"))
        (bar,) = [trace for trace in figure.data if trace.line.width == 5]
        assert 1.2 < bar.x[0] <= 2.1
        assert 2.9 <= bar.x[1] < 3.8
        assert bar.text == "not told apart: b, c"

    def test_the_better_half_is_named_at_the_left_with_its_ranks(self) -> None:
        figure = diagram(self.RANKS)
        names = {
            note.text: note.xanchor for note in figure.layout.annotations if "<b>" in note.text
        }
        assert names == {
            "a <b>1.20</b>": "right", "b <b>2.10</b>": "right",
            "<b>2.90</b> c": "left", "<b>3.80</b> d": "left",
        }  # fmt: skip

    def test_the_ruler_is_as_long_as_the_nemenyi_distance(self) -> None:
        (ruler, *_) = [trace for trace in diagram(self.RANKS).data if trace.y[0] == -34]
        assert ruler.x[1] - ruler.x[0] == pytest.approx(0.9)
        assert "Nemenyi distance 0.90" in said(diagram(self.RANKS))

    def test_two_models_have_a_diagram(self) -> None:
        assert len(said(diagram({"a": 1.4, "b": 1.6}, ("a", "b")))) == 6

    def test_sixty_long_names_have_room_at_both_sides(self) -> None:
        figure = diagram({name: 1.0 + place for place, name in enumerate(MANY)})
        assert figure.layout.margin.l > text_width_px(map(wrapped, MANY))
        names = [note for note in figure.layout.annotations if "<b>" in note.text]
        left = sorted(note.y for note in names if note.xanchor == "right")
        assert len(names) == 60
        assert min(np.diff(left)) >= 15 * wrapped(MANY[0]).count("<br>")


class TestPairMatrix:
    def test_rows_minus_columns_with_marks_beside_the_colour(self) -> None:
        table = pairs(("a", "b", 0.2, 0.01, False), ("b", "c", -0.01, 0.9, True))
        (heat,) = figures.pair_matrix(table).data
        expected = [[np.nan, 0.2, np.nan], [-0.2, np.nan, -0.01], [np.nan, 0.01, np.nan]]
        assert np.array_equal(heat.z, expected, equal_nan=True)
        assert heat.text.tolist() == [
            ["", "+0.200<br>▲", ""],
            ["−0.200<br>▼", "", "−0.010<br>="],
            ["", "+0.010<br>=", ""],
        ]

    def test_next_to_no_difference_looks_like_none(self) -> None:
        (heat,) = figures.pair_matrix(pairs(("a", "b", 0.001, 0.9, False))).data
        assert heat.zmax == -heat.zmin > 0.1

    def test_sixty_models_keep_their_marks_and_number_their_columns(self) -> None:
        rows = [(a, b, 0.1, 0.01, False) for i, a in enumerate(MANY) for b in MANY[i + 1 :]]
        figure = figures.pair_matrix(pairs(*rows))
        assert figure.data[0].text[0][1] == "▲"
        assert figure.data[0].text[1][0] == "▼"
        assert figure.layout.xaxis.ticktext[58] == "59"
        assert ticks(figure)[58] == f"{wrapped(MANY[58])} · 59"


class TestRankDistribution:
    TABLE = pd.DataFrame(
        {"model": ["b", "a"], "rank": [1.0, 2.0], "rank_low": [1.0, 1.0], "rank_high": [1.0, 2.0]}
    )

    def test_rows_follow_the_table_and_percentages_never_round_to_certainty(self) -> None:
        shares = pd.DataFrame({1: [0.004, 0.996], 2: [0.996, 0.004]}, index=["a", "b"])
        figure = figures.rank_distribution(self.TABLE, shares)
        heat, bars = figure.data
        assert heat.z.tolist() == [[0.996, 0.004], [0.004, 0.996]]
        assert [list(row) for row in heat.text] == [["> 99", "< 1"], ["< 1", "> 99"]]
        assert ticks(figure) == ["b", "a"]
        assert list(bars.error_x.arrayminus) == [0, 1]

    def test_certainty_is_said_and_what_never_happens_left_empty(self) -> None:
        shares = pd.DataFrame({1: [0.0, 1.0], 2: [1.0, 0.0]}, index=["a", "b"])
        heat, _ = figures.rank_distribution(self.TABLE, shares, drawn="weights").data
        assert [list(row) for row in heat.text] == [["100", ""], ["", "100"]]
        assert "of weights" in heat.colorbar.title.text


class TestRankMultiverse:
    UNIVERSES = pd.DataFrame(
        [
            ("f1", 0.5, "mean", "a", 2.0), ("f1", 0.5, "mean", "b", 1.0),
            ("f1", 0.9, "mean", "a", 1.5), ("f1", 0.9, "mean", "b", 1.5),
            ("dice", np.nan, "median", "a", 2.0), ("dice", np.nan, "median", "b", 1.0),
        ],
        columns=["metric", "threshold", "aggregation", "model", "rank"],
    )  # fmt: skip

    def test_a_column_for_each_choice_that_was_made_the_steadiest_model_on_top(self) -> None:
        figure = figures.rank_multiverse(self.UNIVERSES)
        (heat,) = figure.data
        assert heat.z.tolist() == [[1, 1.5, 1], [2, 1.5, 2]]
        assert ticks(figure) == ["b", "a"]
        assert list(figure.layout.xaxis.ticktext) == ["mean, 0.5", "mean, 0.9", "median"]
        assert [list(row) for row in heat.text] == [["1", "1.5", "1"], ["2", "1.5", "2"]]

    def test_measures_are_named_above_their_columns_and_parted(self) -> None:
        figure = figures.rank_multiverse(self.UNIVERSES)
        places = [(note.text, note.x) for note in figure.layout.annotations]
        assert places == [("F1", 0.5), ("Pixel Dice", 2)]
        assert [shape.x0 for shape in figure.layout.shapes] == [1.5]


def slices(n_models: int) -> pd.DataFrame:
    rows = [
        (name, MANY[place], n, 0.5 + 0.001 * place, 0.4, 0.6, n < 10)
        for name, n in (("dense", 30), ("sparse", 4))
        for place in range(n_models)
    ]
    columns = ["slice", "model", "n", "mean", "ci_low", "ci_high", "few"]
    return pd.DataFrame(rows, columns=columns)


class TestSlices:
    def test_models_are_lines_told_apart_and_few_images_have_hollow_markers(self) -> None:
        figure = figures.interaction_plot(slices(3), by="Cells")
        looks = {(line.line.color, line.line.dash, line.marker.symbol[0]) for line in figure.data}
        assert len(looks) == 3
        assert list(figure.data[0].marker.symbol) == ["circle", "circle-open"]
        assert list(figure.layout.xaxis.ticktext) == ["dense<br>n = 30", "sparse<br>n = 4 (few)"]
        assert figure.layout.xaxis.title.text == "Cells"

    def test_no_model_hides_another_in_a_slice(self) -> None:
        places = [line.x[0] for line in figures.interaction_plot(slices(14)).data]
        assert min(np.diff(places)) > 0.04
        assert -0.5 < min(places) < max(places) < 0.5

    def test_sixty_models_become_a_heat_map(self) -> None:
        figure = figures.interaction_plot(slices(60))
        (heat,) = figure.data
        assert heat.z.shape == (60, 2)
        assert heat.z[1].tolist() == [0.501, 0.501]
        assert len(set(ticks(figure))) == 60

    def test_a_forest_fills_what_is_clear_and_greys_what_rests_on_few_images(self) -> None:
        compared = pd.DataFrame(
            {
                "slice": ["dense", "sparse", "none"],
                "n": [30, 4, 0],
                "mean_difference": [0.1, 0.2, np.nan],
                "ci_low": [0.05, -0.1, np.nan],
                "ci_high": [0.15, 0.5, np.nan],
                "p_bh": [0.01, 0.4, np.nan],
                "few": [False, True, True],
            }
        )
        figure = figures.slice_forest(compared, first="a", second="b")
        (points,) = figure.data
        assert list(points.marker.color) == [BLUE, WHITE, WHITE]
        assert list(points.marker.symbol) == ["circle", "diamond", "diamond"]
        assert np.allclose(points.error_x.arrayminus[:2], [0.05, 0.3])
        assert ticks(figure) == ["dense<br>n = 30", "sparse<br>n = 4", "none<br>n = 0"]
        assert figure.layout.xaxis.title.text.startswith("Difference in mean F1, a − b")


class TestRegression:
    def test_a_panel_per_predictor_and_clear_coefficients_filled(self) -> None:
        table = pd.DataFrame(
            {
                "model": ["a", "b", "a", "b"],
                "predictor": ["area_px", "area_px", "elongation", "elongation"],
                "coefficient": [0.1, 0.2, 0.3, 0.4],
                "ci_low": 0.0,
                "ci_high": [0.2, 0.5, 0.6, 0.8],
                "p": [0.01, 0.2, 0.2, 0.01],
                "n": 8,
                "r_squared": 0.5,
            }
        )
        figure = figures.regression_coefficients(table, outcome="mAP")
        area, elongation = figure.data
        assert said(figure) == ["Area, px", "Elongation (1 round, 0 line)"]
        assert list(area.marker.color) == [BLUE, WHITE]
        assert list(elongation.marker.color) == [WHITE, BLUE]
        assert np.allclose(area.error_x.array, [0.1, 0.3])
        assert (list(elongation.x), list(elongation.y)) == ([0.3, 0.4], [0, 1])
        assert figure.layout.xaxis2.matches == "x", "scaled predictors are comparable"
        unscaled = figures.regression_coefficients(table, comparable=False)
        assert unscaled.layout.xaxis2.matches is None

    def test_normal_residuals_lie_on_the_line(self) -> None:
        quantiles = np.array([-1.0, 0.0, 1.0])
        table = pd.DataFrame(
            {
                "image_id": ["x", "y", "z"],
                "model": ["a", "b", "a"],
                "residual": 0.2 * quantiles,
                "theoretical": quantiles,
            }
        )
        points, line = figures.residual_quantiles(table).data
        assert list(points.customdata) == ["x", "y", "z"]
        assert np.allclose(np.interp(points.x, line.x, line.y), points.y)

    def test_of_many_residuals_both_ends_are_drawn_and_the_line_is_that_of_all(self) -> None:
        residuals = pd.Series(np.sort(np.random.default_rng(0).standard_t(3, 20_000)))
        quantiles = np.linspace(-4, 4, 20_000)
        table = pd.DataFrame({"residual": residuals, "theoretical": quantiles})
        points, line = figures.residual_quantiles(table.assign(image_id="x", model="a")).data
        assert len(points.y) == 2_000
        assert list(points.y[:250]) == list(residuals[:250])
        assert list(points.y[-250:]) == list(residuals[-250:])
        assert np.diff(points.x[250:-250]).max() < 3 * 8 / 2_000
        assert line.y[1] == pytest.approx(4 * residuals.std())


def test_seven_models_differ_in_grey_and_sixty_are_told_by_their_rows() -> None:
    for n, n_looks in ((7, 7), (60, 1)):
        paired = pd.DataFrame(np.full((3, n), 0.5), columns=MANY[:n])
        rain = figures.raincloud(paired).data[2::3]
        assert len({trace.marker.symbol for trace in rain}) == n_looks
        assert len({trace.marker.color for trace in rain}) == n_looks
