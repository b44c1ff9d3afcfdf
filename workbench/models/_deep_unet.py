"""U-Nets with one and two levels more beneath the classic five."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.models._outputs import Outputs
from workbench.models._sized import cut_to_size, padded_to_multiple

if TYPE_CHECKING:
    import torch


class DeepUNetConfig(BaseModel):
    """A U-Net of six levels.

    Attributes
    ----------
    base_channels
        Feature channels of the finest level; 64 gives the published widths, less makes every
        level narrower in proportion.
    norm
        Normalisation layer; "instance" treats each image alone, so a mixed batch of modalities
        does no harm.

    Notes
    -----
    The classic U-Net [1]_ has levels of 64, 128, 256, 512 and 1024 channels. An extension of the
    LIVECell study added "an additional Up and Down layer with 1024 channels each at the bottom",
    and for its larger variant "another Up/Down layer of 2048 channels". Read to the letter that is
    64, 128, 256, 512, 1024, 1024 here and a seventh level of 2048 in :class:`DeeperUNetConfig`.
    As there, a level is two 3 x 3 convolutions, and levels are joined by maximum pooling,
    upsampling and concatenation. It differs in that convolutions are padded, normalisation is by
    instance where theirs was by batch, and upsampling is by transposed convolution.

    References
    ----------
    .. [1] O. Ronneberger et al., U-Net, MICCAI, 2015.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_channels: int = Field(64, ge=1)
    norm: Literal["instance", "batch"] = "instance"

    widening: ClassVar[tuple[int, ...]] = (1, 2, 4, 8, 16, 16)

    @property
    def channels(self) -> tuple[int, ...]:
        """Feature channels of each level, the finest first.

        Examples
        --------
        >>> DeepUNetConfig().channels
        (64, 128, 256, 512, 1024, 1024)
        """
        return tuple(self.base_channels * factor for factor in self.widening)


class DeeperUNetConfig(DeepUNetConfig):
    """A U-Net of seven levels, the last twice as wide; else as :class:`DeepUNetConfig`.

    Examples
    --------
    >>> DeeperUNetConfig().channels
    (64, 128, 256, 512, 1024, 1024, 2048)
    """

    widening: ClassVar[tuple[int, ...]] = (1, 2, 4, 8, 16, 16, 32)


def build_deep_unet(
    config: DeepUNetConfig, *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return a U-Net with fresh random weights that maps images of any size to :class:`Outputs`."""
    from itertools import pairwise

    from monai.networks.nets.basic_unet import Down, TwoConv, UpCat
    from torch import nn

    channels = config.channels
    multiple_px = 2 ** (len(channels) - 1)
    layers = {
        "act": ("leakyrelu", {"negative_slope": 0.1, "inplace": True}),
        "norm": (config.norm, {"affine": True}),
        "bias": False,
    }

    class DeepUNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = TwoConv(2, in_channels, channels[0], **layers)
            self.down = nn.ModuleList(
                Down(2, finer, coarser, **layers) for finer, coarser in pairwise(channels)
            )
            self.up = nn.ModuleList(
                UpCat(2, coarser, finer, finer, is_pad=False, **layers)
                for finer, coarser in reversed(list(pairwise(channels)))
            )
            self.head = nn.Conv2d(channels[0], out_channels, kernel_size=1)

        def forward(self, images: torch.Tensor) -> Outputs:
            features = [
                self.first(padded_to_multiple(images, multiple_px, at_least_px=2 * multiple_px))
            ]
            for down in self.down:
                features.append(down(features[-1]))
            found = features.pop()
            for up in self.up:
                found = up(found, features.pop())
            return cut_to_size(Outputs(self.head(found)), images.shape[-2:])

    return DeepUNet()
