"""Preparation: everything that is done to an image before a model sees it, as one value."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.schema import FloatImage, ImageArray, InputError, LabelImage
from workbench.transforms._intensity import (
    EqualiseBy,
    equalise_adaptive,
    normalise_percentiles,
    to_unit_range,
)
from workbench.transforms._resampling import ResampledLabels, resample_image, resample_labels

PIXEL_SIZE_COLUMN: Final = "pixel_size_um"


class Preparation(BaseModel):
    """How images are prepared, in training and in prediction alike.

    In a config the name of a published preparation (:data:`PREPARATIONS`) stands for its values.

    Attributes
    ----------
    normalise
        Stretch each channel between two of its percentiles; false for images that are normalised
        already.
    low_percent, high_percent
        Percentiles that become 0 and 1, taken over the whole image.
    equalise
        Even out contrast place by place, see :func:`equalise_adaptive`.
    equalise_by
        "channel", or "luminance" for colour images.
    pixel_size_um
        Resample to this pixel size; None leaves it as it is.

    Examples
    --------
    >>> Preparation.model_validate("percentiles_1_99").high_percent
    99.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    normalise: bool = True
    low_percent: float = Field(1.0, ge=0, le=100)
    high_percent: float = Field(99.8, ge=0, le=100)
    equalise: bool = False
    equalise_by: EqualiseBy = "channel"
    pixel_size_um: float | None = Field(None, gt=0, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in PREPARATIONS:
            msg = f"no such preparation; named ones are {', '.join(PREPARATIONS)}, got {value!r}"
            raise ValueError(msg)
        return PREPARATIONS[value].model_dump()

    @model_validator(mode="after")
    def _percentiles_in_order(self) -> "Preparation":
        if self.low_percent >= self.high_percent:
            msg = (
                f"low_percent must lie below high_percent, got {self.low_percent:g} and "
                f"{self.high_percent:g}"
            )
            raise ValueError(msg)
        return self


PREPARATIONS: Final[Mapping[str, Preparation]] = MappingProxyType(
    {
        "percentiles_1_99": Preparation(low_percent=1, high_percent=99),
        "eighteen_methods": Preparation(low_percent=0.1, high_percent=99.9, equalise=True),
        "as_is": Preparation(normalise=False),
    }
)
"""Preparations by name.

``percentiles_1_99`` is what many published pipelines do. ``eighteen_methods`` is that of Y. Wang et
al., A systematic evaluation of computational methods for cell segmentation, Brief. Bioinform.,
2024. ``as_is`` is for images that were prepared before.
"""


def prepare_image(
    image: ImageArray, preparation: Preparation, *, pixel_size_um: float | None = None
) -> FloatImage:
    """Prepare an image: normalise, resample, equalise, in this order.

    Percentiles are so those of the image as it was taken, and equalisation works on tiles of the
    pixels that a model sees.

    Parameters
    ----------
    image
        Shape (height, width, channels), any numeric type.
    preparation
        What to do.
    pixel_size_um
        Side of the image's pixels; needed only where the preparation resamples.

    Returns
    -------
    ndarray of float32
        Shape (height, width, channels), values in [0, 1]; height and width are those of
        :func:`resampled_size` where the preparation resamples.

    Raises
    ------
    InputError
        If the preparation resamples and the image's pixel size is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> whole_range = Preparation(low_percent=0, high_percent=100)
    >>> prepare_image(np.array([[[10], [30]]]), whole_range)[..., 0]
    array([[0., 1.]], dtype=float32)
    """
    prepared = (
        normalise_percentiles(
            image, low_percent=preparation.low_percent, high_percent=preparation.high_percent
        )
        if preparation.normalise
        else to_unit_range(image)
    )
    if preparation.pixel_size_um is not None:
        prepared = resample_image(
            prepared, from_um=_known(pixel_size_um), to_um=preparation.pixel_size_um
        )
    if preparation.equalise:
        prepared = equalise_adaptive(prepared, by=preparation.equalise_by)
    return prepared


def prepare_labels(
    labels: LabelImage, preparation: Preparation, *, pixel_size_um: float | None = None
) -> ResampledLabels:
    """Bring labels to the size of the prepared image.

    Returns
    -------
    ResampledLabels
        The labels themselves where the preparation does not resample.

    Raises
    ------
    InputError
        If the preparation resamples and the image's pixel size is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> prepare_labels(np.array([[4, 4]]), Preparation(pixel_size_um=1), pixel_size_um=0.5).labels
    array([[4]])
    """
    if preparation.pixel_size_um is None:
        return ResampledLabels(labels, ())
    return resample_labels(labels, from_um=_known(pixel_size_um), to_um=preparation.pixel_size_um)


def restore_labels(
    labels: LabelImage,
    preparation: Preparation,
    *,
    size_px: tuple[int, int],
    pixel_size_um: float | None = None,
) -> ResampledLabels:
    """Bring labels found in a prepared image back to the size of the image.

    Parameters
    ----------
    labels
        Shape of the prepared image.
    preparation
        What was done to the image.
    size_px
        Height and width of the image as it was taken.
    pixel_size_um
        Side of its pixels.

    Returns
    -------
    ResampledLabels
        The labels themselves where the preparation does not resample.

    Raises
    ------
    InputError
        If the preparation resamples and the image's pixel size is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> restore_labels(np.array([[4]]), Preparation(pixel_size_um=1), size_px=(1, 2),
    ...                pixel_size_um=0.5).labels
    array([[4, 4]])
    """
    if preparation.pixel_size_um is None:
        return ResampledLabels(labels, ())
    return resample_labels(
        labels,
        from_um=preparation.pixel_size_um,
        to_um=_known(pixel_size_um),
        size_px=size_px,
    )


def _known(pixel_size_um: float | None) -> float:
    if pixel_size_um is None or not 0 < pixel_size_um < math.inf:
        msg = (
            "images are to be resampled, and the pixel size of this one is unknown; give the "
            f"manifest a column {PIXEL_SIZE_COLUMN} with micrometres per pixel (above 0), or set "
            "pixel_size_um of the preparation to null."
        )
        raise InputError(msg)
    return pixel_size_um
