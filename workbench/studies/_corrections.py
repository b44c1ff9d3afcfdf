"""Corrected annotations of a run: saved as new versions, and scored at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.datasets import read_labels, read_reference
from workbench.metrics import label_overlap, match_overlap
from workbench.schema import InputError, LabelImage
from workbench.store import (
    AnnotationVersion,
    Verdict,
    annotation_versions,
    append_verdict,
    read_verdicts,
    save_annotation,
)
from workbench.studies._view import RunView, load_overlay


@dataclass(frozen=True, eq=False)
class Correction:
    """A corrected annotation, and what it changes.

    Attributes
    ----------
    version
        As stored.
    scores
        Columns member, f1_before, f1_after: F1 at IoU 0.5 of the image against the data set's
        annotation and against the corrected one; NaN where there is no cell.
    added, removed, changed
        Ids of cells that the correction added, took away, or gave other pixels.
    """

    version: AnnotationVersion
    scores: pd.DataFrame
    added: tuple[int, ...]
    removed: tuple[int, ...]
    changed: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """What was done, and what it gave, in words."""
        parts = [
            f"{len(ids)} {word}"
            for ids, word in (
                (self.added, "added"),
                (self.removed, "removed"),
                (self.changed, "changed"),
            )
            if ids
        ]
        steps = ", ".join(
            f"{row.member} {row.f1_before:.3f} to {row.f1_after:.3f}"
            for row in self.scores.itertuples()
        )
        what = ", ".join(parts) or "no cell changed"
        return f"{self.version.image_id} version {self.version.version}: {what}. F1: {steps}."


def read_annotation(view: RunView, image_id: str, version: int | None = None) -> LabelImage:
    """Read the reference labels of an image, as they are or as corrected.

    Parameters
    ----------
    view
        A run.
    image_id
        One of its images.
    version
        0 for the data set's own; None for the last.

    Raises
    ------
    InputError
        If there is no such image or version, or a file can't be read.
    """
    versions = [0, *(v.version for v in annotation_versions(view.run, image_id))]
    wanted = versions[-1] if version is None else version
    if wanted not in versions:
        msg = f"{image_id}: no annotation version {wanted}; there are {versions}."
        raise InputError(msg)
    if wanted:
        return read_labels(view.run.annotation_file(image_id, wanted))
    record = next((r for r in view.dataset.records if r.image_id == image_id), None)
    if record is None:
        msg = f"data set {view.dataset.root} has no image {image_id!r}."
        raise InputError(msg)
    return read_reference(record)


def correct_annotation(
    view: RunView,
    image_id: str,
    labels: LabelImage,
    *,
    parent: int = 0,
    note: str = "",
    reviewer: str = "",
) -> Correction:
    """Save corrected labels of an image as a new version, and score every member against them.

    The data set and the run's scores stay as they are.

    Parameters
    ----------
    view
        The run.
    image_id
        One of its images.
    labels
        The corrected reference, shape (height, width).
    parent
        Version that was corrected, 0 for the data set's own.
    note, reviewer
        In free words.

    Raises
    ------
    InputError
        If the image is unknown, the shape differs, nothing was changed, or it can't be saved.
    """
    before = read_annotation(view, image_id, parent)
    if labels.shape != before.shape:
        msg = f"{image_id}: corrected labels need the shape {before.shape}, got {labels.shape}."
        raise InputError(msg)
    added, removed, changed = changed_cells(before, labels)
    if not (added or removed or changed):
        msg = f"{image_id}: no cell was changed; nothing is saved."
        raise InputError(msg)
    version = save_annotation(
        view.run, image_id, labels, parent=parent, note=note, reviewer=reviewer
    )
    scores = correction_scores(view, image_id, labels)
    return Correction(version, scores, added, removed, changed)


def correction_scores(view: RunView, image_id: str, labels: LabelImage) -> pd.DataFrame:
    """Return F1 at IoU 0.5 of an image against its own and against other reference labels.

    Returns
    -------
    DataFrame
        Columns member, f1_before, f1_after; a row per scored member.
    """
    own = read_annotation(view, image_id, 0)
    rows = []
    for member in view.members:
        predicted = load_overlay(view, member, image_id).predicted
        rows.append((member.name, _f1(own, predicted), _f1(labels, predicted)))
    return pd.DataFrame(rows, columns=["member", "f1_before", "f1_after"])


def changed_cells(
    before: LabelImage, after: LabelImage
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return the ids of cells that were added, removed, and given other pixels.

    Examples
    --------
    >>> changed_cells(np.array([[1, 1, 2, 0]]), np.array([[1, 0, 0, 3]]))
    ((3,), (2,), (1,))
    """
    differs = before != after
    touched = set(np.unique(before[differs])) | set(np.unique(after[differs]))
    ids_before, ids_after = set(np.unique(before)), set(np.unique(after))
    touched -= {0}
    added = touched - ids_before
    removed = touched - ids_after
    sets = (added, removed, touched - added - removed)
    first, second, third = (tuple(sorted(map(int, ids))) for ids in sets)
    return first, second, third


def judge_cell(view: RunView, *verdicts: Verdict) -> pd.DataFrame:
    """Store a verdict with the run, or those of the cells of one error, together.

    Returns
    -------
    DataFrame
        The last verdict of each cell, see :func:`workbench.store.read_verdicts`.

    Raises
    ------
    InputError
        If a cell is not in the run; nothing is noted then.
    """
    images = {verdict.image_id for verdict in verdicts}
    cells = view.cells[view.cells["image_id"].isin(images)]
    names = cells["model"].astype(str) + "-" + cells["seed"].astype(str)
    there = set(zip(cells["image_id"], names, cells["side"], cells["cell_id"], strict=True))
    for verdict in verdicts:
        cell = (verdict.image_id, verdict.member, verdict.side, verdict.cell_id)
        if cell not in there:
            msg = (
                f"{view.run.root}: {verdict.member} has no {verdict.side} cell {verdict.cell_id} "
                f"in image {verdict.image_id!r}; nothing was noted."
            )
            raise InputError(msg)
    try:
        append_verdict(view.run.verdicts_file, *verdicts)
    except OSError as error:
        msg = (
            f"{view.run.verdicts_file}: can't note the verdict ({error}); free space, or ask for "
            "the right to write there."
        )
        raise InputError(msg) from error
    return read_verdicts(view.run.verdicts_file)


def _f1(reference: LabelImage, predicted: LabelImage) -> float:
    matches = match_overlap(label_overlap(reference, predicted))
    n_cells = 2 * matches.tp + matches.fp + matches.fn
    return 2 * matches.tp / n_cells if n_cells else float("nan")
