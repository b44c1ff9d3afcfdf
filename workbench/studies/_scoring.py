"""Scoring of images, one after another: labels in, columns of the tidy tables out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, Protocol, cast, get_args

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from workbench.datasets import LabelRead
from workbench.metrics import (
    DEFAULT_IOU_THRESHOLDS,
    MEASURES,
    CocoMatches,
    Overlap,
    Score,
    boundary_offsets,
    cell_columns,
    coco_matches,
    distance_scores,
    error_counts,
    find_convention,
    find_measure,
    image_scores,
    label_errors,
    label_overlap,
    pixel_errors,
    score_convention,
)
from workbench.schema import (
    CELL_COLUMNS,
    ERROR_COLUMNS,
    PIXEL_ERROR_COLUMNS,
    SCORE_COLUMNS,
    InputError,
    LabelImage,
    Member,
)
from workbench.store import cell_table, error_table, pixel_error_table, score_table

PROBLEM_COLUMNS: Final = ("image_id", "side", "problem", "detail")
DEFAULT_CONVENTION: Final = "workbench"
BorderRule = Literal["keep", "match_aware"]
BORDER_RULES: Final = get_args(BorderRule)
DISTANCES: Final = frozenset(m.name for m in MEASURES.values() if m.kind == "distance")
BORDER_KINDS: Final = ("matching", "cells", "pixels", "partition")
VOLUME_LEFT_OUT: Final = (
    "distance measures and the table of cells are for two-dimensional images; left out"
)


class ScoringConfig(BaseModel):
    """How to score.

    Attributes
    ----------
    iou_thresholds
        At which to match, each above 0 and at most 1.
    measures
        Names of the measures to compute under the default convention; none named means all. Other
        conventions have their own.
    convention
        By whose rules, see :data:`workbench.metrics.CONVENTIONS`.
    border
        What becomes of cells at the image border under the default convention: "keep" scores them
        as any other; "match_aware" leaves out a pair whose reference cell touches the border, and
        an unmatched cell that touches it itself. It has no distances and no measures of COCO.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    iou_thresholds: tuple[float, ...] = Field(DEFAULT_IOU_THRESHOLDS, min_length=1)
    measures: tuple[str, ...] = ()
    convention: str = DEFAULT_CONVENTION
    border: BorderRule = "keep"

    def wants(self, names: Iterable[str]) -> bool:
        """Whether any of these measures is to be computed."""
        return not self.measures or not set(names).isdisjoint(self.measures)


def read_scoring_config(*, measures: str, convention: str, border: str) -> ScoringConfig:
    """Return how to score, from the options of a command line.

    Parameters
    ----------
    measures
        Names separated by commas, or "all".
    convention, border
        As :class:`ScoringConfig` takes them.

    Raises
    ------
    InputError
        If a name is unknown, or names don't go together.
    """
    names = [] if measures == "all" else [name.strip() for name in measures.split(",")]
    if border not in BORDER_RULES:
        msg = f"no border rule is called {border!r}; there are {', '.join(BORDER_RULES)}."
        raise InputError(msg)
    if border != "keep" and convention != DEFAULT_CONVENTION:
        msg = f"{convention} has a border rule of its own; leave --border away."
        raise InputError(msg)
    if names and convention != DEFAULT_CONVENTION:
        msg = f"{convention} has measures of its own; leave --measures away."
        raise InputError(msg)
    known = [find_measure(name) for name in names]
    if border != "keep" and (without := [m.name for m in known if m.kind not in BORDER_KINDS]):
        msg = f"no border rule is known for {', '.join(without)}; leave them or --border away."
        raise InputError(msg)
    return ScoringConfig(
        measures=tuple(measure.name for measure in known),
        convention=find_convention(convention).name,
        border=cast("BorderRule", border),
    )


class Labels(Protocol):
    """Where label images come from, by image id."""

    def read(self, image_id: str, *, shape: tuple[int, int] | None = None) -> LabelRead:
        """Read one; ``shape`` is that of the reference, for forms that don't hold it."""


