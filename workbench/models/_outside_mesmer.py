"""Mesmer of DeepCell, run by its own library."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from workbench.models._outside_library import outside_errors, outside_labels, outside_library
from workbench.schema import FloatImage, InputError, LabelImage


class MesmerConfig(BaseModel):
    """Settings of Mesmer.

    Attributes
    ----------
    nuclei, membrane
        Channels of the image, from 0; None for a membrane channel that is not there.
    compartment
        What to segment.
    pixel_size_um
        Of the images; None for the 0.5 µm that Mesmer was trained at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    nuclei: int = Field(0, ge=0)
    membrane: int | None = Field(None, ge=0)
    compartment: Literal["whole-cell", "nuclear"] = "whole-cell"
    pixel_size_um: float | None = Field(None, gt=0, allow_inf_nan=False)


def segment_mesmer(image: FloatImage, config: MesmerConfig) -> LabelImage:
    """Find cells or nuclei by Mesmer.

    Parameters
    ----------
    image
        Normalised, shape (height, width, channels).
    config
        Settings.

    Raises
    ------
    InputError
        If DeepCell is not installed, the image lacks a channel, or Mesmer fails.
    """
    wanted = [config.nuclei, *([] if config.membrane is None else [config.membrane])]
    if max(wanted) >= image.shape[2]:
        msg = f"Mesmer was told to take channel {max(wanted)}, the image has {image.shape[2]}."
        raise InputError(msg)
    pair = np.zeros((1, *image.shape[:2], 2), np.float32)
    pair[0, ..., : len(wanted)] = image[..., wanted]
    with outside_errors("Mesmer"):
        labels = _model().predict(
            pair, image_mpp=config.pixel_size_um, compartment=config.compartment
        )
    return outside_labels(labels, image.shape[:2], library="Mesmer")


@lru_cache(maxsize=1)
def _model() -> Any:
    """Load weights once for all images."""
    return outside_library("deepcell.applications").Mesmer()
