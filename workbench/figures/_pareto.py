"""What a score costs: models by time and score, with the front that nothing dominates."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._theme import (
    distinct_symbols,
    metric_name,
    metric_range,
    model_colours,
    styled,
)

FRONT_COLOUR: Final = "#555555"
TICKS: Final = [base * 10.0**power for power in range(-4, 7) for base in (1, 2, 5)]
TICK_TEXTS: Final = [f"{tick:,.4f}".rstrip("0").rstrip(".") for tick in TICKS]


def pareto(table: pd.DataFrame, *, cost_title: str, metric: str = "f1") -> go.Figure:
    """Show the mean score of models against what they cost, on a logarithmic axis.

    Models on the front have bold names.

    Parameters
    ----------
    table
        A row per model: ``model``, ``cost`` (above 0; rows where it is NaN or 0 are left out),
        ``value``, ``ci_low``, ``ci_high`` (NaN for no bar), and ``on_front``: whether no other
        model is at least as good for no more.
    cost_title
        Of the horizontal axis, with its unit.
    metric
        For the vertical axis.
    """
    models = list(table["model"])
    colours, symbols = model_colours(models), distinct_symbols(models)
    shown = table[table["cost"] > 0].sort_values("cost", ignore_index=True)
    figure = go.Figure()
    front = shown[shown["on_front"]]
    if len(front) > 1:
        figure.add_trace(
            go.Scatter(
                x=front["cost"],
                y=front["value"],
                mode="lines",
                line={"color": FRONT_COLOUR, "dash": "dot", "width": 1.5, "shape": "hv"},
                name="best for its cost",
                hoverinfo="skip",
            )
        )
    for row in shown.itertuples():
        figure.add_trace(
            go.Scatter(
                x=[row.cost],
                y=[row.value],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [row.ci_high - row.value],
                    "arrayminus": [row.value - row.ci_low],
                    "thickness": 1.2,
                    "width": 4,
                    "visible": bool(np.isfinite(row.ci_low)),
                },
                mode="markers",
                name=f"<b>{row.model}</b>" if row.on_front else row.model,
                marker={
                    "color": colours[row.model],
                    "symbol": symbols[row.model],
                    "size": 12,
                    "line": {"width": 2, "color": colours[row.model]},
                },
                hovertemplate=f"{row.model}<br>%{{y:.3f}}, %{{x:.3g}}<extra></extra>",
            )
        )
    figure.update_xaxes(
        title=cost_title,
        type="log",
        range=_range(shown["cost"]),
        tickvals=TICKS,
        ticktext=TICK_TEXTS,
    )
    figure.update_yaxes(
        title=f"{metric_name(metric)}, mean over images", range=metric_range(metric)
    )
    styled(figure)
    figure.update_layout(
        legend={"orientation": "v", "x": 1.02, "xanchor": "left", "y": 1, "yanchor": "top"}
    )
    return figure


def _range(costs: pd.Series) -> list[float]:
    """Return the ends of the axis, as logarithms, with room for the markers at both."""
    if costs.empty:
        return [0.0, 1.0]
    low, high = np.log10(costs.min()), np.log10(costs.max())
    margin = max(0.25, 0.18 * (high - low))
    return [float(low - margin), float(high + margin)]
