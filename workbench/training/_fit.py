"""The part of training that needs torch and Lightning; imported when training starts."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
)
from lightning.pytorch.loggers import TensorBoardLogger

from workbench.inference import (
    ModelDescription,
    PredictionConfig,
    find_encoding,
    load_network,
    predict_maps,
    write_weights,
)
from workbench.schema import InputError, Sample
from workbench.training._callbacks import HistoryWriter, MemoryMeter, OnRow
from workbench.training._config import TrainingConfig
from workbench.training._data import Example, RandomViews, TrainingData, training_examples
from workbench.training._hardware import Hardware, chosen_hardware
from workbench.training._module import SegmentationModule

logger = logging.getLogger(__name__)

LAST_CHECKPOINT = "last.ckpt"
SWEEP = "decoder_sweep.csv"


def fit(
    description: ModelDescription,
    train: Sequence[Sample],
    validation: Sequence[Sample],
    *,
    config: TrainingConfig,
    seed: int,
    folder: Path,
    on_epoch: Callable[[str], None],
    on_row: OnRow,
) -> tuple[ModelDescription, str]:
    """Run the training loop; see :func:`workbench.training.train_network`.

    Returns
    -------
    tuple
        The description, with the decoder tuned if the configuration asks for it and none was
        given, and the name of the device.
    """
    hardware = chosen_hardware(config)
    held_out = training_examples(validation, config.preparation)
    if not any(labels.any() for _, labels in held_out):
        msg = "no validation image has a cell, so no weights can be told to be the best; add some."
        raise InputError(msg)
    kept = _kept_state(folder)
    if not (kept and _has_ended(kept, config)):
        examples = training_examples(train, config.preparation)
        if not any(labels.any() for _, labels in examples):
            msg = "no training image has a cell, so there is nothing to learn; add some."
            raise InputError(msg)
        views = RandomViews(examples, find_encoding(description.encoding), config, seed)
        with _quiet():
            lightning.seed_everything(seed, verbose=False)
            try:
                _trainer(config, hardware, folder, on_epoch, on_row).fit(
                    SegmentationModule(description, config),
                    datamodule=TrainingData(
                        views, held_out, loader_workers=hardware.loader_workers
                    ),
                    ckpt_path=folder / LAST_CHECKPOINT if kept else None,
                    weights_only=True,
                )
            except InputError:
                _keep_weights(folder, "best", description)
                raise
    for name in ("best", "last"):
        _keep_weights(folder, name, description)
    if not config.tune_decoder or description.decoder is not None:
        return description, hardware.name
    tuned = _tuned(description, held_out, config=config, hardware=hardware, folder=folder)
    return tuned, hardware.name


def resources(config: TrainingConfig, folder: Path) -> dict[str, float]:
    """Return what a training took, from its last checkpoint."""
    state = torch.load(folder / LAST_CHECKPOINT, map_location="cpu", weights_only=True)
    return {
        "peak_memory_bytes": state["callbacks"][MemoryMeter.__name__]["peak_memory_bytes"],
        "batch_size": config.batch_size * chosen_hardware(config).devices,
    }


def _tuned(
    description: ModelDescription,
    held_out: Sequence[Example],
    *,
    config: TrainingConfig,
    hardware: Hardware,
    folder: Path,
) -> ModelDescription:
    """Choose the decoder by the best weights' maps of the validation images."""
    from workbench.training._tuning import tune_decoder

    network, _ = load_network(folder, own_code=[description.architecture])
    network.to(hardware.accelerator)
    encoding = find_encoding(description.encoding)
    prediction = PredictionConfig(window_px=config.view_px)
    maps = [predict_maps(network, image, encoding, prediction) for image, _ in held_out]
    references = [labels for _, labels in held_out]
    tuned = tune_decoder(maps, references, encoding=description.encoding)
    partial = folder / f"{SWEEP}.partial"
    tuned.table.to_csv(partial, index=False)
    partial.replace(folder / SWEEP)
    return description.model_copy(update={"decoder": tuned.decoder})


def _keep_weights(folder: Path, name: str, description: ModelDescription) -> None:
    """Write the weights of a checkpoint in the form that a stranger may open.

    The best checkpoint is then no longer needed; to resume takes the last one.
    """
    checkpoint = folder / f"{name}.ckpt"
    if not checkpoint.is_file():
        return
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    network = description.build(pretrained=False)
    network.load_state_dict({key.removeprefix("network."): value for key, value in state.items()})
    write_weights(folder / f"{name}.safetensors", network)
    if name == "best":
        checkpoint.unlink()


def _trainer(
    config: TrainingConfig,
    hardware: Hardware,
    folder: Path,
    on_epoch: Callable[[str], None],
    on_row: OnRow,
) -> lightning.Trainer:
    validate_every = min(config.validate_every, config.epochs)
    callbacks: list[Callback] = [
        HistoryWriter(folder, config.epochs, on_epoch, on_row),
        MemoryMeter(),
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
    ]
    if config.weight_average:
        callbacks.insert(0, EMAWeightAveraging(decay=config.weight_average))
    return lightning.Trainer(
        accelerator=hardware.accelerator,
        devices=hardware.devices,
        strategy=hardware.strategy,
        max_epochs=config.epochs,
        precision=hardware.precision,  # type: ignore[arg-type]
        deterministic=hardware.deterministic,
        check_val_every_n_epoch=validate_every,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,  # TrainingData hands each device its share
        logger=TensorBoardLogger(folder, name=None, version="tensorboard"),
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=callbacks,
    )


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