@dataclass(frozen=True)
class ScoringTask:
    """One image to score.

    Attributes
    ----------
    image_id
        In the tables, and of the reference.
    predicted_id
        What its prediction is called; None if there is none.
    group
        What the image shares with others, empty if it stands alone.
    """

    image_id: str
    predicted_id: str | None
    group: str = ""


@dataclass(frozen=True, eq=False)
class Scored:
    """Tables of some images.

    Attributes
    ----------
    scores, cells, errors, pixel_errors
        As the schema defines them.
    coco
        What the COCO scores of the whole data set need, per image.
    problems
        Columns image_id, side, problem, detail: what could not be used, and what was converted.
    """

    scores: pd.DataFrame
    cells: pd.DataFrame
    errors: pd.DataFrame
    pixel_errors: pd.DataFrame
    coco: tuple[CocoMatches, ...]
    problems: pd.DataFrame


def score_images(
    tasks: Sequence[ScoringTask],
    reference: Labels,
    predicted: Labels,
    *,
    dataset: str,
    member: Member,
    config: ScoringConfig,
    step: Callable[[], None] = lambda: None,
) -> Scored:
    """Score images in turn; a prediction that can't be used counts as an empty one.

    Parameters
    ----------
    tasks
        What to score.
    reference, predicted
        Where the label images come from.
    dataset, member
        For the tables.
    config
        How to score.
    step
        Called after each image.

    Returns
    -------
    Scored
        An image whose reference can't be read has undefined scores and the status
        "reference_unreadable"; the others go on.

    Raises
    ------
    InputError
        If an image is a volume, and a measure or rule asked for is for two-dimensional images.
    """
    score_columns: dict[str, list[Any]] = {name: [] for name in SCORE_COLUMNS}
    cell_parts: list[dict[str, Any]] = []
    error_parts: list[dict[str, Any]] = []
    pixel_parts: list[dict[str, Any]] = []
    coco: list[CocoMatches] = []
    problems: list[tuple[str, str, str, str]] = []
    for task in tasks:
        origin = {"dataset": dataset, "image_id": task.image_id} | asdict(member)
        pair = _read_pair(task, reference, predicted, problems)
        overlap = label_overlap(pair.reference, pair.predicted)
        counts = {
            "n_reference": len(overlap.reference_ids),
            "n_predicted": len(overlap.predicted_ids),
        }
        status = pair.status
        if status == "ok" and not any(counts.values()):
            status = "undefined"
        try:
            scores = _scores(pair, overlap, config)
        except InputError as error:
            msg = f"image {task.image_id!r}: {error}"
            raise InputError(msg) from error
        if status == "reference_unreadable":
            scores = [replace(score, value=np.nan) for score in scores]
        else:
            coco.append(coco_matches(overlap, pair.confidences))
        about = {"group": task.group, "convention": config.convention, "status": status}
        _extend(score_columns, origin | about | counts, scores)
        if len(overlap.shape) == 2:
            told = label_errors(overlap, border=config.border)
            cells = cell_columns(
                overlap,
                errors=told,
                offsets_px=boundary_offsets(pair.reference, pair.predicted, overlap, told),
                confidences=pair.confidences,
            )
            cell_parts.append(_with(origin, cells))
            # Without a reference nothing is known to be wrong.
            if status != "reference_unreadable":
                grouped = origin | {"group": task.group}
                found = error_counts(
                    overlap, iou_thresholds=config.iou_thresholds, border=config.border
                )
                error_parts.append(_with(grouped, found))
                wrong = pixel_errors(pair.reference, pair.predicted, overlap, told)
                columns = {"error": list(wrong), "n_pixels": list(wrong.values())}
                pixel_parts.append(_with(grouped, columns))
        else:
            problems.append((task.image_id, "reference", "volume", VOLUME_LEFT_OUT))
        step()
    return Scored(
        score_table(score_columns),
        cell_table(_joined(cell_parts, CELL_COLUMNS)),
        error_table(_joined(error_parts, ERROR_COLUMNS)),
        pixel_error_table(_joined(pixel_parts, PIXEL_ERROR_COLUMNS)),
        tuple(coco),
        pd.DataFrame(problems, columns=list(PROBLEM_COLUMNS)),
    )


