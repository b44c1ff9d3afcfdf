"""Features of the cells of a test set, on the side of the reference and of a prediction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.datasets import Record, read_labels, read_sample
from workbench.metrics import CELL_FEATURES, cell_features
from workbench.schema import ImageArray, InputError, LabelImage, Member

FEATURE_COLUMNS: Final = {
    "dataset": "str",
    "image_id": "str",
    "model": "str",
    "seed": "int64",
    "side": "str",
    "cell_id": "int64",
    **dict.fromkeys(CELL_FEATURES, "float64"),
}
"""Columns of the feature table and their types: a row per cell of the cell table, with the features
of :func:`workbench.metrics.cell_features`. Reference cells have the same values for every model."""


def member_features(
    records: Sequence[Record], files: Mapping[str, Path], *, dataset: str, member: Member
) -> pd.DataFrame:
    """Measure the cells of both sides on the images of a data set.

    Parameters
    ----------
    records
        Images with labels.
    files
        Label images of the predictions, by image. One that is absent, can't be read or is of
        another size counts as empty, as in scoring.
    dataset, member
        For the table.

    Returns
    -------
    DataFrame
        Columns and types of :data:`FEATURE_COLUMNS`; by image, reference cells first.

    Raises
    ------
    InputError
        If an image or its reference can't be read.
    """
    parts = []
    for record in records:
        sample = read_sample(record)
        if sample.reference is None:
            msg = f"image {record.image_id!r} has no labels; add them to the manifest."
            raise InputError(msg)
        sides = {
            "reference": sample.reference,
            "predicted": _prediction(files.get(record.image_id), sample.reference),
        }
        origin = {"dataset": dataset, "image_id": record.image_id} | asdict(member)
        parts += [_rows(sample.image, labels, origin, side) for side, labels in sides.items()]
    columns: dict[str, Any] = {
        name: np.concatenate([part[name] for part in parts]) if parts else []
        for name in FEATURE_COLUMNS
    }
    return pd.DataFrame(columns).astype(FEATURE_COLUMNS)


def _rows(
    image: ImageArray, labels: LabelImage, origin: Mapping[str, Any], side: str
) -> dict[str, Any]:
    features = cell_features(image, labels)
    n_cells = len(features["cell_id"])
    about = {**origin, "side": side}
    return features | {name: np.full(n_cells, value, object) for name, value in about.items()}


def _prediction(path: Path | None, reference: LabelImage) -> LabelImage:
    """Return a predicted label image, an empty one where it can't be used."""
    nothing: LabelImage = np.zeros_like(reference)
    if path is None:
        return nothing
    try:
        labels = read_labels(path)
    except InputError:
        return nothing
    return labels if labels.shape == reference.shape else nothing
