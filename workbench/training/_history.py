"""``history.csv``: one row per epoch, readable without torch while training goes on."""

from pathlib import Path
from typing import Final

import pandas as pd

HISTORY_COLUMNS: Final = {
    "epoch": "int64",
    "train_loss": "float64",
    "validation_loss": "float64",
    "validation_f1": "float64",
    "validation_dice": "float64",
    "learning_rate": "float64",
    "elapsed_s": "float64",
}
"""Columns of ``history.csv``; the validation columns are NaN in epochs without a validation.

``train_loss`` is the mean over the steps of an epoch, NaN where none had a finite one.
``validation_loss`` is that of the central view of each validation image, with the same weights as
the scores: ``validation_f1`` is the mean over images of F1 at IoU 0.5, ``validation_dice`` of the
Dice coefficient of all cells against the ground; images without any cell, labelled or found, have
neither. ``elapsed_s`` counts from the start of the training, pauses left out.
"""


def read_history(folder: Path) -> pd.DataFrame:
    """Return the history of a training, empty if it has not finished an epoch.

    Parameters
    ----------
    folder
        Where training writes, e.g. ``runs/demo/models/unet-0``.

    Returns
    -------
    DataFrame
        Columns :data:`HISTORY_COLUMNS`.
    """
    path = folder / "history.csv"
    if not path.is_file():
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in HISTORY_COLUMNS.items()})
    return pd.read_csv(path, dtype=HISTORY_COLUMNS)
