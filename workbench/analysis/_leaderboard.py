"""A leaderboard: the models by any measure on any set of images, with ranks that admit ties."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis._intervals import ALPHA, Interval, t_of_mean
from workbench.analysis._paired import MIN_IMAGES, group_codes
from workbench.analysis._ranks import rank_intervals, rank_rows
from workbench.analysis._resampling import bootstrap_means

N_RESAMPLES = 1_000


def board_means(
    paired: pd.DataFrame, *, lower_is_better: bool = False, groups: pd.Series | None = None
) -> pd.DataFrame:
    """Return the mean of each model with its interval, raw and normalised.

    Parameters
    ----------
    paired
        Images x models, without NaN, from :func:`paired_scores` or rows of it.
    lower_is_better
        For distances and errors.
    groups
        ``image_id`` to group (slide, plate), for the interval.

    Returns
    -------
    DataFrame
        A row per model in the order of the columns: ``model``, ``n`` images, ``mean``,
        ``ci_low``, ``ci_high`` (Student t) and ``normalised``: 1 for the best mean, 0 for the
        worst, in proportion between, NaN if all are equal. Means without an image, and intervals
        of fewer than 3, are NaN.

    Examples
    --------
    >>> paired = pd.DataFrame({"a": [0.9, 0.8, 0.85], "b": [0.2, 0.1, 0.3]})
    >>> board_means(paired)[["model", "normalised"]].values.tolist()
    [['a', 1.0], ['b', 0.0]]
    """
    means = paired.mean().to_numpy(float)
    intervals: list[Interval | None] = [None] * paired.shape[1]
    if len(paired) >= MIN_IMAGES:
        codes = group_codes(paired.index, groups)
        intervals = [t_of_mean(values, codes) for values in paired.to_numpy(float).T]
    return pd.DataFrame(
        {
            "model": [str(name) for name in paired.columns],
            "n": len(paired),
            "mean": means,
            "ci_low": [np.nan if i is None else i.low for i in intervals],
            "ci_high": [np.nan if i is None else i.high for i in intervals],
            "normalised": _normalised(-means if lower_is_better else means),
        }
    )


def board_places(
    paired: pd.DataFrame,
    *,
    lower_is_better: bool = False,
    groups: pd.Series | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the place of each model by its mean, and how far its rank depends on the images.

    Parameters
    ----------
    paired, lower_is_better, groups
        As for :func:`board_means`; groups are drawn whole.
    n_resamples, seed
        Draws of images.

    Returns
    -------
    DataFrame
        A row per model in the order of the columns: ``model``, ``place``, ``rank_low``,
        ``rank_high``; NaN with fewer than 3 images or a model alone.

    Notes
    -----
    ``rank_low`` to ``rank_high`` hold the rank in 95 % of the bootstrap draws of images. A model's
    place is 1 plus the number of models whose whole rank interval lies before its own: models
    share a place where nothing tells them apart.

    Examples
    --------
    >>> paired = pd.DataFrame({"a": [0.9, 0.8, 0.85], "b": [0.2, 0.1, 0.3]})
    >>> board_places(paired).values.tolist()
    [['a', 1.0, 1.0, 1.0], ['b', 2.0, 2.0, 2.0]]
    """
    table = pd.DataFrame({"model": [str(name) for name in paired.columns]})
    if len(paired) < MIN_IMAGES or paired.shape[1] < 2:
        return table.assign(place=np.nan, rank_low=np.nan, rank_high=np.nan)
    means = paired.mean().to_numpy(float)[np.newaxis]
    drawn = rank_rows(
        bootstrap_means(paired, groups=groups, n_resamples=n_resamples, seed=seed),
        lower_is_better=lower_is_better,
    )
    ranks = rank_rows(means, lower_is_better=lower_is_better)[0]
    low, high = rank_intervals(ranks, drawn, alpha=ALPHA)
    places = 1 + (high[np.newaxis, :] < low[:, np.newaxis]).sum(axis=1)
    return table.assign(place=places.astype(float), rank_low=low, rank_high=high)


def _normalised(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    span = np.ptp(values) if len(values) else 0.0
    if not span > 0:
        return np.full(len(values), np.nan)
    shares: npt.NDArray[np.float64] = (values - values.min()) / span
    return shares
