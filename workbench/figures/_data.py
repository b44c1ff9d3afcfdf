"""What a data set holds, before any model has seen it."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._overlays import REFERENCE_COLOUR, joined_outlines
from workbench.figures._pictures import picture_trace, show_as_image
from workbench.figures._theme import model_colours, model_symbols, styled
from workbench.schema import Sample
from workbench.transforms import label_outlines


def image_gallery(
    samples: Sequence[Sample], *, columns: int = 6, title: str = "Reference outlines"
) -> go.Figure:
    """Show images with the outlines of their labels, which the legend switches off.

    Parameters
    ----------
    samples
        At least one.
    title
        What the outlines are.
    columns
        Images per row.
    """
    columns = min(columns, len(samples))
    rows = -(-len(samples) // columns)
    figure = make_subplots(
        rows,
        columns,
        subplot_titles=[sample.image_id[:24] for sample in samples],
        horizontal_spacing=0.01,
        vertical_spacing=0.1 / rows,
    )
    for place, sample in enumerate(samples):
        at = {"row": place // columns + 1, "col": place % columns + 1}
        figure.add_trace(picture_trace(sample.image), **at)
        if sample.reference is not None:
            x, y = joined_outlines(label_outlines(sample.reference))
            figure.add_trace(
                go.Scatter(
                    x=x,
                    y=y,
                    mode="lines",
                    line={"color": REFERENCE_COLOUR, "width": 1.2},
                    name=title,
                    legendgroup="reference",
                    showlegend=place == 0,
                    hoverinfo="skip",
                ),
                **at,
            )
        show_as_image(figure, sample.image, **at)
    styled(figure, height_px=rows * 230 + 60)
    figure.update_annotations(font_size=10)
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 32, "b": 36},
        legend={"y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center"},
    )
    return figure


def count_agreement(overview: pd.DataFrame) -> go.Figure:
    """Show predicted against reference cell counts, one point per image and model.

    Parameters
    ----------
    overview
        From :func:`workbench.analysis.image_overview`.
    """
    models = list(dict.fromkeys(overview["model"]))
    colours, symbols = model_colours(models), model_symbols(models)
    largest = max(1, overview[["n_reference", "n_predicted"]].to_numpy().max()) * 1.05
    figure = go.Figure(
        go.Scatter(
            x=[0, largest],
            y=[0, largest],
            mode="lines",
            line={"color": "#999", "dash": "dash"},
            name="equal counts",
            hoverinfo="skip",
        )
    )
    for model in models:
        part = overview[overview["model"] == model]
        figure.add_trace(
            go.Scatter(
                x=part["n_reference"],
                y=part["n_predicted"],
                mode="markers",
                name=model,
                marker={"color": colours[model], "symbol": symbols[model], "size": 7}
                | {"opacity": 0.7},
                text=part["image_id"],
                hovertemplate="%{text}<br>%{y} predicted, %{x} in the reference<extra></extra>",
            )
        )
    figure.update_xaxes(title="Cells in the reference, per image")
    figure.update_yaxes(title="Cells predicted, per image")
    return styled(figure)
