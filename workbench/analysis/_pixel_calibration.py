"""How far probabilities of pixels can be believed, with intervals over images."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._fine_bins import (
    TOP,
    FloatArray,
    IntArray,
    equal_mass,
    equal_width,
    measures,
    stack_bins,
)
from workbench.schema import InputError

N_BINS: Final = 15
N_RESAMPLES: Final = 999
MIN_PIXELS: Final = 100
LIMITS: Final = (0.025, 0.975)


def pixel_calibration_measures(
    bins: pd.DataFrame,
    sums: pd.DataFrame,
    *,
    n_bins: int = N_BINS,
    min_pixels: int = MIN_PIXELS,
    groups: pd.Series | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure how far the probabilities of one model's pixels can be believed.

    Parameters
    ----------
    bins
        Fine bins: columns image_id, target, bin, count, confidence, correct.
    sums
        Columns image_id, brier, nll; a row for each image.
    n_bins
        Of equal width (ece, mce, classwise_ece) or of equal mass (adaptive_ece). Edges lie on the
        nearest thousandth.
    min_pixels
        A bin of fewer does not count for mce.
    groups
        ``image_id`` to group: whole groups are drawn.
    n_resamples, seed
        Of the bootstrap over images.

    Returns
    -------
    DataFrame
        A row per measure: ``measure``, ``value`` of all pixels pooled, ``ci_low`` and ``ci_high``
        (percentiles 2.5 and 97.5 of bootstrap samples; NaN for a single image or group),
        ``image_mean`` (mean over the images that have pixels), ``n_images`` of these. NaN without
        a pixel.

    Raises
    ------
    InputError
        If tables are of several models, or a number of bins is impossible.

    Notes
    -----
    With n_b pixels in bin b of n, their mean confidence conf_b and the share acc_b that is right,
    Of the most probable class: ``ece`` = sum_b n_b/n abs(acc_b - conf_b) (L1); ``signed_gap`` the
    same without abs, conf - acc, above 0 where the model is too sure; ``over_confidence`` and
    ``under_confidence`` its two parts, whose sum is ``ece``; ``mce`` the largest gap of a bin;
    ``adaptive_ece`` as ``ece`` over bins of equal mass [2]_. ``classwise_ece`` is the mean over
    classes of the ECE of each class against all others. ``brier`` is summed over classes, 0 to 2;
    it is ``reliability`` - ``resolution`` + ``uncertainty`` [3]_, over 1,000 bins, up to
    ``within_bins``. ``nll`` is the mean of -ln of the true class's probability.
    Resampling adds noise to the bins, so that intervals of an ECE near 0 lie too high.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, ICML 2017.
    .. [2] J. Nixon et al., Measuring calibration in deep learning, CVPR Workshops 2019.
    .. [3] A. H. Murphy, J. Appl. Meteorol. 12:595, 1973.

    Examples
    --------
    >>> row = {"image_id": "a", "target": "top", "bin": 900, "count": 10, "confidence": 9.0}
    >>> bins = pd.DataFrame([row | {"correct": 7}])
    >>> sums = pd.DataFrame({"image_id": ["a"], "brier": [4.0], "nll": [5.0]})
    >>> found = pixel_calibration_measures(bins, sums).set_index("measure")["value"]
    >>> found[["ece", "signed_gap", "nll"]].round(3).tolist()
    [0.2, 0.2, 0.5]
    """
    fine = stack_bins(bins, sums, groups=groups)
    measured = partial(
        measures,
        widths=equal_width(n_bins),
        masses=equal_mass(fine.pooled[0, 0], n_bins),
        min_pixels=min_pixels,
    )
    pooled = measured(fine.pooled, fine.sums.sum(axis=0))
    by_image = measured(fine.bins, fine.sums)
    samples = [measured(*drawn) for drawn in fine.resampled(n_resamples, seed)]
    n_images = int((fine.bins[:, 0, 0].sum(axis=-1) > 0).sum())
    rows = []
    for name, value in pooled.items():
        drawn = np.concatenate([sample[name] for sample in samples]) if samples else np.empty(0)
        low, high = _limits(drawn[:, None])
        rows.append(
            {
                "measure": name,
                "value": float(value),
                "ci_low": float(low[0]),
                "ci_high": float(high[0]),
                "image_mean": _mean(by_image[name]),
                "n_images": n_images,
            }
        )
    return pd.DataFrame(rows)


