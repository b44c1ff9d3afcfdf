"""What reviewing brings, and which images are hard."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import INK, ONE_COLOUR, SOFT
from workbench.figures._theme import MODEL_COLOURS, metric_name, metric_range, styled, translucent


def review_curve(progress: pd.DataFrame, *, model: str) -> go.Figure:
    """Show how the mean F1 rises as errors are corrected in the order of the queue.

    Parameters
    ----------
    progress
        From :func:`workbench.analysis.review_progress`.
    model
        Whose errors, for the axis.

    Returns
    -------
    go.Figure
        With a band for the 95 % interval over images; dashed is what as many corrections in any
        order bring.
    """
    steps = progress["n_events"]
    figure = go.Figure(
        [
            go.Scatter(
                x=[*steps, *steps[::-1]],
                y=[*progress["high"], *progress["low"][::-1]],
                fill="toself",
                fillcolor=translucent(ONE_COLOUR, 0.18),
                line={"width": 0},
                name="95 % interval",
                hoverinfo="skip",
            ),
            go.Scatter(
                x=steps,
                y=progress["in_any_order"],
                mode="lines",
                line={"color": SOFT, "dash": "dash", "width": 2},
                name="in any order",
                hovertemplate="%{x} errors: %{y:.3f}<extra>in any order</extra>",
            ),
            go.Scatter(
                x=steps,
                y=progress["mean_f1"],
                mode="lines",
                line={"color": ONE_COLOUR, "width": 2.5},
                name="in the order of the queue",
                customdata=progress[["n_cells", "n_images", "low", "high"]],
                hovertemplate=(
                    "%{x} errors (%{customdata[0]} cells in %{customdata[1]} images): %{y:.3f} "
                    "[%{customdata[2]:.3f}, %{customdata[3]:.3f}]<extra></extra>"
                ),
            ),
        ]
    )
    lowest = np.nanmin([progress["mean_f1"].min(), progress["low"].min()])
    figure.update_xaxes(title=f"Errors of {model} corrected", rangemode="tozero")
    figure.update_yaxes(
        title=f"{metric_name('f1')} at IoU 0.5, mean over images", range=[lowest - 0.02, 1.01]
    )
    return styled(figure)


def difficulty_map(difficulty: pd.DataFrame) -> go.Figure:
    """Show which images are hard for all models, and on which the models disagree.

    Parameters
    ----------
    difficulty
        From :func:`workbench.analysis.image_difficulty`.

    Returns
    -------
    go.Figure
        A point per image, named where the pointer rests and in ``customdata``: to the left the
        hard ones, on top those on which models differ most.
    """
    figure = go.Figure()
    for is_hard, name, symbol, colour in (
        (False, "other images", "circle", MODEL_COLOURS[0]),
        (True, "hard for all: the best model there scores less than the weakest does on average",
         "diamond", MODEL_COLOURS[1]),
    ):  # fmt: skip
        part = difficulty[difficulty["hard_for_all"] == is_hard]
        figure.add_trace(
            go.Scatter(
                x=part["mean"],
                y=part["spread"],
                mode="markers",
                name=name,
                marker={
                    "symbol": symbol,
                    "size": 9,
                    "color": translucent(colour, 0.65),
                    "line": {"width": 1, "color": INK},
                },
                customdata=part[
                    ["image_id", "n_reference", "best_model", "best", "worst_model", "worst",
                     "discrimination"]
                ],
                hovertemplate=(
                    "%{customdata[0]}, %{customdata[1]} cells<br>best %{customdata[2]} "
                    "%{customdata[3]:.2f}, worst %{customdata[4]} %{customdata[5]:.2f}<br>"
                    "discrimination %{customdata[6]:.2f}<extra></extra>"
                ),
            )
        )  # fmt: skip
    figure.update_xaxes(title=f"{metric_name('f1')}, mean over models", range=metric_range("f1"))
    highest = max(0.1, float(difficulty["spread"].max()))
    figure.update_yaxes(
        title="Best model's F1 − worst model's", range=[-0.03 * highest, 1.05 * highest]
    )
    styled(figure, height_px=460)
    figure.update_layout(legend={"x": 0, "xanchor": "left", "font": {"size": 12}}, margin={"t": 56})
    return figure
