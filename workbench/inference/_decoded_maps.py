"""Cells of maps that networks have painted before."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.inference._config import PredictionConfig
from workbench.inference._encodings import find_encoding, fitting_decoder
from workbench.inference._model_files import ModelDescription
from workbench.inference._prediction import Prediction
from workbench.inference._tiles import decode_in_tiles
from workbench.transforms import restore_labels


def decode_maps(
    maps: npt.NDArray[np.floating[Any]],
    *,
    description: ModelDescription,
    config: PredictionConfig,
    size_px: tuple[int, int],
    pixel_size_um: float | None = None,
) -> Prediction:
    """Find the cells in maps that networks have painted, as a prediction would have done.

    Parameters
    ----------
    maps
        Shape (height, width, channels) of the prepared image, of any precision: they are decoded
        in single precision.
    description, config, pixel_size_um
        As in :func:`segment_image`.
    size_px
        Height and width of the image as it was taken.

    Returns
    -------
    Prediction
        Labels of shape ``size_px``, and the confidences of their cells.

    Raises
    ------
    InputError
        If the decoder does not read the maps.

    Examples
    --------
    >>> from workbench.inference import ENCODINGS, ModelDescription, PredictionConfig
    >>> encoding, labels = ENCODINGS["three_class"], np.pad(np.ones((8, 8), np.int32), 4)
    >>> maps = encoding.perfect(encoding.encode(labels))
    >>> unet = ModelDescription(architecture="unet")
    >>> found = decode_maps(maps, description=unet, config=PredictionConfig(), size_px=(16, 16))
    >>> int(found.labels.max()), found.confidences["interior"]
    (1, array([1.], dtype=float32))
    """
    found = decode_in_tiles(
        lambda place: maps[place].astype(np.float32, copy=False),
        (maps.shape[0], maps.shape[1]),
        encoding=find_encoding(description.encoding),
        decoder=fitting_decoder(description.encoding, config.decoder or description.decoder),
        tile_px=config.tile_px,
        overlap_px=config.tile_overlap_px,
    )
    restored = restore_labels(
        found.labels, description.preparation, size_px=size_px, pixel_size_um=pixel_size_um
    ).labels
    # Cells that are too small for the size of the image as it was taken have vanished.
    kept = np.setdiff1d(restored, [0])
    return Prediction(
        np.searchsorted(np.append(0, kept), restored).astype(np.int32),
        {name: values[kept - 1] for name, values in found.confidences.items()},
    )
