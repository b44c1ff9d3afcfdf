"""How large a difference is: effect sizes for pairs, and those that reports publish."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
EFFECT_LABELS = ((0.2, "negligible"), (0.5, "small"), (0.8, "medium"), (np.inf, "large"))


def cohens_d(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the difference of means in units of the root mean square of both SDs.

    Parameters
    ----------
    first, second
        Scores of two models.

    Returns
    -------
    float
        d = (m1 - m2) / sqrt((s1² + s2²) / 2) with ddof=1; positive if ``first`` scores higher.
        NaN if neither varies or one has fewer than two scores.

    Notes
    -----
    This is the unpaired d of published benchmark reports; it ignores that both models saw the same
    images. For pairs see :func:`cohens_d_paired`.

    Examples
    --------
    >>> round(cohens_d([3, 4, 5], [2, 3, 4]), 3)
    1.0
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if min(a.size, b.size) < 2:
        return float("nan")
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    if not _varies(spread, a, b):
        return float("nan")
    return float((a.mean() - b.mean()) / spread)


def cohens_d_paired(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the mean difference divided by the standard deviation of the differences.

    Parameters
    ----------
    first, second
        Scores of two models on the same images, in the same order.

    Returns
    -------
    float
        Positive if ``first`` scores higher; NaN if the differences do not vary or there are
        fewer than two.

    Raises
    ------
    ValueError
        If the lengths differ, since such scores cannot be pairs.

    Notes
    -----
    This is d_z of [1]_, not the pooled d.

    References
    ----------
    .. [1] D. Lakens, Front. Psychol. 4:863, 2013.

    Examples
    --------
    >>> cohens_d_paired([3, 4, 5], [2, 2, 2])
    2.0
    """
    a, b = _paired(first, second)
    if a.size < 2:
        return float("nan")
    difference = a - b
    spread = difference.std(ddof=1)
    return float(difference.mean() / spread) if _varies(spread, a, b) else float("nan")


def cohens_d_average(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the mean difference in units of the average SD of the two models, corrected by Hedges.

    Parameters
    ----------
    first, second
        Scores of two models on the same images, in the same order.

    Returns
    -------
    float
        d_av = mean(D) / ((s1 + s2) / 2) with ddof=1, times 1 - 3 / (8n - 9) for its bias in small
        samples; NaN if neither model varies or there are fewer than two images.

    Raises
    ------
    ValueError
        If the lengths differ, since such scores cannot be pairs.

    Notes
    -----
    Its unit is how much images differ, so it can be compared with the d of unpaired studies; d_z
    cannot, since its unit shrinks as the models agree.

    References
    ----------
    .. [1] D. Lakens, Front. Psychol. 4:863, 2013 (Hedges's g_av).

    Examples
    --------
    >>> round(cohens_d_average([3, 4, 5], [2, 3, 4]), 3)  # 1 * (1 - 3 / 15)
    0.8
    """
    a, b = _paired(first, second)
    if a.size < 2:
        return float("nan")
    spread = (a.std(ddof=1) + b.std(ddof=1)) / 2
    if not _varies(spread, a, b):
        return float("nan")
    return float((a - b).mean() / spread * (1 - 3 / (8 * a.size - 9)))


def cliffs_delta(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return how much more often a score of the first is above one of the second than below.

    Parameters
    ----------
    first, second
        Scores of two models; every score of one is compared with every score of the other, so it
        ignores that both models saw the same images.

    Returns
    -------
    float
        (number above - number below) / (n1 n2), from -1 to 1.

    References
    ----------
    .. [1] N. Cliff, Psychol. Bull. 114:494, 1993.

    Examples
    --------
    >>> cliffs_delta([3, 4], [2, 3])  # above in 3 of 4, below in none
    0.75
    """
    a, b = np.asarray(first, float), np.sort(np.asarray(second, float))
    above = np.searchsorted(b, a, side="left").sum()
    below = (b.size - np.searchsorted(b, a, side="right")).sum()
    return float((above - below) / (a.size * b.size))


def cohens_d_label(d: float) -> str:
    """Name the size of Cohen's d: negligible < 0.2 <= small < 0.5 <= medium < 0.8 <= large.

    Examples
    --------
    >>> cohens_d_label(-0.6), cohens_d_label(float("nan"))
    ('medium', 'undefined')
    """
    if np.isnan(d):
        return "undefined"
    return next(label for limit, label in EFFECT_LABELS if abs(d) < limit)


def correlations(values: FloatArray) -> FloatArray:
    """Return Pearson's correlation of all models over images, shape (models, models).

    Parameters
    ----------
    values
        Shape (images, models). NaN where a model does not vary.
    """
    spreads = values.std(axis=0)
    varying = [_varies(spread, column) for spread, column in zip(spreads, values.T, strict=True)]
    scaled = (values - values.mean(axis=0)) / np.where(varying, spreads, np.nan)
    return np.asarray(np.clip(scaled.T @ scaled / len(values), -1, 1))


def _paired(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.size != b.size:
        msg = (
            f"paired scores need equal lengths, got {a.size} and {b.size}; align them by image_id."
        )
        raise ValueError(msg)
    return a, b


def _varies(spread: float, *scores: FloatArray) -> bool:
    """Tell a spread from the few ulp that rounding leaves of equal numbers."""
    return bool(spread > 1e-12 * max(np.abs(values).max(initial=0) for values in scores))
