"""What can be rebuilt of a comparison from a published table of means and SDs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from workbench.analysis._effects import cohens_d_label
from workbench.analysis._omnibus import UNPAIRED_NOTE, OmnibusTest
from workbench.analysis._p_values import above_zero
from workbench.schema import InputError

COLUMNS = ("model", "n", "mean", "sd")
CORRELATIONS = (0.0, 0.5, 0.7, 0.8, 0.9)


@dataclass(frozen=True, eq=False)
class SummaryComparison:
    """What means, SDs and numbers of images say about models.

    Attributes
    ----------
    anova
        One-way ANOVA, as published.
    pairs
        Unpaired, as published: ``first``, ``second``, ``mean_difference``, ``p_t`` (pooled
        variance), ``cohens_d``, ``cohens_d_label``.
    paired
        What a paired t test would give if the scores of the two models were correlated over images
        as assumed: ``first``, ``second``, ``mean_difference``, ``correlation``, ``ci_low``,
        ``ci_high``, ``p_t``, ``d_z``. Not for pairs with different numbers of images.
    note
        What a reader must know.
    """

    anova: OmnibusTest
    pairs: pd.DataFrame
    paired: pd.DataFrame
    note: str


def compare_from_summary(
    table: pd.DataFrame,
    *,
    correlations: Sequence[float] = CORRELATIONS,
    ddof: int = 1,
    alpha: float = 0.05,
) -> SummaryComparison:
    """Rebuild tests from the means, SDs and numbers of images of a published table.

    Parameters
    ----------
    table
        One row per model: ``model``, ``n``, ``mean``, ``sd``.
    correlations
        Assumed between the scores of two models over images, from -1 to below 1.
    ddof
        1 if the SD was divided by n - 1 (as here and in pandas), 0 if by n (as numpy does unless
        told otherwise).
    alpha
        1 - confidence of the intervals.

    Returns
    -------
    SummaryComparison
        p are NaN where no SD is above 0. Tests by ranks can't be rebuilt, nor anything that needs
        the single images.

    Raises
    ------
    InputError
        For missing columns, fewer than 2 models, repeated models, n below 2, a negative SD, NaN, or
        a correlation out of range.

    Notes
    -----
    The variance of paired differences is s1² + s2² - 2 r s1 s2: how sure a difference is depends on
    the correlation r, which summary tables keep to themselves.

    Examples
    --------
    >>> table = pd.DataFrame({"model": ["ensemble", "wide"], "n": 101, "mean": [0.6015, 0.5561]})
    >>> found = compare_from_summary(table.assign(sd=[0.264, 0.2492]), correlations=[0.5, 0.8])
    >>> found.pairs["p_t"].round(2).to_list(), found.paired["p_t"].round(3).to_list()
    ([0.21], [0.079, 0.006])
    """
    _check(table, correlations)
    rows = table[list(COLUMNS)].astype({"n": int, "mean": float, "sd": float})
    rows["sd"] *= np.sqrt((rows["n"] - ddof) / (rows["n"] - 1))
    models = list(rows.itertuples(index=False))
    of_pairs = list(combinations(models, 2))
    unequal = [pair for pair in of_pairs if pair[0].n != pair[1].n]
    note = (
        "From means, SDs and numbers of images alone: the correlation of two models over the same "
        "images is assumed, and tests by ranks can't be rebuilt."
    )
    if unequal:
        note += f" {len(unequal)} pairs have different numbers of images: they can't be paired."
    return SummaryComparison(
        anova=_anova(rows),
        pairs=pd.DataFrame([_unpaired(*pair) for pair in of_pairs]),
        paired=pd.DataFrame(
            [
                _paired(first, second, correlation, alpha)
                for first, second in of_pairs
                if first.n == second.n
                for correlation in correlations
            ]
        ),
        note=note,
    )


def _anova(rows: pd.DataFrame) -> OmnibusTest:
    n, total = rows["n"], int(rows["n"].sum())
    grand_mean = (n * rows["mean"]).sum() / total
    between = float((n * (rows["mean"] - grand_mean) ** 2).sum())
    within = float(((n - 1) * rows["sd"] ** 2).sum())
    degrees = (len(rows) - 1, total - len(rows))
    f_value = between / degrees[0] / (within / degrees[1]) if within > 0 else np.nan
    return OmnibusTest(
        name="One-way ANOVA",
        statistic=f_value,
        statistic_name="F",
        degrees_of_freedom=degrees,
        p_value=float(above_zero(stats.f.sf(f_value, *degrees))),
        effect=between / (between + within) if between + within > 0 else np.nan,
        effect_name="eta²",
        note=UNPAIRED_NOTE,
        as_published=True,
    )


def _unpaired(first: Any, second: Any) -> dict[str, object]:
    difference = first.mean - second.mean
    spread = np.sqrt((first.sd**2 + second.sd**2) / 2)
    d = difference / spread if spread > 0 else np.nan
    degrees = first.n + second.n - 2
    pooled = ((first.n - 1) * first.sd**2 + (second.n - 1) * second.sd**2) / degrees
    error = np.sqrt(pooled * (1 / first.n + 1 / second.n))
    t = abs(difference) / error if error > 0 else np.nan
    return {
        "first": first.model,
        "second": second.model,
        "mean_difference": difference,
        "p_t": float(above_zero(2 * stats.t.sf(t, degrees))),
        "cohens_d": d,
        "cohens_d_label": cohens_d_label(d),
    }


def _paired(first: Any, second: Any, correlation: float, alpha: float) -> dict[str, object]:
    difference = first.mean - second.mean
    variance = first.sd**2 + second.sd**2 - 2 * correlation * first.sd * second.sd
    spread = np.sqrt(variance) if variance > 0 else np.nan
    error = spread / np.sqrt(first.n)
    half = stats.t.ppf(1 - alpha / 2, first.n - 1) * error
    return {
        "first": first.model,
        "second": second.model,
        "mean_difference": difference,
        "correlation": correlation,
        "ci_low": difference - half,
        "ci_high": difference + half,
        "p_t": float(above_zero(2 * stats.t.sf(abs(difference) / error, first.n - 1))),
        "d_z": difference / spread,
    }


def _check(table: pd.DataFrame, correlations: Sequence[float]) -> None:
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        msg = (
            f"a summary has the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing, "
            f"there are {', '.join(map(str, table.columns))}."
        )
        raise InputError(msg)
    if len(table) < 2 or table["model"].duplicated().any():
        msg = f"a summary compares 2 or more models, each once; got {table['model'].to_list()}."
        raise InputError(msg)
    for name, least in (("n", 2), ("mean", -np.inf), ("sd", 0)):
        numbers = pd.to_numeric(table[name], errors="coerce").to_numpy(float)
        wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= least)))
        if wrong.size:
            row = table.iloc[wrong[0]]
            msg = (
                f"{name} of {row['model']!r} must be a number"
                + (f" of at least {least}" if np.isfinite(least) else "")
                + f", got {row[name]}; correct the summary."
            )
            raise InputError(msg)
    outside = [value for value in correlations if not -1 <= value < 1]
    if outside:
        msg = f"an assumed correlation lies from -1 to below 1, got {outside[0]:g}."
        raise InputError(msg)
