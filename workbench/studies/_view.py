"""A finished run, opened for looking: from a member and an image id to everything on screen."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.analysis import image_overview
from workbench.datasets import Dataset, open_dataset, read_labels, read_sample
from workbench.schema import (
    PRIMARY_IOU_THRESHOLD,
    InputError,
    LabelImage,
    Member,
    Overlay,
)
from workbench.store import (
    Run,
    open_run,
    read_cells,
    read_errors,
    read_features,
    read_pixel_errors,
    read_scores,
)
from workbench.studies._config import StudyConfig, read_run_study


@dataclass(frozen=True, eq=False)
class RunView:
    """A run with its scores in memory; images and larger tables are read when asked for.

    Attributes
    ----------
    run, study, dataset
        Where it lies, what was asked for, on which images.
    scores
        Of all members.
    """

    run: Run
    study: StudyConfig
    dataset: Dataset
    scores: pd.DataFrame

    @property
    def members(self) -> tuple[Member, ...]:
        """Members that were scored, in the study's order."""
        scored = self.scores[["model", "seed"]].drop_duplicates().itertuples(index=False)
        return tuple(Member(row.model, int(row.seed)) for row in scored)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Cells of all members, see :data:`workbench.schema.CELL_COLUMNS`.

        Raises
        ------
        InputError
            If an earlier version scored the run; likewise of the other tables.
        """
        return read_cells(self.run.cells_file)

    @cached_property
    def errors(self) -> pd.DataFrame:
        """Errors by type, see :data:`workbench.schema.ERROR_COLUMNS`."""
        return read_errors(self.run.errors_file)

    @cached_property
    def pixel_errors(self) -> pd.DataFrame:
        """Wrong pixels by kind, see :data:`workbench.schema.PIXEL_ERROR_COLUMNS`."""
        return read_pixel_errors(self.run.pixel_errors_file)

    @cached_property
    def features(self) -> pd.DataFrame:
        """What is measured of every cell; the cells are those of :attr:`cells`."""
        return read_features(self.run.features_file)


def open_view(folder: Path) -> RunView:
    """Open a run for looking.

    Raises
    ------
    InputError
        If the folder holds no run, nothing is scored yet, or the data set has moved.
    """
    run = open_run(folder)
    study = read_run_study(run.study_file)
    return RunView(
        run=run,
        study=study,
        dataset=open_dataset(study.dataset.path),
        scores=read_scores(run.scores_file),
    )


def find_member(view: RunView, name: str | None = None) -> Member:
    """Return the member called ``unet-0``, or ``unet`` for its first seed; None for the best.

    Raises
    ------
    InputError
        If there is none; the message lists those there are.
    """
    if name is None:
        overview = image_overview(view.scores)
        means = overview.groupby(["model", "seed"])["value"].mean()
        model, seed = means.idxmax() if means.notna().any() else means.index[0]
        return Member(str(model), int(seed))
    for member in view.members:
        if name in (member.name, member.model):
            return member
    there = ", ".join(member.name for member in view.members)
    msg = f"{view.run.root}: no scored model is called {name!r}, only {there}."
    raise InputError(msg)


def images_worst_first(view: RunView, member: Member) -> pd.DataFrame:
    """Return the images of a member by F1 at IoU 0.5, the worst first, undefined ones last.

    Returns
    -------
    DataFrame
        As :func:`workbench.analysis.image_overview`, of this member alone.
    """
    overview = image_overview(view.scores)
    chosen = overview[(overview["model"] == member.model) & (overview["seed"] == member.seed)]
    return chosen.reset_index(drop=True)


def load_overlay(view: RunView, member: Member, image_id: str) -> Overlay:
    """Read one image with reference, prediction and the outcome of each cell.

    A prediction that is missing or unusable shows as an empty one, as it was scored.

    Raises
    ------
    InputError
        If the image is not in the data set or can't be read.
    """
    record = next((r for r in view.dataset.records if r.image_id == image_id), None)
    if record is None:
        msg = f"data set {view.dataset.root} has no image {image_id!r}."
        raise InputError(msg)
    sample = read_sample(record)
    of_image = view.scores[
        (view.scores["image_id"] == image_id)
        & (view.scores["model"] == member.model)
        & (view.scores["seed"] == member.seed)
    ]
    at_primary = of_image[
        of_image["threshold"].isna() | np.isclose(of_image["threshold"], PRIMARY_IOU_THRESHOLD)
    ]
    status = at_primary["status"].iloc[0] if len(at_primary) else "missing"
    predicted: LabelImage = np.zeros(sample.image.shape[:2], np.uint32)
    if status in ("ok", "undefined"):
        predicted = read_labels(view.run.prediction_file(member, image_id))
    cells = view.cells[
        (view.cells["image_id"] == image_id)
        & (view.cells["model"] == member.model)
        & (view.cells["seed"] == member.seed)
    ]
    return Overlay(
        sample=sample,
        member=member,
        predicted=predicted,
        reference_outcomes=_by_cell(cells, "reference", "outcome"),
        predicted_outcomes=_by_cell(cells, "predicted", "outcome"),
        scores=dict(zip(at_primary["metric"], at_primary["value"], strict=True)),
        reference_details=_by_cell(cells, "reference", "detail"),
        predicted_details=_by_cell(cells, "predicted", "detail"),
    )


def _by_cell(cells: pd.DataFrame, side: str, column: str) -> dict[int, Any]:
    of_side = cells[cells["side"] == side]
    return dict(zip(of_side["cell_id"].astype(int), of_side[column], strict=True))
