"""Distances between cells and between their boundaries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.metrics._borders import Pixels, border_marks, border_pixels, cell_ranks
from workbench.metrics._compiled import compiled
from workbench.metrics._distances import closest_squared, describe_cells, surface_statistics
from workbench.metrics._overlap import FloatArray, IntArray, Overlap
from workbench.schema import LabelImage

QUANTILE: Final = 0.95


def best_partner_hausdorff(
    reference: LabelImage, predicted: LabelImage, overlap: Overlap
) -> tuple[FloatArray, FloatArray]:
    """Return each cell's Hausdorff distance to the closest cell of the other side.

    Exact, with few pairs measured: a pair is passed over when two parallel tangents of its cells
    lie farther apart than the best pair so far, and given up when one pixel does.

    Parameters
    ----------
    reference, predicted
        Label images, shape (height, width).
    overlap
        Their overlap table, from :func:`label_overlap`.

    Returns
    -------
    tuple of arrays
        Distances in pixels, of the reference cells in the order of ``overlap.reference_ids`` and
        of the predicted cells in that of ``overlap.predicted_ids``. NaN where the other side has
        no cells.

    Raises
    ------
    ValueError
        If the labels are not two-dimensional, or the table is of other label images.

    Notes
    -----
    HD(A, B) = max(max_a min_b |a - b|, max_b min_a |a - b|) over all pixels of the cells [1]_. The
    mean of the first array is the mean Hausdorff distance ``mHD`` of an image: for each reference
    cell the best predicted cell, which several may share.

    References
    ----------
    .. [1] A. A. Taha and A. Hanbury, IEEE Trans. Pattern Anal. Mach. Intell. 37:2153, 2015.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> reference = np.array([[1, 1, 0, 0, 0, 0, 2]])
    >>> predicted = np.array([[0, 5, 5, 5, 0, 0, 0]])
    >>> best_partner_hausdorff(reference, predicted, label_overlap(reference, predicted))
    (array([2., 5.]), array([2.]))
    """
    _check_labels(reference, predicted)
    for labels, areas, side in (
        (reference, overlap.reference_areas, "reference"),
        (predicted, overlap.predicted_areas, "predicted"),
    ):
        if overlap.shape != labels.shape or areas.sum() != np.count_nonzero(labels):
            msg = (
                f"the overlap table does not describe these {side} labels; make it from them with "
                "label_overlap(reference, predicted)."
            )
            raise ValueError(msg)
    n_reference, n_predicted = len(overlap.reference_ids), len(overlap.predicted_ids)
    if not n_reference or not n_predicted:
        return np.full(n_reference, np.nan), np.full(n_predicted, np.nan)
    squared, other_squared = closest_squared(
        describe_cells(cell_ranks(reference, overlap.reference_ids), n_reference),
        describe_cells(cell_ranks(predicted, overlap.predicted_ids), n_predicted),
    )
    return np.sqrt(squared), np.sqrt(other_squared)


@dataclass(frozen=True, eq=False)
class SurfaceScores:
    """How far the boundaries of matched cells lie apart; one entry per pair, in their order.

    Attributes
    ----------
    hausdorff_px
        Largest distance of a boundary pixel to the closest of the other cell, both directions.
    hausdorff95_px
        The 95th percentile of these distances in each direction, the larger of the two.
    normalised_surface_distance
        Share of both boundaries within the tolerance of the other, 0 to 1; 1 is best.
    """

    hausdorff_px: FloatArray
    hausdorff95_px: FloatArray
    normalised_surface_distance: FloatArray


def surface_scores(
    reference: LabelImage,
    predicted: LabelImage,
    pairs: Sequence[tuple[int, int, float]],
    *,
    tolerance_px: float = 1.0,
) -> SurfaceScores:
    """Measure the boundaries of matched cells against each other.

    Parameters
    ----------
    reference, predicted
        Label images, shape (height, width).
    pairs
        Reference id, predicted id, IoU, as in :attr:`Matches.pairs`; the IoU is not used.
    tolerance_px
        Boundary pixels up to this distance apart count as the same, 0 or more.

    Returns
    -------
    SurfaceScores
        Empty arrays for no pairs.

    Raises
    ------
    ValueError
        If the labels are not two-dimensional or differ in shape, an id is not in its image, or the
        tolerance is negative.

    Notes
    -----
    A boundary pixel belongs to the cell and has a 4-neighbour outside it; beyond the edge of the
    image is outside. Distances are Euclidean, percentiles interpolate linearly. So defined, the
    values are those of MONAI's ``HausdorffDistanceMetric`` (``percentile`` None and 95) and
    ``SurfaceDiceMetric`` (without subvoxels), after [1]_. The Hausdorff distance between
    boundaries can exceed that between all pixels of the cells, see
    :func:`best_partner_hausdorff`: the boundary of a hole in one of them counts here.

    References
    ----------
    .. [1] S. Nikolov et al., J. Med. Internet Res. 23:e26151, 2021.

    Examples
    --------
    >>> reference = np.array([[0, 7, 7, 7, 7, 0]])
    >>> predicted = np.array([[0, 2, 2, 0, 0, 0]])
    >>> scores = surface_scores(reference, predicted, [(7, 2, 0.5)])
    >>> scores.hausdorff_px, scores.hausdorff95_px.round(2), scores.normalised_surface_distance
    (array([2.]), array([1.85]), array([0.83333333]))
    """
    _check_labels(reference, predicted)
    _check_tolerances(tolerance_px)
    reference_border, reference_rank = _borders(reference, [pair[0] for pair in pairs], "reference")
    predicted_border, predicted_rank = _borders(predicted, [pair[1] for pair in pairs], "predicted")
    statistics = surface_statistics(
        reference_border,
        predicted_border,
        np.column_stack([reference_rank, predicted_rank]),
        QUANTILE,
        float(tolerance_px),
    )
    return SurfaceScores(*(column.copy() for column in statistics.T))


def boundary_f(
    reference: LabelImage,
    predicted: LabelImage,
    *,
    tolerances_px: Sequence[float] = (1, 2, 3),
) -> tuple[float, ...]:
    """Return how well the boundaries of all cells agree, per tolerance.

    Parameters
    ----------
    reference, predicted
        Label images, shape (height, width).
    tolerances_px
        Boundary pixels up to this distance apart agree, 0 or more; meant to be a few pixels, as
        time grows with the square of the largest.

    Returns
    -------
    tuple of float
        F = 2PR/(P + R) per tolerance, with P the share of predicted boundary pixels that have a
        reference boundary pixel within the tolerance, R the share of reference boundary pixels
        that have a predicted one. NaN if neither side has cells, 0 if one has none.

    Raises
    ------
    ValueError
        If the labels are not two-dimensional or differ in shape, or a tolerance is negative.

    Notes
    -----
    A boundary pixel belongs to a cell and has a 4-neighbour outside that cell, in the background,
    in a touching cell or beyond the edge of the image. One boundary pixel may serve several of the
    other side, as in [1]_; the benchmark of [2]_ pairs them one to one instead.

    References
    ----------
    .. [1] G. Csurka et al., British Machine Vision Conference, 2013.
    .. [2] D. R. Martin et al., IEEE Trans. Pattern Anal. Mach. Intell. 26:530, 2004.

    Examples
    --------
    >>> reference = np.array([[0, 7, 7, 0, 0, 0]])
    >>> predicted = np.array([[0, 0, 0, 2, 2, 0]])
    >>> boundary_f(reference, predicted, tolerances_px=(0, 1, 2))
    (0.0, 0.5, 1.0)
    """
    _check_labels(reference, predicted)
    _check_tolerances(*tolerances_px)
    margin = int(max(tolerances_px, default=0))
    first, second = (
        np.pad(border_marks(_plain(labels)), margin) for labels in (reference, predicted)
    )
    steps, step_distances = _disc(margin, first.shape[1])
    reached, n_reference = _count_by_step(first, second, steps)
    returned, n_predicted = _count_by_step(second, first, steps)
    if not n_reference and not n_predicted:
        return (float("nan"),) * len(tolerances_px)
    scores = []
    for tolerance in tolerances_px:
        within = step_distances <= tolerance
        hits, answers = int(reached[within].sum()), int(returned[within].sum())
        # 2PR/(P + R) without its fractions, so that no share is divided by nothing.
        weight = hits * n_predicted + answers * n_reference
        scores.append(2 * hits * answers / weight if weight else 0.0)
    return tuple(scores)


def _check_labels(reference: LabelImage, predicted: LabelImage) -> None:
    for labels, side in ((reference, "reference"), (predicted, "predicted")):
        if labels.ndim != 2:
            msg = (
                "surface measures are defined for 2D label images here; got "
                f"{side} labels of shape {labels.shape}: score the planes one by one."
            )
            raise ValueError(msg)
        if labels.dtype.kind not in "bui":
            msg = f"{side} labels must be integers, got {labels.dtype}; round and convert them."
            raise ValueError(msg)
        if labels.dtype.kind == "i" and labels.min(initial=0) < 0:
            msg = f"{side} labels must not be negative, got {labels.min()}; number cells from 1."
            raise ValueError(msg)
    if reference.shape != predicted.shape:
        msg = (
            f"reference and predicted labels need the same shape, got {reference.shape} and "
            f"{predicted.shape}; crop or resize the prediction."
        )
        raise ValueError(msg)


def _check_tolerances(*tolerances_px: float) -> None:
    for tolerance in tolerances_px:
        if not 0 <= tolerance < np.inf:
            msg = f"a tolerance must be a number of pixels, 0 or more, got {tolerance}."
            raise ValueError(msg)


def _borders(labels: LabelImage, cells: Sequence[int], side: str) -> tuple[Pixels, IntArray]:
    """Return the border pixels of the cells named, and where among them each name's are."""
    ids, rank = np.unique(np.array(cells, np.int64), return_inverse=True)
    border = border_pixels(cell_ranks(labels, ids), len(ids))
    absent = ids[np.diff(border.start) == 0]
    if absent.size:
        msg = f"no {side} cell has the id {absent[0]}; match these label images, not others."
        raise ValueError(msg)
    return border, rank


