"""A comparison opened for looking: scores, what could not be read, and each part of the report."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis import (
    describe_models,
    image_groups,
    paired_scores,
)
from workbench.report import Section, score_sections
from workbench.schema import InputError
from workbench.store import read_slices
from workbench.studies._boards import Boards, leaderboards
from workbench.studies._job_configs import CompareJob
from workbench.studies._score_source import ScoreSource, read_score_source
from workbench.studies._view import RunView

MEASURES_SHOWN: Final = ("f1", "dice", "precision", "recall")
"""Of published reports; those that were scored are shown."""

MIN_IMAGES: Final = 3


@dataclass(frozen=True, eq=False)
class ComparisonView:
    """Scores of several models, and what follows from them.

    Attributes
    ----------
    job
        What was asked.
    source
        Where the scores come from, and what did not join.
    """

    job: CompareJob
    source: ScoreSource

    @property
    def scores(self) -> pd.DataFrame:
        """Score table."""
        return self.source.scores

    @property
    def run(self) -> RunView | None:
        """The run that the scores come from; None of a table, or where the images have moved."""
        return next(iter(self.source.views), None)

    @cached_property
    def boards(self) -> Boards:
        """Leaderboards, for :func:`workbench.widgets.leaderboard`: the measure that decides first.

        Slices are those of what is known of the images, and those that somebody kept.
        """
        kept = read_slices(self.run.run.slices_file) if self.run else {}
        columns = [f"kept {name}" for name in kept]
        return leaderboards(
            self.scores,
            metadata=self.source.metadata.drop(columns=columns, errors="ignore"),
            first=(self.job.metric, self.job.threshold),
            chosen={name: found.image_ids for name, found in kept.items()},
        )

    @cached_property
    def paired(self) -> pd.DataFrame:
        """Images x models, the best model first."""
        paired = paired_scores(self.scores, metric=self.job.metric, threshold=self.job.threshold)
        return paired[paired.mean().sort_values(ascending=self.job.lower_is_better).index]

    @property
    def readings(self) -> pd.DataFrame:
        """What was read, and what could not be: a line each."""
        lines = [("read", text) for text in self.source.readings]
        lines += [("problem", text) for text in self.source.problems]
        return pd.DataFrame(lines, columns=["kind", "text"])

    @property
    def note(self) -> str:
        """Why models can't be tested; "" where they can."""
        n_images, n_models = self.paired.shape
        if n_images >= MIN_IMAGES and n_models > 1:
            return ""
        return (
            f"No test: it needs {MIN_IMAGES} images and 2 models, there are {n_images} and "
            f"{n_models}."
        )

    @cached_property
    def measures(self) -> pd.DataFrame:
        """Mean and interval of the measure that decides and of those of published reports.

        A row per measure and model, models in the order of ``paired``, for
        :func:`workbench.figures.metric_comparison`; what was not scored at the threshold is left
        out.
        """
        at = self.scores["threshold"]
        is_there = at.isna() | np.isclose(at, self.job.iou_threshold)
        measured = self.scores.loc[is_there, ["metric", "threshold"]].drop_duplicates()
        thresholds = dict(measured.itertuples(index=False))
        parts = []
        for metric in dict.fromkeys([self.job.metric, *MEASURES_SHOWN]):
            if metric not in thresholds:
                continue
            how = {"metric": metric, "threshold": thresholds[metric]}
            paired = paired_scores(self.scores, **how)
            described = describe_models(paired[self.paired.columns], groups=self.groups)
            parts.append(described.assign(**how))
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def groups(self) -> pd.Series | None:
        """Group (slide, plate) of each image, None where each stands alone."""
        return image_groups(self.scores)

    @cached_property
    def sections(self) -> list[Section]:
        """The report's sections, see :func:`workbench.report.score_sections`."""
        return score_sections(
            self.scores,
            metric=self.job.metric,
            threshold=self.job.threshold,
            reference=self.job.reference,
            margin=self.job.margin,
            groups=self.groups,
            cells=self.source.cells,
            metadata=self.source.metadata,
        )

    def section(self, title: str) -> Section:
        """Return a section of the report by its title; one that says so where there is nothing.

        Raises
        ------
        InputError
            If no section is called so.
        """
        for section in self.sections:
            if section.title == title:
                is_empty = not section.texts and not section.items
                return Section(title, ["Nothing to show here."]) if is_empty else section
        there = ", ".join(repr(section.title) for section in self.sections)
        msg = f"the report has no section {title!r}, only {there}."
        raise InputError(msg)


def open_comparison(job: CompareJob) -> ComparisonView:
    """Read the scores of a run or of tables, and open the comparison of their models.

    Raises
    ------
    InputError
        As :func:`read_score_source`, and if the reference is not among the models.
    """
    source = read_score_source([job.run], metric=job.metric, threshold=job.iou_threshold)
    models = list(dict.fromkeys(source.scores["model"]))
    if job.reference is not None and job.reference not in models:
        msg = f"{job.run} has no model {job.reference!r} to compare with, only {', '.join(models)}."
        raise InputError(msg)
    return ComparisonView(job, source)
