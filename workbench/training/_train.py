"""Training of one network, by Lightning: resumable, early stopped, repeatable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
) -> pd.DataFrame:
    """Train a network and keep its best and last weights.

    A training that was interrupted goes on after its last validation when called again with the
    same folder, and ends with the weights an undisturbed one would have. On the CPU equal calls
    give equal weights, bit for bit, on the same machine with the same number of threads.

    Parameters
    ----------
    card
        The network, its target encoding and what is known of the data. It is kept with the
        preparation of ``config``, and when training ends with its settings and scores.
    train, validation
        Samples with reference labels, at least one each.
    config
        Settings of the training.
    seed
        Decides initial weights, order and augmentation.
    folder
        Gets ``model.json``, ``best.safetensors`` (highest mean F1 at IoU 0.5 on the validation
        images), ``last.safetensors``, ``history.csv``, a TensorBoard log, and what an interrupted
        training needs to go on (``*.ckpt``).
    on_epoch
        Called with a line of text after each epoch.

    Returns
    -------
    DataFrame
        The history, columns :data:`HISTORY_COLUMNS`.

    Raises
    ------
    InputError
        If a sample has no labels or more than three channels, or images are to be resampled and
        its pixel size is unknown.
    """
    from workbench.training._fit import fit

    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    description = card.description.model_copy(update={"preparation": config.preparation})
    card = card.model_copy(
        update={"description": description, "training": config.model_dump(mode="json")}
    )
    write_card(folder, card)
    fit(
        card.description,
        train,
        validation,
        config=config,
        seed=seed,
        folder=folder,
        on_epoch=on_epoch,
    )
    history = read_history(folder)
    best = {"validation_f1": float(history["validation_f1"].max())}
    write_card(folder, card.model_copy(update={"metrics": best}))
    return history