def _plain(labels: LabelImage) -> npt.NDArray[np.signedinteger[Any]]:
    """Return the labels in one of two types; large unsigned ones wrap, but none coincide."""
    return np.ascontiguousarray(labels).astype(np.int32 if labels.itemsize <= 4 else np.int64)


def _disc(radius: int, row_length: int) -> tuple[IntArray, FloatArray]:
    """Return the steps from a pixel to those around it in a flat image, and their distances.

    Nearest first.
    """
    reach = np.arange(-radius, radius + 1)
    distances = np.hypot(reach[:, None], reach)
    inside = distances <= radius
    order = np.argsort(distances[inside], kind="stable")
    steps = row_length * reach[:, None] + reach
    return steps[inside][order], distances[inside][order]


@compiled
def _count_by_step(
    boundary: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_], steps: IntArray
) -> tuple[IntArray, int]:
    """Count boundary pixels by the first step that leads to the other boundary, and in all."""
    counts = np.zeros(steps.size, np.int64)
    n_pixels = 0
    flat = other.ravel()
    for place, is_boundary in enumerate(boundary.ravel()):
        if is_boundary:
            n_pixels += 1
            for index, step in enumerate(steps):
                if flat[place + step]:
                    counts[index] += 1
                    break
    return counts, n_pixels
