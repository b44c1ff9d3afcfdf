"""How the budget of lost F1 changes with the threshold, and from one model to another."""

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._error_budget import PATTERN_LOOK, PATTERNS
from workbench.figures._rows import INK, SOFT, show_rows, wrapped
from workbench.figures._theme import styled
from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS

MODELS_PER_ROW: Final = 4


def budget_over_thresholds(budget: pd.DataFrame) -> go.Figure:
    """Show the budget of each model at every IoU threshold, stacked up to 1 - F1.

    Parameters
    ----------
    budget
        From :func:`workbench.analysis.budget_by_threshold`.
    """
    models = list(dict.fromkeys(budget["model"]))
    columns = min(MODELS_PER_ROW, len(models))
    n_rows = -(-len(models) // columns)
    figure = make_subplots(
        n_rows,
        columns,
        subplot_titles=[wrapped(model, width=28) for model in models],
        shared_yaxes=True,
        shared_xaxes=True,
        horizontal_spacing=0.025,
        vertical_spacing=0.16 / n_rows,
    )
    for number, model in enumerate(models):
        at = {"row": number // columns + 1, "col": number % columns + 1}
        # Boundary errors grow: on top they leave the others where they can be compared.
        for error in (*ERROR_TYPES[1:], ERROR_TYPES[0]):
            part = budget[(budget["model"] == model) & (budget["error"] == error)]
            part = part.sort_values("threshold")
            figure.add_trace(
                go.Scatter(
                    x=part["threshold"],
                    y=part["lost"],
                    name=error,
                    mode="lines",
                    stackgroup=model,
                    line={"width": 1, "color": INK},
                    fillcolor=OUTCOME_COLOURS[error],
                    fillpattern={"shape": PATTERNS[error], **PATTERN_LOOK},
                    legendgroup=error,
                    showlegend=number == 0,
                    hovertemplate=f"{error} at IoU %{{x:g}}: %{{y:.3f}}<extra>{model}</extra>",
                ),
                **at,
            )
        is_lowest = number + columns >= len(models)
        figure.update_xaxes(title="IoU threshold" if is_lowest else "",
                            showticklabels=is_lowest, **at)  # fmt: skip
    low, high = budget["threshold"].min(), budget["threshold"].max()
    figure.update_xaxes(nticks=6, title_font={"size": 12}, range=[low - 0.005, high + 0.005])
    figure.update_yaxes(range=[0, 1], nticks=6)
    figure.update_yaxes(title="F1 lost", title_font={"size": 12}, col=1)
    styled(figure, height_px=130 + 230 * n_rows)
    figure.update_annotations(font_size=13)
    figure.update_layout(
        legend={"y": 1.0, "yref": "container", "yanchor": "top", "x": 0.5, "xanchor": "center",
                "traceorder": "normal"},
        margin={"t": 84},
    )  # fmt: skip
    for number in range(len(models), n_rows * columns):
        empty = {"row": number // columns + 1, "col": number % columns + 1}
        figure.update_xaxes(visible=False, **empty)
        figure.update_yaxes(visible=False, **empty)
    return figure


def budget_difference(compared: pd.DataFrame, *, first: str, second: str) -> go.Figure:
    """Show by which types of error one model is ahead of another.

    Parameters
    ----------
    compared
        From :func:`workbench.analysis.compare_budgets`.
    first, second
        The models.

    Returns
    -------
    go.Figure
        A row per type, the last for all: the difference in F1. Right of 0 the first model loses
        less to this type.
    """
    errors = list(compared["error"])
    names = [f"<b>{error}</b>" if error not in ERROR_TYPES else error for error in errors]
    # A trace for each type: patterns over bars of several colours are more than plotly draws.
    figure = go.Figure(
        [_difference_bar(row, place) for place, row in enumerate(compared.itertuples())]
    )
    figure.add_vline(x=0, line={"color": SOFT, "width": 1})
    figure.update_xaxes(
        title=(
            f"F1 by which {wrapped(first)} is ahead of {wrapped(second)}<br>"
            "<sub>left of 0 it loses more to this type; lines: 95 % interval</sub>"
        )
    )
    styled(figure, height_px=130 + 34 * len(names), legend=False)
    show_rows(figure, names)
    figure.update_layout(margin={"b": 80})
    return figure


def _difference_bar(row: Any, place: int) -> go.Bar:
    """Return the bar of one type of error, or of all, with its interval."""
    return go.Bar(
        x=[row.advantage],
        y=[place],
        orientation="h",
        width=0.6,
        marker={
            "color": OUTCOME_COLOURS.get(row.error, "#DDDDDD"),
            "line": {"width": 1, "color": INK},
            "pattern": {"shape": PATTERNS.get(row.error, ""), **PATTERN_LOOK},
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [row.high - row.advantage],
            "arrayminus": [row.advantage - row.low],
            "color": INK,
            "thickness": 1.6,
            "width": 5,
        },
        name=row.error,
        showlegend=False,
        hovertemplate=(
            f"{row.error}: {row.advantage:+.3f} [{row.low:+.3f}, {row.high:+.3f}]<extra></extra>"
        ),
    )
