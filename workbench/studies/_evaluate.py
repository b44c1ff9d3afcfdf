"""Stage "evaluate": predictions against reference, per image and per cell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from workbench.datasets import Record, find_label_files, open_dataset, read_labels
from workbench.metrics import DEFAULT_IOU_THRESHOLDS, cell_records, image_scores, label_overlap
from workbench.schema import InputError, LabelImage, Member
from workbench.store import cell_table, score_table, write_table
from workbench.studies._job_configs import JobConfig
from workbench.studies._progress_text import Milestones

CONVENTION = "default"


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


@dataclass(frozen=True)
class Reference:
    """What a prediction is scored against: an annotated image."""

    image_id: str
    labels: Path
    group: str = ""


def evaluate(
    job: EvaluateJob, tell: Callable[[str], None] = print
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score the predictions of one member and write both tables to ``job.output``.

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
    references = [reference_of(record) for record in dataset.split(job.split)]
    files = {path.stem: path for path in job.predictions.glob("*.tif")}
    scores, cells = score_predictions(
        references,
        files,
        dataset=dataset.name,
        member=job.member,
        iou_thresholds=job.iou_thresholds,
        tell=tell,
    )
    job.output.mkdir(parents=True, exist_ok=True)
    write_table(job.output / "images.parquet", scores)
    write_table(job.output / "cells.parquet", cells)
    return scores, cells


def score_folders(
    reference: Path,
    predicted: Path,
    *,
    iou_thresholds: Sequence[float],
    tell: Callable[[str], None] = print,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score a folder of predicted label images against a folder of reference label images.

    Parameters
    ----------
    reference, predicted
        Folders of TIFF or PNG label images; files belong together by stem, less a closing
        ``_label`` or ``_labels``.
    iou_thresholds
        At which to match.
    tell
        Called with a line of text now and then.

    Returns
    -------
    tuple of DataFrame
        Scores and cells; the model is named after the folder of predictions.

    Raises
    ------
    InputError
        If a folder is missing or empty, no file has a partner, or a reference can't be read.
    """
    references = [
        Reference(image_id, path) for image_id, path in find_label_files(reference).items()
    ]
    files = find_label_files(predicted)
    if not any(item.image_id in files for item in references):
        msg = (
            f"no file of {predicted} has the name of one in {reference}; for example "
            f"{next(iter(files.values())).name} beside {references[0].labels.name}. Files belong "
            "together by their stems."
        )
        raise InputError(msg)
    return score_predictions(
        references,
        files,
        dataset=reference.resolve().parent.name,
        member=Member(predicted.resolve().name, 0),
        iou_thresholds=iou_thresholds,
        tell=tell,
    )


def score_predictions(
    references: Sequence[Reference],
    predictions: Mapping[str, Path],
    *,
    dataset: str,
    member: Member,
    iou_thresholds: Sequence[float],
    tell: Callable[[str], None],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score every reference image; a missing or unusable prediction counts as an empty one."""
    score_rows: list[dict[str, Any]] = []
    cell_rows: list[dict[str, Any]] = []
    milestones = Milestones(len(references), "images scored", tell)
    for item in references:
        origin = {"dataset": dataset, "image_id": item.image_id} | asdict(member)
        reference = read_labels(item.labels)
        predicted, status = _read_prediction(predictions.get(item.image_id), reference)
        overlap = label_overlap(reference, predicted)
        counts = {
            "n_reference": len(overlap.reference_ids),
            "n_predicted": len(overlap.predicted_ids),
        }
        if not any(counts.values()) and status == "ok":
            status = "undefined"
        about = {"group": item.group, "convention": CONVENTION, "status": status}
        score_rows.extend(
            origin | about | counts | asdict(score)
            for score in image_scores(overlap, iou_thresholds=iou_thresholds)
        )
        cell_rows.extend(
            origin | asdict(cell) for cell in cell_records(reference, predicted, overlap)
        )
        milestones.step()
    return score_table(score_rows), cell_table(cell_rows)


def failed_images(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the images that were scored as empty because their prediction was unusable.

    Returns
    -------
    DataFrame
        Columns model, seed, image_id, status.
    """
    failed = scores[~scores["status"].isin(["ok", "undefined"])]
    return failed[["model", "seed", "image_id", "status"]].drop_duplicates(ignore_index=True)


def reference_of(record: Record) -> Reference:
    """Return what an image is scored against.

    Raises
    ------
    InputError
        If it has no labels.
    """
    if record.labels is None:
        msg = (
            f"image {record.image_id!r} has no labels to score against; add them to the "
            "manifest, or move the image to another split."
        )
        raise InputError(msg)
    return Reference(record.image_id, record.labels, record.metadata.get("group", ""))


def _read_prediction(path: Path | None, reference: LabelImage) -> tuple[LabelImage, str]:
    """Return predicted labels and a status; labels are empty unless the status is "ok"."""
    empty = np.zeros_like(reference)
    if path is None:
        return empty, "missing"
    try:
        predicted = read_labels(path)
    except InputError:
        return empty, "unreadable"
    if predicted.shape != reference.shape:
        return empty, "shape_mismatch"
    return predicted, "ok"
