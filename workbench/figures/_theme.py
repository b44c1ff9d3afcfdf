"""One look for all figures: fonts, colours that the colour-blind tell apart, how numbers read."""

import math
from collections.abc import Iterable
from typing import Final

import plotly.graph_objects as go

from workbench.metrics import MEASURES

# Okabe and Ito's palette, its black and yellow left out: legible on white, distinct for all.
MODEL_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7F7F7F")
MODEL_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "x", "pentagon")
# One fewer than colours: where these repeat, dashes differ.
MODEL_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

LOG_TICKS: Final = [base * 10**power for power in range(7) for base in (1, 2, 5)]
FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"


def styled(
    figure: go.Figure, *, height_px: int = 420, title: str = "", legend: bool = True
) -> go.Figure:
    """Give a finished figure the common look, and return it."""
    figure.update_layout(
        template="plotly_white",
        font={"family": FONT, "size": 13},
        height=height_px,
        title={"text": title, "font": {"size": 15}, "x": 0.01, "xanchor": "left"},
        margin={"l": 64, "r": 16, "t": 48 if title else 24, "b": 56},
        showlegend=legend,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 1.0, "xanchor": "right"},
        hoverlabel={"font": {"family": FONT}},
    )
    figure.update_xaxes(showline=True, linecolor="#999", ticks="outside", tickcolor="#999")
    figure.update_yaxes(showline=True, linecolor="#999", ticks="outside", tickcolor="#999")
    return figure


def model_colours(models: Iterable[str]) -> dict[str, str]:
    """Return a colour for each model, in order; more models than colours repeat them."""
    return _cycled(models, MODEL_COLOURS)


def model_symbols(models: Iterable[str]) -> dict[str, str]:
    """Return a marker for each model, so that colour never tells alone."""
    return _cycled(models, MODEL_SYMBOLS)


def distinct_symbols(models: Iterable[str]) -> dict[str, str]:
    """Return a marker for each model; where colours repeat, markers are hollow."""
    return {
        model: symbol if place < len(MODEL_COLOURS) else f"{symbol}-open"
        for place, (model, symbol) in enumerate(model_symbols(models).items())
    }


def model_dashes(models: Iterable[str]) -> dict[str, str]:
    """Return a line style for each model, so that colour never tells alone."""
    return _cycled(models, MODEL_DASHES)


def metric_name(metric: str) -> str:
    """Return how a measure is called on an axis, with its unit."""
    if metric not in MEASURES:
        return metric
    measure = MEASURES[metric]
    return f"{measure.title} ({measure.unit})" if measure.unit else measure.title


def metric_at(metric: str, threshold: float) -> str:
    """Return how a measure is called with the overlap that a match needs, where it has one.

    Examples
    --------
    >>> metric_at("f1", 0.5), metric_at("dice", float("nan"))
    ('F1 at IoU 0.5', 'Pixel Dice')
    """
    at = "" if math.isnan(threshold) else f" at IoU {threshold:g}"
    return metric_name(metric) + at


def metric_range(metric: str) -> list[float] | None:
    """Return the axis range of a measure, a little beyond its own; None where that has no end."""
    measure = MEASURES.get(metric)
    if measure is None or math.isinf(measure.high):
        return None
    margin = 0.03 * (measure.high - measure.low)
    return [measure.low - margin, measure.high + margin]


def translucent(colour: str, alpha: float) -> str:
    """Return a hexadecimal colour as rgba text."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def _cycled(models: Iterable[str], values: tuple[str, ...]) -> dict[str, str]:
    names = dict.fromkeys(models)
    return {model: values[place % len(values)] for place, model in enumerate(names)}
