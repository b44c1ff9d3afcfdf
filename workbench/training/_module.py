"""The one training module: what varies between networks is a config value."""

from __future__ import annotations

import math
from typing import Any

import lightning
import torch

from workbench.inference import (
    ModelDescription,
    PredictionConfig,
    find_encoding,
    fitting_decoder,
    predict_maps,
)
from workbench.metrics import label_overlap, match_overlap
from workbench.training._config import TrainingConfig
from workbench.training._data import Example
from workbench.training._losses import encoding_loss


class SegmentationModule(lightning.LightningModule):
    """Trains any network on any encoding."""

    def __init__(
        self, description: ModelDescription, config: TrainingConfig, *, total_steps: int
    ) -> None:
        super().__init__()
        self.network = description.build()
        self.encoding = find_encoding(description.encoding)
        self.decoder = fitting_decoder(description.encoding, description.decoder)
        self.config = config
        self.total_steps = total_steps
        self.prediction = PredictionConfig(window_px=config.view_px)
        self.loss = encoding_loss(description.encoding)

    def training_step(
        self, batch: tuple[torch.Tensor, torch.Tensor], _batch_index: int
    ) -> torch.Tensor:
        """Return the loss of one batch."""
        images, target = batch
        logits = self.network(images).logits
        loss = self.loss(logits.float(), target)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(images))
        return loss

    def validation_step(self, batch: Example, _batch_index: int) -> None:
        """Score one whole image as prediction does, windows and decoder included."""
        image, labels = batch
        maps = predict_maps(self.network, image, self.encoding, self.prediction)
        predicted = self.encoding.decode(maps, self.decoder)
        matches = match_overlap(label_overlap(labels, predicted))
        cells = 2 * matches.tp + matches.fp + matches.fn
        if cells:  # an image without any cell has no F1 and must not change the mean
            self.log("validation_f1", 2 * matches.tp / cells, on_epoch=True, batch_size=1)

    def configure_optimizers(self) -> Any:
        """Return the optimizer with a schedule that moves every step."""
        learned = [weights for weights in self.parameters() if weights.requires_grad]
        optimizer = _optimizer(learned, self.config)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: share_of_peak(self.config.schedule, step, self.total_steps)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def share_of_peak(schedule: str, step: int, total_steps: int) -> float:
    """Return the learning rate of a step, as a share of the highest.

    Examples
    --------
    >>> [round(share_of_peak("one_cycle", step, 20), 2) for step in (0, 1, 2, 11, 20)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    >>> round(share_of_peak("polynomial", 10, 20), 3)
    0.536
    """
    done = min(1.0, step / max(1, total_steps))
    if schedule == "constant":
        return 1.0
    if schedule == "polynomial":
        return float((1 - done) ** 0.9)
    warm_up = max(1, total_steps // 10)
    if step < warm_up:
        return (step + 1) / warm_up
    falling = (step - warm_up) / max(1, total_steps - warm_up)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, falling)))


def _optimizer(weights: list[torch.nn.Parameter], config: TrainingConfig) -> torch.optim.Optimizer:
    if config.optimizer == "adamw":
        return torch.optim.AdamW(weights, lr=config.learning_rate, weight_decay=config.weight_decay)
    return torch.optim.SGD(
        weights,
        lr=config.learning_rate,
        momentum=0.99,
        nesterov=True,
        weight_decay=config.weight_decay,
    )
