"""Three classes and the distance to the cell's edge, which tells touching cells apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from workbench.inference._confidence import class_confidences
from workbench.inference._config import DistanceDecoder
from workbench.inference._encoding import drop_small
from workbench.inference._flooding import flood, summit_seeds
from workbench.inference._smoothing import smoothed
from workbench.schema import FloatImage, LabelImage
from workbench.transforms import (
    BOUNDARY,
    INTERIOR,
    Orientation,
    distance_target,
    three_class_target,
)

if TYPE_CHECKING:
    import torch

DISTANCE: Final = 3
"""Channel of the distance in the maps."""


class ThreeClassDistanceEncoding:
    """Background, interior, boundary, and how deep in its cell each pixel lies.

    The depth is the distance to the edge as a share of the cell's largest.
    Decoded by a seeded watershed of the distance itself, over the foreground (interior +
    boundary): each cell has a summit of 1 in its middle, whatever its size.

    Examples
    --------
    >>> labels = np.zeros((24, 40), np.int32)
    >>> labels[4:20, 4:20], labels[4:20, 20:36] = 1, 2
    >>> encoding = ThreeClassDistanceEncoding()
    >>> maps = encoding.perfect(encoding.encode(labels))
    >>> np.array_equal(encoding.decode(maps, DistanceDecoder()), labels)
    True
    """

    channels: Final = 4
    decoders: Final = (DistanceDecoder,)

    def encode(self, labels: LabelImage) -> FloatImage:
        """Return class and distance, shape (height, width, 2).

        See :func:`three_class_target` and :func:`distance_target`.
        """
        return np.stack([three_class_target(labels), distance_target(labels)], axis=-1)

    def perfect(self, target: FloatImage) -> FloatImage:
        """Return probability 1 for the class of each pixel, and the distance."""
        classes = np.eye(3, dtype=np.float32)[target[..., 0].astype(np.intp)]
        return np.concatenate([classes, target[..., 1:]], axis=-1)

    def activate(self, logits: torch.Tensor) -> torch.Tensor:
        """Return three probabilities, summing to 1, and the distance, 0 to 1."""
        import torch

        return torch.cat([logits[:, :DISTANCE].softmax(dim=1), logits[:, DISTANCE:].sigmoid()], 1)

    def turn_back(self, maps: FloatImage, orientation: Orientation) -> FloatImage:
        """Return the maps of a turned image as those of the image itself."""
        return orientation.turn_back(maps)

    def decode(self, maps: FloatImage, decoder: DistanceDecoder) -> LabelImage:
        """Return the cells of maps, shape (height, width, 4).

        Returns
        -------
        ndarray of int32
            Shape (height, width), numbered from 1 without gaps; all 0 if nothing is foreground.
        """
        is_cell = maps[..., INTERIOR] + maps[..., BOUNDARY] >= decoder.foreground_threshold
        distance = np.where(is_cell, maps[..., DISTANCE], 0)
        smooth = smoothed(distance, decoder.smoothing_px)
        seeds = summit_seeds(smooth, is_cell, height=decoder.seed_height)
        return drop_small(flood(distance, seeds, is_cell), decoder.min_area_px)

    def confidences(
        self, maps: FloatImage, labels: LabelImage
    ) -> Mapping[str, npt.NDArray[np.float32]]:
        """Return "interior" and "interior_and_rim", as the three classes alone give them."""
        return class_confidences(maps, labels)
