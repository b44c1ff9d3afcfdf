"""One ranking out of accuracy, usability and running time, after the eighteen-methods study."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy import stats

from workbench.analysis._ranks import rank_rows
from workbench.schema import InputError

FloatArray = npt.NDArray[np.float64]
ACCURACY_METRICS: Final = ("map", "ap50", "ap75", "ar50", "ar75")
USABILITY_SCORES: Final = ("code_maintenance", "ease_of_use", "hardware_support")


class SchemePart(BaseModel):
    """One of the parts whose weighted mean is the overall performance.

    Attributes
    ----------
    name
        Of the part.
    metrics
        The part is the mean of its metrics; each metric is the mean of one or more columns.
    normalised
        Whether each metric is first brought to 0 to 1: the standard normal distribution function
        of its z-score over the models.
    lower_is_better
        Whether the part is one minus that mean, as for running times; needs ``normalised``.
    weight
        In the overall mean, relative to that of the other parts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    metrics: tuple[tuple[str, ...], ...] = Field(min_length=1)
    normalised: bool = False
    lower_is_better: bool = False
    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _can_be_turned_round(self) -> "SchemePart":
        if self.lower_is_better and not self.normalised:
            msg = f"{self.name!r}: one minus a mean needs metrics in 0 to 1; set normalised."
            raise ValueError(msg)
        return self


class RankingScheme(BaseModel):
    """How numbers about the models become one ranking.

    Attributes
    ----------
    parts
        Averaged with their weights; names differ.

    Examples
    --------
    >>> len(EIGHTEEN_METHODS.parts), EIGHTEEN_METHODS.weights["usability"]
    (7, 1.0)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: tuple[SchemePart, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _named_once(self) -> "RankingScheme":
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            msg = f"each part of a scheme needs a name of its own, got {names}."
            raise ValueError(msg)
        return self

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each part."""
        return {part.name: part.weight for part in self.parts}

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that :func:`scheme_parts` needs."""
        metrics = [metric for part in self.parts for metric in part.metrics]
        return tuple(dict.fromkeys(column for metric in metrics for column in metric))


def study_scheme(
    *,
    tasks: Sequence[str],
    metrics: Sequence[str] = ACCURACY_METRICS,
    usability: Sequence[str] = USABILITY_SCORES,
    running_times: Sequence[Sequence[str]] = (),
) -> RankingScheme:
    """Return the ranking scheme of the eighteen-methods study for tasks of one's own.

    Parameters
    ----------
    tasks
        Data sets or kinds of images; each is a part, the mean of the columns ``TASK_METRIC``.
    metrics
        Accuracies that are averaged.
    usability
        Columns of scores given by hand, higher is better: normalised, then averaged to one part.
        Without any there is no such part.
    running_times
        Groups of columns. Each group is averaged, normalised, then all are averaged, and one minus
        that is the part "scalability". Without any there is no such part.

    Examples
    --------
    >>> scheme = study_scheme(tasks=["dapi"], metrics=["map"], usability=[])
    >>> scheme.columns
    ('dapi_map',)
    """
    parts = [
        SchemePart(name=task, metrics=tuple((f"{task}_{metric}",) for metric in metrics))
        for task in tasks
    ]
    if usability:
        columns = tuple((column,) for column in usability)
        parts.append(SchemePart(name="usability", metrics=columns, normalised=True))
    if running_times:
        groups = tuple(tuple(group) for group in running_times)
        parts.append(
            SchemePart(name="scalability", metrics=groups, normalised=True, lower_is_better=True)
        )
    return RankingScheme(parts=tuple(parts))


EIGHTEEN_METHODS: Final = study_scheme(
    tasks=(
        "tissuenet_nuclei_dual",
        "tissuenet_nuclei_single",
        "tissuenet_whole_cell_dual",
        "tissuenet_whole_cell_single",
        "livecell_whole_cell",
    ),
    running_times=(
        ("tissuenet_nuclei_dual_seconds", "tissuenet_nuclei_single_seconds"),
        ("tissuenet_whole_cell_dual_seconds", "tissuenet_whole_cell_single_seconds"),
        ("livecell_whole_cell_seconds",),
    ),
)
"""The scheme as published: five accuracies, usability and scalability, all of weight 1."""


def scheme_parts(values: pd.DataFrame, *, scheme: RankingScheme = EIGHTEEN_METHODS) -> pd.DataFrame:
    """Return the parts of a ranking scheme for each model.

    Parameters
    ----------
    values
        A row per model, with the columns ``scheme.columns``: accuracies from 0 to 1, usability
        scores, running times in any one unit.
    scheme
        What is averaged to what.

    Returns
    -------
    DataFrame
        Models x parts, higher is better.

    Raises
    ------
    InputError
        For a missing column, a value that is no finite number, a repeated model, or fewer than 2
        models.

    Notes
    -----
    The scheme is that of [1]_. Where its text leaves a choice open, this was chosen: z-scores
    divide by the standard deviation with ddof=1; a metric that is equal for all models has z-score
    0, so 0.5; running times are given by the caller, and the study's standardised ones (to batches
    of 8 and 50 epochs) are meant, as its text introduces them for a fair comparison; a number
    that is lacking (a method without training has no such time) is refused, never filled in. The
    accuracies enter as they are, so a task on which models differ much weighs more. Normalised
    scores depend on which models take part.

    References
    ----------
    .. [1] Y. Wang et al., "A systematic evaluation of computational methods for cell
       segmentation", Brief. Bioinform., 2024.

    Examples
    --------
    >>> values = pd.DataFrame({"dapi_map": [0.5, 0.4], "s": [10, 90]}, index=["unet", "sam"])
    >>> scheme = study_scheme(tasks=["dapi"], metrics=["map"], usability=[], running_times=[["s"]])
    >>> scheme_parts(values, scheme=scheme).round(2).to_numpy().tolist()
    [[0.5, 0.76], [0.4, 0.24]]
    """
    absent = [column for column in scheme.columns if column not in values]
    if absent:
        msg = (
            f"the scheme needs {len(absent)} columns that are not there: {', '.join(absent[:5])}"
            f"{', ...' if len(absent) > 5 else ''}; add them, or make a scheme without them."
        )
        raise InputError(msg)
    numbers = checked_models(values[list(scheme.columns)])
    parts = {}
    for part in scheme.parts:
        metrics = np.column_stack([numbers[list(m)].mean(axis=1) for m in part.metrics])
        score = (_normalised(metrics) if part.normalised else metrics).mean(axis=1)
        parts[part.name] = 1 - score if part.lower_is_better else score
    return pd.DataFrame(parts, index=pd.Index(values.index, name="model"))


def rank_by_scheme(
    parts: pd.DataFrame, *, weights: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Rank the models by the weighted mean of their parts.

    Parameters
    ----------
    parts
        Models x parts, higher is better, from :func:`scheme_parts` or any other source.
    weights
        Of parts, relative to each other; a part that is not named weighs 1.

    Returns
    -------
    DataFrame
        One row per model, best first: ``model``, ``overall``, ``rank`` (ties share the average)
        and the parts.

    Raises
    ------
    InputError
        For an unknown part, weights that are negative or all 0, a value that is no finite number,
        or fewer than 2 models.

    Examples
    --------
    >>> parts = pd.DataFrame({"accuracy": [0.5, 0.4], "speed": [0.2, 0.8]}, index=["unet", "otsu"])
    >>> rank_by_scheme(parts)["model"].tolist()
    ['otsu', 'unet']
    >>> rank_by_scheme(parts, weights={"speed": 0.1})["model"].tolist()
    ['unet', 'otsu']
    """
    numbers = checked_models(parts)
    overall = numbers.to_numpy() @ weight_shares(parts.columns, weights)
    table = pd.DataFrame({"model": parts.index, "overall": overall})
    table["rank"] = rank_rows(overall[None])[0]
    table = pd.concat([table, numbers.reset_index(drop=True)], axis=1)
    return table.sort_values("rank", kind="stable").reset_index(drop=True)


