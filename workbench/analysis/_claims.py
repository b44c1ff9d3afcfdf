"""What the data support of a claim about models."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._claim_text import Claim, parse_claim
from workbench.analysis._claim_verdict import ONE_MODEL, TOO_FEW, ClaimCase, Verdict, judge
from workbench.analysis._image_query import ImageQuery, worst_first
from workbench.analysis._named_slices import find_slice, named_slices, slice_phrase
from workbench.analysis._pair_evidence import n_units, pair_evidence, within
from workbench.analysis._paired import MIN_IMAGES, image_groups, paired_scores
from workbench.analysis._wording import (
    MeasureFacts,
    Scope,
    images_text,
    measure_scope,
    measure_title,
    seeds_sentence,
)
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, InputError

NO_MEASURES: Final[Mapping[str, MeasureFacts]] = MappingProxyType({})


@dataclass(frozen=True)
class SupportedClaim:
    """A claim, and what the data say of it.

    Attributes
    ----------
    text
        The claim as it was made.
    sentence
        What the data support, whether or not it is what was claimed.
    supported
        Whether the claim is.
    reason
        Why it is not; "" where it is.
    first, second
        Models, as the claim names them; for "the best" and "the worst", ``second`` is the model
        that decides.
    slice
        Name of the images meant, "" for all.
    n
        Images.
    mean_difference, ci_low, ci_high
        Mean score of first minus second with its interval (paired t).
    p_adjusted
        Of the sign-flip permutation test that the difference is 0, or as large as claimed;
        adjusted over the comparisons that could have been claimed.
    effect
        d_z of first minus second.
    equivalent, margin, p_equivalence
        Whether the two are shown to differ by less than the margin, and the adjusted p; False and
        NaN where none was declared.
    minimum_detectable_difference, images_needed
        At 80 % power and for a single comparison, in the same scores.
    n_comparisons, n_slices
        Over how many comparisons p is adjusted by Holm, and over how many slices by Benjamini and
        Hochberg after it (1 for none).
    n_left_out
        Images that lack a score of some model.
    query
        The scores behind it.
    """

    text: str
    sentence: str
    supported: bool
    reason: str
    first: str
    second: str
    slice: str
    n: int
    mean_difference: float
    ci_low: float
    ci_high: float
    p_adjusted: float
    effect: float
    equivalent: bool
    margin: float
    p_equivalence: float
    minimum_detectable_difference: float
    images_needed: float
    n_comparisons: int
    n_slices: int
    n_left_out: int
    query: ImageQuery


def support_claim(
    text: str,
    scores: pd.DataFrame,
    *,
    metadata: pd.DataFrame | None = None,
    measures: Mapping[str, MeasureFacts] = NO_MEASURES,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    margin: float | None = None,
    alpha: float = 0.05,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> SupportedClaim:
    """Return the sentence that the data support, whatever was claimed.

    Parameters
    ----------
    text
        The claim, in the language of :data:`CLAIM_GRAMMAR`.
    scores
        Score table.
    metadata
        One row per image: ``image_id`` and columns whose values name images.
    measures
        Titles and directions by name, e.g. ``workbench.metrics.MEASURES``; of a measure that is
        not in it, more is better.
    metric, threshold
        What was declared before looking; the claim may name another measure, and its answer then
        says that it was explored.
    margin
        The difference that would not matter, declared before looking; "within" in the claim goes
        before it.
    alpha, n_resamples, seed
        As in :func:`compare_pairs`.

    Returns
    -------
    SupportedClaim
        A model is called better if the interval excludes 0 and the permutation p is at most
        ``alpha``, adjusted by Holm over all pairs of models and then, for a claim about a slice,
        by Benjamini and Hochberg over all slices of the column; the best if it is better than
        each of the others; equal if two one-sided tests at the margin say so. With fewer than 3
        images or 2 models nothing is supported, and the numbers are NaN.

    Raises
    ------
    InputError
        If the text is not understood, or names what there is not.

    References
    ----------
    .. [1] S. Holm, Scand. J. Stat. 6:65, 1979.
    .. [2] Y. Benjamini and Y. Hochberg, J. R. Stat. Soc. B 57:289, 1995.
    .. [3] D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15:657, 1987.

    Examples
    --------
    >>> rows = [(f"{i:02}", model, 0.5 + 0.01 * (i % 3) + gain)
    ...     for i in range(12) for model, gain in (("unet", 0.1 + 0.001 * i), ("otsu", 0.0))]
    >>> scores = pd.DataFrame(rows, columns=["image_id", "model", "value"])
    >>> scores = scores.assign(seed=0, metric="f1", threshold=0.5)
    >>> answer = support_claim("otsu better than unet", scores)
    >>> answer.supported, answer.reason
    (False, 'the data support the opposite')
    >>> answer.sentence.split(":")[0]
    'unet is better than otsu'
    """
    claim = parse_claim(
        text,
        models=list(dict.fromkeys(scores["model"])),
        metrics=list(dict.fromkeys(scores["metric"])),
    )
    chosen_metric, chosen_threshold = _measure_of(claim, scores, metric, threshold)
    scope = measure_scope(chosen_metric, chosen_threshold, alpha, measures)
    paired = paired_scores(scores, metric=chosen_metric, threshold=chosen_threshold)
    for model in (claim.first, claim.second):
        if model and model not in paired:
            msg = f"{model} has no scores of {chosen_metric}; score it by that measure too."
            raise InputError(msg)
    column, name, slices = _slice_of(claim, scores, paired.index, metadata)
    images = paired.index if slices is None else slices.index[slices == name]
    if slices is not None:
        scope = replace(scope, where=slice_phrase(scores, images, column, name))
    models = (claim.first, claim.second) if claim.second else tuple(paired.columns)
    query = ImageQuery(models, chosen_metric, chosen_threshold, column, name, tuple(images))
    margin = margin if claim.margin is None else claim.margin
    n_left_out = int(paired.attrs["n_left_out"])
    groups = image_groups(scores)
    if n_units(images, groups) < MIN_IMAGES or paired.shape[1] < 2:
        return _untested(text, claim, query, paired.shape[1], n_left_out)
    gains = paired if scope.higher_is_better else -paired
    evidence = pair_evidence(
        gains, slices=slices, margin=margin, alpha=alpha, groups=groups,
        n_resamples=n_resamples, seed=seed,
    )  # fmt: skip
    here = gains.loc[images]
    verdict = judge(
        ClaimCase(
            claim, name, here, within(groups, images), margin, evidence, scope, n_resamples, seed
        )
    )
    notes = [
        verdict.sentence,
        seeds_sentence(scores, models),
        _explored(query, metric, threshold, measures),
        _grouped(groups),
        _left_out(n_left_out),
    ]
    verdict = replace(verdict, sentence=" ".join(note for note in notes if note))
    if claim.second:
        query = replace(query, image_ids=worst_first(here, claim.first, claim.second))
    return _answer(text, verdict, query=query, scope=scope, margin=margin, n_left_out=n_left_out)


def _measure_of(
    claim: Claim, scores: pd.DataFrame, metric: str, threshold: float
) -> tuple[str, float]:
    """Return the measure that a claim speaks of: its own words, else what was declared."""
    chosen = claim.metric or metric
    there = scores.loc[scores["metric"] == chosen, "threshold"].unique()
    if claim.threshold is not None:
        if len(there) and np.isnan(there).all():
            msg = f'{chosen} has no IoU threshold; leave out "at {claim.threshold:g}".'
            raise InputError(msg)
        return chosen, claim.threshold
    # A measure without thresholds, or scored at one only, leaves no choice.
    if chosen != metric and not np.isclose(there, threshold).any() and len(there) == 1:
        return chosen, float(there[0])
    return chosen, threshold


def _slice_of(
    claim: Claim, scores: pd.DataFrame, images: pd.Index, metadata: pd.DataFrame | None
) -> tuple[str, str, pd.Series | None]:
    """Return column and name of the images that a claim speaks of, and the slices of the column."""
    if not claim.slice_name:
        return "", "", None
    slices = named_slices(scores, images, metadata=metadata)
    column, name = find_slice(slices, claim.slice_column, claim.slice_name)
    return column, name, slices[column]


def _explored(
    query: ImageQuery, metric: str, threshold: float, measures: Mapping[str, MeasureFacts]
) -> str:
    """Say that the claim is about another measure than the declared one."""
    same_threshold = np.isclose(query.threshold, threshold, equal_nan=True)
    if query.metric == metric and same_threshold:
        return ""
    return (
        f"The declared measure is {measure_title(metric, threshold, measures)}: this was explored."
    )


def _grouped(groups: pd.Series | None) -> str:
    return "" if groups is None else "Images of one group are kept together in every test."


def _left_out(n_left_out: int) -> str:
    if not n_left_out:
        return ""
    lack, are = ("lacks", "is") if n_left_out == 1 else ("lack", "are")
    return f"{images_text(n_left_out)} that {lack} a score of some model {are} left out."


def _answer(
    text: str,
    verdict: Verdict,
    *,
    query: ImageQuery,
    scope: Scope,
    margin: float | None,
    n_left_out: int,
) -> SupportedClaim:
    seen = verdict.seen
    # In the scores themselves: of a measure of which less is better, the gain is the other way.
    sign = 1 if scope.higher_is_better else -1
    low, high = sorted((sign * seen.low, sign * seen.high))
    return SupportedClaim(
        text=text,
        sentence=verdict.sentence,
        supported=verdict.supported,
        reason=verdict.reason,
        first=seen.first,
        second=seen.second,
        slice=query.slice_name,
        n=seen.n,
        mean_difference=sign * seen.gain,
        ci_low=low,
        ci_high=high,
        p_adjusted=seen.p,
        effect=sign * seen.d_z,
        equivalent=seen.p_equivalence <= scope.alpha,
        margin=math.nan if margin is None else margin,
        p_equivalence=seen.p_equivalence,
        minimum_detectable_difference=seen.detectable,
        images_needed=seen.images_needed,
        n_comparisons=seen.n_comparisons,
        n_slices=seen.n_slices,
        n_left_out=n_left_out,
        query=query,
    )


def _untested(
    text: str, claim: Claim, query: ImageQuery, n_models: int, n_left_out: int
) -> SupportedClaim:
    """Answer a claim about data that no test can be made of."""
    n = len(query.image_ids)
    of = f"{query.slice_name} " if query.slice_name else ""
    sentence = (
        f"No claim is supported: a comparison needs at least {MIN_IMAGES} images, not all of one "
        f"or two groups, and 2 models; there are {n} {of}images and {n_models} models."
    )
    nan = math.nan
    return SupportedClaim(
        text=text, sentence=sentence, supported=False,
        reason=ONE_MODEL if n_models < 2 else TOO_FEW,
        first=claim.first, second=claim.second, slice=query.slice_name, n=n,
        mean_difference=nan, ci_low=nan, ci_high=nan, p_adjusted=nan, effect=nan,
        equivalent=False, margin=nan, p_equivalence=nan,
        minimum_detectable_difference=nan, images_needed=nan,
        n_comparisons=0, n_slices=0, n_left_out=n_left_out, query=query,
    )  # fmt: skip
