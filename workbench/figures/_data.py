"""What a data set holds, before any model has seen it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._overlays import REFERENCE_COLOUR, joined_outlines
from workbench.figures._pictures import picture_trace, show_as_image
from workbench.figures._theme import LOG_TICKS, model_colours, model_symbols, styled, translucent
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


def cell_count_distribution(images: pd.DataFrame, *, by: str = "split") -> go.Figure:
    """Show how many cells the images hold, by a column.

    Parameters
    ----------
    images
        From :func:`workbench.studies.survey_dataset`.
    by
        Column whose values become boxes.
    """
    return _boxes(images.dropna(subset="n_cells"), "n_cells", by, "Cells per image")


def area_distribution(cells: pd.DataFrame, images: pd.DataFrame, *, by: str = "split") -> go.Figure:
    """Show how large cells are, by a column of the images.

    Parameters
    ----------
    cells, images
        From :func:`workbench.studies.survey_dataset`.
    by
        Column of ``images`` whose values become curves.
    """
    labelled = cells.merge(images[["image_id", by]].rename(columns={by: "by"}), on="image_id")
    groups = list(dict.fromkeys(images[by]))
    colours = model_colours(groups)
    # Bins of equal ratio, the same for all groups, so that shapes compare.
    edges = np.geomspace(
        max(0.5, labelled["diameter_px"].min() * 0.9), labelled["diameter_px"].max() * 1.1, 40
    )
    middles = np.sqrt(edges[1:] * edges[:-1])
    figure = go.Figure()
    for group in groups:
        diameters = labelled.loc[labelled["by"] == group, "diameter_px"]
        counts, _ = np.histogram(diameters, bins=edges)
        figure.add_trace(
            go.Scatter(
                x=middles,
                y=100 * counts / max(1, counts.sum()),
                mode="lines",
                line={"shape": "hvh", "color": colours[group], "width": 2},
                fill="tozeroy",
                fillcolor=translucent(colours[group], 0.12),
                name=f"{group} ({len(diameters):,} cells)",
                hovertemplate="diameter %{x:.0f} px: %{y:.1f} % of cells<extra></extra>",
            )
        )
    figure.update_xaxes(
        title="Diameter of the disc of equal area, px (logarithmic)", type="log", tickvals=LOG_TICKS
    )
    figure.update_yaxes(title="Cells of the group, %", rangemode="tozero")
    return styled(figure)


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


def _boxes(table: pd.DataFrame, column: str, by: str, title: str) -> go.Figure:
    groups = list(dict.fromkeys(table[by]))
    colours = model_colours(groups)
    figure = go.Figure()
    for group in groups:
        part = table[table[by] == group]
        figure.add_trace(
            go.Box(
                y=part[column],
                name=f"{group}<br>({len(part)} images)",
                boxpoints="all",
                jitter=0.5,
                pointpos=0,
                fillcolor=translucent(colours[group], 0.15),
                line={"color": colours[group], "width": 1.5},
                marker={"color": colours[group], "size": 4, "opacity": 0.6},
                text=part["image_id"],
                hovertemplate="%{text}: %{y}<extra></extra>",
            )
        )
    figure.update_yaxes(title=title, rangemode="tozero")
    return styled(figure, legend=False)
