"""The network behind MAUNet's two names; see :mod:`workbench.models._maunet`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import torch
from monai.networks.blocks import UnetOutBlock, UnetrBasicBlock, UnetrUpBlock
from monai.networks.nets.resnet import ResNet, ResNetBottleneck
from torch import nn

from workbench.models._detail_head import ImageNetInput
from workbench.models._maunet import MAUNetConfig
from workbench.models._outputs import Outputs
from workbench.models._pretrained import put_weights, read_weights
from workbench.models._sized import cut_to_size, padded_to_multiple

CLASSES: Final = 3
STAGES: Final = (3, 4, 6, 3)
DECODER_CHANNELS: Final = 24


class MAUNet(nn.Module):
    """One encoder, and a decoder each for classes and for whatever else an encoding has."""

    def __init__(
        self, config: MAUNetConfig, *, in_channels: int, out_channels: int, wide: bool
    ) -> None:
        super().__init__()
        stages = 3 if wide else 4
        self.multiple_px = 2 ** (stages + 1)
        self.normalise = ImageNetInput(in_channels)
        self.encoder = ResNet50Stages(_share(64, config.width), stages=stages, wide=wide)
        if config.weights is not None:
            _put_encoder_weights(self.encoder, config.weights)
        given = (in_channels, *self.encoder.channels)
        base = _share(DECODER_CHANNELS, config.width)
        kept = [base, *(base * 2**level for level in range(stages + 1))]
        self.skips = nn.ModuleList(_block(*pair) for pair in zip(given, kept, strict=True))
        parts = [min(CLASSES, out_channels), out_channels - min(CLASSES, out_channels)]
        self.decoders = nn.ModuleList(Decoder(kept, part) for part in parts if part)

    def forward(self, images: torch.Tensor) -> Outputs:
        """Return logits of the size of the images."""
        # Instance normalisation needs more than one pixel at the coarsest level.
        tiny = max(images.shape[-2:]) <= self.multiple_px
        padded = padded_to_multiple(images, self.multiple_px * (2 if tiny else 1))
        seen = [padded, *self.encoder(self.normalise(padded))]
        kept = [skip(features) for skip, features in zip(self.skips, seen, strict=True)]
        logits = torch.cat([decoder(kept) for decoder in self.decoders], dim=1)
        return cut_to_size(Outputs(logits), images.shape[-2:])


class Decoder(nn.Module):
    """Features of every level, the finest first, to logits."""

    def __init__(self, channels: Sequence[int], out_channels: int) -> None:
        super().__init__()
        self.ups = nn.ModuleList(
            UnetrUpBlock(2, coarse, fine, 3, 2, "instance", res_block=True)
            for fine, coarse in reversed(list(pairwise(channels)))
        )
        self.out = UnetOutBlock(2, channels[0], out_channels)

    def forward(self, kept: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return logits of the finest level's size."""
        features = kept[-1]
        for up, skip in zip(self.ups, reversed(kept[:-1]), strict=True):
            features = up(features, skip)
        logits: torch.Tensor = self.out(features)
        return logits


class ResNet50Stages(nn.Module):
    """The stem and the first stages of a ResNet50, with torchvision's names of weights."""

    def __init__(self, planes: int, *, stages: int, wide: bool) -> None:
        super().__init__()
        whole = ResNet(
            WideBottleneck if wide else ResNetBottleneck,
            list(STAGES),
            [planes * 2**stage for stage in range(4)],
            spatial_dims=2,
            conv1_t_stride=2,
            feed_forward=False,
            bias_downsample=False,
        )
        self.conv1, self.bn1, self.act, self.maxpool = (
            whole.conv1,
            whole.bn1,
            whole.act,
            whole.maxpool,
        )
        self.names = [f"layer{stage}" for stage in range(1, stages + 1)]
        for name in self.names:
            self.add_module(name, whole.get_submodule(name))
        self.channels = (planes, *(planes * 4 * 2**stage for stage in range(stages)))

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the stem's features, at half the resolution, and each stage's, each halving."""
        features = [self.act(self.bn1(self.conv1(images)))]
        flowing = self.maxpool(features[0])
        for name in self.names:
            flowing = self.get_submodule(name)(flowing)
            features.append(flowing)
        return features


class WideBottleneck(ResNetBottleneck):  # type: ignore[misc]
    """A bottleneck with twice the channels inside and the same outside.

    MONAI's ``widen_factor`` widens the outside too, which is another network than the
    Wide-ResNet50-2 that has ImageNet weights.
    """

    def __init__(self, in_planes: int, planes: int, **settings: Any) -> None:
        super().__init__(in_planes, 2 * planes, **settings)
        self.conv3 = nn.Conv2d(2 * planes, self.expansion * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(self.expansion * planes)


def _block(in_channels: int, out_channels: int) -> nn.Module:
    block: nn.Module = UnetrBasicBlock(
        2, in_channels, out_channels, 3, 1, "instance", res_block=True
    )
    return block


def _share(channels: int, width: float) -> int:
    return max(4, round(channels * width))


def _put_encoder_weights(encoder: ResNet50Stages, source: str) -> None:
    weights = read_weights(Path(source).expanduser())
    put_weights(
        encoder,
        _used(weights, encoder),
        source=source,
        cure="give torchvision's resnet50 to maunet_resnet50, wide_resnet50_2 to maunet_wide.",
    )


def _used(weights: Mapping[str, torch.Tensor], encoder: ResNet50Stages) -> dict[str, torch.Tensor]:
    """Return weights without the classifier and stages that MAUNet has not.

    Files from before 2018 lack the counters of batch normalisation; those start at 0.
    """
    left_out = ("fc.", "layer4.") if "layer4" not in encoder.names else ("fc.",)
    counters = {
        name: counter.zero_()
        for name, counter in encoder.state_dict().items()
        if name.endswith("num_batches_tracked")
    }
    return counters | {
        name: tensor for name, tensor in weights.items() if not name.startswith(left_out)
    }
