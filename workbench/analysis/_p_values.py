"""p values of many tests: adjusted for their number, and never 0."""

from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

SMALLEST_P: Final = float(np.finfo(np.float64).tiny)
"""What is left of a p too small to be held as a number; no test gives 0."""


def above_zero(p_values: npt.ArrayLike) -> FloatArray:
    """Return p values with :data:`SMALLEST_P` in place of what has run down to 0; NaN stays."""
    return np.asarray(np.maximum(np.asarray(p_values, float), SMALLEST_P))


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Adjust p values for their number, so that one false finding in all stays improbable.

    Parameters
    ----------
    p_values
        Of one family of tests. A NaN stays NaN, but its test counts as one of the family.

    Returns
    -------
    array
        In the same order: the i-th smallest times (n - i + 1), never falling, at most 1.

    References
    ----------
    .. [1] S. Holm, Scand. J. Stat. 6:65, 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)  # NaN last
    steps = p[order] * np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.fmax.accumulate(steps), 1) if p.size else steps
    return np.where(np.isnan(p), np.nan, adjusted)
