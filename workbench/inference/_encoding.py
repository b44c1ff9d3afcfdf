"""What a target encoding is: labels to targets, targets to maps, maps back to cells.

Encoder and decoder are one object, so that what an encoding can never give back is measured
without a network: encode the reference, decode it, score it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from workbench.schema import FloatImage, LabelImage
from workbench.transforms import Orientation

if TYPE_CHECKING:
    import torch


class Encoding(Protocol):
    """A way to write labels as maps that a network can paint, and to read them back."""

    @property
    def channels(self) -> int:
        """Channels of the maps, and so of a network's logits."""

    @property
    def decoders(self) -> tuple[type[BaseModel], ...]:
        """Kinds of decoder that read these maps, the default first."""

    def encode(self, labels: LabelImage) -> FloatImage:
        """Return what a network is trained on, shape (height, width, target channels)."""

    def perfect(self, target: FloatImage) -> FloatImage:
        """Return the maps of a network without error, shape (height, width, channels)."""

    def activate(self, logits: torch.Tensor) -> torch.Tensor:
        """Return logits as maps, both of shape (batch, channels, height, width)."""

    def turn_back(self, maps: FloatImage, orientation: Orientation) -> FloatImage:
        """Return the maps of a turned image as those of the image itself."""

    def decode(self, maps: FloatImage, decoder: Any) -> LabelImage:
        """Return the cells of maps, int32, numbered from 1 without gaps."""

    def confidences(
        self, maps: FloatImage, labels: LabelImage
    ) -> Mapping[str, npt.NDArray[np.float32]]:
        """Return how sure the maps are of each cell of a label image, 0 to 1, by definition.

        One value a cell, in the order of ids 1 to n. "interior" is there for every encoding;
        "interior_and_rim" where boundaries are a class of their own.
        """


def drop_small(labels: LabelImage, min_area_px: int) -> LabelImage:
    """Return labels without cells below an area, numbered from 1 without gaps."""
    areas = np.bincount(labels.ravel())
    keep = areas >= max(min_area_px, 1)
    keep[0] = False
    number = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    numbered: LabelImage = number[labels]
    return numbered
