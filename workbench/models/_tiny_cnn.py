"""A few convolutions, for teaching: small enough to look at each of its feature maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.models._outputs import Outputs

if TYPE_CHECKING:
    import torch


class TinyCNNConfig(BaseModel):
    """Size of the network.

    Attributes
    ----------
    channels
        Feature channels of each layer.
    dilations
        Of each layer: how many pixels lie between the taps of its kernel. Growing dilations widen
        the view without making the image coarser.
    kernel_px
        Side of the kernels, odd.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[Annotated[int, Field(ge=1)], ...] = Field((16, 16, 16, 16), min_length=1)
    dilations: tuple[Annotated[int, Field(ge=1)], ...] = (1, 2, 4, 8)
    kernel_px: int = Field(3, ge=1)

    @model_validator(mode="after")
    def _layers_agree(self) -> Self:
        if len(self.channels) != len(self.dilations):
            msg = (
                "channels and dilations need one value for each layer, got "
                f"{len(self.channels)} and {len(self.dilations)}"
            )
            raise ValueError(msg)
        if self.kernel_px % 2 == 0:
            msg = f"kernel_px must be odd, got {self.kernel_px}"
            raise ValueError(msg)
        return self


def receptive_field_px(config: TinyCNNConfig) -> int:
    """Return the side of the square of pixels that one pixel of the logits depends on.

    Each layer widens it by dilation times (kernel - 1). There is no pooling, nor a normalisation
    that would let a pixel know the whole image.

    Examples
    --------
    >>> receptive_field_px(TinyCNNConfig(channels=(4,), dilations=(1,)))
    3
    >>> receptive_field_px(TinyCNNConfig())
    31
    """
    return 1 + sum(dilation * (config.kernel_px - 1) for dilation in config.dilations)


def build_tiny_cnn(
    config: TinyCNNConfig, *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return a network with fresh random weights that maps images of any size to ``Outputs``."""
    from torch import nn

    class TinyCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers: list[nn.Module] = []
            before = in_channels
            for channels, dilation in zip(config.channels, config.dilations, strict=True):
                padding = dilation * (config.kernel_px // 2)
                convolution = nn.Conv2d(
                    before, channels, config.kernel_px, padding=padding, dilation=dilation
                )
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
                layers.append(nn.Sequential(convolution, nn.ReLU()))
                before = channels
            self.layers = nn.Sequential(*layers)
            self.head = nn.Conv2d(before, out_channels, kernel_size=1)

        def forward(self, images: torch.Tensor) -> Outputs:
            return Outputs(self.head(self.layers(images)))

    return TinyCNN()
