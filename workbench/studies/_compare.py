"""Which model is better, from scores of any origin: the measure, the images, the tests."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from workbench.analysis import (
    Comparison,
    compare_models,
    describe_models,
    image_groups,
    paired_scores,
    rank_stability,
)
from workbench.metrics import MEASURES
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, InputError
from workbench.studies._compare_parts import (
    cells_of_best,
    few_seeds,
    images_undefined,
    models_without,
    over_seeds,
)
from workbench.studies._score_source import ScoreSource
from workbench.studies._score_source_columns import (
    higher_is_better,
    measure_name,
)
from workbench.studies._score_source_file import few

N_RESAMPLES = 9_999


@dataclass(frozen=True, eq=False)
class Compared:
    """Models side by side on the same images, with what the data support and what they don't.

    Attributes
    ----------
    source
        Where the scores come from.
    metric, threshold
        The measure; threshold NaN for one that has none.
    margin
        Differences within it are held to be of no matter.
    paired
        Images x models, best first.
    groups
        What images share, by image id; None where each stands alone.
    seeds
        Of models trained several times the mean with its interval over images and seeds:
        :func:`seed_intervals`; None where each has one seed.
    found_cells
        Whether the best model finds more cells than each of the others:
        :func:`compare_found_cells`; None without cell tables, or too few images.
    models
        One row per model, best first: :func:`describe_models`, and from :func:`rank_stability`
        ``rank``, ``rank_low``, ``rank_high`` and ``p_best`` (NaN where nothing can be tested).
    comparison
        All tests, or the reason why there are none.
    limits
        What the data do not support, and what was left out.
    """

    source: ScoreSource
    metric: str
    threshold: float
    margin: float
    paired: pd.DataFrame
    groups: pd.Series | None
    models: pd.DataFrame
    comparison: Comparison
    seeds: pd.DataFrame | None
    found_cells: pd.DataFrame | None
    limits: tuple[str, ...]

    @property
    def measure(self) -> str:
        """The measure for people."""
        return measure_text(self.metric, self.threshold)

    @property
    def n_groups(self) -> int:
        """Images, those of one group counted once."""
        if self.groups is None:
            return len(self.paired)
        of_image = self.groups.reindex(self.paired.index)
        return int(of_image.nunique() + of_image.isna().sum())


def compare_scores(
    source: ScoreSource,
    *,
    metric: str | None = None,
    threshold: float | None = None,
    reference: str | None = None,
    margin: float = 0.02,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Compared:
    """Compare all models by one measure, paired by image.

    Parameters
    ----------
    source
        From :func:`read_score_source`.
    metric, threshold
        See :func:`choose_measure`.
    reference
        A model that all others are compared with; None compares all pairs.
    margin
        Largest difference of means that does not matter, declared before looking.
    n_resamples, seed
        Of bootstrap and permutation.

    Returns
    -------
    Compared
        Without tests for fewer than 3 images or 2 models; ``comparison.note`` then says so.

    Raises
    ------
    InputError
        If measure or reference are not in the table, no image has a score of every model, or the
        margin is not positive.
    """
    metric, threshold = choose_measure(source.scores, metric, threshold)
    lower_is_better = not higher_is_better(metric)
    paired = paired_scores(source.scores, metric=metric, threshold=threshold)
    _check_reference(paired, reference)
    # Best first, so that a pair reads as the better less the worse.
    order = paired.mean().sort_values(ascending=lower_is_better, kind="stable").index
    paired = paired[list(order)]
    groups = image_groups(source.scores)
    groups = None if groups is None else groups[groups.index.isin(paired.index)]
    groups = groups if groups is not None and len(groups) else None
    comparison = compare_models(
        paired,
        reference=reference,
        margin=margin,
        groups=groups,
        n_resamples=n_resamples,
        seed=seed,
    )
    models = describe_models(paired, groups=groups, n_resamples=n_resamples, seed=seed)
    ranked = ["rank", "rank_low", "rank_high", "p_best"]
    if comparison.note:
        models = models.assign(**dict.fromkeys(ranked, np.nan))
    else:
        stability = rank_stability(
            paired,
            lower_is_better=lower_is_better,
            groups=groups,
            n_resamples=n_resamples,
            seed=seed,
        )
        models = models.merge(stability.table[["model", *ranked]], on="model")
    limits = (
        *models_without(source.scores, paired, measure_text(metric, threshold)),
        *images_undefined(source.scores, metric, threshold),
        *few_seeds(source.scores, paired),
    )
    return Compared(
        source=source,
        metric=metric,
        threshold=threshold,
        margin=margin,
        paired=paired,
        groups=groups,
        models=models,
        comparison=comparison,
        seeds=over_seeds(
            source.scores, paired, metric, threshold, groups, n_resamples=n_resamples, seed=seed
        ),
        found_cells=cells_of_best(source.cells, paired, threshold, groups, seed=seed),
        limits=limits,
    )


def choose_measure(
    scores: pd.DataFrame, metric: str | None = None, threshold: float | None = None
) -> tuple[str, float]:
    """Return the measure to compare by.

    Parameters
    ----------
    scores
        Score table.
    metric
        Its name; None takes F1, or the only one of the table.
    threshold
        IoU threshold; None takes 0.5, or the only one of the measure.

    Returns
    -------
    tuple
        Name and threshold, NaN for a measure that has none.

    Raises
    ------
    InputError
        If the table lacks the measure or threshold, several could be meant, or a threshold is
        given for a measure that has none. The message lists those there are.

    Examples
    --------
    >>> scores = pd.DataFrame({"metric": ["f1", "dice"], "threshold": [0.5, float("nan")]})
    >>> choose_measure(scores), choose_measure(scores, "dice")
    (('f1', 0.5), ('dice', nan))
    """
    there = list(dict.fromkeys(scores["metric"]))
    name = measure_name(metric) if metric else _only(there, PRIMARY_METRIC)
    if name not in there:
        near = get_close_matches(name or "", there, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {few(there, 30)}; choose one."
        what = f"no scores of {metric!r}" if metric else "several measures and no F1"
        msg = f"--metric: {what}; {hint}"
        raise InputError(msg)
    known = np.sort(scores.loc[scores["metric"] == name, "threshold"].dropna().unique())
    if not len(known):
        if threshold is not None:
            msg = f"--threshold {threshold:g}: {name} has no IoU threshold; leave it away."
            raise InputError(msg)
        return name, float("nan")
    wanted = threshold if threshold is not None else _only(known.tolist(), PRIMARY_IOU_THRESHOLD)
    found = known[np.isclose(known, wanted)] if wanted is not None else known[:0]
    if not len(found):
        what = "no scores" if threshold is not None else "several thresholds, but none"
        msg = (
            f"--threshold: {what} of {name} at IoU {wanted or PRIMARY_IOU_THRESHOLD:g}, only at "
            f"{few([f'{t:g}' for t in known], 20)}; choose one of these."
        )
        raise InputError(msg)
    return name, float(found[0])


def measure_text(metric: str, threshold: float) -> str:
    """Return a measure for people.

    Examples
    --------
    >>> measure_text("f1", 0.5), measure_text("ap50", float("nan"))
    ('F1 at IoU 0.5', 'ap50')
    """
    title = MEASURES[metric].title if metric in MEASURES else metric
    return title if np.isnan(threshold) else f"{title} at IoU {threshold:g}"


def _only(there: list[Any], preferred: Any) -> Any:
    if preferred in there:
        return preferred
    return there[0] if len(there) == 1 else None


def _check_reference(paired: pd.DataFrame, reference: str | None) -> None:
    if reference is None or reference in paired.columns:
        return
    models = [str(model) for model in paired.columns]
    near = get_close_matches(reference, models, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {few(models, 20)}."
    msg = f"--reference: no model is called {reference!r}; {hint}"
    raise InputError(msg)
