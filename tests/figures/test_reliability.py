"""Reliability and risk: what the drawing shows of a table."""

import numpy as np
import pandas as pd
import pytest

from workbench.figures import confidence_gaps, reliability_diagram, risk_coverage_curve


@pytest.fixture
def bins() -> pd.DataFrame:
    """Two series of three bins, one bin empty: the first too sure, the second not sure enough."""
    rows = []
    for series, shift in (("before", -0.1), ("after", 0.1)):
        for low in (0.4, 0.6, 0.8):
            n = 0 if low == 0.4 else 50
            accuracy = low + 0.1 + shift if n else np.nan
            rows.append(
                {"series": series, "low": low, "high": low + 0.2, "n": n, "share": n / 100}
                | {"confidence": low + 0.1 if n else np.nan, "accuracy": accuracy}
                | {"ci_low": accuracy - 0.02, "ci_high": accuracy + 0.03, "gap": -shift}
            )
    return pd.DataFrame(rows)


def test_a_diagram_shows_filled_bins_their_band_and_the_line_of_truth(bins: pd.DataFrame) -> None:
    figure = reliability_diagram(bins)
    scatters = [trace for trace in figure.data if trace.type == "scatter"]
    lines = {trace.name: trace for trace in scatters if trace.mode == "lines+markers"}
    assert list(lines) == ["before", "after"]
    assert list(lines["before"].x) == pytest.approx([0.7, 0.9])
    assert list(lines["before"].y) == pytest.approx([0.6, 0.8])
    (truth,) = (trace for trace in figure.data if trace.name == "as sure as right")
    assert list(truth.x) == list(truth.y)
    bands = [trace for trace in scatters if trace.fill == "toself"]
    assert list(bands[0].y) == pytest.approx([0.63, 0.83, 0.78, 0.58])
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [sum(bar.y) for bar in bars] == [1, 1]
    # Told apart without colour.
    assert lines["before"].line.dash != lines["after"].line.dash
    assert lines["before"].marker.symbol != lines["after"].marker.symbol


def test_gaps_rise_where_the_model_is_too_sure(bins: pd.DataFrame) -> None:
    figure = confidence_gaps(bins)
    shown = {(trace.name, trace.xaxis): list(trace.y) for trace in figure.data if len(trace.y)}
    assert shown == {
        ("too sure", "x"): pytest.approx([0.1, 0.1]),
        ("not sure enough", "x2"): pytest.approx([-0.1, -0.1]),
    }
    first = figure.data[0]
    # The gap is 0.1 at an accuracy of 0.60 [0.58, 0.63], so from 0.07 to 0.12.
    assert first.y[0] + first.error_y.array[0] == pytest.approx(0.12)
    assert first.y[0] - first.error_y.arrayminus[0] == pytest.approx(0.07)


def test_a_curve_of_risk_goes_by_series_or_by_model() -> None:
    table = pd.DataFrame({"model": "unet", "coverage": [0.5, 1], "risk": [0, 0.2], "n": [1, 2]})
    table = table.assign(confidence=[0.9, 0.8], recall=[0.4, 0.6])
    assert [trace.name for trace in risk_coverage_curve(table).data] == ["unet"]
    named = risk_coverage_curve(table.assign(series=["a", "b"]))
    assert [trace.name for trace in named.data] == ["a", "b"]


def test_nothing_to_show_is_said(bins: pd.DataFrame) -> None:
    for figure in (
        reliability_diagram(bins.iloc[:0]),
        confidence_gaps(bins.iloc[:0]),
        risk_coverage_curve(pd.DataFrame()),
    ):
        assert "nothing to show" in figure.layout.annotations[0].text
