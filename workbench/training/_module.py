"""The one training module: what varies between networks is a config value."""

from __future__ import annotations

import math
from typing import Any, Final

import lightning
import numpy as np
import torch

from workbench.inference import (
    ModelDescription,
    PredictionConfig,
    find_encoding,
    fitting_decoder,
    predict_maps,
)
from workbench.metrics import label_overlap, match_overlap
from workbench.schema import InputError
from workbench.training._config import TrainingConfig
from workbench.training._data import Example, as_tensors, central_view, single_pieces
from workbench.training._losses import encoding_loss, supervised_loss

SKIPPED_STEPS: Final = 20
"""Steps in a row that may be left out for a loss or gradient that is not finite."""

SCORES: Final = ("validation_f1", "validation_dice", "validation_loss")


class SegmentationModule(lightning.LightningModule):
    """Trains any network on any encoding."""

    def __init__(self, description: ModelDescription, config: TrainingConfig) -> None:
        super().__init__()
        self.network = description.build()
        self.encoding = find_encoding(description.encoding)
        self.decoder = fitting_decoder(description.encoding, description.decoder)
        self.config = config
        self.prediction = PredictionConfig(window_px=config.view_px)
        self.loss = encoding_loss(description.encoding, config.loss)
        self.skipped = 0
        self.steps_taken = 0
        self.latest_loss = torch.tensor(math.nan)
        self.scores: list[tuple[float, ...]] = []

    def on_train_epoch_start(self) -> None:
        """Count the steps of an epoch anew."""
        self.steps_taken = 0

    def training_step(
        self, batch: tuple[torch.Tensor, torch.Tensor], _batch_index: int
    ) -> torch.Tensor:
        """Return the loss of one batch."""
        images, target = batch
        loss = self._loss_of(images, target)
        self.latest_loss = loss.detach()
        return loss

    def configure_gradient_clipping(
        self, optimizer: torch.optim.Optimizer, *_: Any, **__: Any
    ) -> None:
        """Cut long gradients, and leave out the step where they are not finite.

        A loss that is not finite has such gradients, on every device once they are averaged.

        Raises
        ------
        InputError
            After :data:`SKIPPED_STEPS` such steps in a row.
        """
        weights = [weight for weight in self.parameters() if weight.grad is not None]
        longest = self.config.gradient_clip or math.inf
        if torch.nn.utils.clip_grad_norm_(weights, longest).isfinite():
            self.skipped = 0
            return
        optimizer.zero_grad(set_to_none=True)
        self.skipped += 1
        if self.skipped >= SKIPPED_STEPS:
            msg = (
                f"the loss was not finite in {SKIPPED_STEPS} steps in a row, in epoch "
                f"{self.current_epoch + 1}; lower learning_rate (it is "
                f"{self.config.learning_rate:g}), or set precision to fp32. The best weights so "
                "far are kept, if there was a validation."
            )
            raise InputError(msg)

    def on_train_batch_end(self, _outputs: Any, batch: Any, _batch_index: int) -> None:
        """Count the loss of a step that was taken."""
        if not self.skipped:
            self.steps_taken += 1
            self.log(
                "train_loss",
                self.latest_loss,
                on_step=False,
                on_epoch=True,
                sync_dist=True,
                batch_size=len(batch[0]),
            )

    def validation_step(self, batch: Example, _batch_index: int) -> None:
        """Score one whole image as prediction does, windows and decoder included."""
        image, labels = batch
        maps = predict_maps(self.network, image, self.encoding, self.prediction)
        predicted = self.encoding.decode(maps, self.decoder)
        matches = match_overlap(label_overlap(labels, predicted))
        view, view_labels = central_view(image, labels, self.config.view_px)
        tensors = as_tensors(view, self.encoding.encode(single_pieces(view_labels)))
        loss = self._loss_of(*(tensor[None].to(self.device) for tensor in tensors))
        self.scores.append(
            (
                _dice(matches.tp, matches.fp, matches.fn),
                _dice(
                    int(np.sum((labels > 0) & (predicted > 0))),
                    int(np.sum((labels == 0) & (predicted > 0))),
                    int(np.sum((labels > 0) & (predicted == 0))),
                ),
                loss.item(),
            )
        )

    def on_validation_epoch_end(self) -> None:
        """Log the means over the images of all devices for which a score is defined."""
        scores = torch.tensor(self.scores, dtype=torch.float32, device=self.device)
        scores = scores.reshape(-1, len(SCORES))
        self.scores = []
        sums = torch.stack([scores.nansum(dim=0), (~scores.isnan()).sum(dim=0)])
        sums = self.trainer.strategy.reduce(sums, reduce_op="sum")
        for name, total, count in zip(SCORES, *sums.tolist(), strict=True):
            if count:
                self.log(name, total / count)

    def _loss_of(self, images: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return supervised_loss(self.loss, self.network(images), target)

    def configure_optimizers(self) -> Any:
        """Return the optimizer with a schedule that moves every step."""
        learned = [weights for weights in self.parameters() if weights.requires_grad]
        optimizer = _optimizer(learned, self.config)
        total_steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: share_of_peak(self.config.schedule, step, total_steps)
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


def _dice(tp: int, fp: int, fn: int) -> float:
    """Return 2 TP / (2 TP + FP + FN), NaN where there is nothing to find and nothing found."""
    everything = 2 * tp + fp + fn
    return 2 * tp / everything if everything else math.nan


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
