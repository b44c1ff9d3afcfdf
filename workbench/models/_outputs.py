"""What every network returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Outputs:
    """The one type that every network returns, so that whoever calls one can call all.

    Attributes
    ----------
    logits
        Shape (batch, channels, height, width) of the input image, before any activation; what the
        channels mean is the target encoding's business.
    coarse
        The same at lower resolutions, the finest first, for deep supervision. Networks that have
        them give them in training mode only.
    """

    logits: torch.Tensor
    coarse: tuple[torch.Tensor, ...] = ()
