"""U-Net with convolutional LSTM in the encoder: it remembers earlier frames at every scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.models._outputs import Outputs
from workbench.models._sized import cut_to_size, padded_to_multiple

if TYPE_CHECKING:
    import torch


class LSTMUNetConfig(BaseModel):
    """Size of a U-Net with memory.

    Attributes
    ----------
    channels
        Feature channels of each level, the finest first; each level halves height and width.
    memory_kernel_px
        Side of the kernels in the memory cells: how far a cell may have moved between two
        frames, at each scale.

    Notes
    -----
    As published [1]_: a convolutional LSTM [2]_ before the convolutions of each encoder level, a
    decoder without memory, bilinear upsampling, concatenation. There channels are 128, 256, 256,
    512, all kernels 5 and normalisation is by batch; here it is by instance, which sees one frame
    alone, so nothing flows back from later frames. The memory is empty before the first frame.

    References
    ----------
    .. [1] A. Arbelle, T. Riklin Raviv, Microscopy cell segmentation via convolutional LSTM
       networks, ISBI, 2019.
    .. [2] X. Shi et al., Convolutional LSTM network, NeurIPS, 2015; here without peepholes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[Annotated[int, Field(ge=1)], ...] = Field((16, 32, 64, 128), min_length=2)
    memory_kernel_px: Literal[1, 3, 5, 7] = 3


def build_lstm_unet(
    config: LSTMUNetConfig, *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return a network with fresh random weights.

    It maps images (batch, channels, height, width) of any size to :class:`Outputs`, and sequences
    (batch, time, channels, height, width) to logits (batch, time, out_channels, height, width),
    where each frame depends on itself and those before it.
    """
    from itertools import pairwise

    import torch
    from monai.networks.nets.basic_unet import TwoConv, UpCat
    from torch import nn

    multiple_px = 2 ** (len(config.channels) - 1)
    layers = {
        "act": ("leakyrelu", {"negative_slope": 0.1, "inplace": True}),
        "norm": ("instance", {"affine": True}),
        "bias": False,
    }
    up_layers = {"upsample": "nontrainable", "align_corners": False, "is_pad": False}

    class Memory(nn.Module):
        """Convolutional LSTM over frames (batch, time, channels, height, width)."""

        def __init__(self, before: int, channels: int) -> None:
            super().__init__()
            self.gates = nn.Conv2d(
                before + channels,
                4 * channels,
                config.memory_kernel_px,
                padding=config.memory_kernel_px // 2,
            )

        def forward(self, frames: torch.Tensor) -> torch.Tensor:
            channels = self.gates.out_channels // 4
            # Not torch.zeros, whose size would be fixed in an exported network.
            shown = kept = (0 * frames[:, 0, :1]).repeat(1, channels, 1, 1)
            history = []
            for frame in frames.unbind(1):
                gates = self.gates(torch.cat((frame, shown), dim=1))
                let_in, keep, show, new = gates.chunk(4, dim=1)
                # It remembers until it has learned to forget.
                kept = (keep + 1).sigmoid() * kept + let_in.sigmoid() * new.tanh()
                shown = show.sigmoid() * kept.tanh()
                history.append(shown)
            return torch.stack(history, dim=1)

    class LSTMUNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            before = (in_channels, *config.channels)
            self.memories = nn.ModuleList(
                Memory(fed, channels) for fed, channels in pairwise(before)
            )
            self.blocks = nn.ModuleList(
                TwoConv(2, channels, channels, **layers) for channels in config.channels
            )
            self.pool = nn.MaxPool2d(2)
            self.up = nn.ModuleList(
                UpCat(2, coarser, finer, finer, **up_layers, **layers)
                for finer, coarser in reversed(list(pairwise(config.channels)))
            )
            self.head = nn.Conv2d(config.channels[0], out_channels, kernel_size=1)

        def forward(self, images: torch.Tensor) -> Outputs:
            is_sequence = images.ndim == 5
            frames = images if is_sequence else images[:, None]
            span = frames.shape[:2]
            found = padded_to_multiple(
                frames.flatten(0, 1), multiple_px, at_least_px=2 * multiple_px
            )
            features: list[torch.Tensor] = []
            for memory, block in zip(self.memories, self.blocks, strict=True):
                fed = self.pool(found) if features else found
                found = block(memory(fed.unflatten(0, span)).flatten(0, 1))
                features.append(found)
            features.pop()
            for up in self.up:
                found = up(found, features.pop())
            logits = self.head(found)
            if is_sequence:
                logits = logits.unflatten(0, span)
            return cut_to_size(Outputs(logits), images.shape[-2:])

    return LSTMUNet()
