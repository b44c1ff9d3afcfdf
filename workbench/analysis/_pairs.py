"""Which model is better, pair by pair, on the same images."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis import _effects as effects
from workbench.analysis import _paired_t as paired_t
from workbench.analysis._equivalence import equivalence_p
from workbench.analysis._intervals import bca_of_mean, check_alpha
from workbench.analysis._p_values import holm
from workbench.analysis._paired import MIN_IMAGES, check_paired, group_codes
from workbench.analysis._permutation import EXACT_UNITS, sign_flip_p
from workbench.analysis._power import images_needed, minimum_detectable_difference
from workbench.analysis._resampling import N_RESAMPLES, bootstrap_means, group_sums
from workbench.analysis._signed_rank import (
    hodges_lehmann,
    rank_biserial,
    sign_test_p,
    signed_rank_p,
)
from workbench.schema import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MARGIN = 0.02
"""Differences up to this one are held to be of no matter unless another margin is declared."""


def compare_pairs(
    paired: pd.DataFrame,
    *,
    reference: str | None = None,
    margin: float = MARGIN,
    alpha: float = 0.05,
    groups: pd.Series | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare pairs of models on the images that both were scored on.

    Parameters
    ----------
    paired
        Images x models, from :func:`paired_scores`, at least 3 x 2, without NaN.
    reference
        A model that all others are compared with; None compares all pairs.
    margin
        Largest difference of means that does not matter, declared before looking.
    alpha
        1 - confidence of all intervals, and level of equivalence and of power.
    groups
        ``image_id`` to what the image shares with others, from :func:`image_groups`. Groups then
        take the place of images as the unit, see Notes.
    n_resamples, seed
        Of the bootstrap; the seed is also that of the signs and the draws.

    Returns
    -------
    DataFrame
        One row per pair, differences being ``first`` minus ``second``; ``p_..._holm`` is adjusted
        over all rows by Holm. Columns:

        - ``n`` images; ``wins``, ``ties``, ``losses`` of the first among them;
        - ``mean_difference`` with intervals: ``ci_low`` to ``ci_high`` (paired t), ``bca_low`` to
          ``bca_high`` (bootstrap), ``simultaneous_low`` to ``simultaneous_high`` (max-T: hold for
          all rows at once);
        - ``p_permutation`` (signs flipped, :func:`sign_flip_p`; with Holm the p to read),
          ``p_wilcoxon`` (signed-rank, zeros by Pratt), ``p_t`` (paired t), ``p_sign``;
        - ``hodges_lehmann``, the median shift, from ``hl_low`` to ``hl_high``;
        - effects: ``d_z`` and ``d_av``, ``rank_biserial``, ``probability_first`` = (wins + ties /
          2) / n, ``correlation`` of the two models over images;
        - ``p_tost`` and whether the two are ``equivalent`` within the margin (p_tost_holm < alpha);
        - ``p_false_claim``: how probable it is that the one ahead is not the better one;
        - ``minimum_detectable_difference`` and ``images_needed`` for 80 % power;
        - ``notice``: what a reader must know, "" where there is nothing.

        What needs differences that vary (p_t, d_z, p_tost, p_false_claim, the last two) is NaN
        where they are all the same; other p are then defined, 1 where no image differs.

    Raises
    ------
    InputError
        For fewer than 3 images, groups or 2 models, repeated ids, NaN, a reference that is not
        among the models, or a margin or alpha out of range.

    Notes
    -----
    With groups the t intervals and all that rests on the standard error are cluster-robust, the
    bootstrap draws whole groups, the signs of a group flip together, and the tests by ranks and
    signs take the mean difference of each group. ``n``, wins, ties, losses and effects count
    images.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.9], "b": [0.5, 0.6, 0.7, 0.4]})
    >>> compare_pairs(scores).loc[0, ["wins", "ties", "losses", "p_permutation"]].to_list()
    [3.0, 1.0, 0.0, 0.25]
    """
    values = check_paired(paired)
    _check_options(margin, alpha)
    codes = group_codes(paired.index, groups)
    n_units = int(codes.max()) + 1
    if n_units < MIN_IMAGES:
        msg = (
            f"a test needs at least {MIN_IMAGES} groups of images, got {n_units}; images of one "
            "group are no independent evidence, so score images of more groups."
        )
        raise InputError(msg)
    places = places_of_pairs(list(paired.columns), reference)
    pairs = paired_t.paired_means(values, places, codes)
    resampled = bootstrap_means(paired, groups=groups, n_resamples=n_resamples, seed=seed)
    table = pd.DataFrame(
        {
            "first": paired.columns[places[:, 0]],
            "second": paired.columns[places[:, 1]],
            "n": len(values),
            "mean_difference": pairs.means,
        }
    )
    table[["ci_low", "ci_high"]] = _columns(paired_t.t_interval(pairs, alpha=alpha))
    bootstrapped = [
        bca_of_mean(
            values[:, first] - values[:, second],
            resampled[:, first] - resampled[:, second],
            codes,
            alpha=alpha,
        )
        for first, second in places
    ]
    table["bca_low"] = [interval.low for interval in bootstrapped]
    table["bca_high"] = [interval.high for interval in bootstrapped]
    table[["simultaneous_low", "simultaneous_high"]] = _columns(
        paired_t.simultaneous_interval(pairs, values, places, codes, alpha=alpha, seed=seed)
    )
    raw = values[:, places[:, 0]] - values[:, places[:, 1]]
    p_values = {
        "p_permutation": sign_flip_p(group_sums(raw, codes), seed=seed),
        "p_wilcoxon": signed_rank_p(pairs.unit_differences),
        "p_t": paired_t.t_p(pairs),
        "p_sign": sign_test_p(pairs.unit_differences),
    }
    for name, p in p_values.items():
        table[name], table[f"{name}_holm"] = p, holm(p)
    table[["hodges_lehmann", "hl_low", "hl_high"]] = [
        hodges_lehmann(of_pair, alpha=alpha) for of_pair in pairs.unit_differences.T
    ]
    table = pd.concat([table, _effect_columns(values, places, pairs.differences)], axis=1)
    table["p_tost"] = equivalence_p(pairs, margin=margin)
    table["p_tost_holm"] = holm(table["p_tost"])
    table["equivalent"] = table["p_tost_holm"] < alpha
    table["p_false_claim"] = paired_t.false_claim_p(pairs)
    table["minimum_detectable_difference"] = minimum_detectable_difference(pairs, alpha=alpha)
    table["images_needed"] = images_needed(pairs, alpha=alpha)
    bca_notices = [interval.notice for interval in bootstrapped]
    table["notice"] = _notices(pairs, table, bca_notices, alpha=alpha)
    return table


