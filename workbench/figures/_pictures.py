"""Microscopy images as pictures a browser shows."""

import base64
from typing import Final

import imagecodecs
import numpy as np
import plotly.graph_objects as go

from workbench.schema import ImageArray
from workbench.transforms import normalise_percentiles

MAX_SIDE_PX: Final = 1024
JPEG_QUALITY: Final = 88


def picture_trace(image: ImageArray) -> go.Image:
    """Return an image as a plotly trace, contrast stretched, at most 1,024 pixels a side.

    Parameters
    ----------
    image
        Shape (height, width, channels): grey, or up to three channels as red, green, blue.

    Returns
    -------
    go.Image
        In pixel coordinates of the original, whatever size is stored.
    """
    step = max(1, -(-max(image.shape[:2]) // MAX_SIDE_PX))
    shown = image[::step, ::step, :3]
    stretched = (normalise_percentiles(shown) * 255).round().astype(np.uint8)
    if stretched.shape[2] == 1:
        pixels = stretched[..., 0]
    else:
        pixels = np.pad(stretched, ((0, 0), (0, 0), (0, 3 - stretched.shape[2])))
    encoded = base64.b64encode(
        imagecodecs.jpeg8_encode(np.ascontiguousarray(pixels), level=JPEG_QUALITY)
    ).decode()
    return go.Image(
        source=f"data:image/jpeg;base64,{encoded}",
        dx=step,
        dy=step,
        x0=(step - 1) / 2,
        y0=(step - 1) / 2,
        hoverinfo="skip",
    )


def show_as_image(figure: go.Figure, **place: int) -> None:
    """Give the axes of a subplot square pixels and no ticks, row 0 at the top."""
    x_axis = next(figure.select_xaxes(**place))
    figure.update_xaxes(visible=False, constrain="domain", **place)
    figure.update_yaxes(
        visible=False,
        autorange="reversed",
        constrain="domain",
        scaleanchor=x_axis.plotly_name.replace("xaxis", "x"),
        **place,
    )
