"""Pairs of models as published reports compare them: as if their images were different ones."""

import numpy as np
import pandas as pd
from scipy import stats

from workbench.analysis._effects import cliffs_delta, cohens_d, cohens_d_label
from workbench.analysis._p_values import above_zero
from workbench.analysis._paired import check_paired
from workbench.analysis._pairs import places_of_pairs


def pairs_as_published(paired: pd.DataFrame, *, reference: str | None = None) -> pd.DataFrame:
    """Compare pairs of models by the unpaired tests of published reports.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.
    reference
        A model that all others are compared with; None compares all pairs.

    Returns
    -------
    DataFrame
        One row per pair (``first``, ``second``): ``difference`` of the means, ``p_t`` (Student's t
        with pooled variance) and ``p_mann_whitney``, both two-sided and not adjusted for the
        number of pairs; ``cohens_d`` with its ``cohens_d_label``, and ``cliffs_delta``. p_t and
        cohens_d are NaN where neither model varies, p_mann_whitney where all scores are equal.

    Raises
    ------
    InputError
        For fewer than 3 images or 2 models, repeated ids, NaN, or a reference that is not among
        the models.

    Notes
    -----
    All models saw the same images, which these tests ignore: most often they find too little. They
    are here to reproduce reports; :func:`compare_pairs` has the tests to read.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.9, 0.8, 0.7], "b": [0.8, 0.7, 0.6]})
    >>> pairs_as_published(scores).round(3)[["p_t", "cohens_d_label"]].to_numpy().tolist()
    [[0.288, 'large']]
    """
    values = check_paired(paired)
    rows = []
    for first, second in places_of_pairs(list(paired.columns), reference):
        a, b = values[:, first], values[:, second]
        d = cohens_d(a, b)
        equal = a.min() == a.max() == b.min() == b.max()
        rows.append(
            {
                "first": paired.columns[first],
                "second": paired.columns[second],
                "difference": a.mean() - b.mean(),
                "p_t": pooled_t_p(d, len(a)),
                "p_mann_whitney": np.nan if equal else stats.mannwhitneyu(a, b).pvalue,
                "cohens_d": d,
                "cohens_d_label": cohens_d_label(d),
                "cliffs_delta": cliffs_delta(a, b),
            }
        )
    return pd.DataFrame(rows)


def pooled_t_p(d: float, n: int) -> float:
    """Return the two-sided p of Student's unpaired t test of two models with n scores each.

    With as many scores each t is Cohen's d times sqrt(n / 2).
    """
    return float(above_zero(2 * stats.t.sf(abs(d) * np.sqrt(n / 2), 2 * n - 2)))