def _with(origin: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns with the same few values beside each row."""
    n_rows = len(next(iter(columns.values())))
    return {name: [value] * n_rows for name, value in origin.items()} | dict(columns)


def _joined(parts: Sequence[Mapping[str, Any]], names: Iterable[str]) -> dict[str, Sequence[Any]]:
    return {
        name: np.concatenate([part[name] for part in parts]).tolist() if parts else []
        for name in names
    }


@dataclass(frozen=True, eq=False)
class _Pair:
    reference: LabelImage
    predicted: LabelImage
    status: str
    confidences: Mapping[int, float] | None = None


def _read_pair(
    task: ScoringTask,
    reference: Labels,
    predicted: Labels,
    problems: list[tuple[str, str, str, str]],
) -> _Pair:
    """Read both sides; what can't be used becomes an empty image and a line of the problems."""

    def tell(side: str, problem: str, detail: str) -> None:
        problems.append((task.image_id, side, problem, detail))

    nothing = np.zeros((1, 1), np.uint32)
    try:
        truth = reference.read(task.image_id)
    except InputError as error:
        tell("reference", "reference_unreadable", str(error))
        return _Pair(nothing, nothing, "reference_unreadable")
    for note in truth.notes:
        tell("reference", note.code, note.text)
    empty = np.zeros_like(truth.labels)
    if task.predicted_id is None:
        tell("predicted", "missing", "no prediction of that name")
        return _Pair(truth.labels, empty, "missing")
    try:
        shape = truth.labels.shape if truth.labels.ndim == 2 else None
        read = predicted.read(task.predicted_id, shape=shape)
    except InputError as error:
        tell("predicted", "unreadable", str(error))
        return _Pair(truth.labels, empty, "unreadable")
    for note in read.notes:
        tell("predicted", note.code, note.text)
    if read.labels.shape != truth.labels.shape:
        tell("predicted", "shape_mismatch", f"{read.labels.shape} for {truth.labels.shape}")
        return _Pair(truth.labels, empty, "shape_mismatch")
    return _Pair(truth.labels, read.labels, "ok", read.confidences)


def _scores(pair: _Pair, overlap: Overlap, config: ScoringConfig) -> list[Score]:
    if config.convention != DEFAULT_CONVENTION or config.border != "keep":
        scores = score_convention(
            pair.reference,
            pair.predicted,
            convention=config.convention,
            iou_thresholds=config.iou_thresholds,
            border=config.border,
        )
        return scores if config.convention != DEFAULT_CONVENTION else _wanted(scores, config)
    scores = image_scores(overlap, iou_thresholds=config.iou_thresholds)
    if len(overlap.shape) == 2:
        if config.wants(DISTANCES):
            scores += distance_scores(
                pair.reference, pair.predicted, overlap, measures=config.measures
            )
    elif named := [name for name in config.measures if name in DISTANCES]:
        msg = (
            f"{', '.join(named)}: distances are for two-dimensional label images, got "
            f"{len(overlap.shape)} dimensions; leave them out of the measures, or score plane by "
            "plane."
        )
        raise InputError(msg)
    return _wanted(scores, config)


def _wanted(scores: list[Score], config: ScoringConfig) -> list[Score]:
    if not config.measures:
        return scores
    return [score for score in scores if score.metric in config.measures]


def _extend(columns: dict[str, list[Any]], common: dict[str, Any], scores: list[Score]) -> None:
    for name, value in common.items():
        columns[name] += [value] * len(scores)
    for field in ("metric", "threshold", "value", "tp", "fp", "fn"):
        columns[field] += [getattr(score, field) for score in scores]
