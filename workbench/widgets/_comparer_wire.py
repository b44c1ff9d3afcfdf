"""Images, labels and cells as they cross to the browser: small, exact, in one form for all."""

import json
import zlib
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.schema import ImageArray, LabelImage

LEVEL: Final = 6
MOST_CHANNELS: Final = 8
MOST_LOOKED_UP: Final = 1 << 24
"""Ids above this are ranked by sorting, as a table of them would be too long."""


class Layer(Protocol):
    """The cells of one panel, such as :class:`workbench.studies.ImageCells`.

    ``cells`` has a row per cell of either side that the panel tells about: ``side`` ("reference" or
    "predicted"), ``cell_id``, and of predictions ``outcome`` and ``partner_id``, and whatever else
    the record of a cell shows.
    """

    @property
    def labels(self) -> LabelImage:
        """Shape (height, width); 0 is background."""

    @property
    def cells(self) -> pd.DataFrame:
        """What is known of each cell."""


class ComparerSource(Protocol):
    """Where images and cells come from, such as :func:`workbench.studies.run_pictures`."""

    @property
    def scores(self) -> pd.DataFrame:
        """``image_id`` and a column of scores per model, a row per image."""

    def image(self, image_id: str) -> tuple[ImageArray, tuple[str, ...]]:
        """Return an image, shape (height, width, channels), and the names of its channels."""

    def reference(self, image_id: str) -> Layer:
        """Return the reference labels; the cells have neither outcome nor partner."""

    def predicted(self, image_id: str, model: str) -> Layer:
        """Return what a model found, and the outcomes of its cells and of the reference's."""


@dataclass(frozen=True)
class Parcel:
    """What is sent: a short description, and blocks of deflated bytes."""

    about: dict[str, Any]
    blocks: tuple[bytes, ...]


def pack_image(
    image: ImageArray,
    channel_names: tuple[str, ...] = (),
    *,
    window: tuple[slice, slice] | None = None,
) -> Parcel:
    """Return an image in 8 bits per channel between its percentiles 0.1 and 99.9, one plane each.

    Parameters
    ----------
    image
        Shape (height, width, channels); of more than eight channels the first eight are sent.
    channel_names
        One per channel, or empty.
    window
        Rows and columns to send; the percentiles are those of the whole image. None for all.

    Returns
    -------
    Parcel
        About: height, width, and for each channel its name and the values that became 0 and 255.

    Examples
    --------
    >>> parcel = pack_image(np.array([[[0], [500]]], np.uint16))
    >>> round(parcel.about["channels"][0]["high"], 1), list(zlib.decompress(parcel.blocks[0]))
    (499.5, [0, 255])
    """
    planes, channels = [], []
    for place in range(min(image.shape[2], MOST_CHANNELS)):
        values = image[..., place].astype(np.float32)
        finite = values[np.isfinite(values)]
        low, high = np.percentile(finite, (0.1, 99.9)) if finite.size else (0.0, 1.0)
        span = high - low if high > low else 1.0
        cut = values if window is None else values[window]
        shares = np.nan_to_num((cut - low) / span, nan=0.0, posinf=1.0, neginf=0.0)
        planes.append(np.rint(255 * shares.clip(0, 1)).astype(np.uint8))
        name = channel_names[place] if place < len(channel_names) else f"channel {place + 1}"
        channels.append({"name": name, "low": float(low), "high": float(high)})
    height, width = planes[0].shape
    about = {"height": height, "width": width, "channels": channels}
    return Parcel(about, (zlib.compress(np.stack(planes).tobytes(), LEVEL),))


def pack_layer(layer: Layer) -> Parcel:
    """Return labels as ranks (0 background, n the n-th id) and the cells by column.

    Returns
    -------
    Parcel
        About: the type of the ranks. Blocks: ranks; and as JSON ``ids`` in the order of the ranks,
        and the ``columns`` of the cells, with null for what is undefined.

    Examples
    --------
    >>> from workbench.studies import ImageCells
    >>> cells = pd.DataFrame({"side": ["predicted"], "cell_id": [70], "iou": [np.nan]})
    >>> parcel = pack_layer(ImageCells(np.array([[0, 70]]), cells))
    >>> list(zlib.decompress(parcel.blocks[0]))
    [0, 0, 1, 0]
    >>> json.loads(zlib.decompress(parcel.blocks[1]))["columns"]["iou"]
    [None]
    """
    ids, ranks = _ranked(layer.labels)
    dtype = "u2" if len(ids) < np.iinfo(np.uint16).max else "u4"
    columns = {str(name): _values(layer.cells[name]) for name in layer.cells}
    told = json.dumps({"ids": ids.tolist(), "columns": columns}, separators=(",", ":"))
    blocks = (ranks.astype(f"<{dtype}").tobytes(), told.encode())
    return Parcel({"dtype": dtype}, tuple(zlib.compress(block, LEVEL) for block in blocks))


def _ranked(labels: LabelImage) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the ids present, ascending, and the place of each pixel's among them from 1 on."""
    if labels.size and labels.max() > MOST_LOOKED_UP:
        ids, ranks = np.unique(labels, return_inverse=True)
        return (ids[1:], ranks) if ids[0] == 0 else (ids, ranks + 1)
    # A look-up needs no sorting, and takes a fifth of the time.
    is_there = np.zeros(int(labels.max(initial=0)) + 1, bool)
    is_there[labels] = True
    is_there[0] = False
    return np.flatnonzero(is_there), np.cumsum(is_there, dtype=np.uint32)[labels]


def _values(column: pd.Series) -> list[Any]:
    if not pd.api.types.is_float_dtype(column.dtype):
        plain: list[Any] = column.tolist()
        return plain
    values: npt.NDArray[np.float64] = column.to_numpy(float)
    return [round(value, 4) if np.isfinite(value) else None for value in values.tolist()]
