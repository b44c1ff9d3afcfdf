"""The network behind ``sac``; see :mod:`workbench.models._sac`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import torch
from torch import nn
from torch.nn.functional import interpolate, pad

from workbench.models._detail_head import DetailHead, ImageNetInput
from workbench.models._outputs import Outputs
from workbench.models._pretrained import put_weights, read_weights
from workbench.models._sac import SacConfig, SamEncoderSize
from workbench.models._sized import cut_to_size
from workbench.schema import InputError

NECK_CHANNELS: Final = 256
META_NAMES: Final = {
    "blocks.": "layers.",
    ".norm": ".layer_norm",
    "patch_embed.proj.": "patch_embed.projection.",
    "neck.0.": "neck.conv1.",
    "neck.1.": "neck.layer_norm1.",
    "neck.2.": "neck.conv2.",
    "neck.3.": "neck.layer_norm2.",
}
"""What Meta's original file calls otherwise than transformers does."""


class SegmentAnyCell(nn.Module):
    """Encoder, and a head that joins its tokens with the image."""

    def __init__(self, config: SacConfig, *, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.side_px = config.size.image_size_px
        self.frozen = config.train == "frozen"
        self.normalise = ImageNetInput(in_channels)
        self.encoder = _encoder(config.size)
        if config.weights is not None:
            _put_encoder_weights(self.encoder, config.weights)
        _choose_what_learns(self.encoder, config)
        self.head = DetailHead(in_channels, NECK_CHANNELS, out_channels, width=config.head_width)

    def train(self, mode: bool = True) -> Self:
        """Set the mode; a frozen encoder stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self

    def forward(self, images: torch.Tensor) -> Outputs:
        """Return logits of the size of the images."""
        square = _padded_to_square(images)
        features = self.encoder(_resized(self.normalise(square), self.side_px)).last_hidden_state
        return cut_to_size(Outputs(self.head(square, features)), images.shape[-2:])


def _encoder(size: SamEncoderSize) -> nn.Module:
    from transformers import SamVisionConfig
    from transformers.models.sam.modeling_sam import SamVisionEncoder

    return SamVisionEncoder(
        SamVisionConfig(
            hidden_size=size.hidden_size,
            output_channels=NECK_CHANNELS,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            image_size=size.image_size_px,
            patch_size=size.patch_px,
            window_size=size.window_tokens,
            global_attn_indexes=size.global_attention,
            # The published 1e-10 serves only to be overwritten: nothing learns from it.
            initializer_range=0.02,
        )
    )


def _choose_what_learns(encoder: nn.Module, config: SacConfig) -> None:
    if config.train == "lora":
        from peft import LoraConfig, inject_adapter_in_model

        adapters = LoraConfig(
            r=config.lora_rank, lora_alpha=config.lora_alpha, target_modules=["qkv", "proj"]
        )
        inject_adapter_in_model(adapters, encoder)
        return
    encoder.requires_grad_(config.train == "all")
    if config.train == "last_blocks":
        layers = list(encoder.get_submodule("layers").children())
        for learning in (*layers[-config.trained_blocks :], encoder.get_submodule("neck")):
            learning.requires_grad_()


def _padded_to_square(images: torch.Tensor) -> torch.Tensor:
    """Return images whose side is a multiple of 4, their last pixels repeated."""
    height, width = images.shape[-2:]
    side = -(-max(height, width) // 4) * 4
    return pad(images, (0, side - width, 0, side - height), mode="replicate")


def _resized(square: torch.Tensor, side_px: int) -> torch.Tensor:
    if square.shape[-1] == side_px:
        return square
    shrinks = square.shape[-1] > side_px
    return interpolate(square, (side_px, side_px), mode="bilinear", antialias=shrinks)


def _put_encoder_weights(encoder: nn.Module, source: str) -> None:
    weights = _encoder_part(read_weights(_local(source)))
    cure = "choose the encoder size ('vit_b', 'vit_l', 'vit_h') that these weights belong to."
    put_weights(encoder, _positions_resized(weights, encoder), source=source, cure=cure)


def _local(source: str) -> Path:
    """Return the path of weights, downloaded first if they have a name on the hub."""
    path = Path(source).expanduser()
    is_name = re.fullmatch(r"[\w.-]+/[\w.-]+", source) and path.suffix not in {
        ".bin",
        ".pt",
        ".pth",
        ".safetensors",
    }
    if path.exists() or not is_name:
        return path
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(source, "model.safetensors"))
    except Exception as error:
        # No network, no such name, no permission: each fails in its own type.
        msg = (
            f"{source}: neither a local path nor to be had from the Hugging Face hub "
            f"({str(error).splitlines()[0]}); download it elsewhere and give its path."
        )
        raise InputError(msg) from error


def _encoder_part(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the image encoder's weights by the names that transformers gives them."""
    for prefix in ("vision_encoder.", "image_encoder."):
        inside = {
            name.removeprefix(prefix): tensor
            for name, tensor in weights.items()
            if name.startswith(prefix)
        }
        weights = inside or weights
    if any(name.startswith("blocks.") for name in weights):
        return {_name_by_transformers(name): tensor for name, tensor in weights.items()}
    return dict(weights)


def _name_by_transformers(name: str) -> str:
    for theirs, ours in META_NAMES.items():
        name = name.replace(theirs, ours)
    return name


def _positions_resized(
    weights: Mapping[str, torch.Tensor], encoder: nn.Module
) -> dict[str, torch.Tensor]:
    """Return weights whose positions are interpolated to the grid of tokens of this encoder."""
    resized = dict(weights)
    for name, wanted in encoder.state_dict().items():
        given = resized.get(name)
        if given is None or given.shape == wanted.shape or given.dim() != wanted.dim():
            continue
        if name == "pos_embed":
            grid = interpolate(
                given.permute(0, 3, 1, 2), wanted.shape[1:3], mode="bicubic", antialias=True
            )
            resized[name] = grid.permute(0, 2, 3, 1)
        elif "rel_pos" in name:
            line = interpolate(given.T[None], wanted.shape[0], mode="linear")
            resized[name] = line[0].T
    return resized
