"""Does a group of cells fail more than the rest? Cells of one image count as alike."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._failure_slices_words import Condition
from workbench.analysis._p_values import above_zero
from workbench.analysis._slicing import quantile_edges

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

N_QUARTERS = 4


@dataclass(frozen=True, eq=False)
class Contrasts:
    """Groups against the rest, by pairs of conditions; every array has shape (K, K).

    Entry (i, j) is of the cells that meet conditions i and j, (i, i) of those that meet i.

    Attributes
    ----------
    n_cells, n_images, n_outside
        Inside; the images inside, and those with cells outside.
    mean_inside, mean_outside
        Of the loss; NaN without cells.
    error, degrees
        Standard error of the difference, robust to cells of one image being alike, and degrees of
        freedom.
    """

    n_cells: FloatArray
    n_images: FloatArray
    n_outside: FloatArray
    mean_inside: FloatArray
    mean_outside: FloatArray
    error: FloatArray
    degrees: FloatArray

    @property
    def difference(self) -> FloatArray:
        """Inside minus outside."""
        return self.mean_inside - self.mean_outside

    @property
    def t(self) -> FloatArray:
        """The difference over its error; 0 where nothing varies and nothing differs."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.difference == 0, 0, self.difference / self.error)

    @property
    def p(self) -> FloatArray:
        """Two-sided p of each difference; NaN where it is undefined."""
        return above_zero(2 * stats.t.sf(np.abs(self.t), self.degrees))


def find_conditions(table: pd.DataFrame, facts: tuple[str, ...]) -> tuple[Condition, ...]:
    """Return the conditions that a table's facts offer.

    Numbers are cut at their quartiles, rounded as far as no group gets empty: up to the first, up
    to the second, over the second, over the third. Names make a condition each; of true and
    false, true does.
    """
    found: list[Condition] = []
    for fact in facts:
        values = table[fact]
        known = values[values.notna() & (values != "")]
        if known.nunique() < 2:
            continue
        if pd.api.types.is_bool_dtype(values):
            found.append(Condition(fact, "is", str(True)))
            continue
        if not pd.api.types.is_numeric_dtype(values):
            found += [Condition(fact, "is", str(name)) for name in sorted(known.unique(), key=str)]
            continue
        edges = quantile_edges(known.to_numpy(float), N_QUARTERS)
        middle = (len(edges) - 1) / 2
        for place, edge in enumerate(edges.tolist()):
            if place <= middle:
                found.append(Condition(fact, "up_to", edge))
            if place >= middle:
                found.append(Condition(fact, "over", edge))
    return tuple(found)


def meets(table: pd.DataFrame, condition: Condition) -> BoolArray:
    """Return which rows meet a condition; what is not known does not."""
    values = table[condition.fact]
    if condition.side == "is":
        known = values.notna() & (values != "")
        return np.asarray(known & (values.astype(str) == str(condition.limit)))
    numbers = values.to_numpy(float)
    limit = float(condition.limit)
    with np.errstate(invalid="ignore"):
        return np.asarray(numbers <= limit if condition.side == "up_to" else numbers > limit)


def contrast_groups(
    inside: BoolArray, loss: FloatArray, images: IntArray, clusters: IntArray
) -> Contrasts:
    """Compare the mean loss inside and outside of every group of one condition or two.

    Parameters
    ----------
    inside
        Which cells meet which condition, shape (cells, K).
    loss
        Of each cell.
    images, clusters
        Number of each cell's image, and of what it shares with others (itself, or a slide).

    Notes
    -----
    The difference is the slope of the loss on being inside; its variance is that of [1]_, summed
    over clusters with the factor G/(G - 1) (n - 1)/(n - 2) as statsmodels has it. Degrees of
    freedom are one less than the clusters with cells inside, or outside if they are fewer: a group
    that lives in few images is no better known than these.

    References
    ----------
    .. [1] A. C. Cameron and D. L. Miller, J. Hum. Resour. 50:317, 2015.
    """
    n_conditions = inside.shape[1]
    shape = (n_conditions, n_conditions)
    n_in, sum_in = np.zeros(shape), np.zeros(shape)
    n_images, n_outside = np.zeros(shape), np.zeros(shape)
    in_clusters, out_clusters = np.zeros(shape), np.zeros(shape)
    for here, _, n_here in _sums(inside, loss, images):
        n_images += here > 0
        n_outside += here < n_here
    for here, lost, n_here in _sums(inside, loss, clusters):
        n_in += here
        sum_in += lost
        in_clusters += here > 0
        out_clusters += here < n_here
    n_out, sum_out = len(loss) - n_in, loss.sum() - sum_in
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_in, mean_out = sum_in / n_in, sum_out / n_out
        squares = np.zeros(shape)
        totals = np.bincount(clusters, loss)
        for (here, lost, n_here), total in zip(
            _sums(inside, loss, clusters), totals[np.unique(clusters)], strict=True
        ):
            outside = total - lost - mean_out * (n_here - here)
            squares += ((lost - mean_in * here) / n_in - outside / n_out) ** 2
        n_clusters = len(np.unique(clusters))
        factor = n_clusters / (n_clusters - 1) * (len(loss) - 1) / (len(loss) - 2)
        error = np.sqrt(factor * squares)
    degrees = np.minimum(in_clusters, out_clusters) - 1
    return Contrasts(
        n_in, n_images, n_outside, mean_in, mean_out, error, np.where(degrees > 0, degrees, np.nan)
    )


def _sums(
    inside: BoolArray, loss: FloatArray, codes: IntArray
) -> Iterator[tuple[FloatArray, FloatArray, int]]:
    """Yield of each part, in the order of codes: cells and loss in every group, and all cells."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    for places in np.split(order, starts[1:]):
        member = inside[places].astype(np.float64)
        yield member.T @ member, member.T @ (member * loss[places, None]), len(places)
