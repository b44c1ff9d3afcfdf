"""What each type of error costs each model, how surely, and how it goes with the threshold."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._rows import INK, row_height_px, show_rows, wrapped
from workbench.figures._theme import styled, translucent
from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS

PATTERNS: Final = dict(zip(ERROR_TYPES, ("", "/", ".", "\\", "x", "+"), strict=True))
"""Fillings, so that colour never tells alone."""

PATTERN_LOOK: Final = {"fgcolor": translucent("#000000", 0.22), "size": 8, "solidity": 0.12,
                   "fillmode": "overlay"}  # fmt: skip

LEAST_WITH_NUMBER: Final = 0.055
"""Segments shorter than this part of the axis hold no number."""

PANELS_PER_ROW: Final = 3


def error_budget_bars(budget: pd.DataFrame) -> go.Figure:
    """Show the lost F1 of each model, stacked by type of error.

    Parameters
    ----------
    budget
        From :func:`workbench.analysis.error_budget`, or :func:`budget_by_slice`, where each slice
        has a row per model.

    Returns
    -------
    go.Figure
        A bar ends at 1 - F1; F1 stands beside it.
    """
    keys = [name for name in ("slice", "model") if name in budget]
    rows = budget.drop_duplicates(keys)
    several = len(budget["model"].unique()) > 1
    names = [_row_name(row, several_models=several) for row in _dicts(rows)]
    place = {tuple(row[key] for key in keys): number for number, row in enumerate(_dicts(rows))}
    longest = float(budget.groupby(keys, sort=False)["lost"].sum().max()) or 1.0
    figure = go.Figure()
    for error in ERROR_TYPES:
        part = budget[budget["error"] == error]
        lost = part["lost"].to_numpy(float)
        figure.add_trace(
            go.Bar(
                x=lost,
                y=[place[tuple(row[key] for key in keys)] for row in _dicts(part)],
                orientation="h",
                name=error,
                marker=_filling(error),
                width=0.66,
                text=[
                    f"{value:.3f}" if value >= LEAST_WITH_NUMBER * longest else "" for value in lost
                ],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"size": 11, "color": _ink_on(OUTCOME_COLOURS[error])},
                customdata=part[["model", "lost_low", "lost_high", "n_events", "fraction"]],
                hovertemplate=(
                    f"%{{customdata[0]}}, {error}<br>%{{x:.3f}} of F1 [%{{customdata[1]:.3f}}, "
                    "%{customdata[2]:.3f}], %{customdata[4]:.0%} of what was lost<br>"
                    "%{customdata[3]:.4g} errors<extra></extra>"
                ),
            )
        )
    totals = budget.groupby(keys, sort=False)["lost"].sum()
    figure.add_trace(
        go.Scatter(
            x=totals,
            y=[place[key if isinstance(key, tuple) else (key,)] for key in totals.index],
            mode="text",
            text=[f"  F1 {value:.3f}" for value in rows["f1"]],
            textposition="middle right",
            textfont={"size": 12, "color": INK},
            showlegend=False,
            hoverinfo="skip",
        )
    )
    figure.update_xaxes(title=f"F1 lost at {_level(budget)}", range=[0, 1.22 * longest])
    styled(figure, height_px=120 + row_height_px(names, least_px=34) * len(names))
    show_rows(figure, names)
    figure.update_layout(
        barmode="stack",
        legend={"traceorder": "normal", "x": 0, "xanchor": "left"},
        margin={"t": 48},
    )
    return figure


def error_budget_dots(budget: pd.DataFrame) -> go.Figure:
    """Show the share of each type with its interval, and what fixing this type alone gains.

    Parameters
    ----------
    budget
        From :func:`workbench.analysis.error_budget`.

    Returns
    -------
    go.Figure
        A panel per type, a row per model: the filled dot is the share of the lost F1 (the six of a
        model sum to 1 - F1), the hollow diamond the gain if this type alone were fixed.
    """
    models = list(dict.fromkeys(budget["model"]))
    names = [wrapped(model) for model in models]
    panel_px = row_height_px(names, least_px=30) * len(models) + 16
    n_rows = -(-len(ERROR_TYPES) // PANELS_PER_ROW)
    between_px = 46
    figure = make_subplots(
        n_rows,
        PANELS_PER_ROW,
        subplot_titles=[f"<b>{error}</b>" for error in ERROR_TYPES],
        shared_yaxes=True,
        shared_xaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=between_px / (n_rows * (panel_px + between_px)),
    )
    for number, error in enumerate(ERROR_TYPES):
        at = {"row": number // PANELS_PER_ROW + 1, "col": number % PANELS_PER_ROW + 1}
        part = budget[budget["error"] == error]
        for value, symbol, shift in (("lost", "circle", -0.14), ("gain", "diamond-open", 0.16)):
            figure.add_trace(_dots(part, models, value, symbol, shift, first=number == 0), **at)
        show_rows(figure, names, **at)
    highest = np.nanmax([1e-3, *budget[["lost", "gain", "lost_high", "gain_high"]].max()])
    figure.update_xaxes(range=[-0.03 * highest, 1.05 * highest], nticks=5)
    figure.update_xaxes(title=f"F1 at {_level(budget)}", title_font={"size": 12}, row=n_rows)
    styled(figure, height_px=n_rows * (panel_px + between_px) + 110)
    figure.update_annotations(font_size=13)
    figure.update_layout(
        legend={"y": 1.0, "yref": "container", "yanchor": "top", "x": 0.5, "xanchor": "center"},
        margin={"t": 74},
    )
    return figure


def _filling(error: str) -> dict[str, object]:
    return {
        "color": OUTCOME_COLOURS[error],  # type: ignore[index]
        "line": {"width": 1, "color": "#FFFFFF"},
        "pattern": {"shape": PATTERNS[error], **PATTERN_LOOK},  # type: ignore[index]
    }


def _ink_on(colour: str) -> str:
    """Return white on dark colours, else near black."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#FFFFFF" if 0.3 * red + 0.59 * green + 0.11 * blue < 130 else "#111111"


