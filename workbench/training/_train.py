"""Training of one network, by Lightning: resumable, early stopped, repeatable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from workbench.inference import ModelCard, write_card
from workbench.schema import Sample
from workbench.training._config import TrainingConfig
from workbench.training._history import read_history


def train_network(
    card: ModelCard,
    train: Sequence[Sample],
    validation: Sequence[Sample],
    *,
    config: TrainingConfig,
    seed: int,
    folder: Path,
    on_epoch: Callable[[str], None] = lambda _: None,
    on_row: Callable[[pd.DataFrame], None] = lambda _: None,
) -> pd.DataFrame:
    """Train a network and keep its best and last weights.

    A training that was interrupted goes on after its last validation when called again with the
    same folder, and ends with the weights an undisturbed one would have. On the CPU equal calls
    give equal weights, bit for bit, on the same machine with the same number of threads.

    Parameters
    ----------
    card
        The network, its target encoding and what is known of the data. It is kept with the
        preparation of ``config``, and when training ends with its settings, scores and versions,
        and the decoder tuned on the validation images if ``config`` asks for it and the card has
        none.
    train, validation
        Samples with reference labels, at least one each.
    config
        Settings of the training.
    seed
        Decides initial weights, order and augmentation.
    folder
        Gets ``model.json``, ``best.safetensors`` (highest mean F1 at IoU 0.5 on the validation
        images), ``last.safetensors``, ``history.csv``, ``decoder_sweep.csv`` (how each setting of
        the decoder did), a TensorBoard log, and what an interrupted training needs to go on
        (``*.ckpt``).
    on_epoch
        Called with a line of text after each epoch.
    on_row
        Called with the history so far after each epoch. Where several devices train, both are
        called in the process of the first.

    Returns
    -------
    DataFrame
        The history, columns :data:`HISTORY_COLUMNS`.

    Raises
    ------
    InputError
        If a sample has no labels or more than three channels, or images are to be resampled and
        its pixel size is unknown; if no training or no validation image has a cell; if the
        hardware asked for is not there; if the loss stays not finite.
    """
    from workbench.training._fit import fit, resources

    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    description = card.description.model_copy(update={"preparation": config.preparation})
    card = card.model_copy(
        update={
            "description": description,
            "training": config.model_dump(mode="json"),
            "versions": _versions(),
        }
    )
    write_card(folder, card)
    tuned, device = fit(
        card.description,
        train,
        validation,
        config=config,
        seed=seed,
        folder=folder,
        on_epoch=on_epoch,
        on_row=on_row,
    )
    history = read_history(folder)
    metrics = training_metrics(history) | resources(config, folder)
    metrics["views_per_epoch"] = len(train) * config.views_per_image
    versions = card.versions | {"device": device}
    finished = {"description": tuned, "metrics": metrics, "versions": versions}
    write_card(folder, card.model_copy(update=finished))
    return history


def training_metrics(history: pd.DataFrame) -> dict[str, float]:
    """Return the scores of the best epoch, and how long training took.

    Examples
    --------
    >>> history = pd.DataFrame({
    ...     "epoch": [1, 2], "validation_f1": [0.5, 0.75], "validation_dice": [0.9, 0.8],
    ...     "validation_loss": [0.4, 0.3], "elapsed_s": [10.0, 21.0]})
    >>> training_metrics(history)["validation_dice"]
    0.8
    """
    best = history.loc[history["validation_f1"].idxmax()]
    scores = ("validation_f1", "validation_dice", "validation_loss")
    return {name: float(best[name]) for name in scores} | {
        "best_epoch": int(best["epoch"]),
        "epochs": int(history["epoch"].max()),
        "training_s": float(history["elapsed_s"].max()),
    }


def _versions() -> dict[str, str]:
    packages = {"workbench": "cell-segmentation-workbench"}
    names = ("workbench", "torch", "monai", "lightning")
    return {name: version(packages.get(name, name)) for name in names}
