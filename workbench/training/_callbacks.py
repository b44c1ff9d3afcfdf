"""What is written down and told while a network trains."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import pandas as pd
import psutil
import torch
from lightning.pytorch.callbacks import Callback

from workbench.training._history import HISTORY_COLUMNS, read_history
from workbench.training._module import SCORES

OnRow = Callable[[pd.DataFrame], None]


class HistoryWriter(Callback):
    """Keeps ``history.csv`` up to date and tells whoever asked."""

    def __init__(
        self, folder: Path, epochs: int, on_epoch: Callable[[str], None], on_row: OnRow
    ) -> None:
        self.path = folder / "history.csv"
        self.epochs = epochs
        self.on_epoch = on_epoch
        self.on_row = on_row
        self.rows: list[dict[str, float]] = []
        self.earlier_s = 0.0
        self.started = 0.0

    def on_train_start(self, trainer: lightning.Trainer, *_: lightning.LightningModule) -> None:
        """Take over the epochs that an interrupted training has finished."""
        earlier = read_history(self.path.parent)
        kept = earlier[earlier["epoch"] <= trainer.current_epoch]
        self.rows = kept.to_dict("records")
        self.earlier_s = self.rows[-1]["elapsed_s"] if self.rows else 0.0
        self.started = time.monotonic()

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Add a row. Epochs count from 1."""
        if not trainer.is_global_zero:
            return
        epoch = trainer.current_epoch + 1
        validated = epoch % trainer.check_val_every_n_epoch == 0  # type: ignore[operator]
        now = trainer.callback_metrics
        scores = {
            name: float(now[name]) if name in now and validated else math.nan for name in SCORES
        }
        row = scores | {
            "epoch": epoch,
            "train_loss": float(now["train_loss"]) if module.steps_taken else math.nan,
            "learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            "elapsed_s": round(self.earlier_s + time.monotonic() - self.started, 3),
        }
        self.rows = [*(old for old in self.rows if old["epoch"] < epoch), row]
        history = pd.DataFrame(self.rows, columns=list(HISTORY_COLUMNS)).astype(HISTORY_COLUMNS)
        partial = self.path.with_suffix(".csv.partial")
        history.to_csv(partial, index=False)
        partial.replace(self.path)
        score = f"  validation F1 {row['validation_f1']:.3f}" if validated else ""
        self.on_epoch(f"epoch {epoch:3d} of {self.epochs}  loss {row['train_loss']:.3f}{score}")
        self.on_row(history)


class MemoryMeter(Callback):
    """Notes the most memory in use when a loss is known and no layer's output is freed yet.

    On a CUDA device that of tensors, elsewhere that of the process.
    """

    def __init__(self) -> None:
        self.peak_bytes = 0

    def on_before_backward(
        self, _trainer: lightning.Trainer, module: lightning.LightningModule, _loss: torch.Tensor
    ) -> None:
        """Look once a step."""
        if module.device.type == "cuda":
            now = torch.cuda.max_memory_allocated(module.device)
        else:
            now = psutil.Process().memory_info().rss
        self.peak_bytes = max(self.peak_bytes, now)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed training goes on from."""
        return {"peak_memory_bytes": self.peak_bytes}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from an interrupted training."""
        self.peak_bytes = state["peak_memory_bytes"]
