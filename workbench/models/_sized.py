"""Networks that halve their input several times, made to take images of any size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.models._outputs import Outputs

if TYPE_CHECKING:
    import torch


def padded_to_multiple(
    images: torch.Tensor, multiple_px: int, *, at_least_px: int = 0
) -> torch.Tensor:
    """Return images whose height and width are multiples of a number, their last pixels repeated.

    Parameters
    ----------
    images
        Shape (batch, channels, height, width).
    multiple_px
        What a network needs height and width to be multiples of.
    at_least_px
        What they must not be below, itself a multiple. Instance normalisation needs more than one
        pixel at the coarsest level, so networks with it give twice ``multiple_px``.
    """
    from torch.nn.functional import pad

    lacking = tuple(
        max(at_least_px - length, -length % multiple_px) for length in images.shape[-2:]
    )
    if lacking == (0, 0):
        return images
    return pad(images, (0, lacking[1], 0, lacking[0]), mode="replicate")


def cut_to_size(outputs: Outputs, size_px: Sequence[int]) -> Outputs:
    """Return outputs without what :func:`padded_to_multiple` added to the images.

    Parameters
    ----------
    outputs
        Of the padded images.
    size_px
        Height and width of the images before.

    Returns
    -------
    Outputs
        Coarse outputs keep the same share of their height and width as the logits, rounded up.
    """

    def cut(coarse: torch.Tensor) -> torch.Tensor:
        rows, columns = (
            -(-length * coarse.shape[axis] // outputs.logits.shape[axis])
            for axis, length in zip((-2, -1), size_px, strict=True)
        )
        return coarse[..., :rows, :columns]

    height, width = size_px
    return Outputs(outputs.logits[..., :height, :width], tuple(map(cut, outputs.coarse)))
