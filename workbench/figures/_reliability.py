"""Whether confidence can be believed: reliability diagrams, gaps, risk against coverage."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._rows import INK, SOFT
from workbench.figures._theme import (
    distinct_symbols,
    model_colours,
    model_dashes,
    styled,
    translucent,
)

Unit = Literal["pixels", "cells"]
RIGHT: Final[dict[Unit, str]] = {
    "pixels": "Share that is right",
    "cells": "Share that is true",
}
OVER: Final = "#D55E00"
UNDER: Final = "#0072B2"
NOTHING: Final = "nothing to show: no probabilities, or too few"
BAR_WIDTH: Final = 0.008
"""Of bins of cells, as part of the axis."""

LOG_SHARES: Final = {
    "tickvals": [0.0001, 0.001, 0.01, 0.1, 1],
    "ticktext": ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"],
}


def reliability_diagram(table: pd.DataFrame, *, of: Unit = "pixels") -> go.Figure:
    """Show how often the model is right by how sure it is, and how many are so sure.

    Parameters
    ----------
    table
        Tables of :func:`workbench.analysis.reliability_bins` or
        :func:`workbench.analysis.instance_reliability`, one under the other, with a column
        ``series``.
    of
        What the bins hold.

    Returns
    -------
    go.Figure
        On the dashed line confidence is what it says; below it the model is too sure. Bands are
        intervals, bars below the share of pixels or cells in each bin.
    """
    filled = table[table["n"] > 0]
    if filled.empty:
        return _empty()
    series = list(dict.fromkeys(filled["series"]))
    colours, symbols, dashes = model_colours(series), distinct_symbols(series), model_dashes(series)
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.05
    )
    _line_of_truth(figure)
    axis = _range(filled["confidence"])
    for name in series:
        part = filled[filled["series"] == name].sort_values("confidence")
        colour = colours[name]
        figure.add_trace(_band(part, colour, name), row=1, col=1)
        figure.add_trace(
            go.Scatter(
                x=part["confidence"],
                y=part["accuracy"],
                mode="lines+markers",
                name=name,
                legendgroup=name,
                line={"color": colour, "dash": dashes[name], "width": 2},
                marker={"symbol": symbols[name], "size": 8},
                customdata=part[["low", "high", "n", "gap"]],
                hovertemplate=(
                    f"{name}<br>confidence %{{customdata[0]:.3f}} to %{{customdata[1]:.3f}}: "
                    f"%{{customdata[2]:,}} {of}<br>mean %{{x:.3f}}, right %{{y:.3f}}, "
                    "gap %{customdata[3]:+.3f}<extra></extra>"
                ),
            ),
            row=1,
            col=1,
        )
        figure.add_trace(
            go.Bar(
                x=(part["low"] + part["high"]) / 2 if of == "pixels" else part["confidence"],
                y=part["share"],
                width=None if of == "pixels" else BAR_WIDTH * (axis[1] - axis[0]),
                marker={"color": translucent(colour, 0.6)},
                name=name,
                legendgroup=name,
                showlegend=False,
                hovertemplate=f"{name}<br>%{{y:.2%}} of {of}<extra></extra>",
            ),
            row=2,
            col=1,
        )
    figure.update_xaxes(range=axis, dtick=0.1, tickformat=".1f")
    figure.update_xaxes(title="Confidence (mean of each bin)", row=2, col=1)
    figure.update_yaxes(title=RIGHT[of], range=[-0.03, 1.03], row=1, col=1)
    figure.update_yaxes(title=f"Share of {of}", row=2, col=1)
    if of == "pixels":
        figure.update_yaxes(
            type="log", range=[_lowest_power(filled["share"]), 0.1], row=2, col=1, **LOG_SHARES
        )
    # Bins of cells lie wherever their confidences do, those of pixels side by side.
    figure.update_layout(barmode="group" if of == "pixels" else "overlay")
    return styled(figure, height_px=520)


def confidence_gaps(table: pd.DataFrame, *, of: Unit = "pixels") -> go.Figure:
    """Show by how much each bin is too sure or not sure enough.

    Parameters
    ----------
    table, of
        As in :func:`reliability_diagram`; a panel for each series.

    Returns
    -------
    go.Figure
        Bars above 0: too sure; below 0: not sure enough. Whiskers are intervals.
    """
    filled = table[table["n"] > 0]
    if filled.empty:
        return _empty()
    series = list(dict.fromkeys(filled["series"]))
    figure = make_subplots(rows=1, cols=len(series), shared_yaxes=True, subplot_titles=series)
    for column, name in enumerate(series, start=1):
        part = filled[filled["series"] == name]
        width = (part["high"] - part["low"]) * 0.9
        for label, colour, pattern, chosen in (
            ("too sure", OVER, "", part["gap"] > 0),
            ("not sure enough", UNDER, "/", part["gap"] <= 0),
        ):
            bars = part[chosen]
            figure.add_trace(
                go.Bar(
                    x=(bars["low"] + bars["high"]) / 2,
                    y=bars["gap"],
                    width=width[chosen] if of == "pixels" else None,
                    marker={"color": colour, "pattern": {"shape": pattern, "fgcolor": "white"}},
                    name=label,
                    legendgroup=label,
                    showlegend=column == 1,
                    error_y={
                        "type": "data",
                        "symmetric": False,
                        # Few right is much too sure: the limits change places.
                        "array": bars["accuracy"] - bars["ci_low"],
                        "arrayminus": bars["ci_high"] - bars["accuracy"],
                        "color": INK,
                        "thickness": 1,
                        "width": 2,
                    },
                    customdata=bars[["low", "high", "n"]],
                    hovertemplate=(
                        "confidence %{customdata[0]:.3f} to %{customdata[1]:.3f}, "
                        f"%{{customdata[2]:,}} {of}: %{{y:+.3f}}<extra></extra>"
                    ),
                ),
                row=1,
                col=column,
            )
        figure.add_hline(y=0, line={"color": SOFT, "width": 1}, row=1, col=column)
    figure.update_xaxes(title="Confidence", range=_range(filled["low"]))
    figure.update_yaxes(title="Confidence − share that is right", row=1, col=1)
    figure.update_layout(barmode="overlay")
    styled(figure, height_px=380)
    figure.update_layout(
        margin={"t": 72}, legend={"y": 1.12, "x": 1.0, "xanchor": "right", "yanchor": "bottom"}
    )
    return figure


def risk_coverage_curve(table: pd.DataFrame) -> go.Figure:
    """Show how many of the surest cells are false, against how many are kept.

    Parameters
    ----------
    table
        From :func:`workbench.analysis.risk_coverage`, of one or several models; a column
        ``series`` names the lines where it is there, else the model does.
    """
    if table.empty:
        return _empty()
    names = table["series"] if "series" in table else table["model"]
    series = list(dict.fromkeys(names))
    colours, dashes = model_colours(series), model_dashes(series)
    figure = go.Figure()
    for name in series:
        part = table[names == name]
        figure.add_trace(
            go.Scatter(
                x=part["coverage"],
                y=part["risk"],
                mode="lines",
                name=name,
                line={"color": colours[name], "dash": dashes[name], "width": 2},
                customdata=part[["confidence", "n", "recall"]],
                hovertemplate=(
                    f"{name}<br>the %{{customdata[1]:,}} surest cells (%{{x:.0%}}), confidence "
                    "≥ %{customdata[0]:.3f}<br>%{y:.1%} false; they find %{customdata[2]:.1%} of "
                    "the reference cells<extra></extra>"
                ),
            )
        )
    figure.update_xaxes(title="Coverage: share of cells kept, the surest first", range=[0, 1.02])
    figure.update_yaxes(title="Risk: share of them that is false", rangemode="tozero")
    return styled(figure)


def _band(part: pd.DataFrame, colour: str, name: str) -> go.Scatter:
    known = part[part["ci_low"].notna()]
    return go.Scatter(
        x=np.concatenate([known["confidence"], known["confidence"][::-1]]),
        y=np.concatenate([known["ci_high"], known["ci_low"][::-1]]),
        fill="toself",
        mode="none",
        fillcolor=translucent(colour, 0.18),
        legendgroup=name,
        showlegend=False,
        hoverinfo="skip",
    )


def _line_of_truth(figure: go.Figure) -> None:
    figure.add_trace(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            name="as sure as right",
            line={"color": SOFT, "dash": "dash", "width": 1.5},
            hoverinfo="skip",
        ),
        row=1,
        col=1,
    )


def _range(values: pd.Series) -> list[float]:
    """Return the part of 0 to 1 that holds values: of three classes no top one is below 1/3."""
    return [max(0.0, np.floor(values.min() * 10) / 10) - 0.01, 1.01]


def _lowest_power(shares: pd.Series) -> float:
    return max(-5.0, float(np.floor(np.log10(shares.min()))))


def _empty() -> go.Figure:
    figure = go.Figure()
    figure.add_annotation(text=NOTHING, showarrow=False, font={"size": 14, "color": SOFT})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return styled(figure, height_px=160, legend=False)
