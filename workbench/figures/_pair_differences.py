"""How far apart the models of each pair are, with what the data allow to say of it."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import INK, ONE_COLOUR, row_height_px, show_rows, wrapped
from workbench.figures._theme import metric_name, styled

MOST_PAIRS: Final = 60
PAIR_WIDTH: Final = 36
"""Longest name of a pair on one line, in characters."""

VERDICTS: Final = (
    ("differ", "circle", ONE_COLOUR),
    ("not told apart", "circle", "#FFFFFF"),
    ("equivalent", "square", "#FFFFFF"),
    ("differ, but by less than the margin", "square", ONE_COLOUR),
)
"""Verdict, marker and filling."""

THICK: Final = 5
INTERVALS: Final = (
    ("simultaneous_low", "simultaneous_high", 1.4, "interval for all pairs at once"),
    ("ci_low", "ci_high", THICK, "interval of the pair alone"),
)
MARGIN_COLOUR: Final = "rgba(0, 158, 115, 0.15)"
MARGIN_EDGE: Final = "#009E73"


def paired_differences(
    pairs: pd.DataFrame, *, metric: str = "f1", margin: float | None = None, alpha: float = 0.05
) -> go.Figure:
    """Show the mean difference of each pair with its interval and its simultaneous interval.

    Parameters
    ----------
    pairs
        From :func:`workbench.analysis.compare_pairs`.
    metric
        For the axis.
    margin
        Differences smaller than this count as none; shaded, if given.
    alpha
        Pairs whose adjusted p lies below are filled.

    Returns
    -------
    go.Figure
        A row per pair: the thick bar is the interval of this pair alone, the thin one holds for
        all pairs at once. Of more than 60 pairs the first are drawn, and the title says so.
    """
    shown = pairs.head(MOST_PAIRS)
    names = [
        _pair_name(first, second)
        for first, second in zip(shown["first"], shown["second"], strict=True)
    ]
    places = np.arange(len(shown))
    figure = go.Figure()
    for low, high, width, title in INTERVALS:
        figure.add_trace(_bars(shown[low], shown[high], width, title))
    is_clear = (shown["p_permutation_holm"] < alpha).to_numpy()
    is_equivalent = shown["equivalent"].to_numpy(bool)
    verdict = np.where(is_clear, np.where(is_equivalent, 3, 0), np.where(is_equivalent, 2, 1))
    for place, (text, symbol, filling) in enumerate(VERDICTS):
        chosen = shown[verdict == place]
        if chosen.empty:
            continue
        figure.add_trace(
            go.Scatter(
                x=chosen["mean_difference"],
                y=places[verdict == place],
                mode="markers",
                name=text,
                marker={
                    "size": 11,
                    "symbol": symbol,
                    "color": filling,
                    "line": {"color": ONE_COLOUR, "width": 2},
                },
                customdata=chosen[["first", "second", "p_permutation_holm", "d_z", "n"]],
                hovertemplate=(
                    "%{customdata[0]} − %{customdata[1]}<br>%{x:+.3f}, adjusted p = "
                    "%{customdata[2]:.2g}, d_z = %{customdata[3]:.2f}, %{customdata[4]} images"
                    "<extra></extra>"
                ),
            )
        )
    if margin is not None:
        _add_margin(figure, margin)
    figure.add_vline(x=0, line={"color": "#777", "dash": "dash", "width": 1})
    figure.update_xaxes(title=f"Difference in mean {metric_name(metric)}, first − second")
    left_out = len(pairs) - len(shown)
    styled(
        figure,
        height_px=150 + row_height_px(names, least_px=28) * len(names),
        title=f"The first {len(shown)} of {len(pairs):,} pairs" if left_out else "",
    )
    show_rows(figure, names)
    figure.update_layout(
        legend={"x": 0, "xanchor": "left", "font": {"size": 12}},
        margin={"t": 96 if left_out else 72},
    )
    return figure


def _pair_name(first: str, second: str) -> str:
    name = f"{first} − {second}"
    if len(name) <= PAIR_WIDTH:
        return name
    return f"{wrapped(first, width=PAIR_WIDTH)} −<br>{wrapped(second, width=PAIR_WIDTH)}"


def _bars(low: pd.Series, high: pd.Series, width: float, title: str) -> go.Scatter:
    """Return an interval per row as one line with gaps."""
    gaps = np.full(len(low), np.nan)
    return go.Scatter(
        x=np.column_stack([low, high, gaps]).ravel(),
        y=np.repeat(np.arange(len(low)), 3),
        mode="lines",
        line={"color": INK, "width": width},
        opacity=1 if width < THICK else 0.45,
        name=title,
        hovertemplate="%{x:+.3f}<extra>" + title + "</extra>",
    )


def _add_margin(figure: go.Figure, margin: float) -> None:
    figure.add_vrect(x0=-margin, x1=margin, fillcolor=MARGIN_COLOUR, line_width=0, layer="below")
    for edge in (-margin, margin):
        figure.add_vline(x=edge, line={"color": MARGIN_EDGE, "dash": "dot", "width": 1})
    figure.add_trace(  # the legend alone
        go.Scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={
                "symbol": "square",
                "size": 12,
                "color": MARGIN_COLOUR,
                "line": {"color": MARGIN_EDGE, "width": 1},
            },
            name=f"differences that do not matter (± {margin:g})",
        )
    )
