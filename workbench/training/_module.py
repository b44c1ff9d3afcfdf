"""The one training module: what varies between networks is a config value."""

from __future__ import annotations

import math
from typing import Any

import lightning
import numpy as np
import torch
from monai.losses import DiceCELoss

from workbench.inference import (
    ENCODINGS,
    ModelDescription,
    PredictionConfig,
    predict_probabilities,
)
from workbench.metrics import label_overlap, match_overlap
from workbench.training._config import TrainingConfig
from workbench.training._data import Example


class SegmentationModule(lightning.LightningModule):
    """Trains any network whose encoding is a map of classes."""

    def __init__(
        self, description: ModelDescription, config: TrainingConfig, *, total_steps: int
    ) -> None:
        super().__init__()
        self.network = description.build()
        self.encoding = ENCODINGS[description.encoding]
        self.config = config
        self.total_steps = total_steps
        self.prediction = PredictionConfig(window_px=config.view_px)
        self.loss = DiceCELoss(softmax=True, to_onehot_y=True)

    def training_step(
        self, batch: tuple[torch.Tensor, torch.Tensor], _batch_index: int
    ) -> torch.Tensor:
        """Return Dice + cross-entropy of one batch."""
        images, target = batch
        logits = self.network(images).logits
        loss: torch.Tensor = self.loss(logits.float(), target[:, None])
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(images))
        return loss

    def validation_step(self, batch: Example, _batch_index: int) -> None:
        """Score one whole image as prediction does, windows and decoder included."""
        image, labels = batch
        probabilities = predict_probabilities(self.network, image, self.prediction)
        predicted = self.encoding.decode(probabilities, self.prediction.decoder)
        log_probabilities = torch.from_numpy(np.log(np.maximum(probabilities, 1e-7)))
        target = torch.from_numpy(self.encoding.encode(labels).astype(np.int64))
        # The loss takes a softmax of its input, and that of log-probabilities is the identity.
        loss = self.loss(log_probabilities.permute(2, 0, 1)[None], target[None, None])
        self.log("validation_loss", loss, on_epoch=True, batch_size=1)
        matches = match_overlap(label_overlap(labels, predicted))
        cells = 2 * matches.tp + matches.fp + matches.fn
        if cells:  # an image without any cell has no F1 and must not change the mean
            self.log("validation_f1", 2 * matches.tp / cells, on_epoch=True, batch_size=1)

    def configure_optimizers(self) -> Any:
        """AdamW; the learning rate rises over a tenth of the steps, then falls as a cosine."""
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=self.config.learning_rate, weight_decay=self.config.weight_decay
        )
        warm_up = max(1, self.total_steps // 10)

        def share_of_peak(step: int) -> float:
            if step < warm_up:
                return (step + 1) / warm_up
            done = (step - warm_up) / max(1, self.total_steps - warm_up)
            return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share_of_peak)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
