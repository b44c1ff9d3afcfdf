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


def show_as_image(figure: go.Figure, image: ImageArray, **place: int) -> None:
    """Give the axes of a subplot the frame of an image: square pixels, no ticks, row 0 on top.

    Parameters
    ----------
    figure
        Whose axes to set.
    image
        Shape (height, width, ...).
    place
        ``row`` and ``col`` of the subplot; nothing for a figure without subplots.
    """
    height, width = image.shape[:2]
    frame = {"visible": False, "constrain": "domain"}
    figure.update_xaxes(range=[-0.5, width - 0.5], **frame, **place)
    figure.update_yaxes(range=[height - 0.5, -0.5], **frame, **place)
    x_axis, y_axis = next(figure.select_xaxes(**place)), next(figure.select_yaxes(**place))
    if not y_axis.matches:  # an axis linked to another takes its scale from there
        y_axis.scaleanchor = x_axis.plotly_name.replace("xaxis", "x")
