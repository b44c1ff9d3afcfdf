"""Trained models found on disk: where they lie, what their cards and runs say of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.datasets import open_dataset
from workbench.inference import CARD_FILE, ONNX_FILE, WEIGHTS_FILE, ModelCard, read_card
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, InputError
from workbench.store import Run, read_scores
from workbench.studies._config import read_run_study

PATTERNS: Final = ("", "*", "models/*", "*/models/*")
"""Where models lie within a folder: itself, a gallery, a run, a folder of runs."""

GROUP_COLUMNS: Final = ("cell_type", "modality")
"""Columns of the metadata by which scores are told apart, the first that is there."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained model and what is known of it.

    Attributes
    ----------
    folder
        Where it lies.
    card
        Its card.
    n_weights
        Numbers that were learned or kept; -1 where they can't be counted.
    scores
        Scores of the test images, a row per image and threshold; empty unless it lies in a run
        that has scored it.
    problem
        Why it can't be used; "" if nothing is known against it.
    """

    folder: Path
    card: ModelCard
    n_weights: int
    scores: pd.DataFrame = field(repr=False)
    problem: str = ""

    @property
    def run(self) -> Run | None:
        """The run that the model lies in, if it lies in one."""
        run = Run(self.folder.resolve().parent.parent)
        return run if run.study_file.is_file() else None

    def test_score(self, threshold: float = PRIMARY_IOU_THRESHOLD) -> float:
        """Return the mean F1 over test images; NaN where there is none."""
        if self.scores.empty:
            return math.nan
        values = self.scores.loc[np.isclose(self.scores["threshold"], threshold), "value"]
        return float(values.mean())


def find_models(folders: Sequence[Path]) -> tuple[TrainedModel, ...]:
    """Find trained models in runs, folders of runs and galleries.

    Parameters
    ----------
    folders
        Each a model, a gallery, a run or a folder of runs; those that do not exist hold none.

    Returns
    -------
    tuple of TrainedModel
        In the order of the folders, then by path. Those with a damaged card are left out and
        found by :func:`damaged_cards`.
    """
    scores = cache(_run_scores)
    return tuple(
        _trained(folder, card, scores)
        for folder, card in _cards(folders)
        if isinstance(card, ModelCard)
    )


def damaged_cards(folders: Sequence[Path]) -> tuple[str, ...]:
    """Return a sentence for every card that can't be read."""
    return tuple(card for _, card in _cards(folders) if isinstance(card, str))


def open_model(folder: Path) -> TrainedModel:
    """Return one trained model.

    Raises
    ------
    InputError
        If the folder holds none.
    """
    return _trained(folder, read_card(folder), _run_scores)


def scores_by_group(model: TrainedModel) -> pd.DataFrame:
    """Return the test scores of a model by cell type, or by modality where there is none.

    Returns
    -------
    DataFrame
        A row per value of the column, most images first: the column, n_images, and the mean F1 at
        each IoU threshold as ``f1@0.5`` and so on. Images that the column leaves empty stand
        under "not given". Empty if the run has not scored the model, or its data set has neither
        column.

    Raises
    ------
    InputError
        If the data set of the run can't be opened any more.
    """
    run = model.run
    if run is None or model.scores.empty:
        return pd.DataFrame()
    dataset = open_dataset(read_run_study(run.study_file).dataset.path)
    for column in GROUP_COLUMNS:
        kinds = {r.image_id: r.metadata[column] for r in dataset.records if column in r.metadata}
        if kinds:
            return _grouped(model.scores, column, kinds)
    return pd.DataFrame()


def _grouped(scores: pd.DataFrame, column: str, kinds: Mapping[str, str]) -> pd.DataFrame:
    named = scores["image_id"].map(kinds).fillna("").replace("", "not given")
    table = (
        scores.assign(**{column: named})
        .pivot_table(index=[column, "image_id"], columns="threshold", values="value", dropna=False)
        .dropna(how="all")
        .groupby(level=column)
    )
    means = table.mean().rename(columns=lambda threshold: f"f1@{threshold:g}")
    means.insert(0, "n_images", table.size())
    ordered = means.sort_values("n_images", ascending=False, kind="stable").reset_index()
    return ordered.rename_axis(columns=None)


def _cards(folders: Sequence[Path]) -> Iterator[tuple[Path, ModelCard | str]]:
    seen = set()
    for folder in folders:
        found = {path for pattern in PATTERNS for path in _matching(folder, pattern)}
        for path in sorted(found):
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            try:
                yield path, read_card(path)
            except InputError as error:
                yield path, str(error)


def _matching(folder: Path, pattern: str) -> list[Path]:
    folders = folder.glob(pattern) if pattern else [folder]
    return [
        path
        for path in folders
        if (path / CARD_FILE).is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _trained(folder: Path, card: ModelCard, scores_of: Any) -> TrainedModel:
    weights = folder / (ONNX_FILE if card.description.architecture == "onnx" else WEIGHTS_FILE)
    n_weights, problem = _count_weights(weights)
    model = TrainedModel(folder, card, n_weights, pd.DataFrame(), problem)
    if model.run is None:
        return model
    scores = scores_of(model.run)
    own = scores[scores["member"] == folder.resolve().name] if len(scores) else scores
    return TrainedModel(folder, card, n_weights, own, problem)


def _run_scores(run: Run) -> pd.DataFrame:
    """Return the F1 of all members of a run; empty if it has scored nothing."""
    try:
        scores = read_scores(run.scores_file)
    except InputError:
        return pd.DataFrame()
    chosen = scores[scores["metric"] == PRIMARY_METRIC]
    member = chosen["model"] + "-" + chosen["seed"].astype(str)
    return chosen[["image_id", "threshold", "value"]].assign(member=member)


def _count_weights(path: Path) -> tuple[int, str]:
    """Return how many numbers a weights file holds, by its header alone, and what is wrong."""
    if not path.is_file():
        return -1, f"{path.name} is missing: training has not finished"
    if path.name == ONNX_FILE:
        return -1, ""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as weights:
            shapes = [weights.get_slice(name).get_shape() for name in weights.keys()]  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        return -1, f"{path.name} is damaged ({error})"
    return sum(math.prod(shape) for shape in shapes), ""
