"""The eighteen-methods study's questions, asked of a run or of a table of scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final

import pandas as pd
from pydantic import Field, field_validator

from workbench.analysis import (
    RankingScheme,
    SchemeStability,
    main_grouping,
    rank_by_scheme,
    regress_scores,
    scheme_parts,
    scheme_stability,
)
from workbench.metrics import find_measure
from workbench.report import interval, measure_title, p_text, signed
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, InputError, column_label
from workbench.studies._comparison_view import ComparisonView, open_comparison
from workbench.studies._job_configs import CompareJob, JobConfig
from workbench.studies._method_facts import Facts, row_facts
from workbench.studies._method_parts import Values, model_values
from workbench.studies._method_tables import read_typed_table
from workbench.studies._score_source_file import few

IMAGE: Final = "image_id"


class MethodsJob(JobConfig):
    """``08_methods.ipynb``: what goes with the scores, and one ranking out of many parts.

    Attributes
    ----------
    run
        Folder of a run, or a table of scores: CSV, TSV or Parquet.
    metric, iou_threshold
        The scores that are explained.
    by
        What one observation is: "image_id", or a column of the images' metadata, such as
        "tissue", whose kinds are averaged to one each; then each kind also has an accuracy of its
        own in the ranking, as in the study.
    predictors
        A table: the image or kind in the first column, a fact about it in each further one. With
        None, what a run itself tells of its images.
    log
        Predictors whose logarithm is taken.
    parts
        A table: the model in the first column, in each further one what you know of it, such as
        code_maintenance, ease_of_use, hardware_support or a price.
    lower_is_better
        Columns of that table of which less is better.
    weights
        Of parts of the ranking, relative to each other; 1 for those not named.
    """

    run: Path
    metric: str = PRIMARY_METRIC
    iou_threshold: float = Field(PRIMARY_IOU_THRESHOLD, gt=0, le=1)
    by: str = IMAGE
    predictors: Path | None = None
    log: tuple[str, ...] = ()
    parts: Path | None = None
    lower_is_better: tuple[str, ...] = ()
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        return find_measure(metric).name

    @property
    def comparison(self) -> CompareJob:
        """How the scores are read."""
        return CompareJob(run=self.run, metric=self.metric, iou_threshold=self.iou_threshold)


@dataclass(frozen=True, eq=False)
class MethodsView:
    """Methods compared as the eighteen-methods study did.

    Attributes
    ----------
    job
        What was asked.
    comparison
        The scores.
    outcomes
        Scores to be explained: a row per image or kind, a column per model, best first.
    predictors
        The same rows, a column per fact; those that can't be used are left out.
    known, scheme
        What is known of each model, and how that becomes one ranking.
    told
        What each number is made of, and what was left out.
    """

    job: MethodsJob
    comparison: ComparisonView
    outcomes: pd.DataFrame
    predictors: pd.DataFrame
    known: pd.DataFrame
    scheme: RankingScheme
    told: tuple[str, ...]

    @property
    def readings(self) -> pd.DataFrame:
        """What was read, what each number is made of, and what could not be had: a line each."""
        made = pd.DataFrame({"kind": "made", "text": list(self.told)})
        return pd.concat([self.comparison.readings, made], ignore_index=True)

    @property
    def outcome_title(self) -> str:
        """What is explained, for an axis."""
        at = "" if pd.isna(self.comparison.job.threshold) else f" at IoU {self.job.iou_threshold:g}"
        return f"{measure_title(self.job.metric)}{at}"

    @cached_property
    def regression(self) -> pd.DataFrame:
        """Coefficients of each model and predictor, from :func:`regress_scores`.

        Raises
        ------
        InputError
            Where :attr:`note` has a text.
        """
        return regress_scores(self.outcomes, self.predictors, log=self.job.log)

    @cached_property
    def note(self) -> str:
        """Why there is no regression; "" where there is one."""
        if self.predictors.empty:
            return "No regression: nothing is known of the images; give a table of predictors."
        try:
            return "" if len(self.regression) else "No regression: no model."
        except InputError as error:
            return f"No regression: {error}"

    @property
    def coefficients(self) -> pd.DataFrame:
        """The regression as text, for reading; notices where there are any."""
        table = self.regression
        shown = pd.DataFrame(
            {
                "Model": table["model"],
                "Predictor": table["predictor"].map(column_label),
                "Coefficient": table["coefficient"].map(signed),
                "95 % interval": [
                    interval(low, high)
                    for low, high in zip(table["ci_low"], table["ci_high"], strict=True)
                ],
                "p": table["p"].map(p_text),
                "n": table["n"],
                "R²": table["r_squared"].map("{:.2f}".format),
                "Variance inflation": table["vif"].map("{:.1f}".format),
                "Notice": table["notice"],
            }
        )
        return shown if table["notice"].any() else shown.drop(columns="Notice")

    @cached_property
    def parts(self) -> pd.DataFrame:
        """Models x parts of the ranking, higher is better."""
        return scheme_parts(self.known, scheme=self.scheme)

    @cached_property
    def weights(self) -> dict[str, float]:
        """Weight of each part."""
        return {name: self.job.weights.get(name, 1.0) for name in self.parts.columns}

    @property
    def ranking(self) -> pd.DataFrame:
        """The models by the weighted mean of their parts, best first."""
        return rank_by_scheme(self.parts, weights=self.job.weights)

    @cached_property
    def stability(self) -> SchemeStability:
        """The ranking under weights drawn around the given ones."""
        return scheme_stability(self.parts, weights=self.job.weights)


def open_methods(job: MethodsJob) -> MethodsView:
    """Read scores, and what is known of their images and models.

    Raises
    ------
    InputError
        As :func:`open_comparison`; for fewer than 2 models; if the images have no such column
        as ``by``; if a table that was typed lacks an image, kind or model, or holds what is no
        number; if a weight, logarithm or direction is of something that is not there.
    """
    comparison = open_comparison(job.comparison)
    models = [str(model) for model in comparison.paired.columns]
    if len(models) < 2:
        msg = f"{job.run}: methods are compared from 2 on, and it has {', '.join(models)} alone."
        raise InputError(msg)
    rows = _rows(job, comparison)
    outcomes = comparison.paired.loc[rows.index].groupby(rows, sort=False).mean()
    facts = _facts(job, comparison, rows)
    typed = job.parts and read_typed_table(job.parts, models, what="model")
    values = model_values(
        comparison,
        None if job.by == IMAGE else rows,
        typed.frame if typed else None,
        lower_is_better=job.lower_is_better,
    )
    _refuse_unknown(job, facts, values)
    usable, told = _usable(facts.frame)
    return MethodsView(
        job=job,
        comparison=comparison,
        outcomes=outcomes.loc[usable.index],
        predictors=usable,
        known=values.frame,
        scheme=RankingScheme(parts=values.parts),
        told=(*facts.readings, *told, *(typed.readings if typed else ()), *values.readings),
    )


def _rows(job: MethodsJob, comparison: ComparisonView) -> pd.Series:
    """Return the row of each image: itself, or its kind; images without a kind have none."""
    images = comparison.paired.index
    if job.by == IMAGE:
        return pd.Series(images, index=images)
    metadata = comparison.source.metadata
    there = [column for column in metadata if column != IMAGE]
    if job.by not in there:
        msg = (
            f"{job.run}: nothing says the {job.by!r} of an image; `by` is {IMAGE!r} or one of "
            f"{', '.join(there) or 'no columns'}."
        )
        raise InputError(msg)
    kinds = metadata.set_index(IMAGE)[job.by].reindex(images).fillna("").astype(str)
    if not kinds.any():
        msg = f"{job.run}: {job.by!r} is empty for every scored image; choose another `by`."
        raise InputError(msg)
    return kinds[kinds != ""].rename(job.by)


def _facts(job: MethodsJob, comparison: ComparisonView, rows: pd.Series) -> Facts:
    names = list(dict.fromkeys(rows))
    if job.predictors is not None:
        what = "image" if job.by == IMAGE else job.by
        return Facts(*read_typed_table(job.predictors, names, what=what))
    views = comparison.source.views
    if len(views) != 1:
        return Facts(pd.DataFrame(index=pd.Index(names)))
    column = main_grouping(comparison.source.metadata) if job.by == IMAGE else job.by
    return row_facts(views[0], rows, column if column in comparison.source.metadata else "")


def _usable(facts: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return rows of which everything is known, and facts that differ among them."""
    complete = facts.dropna()
    told = []
    if len(complete) < len(facts):
        without = [str(name) for name in facts.index if name not in complete.index]
        told.append(f"regression: without {few(without)}, which have no cells to measure")
    varied = [name for name in complete if len(complete[name].unique()) > 1]
    told += [
        f"regression: without {name}, which is the same everywhere"
        for name in complete if name not in varied
    ]  # fmt: skip
    return complete[varied], tuple(told)


def _refuse_unknown(job: MethodsJob, facts: Facts, values: Values) -> None:
    parts = [part.name for part in values.parts]
    for what, names, there in (
        ("weights", job.weights, parts),
        ("log", job.log, list(map(str, facts.frame))),
    ):
        for name in names:
            if name not in there:
                msg = f"{what}: there is no {name!r}, only {', '.join(there) or 'nothing'}."
                raise InputError(msg)
