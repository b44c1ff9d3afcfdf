"""Cellpose, run by its own library."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from workbench.models._outside_library import outside_errors, outside_labels, outside_library
from workbench.schema import FloatImage, InputError, LabelImage


class CellposeConfig(BaseModel):
    """Settings of Cellpose.

    Attributes
    ----------
    weights
        Name of published weights ("cyto3", "nuclei", ... of Cellpose 3; "cpsam", ... of
        Cellpose-SAM, which is version 4), or path of your own. Left out: "cyto3", or the default
        of version 4.
    diameter_px
        Of the cells. None: what the weights were trained for. Cellpose 3 cannot estimate it here.
    channels
        Of Cellpose 3 alone: what to segment and where nuclei are, 0 grey, 1 red, 2 green, 3 blue.
    flow_threshold, cellprob_threshold
        As Cellpose has them.
    min_size_px
        Smaller cells are dropped.
    gpu
        Use one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str = ""
    diameter_px: float | None = Field(None, gt=0)
    channels: tuple[int, int] = (0, 0)
    flow_threshold: float = Field(0.4, ge=0)
    cellprob_threshold: float = 0.0
    min_size_px: int = Field(15, ge=0)
    gpu: bool = False


def segment_cellpose(image: FloatImage, config: CellposeConfig) -> LabelImage:
    """Find cells by Cellpose.

    Parameters
    ----------
    image
        Shape (height, width, channels), one to three; Cellpose normalises it once more itself.
    config
        Settings.

    Raises
    ------
    InputError
        If Cellpose is not installed, knows no such weights, or fails.
    """
    major = _major_version()
    if image.shape[2] > 3:
        msg = f"Cellpose takes one to three channels, got {image.shape[2]}; choose some."
        raise InputError(msg)
    three = np.pad(image, ((0, 0), (0, 0), (0, 3 - image.shape[2])))
    options: dict[str, Any] = {
        "channel_axis": -1,
        "diameter": config.diameter_px,
        "flow_threshold": config.flow_threshold,
        "cellprob_threshold": config.cellprob_threshold,
        "min_size": config.min_size_px,
    }
    if major < 4:
        options["channels"] = list(config.channels)
    with outside_errors("Cellpose"):
        labels = _model(config.weights, config.gpu, major).eval(three, **options)[0]
    return outside_labels(labels, image.shape[:2], library="Cellpose")


def _major_version() -> int:
    outside_library("cellpose")
    try:
        return int(version("cellpose").partition(".")[0])
    except (PackageNotFoundError, ValueError):
        return 4


@lru_cache(maxsize=1)
def _model(weights: str, gpu: bool, major: int) -> Any:
    """Load weights once for all images."""
    models = outside_library("cellpose.models")
    if major < 4:
        own = Path(weights).is_file()
        chosen = {"pretrained_model": weights} if own else {"model_type": weights or "cyto3"}
        return models.CellposeModel(gpu=gpu, **chosen)
    # An unknown name would be replaced by the default weights with a warning alone.
    if weights and weights not in models.MODEL_NAMES and not Path(weights).is_file():
        msg = (
            f"Cellpose has no weights {weights!r} and there is no such file; it knows "
            f"{', '.join(models.MODEL_NAMES)}."
        )
        raise InputError(msg)
    return models.CellposeModel(gpu=gpu, **({"pretrained_model": weights} if weights else {}))
