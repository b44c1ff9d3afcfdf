"""Which types of error put one model ahead of another."""

from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._error_budget import (
    Average,
    bootstrap,
    budget_limits,
    budget_values,
)
from workbench.analysis._error_counts import ErrorCounts, error_counts
from workbench.analysis._intervals import ALPHA
from workbench.analysis._lost_f1 import N_TYPES, FloatArray
from workbench.analysis._resampling import N_RESAMPLES
from workbench.schema import ERROR_TYPES, PRIMARY_IOU_THRESHOLD, InputError

ALL_TYPES: Final = "all"


def compare_budgets(
    errors: pd.DataFrame,
    *,
    first: str,
    second: str,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    average: Average = "macro",
    groups: pd.Series | None = None,
    alpha: float = ALPHA,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Say which types of error make the difference between two models.

    Parameters
    ----------
    errors, threshold, average, groups, alpha, n_resamples, seed
        As for :func:`error_budget`.
    first, second
        Models.

    Returns
    -------
    DataFrame
        One row per error type, and a last one, "all", for their sum: ``error``, ``first_lost``,
        ``second_lost``, ``advantage`` (second minus first: the F1 by which the first is ahead
        thanks to this type; that of "all" is the difference in F1, first - second), ``low``,
        ``high`` (paired interval: both models are drawn on the same images), ``n_images``. The
        images are those of these two models.

    Raises
    ------
    InputError
        As :func:`error_budget`, and if a model is not in the table.
    """
    how = bootstrap(average, groups, alpha, n_resamples, seed)
    for model in (first, second):
        if model not in set(errors["model"]):
            there = ", ".join(map(str, errors["model"].unique()))
            msg = f"no errors of {model!r}, only of {there}."
            raise InputError(msg)
    counts = error_counts(errors[errors["model"].isin([first, second])], threshold)
    both = {first: counts.models[first], second: counts.models[second]}
    pair = ErrorCounts(counts.images, both, counts.n_left_out)
    values, resampled, codes = budget_values(pair, how)
    advantage = _lost_of(values, 1) - _lost_of(values, 0)
    limits = budget_limits(advantage, _lost_of(resampled, 1) - _lost_of(resampled, 0), codes, how)
    return pd.DataFrame(
        {
            "error": [*ERROR_TYPES, ALL_TYPES],
            "first_lost": _lost_of(values, 0).mean(axis=0),
            "second_lost": _lost_of(values, 1).mean(axis=0),
            "advantage": advantage.mean(axis=0),
            "low": limits[:, 0],
            "high": limits[:, 1],
            "n_images": len(pair.images),
        }
    )


def _lost_of(values: FloatArray, place: int) -> FloatArray:
    """Return what a model lost to each type and to all, from the values of several models."""
    start = place * 2 * N_TYPES
    lost = values[:, start : start + N_TYPES]
    return np.hstack([lost, lost.sum(axis=1, keepdims=True)])
