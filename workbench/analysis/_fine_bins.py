"""Fine bins of probabilities, per image, to every number that follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis._paired import group_codes
from workbench.analysis._resampling import draws
from workbench.schema import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

N_FINE_BINS: Final = 1_000
TOP: Final = "top"
VALUES: Final = ("count", "confidence", "correct")
_BLOCK: Final = 32  # bootstrap samples held at a time


@dataclass(frozen=True, eq=False)
class FineBins:
    """The fine bins of some images as arrays.

    Attributes
    ----------
    images
        Ids.
    targets
        "top" and the classes.
    bins
        Count, sum of confidence and number of correct pixels, shape (images, 3, targets, 1,000).
    sums
        Sums of Brier score and NLL, shape (images, 2).
    codes
        Group of each image.
    """

    images: pd.Index
    targets: tuple[str, ...]
    bins: FloatArray
    sums: FloatArray
    codes: IntArray

    @cached_property
    def pooled(self) -> FloatArray:
        """Sum over images, shape (3, targets, 1,000)."""
        total: FloatArray = self.bins.sum(axis=0)
        return total

    def resampled(self, n_resamples: int, seed: int) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield bins and sums of bootstrap samples of the images, a block of them at a time.

        Whole groups are drawn. Nothing for a single group, which says nothing of others.
        """
        n_groups = int(self.codes.max(initial=-1)) + 1
        if n_groups < 2:
            return
        bins, sums = np.zeros((n_groups, *self.bins.shape[1:])), np.zeros((n_groups, 2))
        np.add.at(bins, self.codes, self.bins)
        np.add.at(sums, self.codes, self.sums)
        flat = bins.reshape(n_groups, -1)
        for drawn in draws(n_groups, n_resamples, seed):
            for start in range(0, len(drawn), _BLOCK):
                block = drawn[start : start + _BLOCK]
                yield (block @ flat).reshape(-1, *bins.shape[1:]), block @ sums


def stack_bins(
    bins: pd.DataFrame, sums: pd.DataFrame, *, groups: pd.Series | None = None
) -> FineBins:
    """Return tables as arrays.

    Parameters
    ----------
    bins
        Columns image_id, target, bin, count, confidence, correct.
    sums
        Columns image_id, brier, nll: a row for each image, one without pixels too.
    groups
        ``image_id`` to group.

    Raises
    ------
    InputError
        If an image has two rows of a bin or of sums, as of two models or regions, or a bin has no
        image.
    """
    keys = ["image_id", "target", "bin"]
    if sums["image_id"].duplicated().any() or bins.duplicated(keys).any():
        msg = (
            "calibration is that of one model, region and temperature, got several rows for an "
            "image; choose one of each before."
        )
        raise InputError(msg)
    images = pd.Index(sums["image_id"])
    rows = images.get_indexer(bins["image_id"].astype(object))
    if (rows < 0).any():
        msg = f"{int((rows < 0).sum())} bins are of images that the table of sums lacks."
        raise InputError(msg)
    found = [str(name) for name in bins["target"].unique()]
    targets = (TOP, *(name for name in found if name != TOP))
    places = bins["target"].astype(object).map({name: n for n, name in enumerate(targets)})
    array = np.zeros((len(images), len(VALUES), len(targets), N_FINE_BINS))
    for place, name in enumerate(VALUES):
        array[rows, place, places.to_numpy(int), bins["bin"].to_numpy(int)] = bins[name]
    return FineBins(
        images, targets, array, sums[["brier", "nll"]].to_numpy(float), group_codes(images, groups)
    )


def equal_width(n_bins: int) -> IntArray:
    """Return the first fine bin of each of n bins of equal width.

    Edges lie on the nearest thousandth: of 15 bins at 0.067, 0.133, 0.2, ...

    Raises
    ------
    InputError
        If there are none, or more than fine bins.
    """
    if not 1 <= n_bins <= N_FINE_BINS:
        msg = f"between 1 and {N_FINE_BINS} bins are possible, got {n_bins}; 15 are usual."
        raise InputError(msg)
    return np.round(np.arange(n_bins) * N_FINE_BINS / n_bins).astype(np.int64)


def equal_mass(count: FloatArray, n_bins: int) -> IntArray:
    """Return the first fine bin of each of at most n bins that hold about as many pixels each.

    A fine bin is never split: where one holds more than its share there are fewer bins.

    Examples
    --------
    >>> equal_mass(np.repeat([1.0, 0.0], 500), 2)
    array([  0, 250])
    """
    equal_width(n_bins)
    before = np.cumsum(count) - count
    total = count.sum()
    share = np.floor((before + count / 2) / max(total, 1) * n_bins)
    share = np.minimum(share, n_bins - 1)
    return np.unique(np.unique(share, return_index=True)[1]).astype(np.int64)


def measures(
    bins: FloatArray, sums: FloatArray, *, widths: IntArray, masses: IntArray, min_pixels: int
) -> Mapping[str, FloatArray]:
    """Return every measure of bins of shape (..., 3, targets, 1,000), NaN where no pixel is.

    See :func:`workbench.analysis.pixel_calibration_measures`.
    """
    n = bins[..., 0, 0, :].sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = np.add.reduceat(bins, widths, axis=-1)
        gaps = wide[..., 1, :, :] - wide[..., 2, :, :]
        top = gaps[..., 0, :] / n[..., None]
        even = np.add.reduceat(bins[..., :, 0, :], masses, axis=-1)
        enough = wide[..., 0, 0, :] >= min_pixels
        largest = np.where(enough, np.abs(gaps[..., 0, :]) / wide[..., 0, 0, :], -1).max(axis=-1)
        brier, nll = sums[..., 0] / n, sums[..., 1] / n
        reliability, resolution, uncertainty = _brier_parts(bins[..., 1:, :], n)
        return {
            "accuracy": wide[..., 2, 0, :].sum(axis=-1) / n,
            "mean_confidence": wide[..., 1, 0, :].sum(axis=-1) / n,
            "ece": np.abs(top).sum(axis=-1),
            "signed_gap": top.sum(axis=-1),
            "over_confidence": np.maximum(top, 0).sum(axis=-1),
            "under_confidence": np.maximum(-top, 0).sum(axis=-1),
            "mce": np.where(largest < 0, np.nan, largest),
            "adaptive_ece": np.abs(even[..., 1, :] - even[..., 2, :]).sum(axis=-1) / n,
            "classwise_ece": np.abs(gaps[..., 1:, :]).sum(axis=-1).mean(axis=-1) / n
            if bins.shape[-2] > 1
            else np.full(n.shape, np.nan),
            "brier": brier,
            "reliability": reliability,
            "resolution": resolution,
            "uncertainty": uncertainty,
            "within_bins": brier - (reliability - resolution + uncertainty),
            "nll": nll,
        }


def _brier_parts(classes: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return reliability, resolution and uncertainty, summed over classes, from the fine bins."""
    count, confidence, correct = (classes[..., place, :, :] for place in range(3))
    weight = count / n[..., None, None]
    # An empty bin weighs nothing, whatever stands in it.
    filled = np.maximum(count, 1)
    rate = correct.sum(axis=-1) / n[..., None]
    observed = correct / filled
    reliability = (weight * (confidence / filled - observed) ** 2).sum(axis=(-1, -2))
    resolution = (weight * (observed - rate[..., None]) ** 2).sum(axis=(-1, -2))
    return reliability, resolution, (rate * (1 - rate)).sum(axis=-1)
