"""Stage "explore": a data set as notebook 01 shows it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.analysis import main_grouping
from workbench.datasets import Dataset, open_dataset, read_sample
from workbench.schema import InputError, Sample
from workbench.studies._audit import Audit
from workbench.studies._job_configs import JobConfig
from workbench.studies._survey import Survey, survey_dataset
from workbench.studies._two_sets import (
    Crops,
    SetComparison,
    compare_sets,
    joined_surveys,
    sample_crops,
)

SEED = 0
"""Of the cells that are drawn; a look at a data set is the same each time."""


class ExploreJob(JobConfig):
    """``01_explore.ipynb``: look at a data set.

    Attributes
    ----------
    dataset
        What to look at.
    compare_with
        A second data set to lay over it.
    cache
        Folder for thumbnails, kept for the next time.
    """

    dataset: Path
    compare_with: Path | None = None
    cache: Path


def compare_explored(
    job: ExploreJob, dataset: Dataset, survey: Survey, tell: Callable[[str], None] = print
) -> SetComparison:
    """Lay two sets of images over each other.

    Parameters
    ----------
    job
        Names the second data set, if there is one.
    dataset, survey
        The first.
    tell
        Called with a line of text now and then.

    Returns
    -------
    SetComparison
        Of the two data sets; without a second of training and test images; without these of the
        groups that tell most about the data set.

    Raises
    ------
    InputError
        If the second data set is the first, or can't be read.
    """
    rng = np.random.default_rng(SEED)
    if job.compare_with is None:
        return _compare_within(survey, sample_crops(dataset, rng=rng), rng)
    other = open_dataset(job.compare_with)
    if other.root.resolve() == dataset.root.resolve():
        msg = (
            f"compare_with {job.compare_with}: is the data set itself; name another, or none to "
            "compare its training and test images."
        )
        raise InputError(msg)
    crops = sample_crops(dataset, rng=rng)
    # Both may have the same name: their places differ.
    names = [dataset.name, other.name]
    if names[0] == names[1]:
        names = [str(dataset.root), str(other.root)]
    joined = joined_surveys([(names[0], survey), (names[1], survey_dataset(other, tell=tell))])
    both = [
        replace(crops, cells=_prefixed(crops.cells, names[0])),
        sample_crops(other, rng=rng, prefix=f"{names[1]}/"),
    ]
    cut = Crops(
        np.concatenate([part.pixels for part in both]),
        pd.concat([part.cells for part in both], ignore_index=True),
    )
    return compare_sets(joined, cut, by="set", rng=rng)


def gravest_samples(audit: Audit, *, n: int) -> list[Sample]:
    """Return the images with the gravest findings first, at most n."""
    counts = ["n_errors", "n_warnings", "n_notes"]
    order = audit.images.sort_values(counts, ascending=False, kind="stable").head(n)
    records = {record.image_id: record for record in audit.dataset.records}
    return [read_sample(records[image_id]) for image_id in order["image_id"]]


def _compare_within(survey: Survey, crops: Crops, rng: np.random.Generator) -> SetComparison:
    images = survey.images
    tested = images["split"].isin(["train", "test"])
    if images.loc[tested, "split"].nunique() < 2:
        return compare_sets(survey, crops, by=main_grouping(images), rng=rng)
    kept = set(images.loc[tested, "image_id"])
    of_kept = crops.cells["image_id"].isin(kept)
    chosen = Crops(crops.pixels[of_kept], crops.cells[of_kept].reset_index(drop=True))
    part = replace(
        survey, images=images[tested], cells=survey.cells[survey.cells["image_id"].isin(kept)]
    )
    return compare_sets(part, chosen, by="split", rng=rng)


def _prefixed(cells: pd.DataFrame, name: str) -> pd.DataFrame:
    return cells.assign(image_id=f"{name}/" + cells["image_id"])
