"""What a score table says, computed once for all sections of its report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis import (
    Comparison,
    RankStability,
    Recommendation,
    compare_models,
    describe_models,
    image_facts,
    paired_scores,
    rank_stability,
    recommendations,
)
from workbench.metrics import MEASURES
from workbench.report._parts import Query
from workbench.schema import PRIMARY_IOU_THRESHOLD

PUBLISHED_THRESHOLDS: Final = (0.5, 0.7, 0.9)
PUBLISHED_MEASURES: Final = ("f1", "dice", "precision", "recall")
MIN_IMAGES: Final = 3


@dataclass(frozen=True, eq=False)
class Findings:
    """A score table, the measure declared for it, and what comes out; computed when first used.

    Attributes
    ----------
    scores
        Score table.
    metric, threshold
        The measure that was declared; threshold NaN for one that has none.
    reference
        The model that all others are compared with; None compares all pairs.
    margin
        Differences within it count as equivalent.
    groups
        Name of the group of each image; None where each stands alone.
    n_resamples, seed
        Of bootstrap and permutations.
    cells
        Cell table; None where cells are not known.
    metadata
        What is known of images: ``image_id`` and further columns; None for nothing.
    """

    scores: pd.DataFrame
    metric: str
    threshold: float
    reference: str | None
    margin: float
    groups: pd.Series | None
    n_resamples: int
    seed: int
    cells: pd.DataFrame | None = None
    metadata: pd.DataFrame | None = None

    @cached_property
    def paired(self) -> pd.DataFrame:
        """Images x models, best model first."""
        paired = paired_scores(self.scores, metric=self.metric, threshold=self.threshold)
        left_out = paired.attrs["n_left_out"]
        order = paired.mean().sort_values(ascending=self.lower_is_better, kind="stable").index
        ordered = paired[list(order)]
        ordered.attrs["n_left_out"] = left_out
        return ordered

    @cached_property
    def described(self) -> pd.DataFrame:
        """Each model's scores over images, best first."""
        return describe_models(
            self.paired, groups=self.groups, n_resamples=self.n_resamples, seed=self.seed
        )

    @cached_property
    def compared(self) -> Comparison:
        """All tests, or a note that says why there are none."""
        return compare_models(
            self.paired,
            reference=self.reference,
            margin=self.margin,
            groups=self.groups,
            n_resamples=self.n_resamples,
            seed=self.seed,
        )

    @cached_property
    def ranks(self) -> RankStability | None:
        """How the ranking depends on the images; None for fewer than 3 images or 2 models."""
        if len(self.paired) < MIN_IMAGES or len(self.models) < 2:
            return None
        return rank_stability(
            self.paired,
            lower_is_better=self.lower_is_better,
            groups=self.groups,
            n_resamples=self.n_resamples,
            seed=self.seed,
        )

    @cached_property
    def recommended(self) -> tuple[Recommendation, ...]:
        """What tested statements recommend, what casts doubt on them first."""
        return recommendations(
            self.scores,
            measures=MEASURES,
            metric=self.metric,
            threshold=self.threshold,
            baseline=self.reference,
            margin=self.margin,
            n_resamples=self.n_resamples,
            seed=self.seed,
        )

    @cached_property
    def facts(self) -> pd.DataFrame:
        """What the images can be sliced by, see :func:`image_facts`."""
        return image_facts(self.paired.index, metadata=self.metadata, counts=self.counts)

    @property
    def counts(self) -> pd.Series | None:
        """Number of reference cells of each paired image; None where it is not known."""
        chosen = rows_of(self.scores, self.metric, self.threshold)
        if "n_reference" not in chosen or not (chosen["n_reference"] > 0).any():
            return None
        return chosen.groupby("image_id")["n_reference"].max().reindex(self.paired.index)

    @property
    def contenders(self) -> tuple[str, str]:
        """The best model, and the reference or else the second best."""
        best, second, *_ = self.models
        return best, second if self.reference in (None, best) else str(self.reference)

    @property
    def has_seeds(self) -> bool:
        """Whether a model has several seeds."""
        chosen = rows_of(self.scores, self.metric, self.threshold)
        return bool((chosen.groupby("model")["seed"].nunique() >= 2).any())

    @property
    def cell_threshold(self) -> float:
        """IoU at which a cell counts as found: the declared one, as far as cells are matched."""
        # NaN, of a measure without threshold, asks for the usual one.
        at = PRIMARY_IOU_THRESHOLD
        return self.threshold if self.threshold > at else at

    @property
    def models(self) -> list[str]:
        """Models, best first."""
        return [str(model) for model in self.paired.columns]

    @property
    def lower_is_better(self) -> bool:
        """Whether the measure is a distance or an error."""
        return lower_is_better(self.metric)

    @property
    def measure(self) -> str:
        """Name of the measure with its threshold, for captions."""
        return measure_at(self.metric, self.threshold)

    def query(
        self,
        *models: str,
        metric: str | None = None,
        threshold: float | None = None,
        images: pd.Index | None = None,
    ) -> Query:
        """Return what stands behind a number: by default the declared measure, paired images."""
        if metric is None and images is None:
            images = self.paired.index
        return Query(
            models,
            self.metric if metric is None else metric,
            self.threshold if threshold is None else threshold,
            None if images is None else tuple(images),
        )

    def queries(self, metric: str, threshold: float) -> list[Query | None]:
        """Return what stands behind a mean of each model, over all images with a value."""
        return [self.query(model, metric=metric, threshold=threshold) for model in self.models]

    def values(self, metric: str, threshold: float) -> pd.DataFrame | None:
        """Return images x models of any measure, best first, NaN where undefined; None if absent.

        Of several seeds the mean; an image undefined for one seed is undefined.
        """
        chosen = rows_of(self.scores, metric, threshold)
        if chosen.empty:
            return None
        cells = chosen.groupby(["image_id", "model"])["value"]
        means = cells.mean().where(cells.count() == cells.size())
        return means.unstack().reindex(columns=self.models)  # noqa: PD010 - a series of two keys


