"""Where another model than the first is better: on some of the images, or at another threshold."""

from dataclasses import asdict, replace
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._image_query import ImageQuery, worst_first
from workbench.analysis._named_slices import named_slices, slice_phrase
from workbench.analysis._p_values import holm
from workbench.analysis._pair_evidence import (
    PairEvidence,
    adjusted_p,
    n_units,
    pair_evidence,
    within,
)
from workbench.analysis._paired import MIN_IMAGES, paired_scores
from workbench.analysis._standing import Recommendation, Standing, numbers_of
from workbench.analysis._wording import (
    adjustment_text,
    better_sentence,
    listing,
    measure_scope,
)

THRESHOLD_RULE: Final = (
    "A threshold is how strictly a match is judged, not a setting of a model: none is recommended."
)
SLICE_TEST: Final = (
    "sign-flip permutation against the first model, Holm in each slice, "
    "Benjamini-Hochberg over slices"
)
THRESHOLD_TEST: Final = "sign-flip permutation at each other threshold, Holm"


def slice_changes(of: Standing, metadata: pd.DataFrame | None) -> list[Recommendation]:
    """Say on which slices another model is better than the one with the best mean over all.

    Tested are all models against the first in all slices of all columns with 3 images or more; p
    is adjusted by Holm in each slice, then by Benjamini and Hochberg over all slices.
    """
    slices = {
        column: placed
        for column, placed in named_slices(of.scores, of.gains.index, metadata=metadata).items()
        if len(placed.unique()) > 1
    }
    leader = of.models[0]
    tested = [
        (column, seen)
        for column, placed in slices.items()
        for seen in pair_evidence(
            of.gains, slices=placed, reference=leader, groups=of.groups, **of.options
        )
    ]
    if not tested:
        return []
    # Again, as slices of one column may have the names of another's.
    family = pd.DataFrame(
        [asdict(seen) | {"slice_name": (column, seen.slice_name)} for column, seen in tested]
    )
    n_slices = len(family["slice_name"].unique())
    p_values = adjusted_p(family, family["p_raw"])
    changes = []
    for (column, raw), p in zip(tested, p_values, strict=True):
        seen = replace(raw, p=p, n_slices=n_slices).seen_from(leader)
        if seen.winner(of.scope.alpha) == seen.second:
            images = slices[column].index[slices[column] == seen.slice_name]
            changes.append(_slice_change(of, column, seen, images))
    return changes


def _slice_change(
    of: Standing, column: str, seen: PairEvidence, images: pd.Index
) -> Recommendation:
    leader, other = seen.first, seen.second
    scope = replace(of.scope, where=slice_phrase(of.scores, images, column, seen.slice_name))
    sentence = (
        f"The order changes: {better_sentence(seen.seen_from(other), scope)} Over all images "
        f"{leader} has the better mean."
    )
    counts = of.scores.loc[of.scores["image_id"].isin(images)].get("n_reference", pd.Series([0]))
    return Recommendation(
        "slice", sentence, SLICE_TEST,
        numbers_of(seen, fewest_cells=counts.min(), most_cells=counts.max()),
        ImageQuery(
            (other, leader), of.metric, of.threshold, column, seen.slice_name,
            worst_first(of.gains.loc[images], other, leader),
        ),
    )  # fmt: skip


def threshold_changes(of: Standing) -> list[Recommendation]:
    """Say whether another model is better than the first where matching is more or less strict.

    Tested are all models against the first at every other IoU threshold that was scored; p is
    adjusted by Holm over all of these. A threshold is never recommended.
    """
    tested = _at_other_thresholds(of)
    if not tested:
        return []
    changed = [
        (threshold, seen)
        for threshold, seen in tested
        if seen.winner(of.scope.alpha) == seen.second
    ]
    if changed:
        return [_threshold_change(of, threshold, seen) for threshold, seen in changed]
    leader, nearest = of.models[0], min((seen for _, seen in tested), key=lambda seen: seen.gain)
    thresholds = sorted({threshold for threshold, _ in tested})
    sentence = (
        f"At no other IoU threshold that was scored "
        f"({listing([f'{t:g}' for t in thresholds])}) is another model shown to be better than "
        f"{leader} (permutation{adjustment_text(nearest)}). {THRESHOLD_RULE}"
    )
    numbers = numbers_of(nearest, **{f"threshold_{t:g}": t for t in thresholds})
    return [Recommendation("threshold", sentence, THRESHOLD_TEST, numbers, of.query(leader))]


def _at_other_thresholds(of: Standing) -> list[tuple[float, PairEvidence]]:
    """Return each threshold with the evidence of a pair, the first model being its first."""
    there = of.scores.loc[of.scores["metric"] == of.metric, "threshold"].dropna().unique()
    found = []
    for threshold in sorted(t for t in there if not np.isclose(t, of.threshold)):
        paired = paired_scores(of.scores, metric=of.metric, threshold=threshold)[of.models]
        if n_units(paired.index, of.groups) < MIN_IMAGES:
            continue
        evidence = pair_evidence(
            paired if of.scope.higher_is_better else -paired,
            reference=of.models[0], groups=within(of.groups, paired.index), **of.options,
        )  # fmt: skip
        found += [(float(threshold), seen.seen_from(of.models[0])) for seen in evidence]
    p_values = holm([seen.p_raw for _, seen in found])
    return [
        (threshold, replace(seen, p=p, n_comparisons=len(found)))
        for (threshold, seen), p in zip(found, p_values, strict=True)
    ]


def _threshold_change(of: Standing, threshold: float, seen: PairEvidence) -> Recommendation:
    scope = measure_scope(of.metric, threshold, of.scope.alpha, of.measures)
    better = better_sentence(seen.seen_from(seen.second), scope)
    sentence = (
        f"The order changes with the threshold: {better} "
        f"At IoU {of.threshold:g} {seen.first} has the better mean. {THRESHOLD_RULE}"
    )
    numbers = numbers_of(seen, threshold=threshold, declared_threshold=of.threshold)
    query = replace(of.query(seen.second, seen.first), threshold=threshold)
    return Recommendation("threshold", sentence, THRESHOLD_TEST, numbers, query)
