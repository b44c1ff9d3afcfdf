"""Which model is better, pair by pair, on the same images."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._omnibus import _checked as check_paired

FloatArray = npt.NDArray[np.float64]
EFFECT_LABELS = ((0.2, "negligible"), (0.5, "small"), (0.8, "medium"), (np.inf, "large"))


def compare_pairs(paired: pd.DataFrame) -> pd.DataFrame:
    """Compare all pairs of models.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.

    Returns
    -------
    DataFrame
        One row per pair (``first``, ``second``), differences being first minus second:
        ``mean_difference`` with its 95 % paired-t interval ``ci_low``, ``ci_high``; ``p_wilcoxon``
        (signed-rank, zeros by Pratt, two-sided; 1 if no image differs) and ``p_holm``, adjusted
        over all pairs; ``d_z`` and, as published, the unpaired ``cohens_d`` with its
        ``cohens_d_label``; images ``wins``, ``ties`` and ``losses`` of the first.

    Raises
    ------
    ValueError
        For fewer than 3 images or 2 models, or NaN.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.9], "b": [0.5, 0.6, 0.7, 0.4]})
    >>> compare_pairs(scores).loc[0, ["wins", "ties", "losses"]].to_list()
    [3, 1, 0]
    """
    from statsmodels.stats.multitest import multipletests

    check_paired(paired)
    rows = []
    for first, second in combinations(paired.columns, 2):
        a, b = paired[first].to_numpy(float), paired[second].to_numpy(float)
        difference = a - b
        half = float(stats.t.ppf(0.975, len(a) - 1) * stats.sem(difference))
        d = cohens_d(a, b)
        rows.append(
            {
                "first": first,
                "second": second,
                "n": len(a),
                "mean_difference": difference.mean(),
                "ci_low": difference.mean() - half,
                "ci_high": difference.mean() + half,
                "p_wilcoxon": wilcoxon_pratt(difference),
                "d_z": cohens_d_paired(a, b),
                "cohens_d": d,
                "cohens_d_label": cohens_d_label(d),
                "wins": int((difference > 0).sum()),
                "ties": int((difference == 0).sum()),
                "losses": int((difference < 0).sum()),
            }
        )
    table = pd.DataFrame(rows)
    adjusted = multipletests(table["p_wilcoxon"], method="holm")[1]
    table.insert(table.columns.get_loc("p_wilcoxon") + 1, "p_holm", adjusted)
    return table


def wilcoxon_pratt(difference: FloatArray) -> float:
    """Two-sided p of the signed-rank test, zeros ranked but not signed; 1 if all are zero."""
    if not np.any(difference):
        return 1.0
    return float(stats.wilcoxon(difference, zero_method="pratt").pvalue)


def cohens_d(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the difference of means in units of the root mean square of both SDs.

    Parameters
    ----------
    first, second
        Scores of two models.

    Returns
    -------
    float
        d = (m1 - m2) / sqrt((s1² + s2²) / 2) with ddof=1; positive if ``first`` scores higher.
        NaN if neither varies or one has fewer than two scores.

    Notes
    -----
    This is the unpaired d of published benchmark reports; it ignores that both models saw the same
    images. For pairs see :func:`cohens_d_paired`.

    Examples
    --------
    >>> round(cohens_d([3, 4, 5], [2, 3, 4]), 3)
    1.0
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if min(a.size, b.size) < 2:
        return float("nan")
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    return float((a.mean() - b.mean()) / spread) if spread else float("nan")


def cohens_d_paired(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the mean difference divided by the standard deviation of the differences.

    Parameters
    ----------
    first, second
        Scores of two models on the same images, in the same order.

    Returns
    -------
    float
        Positive if ``first`` scores higher; NaN if the differences do not vary or there are
        fewer than two.

    Raises
    ------
    ValueError
        If the lengths differ, since such scores cannot be pairs.

    Notes
    -----
    This is d_z of [1]_, not the pooled d.

    References
    ----------
    .. [1] D. Lakens, Front. Psychol. 4:863, 2013.

    Examples
    --------
    >>> cohens_d_paired([3, 4, 5], [2, 2, 2])
    2.0
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.size != b.size:
        msg = (
            f"paired scores need equal lengths, got {a.size} and {b.size}; align them by image_id."
        )
        raise ValueError(msg)
    difference = a - b
    if difference.size < 2:
        return float("nan")
    spread = difference.std(ddof=1)
    # Equal differences leave a rounding error of a few ulp, not a spread.
    if spread <= 1e-12 * max(1.0, np.abs(difference).max()):
        return float("nan")
    return float(difference.mean() / spread)


def cohens_d_label(d: float) -> str:
    """Name the size of Cohen's d: negligible < 0.2 <= small < 0.5 <= medium < 0.8 <= large.

    Examples
    --------
    >>> cohens_d_label(-0.6), cohens_d_label(float("nan"))
    ('medium', 'undefined')
    """
    if np.isnan(d):
        return "undefined"
    return next(label for limit, label in EFFECT_LABELS if abs(d) < limit)
