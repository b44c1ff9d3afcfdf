"""Are two models as good as equal? Two one-sided tests against a margin declared before."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from workbench.analysis._p_values import above_zero
from workbench.analysis._paired_t import PairedMeans

FloatArray = npt.NDArray[np.float64]


def equivalence_p(pairs: PairedMeans, *, margin: float) -> FloatArray:
    """Return the p of the paired TOST: small where the means differ by less than the margin.

    Parameters
    ----------
    pairs
        From :func:`paired_means`.
    margin
        Largest difference that does not matter, in units of the score; above 0.

    Returns
    -------
    array
        Shape (pairs,): the larger p of the two one-sided paired t tests of a difference above
        -margin and below margin. NaN where the differences do not vary.

    References
    ----------
    .. [1] D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15:657, 1987.
    """
    t = (margin - np.abs(pairs.means)) / pairs.spreads
    return above_zero(stats.t.sf(t, pairs.degrees_of_freedom))
