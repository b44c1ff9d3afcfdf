"""The budget of lost F1: how much each type of error costs, and how surely."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis._error_counts import COUNTED, ErrorCounts, error_counts
from workbench.analysis._intervals import ALPHA, bca_of_mean, check_alpha
from workbench.analysis._lost_f1 import (
    N_TYPES,
    FloatArray,
    gains_alone,
    shapley_shares,
)
from workbench.analysis._paired import group_codes
from workbench.analysis._resampling import N_RESAMPLES, bootstrap_means, draws, group_sums
from workbench.analysis._slices import FEW_IMAGES, _groups_within, _images_by_slice
from workbench.schema import ERROR_TYPES, PRIMARY_IOU_THRESHOLD, InputError

Average = Literal["macro", "micro"]
ROUNDING: Final = 1e-12


@dataclass(frozen=True)
class Bootstrap:
    average: Average
    groups: pd.Series | None
    alpha: float
    n_resamples: int
    seed: int


def error_budget(
    errors: pd.DataFrame,
    *,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    average: Average = "macro",
    groups: pd.Series | None = None,
    alpha: float = ALPHA,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Divide the F1 that each model lost among the types of error.

    Parameters
    ----------
    errors
        Error table, columns as ``ERROR_COLUMNS``.
    threshold
        IoU from which a cell counts as found.
    average
        "macro": budgets of the images, averaged; seeds of a model are averaged within an image.
        "micro": the budget of all cells pooled, in which large images count more.
    groups
        ``image_id`` to group (slide, plate), from :func:`image_groups`: whole groups are drawn.
    alpha
        One minus the confidence.
    n_resamples, seed
        Of the bootstrap over images.

    Returns
    -------
    DataFrame
        One row per model and error type, in the order of ``ERROR_TYPES``:

        - ``lost``: the F1 lost to this type; the six of a model sum to 1 - F1.
        - ``fraction``: of all the model lost; NaN if it lost nothing.
        - ``gain``: what F1 gains when this type alone is fixed.
        - ``n_events``, ``reference_cells``, ``predicted_cells``: over all images, mean of the
          seeds.
        - ``f1`` of the model, ``threshold``, ``n_images``, and ``n_left_out``: images without
          cells on either side, or lacking for a model or seed, left out for all models.

        ``lost_low``, ``lost_high``, ``gain_low``, ``gain_high``: BCa intervals of the macro mean,
        percentile intervals of the micro one; NaN for a single image or group.

    Raises
    ------
    InputError
        If the table lacks columns or rows, contradicts itself, or has no errors at this threshold.

    Notes
    -----
    F1 after fixing a set of types is 2 (TP + sum of added matches) / (reference cells + predicted
    cells + sum of added predicted cells). A type's share is its Shapley value: what fixing it adds,
    averaged over all orders of fixing the six [1]_. The gain of one type alone is smaller or
    larger than its share as others stand in its way or not; gains don't sum to anything.

    References
    ----------
    .. [1] L. S. Shapley, A value for n-person games, 1953.

    Examples
    --------
    Two of three cells were found, the third was missed, and nothing else went wrong.

    >>> from workbench.schema import ERROR_TYPES
    >>> errors = pd.DataFrame({"error": ERROR_TYPES, "image_id": "a", "model": "unet"})
    >>> errors = errors.assign(seed=0, threshold=0.5, tp=2, n_reference=3, n_predicted=2)
    >>> for name in ("n_events", "reference_cells", "added_matches", "added_predicted"):
    ...     errors[name] = [0, 1, 0, 0, 0, 0]
    >>> budget = error_budget(errors.assign(predicted_cells=0), n_resamples=100)
    >>> budget[["error", "lost"]].head(2).round(2).values.tolist()
    [['boundary', 0.0], ['missed', 0.2]]
    """
    how = bootstrap(average, groups, alpha, n_resamples, seed)
    return _budget(error_counts(errors, threshold), threshold, how)


