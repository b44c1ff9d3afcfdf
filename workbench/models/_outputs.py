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
        Shape (batch, channels, height, width), before any activation; what the channels mean is
        the target encoding's business.
    """

    logits: torch.Tensor