def _normalised(metrics: FloatArray) -> FloatArray:
    deviations = metrics - metrics.mean(axis=0)
    spread = metrics.std(axis=0, ddof=1)
    flat = np.ptp(metrics, axis=0) == 0
    scaled: FloatArray = stats.norm.cdf(np.where(flat, 0, deviations / np.where(flat, 1, spread)))
    return scaled


def checked_models(values: pd.DataFrame) -> pd.DataFrame:
    if len(values) < 2 or not values.index.is_unique:
        msg = (
            "a ranking by a scheme needs at least 2 models, each in one row, got "
            f"{', '.join(map(repr, values.index)) or 'none'}."
        )
        raise InputError(msg)
    numbers = values.apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = np.argwhere(~np.isfinite(numbers.to_numpy()))
    if len(wrong):
        row, column = wrong[0]
        msg = (
            f"a ranking by a scheme needs every number, but {values.columns[column]!r} of "
            f"{values.index[row]!r} is {values.iloc[row, column]}; give it, or leave out the "
            "model or the part."
        )
        raise InputError(msg)
    return numbers


def weight_shares(names: pd.Index, weights: Mapping[str, float] | None) -> FloatArray:
    """Return the weights of the parts, summing to 1."""
    given = dict(weights or {})
    unknown = [name for name in given if name not in names]
    if unknown:
        msg = f"no part {unknown[0]!r} to weigh, only {', '.join(map(str, names))}."
        raise InputError(msg)
    values = np.array([given.get(name, 1.0) for name in names], float)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.sum() > 0):
        msg = f"expected weights from 0, at least one of them above, got {given}."
        raise InputError(msg)
    shares: FloatArray = values / values.sum()
    return shares
