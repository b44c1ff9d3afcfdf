"""Background, interior and boundary: the encoding of the benchmark study, with two decoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from workbench.inference._confidence import class_confidences
from workbench.inference._config import OfficialDecoder, WatershedDecoder
from workbench.inference._encoding import drop_small
from workbench.inference._flooding import flood, summit_seeds
from workbench.inference._smoothing import smoothed
from workbench.schema import FloatImage, LabelImage
from workbench.transforms import (
    BOUNDARY,
    INTERIOR,
    Orientation,
    cell_distances,
    three_class_target,
)

if TYPE_CHECKING:
    import torch


class ThreeClassEncoding:
    """Background, interior and boundary of cells.

    Decoded by a seeded watershed: seeds are the maxima of the distance to the nearest pixel that
    is not interior; from them the foreground (interior + boundary) is flooded, where interior is
    probable first, so that floods meet on boundaries and cells get their boundary ring back. Or by
    the official rule, which loses it.

    Examples
    --------
    >>> labels = np.zeros((24, 40), np.int32)
    >>> labels[4:20, 4:20], labels[4:20, 20:36] = 1, 2
    >>> encoding = ThreeClassEncoding()
    >>> maps = encoding.perfect(encoding.encode(labels))
    >>> np.array_equal(encoding.decode(maps, WatershedDecoder()) > 0, labels > 0)
    True
    """

    channels: Final = 3
    decoders: Final = (WatershedDecoder, OfficialDecoder)

    def encode(self, labels: LabelImage) -> FloatImage:
        """Return class 0, 1 or 2 of each pixel, one channel; see :func:`three_class_target`."""
        return three_class_target(labels)[..., np.newaxis].astype(np.float32)

    def perfect(self, target: FloatImage) -> FloatImage:
        """Return probability 1 for the class of each pixel."""
        return np.eye(3, dtype=np.float32)[target[..., 0].astype(np.intp)]

    def activate(self, logits: torch.Tensor) -> torch.Tensor:
        """Return probabilities, summing to 1 over channels."""
        return logits.softmax(dim=1)

    def turn_back(self, maps: FloatImage, orientation: Orientation) -> FloatImage:
        """Return the maps of a turned image as those of the image itself."""
        return orientation.turn_back(maps)

    def decode(self, maps: FloatImage, decoder: WatershedDecoder | OfficialDecoder) -> LabelImage:
        """Return the cells of probabilities, shape (height, width, 3).

        Returns
        -------
        ndarray of int32
            Shape (height, width), numbered from 1 without gaps; all 0 if nothing is foreground.
        """
        if isinstance(decoder, OfficialDecoder):
            labels, _ = ndimage.label(maps[..., INTERIOR] > decoder.interior_threshold)
            return drop_small(labels.astype(np.int32), decoder.min_area_px)
        interior, boundary = (
            np.ascontiguousarray(maps[..., channel]) for channel in (INTERIOR, BOUNDARY)
        )
        is_cell = interior + boundary >= decoder.foreground_threshold
        distance = cell_distances(((interior > boundary) & is_cell).astype(np.int32))
        # Infinite where interior fills the image: one summit, whatever its height.
        distance[np.isinf(distance)] = 1
        smooth = smoothed(distance, decoder.smoothing_px, reach_sd=3)
        seeds = summit_seeds(smooth, is_cell, height=decoder.seed_height_px)
        return drop_small(flood(interior, seeds, is_cell), decoder.min_area_px)

    def confidences(
        self, maps: FloatImage, labels: LabelImage
    ) -> Mapping[str, npt.NDArray[np.float32]]:
        """Return "interior" and "interior_and_rim", see :func:`class_confidences`."""
        return class_confidences(maps, labels)
