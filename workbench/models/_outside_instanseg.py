"""InstanSeg, run by its own library."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from workbench.models._outside_library import outside_errors, outside_labels, outside_library
from workbench.schema import FloatImage, LabelImage


class InstansegConfig(BaseModel):
    """Settings of InstanSeg.

    Attributes
    ----------
    weights
        "brightfield_nuclei" or "fluorescence_nuclei_and_cells".
    pixel_size_um
        Of the images; None leaves their size as it is, which must then be that of the weights.
    target
        What to take where the weights give both.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str = "fluorescence_nuclei_and_cells"
    pixel_size_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    target: Literal["nuclei", "cells"] = "cells"


def segment_instanseg(image: FloatImage, config: InstansegConfig) -> LabelImage:
    """Find nuclei or cells by InstanSeg.

    Parameters
    ----------
    image
        Shape (height, width, channels); InstanSeg normalises it once more itself.
    config
        Settings.

    Raises
    ------
    InputError
        If InstanSeg is not installed or fails.
    """
    with outside_errors("InstanSeg"):
        # Channels first and together, or its guess of the axes may take a narrow image for them.
        labels = _model(config.weights).eval_small_image(
            np.ascontiguousarray(image.transpose(2, 0, 1)),
            pixel_size=config.pixel_size_um,
            return_image_tensor=False,
            target=config.target,
        )
    return outside_labels(labels, image.shape[:2], library="InstanSeg")


@lru_cache(maxsize=1)
def _model(weights: str) -> Any:
    """Load weights once for all images."""
    return outside_library("instanseg").InstanSeg(weights, verbosity=0)
