"""The models in their order, every pair of them tested: what recommendations are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from workbench.analysis._image_query import ImageQuery, worst_first
from workbench.analysis._pair_evidence import PairEvidence, pair_evidence, place_of
from workbench.analysis._paired import image_groups, paired_scores
from workbench.analysis._wording import MeasureFacts, Scope, measure_scope

RecommendationKind = Literal[
    "none",
    "failed",
    "broken",
    "best",
    "equivalent",
    "baseline",
    "slice",
    "threshold",
    "next",
    "seeds",
]


@dataclass(frozen=True)
class Recommendation:
    """A sentence, and what it rests on.

    Attributes
    ----------
    kind
        What it is about.
    sentence
        For people.
    test
        The test, or the count, that the sentence was generated from.
    numbers
        Every number in the sentence by name, unrounded.
    query
        The scores behind it.
    """

    kind: RecommendationKind
    sentence: str
    test: str
    numbers: Mapping[str, float]
    query: ImageQuery


@dataclass(frozen=True, eq=False)
class Standing:
    """Models in their order, with the tests of all pairs.

    Attributes
    ----------
    scores
        Score table.
    gains
        Images x models, turned so that more is better; models best mean first.
    evidence
        Of all pairs on all images.
    scope
        For the words.
    metric, threshold, measures
        The measure, and what is known of measures.
    groups
        What images share.
    margin
        For equivalence, None where none was declared.
    options
        ``alpha``, ``n_resamples`` and ``seed`` of every test.
    """

    scores: pd.DataFrame
    gains: pd.DataFrame
    evidence: list[PairEvidence]
    scope: Scope
    metric: str
    threshold: float
    measures: Mapping[str, MeasureFacts]
    groups: pd.Series | None
    margin: float | None
    options: Mapping[str, Any]

    @property
    def models(self) -> list[str]:
        """The models, best mean first."""
        return list(self.gains.columns)

    @property
    def means(self) -> pd.Series:
        """Mean score of each model, best first."""
        return self.gains.mean() if self.scope.higher_is_better else -self.gains.mean()

    def pair(self, first: str, second: str) -> PairEvidence:
        """Return the evidence of two models, seen from the first."""
        return self.evidence[place_of(self.evidence, first, second)].seen_from(first)

    def winner(self, first: str, second: str) -> str:
        """Return which of two is better, "" if they are not told apart."""
        return self.pair(first, second).winner(self.scope.alpha)

    def query(self, *models: str) -> ImageQuery:
        """Return the query for all images; of two models, where the first did worst first."""
        images = worst_first(self.gains, *models) if len(models) == 2 else tuple(self.gains.index)
        return ImageQuery(models, self.metric, self.threshold, "", "", images)


def standing(
    scores: pd.DataFrame,
    *,
    measures: Mapping[str, MeasureFacts],
    metric: str,
    threshold: float,
    margin: float | None,
    alpha: float,
    n_resamples: int,
    seed: int,
) -> Standing:
    """Return the models in their order with the tests of all pairs.

    Raises
    ------
    InputError
        As :func:`paired_scores`; for fewer than 3 images or 2 models; for a measure of which more
        is neither good nor bad.
    """
    scope = measure_scope(metric, threshold, alpha, measures)
    paired = paired_scores(scores, metric=metric, threshold=threshold)
    gains = paired if scope.higher_is_better else -paired
    gains = gains[gains.mean().sort_values(ascending=False, kind="stable").index]
    groups = image_groups(scores)
    options: dict[str, Any] = {"alpha": alpha, "n_resamples": n_resamples, "seed": seed}
    evidence = pair_evidence(gains, margin=margin, groups=groups, **options)
    return Standing(
        scores, gains, evidence, scope, metric, threshold, measures, groups, margin, options
    )


def numbers_of(seen: PairEvidence, **more: float) -> dict[str, float]:
    """Return every number of a pair that a sentence may hold, with more of them."""
    return {
        "n": seen.n,
        "mean_difference": seen.gain,
        "ci_low": seen.low,
        "ci_high": seen.high,
        "p": seen.p,
        "p_raw": seen.p_raw,
        "p_equivalence": seen.p_equivalence,
        "d_z": seen.d_z,
        "minimum_detectable_difference": seen.detectable,
        "images_needed": seen.images_needed,
        "n_comparisons": seen.n_comparisons,
        "n_slices": seen.n_slices,
        **more,
    }
