"""Scores of models: over thresholds, over images, against the number of cells."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import interval_texts
from workbench.figures._theme import (
    LOG_TICKS,
    distinct_symbols,
    metric_at,
    metric_name,
    metric_range,
    model_colours,
    model_dashes,
    model_symbols,
    styled,
    translucent,
)
from workbench.schema import OUTCOME_COLOURS, Outcome


def score_by_threshold(table: pd.DataFrame, *, metric: str = "f1") -> go.Figure:
    """Show the mean score over images against the IoU threshold, with interval bands.

    Parameters
    ----------
    table
        From :func:`workbench.analysis.scores_by_threshold`.
    metric
        For the axis.
    """
    models = list(dict.fromkeys(table["model"]))
    colours, symbols, dashes = model_colours(models), distinct_symbols(models), model_dashes(models)
    figure = go.Figure()
    for model in models:
        part = table[table["model"] == model]
        band_x = np.concatenate([part["threshold"], part["threshold"][::-1]])
        band_y = np.concatenate([part["ci_high"], part["ci_low"][::-1]])
        figure.add_trace(
            go.Scatter(
                x=band_x,
                y=band_y,
                fill="toself",
                mode="none",
                fillcolor=translucent(colours[model], 0.15),
                legendgroup=model,
                showlegend=False,
                hoverinfo="skip",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=part["threshold"],
                y=part["mean"],
                mode="lines+markers",
                name=model,
                legendgroup=model,
                line={"color": colours[model], "dash": dashes[model], "width": 2},
                marker={"symbol": symbols[model], "size": 8},
                customdata=part[["n"]].assign(
                    interval=interval_texts(part["ci_low"], part["ci_high"])
                ),
                hovertemplate=(
                    f"{model}<br>IoU ≥ %{{x:.2f}}: %{{y:.3f}} "
                    "%{customdata[1]}, %{customdata[0]} images"
                    "<extra></extra>"
                ),
            )
        )
    figure.update_xaxes(title="IoU threshold")
    figure.update_yaxes(
        title=f"{metric_name(metric)}, mean over images", range=metric_range(metric)
    )
    return styled(figure)


def measure_curves(table: pd.DataFrame) -> go.Figure:
    """Show the means of several measures of one model against the IoU threshold.

    Parameters
    ----------
    table
        Tables of :func:`workbench.analysis.scores_by_threshold`, one under the other, with a
        column ``metric``.
    """
    metrics = list(dict.fromkeys(table["metric"]))
    colours, symbols, dashes = model_colours(metrics), model_symbols(metrics), model_dashes(metrics)
    figure = go.Figure()
    for metric in metrics:
        part = table[table["metric"] == metric]
        figure.add_trace(
            go.Scatter(
                x=part["threshold"],
                y=part["mean"],
                mode="lines+markers",
                name=metric_name(metric),
                line={"color": colours[metric], "dash": dashes[metric], "width": 2},
                marker={"symbol": symbols[metric], "size": 8},
                hovertemplate="IoU ≥ %{x:.2f}: %{y:.3f}<extra>" + metric_name(metric) + "</extra>",
            )
        )
    figure.update_xaxes(title="IoU threshold")
    figure.update_yaxes(title="Mean over images", range=[-0.03, 1.03])
    return styled(figure)


def cells_by_area(cells: pd.DataFrame, *, iou_threshold: float = 0.5) -> go.Figure:
    """Show the best IoU of every reference cell against its area.

    Parameters
    ----------
    cells
        Cell table of one model.
    iou_threshold
        Drawn as a line; cells are matched or missed at IoU 0.5.
    """
    figure = go.Figure()
    reference = cells[cells["side"] == "reference"]
    is_matched = reference["matched_iou"].notna()
    outcomes: tuple[tuple[Outcome, str, pd.Series], ...] = (
        ("matched", "circle", is_matched),
        ("missed", "x", ~is_matched),
    )
    for outcome, symbol, chosen in outcomes:
        part = reference[chosen]
        figure.add_trace(
            # Drawn by the graphics card: there may be a hundred thousand.
            go.Scattergl(
                x=part["area_px"],
                y=part["partner_iou"],
                mode="markers",
                name=f"{len(part)} {outcome}",
                marker={"color": OUTCOME_COLOURS[outcome], "symbol": symbol, "size": 6}
                | {"opacity": 0.6},
                text=part["image_id"] + ", cell " + part["cell_id"].astype(str),
                hovertemplate="%{text}<br>%{x} px, best IoU %{y:.3f}<extra></extra>",
            )
        )
    figure.add_hline(y=iou_threshold, line={"color": "#999", "dash": "dash"})
    figure.update_xaxes(
        title="Area of the reference cell, px (logarithmic)", type="log", tickvals=LOG_TICKS
    )
    figure.update_yaxes(title="IoU with the best predicted cell", range=[-0.03, 1.03])
    return styled(figure)


def score_distributions(
    paired: pd.DataFrame, *, metric: str = "f1", threshold: float = 0.5
) -> go.Figure:
    """Show every image's score for each model, with quartiles and mean.

    Parameters
    ----------
    paired
        Images x models, from :func:`workbench.analysis.paired_scores`.
    metric, threshold
        For the axis; threshold NaN for a measure that has none.
    """
    colours, symbols = model_colours(paired.columns), distinct_symbols(paired.columns)
    figure = go.Figure()
    for model in paired.columns:
        figure.add_trace(
            go.Box(
                y=paired[model],
                name=model,
                boxpoints="all",
                jitter=0.6,
                pointpos=0,
                boxmean=True,
                fillcolor=translucent(colours[model], 0.15),
                line={"color": colours[model], "width": 1.5},
                marker={"color": colours[model], "size": 5, "opacity": 0.6}
                | {"symbol": symbols[model]},
                text=paired.index,
                hovertemplate="%{text}<br>%{y:.3f}<extra>" + str(model) + "</extra>",
            )
        )
    figure.update_yaxes(
        title=f"{metric_at(metric, threshold)}, per image", range=metric_range(metric)
    )
    return styled(figure, legend=False)


def score_by_cell_count(overview: pd.DataFrame, *, metric: str = "f1") -> go.Figure:
    """Show each image's score against the number of cells in its reference.

    Parameters
    ----------
    overview
        From :func:`workbench.analysis.image_overview`.
    metric
        For the axis.
    """
    models = list(dict.fromkeys(overview["model"]))
    colours, symbols = model_colours(models), distinct_symbols(models)
    figure = go.Figure()
    for model in models:
        part = overview[(overview["model"] == model) & overview["value"].notna()]
        figure.add_trace(
            go.Scatter(
                x=part["n_reference"],
                y=part["value"],
                mode="markers",
                name=model,
                marker={"color": colours[model], "symbol": symbols[model], "size": 7}
                | {"opacity": 0.7},
                text=part["image_id"],
                hovertemplate=(
                    "%{text}<br>%{x} cells, score %{y:.3f}<extra>" + str(model) + "</extra>"
                ),
            )
        )
    figure.update_xaxes(
        title="Cells in the reference, per image (logarithmic)", type="log", tickvals=LOG_TICKS
    )
    figure.update_yaxes(title=f"{metric_name(metric)} at IoU 0.5", range=metric_range(metric))
    return styled(figure)
