"""The part of training that needs torch and Lightning; imported when training starts."""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import pandas as pd
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader

from workbench.inference import ModelDescription, find_encoding, supports_bf16, write_weights
from workbench.schema import Sample
from workbench.training._config import TrainingConfig
from workbench.training._data import EpochSampler, RandomViews, training_examples
from workbench.training._history import HISTORY_COLUMNS, read_history
from workbench.training._module import SegmentationModule

logger = logging.getLogger(__name__)

LAST_CHECKPOINT = "last.ckpt"


def fit(
    description: ModelDescription,
    train: Sequence[Sample],
    validation: Sequence[Sample],
    *,
    config: TrainingConfig,
    seed: int,
    folder: Path,
    on_epoch: Callable[[str], None],
) -> None:
    """Run the training loop; see :func:`workbench.training.train_network`."""
    kept = _kept_state(folder)
    if kept and _has_ended(kept, config):
        return
    views = RandomViews(
        training_examples(train, config.preparation),
        find_encoding(description.encoding),
        config,
        seed,
    )
    batches: DataLoader[Any] = DataLoader(
        views, batch_size=config.batch_size, sampler=EpochSampler(len(views), seed)
    )
    whole_images: DataLoader[Any] = DataLoader(
        training_examples(validation, config.preparation),  # type: ignore[arg-type]
        batch_size=None,
        collate_fn=lambda example: example,
    )
    with _quiet():
        lightning.seed_everything(seed, verbose=False)
        module = SegmentationModule(description, config, total_steps=config.epochs * len(batches))
        trainer = _trainer(config, folder, on_epoch)
        trainer.fit(
            module,
            batches,
            whole_images,
            ckpt_path=folder / LAST_CHECKPOINT if kept else None,
            weights_only=True,
        )
    for name in ("best", "last"):
        _keep_weights(folder, name, description)


def _keep_weights(folder: Path, name: str, description: ModelDescription) -> None:
    """Write the weights of a checkpoint in the form that a stranger may open."""
    state = torch.load(folder / f"{name}.ckpt", map_location="cpu", weights_only=True)["state_dict"]
    network = description.build()
    network.load_state_dict({key.removeprefix("network."): value for key, value in state.items()})
    write_weights(folder / f"{name}.safetensors", network)


def _trainer(
    config: TrainingConfig, folder: Path, on_epoch: Callable[[str], None]
) -> lightning.Trainer:
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    wants_bf16 = config.precision == "bf16" or (
        config.precision == "auto" and supports_bf16(device)
    )
    validate_every = min(config.validate_every, config.epochs)
    # Some CUDA kernels exist only in a version that sums in any order; on the CPU all repeat.
    deterministic: Any = "warn" if on_gpu else True
    return lightning.Trainer(
        accelerator="gpu" if on_gpu else "cpu",
        devices=1,
        max_epochs=config.epochs,
        precision="bf16-mixed" if wants_bf16 else "32-true",
        deterministic=deterministic,
        check_val_every_n_epoch=validate_every,
        num_sanity_val_steps=0,
        gradient_clip_val=1.0,
        logger=TensorBoardLogger(folder, name=None, version="tensorboard"),
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[
            HistoryWriter(folder, config.epochs, on_epoch),
            EarlyStopping("validation_f1", mode="max", patience=config.patience, strict=False),
            ModelCheckpoint(
                dirpath=folder,
                filename="best",
                monitor="validation_f1",
                mode="max",
                save_last=True,
                enable_version_counter=False,
                # After an epoch is over, not within it: a resumed training then starts with the
                # next epoch instead of closing one without batches.
                every_n_epochs=validate_every,
                save_on_train_epoch_end=True,
            ),
        ],
    )


class HistoryWriter(Callback):
    """Keeps ``history.csv`` up to date and tells whoever asked."""

    def __init__(self, folder: Path, epochs: int, on_epoch: Callable[[str], None]) -> None:
        self.path = folder / "history.csv"
        self.epochs = epochs
        self.on_epoch = on_epoch
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

    def on_train_epoch_end(self, trainer: lightning.Trainer, *_: lightning.LightningModule) -> None:
        """Add a row. Epochs count from 1."""
        epoch = trainer.current_epoch + 1
        validated = epoch % trainer.check_val_every_n_epoch == 0  # type: ignore[operator]
        now = trainer.callback_metrics

        def value(name: str) -> float:
            return float(now[name]) if name in now and validated else math.nan

        row = {
            "epoch": epoch,
            "train_loss": float(now["train_loss"]),
            "validation_loss": value("validation_loss"),
            "validation_f1": value("validation_f1"),
            "learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            "elapsed_s": round(self.earlier_s + time.monotonic() - self.started, 3),
        }
        self.rows = [*(old for old in self.rows if old["epoch"] < epoch), row]
        partial = self.path.with_suffix(".csv.partial")
        pd.DataFrame(self.rows, columns=list(HISTORY_COLUMNS)).to_csv(partial, index=False)
        partial.replace(self.path)
        score = f"  validation F1 {row['validation_f1']:.3f}" if validated else ""
        self.on_epoch(f"epoch {epoch:3d} of {self.epochs}  loss {row['train_loss']:.3f}{score}")


def _kept_state(folder: Path) -> dict[str, Any] | None:
    """Return the last checkpoint if an interrupted training can go on from it.

    A checkpoint cut short by a kill is not used, nor is one written under another path, since
    Lightning would then forget which weights were best.
    """
    last = folder / LAST_CHECKPOINT
    if not last.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(last, map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001 - a damaged file fails in many ways; all mean "start afresh"
        logger.warning("%s is damaged; training starts afresh", last)
        return None
    folders = [callback.get("dirpath") for callback in state["callbacks"].values()]
    return state if str(folder) in folders else None


def _has_ended(state: dict[str, Any], config: TrainingConfig) -> bool:
    waited = max(callback.get("wait_count", 0) for callback in state["callbacks"].values())
    return bool(state["epoch"] + 1 >= config.epochs or waited >= config.patience)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence hints about what is decided here: no loader processes, a log entry every step."""
    chatter = logging.getLogger("lightning.pytorch")
    level = chatter.level
    chatter.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        yield
    chatter.setLevel(level)
