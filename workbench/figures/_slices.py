"""Models on one kind of image and another."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import (
    INK,
    ONE_COLOUR,
    SOFT,
    colour_bar,
    interval_texts,
    row_height_px,
    show_rows,
    wrapped,
)
from workbench.figures._theme import (
    MODEL_COLOURS,
    distinct_symbols,
    metric_name,
    metric_range,
    model_colours,
    model_dashes,
    styled,
)

MOST_LINES: Final = 2 * len(MODEL_COLOURS)
"""So many models can be told apart as lines."""

MOST_WITH_NUMBERS: Final = 40
SCORES: Final = [[0, "#FFFFFF"], [0.5, "#7FB8DA"], [1, "#00507F"]]


def interaction_plot(slices: pd.DataFrame, *, metric: str = "f1", by: str = "") -> go.Figure:
    """Show the mean of each model on each kind of image: parallel lines mean no interaction.

    Parameters
    ----------
    slices
        From :func:`workbench.analysis.slice_scores`.
    metric
        For the axis.
    by
        What parts the images, for the axis.

    Returns
    -------
    go.Figure
        Lines with 95 % intervals; slices with few images have hollow markers. More than 14 models
        can't be told apart as lines: they are shown as a heat map.
    """
    models = list(dict.fromkeys(slices["model"]))
    names = list(dict.fromkeys(slices["slice"]))
    if len(models) > MOST_LINES:
        return _heat_map(slices, models, names, metric, by)
    place = {name: number for number, name in enumerate(names)}
    colours, symbols, dashes = model_colours(models), distinct_symbols(models), model_dashes(models)
    # Side by side, so that no interval hides another.
    step = min(0.09, 0.6 / len(models))
    figure = go.Figure()
    for number, model in enumerate(models):
        part = slices[slices["model"] == model]
        shift = step * (number - (len(models) - 1) / 2)
        filled = symbols[model].removesuffix("-open")
        few = part["few"].to_numpy(bool)
        figure.add_trace(
            go.Scatter(
                x=part["slice"].map(place) + shift,
                y=part["mean"],
                mode="lines+markers",
                name=model,
                line={"color": colours[model], "dash": dashes[model], "width": 1.8},
                marker={
                    "symbol": np.where(few, f"{filled}-open", symbols[model]),
                    "size": 9,
                    "line": {"width": 1.5, "color": colours[model]},
                },
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": part["ci_high"] - part["mean"],
                    "arrayminus": part["mean"] - part["ci_low"],
                    "thickness": 1.2,
                    "width": 3,
                },
                customdata=part[["slice", "n"]].assign(
                    interval=interval_texts(part["ci_low"], part["ci_high"])
                ),
                hovertemplate=(
                    f"{model}, %{{customdata[0]}}<br>%{{y:.3f}} %{{customdata[2]}}, "
                    "%{customdata[1]} images<extra></extra>"
                ),
            )
        )
    _name_slices(figure, slices, names, by)
    figure.update_yaxes(
        title=f"{metric_name(metric)}, mean over images", range=metric_range(metric)
    )
    styled(figure, height_px=460 + 12 * (len(models) // 3))
    figure.update_layout(
        legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"}
    )
    return figure


def slice_forest(
    compared: pd.DataFrame, *, metric: str = "f1", first: str, second: str
) -> go.Figure:
    """Show how far one model lies above another in each slice of the images.

    Parameters
    ----------
    compared
        From :func:`workbench.analysis.compare_slices`.
    metric, first, second
        For the axis.

    Returns
    -------
    go.Figure
        Filled where Benjamini and Hochberg's adjusted p lies below 0.05; slices with few images
        are grey, those without any have no mark.
    """
    few = compared["few"].to_numpy(bool)
    clear = (compared["p_bh"] < 0.05).to_numpy()
    colour = np.where(few, "#999999", ONE_COLOUR)
    figure = go.Figure(
        go.Scatter(
            x=compared["mean_difference"],
            y=np.arange(len(compared)),
            mode="markers",
            marker={
                "size": 11,
                "symbol": np.where(few, "diamond", "circle"),
                "color": np.where(clear, colour, "#FFFFFF"),
                "line": {"width": 2, "color": colour},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": compared["ci_high"] - compared["mean_difference"],
                "arrayminus": compared["mean_difference"] - compared["ci_low"],
                "color": SOFT,
                "thickness": 1.8,
            },
            customdata=compared[["slice", "n", "p_bh"]].assign(
                interval=interval_texts(compared["ci_low"], compared["ci_high"])
            ),
            hovertemplate=(
                "%{customdata[0]}, %{customdata[1]} images<br>%{x:+.3f} %{customdata[3]}, adjusted "
                "p = %{customdata[2]:.2g}<extra></extra>"
            ),
        )
    )
    figure.add_vline(x=0, line={"color": SOFT, "dash": "dash", "width": 1})
    figure.update_xaxes(
        title=(
            f"Difference in mean {metric_name(metric)}, {wrapped(first)} − {wrapped(second)}<br>"
            "<sub>filled: adjusted p < 0.05; grey diamond: few images</sub>"
        )
    )
    labels = [
        f"{wrapped(str(name))}<br>n = {n}"
        for name, n in zip(compared["slice"], compared["n"], strict=True)
    ]
    styled(figure, height_px=140 + row_height_px(labels, least_px=32) * len(labels), legend=False)
    show_rows(figure, labels)
    figure.update_layout(margin={"b": 80})
    return figure


def _heat_map(
    slices: pd.DataFrame, models: list[str], names: list[str], metric: str, by: str
) -> go.Figure:
    means = slices.pivot_table(index="model", columns="slice", values="mean", dropna=False)
    rows = [wrapped(model) for model in models]
    values = means.loc[models, names].to_numpy(float)
    figure = go.Figure(
        go.Heatmap(
            z=values,
            colorscale=SCORES,
            texttemplate="%{z:.2f}" if len(names) <= 12 else None,
            textfont={"size": 10},
            customdata=[[(model, name) for name in names] for model in models],
            hovertemplate="%{customdata[0]}, %{customdata[1]}: %{z:.3f}<extra></extra>",
            xgap=1,
            ygap=1,
            colorbar=colour_bar(metric_name(metric)),
        )
    )
    styled(figure, height_px=160 + row_height_px(rows, least_px=22) * len(models), legend=False)
    show_rows(figure, rows)
    _name_slices(figure, slices, names, by)
    return figure


def _name_slices(figure: go.Figure, slices: pd.DataFrame, names: list[str], by: str) -> None:
    """Name the slices along the axis with their images, and say which have few."""
    facts = slices.drop_duplicates("slice").set_index("slice")
    texts = [
        f"{wrapped(str(name), width=18)}<br>n = {facts.loc[name, 'n']}"
        + (" (few)" if facts.loc[name, "few"] else "")
        for name in names
    ]
    figure.update_xaxes(
        title=by,
        tickvals=list(range(len(names))),
        ticktext=texts,
        range=[-0.5, len(names) - 0.5],
        automargin=True,
        showgrid=False,
        zeroline=False,
        linecolor=INK,
    )
