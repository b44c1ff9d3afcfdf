"""Convolutions that every network takes from here: pretrained ones end too coarse for cells."""

from __future__ import annotations

from typing import Final

import torch
from torch import nn
from torch.nn.functional import interpolate

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
"""Of red, green and blue in 0 to 1; what pretrained encoders expect to be taken off."""


class ImageNetInput(nn.Module):
    """Images of any channel count as the three normalised channels of a pretrained encoder."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.to_three = nn.Identity() if in_channels == 3 else nn.Conv2d(in_channels, 3, 1)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return shape (batch, 3, height, width)."""
        normalised: torch.Tensor = (self.to_three(images) - self.mean) / self.std
        return normalised


class DetailHead(nn.Module):
    """Features of any resolution to logits of the image's, with the help of the image itself.

    A shallow convolutional path looks at the image at full, half and quarter resolution; features
    are brought to the quarter, added to it there, and doubled twice likewise. So boundaries are as
    fine as the image, and training from scratch has a short way from pixels to logits.
    """

    def __init__(
        self, in_channels: int, feature_channels: int, out_channels: int, *, width: int
    ) -> None:
        super().__init__()
        self.look_full = _convolution(in_channels, width)
        self.look_half = _convolution(width, 2 * width, stride=2)
        self.look_quarter = _convolution(2 * width, 4 * width, stride=2)
        # Channels are brought down before resolution goes up: most of the cost is at the end.
        self.to_quarter = nn.Conv2d(feature_channels, 4 * width, 1)
        self.to_half = nn.Conv2d(4 * width, 2 * width, 1)
        self.to_full = nn.Conv2d(2 * width, width, 1)
        self.join_quarter = _convolution(4 * width, 4 * width)
        self.join_half = _convolution(2 * width, 2 * width)
        self.join_full = _convolution(width, width)
        self.classify = nn.Conv2d(width, out_channels, 1)

    def forward(self, images: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Return logits; height and width of the images are multiples of 4."""
        full = self.look_full(images)
        half = self.look_half(full)
        quarter = self.look_quarter(half)
        joined = self.join_quarter(quarter + _resized(self.to_quarter(features), quarter))
        joined = self.join_half(half + _resized(self.to_half(joined), half))
        joined = self.join_full(full + _resized(self.to_full(joined), full))
        logits: torch.Tensor = self.classify(joined)
        return logits


def _resized(features: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return interpolate(features, like.shape[-2:], mode="bilinear")


def _convolution(in_channels: int, out_channels: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
        nn.GroupNorm(4, out_channels),
        nn.ReLU(inplace=True),
    )
