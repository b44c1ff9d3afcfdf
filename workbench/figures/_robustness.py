"""How scores and errors answer to images that were made worse, a panel for each way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._rows import SOFT
from workbench.figures._theme import (
    MODEL_DASHES,
    MODEL_SYMBOLS,
    model_colours,
    model_dashes,
    model_symbols,
    styled,
    translucent,
)
from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS
from workbench.transforms import DEGRADATIONS

PANELS_A_ROW: Final = 3
PANEL_PX: Final = 250
AXIS_PX: Final = 110


def degradation_curves(curves: pd.DataFrame, *, relative: bool = True) -> go.Figure:
    """Show mean F1 over levels of degradation, with 95 % intervals over images.

    Parameters
    ----------
    curves
        From :func:`workbench.analysis.robustness_curves`.
    relative
        Relative to the same images when clean; otherwise F1 itself.
    """
    value, low, high = (
        ("relative", "relative_low", "relative_high") if relative else ("f1", "ci_low", "ci_high")
    )
    members = _members(curves)
    colours, symbols, dashes = (
        choose(members) for choose in (model_colours, model_symbols, model_dashes)
    )
    figure, places = _panels(curves)
    for kind, at in places.items():
        if relative:
            figure.add_hline(y=1, line={"color": SOFT, "width": 1, "dash": "dot"}, **at)
        for member in members:
            part = curves[(curves["kind"] == kind) & (_names(curves) == member)]
            _draw(
                figure,
                part.assign(value=part[value], low=part[low], high=part[high]),
                name=member,
                look=(colours[member], symbols[member], dashes[member]),
                legend=kind == next(iter(places)),
                at=at,
            )
    title = "F1 relative to clean images" if relative else "Mean F1"
    figure.update_yaxes(rangemode="tozero")
    return _finished(figure, places, title)


def error_response_curves(response: pd.DataFrame) -> go.Figure:
    """Show how often each type of error happens over levels of degradation, for one member.

    Parameters
    ----------
    response
        From :func:`workbench.analysis.error_response`, of one model and seed.
    """
    figure, places = _panels(response)
    for kind, at in places.items():
        for place, error in enumerate(ERROR_TYPES):
            part = response[(response["kind"] == kind) & (response["error"] == error)]
            _draw(
                figure,
                part.assign(value=part["per_100_cells"], low=part["ci_low"], high=part["ci_high"]),
                name=error,
                look=(
                    OUTCOME_COLOURS[error],
                    MODEL_SYMBOLS[place % len(MODEL_SYMBOLS)],
                    MODEL_DASHES[place % len(MODEL_DASHES)],
                ),
                legend=kind == next(iter(places)),
                at=at,
                band=False,
            )
    figure.update_yaxes(rangemode="tozero")
    return _finished(figure, places, "Events per 100 cells")


def _panels(table: pd.DataFrame) -> tuple[go.Figure, dict[str, dict[str, int]]]:
    """Return an empty figure and the place of each kind in it."""
    kinds = list(dict.fromkeys(table["kind"]))
    n_columns = min(PANELS_A_ROW, max(1, len(kinds)))
    n_rows = max(1, math.ceil(len(kinds) / n_columns))
    height_px = n_rows * (PANEL_PX + AXIS_PX)
    figure = make_subplots(
        n_rows,
        n_columns,
        subplot_titles=[DEGRADATIONS[kind].title for kind in kinds],
        vertical_spacing=AXIS_PX / height_px if n_rows > 1 else 0,
        horizontal_spacing=0.05,
        shared_yaxes="all",
    )
    places = {
        kind: {"row": place // n_columns + 1, "col": place % n_columns + 1}
        for place, kind in enumerate(kinds)
    }
    for kind, at in places.items():
        of_kind = table[table["kind"] == kind]
        texts = dict(zip(of_kind["level"], of_kind["clean"], strict=True))
        figure.update_xaxes(
            type="category",
            categoryorder="array",
            categoryarray=[_text(level, clean) for level, clean in texts.items()],
            title=DEGRADATIONS[kind].unit,
            title_font={"size": 12},
            **at,
        )
    styled(figure, height_px=height_px + 60)
    return figure, places


def _draw(
    figure: go.Figure,
    part: pd.DataFrame,
    *,
    name: str,
    look: tuple[str, str, str],
    legend: bool,
    at: Mapping[str, int],
    band: bool = True,
) -> None:
    """Draw one curve with its interval: a band, or bars where there would be many."""
    colour, symbol, dash = look
    levels = [_text(row.level, row.clean) for row in part.itertuples()]
    if band and part[["low", "high"]].notna().all(axis=None):
        figure.add_trace(
            go.Scatter(
                x=[*levels, *levels[::-1]],
                y=[*part["high"], *part["low"][::-1]],
                mode="lines",
                fill="toself",
                fillcolor=translucent(colour, 0.15),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                legendgroup=name,
            ),
            **at,
        )
    figure.add_trace(
        go.Scatter(
            x=levels,
            y=part["value"],
            mode="lines+markers",
            name=name,
            legendgroup=name,
            showlegend=legend,
            line={"color": colour, "dash": dash, "width": 2},
            marker={
                "symbol": symbol,
                "size": 8,
                "color": colour,
                "line": {"color": "#333333", "width": 1},
            },
            customdata=part[["low", "high", "n_images"]],
            hovertemplate=(
                f"{name}<br>%{{x}}: %{{y:.3g}} (%{{customdata[0]:.3g}} to %{{customdata[1]:.3g}}), "
                "%{customdata[2]} images<extra></extra>"
            ),
        ),
        **at,
    )


def _finished(figure: go.Figure, places: Mapping[str, Mapping[str, int]], title: str) -> go.Figure:
    for at in places.values():
        if at["col"] == 1:
            figure.update_yaxes(title=title, row=at["row"], col=1)
    figure.update_annotations(font_size=13)
    figure.update_layout(
        margin={"t": 90, "b": 64},
        legend={"y": 1, "yref": "container", "yanchor": "top", "x": 0.5, "xanchor": "center"},
    )
    return figure


def _members(table: pd.DataFrame) -> Sequence[str]:
    return list(dict.fromkeys(_names(table)))


def _names(table: pd.DataFrame) -> Any:
    return table["model"].astype(str) + "-" + table["seed"].astype(str)


def _text(level: float, clean: bool) -> str:
    return "clean" if clean else f"{level:g}"