def reliability_bins(
    bins: pd.DataFrame,
    sums: pd.DataFrame,
    *,
    target: str = TOP,
    n_bins: int = N_BINS,
    groups: pd.Series | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return a reliability diagram: how often pixels are right, by how sure the model is.

    Parameters
    ----------
    bins, sums, groups, n_resamples, seed
        As in :func:`pixel_calibration_measures`.
    target
        "top" for the most probable class, or the name of a class against all others.
    n_bins
        Of equal width.

    Returns
    -------
    DataFrame
        A row per bin, empty ones too: ``low``, ``high`` (edges), ``n`` (pixels), ``share`` of all,
        ``n_images`` with such pixels, mean ``confidence``, ``accuracy`` with the interval
        ``ci_low`` to ``ci_high`` (bootstrap over images), ``gap`` = confidence - accuracy, above 0
        where the model is too sure. NaN in an empty bin.

    Raises
    ------
    InputError
        If tables are of several models, or there is no such target.

    Examples
    --------
    >>> row = {"image_id": "a", "target": "top", "bin": 900, "count": 10, "confidence": 9.0}
    >>> bins = pd.DataFrame([row | {"correct": 7}])
    >>> sums = pd.DataFrame({"image_id": ["a"], "brier": [4.0], "nll": [5.0]})
    >>> reliability_bins(bins, sums, n_bins=2)[["low", "n", "accuracy"]].to_numpy().tolist()
    [[0.0, 0.0, nan], [0.5, 10.0, 0.7]]
    """
    _check_target(bins, target)
    fine = stack_bins(bins[bins["target"] == target], sums, groups=groups)
    place = fine.targets.index(target)
    starts = equal_width(n_bins)
    count, confidence, correct = np.add.reduceat(fine.pooled[:, place], starts, axis=-1)
    drawn = [
        np.add.reduceat(sample[..., place, :], starts, axis=-1)
        for sample, _ in fine.resampled(n_resamples, seed)
    ]
    rates = np.concatenate([_ratio(d[:, 2], d[:, 0]) for d in drawn]) if drawn else None
    low, high = _limits(np.empty((0, n_bins)) if rates is None else rates)
    of_images = np.add.reduceat(fine.bins[:, 0, place], starts, axis=-1)
    table = pd.DataFrame(
        {
            "low": starts / 1000,
            "high": np.append(starts[1:], 1000) / 1000,
            "n": count.astype(np.int64),
            "share": _ratio(count, np.full(n_bins, count.sum())),
            "n_images": (of_images > 0).sum(axis=0),
            "confidence": _ratio(confidence, count),
            "accuracy": _ratio(correct, count),
            "ci_low": low,
            "ci_high": high,
        }
    )
    return table.assign(gap=table["confidence"] - table["accuracy"])


def images_in_bin(
    bins: pd.DataFrame, *, low: float, high: float, target: str = TOP
) -> pd.DataFrame:
    """Return the images behind a bin of a reliability diagram, those that bend it most first.

    Parameters
    ----------
    bins
        As in :func:`pixel_calibration_measures`.
    low, high
        Edges of the bin, on thousandths.
    target
        As in :func:`reliability_bins`.

    Returns
    -------
    DataFrame
        Columns image_id, n (pixels of the bin), confidence, accuracy, gap, and ``excess``, n times
        gap: the pixels by which the model was too sure. Ordered by how far the excess goes the
        way of the whole bin; empty for an empty bin.

    Examples
    --------
    >>> bins = pd.DataFrame({"image_id": ["a", "b"], "target": "top", "bin": 900, "count": 10,
    ...                      "confidence": 9.0, "correct": [9, 5]})
    >>> images_in_bin(bins, low=0.8, high=1.0)["image_id"].tolist()
    ['b', 'a']
    """
    first, last = round(low * 1000), round(high * 1000) - 1
    chosen = bins[(bins["target"] == target) & bins["bin"].between(first, last)]
    sums = chosen.groupby("image_id", observed=True)[["count", "confidence", "correct"]].sum()
    table = pd.DataFrame(
        {
            "n": sums["count"],
            "confidence": sums["confidence"] / sums["count"],
            "accuracy": sums["correct"] / sums["count"],
        }
    )
    table["gap"] = table["confidence"] - table["accuracy"]
    table["excess"] = table["n"] * table["gap"]
    falls = table["excess"].sum() > 0
    ordered = table.sort_values("excess", ascending=not falls, kind="stable")
    return ordered.rename_axis("image_id").reset_index()


def _check_target(bins: pd.DataFrame, target: str) -> None:
    known = [TOP, *(str(name) for name in bins["target"].unique() if name != TOP)]
    if target not in known:
        msg = f"no target is called {target!r}, only {', '.join(known)}."
        raise InputError(msg)


def _limits(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the limits of each column over the samples that have a value; NaN for none."""
    limits = np.full((2, samples.shape[1]), np.nan)
    defined = np.isfinite(samples).any(axis=0) if len(samples) else np.zeros(limits.shape[1], bool)
    limits[:, defined] = np.nanquantile(samples[:, defined], LIMITS, axis=0)
    return limits[0], limits[1]


def _ratio(parts: FloatArray | IntArray, whole: FloatArray) -> FloatArray:
    ratio = np.full(np.shape(parts), np.nan)
    np.divide(parts, whole, out=ratio, where=whole > 0)
    return ratio


def _mean(values: FloatArray) -> float:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if defined.size else float("nan")
