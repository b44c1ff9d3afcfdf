"""Networks that halve their input several times, made to take images of any size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.models._outputs import Outputs

if TYPE_CHECKING:
    import torch


def padded_to_multiple(images: torch.Tensor, multiple_px: int) -> torch.Tensor:
    """Return images whose height and width are multiples of a number, their last pixels repeated.

    Parameters
    ----------
    images
        Shape (batch, channels, height, width).
    multiple_px
        What a network needs height and width to be multiples of.
    """
    from torch.nn.functional import pad

    height, width = images.shape[-2:]
    lacking = (-height % multiple_px, -width % multiple_px)
    if lacking == (0, 0):
        return images
    return pad(images, (0, lacking[1], 0, lacking[0]), mode="replicate")


def cut_to_size(outputs: Outputs, size_px: Sequence[int]) -> Outputs:
    """Return outputs without what :func:`padded_to_multiple` added to the images.

    Coarse outputs keep it: training pads nothing, as its crops are multiples already.
    """
    height, width = size_px
    return Outputs(outputs.logits[..., :height, :width], outputs.coarse)


def padded_to_levels(images: torch.Tensor, coarsest_px: int) -> torch.Tensor:
    """Return images padded for a network whose coarsest level sees so many pixels as one.

    That level then has more than one pixel, as instance and group normalisation need.
    """
    tiny = max(images.shape[-2:]) <= coarsest_px
    return padded_to_multiple(images, coarsest_px * (2 if tiny else 1))
