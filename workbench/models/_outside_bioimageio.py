"""Models of bioimage.io, run by bioimageio.core."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from workbench.models._outside_library import outside_errors, outside_labels, outside_library
from workbench.schema import FloatImage, InputError, LabelImage


class BioimageioConfig(BaseModel):
    """A model package and how its output becomes cells.

    Attributes
    ----------
    source
        Path of the package (ZIP, or its rdf.yaml), or its name on bioimage.io.
    foreground
        Channel of the output that is bright inside cells; None if the output is labels already.
    boundary
        Channel that is bright between cells and is taken off the foreground; None for none.
    threshold
        Pixels above it are foreground; each connected piece becomes a cell.
    min_area_px
        Smaller cells are dropped.
    trusted
        Run packages whose weights or processing can carry code of their own (TorchScript, pickles,
        custom steps). Otherwise only ONNX weights are run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    foreground: int | None = Field(0, ge=0)
    boundary: int | None = Field(None, ge=0)
    threshold: float = 0.5
    min_area_px: int = Field(16, ge=0)
    trusted: bool = False


def segment_bioimageio(image: FloatImage, config: BioimageioConfig) -> LabelImage:
    """Find cells by a model of bioimage.io.

    Parameters
    ----------
    image
        Shape (height, width, channels); the package prepares it as it says itself. One channel is
        repeated for a model that takes three, several are averaged for one that takes one.
    config
        Settings.

    Raises
    ------
    InputError
        If bioimageio.core is not installed, the package can't be read or is not trusted, takes
        other images, or fails.
    """
    core = outside_library("bioimageio.core")
    with outside_errors("bioimageio.core"):
        model = _model(config.source, config.trusted)
        channels = _channels(model)
        given = np.ascontiguousarray(_fitted(image, channels).transpose(2, 0, 1))[np.newaxis]
        tensor = core.tensor.Tensor.from_numpy(given, dims=("batch", "channel", "y", "x"))
        sample = core.predict(model=_pipeline(config.source, config.trusted), inputs=tensor)
        maps = np.asarray(next(iter(sample.members.values())).data)
    if config.foreground is None:
        return outside_labels(maps, image.shape[:2], library="the model")
    if maps.ndim != 4 or max(config.foreground, config.boundary or 0) >= maps.shape[1]:
        msg = (
            f"{config.source}: its output has the shape {maps.shape}; expected (1, channels, "
            "height, width) with the channels that foreground and boundary name."
        )
        raise InputError(msg)
    inside = maps[0, config.foreground]
    if config.boundary is not None:
        inside = inside - maps[0, config.boundary]
    pieces, _ = ndimage.label(inside > config.threshold)
    return outside_labels(_without_small(pieces, config), image.shape[:2], library="the model")


def _without_small(pieces: Any, config: BioimageioConfig) -> Any:
    keep = np.bincount(pieces.ravel()) >= config.min_area_px
    keep[0] = False
    return np.where(keep, np.cumsum(keep), 0)[pieces]


def _fitted(image: FloatImage, channels: int) -> FloatImage:
    fitted: FloatImage
    if channels == image.shape[2]:
        return image
    if channels == 1:
        fitted = image.mean(axis=2, keepdims=True, dtype=np.float32)
        return fitted
    if image.shape[2] == 1:
        return np.repeat(image, channels, axis=2)
    msg = f"the model takes {channels} channels, got {image.shape[2]}; choose some of the image."
    raise InputError(msg)


def _channels(model: Any) -> int:
    """Return how many channels the one input of a model has."""
    axes = {str(axis.id): axis for axis in model.inputs[0].axes}
    if len(model.inputs) != 1 or set(axes) != {"batch", "channel", "y", "x"}:
        msg = (
            f"the model takes {len(model.inputs)} inputs, the first with the axes "
            f"{', '.join(axes)}; expected one of batch, channel, y, x."
        )
        raise InputError(msg)
    return len(axes["channel"].channel_names)


@lru_cache(maxsize=1)
def _model(source: str, trusted: bool) -> Any:
    """Read the description, and refuse what could run code of its own."""
    model = outside_library("bioimageio.core").load_model_description(source)
    steps = [step for tensor in model.inputs for step in tensor.preprocessing]
    steps += [step for tensor in model.outputs for step in tensor.postprocessing]
    custom = any(step.implemented_id == "custom" for step in steps)
    if not trusted and (custom or model.weights.onnx is None):
        what = "a processing step of its own" if custom else "no ONNX weights"
        msg = (
            f"{source}: holds {what}, so running it may run code that it carries; if you trust "
            "where it comes from, set trusted: true."
        )
        raise InputError(msg)
    return model


@lru_cache(maxsize=1)
def _pipeline(source: str, trusted: bool) -> Any:
    """Load weights once for all images."""
    create = outside_library("bioimageio.core").create_prediction_pipeline
    return create(_model(source, trusted), weight_format=None if trusted else "onnx")