def _check_options(margin: float, alpha: float) -> None:
    check_alpha(alpha)
    if not (np.isfinite(margin) and margin > 0):
        msg = (
            f"the margin of equivalence must be above 0, got {margin:g}; give the largest "
            "difference that does not matter, in units of the score."
        )
        raise InputError(msg)


def places_of_pairs(models: list[str], reference: str | None) -> IntArray:
    """Return the columns of each pair, shape (pairs, 2)."""
    if reference is None:
        return np.array(list(combinations(range(len(models)), 2)), dtype=np.int64)
    if reference not in models:
        msg = (
            f"the reference {reference!r} is not among the models; choose one of "
            f"{', '.join(map(str, models))}."
        )
        raise InputError(msg)
    at = models.index(reference)
    return np.array([[i, at] for i in range(len(models)) if i != at], dtype=np.int64)


def _columns(low_and_high: tuple[FloatArray, FloatArray]) -> FloatArray:
    return np.stack(low_and_high, axis=1)


def _effect_columns(values: FloatArray, places: IntArray, differences: FloatArray) -> pd.DataFrame:
    of_pairs = [(values[:, first], values[:, second]) for first, second in places]
    wins = (differences > 0).sum(axis=0)
    losses = (differences < 0).sum(axis=0)
    ties = len(values) - wins - losses
    return pd.DataFrame(
        {
            "d_z": [effects.cohens_d_paired(a, b) for a, b in of_pairs],
            "d_av": [effects.cohens_d_average(a, b) for a, b in of_pairs],
            "rank_biserial": rank_biserial(differences),
            "probability_first": (wins + ties / 2) / len(values),
            "wins": wins,
            "ties": ties,
            "losses": losses,
            "correlation": effects.correlations(values)[places[:, 0], places[:, 1]],
        }
    )


def _notices(
    pairs: paired_t.PairedMeans, table: pd.DataFrame, bca_notices: list[str], *, alpha: float
) -> list[str]:
    n_units = pairs.degrees_of_freedom + 1
    smallest = 2.0 ** (1 - n_units)
    few = ""
    if n_units <= EXACT_UNITS and smallest > alpha:
        few = f"with so few images no permutation p can be below {smallest:g}"
    rows = zip(pairs.standard_errors, table["ties"], table["n"], bca_notices, strict=True)
    notices = []
    for error, ties, n, of_bca in rows:
        if ties == n:
            parts = ["no image differs"]
        elif error == 0:
            parts = ["the difference is the same on every image: no t test"]
        else:
            parts = [few, of_bca]
        notices.append("; ".join(part for part in parts if part))
    return notices
