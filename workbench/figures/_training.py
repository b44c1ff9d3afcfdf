"""How training went, and what it was shown."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._pictures import picture_trace, show_as_image
from workbench.figures._theme import distinct_symbols, metric_range, model_colours, styled
from workbench.schema import ImageArray


def training_curves(histories: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Show losses and validation F1 over epochs.

    Parameters
    ----------
    histories
        History tables by member name; epochs without a validation have NaN there.

    Returns
    -------
    go.Figure
        Left the losses (training solid, validation dashed), right the validation F1, its best
        epoch marked by a star.
    """
    colours, symbols = model_colours(histories), distinct_symbols(histories)
    figure = make_subplots(1, 2, subplot_titles=("Loss", "Validation F1 at IoU 0.5"))
    for name, history in histories.items():
        validated = history.dropna(subset="validation_f1")
        line = {"color": colours[name], "width": 2}
        figure.add_trace(
            go.Scatter(
                x=history["epoch"],
                y=history["train_loss"],
                # A line alone would not show a single epoch.
                mode="lines" if len(history) > 1 else "markers",
                name=f"{name}, training",
                line=line,
            ),
            row=1,
            col=1,
        )
        figure.add_trace(
            go.Scatter(
                x=validated["epoch"],
                y=validated["validation_loss"],
                mode="lines+markers",
                name=f"{name}, validation",
                line=line | {"dash": "dash"},
                marker={"symbol": symbols[name], "size": 7},
            ),
            row=1,
            col=1,
        )
        best = validated["validation_f1"] == validated["validation_f1"].max()
        figure.add_trace(
            go.Scatter(
                x=validated["epoch"],
                y=validated["validation_f1"],
                mode="lines+markers",
                line=line | {"dash": "dash"},
                marker={
                    "symbol": np.where(best, "star", symbols[name]),
                    "size": np.where(best, 14, 7),
                },
                name=f"{name}, validation",
                showlegend=False,
            ),
            row=1,
            col=2,
        )
    figure.update_xaxes(title="Epoch")
    figure.update_yaxes(title="Loss", row=1, col=1)
    figure.update_yaxes(title="F1, mean over images", range=metric_range("f1"), row=1, col=2)
    styled(figure)
    figure.update_layout(legend={"y": -0.22, "yanchor": "top", "x": 0.5, "xanchor": "center"})
    figure.update_layout(margin={"b": 90, "t": 40})
    return figure


def class_map(image: ImageArray, classes: npt.NDArray[np.uint8]) -> go.Figure:
    """Show an image beside its three-class target.

    Parameters
    ----------
    image
        Shape (height, width, channels).
    classes
        Shape (height, width): background 0, interior 1, boundary 2.
    """
    figure = make_subplots(
        1, 2, subplot_titles=("image", "target"), shared_xaxes="all", shared_yaxes="all",
        horizontal_spacing=0.02,
    )  # fmt: skip
    figure.add_trace(picture_trace(image), row=1, col=1)
    colours = ("#1B1B2F", "#56B4E9", "#E69F00")
    edges = np.repeat(np.linspace(0, 1, 4), 2)[1:-1]
    figure.add_trace(
        go.Heatmap(
            z=classes,
            zmin=-0.5,
            zmax=2.5,
            colorscale=[[edge, colours[i // 2]] for i, edge in enumerate(edges)],
            colorbar={"tickvals": [0, 1, 2], "ticktext": ["background", "interior", "boundary"]},
            hovertemplate="class %{z}<extra></extra>",
        ),
        row=1,
        col=2,
    )
    for column in (1, 2):
        show_as_image(figure, image, row=1, col=column)
    styled(figure, height_px=420, legend=False)
    figure.update_layout(margin={"l": 8, "r": 8, "t": 32, "b": 8})
    return figure


def map_gallery(
    image: ImageArray, maps: Mapping[str, npt.NDArray[np.floating[Any]]], *, most: int = 7
) -> go.Figure:
    """Show an image and beside it maps of it, each on a scale of its own.

    Parameters
    ----------
    image
        Shape (height, width, channels).
    maps
        Shape (height, width) each, by name; a map with negative values gets a scale that has
        white at 0.
    most
        How many maps to show at most; of more, the first ones.
    """
    shown = dict(list(maps.items())[:most])
    columns = min(4, 1 + len(shown))
    rows = -(-(1 + len(shown)) // columns)
    gap = 0.08
    figure = make_subplots(
        rows, columns, subplot_titles=("image", *shown), shared_xaxes="all", shared_yaxes="all",
        horizontal_spacing=gap, vertical_spacing=0.12 / rows,
    )  # fmt: skip
    figure.add_trace(picture_trace(image), row=1, col=1)
    width = (1 - gap * (columns - 1)) / columns
    for place, (name, values) in enumerate(shown.items(), start=1):
        row, column = place // columns, place % columns
        signed = bool((values < 0).any())
        largest = float(np.abs(values).max(initial=0)) or 1.0
        y_axis = next(figure.select_yaxes(row=row + 1, col=column + 1))
        low, high = y_axis.domain
        figure.add_trace(
            go.Heatmap(
                z=values,
                zmin=-largest if signed else 0,
                zmax=largest,
                colorscale="RdBu" if signed else "Cividis",
                colorbar={
                    "x": column * (width + gap) + width + 0.005,
                    "y": (low + high) / 2,
                    "len": (high - low) * 0.75,
                    "thickness": 8,
                    "xpad": 0,
                },
                hovertemplate=f"{name} %{{z:.3g}}<extra></extra>",
            ),
            row=row + 1,
            col=column + 1,
        )
    for place in range(1 + len(shown)):
        show_as_image(figure, image, row=place // columns + 1, col=place % columns + 1)
    for place in range(1 + len(shown), rows * columns):
        at = {"row": place // columns + 1, "col": place % columns + 1}
        figure.update_xaxes(visible=False, **at)
        figure.update_yaxes(visible=False, **at)
    styled(figure, height_px=rows * 240 + 30, legend=False)
    figure.update_layout(margin={"l": 8, "r": 40, "t": 32, "b": 8})
    return figure
