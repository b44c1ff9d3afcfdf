"""Swin UNETR: windows of attention that shift, under a U-Net decoder, from MONAI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.models._outputs import Outputs
from workbench.models._sized import cut_to_size, padded_to_multiple

if TYPE_CHECKING:
    import torch

COARSEST_PX: Final = 32


class SwinUNETRConfig(BaseModel):
    """Size of a Swin UNETR.

    Attributes
    ----------
    feature_size
        Channels at full resolution and of the first stage; a multiple of 12, and of each of
        ``heads`` after doubling once a stage.
    depths, heads
        Layers and attention heads of each of the four stages; layers come in pairs, of which the
        second looks at shifted windows.
    window_tokens
        Side of the attention windows, in tokens of 2 px at the first stage.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature_size: int = Field(24, ge=12, multiple_of=12)
    depths: tuple[int, int, int, int] = (2, 2, 2, 2)
    heads: tuple[int, int, int, int] = (3, 6, 12, 24)
    window_tokens: int = Field(7, ge=1)

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        for stage, heads in enumerate(self.heads):
            channels = self.feature_size * 2**stage
            if heads < 1 or channels % heads:
                msg = f"heads {self.heads}: {channels} channels of stage {stage} are no multiple"
                raise ValueError(msg)
        return self


def build_swin_unetr(
    config: SwinUNETRConfig, *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return a Swin UNETR [1]_ with fresh random weights, for two dimensions.

    References
    ----------
    .. [1] A. Hatamizadeh et al., Swin UNETR: Swin transformers for semantic segmentation of brain
       tumors in MRI images, BrainLes 2021.
    """
    from monai.networks.nets import SwinUNETR
    from torch import nn

    class SizedSwinUNETR(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = SwinUNETR(
                in_channels=in_channels,
                out_channels=out_channels,
                feature_size=config.feature_size,
                depths=config.depths,
                num_heads=config.heads,
                window_size=config.window_tokens,
                spatial_dims=2,
            )

        def forward(self, images: torch.Tensor) -> Outputs:
            logits = self.body(padded_to_multiple(images, COARSEST_PX, at_least_px=2 * COARSEST_PX))
            return cut_to_size(Outputs(logits), images.shape[-2:])

    return SizedSwinUNETR()