def budget_by_threshold(
    errors: pd.DataFrame,
    *,
    average: Average = "macro",
    groups: pd.Series | None = None,
    alpha: float = ALPHA,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the budget at every IoU threshold of the table.

    With the threshold, boundary errors grow; splits and merges hardly move.

    Parameters
    ----------
    errors, average, groups, alpha, n_resamples, seed
        As for :func:`error_budget`.

    Returns
    -------
    DataFrame
        As :func:`error_budget`, one such table below the other by ascending ``threshold``.

    Raises
    ------
    InputError
        As :func:`error_budget`.
    """
    how = bootstrap(average, groups, alpha, n_resamples, seed)
    thresholds = sorted(errors["threshold"].unique()) if "threshold" in errors else [np.nan]
    parts = [_budget(error_counts(errors, value), float(value), how) for value in thresholds]
    if not parts:
        msg = "the table of errors has no rows; evaluate the predictions first."
        raise InputError(msg)
    return pd.concat(parts, ignore_index=True)


def budget_by_slice(
    errors: pd.DataFrame,
    slices: pd.Series,
    *,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    average: Average = "macro",
    groups: pd.Series | None = None,
    alpha: float = ALPHA,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the budget of every slice of the images.

    Parameters
    ----------
    errors, threshold, average, groups, alpha, n_resamples, seed
        As for :func:`error_budget`.
    slices
        Name of the slice of each image (index ``image_id``), from :func:`slice_by` or a column of
        the manifest; NaN and "" make the slice "not known".

    Returns
    -------
    DataFrame
        As :func:`error_budget`, with ``slice`` in front and ``few``, whether the slice has fewer
        than 10 images. Empty slices have no rows. For macro means, budgets weighted by
        ``n_images`` give back that of all images.

    Raises
    ------
    InputError
        As :func:`error_budget`, and if an image has no entry in ``slices``, or more than one.
    """
    how = bootstrap(average, groups, alpha, n_resamples, seed)
    counts = error_counts(errors, threshold)
    parts = []
    for name, images in _images_by_slice(pd.DataFrame(index=counts.images), slices):
        if len(images):
            part = _budget(counts.of(images.index), threshold, how)
            part.insert(0, "slice", name)
            parts.append(part.assign(few=len(images) < FEW_IMAGES))
    return pd.concat(parts, ignore_index=True)


def bootstrap(
    average: Average, groups: pd.Series | None, alpha: float, n_resamples: int, seed: int
) -> Bootstrap:
    check_alpha(alpha)
    if average not in ("macro", "micro"):
        msg = f'budgets are averaged "macro" or "micro", got {average!r}.'
        raise InputError(msg)
    if n_resamples < 1:
        msg = f"n_resamples must be at least 1, got {n_resamples}; {N_RESAMPLES} is usual."
        raise InputError(msg)
    return Bootstrap(average, groups, alpha, n_resamples, seed)


def _budget(counts: ErrorCounts, threshold: float, how: Bootstrap) -> pd.DataFrame:
    values, resampled, codes = budget_values(counts, how)
    limits = budget_limits(values, resampled, codes, how)
    means = values.mean(axis=0)
    parts = []
    for place, (model, of_model) in enumerate(counts.models.items()):
        start = place * 2 * N_TYPES
        lost = slice(start, start + N_TYPES)
        gain = slice(start + N_TYPES, start + 2 * N_TYPES)
        total = means[lost].sum()
        counted = of_model.counted.mean(axis=1).sum(axis=0)
        parts.append(
            pd.DataFrame(
                {
                    "model": model,
                    "threshold": threshold,
                    "error": ERROR_TYPES,
                    "lost": means[lost],
                    "lost_low": limits[lost, 0],
                    "lost_high": limits[lost, 1],
                    "fraction": means[lost] / total if total > 0 else np.nan,
                    "gain": means[gain],
                    "gain_low": limits[gain, 0],
                    "gain_high": limits[gain, 1],
                    **{name: counted[:, column] for column, name in enumerate(COUNTED)},
                    "f1": of_model.mean_f1 if how.average == "macro" else of_model.pooled_f1,
                    "n_images": len(counts.images),
                    "n_left_out": counts.n_left_out,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def budget_values(
    counts: ErrorCounts, how: Bootstrap
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Return shares and gains (rows, 12 per model), their bootstrap (resamples, 12 per model).

    Rows are images for macro means, and one of all images pooled for micro ones. Third, the
    group of each image.
    """
    groups = _groups_within(pd.Series(0, index=counts.images), how.groups)
    codes = group_codes(counts.images, groups)
    if how.average == "micro":
        return *_pooled_values(counts, codes, how), codes
    values = np.hstack([errors.shares_and_gains for errors in counts.models.values()])
    frame = pd.DataFrame(values, index=counts.images)
    drawn = bootstrap_means(frame, groups=groups, n_resamples=how.n_resamples, seed=how.seed)
    return values, drawn, codes


def _pooled_values(
    counts: ErrorCounts, codes: npt.NDArray[np.int64], how: Bootstrap
) -> tuple[FloatArray, FloatArray]:
    pooled = [errors.pooled for errors in counts.models.values()]
    sums = np.hstack([group_sums(of_model, codes) for of_model in pooled])
    resampled = np.vstack([drawn @ sums for drawn in draws(len(sums), how.n_resamples, how.seed)])
    of_models = np.split(resampled, len(pooled), axis=1)
    return (
        np.hstack([_of_pooled(of_model.sum(axis=0, keepdims=True)) for of_model in pooled]),
        np.hstack([_of_pooled(of_model) for of_model in of_models]),
    )


def _of_pooled(counts: FloatArray) -> FloatArray:
    tp, n_cells, matches, predicted = np.split(counts, [1, 2, 2 + N_TYPES], axis=1)
    args = (tp[:, 0], n_cells[:, 0], matches, predicted)
    return np.hstack([shapley_shares(*args), gains_alone(*args)])


def budget_limits(
    values: FloatArray, resampled: FloatArray, codes: npt.NDArray[np.int64], how: Bootstrap
) -> FloatArray:
    """Return the interval of each column, shape (columns, 2)."""
    if codes.max() == 0:
        return np.full((values.shape[1], 2), np.nan)
    if how.average == "micro":
        return _plain(np.quantile(resampled, [how.alpha / 2, 1 - how.alpha / 2], axis=0).T)
    found = [
        bca_of_mean(column, drawn, codes, alpha=how.alpha)
        for column, drawn in zip(values.T, resampled.T, strict=True)
    ]
    return _plain(np.array([(interval.low, interval.high) for interval in found]))


def _plain(limits: FloatArray) -> FloatArray:
    """Return limits with 0 for what is left of it after sums of rounded numbers."""
    return np.where(np.abs(limits) < ROUNDING, 0.0, limits)
