"""SegFormer: a hierarchical transformer with a light head, from transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.models._outputs import Outputs
from workbench.models._sized import cut_to_size, padded_to_multiple

if TYPE_CHECKING:
    import torch

COARSEST_PX: Final = 32


class SegformerConfig(BaseModel):
    """Size of a SegFormer; the default is the published B0.

    Attributes
    ----------
    hidden_sizes, depths, heads
        Channels, layers and attention heads of the four stages, at a quarter to a thirty-second
        of the resolution. B1: 64, 128, 320, 512; B2 has depths 3, 4, 6, 3 besides.
    decoder_channels
        Channels of the head that joins the stages.
    detail_width
        Channels of our refinement at full resolution; a multiple of 4.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden_sizes: tuple[int, int, int, int] = (32, 64, 160, 256)
    depths: tuple[int, int, int, int] = (2, 2, 2, 2)
    heads: tuple[int, int, int, int] = (1, 2, 5, 8)
    decoder_channels: int = Field(256, ge=1)
    detail_width: int = Field(8, ge=4, multiple_of=4)

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        pairs = zip(self.hidden_sizes, self.heads, strict=True)
        if any(heads < 1 or channels % heads for channels, heads in pairs):
            msg = f"hidden_sizes {self.hidden_sizes} are no multiples of heads {self.heads}"
            raise ValueError(msg)
        return self


def build_segformer(
    config: SegformerConfig, *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return a SegFormer [1]_ with fresh random weights.

    Published, its logits are at a quarter of the resolution and interpolated. Cells are too small
    for that: here the head's features are refined with a shallow convolutional path from the
    image at full resolution, which is our addition.

    References
    ----------
    .. [1] E. Xie et al., SegFormer: Simple and efficient design for semantic segmentation with
       transformers, NeurIPS 2021.
    """
    from torch import nn
    from transformers import SegformerConfig as BodyConfig
    from transformers import SegformerModel
    from transformers.models.segformer.modeling_segformer import SegformerDecodeHead

    from workbench.models._detail_head import DetailHead

    body = BodyConfig(
        num_channels=in_channels,
        hidden_sizes=config.hidden_sizes,
        depths=config.depths,
        num_attention_heads=config.heads,
        decoder_hidden_size=config.decoder_channels,
    )
    feature_channels = 4 * config.detail_width
    body.num_labels = feature_channels

    class RefinedSegformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = SegformerModel(body)
            self.join = SegformerDecodeHead(body)  # type: ignore[no-untyped-call]
            self.head = DetailHead(
                in_channels, feature_channels, out_channels, width=config.detail_width
            )

        def forward(self, images: torch.Tensor) -> Outputs:
            padded = padded_to_multiple(images, COARSEST_PX)
            stages = self.encoder(padded, output_hidden_states=True).hidden_states
            return cut_to_size(Outputs(self.head(padded, self.join(stages))), images.shape[-2:])

    return RefinedSegformer()
