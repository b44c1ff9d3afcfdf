"""What goes with a model's score: training images, cell size, elongation."""

from collections.abc import Collection
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._p_values import above_zero
from workbench.schema import InputError

FloatArray = npt.NDArray[np.float64]
HIGH_INFLATION: Final = 10.0
MAX_INFLATION: Final = 1e6
EXACT: Final = "the predictors fit these scores exactly: no interval, no test"
FLAT: Final = "all scores of this model are equal: nothing can go with them"


def regress_scores(
    scores_of_models: pd.DataFrame,
    predictors: pd.DataFrame,
    *,
    scaling: Literal["min-max", "z-score", "none"] = "min-max",
    log: Collection[str] = (),
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Regress each model's scores on facts about the data, as the eighteen-methods study did.

    Parameters
    ----------
    scores_of_models
        A row per tissue, cell type or other kind of images, a column per model, e.g. its mAP.
    predictors
        The same rows, a column per fact: number of training images, mean cell size, mean
        elongation, ...
    scaling
        Of the predictors over the rows: to 0 to 1, as in the study; to mean 0 and standard
        deviation 1 (ddof=1); or none, which leaves coefficients in units of the predictor.
    log
        Predictors whose logarithm is taken first; the study takes none.
    alpha
        1 minus the coverage of the intervals.

    Returns
    -------
    DataFrame
        One row per model and predictor: ``model``, ``predictor``, ``coefficient``, ``ci_low``,
        ``ci_high``, ``p`` (Student t, two-sided, not adjusted for the number of models), ``n``
        rows, ``r_squared`` of the model's whole regression (NaN if its scores are all equal),
        ``vif`` (variance inflation, 1 if the predictor goes with no other one) and ``notice``.
        Interval and p are NaN where the fit is exact.

    Raises
    ------
    InputError
        For rows that differ, values that are no finite numbers, a predictor that does not vary or
        has no logarithm, fewer rows than predictors and 2 more, or predictors of which the
        others determine one (inflation above a million).

    Notes
    -----
    Ordinary least squares with an intercept, each model by itself. In the study [1]_ the scaled
    predictors make the coefficients comparable: the change of the score from the lowest to the
    highest value of one, the others kept. Its choices were 8 tissues (lung and spleen, with too
    few training images, left out), and for the data set in which all cell types have the same
    number of training images, no such predictor. A row counts as one observation, however many
    images it was averaged over; 8 rows and 3 predictors leave 4 degrees of freedom.

    References
    ----------
    .. [1] Y. Wang et al., "A systematic evaluation of computational methods for cell
       segmentation", Brief. Bioinform., 2024.

    Examples
    --------
    >>> maps = pd.DataFrame({"unet": [0.30, 0.42, 0.49, 0.61]}, index=list("abcd"))
    >>> sizes = pd.DataFrame({"cell_size_px": [50, 100, 150, 200]}, index=list("abcd"))
    >>> found = regress_scores(maps, sizes)
    >>> round(float(found.loc[0, "coefficient"]), 3), round(float(found.loc[0, "r_squared"]), 3)
    (0.3, 0.99)
    """
    scores = _finite(scores_of_models, "scores")
    scaled = _scaled(_aligned(predictors, scores), scaling=scaling, log=log)
    n, n_predictors = scaled.shape
    if n < n_predictors + 2:
        msg = (
            f"a regression on {n_predictors} predictors needs at least {n_predictors + 2} rows to "
            f"have an interval, got {n}; add kinds of images, or leave predictors out."
        )
        raise InputError(msg)
    inflation = _inflation(scaled)
    x = np.column_stack([np.ones(n), scaled.to_numpy()])
    y = scores.to_numpy()
    degrees = n - n_predictors - 1
    inverse = np.linalg.pinv(x)
    coefficients = inverse @ (y - y.mean(axis=0))
    left = ((y - y.mean(axis=0) - x @ coefficients) ** 2).sum(axis=0)
    total = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    # What rounding leaves of an exact fit is no spread.
    flat = np.ptp(y, axis=0) == 0
    exact = left <= 1e-24 * np.maximum((y**2).sum(axis=0), 1e-300)
    spread = np.where(exact, np.nan, left / degrees)
    errors = np.sqrt(np.outer((inverse**2).sum(axis=1), spread))
    half = stats.t.ppf(1 - alpha / 2, degrees) * errors
    p_values = above_zero(2 * stats.t.sf(np.abs(coefficients / errors), degrees))
    r_squared = np.where(flat, np.nan, 1 - left / np.where(flat, 1, total))
    return pd.DataFrame(
        [
            {
                "model": model,
                "predictor": predictor,
                "coefficient": coefficients[row, column],
                "ci_low": coefficients[row, column] - half[row, column],
                "ci_high": coefficients[row, column] + half[row, column],
                "p": p_values[row, column],
                "n": n,
                "r_squared": r_squared[column],
                "vif": inflation[predictor],
                "notice": _notice(
                    inflation[predictor], exact=bool(exact[column]), flat=bool(flat[column])
                ),
            }
            for column, model in enumerate(scores.columns)
            for row, predictor in enumerate(scaled.columns, start=1)
        ]
    )


def _finite(table: pd.DataFrame, what: str) -> pd.DataFrame:
    if table.empty or not table.index.is_unique or not table.columns.is_unique:
        msg = f"expected {what} with a row per kind of images, each once, got {table.shape} values."
        raise InputError(msg)
    numbers = table.apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = ~np.isfinite(numbers.to_numpy())
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        msg = (
            f"{what} must be finite numbers, but {table.columns[column]!r} of "
            f"{table.index[row]!r} is {table.iloc[row, column]}; give it, or leave the row out."
        )
        raise InputError(msg)
    return numbers


def _aligned(predictors: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    differing = predictors.index.symmetric_difference(scores.index)
    if len(differing):
        names = ", ".join(map(repr, differing[:5]))
        msg = (
            f"scores and predictors need the same rows, but {len(differing)} are in one of them "
            f"only, such as {names}; name them alike, or leave them out of both."
        )
        raise InputError(msg)
    return _finite(predictors, "predictors").loc[scores.index]


def _scaled(predictors: pd.DataFrame, *, scaling: str, log: Collection[str]) -> pd.DataFrame:
    table = predictors.copy()
    for name in log:
        if name not in table:
            msg = f"no predictor {name!r} to take the logarithm of, only {list(table.columns)}."
            raise InputError(msg)
        if table[name].min() <= 0:
            msg = f"{name!r} has no logarithm: it is {table[name].min():g} in a row; scale without."
            raise InputError(msg)
        table[name] = np.log(table[name])
    for name in table:
        if np.ptp(table[name].to_numpy()) == 0:
            msg = (
                f"{name!r} is the same in all {len(table)} rows, so nothing can go with it; leave "
                "it out."
            )
            raise InputError(msg)
    if scaling == "min-max":
        return (table - table.min()) / (table.max() - table.min())
    if scaling == "z-score":
        return (table - table.mean()) / table.std(ddof=1)
    if scaling == "none":
        return table
    msg = f"expected scaling min-max, z-score or none, got {scaling!r}."
    raise InputError(msg)


def _inflation(scaled: pd.DataFrame) -> dict[str, float]:
    """Return the variance inflation of each predictor: 1 / (1 - R²) on the others."""
    centred = scaled.to_numpy() - scaled.to_numpy().mean(axis=0)
    found = {}
    for place, name in enumerate(scaled):
        others = np.delete(centred, place, axis=1)
        own = centred[:, place]
        left = own - others @ (np.linalg.pinv(others) @ own)
        share = (left**2).sum() / (own**2).sum()
        if share * MAX_INFLATION < 1:
            nearest = scaled.corr()[name].drop(name).abs().idxmax()
            msg = (
                f"{name!r} follows from the other predictors (most of all {nearest!r}), so their "
                "parts can't be told apart; leave one of them out."
            )
            raise InputError(msg)
        found[str(name)] = float(1 / share)
    return found


def _notice(inflation: float, *, exact: bool, flat: bool) -> str:
    notices = [FLAT if flat else EXACT] if exact else []
    if inflation > HIGH_INFLATION:
        notices.append(
            f"goes with the other predictors (variance inflation {inflation:.0f}): uncertain"
        )
    return "; ".join(notices)
