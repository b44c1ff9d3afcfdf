"""Predictions that another tool made, brought into the form of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

import numpy as np
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from workbench.datasets import LabelSource, open_any_labels, pair_labels
from workbench.schema import InputError
from workbench.store import write_labels, write_table, write_text
from workbench.studies._explain import checked

PREDICTION_CARDS: Final = ("predictions.yaml", "predictions.yml", "predictions.json")
CONFIDENCES: Final = "confidences.parquet"
MAX_CARD_BYTES: Final = 2**20


class PredictionCard(BaseModel):
    """``predictions.yaml``: where predictions come from that the workbench did not make.

    Attributes
    ----------
    name
        For people.
    method, version
        The program, and which version of it.
    weights
        Name or address of the trained weights.
    trained_on
        Data that these weights have seen.
    licence, citation
        Of the weights, and what to cite.
    command
        What was typed, or the call that was made.
    seconds_per_image
        Wall time; None where nobody measured it.
    hardware
        On what it was measured.
    labels
        File or folder with the labels, within the card's folder; left out, it is that folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    name: str = Field(min_length=1)
    method: str = ""
    version: str = ""
    weights: str = ""
    trained_on: str = ""
    licence: str = ""
    citation: str = ""
    command: str = ""
    seconds_per_image: float | None = Field(None, ge=0, allow_inf_nan=False)
    hardware: str = ""
    labels: str = ""

    @field_validator("labels")
    @classmethod
    def _within_the_folder(cls, value: str) -> str:
        if PurePath(value).is_absolute() or ".." in PurePath(value).parts:
            msg = f"labels lie in the folder of the card, got {value!r}"
            raise ValueError(msg)
        return value


def read_prediction_card(folder: Path) -> PredictionCard | None:
    r"""Read the card of a folder of predictions; None if it has none.

    Raises
    ------
    InputError
        If it is there and no card; each finding with the key.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "predictions.yaml").write_text("name: cyto3, defaults\nversion: 3.1")
    >>> read_prediction_card(folder).version
    '3.1'
    """
    path = next((folder / name for name in PREDICTION_CARDS if (folder / name).is_file()), None)
    if path is None:
        return None
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            msg = f"{path}: a card has less than {MAX_CARD_BYTES:,} bytes; is it the labels?"
            raise InputError(msg)
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{path}: not YAML ({' '.join(str(error).split())})."
        raise InputError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path}: expected keys and values (name, method, version, ...), got {content!r:.60}."
        raise InputError(msg)
    return checked(PredictionCard, content, source=str(path))


def adopt_predictions(
    folder: Path, image_ids: Sequence[str], output: Path
) -> tuple[PredictionCard | None, pd.DataFrame]:
    """Write the predictions of another tool as the workbench writes its own.

    Parameters
    ----------
    folder
        Labels in any form that :func:`workbench.datasets.open_any_labels` reads, a single file
        too; beside them ``predictions.yaml``, a :class:`PredictionCard`, where somebody wrote one.
    image_ids
        Images of which predictions are wanted; they are found by name as in scoring.
    output
        Gets a label TIFF an image; the card; and, where all cells of the labels have scores,
        ``confidences.parquet`` with the columns image_id, cell_id and confidence.

    Returns
    -------
    tuple
        The card, or None; and a row per image: image_id, n_cells (-1 where there is no usable
        prediction), problem ("" where all went well). Such images are not written, and scoring
        counts them as predicted empty.

    Raises
    ------
    InputError
        If nothing there can be read as labels, no label belongs to one of the images, or not one
        of them can be used.

    Examples
    --------
    >>> import tempfile
    >>> folder, output = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    >>> np.save(folder / "a_masks.npy", np.array([[0, 7]]))
    >>> card, table = adopt_predictions(folder, ["a", "b"], output)
    >>> card, table["n_cells"].tolist()
    (None, [1, -1])
    """
    card = read_prediction_card(folder if folder.is_dir() else folder.parent)
    inside = card.labels if card and folder.is_dir() else ""
    source = open_any_labels(folder / inside)
    # Names alone are brought together; nothing is read of it.
    wanted = LabelSource(Path("the data set"), "folder", tuple(image_ids), reader=source.reader)
    output.mkdir(parents=True, exist_ok=True)
    adopted = [
        _adopt(source, image_id, partner, output)
        for image_id, partner in pair_labels(wanted, source).pairs
    ]
    table = pd.DataFrame(
        [(image.image_id, image.n_cells, image.problem) for image in adopted],
        columns=["image_id", "n_cells", "problem"],
    )
    if (table["n_cells"] < 0).all():
        msg = f"{folder}: not one prediction can be used. {table['problem'].iloc[0]}"
        raise InputError(msg)
    _write_confidences(adopted, output)
    if card:
        kept = card.model_copy(update={"labels": ""}).model_dump(mode="json")
        write_text(output / PREDICTION_CARDS[0], yaml.safe_dump(kept, sort_keys=False))
    return card, table


@dataclass(frozen=True)
class _Adopted:
    image_id: str
    n_cells: int
    problem: str = ""
    confidences: tuple[tuple[int, float], ...] | None = None


def _adopt(source: LabelSource, image_id: str, partner: str | None, output: Path) -> _Adopted:
    if partner is None:
        return _Adopted(image_id, -1, f"{source.path}: holds no prediction of {image_id!r}.")
    try:
        read = source.read(partner)
    except InputError as error:
        return _Adopted(image_id, -1, str(error))
    if read.labels.ndim != 2:
        msg = f"{source.path}: {partner!r} is a volume of shape {read.labels.shape}, not an image."
        return _Adopted(image_id, -1, msg)
    write_labels(output / f"{image_id}.tif", read.labels)
    confidences = None if read.confidences is None else tuple(read.confidences.items())
    return _Adopted(image_id, np.unique(read.labels[read.labels > 0]).size, "", confidences)


def _write_confidences(adopted: Sequence[_Adopted], output: Path) -> None:
    """Write them if every image with cells has them: half a column would rank nothing."""
    if any(image.n_cells > 0 and image.confidences is None for image in adopted):
        return
    rows = [
        (image.image_id, cell_id, confidence)
        for image in adopted
        for cell_id, confidence in image.confidences or ()
    ]
    if rows:
        table = pd.DataFrame(rows, columns=["image_id", "cell_id", "confidence"])
        write_table(output / CONFIDENCES, table)
