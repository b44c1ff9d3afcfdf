"""A network from within: what its layers paint, and which pixels one place depends on."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._pictures import picture_trace, show_as_image
from workbench.figures._theme import styled
from workbench.schema import FloatImage, ImageArray

BOX_COLOUR = "#E69F00"


def feature_map_gallery(
    maps: Mapping[str, FloatImage], *, columns: int = 8, row_height_px: int = 150
) -> go.Figure:
    """Show what the layers of a network paint, a row for each.

    Parameters
    ----------
    maps
        Maps by name of the layer, shape (height, width, channels); at least one.
    columns
        Channels shown of each layer: those that vary most over the image, the strongest first.
    row_height_px
        Height of each row.

    Returns
    -------
    go.Figure
        A panel per channel, titled by its number, dark for its lowest and bright for its highest
        values.
    """
    strongest = {
        layer: np.argsort(-found.std(axis=(0, 1)), kind="stable")[:columns]
        for layer, found in maps.items()
    }
    columns = max(map(len, strongest.values()))
    titles = [
        f"channel {channels[place]}" if place < len(channels) else ""
        for channels in strongest.values()
        for place in range(columns)
    ]
    figure = make_subplots(
        len(maps),
        columns,
        subplot_titles=titles,
        row_titles=list(maps),
        horizontal_spacing=0.008,
        vertical_spacing=0.16 / len(maps),
    )
    for row, (layer, channels) in enumerate(strongest.items(), start=1):
        for column, channel in enumerate(channels, start=1):
            painted = maps[layer][..., channel : channel + 1]
            figure.add_trace(picture_trace(painted), row=row, col=column)
            show_as_image(figure, painted, row=row, col=column)
    styled(figure, height_px=len(maps) * row_height_px + 40, legend=False)
    figure.update_annotations(font_size=11)
    figure.update_layout(margin={"l": 8, "r": 32, "t": 32, "b": 8})
    return figure


def receptive_field(
    image: ImageArray, influence: FloatImage, *, place: tuple[int, int], side_px: int
) -> go.Figure:
    """Show the square of pixels that one place depends on, and how much each of them counts.

    Parameters
    ----------
    image
        Shape (height, width, channels).
    influence
        Of each pixel on the place, 0 to 1, shape (height, width).
    place
        Row and column.
    side_px
        Side of the square; odd.

    Returns
    -------
    go.Figure
        The image, and beside it the influence nearer by, the square drawn on both.
    """
    figure = make_subplots(
        1,
        2,
        subplot_titles=(
            f"{side_px} x {side_px} pixels decide on the one in the middle",
            "how much each counts",
        ),
        horizontal_spacing=0.03,
    )
    figure.add_trace(picture_trace(image), row=1, col=1)
    figure.add_trace(
        go.Heatmap(
            z=influence.astype(np.float32).round(4),
            colorscale="Cividis",
            zmin=0,
            zmax=1,
            colorbar={"title": {"text": "influence", "side": "right"}},
            hovertemplate="row %{y}, column %{x}: %{z:.2f}<extra></extra>",
        ),
        row=1,
        col=2,
    )
    row, column = place
    reach = side_px / 2
    for panel in (1, 2):
        figure.add_shape(
            type="rect",
            x0=column - reach,
            x1=column + reach,
            y0=row - reach,
            y1=row + reach,
            line={"color": BOX_COLOUR, "width": 2},
            row=1,
            col=panel,
        )
        show_as_image(figure, image, row=1, col=panel)
    # Nearer by: the square would be a speck on a large image.
    figure.update_xaxes(range=[column - side_px, column + side_px], row=1, col=2)
    figure.update_yaxes(range=[row + side_px, row - side_px], row=1, col=2)
    figure.add_trace(
        go.Scatter(
            x=[column], y=[row], mode="markers", hoverinfo="skip",
            marker={"color": BOX_COLOUR, "size": 9, "symbol": "x"},
        ),
        row=1,
        col=1,
    )  # fmt: skip
    styled(figure, height_px=440, legend=False)
    figure.update_layout(margin={"l": 8, "r": 8, "t": 32, "b": 8})
    return figure
