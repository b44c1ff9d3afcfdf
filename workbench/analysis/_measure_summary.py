"""Every measure in one line: macro and micro means, from sums that add up over parts."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

KEYS: Final = ["model", "seed", "metric", "threshold"]


def measure_sums(
    scores: pd.DataFrame, weights: Mapping[str, tuple[float, float, float, float]]
) -> pd.DataFrame:
    """Return what the summary of a score table needs, as sums that can be added over tables.

    Parameters
    ----------
    scores
        Score table, or a part of one.
    weights
        For each measure that can be pooled, what an image weighs: multiples of its TP, FP, FN and
        number of reference cells, which make the pooled value a weighted mean.

    Returns
    -------
    DataFrame
        Index model, seed, metric, threshold (NaN for measures without); columns ``n_images``,
        ``n_defined``, ``total``, ``squares``, ``weighted``, ``weight``.
    """
    multiples = pd.DataFrame(
        [weights.get(metric, (np.nan,) * 4) for metric in scores["metric"]],
        columns=["tp", "fp", "fn", "n_reference"],
        index=scores.index,
    )
    weight = (multiples * scores[multiples.columns]).sum(axis=1, skipna=False)
    value = scores["value"]
    parts = scores[KEYS].assign(
        n_images=1,
        n_defined=value.notna().astype(int),
        total=value.fillna(0.0),
        squares=value.fillna(0.0) ** 2,
        weighted=(value * weight).fillna(0.0),
        weight=weight.where(value.notna(), 0.0),
    )
    sums = parts.groupby(KEYS, sort=False, dropna=False).sum()
    # A measure that can't be pooled keeps a weight of NaN, in parts without a defined value too.
    pooled = sums.index.get_level_values("metric").isin(list(weights))
    sums.loc[~pooled, "weight"] = np.nan
    return sums


def add_sums(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the sums of all parts together."""
    joined = pd.concat(list(parts))
    return joined.groupby(KEYS, sort=False, dropna=False).sum(min_count=1)


def measure_summary(sums: pd.DataFrame) -> pd.DataFrame:
    """Return every measure's mean over images, its interval, and its pooled value.

    Parameters
    ----------
    sums
        From :func:`measure_sums` or :func:`add_sums`.

    Returns
    -------
    DataFrame
        Columns model, seed, metric, threshold; ``macro``, the mean over images with a defined
        value, ``ci_low`` and ``ci_high`` (95 %, Student t; NaN for fewer than 3 such images);
        ``micro``, pooled over all images, NaN where a measure has no pooled value; ``n_images``,
        and ``n_undefined`` of them.

    Examples
    --------
    >>> scores = pd.DataFrame({"model": "m", "seed": 0, "metric": "recall", "threshold": 0.5,
    ...     "value": [1.0, 0.5], "tp": [1, 4], "fp": 0, "fn": [0, 4], "n_reference": [1, 8]})
    >>> row = measure_summary(measure_sums(scores, {"recall": (1, 0, 1, 0)})).iloc[0]
    >>> float(row["macro"]), round(float(row["micro"]), 3)
    (0.75, 0.556)
    """
    n = sums["n_defined"]
    macro = (sums["total"] / n).where(n > 0)
    spread = (sums["squares"] - n * macro**2).clip(lower=0.0)
    error = np.sqrt(spread / (n - 1).where(n > 1) / n)
    half = stats.t.ppf(0.975, (n - 1).where(n > 2)) * error  # as in mean_interval
    return pd.DataFrame(
        {
            "macro": macro,
            "ci_low": macro - half,
            "ci_high": macro + half,
            "micro": (sums["weighted"] / sums["weight"]).where(sums["weight"] > 0),
            "n_images": sums["n_images"],
            "n_undefined": sums["n_images"] - n,
        }
    ).reset_index()
