"""Segment any cell: the image encoder of Segment Anything with a convolutional head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    import torch


class SamEncoderSize(BaseModel):
    """Size of an image encoder built as Segment Anything's.

    Attributes
    ----------
    hidden_size
        Channels of a token; a multiple of ``heads``.
    layers, heads
        Transformer layers, and attention heads of each.
    global_attention
        Layers, counted from 0, that look at the whole image; the others look at windows.
    window_tokens
        Side of the windows, in tokens.
    image_size_px
        Side of the square to which images are resized; a multiple of ``patch_px``.
    patch_px
        Side of the square of pixels that becomes one token.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden_size: int = Field(ge=1)
    layers: int = Field(ge=1)
    heads: int = Field(ge=1)
    global_attention: tuple[int, ...]
    window_tokens: int = Field(14, ge=1)
    image_size_px: int = Field(1024, ge=1)
    patch_px: int = Field(16, ge=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.hidden_size % self.heads:
            msg = f"hidden_size {self.hidden_size} is no multiple of heads {self.heads}"
            raise ValueError(msg)
        if self.image_size_px % self.patch_px:
            msg = f"image_size_px {self.image_size_px} is no multiple of patch_px {self.patch_px}"
            raise ValueError(msg)
        if any(not 0 <= layer < self.layers for layer in self.global_attention):
            msg = f"global_attention {self.global_attention} names no layer 0 to {self.layers - 1}"
            raise ValueError(msg)
        return self


ENCODER_SIZES: Final = {
    "small": SamEncoderSize(
        hidden_size=144,
        layers=4,
        heads=4,
        global_attention=(1, 3),
        window_tokens=8,
        image_size_px=256,
    ),
    "vit_b": SamEncoderSize(hidden_size=768, layers=12, heads=12, global_attention=(2, 5, 8, 11)),
    "vit_l": SamEncoderSize(
        hidden_size=1024, layers=24, heads=16, global_attention=(5, 11, 17, 23)
    ),
    "vit_h": SamEncoderSize(
        hidden_size=1280, layers=32, heads=16, global_attention=(7, 15, 23, 31)
    ),
}
"""The three published sizes, and one that a CPU trains from scratch."""


class SacConfig(BaseModel):
    """Size of the encoder, where its weights come from, and which of them learn.

    Attributes
    ----------
    encoder
        "vit_b", "vit_l" or "vit_h" as published, "small" for training from scratch on a CPU, or
        an explicit size.
    image_size_px
        Side of the square to which images are resized within; None for the encoder's own, 1024
        where it is published. Cost grows with its square; position weights are interpolated.
    weights
        None for random weights; the path of a file (safetensors or a state dict, with the names
        of transformers or of Meta's original) or of a folder of transformers; or a name on the
        Hugging Face hub such as "facebook/sam-vit-base".
    train
        "all" of the encoder learns; or its "last_blocks"; or nothing of it ("frozen"); or "lora":
        its weights stay, and low-rank matrices [1]_ beside its attention learn.
    trained_blocks
        How many layers "last_blocks" means; the neck behind them learns too.
    lora_rank, lora_alpha
        Rank of the matrices, and the factor alpha / rank of what they add; for "lora".
    head_width
        Channels of the head at full resolution; a multiple of 4.

    References
    ----------
    .. [1] E. J. Hu et al., LoRA: Low-rank adaptation of large language models, ICLR 2022.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: Literal["small", "vit_b", "vit_l", "vit_h"] | SamEncoderSize = "small"
    image_size_px: int | None = Field(None, ge=1)
    weights: str | None = None
    train: Literal["all", "last_blocks", "frozen", "lora"] = "all"
    trained_blocks: int = Field(2, ge=1)
    lora_rank: int = Field(8, ge=1)
    lora_alpha: int = Field(16, ge=1)
    head_width: int = Field(8, ge=4, multiple_of=4)

    @model_validator(mode="after")
    def _size_fits(self) -> Self:
        if self.train == "last_blocks" and self.trained_blocks > self.size.layers:
            msg = f"trained_blocks {self.trained_blocks} exceeds the {self.size.layers} layers"
            raise ValueError(msg)
        return self

    @property
    def size(self) -> SamEncoderSize:
        """Size of the encoder with what ``image_size_px`` changes in it."""
        size = ENCODER_SIZES[self.encoder] if isinstance(self.encoder, str) else self.encoder
        own = size.image_size_px if self.image_size_px is None else self.image_size_px
        return SamEncoderSize.model_validate(size.model_dump() | {"image_size_px": own})


def build_sac(config: SacConfig, *, in_channels: int, out_channels: int) -> torch.nn.Module:
    """Return Segment Anything's image encoder [1]_ under a convolutional head.

    Images are padded to a square, resized to the encoder's side, and normalised as ImageNet is;
    other channel counts than three pass a 1x1 convolution first. The prompt encoder and the mask
    decoder of Segment Anything are not used: a cell has no prompt here.

    The head is ours. Its shallow convolutional path from the image at full resolution is our
    addition to "encoder plus decoder head": tokens are 16 pixels wide, and nuclei's boundaries
    are finer than what can be interpolated from them.

    Raises
    ------
    InputError
        If the weights cannot be had or do not fit the encoder.

    References
    ----------
    .. [1] A. Kirillov et al., Segment anything, ICCV 2023.
    """
    from workbench.models._sac_network import SegmentAnyCell

    return SegmentAnyCell(config, in_channels=in_channels, out_channels=out_channels)
