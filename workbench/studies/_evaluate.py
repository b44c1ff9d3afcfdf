"""Stage "evaluate": predictions against reference, per image and per cell."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from pydantic import Field

from workbench.datasets import (
    LabelRead,
    Record,
    open_dataset,
    read_labels,
    read_reference,
)
from workbench.metrics import DEFAULT_IOU_THRESHOLDS, compare_conventions
from workbench.schema import FAILED_STATUSES, InputError, Member
from workbench.store import write_table
from workbench.studies._adopted import CONFIDENCES
from workbench.studies._applied import read_applied
from workbench.studies._job_configs import JobConfig
from workbench.studies._network_ceilings import CEILINGS, network_ceilings
from workbench.studies._progress_text import Milestones
from workbench.studies._scoring import ScoringConfig, ScoringTask, score_images

PRIMARY_CONFIDENCES: Final = ("interior", "agreement", "confidence")
"""Definitions of confidence, the first that is there counts for ranking cells."""


class EvaluateJob(JobConfig):
    """``04_evaluate.ipynb``: score the predictions of one member."""

    dataset: Path
    split: str = "test"
    model: str
    seed: int = 0
    predictions: Path
    iou_thresholds: tuple[float, ...] = Field(DEFAULT_IOU_THRESHOLDS, min_length=1)
    output: Path

    @property
    def member(self) -> Member:
        """Whose predictions these are."""
        return Member(self.model, self.seed)


def evaluate(
    job: EvaluateJob, tell: Callable[[str], None] = print
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score the predictions of one member and write the tables to ``job.output``.

    Parameters
    ----------
    job
        What to score.
    tell
        Called with a line of text now and then.

    Returns
    -------
    tuple of DataFrame
        Scores and cells, as the schema defines them.

    Raises
    ------
    InputError
        If the data set or split can't be used, an image has no labels, or a label file can't be
        read. Faults of predictions don't raise: they show in the column ``status``.
    """
    dataset = open_dataset(job.dataset)
    records = annotated(dataset.split(job.split))
    files = {path.stem: path for path in job.predictions.glob("*.tif")}
    scored = score_images(
        [
            ScoringTask(
                record.image_id,
                record.image_id if record.image_id in files else None,
                record.metadata.get("group", ""),
            )
            for record in records
        ],
        _References({record.image_id: record for record in records}),
        _LabelFiles(files, _confidences(job.predictions)),
        dataset=dataset.name,
        member=job.member,
        config=ScoringConfig(iou_thresholds=job.iou_thresholds),
        step=Milestones(len(records), "images scored", tell).step,
    )
    unreadable = scored.problems[scored.problems["problem"] == "reference_unreadable"]
    if len(unreadable):
        raise InputError(unreadable["detail"].iloc[0])
    job.output.mkdir(parents=True, exist_ok=True)
    write_table(job.output / "images.parquet", scored.scores)
    write_table(job.output / "cells.parquet", scored.cells)
    write_table(job.output / "errors.parquet", scored.errors)
    write_table(job.output / "pixel_errors.parquet", scored.pixel_errors)
    if applied := read_applied(job.predictions):
        ceilings = network_ceilings(records, applied, iou_thresholds=job.iou_thresholds)
        write_table(job.output / CEILINGS, ceilings)
    return scored.scores, scored.cells


def conventions_of_image(job: EvaluateJob, image_id: str) -> pd.DataFrame:
    """Return what the conventions of the field say of one prediction, and why they differ.

    Parameters
    ----------
    job
        What was scored.
    image_id
        One of its images; one without a prediction counts as predicted empty.

    Returns
    -------
    DataFrame
        Columns convention, measure, value, difference (to the default's), tp, fp, fn, reason.

    Raises
    ------
    InputError
        If the split has no such image, or a label file can't be read.
    """
    dataset = open_dataset(job.dataset)
    records = {record.image_id: record for record in dataset.split(job.split)}
    if image_id not in records:
        msg = (
            f"data set {dataset.root} has no image {image_id!r} in split {job.split!r}; there are "
            f"{len(records)}, for example {', '.join(list(records)[:3])}."
        )
        raise InputError(msg)
    reference = read_reference(records[image_id])
    path = job.predictions / f"{image_id}.tif"
    predicted = read_labels(path) if path.is_file() else np.zeros_like(reference)
    table = pd.DataFrame([asdict(row) for row in compare_conventions(reference, predicted)])
    return table[["convention", "measure", "value", "difference", "tp", "fp", "fn", "reason"]]


def failed_images(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the images that were scored as empty because their prediction was unusable.

    Returns
    -------
    DataFrame
        Columns model, seed, image_id, status.
    """
    failed = scores[scores["status"].isin(FAILED_STATUSES)]
    return failed[["model", "seed", "image_id", "status"]].drop_duplicates(ignore_index=True)


def annotated(records: Iterable[Record]) -> list[Record]:
    """Return records that predictions can be scored against.

    Raises
    ------
    InputError
        If one has no labels.
    """
    checked = list(records)
    for record in checked:
        if record.labels is None:
            msg = (
                f"image {record.image_id!r} has no labels to score against; add them to the "
                "manifest, or move the image to another split."
            )
            raise InputError(msg)
    return checked


@dataclass(frozen=True)
class _References:
    """The labels of a data set, by image."""

    records: Mapping[str, Record]

    def read(self, image_id: str, *, shape: tuple[int, int] | None = None) -> LabelRead:
        """Read one; the data set knows its shape."""
        del shape
        return LabelRead(read_reference(self.records[image_id]), (), None)


@dataclass(frozen=True)
class _LabelFiles:
    """Label images as the workbench writes them, and how sure their model is of each cell."""

    files: Mapping[str, Path]
    confidences: Mapping[str, Mapping[int, float]]

    def read(self, image_id: str, *, shape: tuple[int, int] | None = None) -> LabelRead:
        """Read one; the files know their own shape."""
        del shape
        labels = read_labels(self.files[image_id])
        return LabelRead(labels, (), self.confidences.get(image_id))


def _confidences(folder: Path) -> dict[str, dict[int, float]]:
    """Return the confidence of each predicted cell by image, nothing where none are stored."""
    path = folder / CONFIDENCES
    if not path.is_file():
        return {}
    table = pd.read_parquet(path)
    name = next((name for name in PRIMARY_CONFIDENCES if name in table), None)
    if name is None:
        return {}
    return {
        str(image_id): dict(zip(cells["cell_id"].tolist(), cells[name].tolist(), strict=True))
        for image_id, cells in table.groupby("image_id")
    }
