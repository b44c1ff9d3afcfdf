"""The anti-ambiguity loss of MAUNet: a class that no pixel has takes what is ambiguous."""

from __future__ import annotations

from typing import Final

import torch
from monai.losses import DiceLoss
from torch.nn.functional import one_hot

CLASSES: Final = 3
FOCUSING: Final = 2.0


def anti_ambiguity_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return Dice + focal loss of three among four classes, and an L1 loss of the distance.

    Parameters
    ----------
    logits
        Shape (batch, 3, height, width), logits of background, interior and boundary; or with a
        fourth channel, the logit of a distance in 0 to 1.
    target
        Shape (batch, 1, height, width), the class of each pixel; or with a second channel, the
        distance, 0 outside of cells.

    Returns
    -------
    Tensor
        A number. The distance counts inside and outside of cells alike, however many pixels there
        are of each; where a batch has none of one kind, that kind adds 0.

    Notes
    -----
    MAUNet [1]_ gives its softmax a fourth class that no pixel is labelled with, and trains the
    probabilities of the other three. So a pixel can be told to be none of them, and no class has
    to be sure of it. A softmax depends only on differences of logits, hence the fourth logit can
    be fixed at 0 without loss of generality: the network needs no channel for it.

    Read from the published code; two things differ. It hands probabilities to a focal loss that
    takes them for logits; here the focal loss [2]_ is -(1 - p)^2 log p, for p the probability of
    the pixel's class. And it regresses the distance without activation; here a sigmoid keeps it
    in 0 to 1, as the encoding's maps are.

    References
    ----------
    .. [1] Team saltfish, MAUNet: Modality-aware anti-ambiguity U-Net for multi-modality cell
       segmentation, NeurIPS 2022 cell segmentation challenge, ``train.py`` of
       https://github.com/Woof6/neurips22-cellseg_saltfish
    .. [2] T.-Y. Lin et al., Focal loss for dense object detection, ICCV 2017.

    Examples
    --------
    >>> target = torch.ones(1, 1, 8, 8)
    >>> doubtful, sure = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    >>> sure[:, 1] = 9
    >>> bool(anti_ambiguity_loss(sure, target) < anti_ambiguity_loss(doubtful, target))
    True
    """
    loss = _class_loss(logits[:, :CLASSES], target[:, 0].long())
    if logits.shape[1] > CLASSES:
        loss = loss + _distance_loss(logits[:, CLASSES].sigmoid(), target[:, 1])
    return loss


def _class_loss(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    ambiguous = torch.zeros_like(logits[:, :1])
    log_probabilities = torch.cat([logits, ambiguous], dim=1).log_softmax(dim=1)[:, :CLASSES]
    true = one_hot(classes, CLASSES).movedim(-1, 1)
    log_true = (log_probabilities * true).sum(dim=1)
    focal = -((1 - log_true.exp()) ** FOCUSING * log_true).mean()
    dice: torch.Tensor = DiceLoss()(log_probabilities.exp(), true)
    return dice + focal


def _distance_loss(predicted: torch.Tensor, distance: torch.Tensor) -> torch.Tensor:
    error = (predicted - distance).abs()
    inside = distance > 0
    parts = [error[kind].sum() / kind.sum().clamp(min=1) for kind in (inside, ~inside)]
    return parts[0] + parts[1]
