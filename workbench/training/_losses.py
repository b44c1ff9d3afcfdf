"""What a network is trained to make small: one loss for each target encoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import torch
from monai.losses import DiceCELoss

from workbench.models import Outputs
from workbench.schema import InputError
from workbench.training._loss_names import ClassLoss

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Takes logits (batch, channels, height, width) and a target (batch, target channels, height,
width), both float32; gives a number."""


def three_class_loss() -> Loss:
    """Return Dice + cross-entropy of class logits and a map of classes."""
    loss: Loss = DiceCELoss(softmax=True, to_onehot_y=True)
    return loss


LOSSES: Final[Mapping[str, Callable[[], Loss]]] = {"three_class": three_class_loss}
"""By the name of the encoding whose maps are learned."""


def encoding_loss(encoding: str, class_loss: ClassLoss = "dice_ce") -> Loss:  # noqa: ARG001
    """Return the loss of an encoding.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    if encoding not in LOSSES:
        msg = f"no loss for encoding {encoding!r}, only for {', '.join(LOSSES)}."
        raise InputError(msg)
    return LOSSES[encoding]()


def supervised_loss(loss: Loss, outputs: Outputs, target: torch.Tensor) -> torch.Tensor:
    """Return the loss of an output and its coarse ones, each half the weight of the one before."""
    every = (outputs.logits, *outputs.coarse)
    weights = [0.5**place for place in range(len(every))]
    total = torch.zeros((), device=target.device)
    for weight, logits in zip(weights, every, strict=True):
        resized = torch.nn.functional.interpolate(target, logits.shape[-2:])
        total = total + weight * loss(logits.float(), resized)
    return total / sum(weights)
