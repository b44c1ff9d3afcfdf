"""Every image's score, as cloud, box and rain."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import INK, row_height_px, row_looks, show_rows, wrapped
from workbench.figures._theme import metric_at, metric_range, styled, translucent

MAX_SVG_POINTS: Final = 4_000
MAX_POINTS: Final = 60_000
"""Of more images every n-th is drawn as a point; clouds and boxes hold all."""

GOLDEN: Final = 0.618034
"""Multiples of it, without their whole part, fill a strip evenly and look the same every time."""


def raincloud(paired: pd.DataFrame, *, metric: str = "f1", threshold: float = 0.5) -> go.Figure:
    """Show every image's score for each model: distribution, quartiles, mean and images.

    Parameters
    ----------
    paired
        Images x models, from :func:`workbench.analysis.paired_scores`.
    metric, threshold
        For the axis; threshold NaN for a measure that has none.

    Returns
    -------
    go.Figure
        A row per model: above the half violin of its scores, in the middle a box of median and
        quartiles with the mean as dashed line, below a point per image, named where the pointer
        rests and in the trace's ``customdata``. Of more than 60,000 points an even choice is
        drawn, and the axis says so.
    """
    models = [str(model) for model in paired.columns]
    colours, symbols = row_looks(models)
    step = -(-paired.size // MAX_POINTS) or 1
    points = go.Scattergl if paired.size > MAX_SVG_POINTS else go.Scatter
    shown = paired.iloc[::step]
    strip = (np.arange(len(shown)) * GOLDEN) % 1
    figure = go.Figure()
    for row, model in enumerate(models):
        values = paired.iloc[:, row].to_numpy(float)
        colour = colours[model]
        figure.add_trace(
            go.Violin(
                x=values,
                y0=row - 0.08,
                orientation="h",
                # The axis points down: the negative side is above.
                side="negative",
                width=0.74,
                points=False,
                spanmode="hard",
                fillcolor=translucent(colour, 0.3),
                line={"color": colour, "width": 1.2},
                hoverinfo="skip",
            )
        )
        figure.add_trace(
            go.Box(
                x=values,
                y0=row,
                orientation="h",
                width=0.12,
                boxpoints=False,
                boxmean=True,
                fillcolor="#FFFFFF",
                line={"color": INK, "width": 1.2},
                name=model,
                hoverinfo="x",
            )
        )
        figure.add_trace(
            points(
                x=shown.iloc[:, row],
                y=row + 0.12 + 0.26 * strip,
                mode="markers",
                marker={"color": colour, "symbol": symbols[model], "size": 5, "opacity": 0.6},
                customdata=shown.index,
                hovertemplate=f"%{{customdata}}<br>%{{x:.3f}}<extra>{model}</extra>",
            )
        )
    left_out = "" if step == 1 else f"; of the points one in {step} is drawn"
    figure.update_xaxes(
        title=f"{metric_at(metric, threshold)}, per image{left_out}", range=metric_range(metric)
    )
    names = [wrapped(model) for model in models]
    styled(
        figure,
        height_px=100
        + row_height_px(names, least_px=84 if len(models) <= 12 else 52) * len(models),
        legend=False,
    )
    show_rows(figure, names)
    figure.update_yaxes(showgrid=False, ticks="")
    figure.update_layout(violingap=0, violinmode="overlay", boxmode="overlay")
    return figure
