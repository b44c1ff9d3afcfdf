"""What the tests by means assume, checked and shown; no test is exchanged because of it."""

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._paired import check_paired

FloatArray = npt.NDArray[np.float64]
_MANY = 5_000


def check_assumptions(paired: pd.DataFrame) -> pd.DataFrame:
    """Check what analyses of variance assume.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.

    Returns
    -------
    DataFrame
        One row per ``check`` with its ``statistic``, ``p_value`` and a ``note`` for the reader:
        Shapiro-Wilk of :func:`model_residuals`, Levene of the scores by model (around medians).
        NaN where nothing varies.

    Raises
    ------
    InputError
        For fewer than 3 images or 2 models, repeated ids, or NaN.

    Notes
    -----
    The results are shown beside the tests and never choose one: the permutation and rank tests
    hold either way. A small p says that the assumption is not exactly true; with many images it is
    small for departures that do not matter, and the Q-Q figure says more.

    References
    ----------
    .. [1] S. S. Shapiro and M. B. Wilk, Biometrika 52:591, 1965.
    .. [2] M. B. Brown and A. B. Forsythe, J. Am. Stat. Assoc. 69:364, 1974 (Levene by medians).

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.1, 0.5, 0.9], "b": [0.3, 0.4, 0.8]})
    >>> check_assumptions(scores)["check"].to_list()
    ['Shapiro-Wilk of residuals', 'Levene of scores']
    """
    values = check_paired(paired)
    residuals = _residuals(values)
    rows = [
        ("Shapiro-Wilk of residuals", *_shapiro(residuals.ravel(), np.abs(values).max())),
        ("Levene of scores", *_levene(values)),
    ]
    return pd.DataFrame(rows, columns=["check", "statistic", "p_value", "note"])


def model_residuals(paired: pd.DataFrame) -> pd.DataFrame:
    """Return what is left of each score beside its image and its model.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN.

    Returns
    -------
    DataFrame
        Columns ``image_id``, ``model``, ``fitted`` (mean of the image + mean of the model - mean
        of all), ``residual`` = score - fitted, and ``theoretical``, the quantile of the standard
        normal distribution at its place in the order, for a Q-Q figure; sorted by residual.

    Raises
    ------
    InputError
        For fewer than 3 images or 2 models, repeated ids, or NaN.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.1, 0.5, 0.9], "b": [0.3, 0.4, 0.8]})
    >>> model_residuals(scores)["residual"].round(3).to_list()
    [-0.1, -0.05, -0.05, 0.05, 0.05, 0.1]
    """
    values = check_paired(paired)
    residuals = _residuals(values)
    n_images, n_models = values.shape
    table = pd.DataFrame(
        {
            "image_id": np.repeat(paired.index.to_numpy(), n_models),
            "model": np.tile(paired.columns.to_numpy(), n_images),
            "fitted": (values - residuals).ravel(),
            "residual": residuals.ravel(),
        }
    ).sort_values("residual", kind="stable", ignore_index=True)
    table["theoretical"] = stats.norm.ppf((np.arange(values.size) + 0.5) / values.size)
    return table


def _residuals(values: FloatArray) -> FloatArray:
    of_images = values.mean(axis=1, keepdims=True)
    return np.asarray(values - of_images - values.mean(axis=0) + values.mean())


def _shapiro(residuals: FloatArray, scale: float) -> tuple[float, float, str]:
    if np.ptp(residuals) <= 1e-12 * scale:
        return np.nan, np.nan, "No residual beside images and models."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said in the note
        statistic, p_value = stats.shapiro(residuals)
    note = "A small p: residuals are not normal, see the Q-Q figure."
    if residuals.size > _MANY:
        note += f" With more than {_MANY:,} residuals the p is not exact."
    return float(statistic), float(p_value), note


def _levene(values: FloatArray) -> tuple[float, float, str]:
    if np.ptp(values - np.median(values, axis=0)) == 0:
        return np.nan, np.nan, "No model's scores vary."
    statistic, p_value = stats.levene(*values.T, center="median")
    return float(statistic), float(p_value), "A small p: some models' scores spread more."
