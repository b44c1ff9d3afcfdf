"""What to do after a comparison: sentences, each with the test that it was generated from."""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._claim_text import named
from workbench.analysis._claims import NO_MEASURES
from workbench.analysis._image_query import ImageQuery
from workbench.analysis._order_changes import slice_changes, threshold_changes
from workbench.analysis._pair_evidence import n_units
from workbench.analysis._paired import MIN_IMAGES, complete_images, image_groups, select_scores
from workbench.analysis._standing import Recommendation, Standing, numbers_of, standing
from workbench.analysis._wording import (
    MeasureFacts,
    adjustment_text,
    better_sentence,
    count_text,
    half_width,
    images_text,
    listing,
    mean_sentence,
    number,
    p_text,
    seeds_sentence,
    undecided_sentence,
)
from workbench.schema import FAILED_STATUSES, PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC

PERMUTATION: Final = "sign-flip permutation over all pairs, Holm"
EQUIVALENCE: Final = "two one-sided tests over all pairs, Holm"
BROKEN_SHARE: Final = 0.1
"""A model whose mean is below this share of the others' median is suspected to be broken."""


def recommendations(
    scores: pd.DataFrame,
    *,
    metadata: pd.DataFrame | None = None,
    measures: Mapping[str, MeasureFacts] = NO_MEASURES,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    baseline: str | None = None,
    margin: float | None = None,
    alpha: float = 0.05,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> tuple[Recommendation, ...]:
    """Return what the tested statements recommend, what casts doubt on them first.

    Parameters
    ----------
    scores
        Score table.
    metadata
        One row per image: ``image_id`` and columns whose values name images; on each, the order of
        the models may differ.
    measures
        Titles and directions by name, e.g. ``workbench.metrics.MEASURES``; of a measure that is
        not in it, more is better.
    metric, threshold
        The declared measure.
    baseline
        A simple model that every other should beat; None without one.
    margin
        The difference that would not matter, declared before looking; None: no model is called
        equivalent.
    alpha, n_resamples, seed
        As in :func:`compare_pairs`.

    Returns
    -------
    tuple of Recommendation
        Of these kinds: "failed" predictions; models probably "broken" (worse than every other, the
        mean below a tenth of the median of the others'; not of measures of which less is better);
        the "best" model, or those not told apart from it; "equivalent" ones; what the "baseline"
        beats; a "slice" or "threshold" where another is better than the first; the images to
        measure "next"; too few "seeds". One of kind "none" for fewer than 3 images or 2 models.

    Raises
    ------
    InputError
        If the measure is not in the table or has no direction, or there is no such baseline.

    Examples
    --------
    >>> rows = [(f"{i:02}", model, 0.5 + 0.01 * (i % 3) + gain)
    ...     for i in range(12) for model, gain in (("unet", 0.1 + 0.001 * i), ("otsu", 0.0))]
    >>> scores = pd.DataFrame(rows, columns=["image_id", "model", "value"])
    >>> scores = scores.assign(seed=0, metric="f1", threshold=0.5)
    >>> [found.kind for found in recommendations(scores)]
    ['best', 'seeds']
    """
    chosen = select_scores(scores, metric, threshold)
    complete = complete_images(chosen)
    units = n_units(complete.index, image_groups(scores))
    if units < MIN_IMAGES or complete.shape[1] < 2:
        return (_none(complete, metric, threshold),)
    of = standing(
        scores, measures=measures, metric=metric, threshold=threshold, margin=margin,
        alpha=alpha, n_resamples=n_resamples, seed=seed,
    )  # fmt: skip
    return (
        *_failed(of, chosen),
        *_broken(of),
        _best(of),
        *_equivalent(of),
        *_against_baseline(of, baseline),
        *slice_changes(of, metadata),
        *threshold_changes(of),
        *_next(of),
        *_seeds(of),
    )


def _none(complete: pd.DataFrame, metric: str, threshold: float) -> Recommendation:
    n_images, n_models = complete.shape
    sentence = (
        f"Nothing can be recommended: a comparison needs at least {MIN_IMAGES} images, not "
        f"all of one or two groups, and 2 models; there are {n_images} images and {n_models} "
        "models with scores."
    )
    query = ImageQuery(tuple(complete.columns), metric, threshold, "", "", tuple(complete.index))
    needed = {"images_needed": MIN_IMAGES, "models_needed": 2}
    numbers = {"n": n_images, "n_models": n_models, **needed}
    return Recommendation("none", sentence, "number of images and models", numbers, query)


def _failed(of: Standing, chosen: pd.DataFrame) -> list[Recommendation]:
    if "status" not in chosen:
        return []
    failed = chosen[chosen["status"].isin(FAILED_STATUSES)]
    found = []
    for model, rows in failed.groupby("model", sort=False):
        images = tuple(sorted(rows["image_id"].unique()))
        total = chosen.loc[chosen["model"] == model, "image_id"].nunique()
        sentence = (
            f"Look first at the predictions of {model}: {len(images)} of {images_text(total)} have "
            "none that can be used, and count as empty."
        )
        query = ImageQuery((str(model),), of.metric, of.threshold, "", "", images)
        numbers = {"n_failed": len(images), "n": total}
        found.append(
            Recommendation("failed", sentence, "count of failed predictions", numbers, query)
        )
    return found


def _broken(of: Standing) -> list[Recommendation]:
    if not of.scope.higher_is_better or len(of.models) < 3:
        return []
    found = []
    for model in of.models:
        others = [other for other in of.models if other != model]
        mean, typical = float(of.means[model]), float(of.means[others].median())
        if mean >= BROKEN_SHARE * typical or any(
            of.winner(model, other) != other for other in others
        ):
            continue
        hardest = max((of.pair(model, other) for other in others), key=lambda seen: seen.p)
        low, middle = number(mean, typical / 10), number(typical, typical / 10)
        sentence = (
            f"{model} is probably broken rather than weak: its {of.scope.mean} is {low}, less than "
            f"a tenth of {middle}, the median of the others, and it is worse than each of them "
            f"(largest permutation {p_text(hardest.p)}{adjustment_text(hardest)}). Look at its "
            "predictions before comparing it."
        )
        numbers = numbers_of(hardest, mean=mean, median_of_others=typical)
        found.append(Recommendation("broken", sentence, PERMUTATION, numbers, of.query(model)))
    return found


def _best(of: Standing) -> Recommendation:
    leader, *others = of.models
    rivals = [other for other in others if of.winner(leader, other) != leader]
    seen = of.pair(leader, rivals[0] if rivals else others[0])
    if rivals:
        sentence = (
            f"The best model cannot be named: {leader} has the best mean, but is not told apart "
            f"from {listing(rivals)}. {undecided_sentence(seen, of.scope)}"
        )
    else:
        sentence = (
            f"Take {leader}: it is better than every other model. Closest is {seen.second}: "
            f"{mean_sentence(seen, of.scope)}"
        )
    query = of.query(leader, *(rivals or [seen.second]))
    return Recommendation("best", sentence, PERMUTATION, numbers_of(seen), query)


def _equivalent(of: Standing) -> list[Recommendation]:
    found = []
    for place, model in enumerate(of.models):
        alike = [
            seen
            for seen in (of.pair(model, other) for other in of.models[place + 1 :])
            if seen.p_equivalence <= of.scope.alpha
        ]
        if not alike:
            continue
        least = max(alike, key=lambda seen: seen.p_equivalence)
        names = [seen.second for seen in alike]
        largest = "" if len(alike) == 1 else "largest "
        p = f"{largest}{p_text(least.p_equivalence)}{adjustment_text(least)}"
        sentence = (
            f"{model} is equivalent to {listing(names)} within {of.margin:g} by {of.scope.mean} "
            f"(two one-sided tests, {p}; {images_text(least.n)}): between them, other reasons may "
            "decide."
        )
        numbers = numbers_of(least, margin=of.margin or math.nan)
        query = of.query(model, *names)
        found.append(Recommendation("equivalent", sentence, EQUIVALENCE, numbers, query))
    return found


def _against_baseline(of: Standing, baseline: str | None) -> list[Recommendation]:
    if baseline is None:
        return []
    simple = named(baseline, of.models, "model")
    against = [of.pair(simple, model) for model in of.models if model != simple]
    worse = [seen for seen in against if seen.winner(of.scope.alpha) == simple]
    undecided = [seen for seen in against if not seen.winner(of.scope.alpha)]
    found = [
        Recommendation(
            "baseline",
            f"Do without {seen.second}. The baseline {better_sentence(seen, of.scope)}",
            PERMUTATION, numbers_of(seen), of.query(seen.second, simple),
        )
        for seen in worse
    ]  # fmt: skip
    if undecided:
        nearest = min(undecided, key=lambda seen: seen.p)
        names = [seen.second for seen in undecided]
        smallest = "" if len(names) == 1 else "smallest "
        sentence = (
            f"Not shown to be better than the baseline {simple}: {listing(names)} ({smallest}"
            f"permutation {p_text(nearest.p)}{adjustment_text(nearest)}; {images_text(nearest.n)})."
        )
        found.append(
            Recommendation(
                "baseline", sentence, PERMUTATION, numbers_of(nearest), of.query(*names, simple)
            )
        )
    return found


def _next(of: Standing) -> list[Recommendation]:
    """Say how many images would separate the first two models."""
    first, second = of.models[:2]
    seen = of.pair(first, second)
    # What is shown to be as good as equal needs no more images.
    is_settled = seen.winner(of.scope.alpha) or seen.p_equivalence <= of.scope.alpha
    if is_settled or seen.identical or not np.isfinite(seen.images_needed):
        return []
    if seen.images_needed > seen.n:
        sentence = (
            f"To separate {first} from {second}, measure about {count_text(seen.images_needed)} "
            f"images like these {seen.n}: that many show a true difference of "
            f"{number(seen.gain, half_width(seen))} in {of.scope.mean} with 80 % power."
        )
    else:
        sentence = (
            f"To separate {first} from {second}, compare these two alone on new images, declared "
            f"before looking: on these {seen.n}, {p_text(seen.p_raw)} before adjustment, which "
            f"does not stand among {seen.n_comparisons} comparisons."
        )
    test = "power of the paired t test at 80 %, for a single comparison"
    return [Recommendation("next", sentence, test, numbers_of(seen), of.query(first, second))]


def _seeds(of: Standing) -> list[Recommendation]:
    sentence = seeds_sentence(of.scores, of.models)
    if not sentence:
        return []
    n_seeds = of.scores.groupby("model")["seed"].nunique()
    numbers = {f"seeds_of_{model}": float(n_seeds[model]) for model in of.models}
    return [Recommendation("seeds", sentence, "count of seeds", numbers, of.query(*of.models))]
