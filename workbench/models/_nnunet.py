"""The network of nnU-Net: a plain U-Net whose every dimension a plan may set, from MONAI."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.models._outputs import Outputs
from workbench.models._sized import cut_to_size, padded_to_multiple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

NNUNET_TRAINING: Final[Mapping[str, Any]] = {
    "optimizer": "sgd",
    "schedule": "polynomial",
    "learning_rate": 1e-2,
    "weight_decay": 3e-5,
}
"""How nnU-Net is trained, as published: SGD with Nesterov momentum 0.99, polynomial decay."""


class NnUNetConfig(BaseModel):
    """The network part of a plan.

    :func:`workbench.training.plan_nnunet` derives these values from a data set; the defaults are
    what it gives for views of 256 pixels, less the deepest level.

    Attributes
    ----------
    channels
        Feature channels of each level, the finest first.
    kernels_px
        Side of the convolution kernels of each level, odd.
    strides
        By what each level divides height and width; the first is 1.
    deep_supervision
        Number of coarser levels that give logits of their own in training, the finest first.

    References
    ----------
    .. [1] F. Isensee et al., nnU-Net, Nat. Methods 18:203-211, 2021.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (32, 64, 128, 256, 512, 512), min_length=3
    )
    kernels_px: tuple[Annotated[int, Field(ge=1)], ...] = (3,) * 6
    strides: tuple[Annotated[int, Field(ge=1, le=2)], ...] = (1, 2, 2, 2, 2, 2)
    deep_supervision: int = Field(3, ge=0)

    @model_validator(mode="after")
    def _levels_agree(self) -> Self:
        levels = len(self.channels)
        if len(self.kernels_px) != levels or len(self.strides) != levels:
            msg = (
                "channels, kernels_px and strides need one value for each level, got "
                f"{levels}, {len(self.kernels_px)} and {len(self.strides)}"
            )
            raise ValueError(msg)
        if self.strides[0] != 1 or not all(side % 2 for side in self.kernels_px):
            msg = (
                "the first stride must be 1 and every kernel odd, got strides "
                f"{self.strides} and kernels {self.kernels_px}"
            )
            raise ValueError(msg)
        if self.deep_supervision > levels - 2:
            msg = (
                f"a network of {levels} levels can supervise at most {levels - 2} coarser ones, "
                f"got deep_supervision {self.deep_supervision}"
            )
            raise ValueError(msg)
        return self


def build_nnunet(config: NnUNetConfig, *, in_channels: int, out_channels: int) -> torch.nn.Module:
    """Return a network with fresh random weights that maps images of any size to ``Outputs``."""
    from monai.networks.nets import DynUNet
    from torch import nn

    multiple_px = math.prod(config.strides)

    class NnUNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = DynUNet(
                spatial_dims=2,
                in_channels=in_channels,
                out_channels=out_channels,
                kernel_size=config.kernels_px,
                strides=config.strides,
                upsample_kernel_size=config.strides[1:],
                filters=config.channels,
                deep_supervision=config.deep_supervision > 0,
                deep_supr_num=max(1, config.deep_supervision),
            )
            # The same blocks once more, for a walk that brings all heads to full resolution and
            # keeps them between calls; ours, below, does neither.
            del self.body.skip_layers

        def forward(self, images: torch.Tensor) -> Outputs:
            body = self.body
            features = [
                body.input_block(
                    padded_to_multiple(images, multiple_px, at_least_px=2 * multiple_px)
                )
            ]
            for down in body.downsamples:
                features.append(down(features[-1]))
            decoded = [body.bottleneck(features[-1])]
            for up, skipped in zip(body.upsamples, reversed(features), strict=True):
                decoded.append(up(decoded[-1], skipped))
            logits = body.output_block(decoded.pop())
            coarse = (
                tuple(
                    head(found)
                    for head, found in zip(
                        body.deep_supervision_heads, reversed(decoded), strict=False
                    )
                )
                if self.training and config.deep_supervision
                else ()
            )
            return cut_to_size(Outputs(logits, coarse), images.shape[-2:])

    return NnUNet()