def _dots(
    part: pd.DataFrame, models: list[str], value: str, symbol: str, shift: float, *, first: bool
) -> go.Scatter:
    place = {model: row for row, model in enumerate(models)}
    colour = OUTCOME_COLOURS[part["error"].iloc[0]]
    is_share = value == "lost"
    meaning = "share of the lost F1" if is_share else "gain if this type alone is fixed"
    return go.Scatter(
        x=part[value],
        y=part["model"].map(place) + shift,
        mode="markers",
        name=meaning,
        legendgroup=value,
        showlegend=first,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": part[f"{value}_high"] - part[value],
            "arrayminus": part[value] - part[f"{value}_low"],
            "color": INK if is_share else "#999999",
            "thickness": 1.4,
            "width": 3,
        },
        marker={
            "symbol": symbol,
            "size": 9,
            "color": colour if is_share else INK,
            "line": {"width": 1.2, "color": INK},
        },
        customdata=part[["model", f"{value}_low", f"{value}_high", "n_events"]],
        hovertemplate=(
            "%{customdata[0]}<br>%{x:.3f} [%{customdata[1]:.3f}, %{customdata[2]:.3f}], "
            f"%{{customdata[3]:.4g}} errors<extra>{meaning}</extra>"
        ),
    )


def _level(budget: pd.DataFrame) -> str:
    thresholds = budget["threshold"].unique()
    return f"IoU {thresholds[0]:g}" if len(thresholds) == 1 else "each IoU"


def _row_name(row: dict[str, object], *, several_models: bool) -> str:
    if "slice" not in row:
        return wrapped(str(row["model"]))
    images = f"{wrapped(str(row['slice']))}<br>n = {row['n_images']}"
    few = " (few)" if row["few"] else ""
    return f"{wrapped(str(row['model']))}<br>{images}{few}" if several_models else images + few


def _dicts(table: pd.DataFrame) -> list[dict[str, object]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]