def rows_of(scores: pd.DataFrame, metric: str, threshold: float) -> pd.DataFrame:
    """Return the rows of one measure, maybe none; a NaN threshold selects those without one."""
    of_metric = scores[scores["metric"] == metric]
    if math.isnan(threshold):
        return of_metric[of_metric["threshold"].isna()]
    return of_metric[np.isclose(of_metric["threshold"], threshold)]


def threshold_of(scores: pd.DataFrame, metric: str, threshold: float) -> float:
    """Return the threshold at which to read a measure: NaN for one that has none in the table."""
    has_one = scores.loc[scores["metric"] == metric, "threshold"].notna().any()
    return threshold if has_one else math.nan


def lower_is_better(metric: str) -> bool:
    """Whether smaller values of a measure are better; an unknown one is taken for a score."""
    return metric in MEASURES and MEASURES[metric].higher_is_better is False


def measure_title(metric: str) -> str:
    """Return what people call a measure, with its unit.

    Examples
    --------
    >>> measure_title("mhd"), measure_title("my_score")
    ('mHD, px', 'my_score')
    """
    if metric not in MEASURES:
        return metric
    measure = MEASURES[metric]
    return f"{measure.title}, {measure.unit}" if measure.unit else measure.title


def measure_at(metric: str, threshold: float) -> str:
    """Return a measure with its threshold.

    Examples
    --------
    >>> measure_at("f1", 0.5), measure_at("dice", math.nan)
    ('F1 at IoU 0.5', 'Pixel Dice')
    """
    title = measure_title(metric)
    return title if math.isnan(threshold) else f"{title} at IoU {threshold:g}"


def better(metric: str) -> str:
    """Return which direction of a measure is better, in a word.

    Examples
    --------
    >>> better("f1"), better("mhd"), better("my_score")
    ('higher', 'lower', '')
    """
    if metric not in MEASURES:
        return ""
    return {True: "higher", False: "lower", None: "neither"}[MEASURES[metric].higher_is_better]
