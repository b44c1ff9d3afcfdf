"""The bootstrap: images, or whole groups of them, drawn again with replacement."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis._paired import check_paired, group_codes
from workbench.schema import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

N_RESAMPLES: Final = 9_999
_CHUNK: Final = 2**21  # drawn places held at a time: 16 MiB


def bootstrap_means(
    paired: pd.DataFrame,
    *,
    groups: pd.Series | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> FloatArray:
    """Return the mean of each model in each bootstrap sample of the images.

    Parameters
    ----------
    paired
        Images x models, at least 1 x 1, without NaN.
    groups
        ``image_id`` to group: whole groups are drawn, as the images of one are no independent
        evidence. An image without a group is one by itself.
    n_resamples, seed
        The same seed draws the same samples, whatever the order of the rows.

    Returns
    -------
    array
        Shape (n_resamples, models). All models are drawn on the same images, so the difference of
        two columns is the bootstrap of their paired difference.

    Raises
    ------
    InputError
        For repeated image ids, NaN, or groups of other images.

    References
    ----------
    .. [1] A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, section 3.8,
       1997.

    Examples
    --------
    >>> means = bootstrap_means(pd.DataFrame({"unet": [0.0, 1.0]}), n_resamples=500)
    >>> means.shape, sorted(set(means[:, 0].tolist()))
    ((500, 1), [0.0, 0.5, 1.0])
    """
    if n_resamples < 1:
        msg = f"n_resamples must be at least 1, got {n_resamples}; {N_RESAMPLES} is usual."
        raise InputError(msg)
    values = check_paired(paired, min_images=1, min_models=1)
    codes = group_codes(paired.index, groups)
    centre = values.mean(axis=0)  # sums of what is near zero keep their digits
    sizes = np.bincount(codes).astype(np.float64)
    sums = group_sums(values - centre, codes)
    means = np.empty((n_resamples, values.shape[1]))
    start = 0
    for drawn in draws(len(sizes), n_resamples, seed):
        stop = start + len(drawn)
        means[start:stop] = drawn @ sums / (drawn @ sizes)[:, None]
        start = stop
    return means + centre


def draws(n_units: int, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    """Yield how often each of n units was drawn, (some samples, units) at a time."""
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // n_units)
    for start in range(0, n_resamples, rows):
        n = min(rows, n_resamples - start)
        places = rng.integers(0, n_units, (n, n_units))
        places += np.arange(n)[:, None] * n_units
        counts = np.bincount(places.ravel(), minlength=n * n_units)
        yield counts.reshape(n, n_units).astype(np.float64)


def group_sums(values: FloatArray, codes: IntArray) -> FloatArray:
    """Return the sum of the rows of each group, shape (groups, models)."""
    sums = np.zeros((codes.max() + 1, values.shape[1]))
    np.add.at(sums, codes, values)
    return sums
