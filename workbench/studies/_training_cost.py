"""What a training took, as the card of its model tells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from workbench.inference import read_card


@dataclass(frozen=True)
class TrainingCost:
    """What a training took.

    Attributes
    ----------
    seconds
        Wall time of the epochs, validation included; an interruption is not counted.
    epochs
        That were trained.
    views_per_image
        Views that an epoch took from each image.
    batch_size
        Views a step.
    peak_memory_mb
        As the training measured it.
    """

    seconds: float
    epochs: float
    views_per_image: int
    batch_size: float
    peak_memory_mb: float

    @property
    def standardised_seconds(self) -> float:
        """Running time brought to batches of 8 and 50 passes over the training images.

        T * (B / 8) * (50 / E) of [1]_, with running time T, batch size B and E epochs. An epoch is
        a pass over the images there; ours may take several views of each and counts as so many.

        References
        ----------
        .. [1] Y. Wang et al., A systematic evaluation of computational methods for cell
           segmentation, Brief. Bioinform., 2024.

        Examples
        --------
        >>> TrainingCost(600, 25, 2, 16, 100).standardised_seconds
        1200.0
        """
        passes = self.epochs * self.views_per_image
        return self.seconds * self.batch_size / 8 * 50 / passes if passes else math.nan


def read_training_cost(folder: Path) -> TrainingCost:
    """Return what the training of a model folder took; NaN where its card does not say.

    Raises
    ------
    InputError
        If the folder holds no model card.
    """
    card = read_card(folder)
    metrics = card.metrics
    return TrainingCost(
        seconds=metrics.get("training_s", math.nan),
        epochs=metrics.get("epochs", math.nan),
        views_per_image=int(card.training.get("views_per_image", 1)),
        batch_size=metrics.get("batch_size", math.nan),
        peak_memory_mb=metrics.get("peak_memory_bytes", math.nan) / 2**20,
    )
