"""U-Net with residual units, from MONAI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.models._outputs import Outputs
from workbench.models._sized import cut_to_size, padded_to_multiple

if TYPE_CHECKING:
    import torch


class UNetConfig(BaseModel):
    """Size of a U-Net.

    Attributes
    ----------
    channels
        Feature channels of each level, the finest first; each level halves height and width.
    residual_units
        Convolution pairs with a bypass in each block.
    norm
        Normalisation layer; "instance" treats each image alone, so a mixed batch of modalities
        does no harm.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[int, ...] = Field((16, 32, 64, 128, 256), min_length=2)
    residual_units: int = Field(2, ge=0)
    norm: Literal["instance", "batch"] = "instance"


def build_unet(config: UNetConfig, *, in_channels: int, out_channels: int) -> torch.nn.Module:
    """Return a U-Net with fresh random weights that maps images of any size to :class:`Outputs`."""
    from monai.networks.nets import UNet
    from torch import nn

    multiple_px = 2 ** (len(config.channels) - 1)

    class ResidualUNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = UNet(
                spatial_dims=2,
                in_channels=in_channels,
                out_channels=out_channels,
                channels=config.channels,
                strides=(2,) * (len(config.channels) - 1),
                num_res_units=config.residual_units,
                norm=config.norm.upper(),
            )

        def forward(self, images: torch.Tensor) -> Outputs:
            padded = padded_to_multiple(images, multiple_px, at_least_px=2 * multiple_px)
            return cut_to_size(Outputs(self.body(padded)), images.shape[-2:])

    return ResidualUNet()
