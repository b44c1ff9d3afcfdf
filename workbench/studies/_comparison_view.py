"""A comparison opened for looking: scores, what could not be read, and each part of the report."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from workbench.analysis import image_groups, paired_scores
from workbench.report import Section, score_sections
from workbench.schema import InputError
from workbench.studies._job_configs import CompareJob
from workbench.studies._score_source import ScoreSource, read_score_source


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

    @cached_property
    def paired(self) -> pd.DataFrame:
        """Images x models, the best model first."""
        paired = paired_scores(self.scores, metric=self.job.metric, threshold=self.job.threshold)
        return paired[paired.mean().sort_values(ascending=self.job.lower_is_better).index]

    @cached_property
    def sections(self) -> list[Section]:
        """The report's sections, see :func:`workbench.report.score_sections`."""
        return score_sections(
            self.scores,
            metric=self.job.metric,
            threshold=self.job.threshold,
            reference=self.job.reference,
            margin=self.job.margin,
            groups=image_groups(self.scores),
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
    source = read_score_source([job.run])
    models = list(dict.fromkeys(source.scores["model"]))
    if job.reference is not None and job.reference not in models:
        msg = f"{job.run} has no model {job.reference!r} to compare with, only {', '.join(models)}."
        raise InputError(msg)
    return ComparisonView(job, source)
