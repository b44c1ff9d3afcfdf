"""nnU-Net configures itself: from the fingerprint of the training images to a plan, by rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from workbench.analysis import DataFingerprint
from workbench.models import NNUNET_TRAINING, NnUNetConfig
from workbench.schema import InputError
from workbench.transforms import Preparation

IMAGE_CHANNELS: Final = 3
FIRST_CHANNELS: Final = 32
MOST_CHANNELS: Final = 512
SMALLEST_EDGE_PX: Final = 4
"""Levels are added as long as the coarsest feature map keeps this side."""
SMALLEST_PATCH_PX: Final = 32
"""Views are multiples of it, see ``TrainingConfig.crop_px``."""
SMALLEST_BATCH: Final = 2
BATCH_SHARE: Final = 0.05
"""A batch holds at most this share of all pixels of the data set."""
BYTES: Final = 4
"""Of a number in training without mixed precision."""
GIB: Final = 2**30


class Plan(Protocol):
    """What a data set decides about a network and its training."""

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the architecture."""

    @property
    def training(self) -> dict[str, Any]:
        """Values of :class:`TrainingConfig`."""

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """Return the plan as the text of ``plan.json``."""


class NnUNetPlan(BaseModel):
    """What nnU-Net derives from a data set.

    ``model_dump_json()`` writes it, ``NnUNetPlan.model_validate_json()`` reads it back.

    Attributes
    ----------
    patch_px
        Side of the square views.
    batch_size
        Views per step.
    network
        Levels, kernels, strides and deep supervision.
    preparation
        How images are normalised and resampled.
    estimated_memory_gib
        What a training step is expected to hold, see :func:`training_memory_bytes`.
    memory_budget_gib
        What it was allowed to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    patch_px: int = Field(ge=SMALLEST_PATCH_PX, multiple_of=SMALLEST_PATCH_PX)
    batch_size: int = Field(ge=1)
    network: NnUNetConfig
    preparation: Preparation
    estimated_memory_gib: float = Field(ge=0)
    memory_budget_gib: float = Field(gt=0)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the architecture ``nnunet``."""
        return self.network.model_dump(mode="json")

    @property
    def training(self) -> dict[str, Any]:
        """Values of :class:`TrainingConfig`: what was planned, and what is published."""
        return {
            **NNUNET_TRAINING,
            "crop_px": self.patch_px,
            "batch_size": self.batch_size,
            "preparation": self.preparation.model_dump(mode="json"),
        }


def plan_nnunet(found: DataFingerprint, *, memory_budget_gib: float = 8.0) -> NnUNetPlan:
    """Return the plan of nnU-Net for a data set.

    Parameters
    ----------
    found
        Fingerprint of the training images.
    memory_budget_gib
        What a training step may hold; nnU-Net's own reference is 8 GiB.

    Returns
    -------
    NnUNetPlan

    Raises
    ------
    InputError
        If not even the smallest patch fits the budget.

    Notes
    -----
    The rules of the two-dimensional nnU-Net [1]_, for square views:

    - the patch starts at the size of the median image, here at its shorter side;
    - levels halve height and width as long as the coarsest feature map keeps 4 pixels, and the
      patch is rounded up to a multiple of what they divide by (and of 32);
    - 32 channels at the finest level, doubled at each level up to 512, kernels of 3 x 3;
    - while two views exceed the budget, the patch shrinks by that multiple and levels are counted
      again; what is left of the budget then goes into the batch, of at least two views and at
      most 5 % of all pixels (of the number of images times the median image);
    - all but the two coarsest levels are supervised;
    - images come to the median pixel size if it is known of every image;
    - each image and channel is normalised by itself. nnU-Net subtracts the mean and divides by
      the standard deviation; here percentiles are stretched as for every network of the zoo. One
      is a linear map of the other, but for what lies beyond the percentiles, and the first
      instance normalisation takes linear maps out.

    It trains 1,000 epochs of 250 steps with a learning rate that falls over all of them; how long
    is not planned, a study says it.

    References
    ----------
    .. [1] F. Isensee et al., nnU-Net, Nat. Methods 18:203-211, 2021, and its supplement.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.analysis import fingerprint
    >>> image = {"height_px": 300, "width_px": 256, "channels": 1, "dtype": "uint8",
    ...          "intensity_p1": 3.0, "intensity_p99": 90.0, "n_cells": 0, "foreground": 0.0}
    >>> images = pd.DataFrame([image | {"image_id": str(i)} for i in range(100)])
    >>> cells = pd.DataFrame(columns=["image_id", "area_px", "diameter_px"])
    >>> plan = plan_nnunet(fingerprint(images, cells))
    >>> plan.patch_px, plan.batch_size, plan.network.channels
    (256, 6, (32, 64, 128, 256, 512, 512, 512))
    """
    budget = memory_budget_gib * GIB
    patch_px = _patch_of_levels(math.ceil(min(found.height_px.median, found.width_px.median)))
    while training_memory_bytes(_network(patch_px), patch_px, SMALLEST_BATCH) > budget:
        if patch_px == SMALLEST_PATCH_PX:
            needed = training_memory_bytes(_network(patch_px), patch_px, SMALLEST_BATCH) / GIB
            msg = (
                f"memory_budget_gib must be at least {needed:.3f}, got {memory_budget_gib:g}: "
                f"no smaller patch than {SMALLEST_PATCH_PX} px is planned."
            )
            raise InputError(msg)
        patch_px = _patch_of_levels(patch_px - _divisor(patch_px))
    network = _network(patch_px)
    batch_size = _batch_size(found, network, patch_px, budget)
    return NnUNetPlan(
        patch_px=patch_px,
        batch_size=batch_size,
        network=network,
        preparation=Preparation(
            pixel_size_um=found.pixel_size_um if found.pixel_size_known == 1 else None
        ),
        estimated_memory_gib=round(training_memory_bytes(network, patch_px, batch_size) / GIB, 3),
        memory_budget_gib=memory_budget_gib,
    )


