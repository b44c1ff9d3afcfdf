"""What a network is trained to make small: one loss for each target encoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import torch
from monai.losses import DiceCELoss, DiceFocalLoss, GeneralizedDiceFocalLoss, TverskyLoss
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    interpolate,
    mse_loss,
    smooth_l1_loss,
)

from workbench.inference import FLOW_SCALE, find_encoding
from workbench.models import Outputs
from workbench.schema import InputError
from workbench.training._anti_ambiguity import anti_ambiguity_loss
from workbench.training._loss_names import ClassLoss

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Takes logits (batch, channels, height, width) and a target (batch, target channels, height,
width), both float32; gives a number."""

CLASS_LOSSES: Final[Mapping[str, Callable[..., Loss]]] = {
    "dice_ce": DiceCELoss,
    "ce": partial(DiceCELoss, lambda_dice=0),
    "dice_focal": DiceFocalLoss,
    "generalized_dice_focal": GeneralizedDiceFocalLoss,
    "tversky": partial(TverskyLoss, alpha=0.3, beta=0.7),
}
"""MONAI's, by the names of :data:`ClassLoss`; a newcomer joins by a line here and one there."""

RAY_WEIGHT: Final = 0.2
"""Weight of the rays' error in pixels beside the object probability's, as StarDist has it."""


def _three_class(class_loss: ClassLoss) -> Loss:
    if class_loss == "anti_ambiguity":
        return anti_ambiguity_loss
    return CLASS_LOSSES[class_loss](softmax=True, to_onehot_y=True)


def _three_class_distance(class_loss: ClassLoss) -> Loss:
    if class_loss == "anti_ambiguity":
        return anti_ambiguity_loss
    of_classes = _three_class(class_loss)

    def loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        distance = smooth_l1_loss(logits[:, 3].sigmoid(), target[:, 1], beta=0.1)
        return of_classes(logits[:, :3], target[:, :1]) + distance

    return loss


def _star_convex(class_loss: ClassLoss) -> Loss:
    if class_loss != "dice_ce":
        msg = (
            f"loss {class_loss!r} is for classes, and star_convex has none (its object "
            "probability is a share of a distance); set loss: dice_ce, which it doesn't use."
        )
        raise InputError(msg)
    activate = find_encoding("star_convex").activate

    def loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        probability = target[:, 0]
        error = (activate(logits)[:, 1:] - target[:, 1:]).abs().mean(dim=1)
        # Pixels in the middle of cells matter most: their polygons are the ones that are kept.
        weighted = (probability * error).sum() / (probability.sum() + 1e-6)
        return binary_cross_entropy_with_logits(logits[:, 0], probability) + RAY_WEIGHT * weighted

    return loss


def _flows(class_loss: ClassLoss) -> Loss:
    if class_loss == "anti_ambiguity":
        msg = "loss 'anti_ambiguity' is for three classes, and flows has none; set loss: dice_ce."
        raise InputError(msg)
    of_foreground = CLASS_LOSSES[class_loss](sigmoid=True)

    def loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        flows = 0.5 * mse_loss(logits[:, 1:], FLOW_SCALE * target[:, 1:])
        return of_foreground(logits[:, :1], target[:, :1]) + flows

    return loss


LOSSES: Final[Mapping[str, Callable[[ClassLoss], Loss]]] = {
    "three_class": _three_class,
    "three_class_distance": _three_class_distance,
    "star_convex": _star_convex,
    "flows": _flows,
}
"""By the name of the encoding whose maps are learned."""


def encoding_loss(encoding: str, class_loss: ClassLoss = "dice_ce") -> Loss:
    """Return the loss of an encoding.

    Classes, and the foreground of flows, are learned by ``class_loss``; "anti_ambiguity" covers
    three classes and their distance, see :func:`anti_ambiguity_loss`. Added to it are: for
    distances smooth L1 (beta 0.1); for flows half the mean squared error of five times the flow,
    as Cellpose has it (with "ce" the sum is Cellpose's). Star-convex polygons are learned as
    StarDist does, without classes: binary cross-entropy of the object probability, and 0.2 times
    the error of the rays in pixels, weighted by the object probability.

    Parameters
    ----------
    encoding
        Name in :data:`workbench.inference.ENCODINGS`.
    class_loss
        How classes are learned.

    Raises
    ------
    InputError
        If there is no such encoding, or it has no classes and ``class_loss`` is not the default.

    References
    ----------
    .. [1] U. Schmidt, M. Weigert, C. Broaddus and G. Myers, MICCAI 2018.
    .. [2] C. Stringer, T. Wang, M. Michaelos and M. Pachitariu, Nat. Methods 18:100-106, 2021.

    Examples
    --------
    >>> loss = encoding_loss("three_class")
    >>> target = torch.zeros(1, 1, 4, 4)
    >>> sure = 20.0 * torch.tensor([1.0, 0, 0]).reshape(1, 3, 1, 1).expand(1, 3, 4, 4)
    >>> bool(loss(sure, target) < loss(-sure, target))
    True
    """
    if encoding not in LOSSES:
        msg = f"no loss for encoding {encoding!r}, only for {', '.join(LOSSES)}."
        raise InputError(msg)
    return LOSSES[encoding](class_loss)


def supervised_loss(loss: Loss, outputs: Outputs, target: torch.Tensor) -> torch.Tensor:
    """Return the loss of the output and of its coarse ones, each weighing half of the one before.

    Parameters
    ----------
    loss
        Of one output.
    outputs
        Of a network; without coarse ones the result is their loss alone.
    target
        Shape (batch, target channels, height, width); the nearest of its pixels are taken for
        coarse outputs. Lengths in it keep meaning pixels of the image.

    Returns
    -------
    Tensor
        The mean with weights 1, 1/2, 1/4, ..., divided by their sum [1]_.

    References
    ----------
    .. [1] F. Isensee et al., Nat. Methods 18:203-211, 2021.
    """
    every = (outputs.logits, *outputs.coarse)
    weights = [0.5**place for place in range(len(every))]
    losses = [
        weight * loss(logits.float(), interpolate(target, logits.shape[-2:], mode="nearest"))
        for weight, logits in zip(weights, every, strict=True)
    ]
    total: Any = sum(losses)
    weighted: torch.Tensor = total / sum(weights)
    return weighted
