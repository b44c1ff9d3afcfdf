"""What a training took: time, passes over the images, memory of the GPU."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from workbench.store import write_text
from workbench.training import TrainingConfig, read_history

TRAINING_COST: Final = "training_cost.json"


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
    n_images
        Training images.
    device
        On what.
    gpu_memory_mb
        Peak of the memory that PyTorch held on the GPU; NaN on a CPU, where the ledger has the
        peak of the process.
    """

    seconds: float
    epochs: int
    views_per_image: int
    batch_size: int
    n_images: int
    device: str
    gpu_memory_mb: float

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
        >>> TrainingCost(600, 25, 2, 16, 100, "CPU", math.nan).standardised_seconds
        1200.0
        """
        passes = self.epochs * self.views_per_image
        return self.seconds * self.batch_size / 8 * 50 / passes if passes else math.nan


@contextmanager
def measured_training(folder: Path, config: TrainingConfig, *, n_images: int) -> Iterator[None]:
    """Write what a training takes into its folder, when it has ended well."""
    import torch

    from workbench.inference import device_name

    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    yield
    if (folder / TRAINING_COST).is_file():
        return  # it had ended before: only the first call saw its memory
    history = read_history(folder)
    cost = TrainingCost(
        seconds=float(history["elapsed_s"].iloc[-1]),
        epochs=len(history),
        views_per_image=config.views_per_image,
        batch_size=config.batch_size,
        n_images=n_images,
        device=device_name(torch.device("cuda" if on_gpu else "cpu")),
        gpu_memory_mb=torch.cuda.max_memory_allocated() / 2**20 if on_gpu else math.nan,
    )
    write_text(folder / TRAINING_COST, json.dumps(asdict(cost), indent=1) + "\n")


def read_training_cost(folder: Path) -> TrainingCost | None:
    """Return what a training took; None where its folder does not say."""
    try:
        content = json.loads((folder / TRAINING_COST).read_text(encoding="utf-8"))
        return TrainingCost(**content)
    except (OSError, ValueError, TypeError):
        return None