def training_memory_bytes(network: NnUNetConfig, patch_px: int, batch_size: int) -> int:
    """Return what a training step of nnU-Net holds: features kept for the backward pass, weights.

    Parameters
    ----------
    network
        Its levels; supervision adds next to nothing.
    patch_px
        Side of the views, a multiple of the product of the strides.
    batch_size
        Views per step.

    Returns
    -------
    int
        Bytes in float32. Each convolution keeps its result and what normalisation and activation
        make of it, each upsampling what it gives beside the features it joins; each weight has a
        gradient and a momentum. Scratch memory of the libraries comes on top; bfloat16 halves the
        features.

    Examples
    --------
    >>> round(training_memory_bytes(NnUNetConfig(), 256, 2) / 2**30, 2)
    0.54
    """
    sides, side = [], patch_px
    for stride in network.strides:
        side //= stride
        sides.append(side)
    encoder = sum(4 * width * side**2 for width, side in zip(network.channels, sides, strict=True))
    decoder = sum(
        6 * width * side**2 for width, side in zip(network.channels[:-1], sides[:-1], strict=True)
    )
    features = IMAGE_CHANNELS * patch_px**2 + encoder + decoder
    return BYTES * (batch_size * features + 3 * _n_weights(network))


def _n_weights(network: NnUNetConfig) -> int:
    """Count the weights of all convolutions; normalisation and heads have next to none."""
    before = (IMAGE_CHANNELS, *network.channels[:-1])
    levels = list(zip(before, network.channels, network.kernels_px, strict=True))
    down = sum(kernel**2 * (fed + width) * width for fed, width, kernel in levels)
    up = sum(
        stride**2 * fed * width + kernel**2 * 3 * fed**2
        for (fed, width, kernel), stride in zip(levels[1:], network.strides[1:], strict=True)
    )
    return down + up


def _n_halvings(patch_px: int) -> int:
    return int(math.log2(patch_px / SMALLEST_EDGE_PX))


def _divisor(patch_px: int) -> int:
    return max(SMALLEST_PATCH_PX, 1 << _n_halvings(patch_px))


def _patch_of_levels(wanted_px: int) -> int:
    """Return the least side not below the wanted one that its levels divide."""
    wanted_px = max(wanted_px, SMALLEST_PATCH_PX)
    return -(-wanted_px // _divisor(wanted_px)) * _divisor(wanted_px)


def _network(patch_px: int) -> NnUNetConfig:
    halvings = _n_halvings(patch_px)
    return NnUNetConfig(
        channels=tuple(min(FIRST_CHANNELS * 2**i, MOST_CHANNELS) for i in range(halvings + 1)),
        kernels_px=(3,) * (halvings + 1),
        strides=(1,) + (2,) * halvings,
        deep_supervision=halvings - 2,
    )


def _batch_size(found: DataFingerprint, network: NnUNetConfig, patch_px: int, budget: float) -> int:
    without = training_memory_bytes(network, patch_px, 0)
    a_view = training_memory_bytes(network, patch_px, 1) - without
    fitting = int((budget - without) // a_view)
    pixels = found.n_images * found.height_px.median * found.width_px.median
    covered = round(BATCH_SHARE * pixels / patch_px**2)
    return max(SMALLEST_BATCH, min(fitting, covered))


PLANNERS: Final[Mapping[str, Callable[[DataFingerprint], Plan]]] = {"nnunet": plan_nnunet}
"""Architectures that configure themselves, by name."""
