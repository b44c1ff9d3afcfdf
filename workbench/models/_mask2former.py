"""Mask2Former, used densely: what its queries see adds up to the channels of any encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.models._outputs import Outputs
from workbench.models._sized import cut_to_size, padded_to_multiple

if TYPE_CHECKING:
    import torch

COARSEST_PX: Final = 32


class Mask2FormerConfig(BaseModel):
    """Size of a Mask2Former; the default has the published tiny Swin backbone.

    Attributes
    ----------
    backbone_channels
        Channels of the first stage of the Swin backbone; they double with each of four stages.
    backbone_depths, backbone_heads
        Layers and attention heads of each stage.
    window_tokens
        Side of the backbone's attention windows, in tokens of 4 px at the first stage.
    channels
        Of pixels and queries in the decoders; a multiple of 32.
    queries
        How many, each of which paints one map.
    encoder_layers, decoder_layers
        Layers of the pixel decoder, and of the transformer decoder (at least 2).
    heads
        Attention heads of both.
    detail_width
        Channels of our refinement at full resolution; a multiple of 4.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone_channels: int = Field(96, ge=1)
    backbone_depths: tuple[int, int, int, int] = (2, 2, 6, 2)
    backbone_heads: tuple[int, int, int, int] = (3, 6, 12, 24)
    window_tokens: int = Field(7, ge=1)
    channels: int = Field(256, ge=32, multiple_of=32)
    queries: int = Field(100, ge=1)
    encoder_layers: int = Field(6, ge=1)
    decoder_layers: int = Field(10, ge=2)
    heads: int = Field(8, ge=1)
    detail_width: int = Field(8, ge=4, multiple_of=4)

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        stages = [self.backbone_channels * 2**stage for stage in range(4)]
        pairs = [*zip(stages, self.backbone_heads, strict=True), (self.channels, self.heads)]
        for channels, heads in pairs:
            if heads < 1 or channels % heads:
                msg = f"{channels} channels are no multiple of {heads} attention heads"
                raise ValueError(msg)
        return self


def build_mask2former(
    config: Mask2FormerConfig, *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return a Mask2Former [1]_ with a Swin backbone and fresh random weights, used densely.

    Every query paints a map of mask logits and has a weight for every channel; a channel is the
    sum over queries of weight times map, refined at full resolution by a shallow convolutional
    path from the image (our addition, as the maps are at a quarter of it).

    So any target encoding runs on it. Its own instance mode, in which one query is one object and
    training matches queries with objects, is not used: a window of cells holds more cells than
    there are queries, and its cells could not be joined across windows. Its classifier is dropped.

    References
    ----------
    .. [1] B. Cheng et al., Masked-attention mask transformer for universal image segmentation,
       CVPR 2022.
    """
    from torch import einsum, nn
    from transformers import Mask2FormerConfig as BodyConfig
    from transformers import Mask2FormerModel, SwinConfig

    from workbench.models._detail_head import DetailHead

    backbone = SwinConfig(
        num_channels=in_channels,
        embed_dim=config.backbone_channels,
        depths=config.backbone_depths,
        num_heads=config.backbone_heads,
        window_size=config.window_tokens,
        out_features=["stage1", "stage2", "stage3", "stage4"],  # type: ignore[call-arg]
    )
    body = BodyConfig(
        backbone_config=backbone,
        feature_size=config.channels,
        mask_feature_size=config.channels,
        hidden_dim=config.channels,
        encoder_feedforward_dim=4 * config.channels,
        dim_feedforward=8 * config.channels,
        num_queries=config.queries,
        encoder_layers=config.encoder_layers,
        decoder_layers=config.decoder_layers,
        num_attention_heads=config.heads,
    )

    class DenseMask2Former(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = Mask2FormerModel(body)
            # The backbone normalises each stage for itself and never uses what comes after all.
            self.body.pixel_level_module.encoder.swin.layernorm = nn.Identity()
            self.weigh = nn.Linear(config.channels, out_channels)
            self.head = DetailHead(
                in_channels, out_channels, out_channels, width=config.detail_width
            )

        def forward(self, images: torch.Tensor) -> Outputs:
            padded = padded_to_multiple(images, COARSEST_PX, at_least_px=2 * COARSEST_PX)
            seen = self.body(padded)
            weights = self.weigh(seen.transformer_decoder_last_hidden_state)
            maps = einsum("bqc,bqhw->bchw", weights, seen.masks_queries_logits[-1])
            return cut_to_size(Outputs(self.head(padded, maps / config.queries)), images.shape[-2:])

    return DenseMask2Former()
