"""What a model measures against what the reference says, image by image."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.analysis import QUANTITIES
from workbench.figures._rows import INK, SOFT, show_rows, wrapped
from workbench.figures._theme import MODEL_COLOURS, styled, translucent

PANELS_PER_ROW: Final = 3
PANEL_PX: Final = 300
LIMITS: Final = (
    ("bias", "solid", MODEL_COLOURS[0]),
    ("lower_limit", "dash", MODEL_COLOURS[1]),
    ("upper_limit", "dash", MODEL_COLOURS[1]),
)


def bland_altman(biology: pd.DataFrame, agreement: pd.DataFrame, *, quantity: str) -> go.Figure:
    """Show one quantity: the difference of model and reference against their mean, by model.

    Parameters
    ----------
    biology
        From :func:`workbench.analysis.image_biology`; of several seeds the mean is shown.
    agreement
        From :func:`workbench.analysis.biology_agreement`.
    quantity
        Which one.

    Returns
    -------
    go.Figure
        A panel per model, all with the same axes; each image a point. The solid line is the bias,
        dashed lines are the limits of agreement, bands their intervals.
    """
    chosen = biology[biology["quantity"] == quantity]
    sides = ["reference", "predicted"]
    points = chosen.groupby(["model", "image_id"], sort=False)[sides].mean().dropna().reset_index()
    rows = agreement[agreement["quantity"] == quantity]
    models = list(rows["model"])
    n_columns = min(PANELS_PER_ROW, max(1, len(models)))
    n_rows = max(1, -(-len(models) // n_columns))
    figure = make_subplots(
        rows=n_rows,
        cols=n_columns,
        subplot_titles=[_title(found) for found in rows.to_dict("records")],
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=min(0.3, 80 / (PANEL_PX * n_rows)),
    )
    middle = points[sides].mean(axis=1)
    x_range = _range(middle.to_numpy(float))
    for place, found in enumerate(rows.to_dict("records")):
        at = {"row": place // n_columns + 1, "col": place % n_columns + 1}
        part = points[points["model"] == found["model"]]
        figure.add_trace(_images(part), **at)
        for name, dash, colour in LIMITS:
            limit = [found[f"{name}{end}"] for end in ("_low", "", "_high")]
            for trace in _limit(limit, x_range, {"color": colour, "dash": dash}):
                figure.add_trace(trace, **at)
        figure.add_hline(y=0, line={"color": SOFT, "width": 1, "dash": "dot"}, **at)
    outer = rows[["lower_limit_low", "upper_limit_high"]].to_numpy(float).ravel()
    differences = (points["predicted"] - points["reference"]).to_numpy(float)
    figure.update_yaxes(range=_range(np.append(differences, outer[~np.isnan(outer)])))
    figure.update_xaxes(range=x_range)
    figure.update_xaxes(title=f"{QUANTITIES[quantity]}:<br>mean of both", row=n_rows)
    figure.update_yaxes(title="Predicted − reference", col=1)
    styled(figure, height_px=110 + PANEL_PX * n_rows, legend=False)
    figure.update_layout(margin={"t": 60, "b": 70})
    return figure


def bias_forest(agreement: pd.DataFrame, *, quantity: str) -> go.Figure:
    """Show bias and limits of agreement of every model, in percent of the reference's mean.

    Parameters
    ----------
    agreement
        From :func:`workbench.analysis.biology_agreement`.
    quantity
        Which one.

    Returns
    -------
    go.Figure
        A row per model: the dot is the bias with its interval, the thin line reaches from limit to
        limit.
    """
    rows = agreement[agreement["quantity"] == quantity]
    scale = 100 / rows["mean_reference"].abs()
    places = np.arange(len(rows))
    figure = go.Figure()
    for place, low, high in zip(
        places, rows["lower_limit"] * scale, rows["upper_limit"] * scale, strict=True
    ):
        figure.add_trace(
            go.Scatter(
                x=[low, high],
                y=[place, place],
                mode="lines+markers",
                marker={"symbol": "line-ns-open", "size": 9, "color": SOFT},
                line={"color": SOFT, "width": 1.5},
                hoverinfo="skip",
            )
        )
    bias = rows["bias"] * scale
    figure.add_trace(
        go.Scatter(
            x=bias,
            y=places,
            mode="markers",
            marker={"size": 10, "color": MODEL_COLOURS[0]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": rows["bias_high"] * scale - bias,
                "arrayminus": bias - rows["bias_low"] * scale,
                "color": MODEL_COLOURS[0],
                "thickness": 4,
                "width": 0,
            },
            customdata=rows[["model", "bias", "n", "concordance"]],
            hovertemplate=(
                "%{customdata[0]}: bias %{customdata[1]:.3g} (%{x:+.1f} %), %{customdata[2]} "
                "images, concordance %{customdata[3]:.2f}<extra></extra>"
            ),
        )
    )
    figure.add_vline(x=0, line={"color": SOFT, "dash": "dash", "width": 1})
    name = QUANTITIES[quantity].split(",", maxsplit=1)[0].split(" (", maxsplit=1)[0]
    figure.update_xaxes(
        title=(
            f"{name}, predicted − reference, % of the reference's mean<br>"
            "<sub>dot and bar: bias with interval; line: 95 % of images</sub>"
        )
    )
    styled(figure, height_px=140 + 34 * max(1, len(rows)), legend=False)
    show_rows(figure, [wrapped(model) for model in rows["model"]])
    figure.update_layout(margin={"b": 80})
    return figure


def _images(part: pd.DataFrame) -> go.Scatter:
    return go.Scatter(
        x=part[["reference", "predicted"]].mean(axis=1),
        y=part["predicted"] - part["reference"],
        mode="markers",
        marker={"size": 6, "color": translucent(INK, 0.55)},
        customdata=part[["image_id", "reference", "predicted"]],
        hovertemplate=(
            "%{customdata[0]}: reference %{customdata[1]:.4g}, predicted %{customdata[2]:.4g}"
            "<extra></extra>"
        ),
    )


def _limit(
    limit: list[float], x_range: list[float], line: dict[str, str]
) -> tuple[go.Scatter, go.Scatter]:
    """Return the band of an interval and the line in it."""
    low, middle, high = limit
    band = go.Scatter(
        x=[*x_range, *x_range[::-1]],
        y=[low, low, high, high],
        fill="toself",
        fillcolor=translucent(line["color"], 0.15),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )
    drawn = go.Scatter(
        x=x_range,
        y=[middle] * 2,
        mode="lines",
        line={**line, "width": 1.8},
        hovertemplate="%{y:.3g}<extra></extra>",
    )
    return band, drawn


def _title(found: dict[str, Any]) -> str:
    return (
        f"{wrapped(found['model'])}<br><sub>bias {found['bias']:+.3g}, limits "
        f"{found['lower_limit']:+.3g} to {found['upper_limit']:+.3g}</sub>"
    )


def _range(values: npt.NDArray[np.float64]) -> list[float]:
    if not len(values):
        return [0.0, 1.0]
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or 1.0
    return [low - margin, high + margin]
