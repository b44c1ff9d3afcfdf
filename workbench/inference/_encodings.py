"""Target encodings, each with the decoder that turns network output back into cells.

Encoder and decoder are one object, so that what an encoding can never give back is measured
without a network: encode the reference, decode it, score it.
"""

from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from workbench.inference._config import DecoderConfig
from workbench.schema import FloatImage, LabelImage
from workbench.transforms import BOUNDARY, INTERIOR, three_class_target


class Encoding(Protocol):
    """A way to write labels as a map of classes, and to read them back."""

    @property
    def channels(self) -> int:
        """Number of channels a network must have."""

    def encode(self, labels: LabelImage) -> npt.NDArray[np.uint8]:
        """Return the training target, shape (height, width)."""

    def decode(self, probabilities: FloatImage, config: DecoderConfig) -> LabelImage:
        """Return the cells of a probability map, shape (height, width, channels)."""


class ThreeClassEncoding:
    """Background, interior and boundary of cells; decoded by a seeded watershed.

    Seeds are the maxima of the distance to the nearest pixel that is not interior; from them the
    foreground probability (interior + boundary) is flooded, so that cells get their boundary ring
    back.

    Examples
    --------
    >>> labels = np.zeros((24, 40), np.int32)
    >>> labels[4:20, 4:20], labels[4:20, 20:36] = 1, 2
    >>> from workbench.inference import DecoderConfig
    >>> encoding = ThreeClassEncoding()
    >>> target = encoding.encode(labels)
    >>> certain = np.eye(3, dtype=np.float32)[target]
    >>> np.array_equal(encoding.decode(certain, DecoderConfig()) > 0, labels > 0)
    True
    """

    channels: Final = 3

    def encode(self, labels: LabelImage) -> npt.NDArray[np.uint8]:
        """Return class 0, 1 or 2 of each pixel; see :func:`three_class_target`."""
        return three_class_target(labels)

    def decode(self, probabilities: FloatImage, config: DecoderConfig) -> LabelImage:
        """Return the cells of a probability map.

        Parameters
        ----------
        probabilities
            Shape (height, width, 3).
        config
            Thresholds.

        Returns
        -------
        ndarray of int32
            Shape (height, width), numbered from 1 without gaps; all 0 if nothing is foreground.
        """
        interior, boundary = probabilities[..., INTERIOR], probabilities[..., BOUNDARY]
        foreground = interior + boundary
        is_cell = foreground >= config.foreground_threshold
        distance = ndimage.distance_transform_edt((interior > boundary) & is_cell)
        smooth = ndimage.gaussian_filter(distance.astype(np.float32), config.smoothing_px)
        seeds, _ = ndimage.label(h_maxima(smooth, config.seed_height_px))
        labels = watershed(-foreground, seeds, mask=is_cell)
        return _drop_small(labels, config.min_area_px)


ENCODINGS: Final[Mapping[str, Encoding]] = {"three_class": ThreeClassEncoding()}
"""Encodings by the name that a model's description stores."""


def _drop_small(labels: npt.NDArray[np.int32], min_area_px: int) -> LabelImage:
    areas = np.bincount(labels.ravel())
    keep = areas >= min_area_px
    keep[0] = False
    number = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    numbered: LabelImage = number[labels]
    return numbered
