"""How sure a prediction is of each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage, LabelImage
from workbench.transforms import BOUNDARY, INTERIOR, overlapping_cells, three_class_target

if TYPE_CHECKING:
    from workbench.inference._encoding import Encoding

PerCell = npt.NDArray[np.float32]
"""One value a cell, in the order of ids 1 to n."""

STABILITY_THRESHOLDS: Final = (0.4, 0.6)


def mean_in_cells(
    values: FloatImage, labels: LabelImage, *, where: npt.NDArray[np.bool_] | None = None
) -> PerCell:
    """Return the mean of a map in each cell; NaN for a cell without a pixel.

    Parameters
    ----------
    values, labels
        Shape (height, width), labels numbered from 1.
    where
        Pixels that count; all by default.

    Examples
    --------
    >>> mean_in_cells(np.array([[0.2, 0.4, 1, 1]]), np.array([[1, 1, 2, 0]]))
    array([0.3, 1. ], dtype=float32)
    """
    n_cells = int(labels.max(initial=0))
    counted = labels if where is None else np.where(where, labels, 0)
    sums = np.bincount(counted.ravel(), weights=values.ravel(), minlength=n_cells + 1)[1:]
    areas = np.bincount(counted.ravel(), minlength=n_cells + 1)[1:]
    means = np.full(n_cells, np.nan)
    np.divide(sums, areas, out=means, where=areas > 0)
    return means.astype(np.float32)


def rim_confidence(boundary: FloatImage, labels: LabelImage) -> PerCell:
    """Return the mean boundary probability on the rim of each cell.

    The rim is what :func:`workbench.transforms.three_class_target` calls boundary: the outermost
    ring of pixels.

    Parameters
    ----------
    boundary, labels
        Shape (height, width).

    Returns
    -------
    ndarray of float32
        One value a cell; NaN for one without a rim, as it fills the whole image.
    """
    return mean_in_cells(boundary, labels, where=three_class_target(labels) == BOUNDARY)


def class_confidences(maps: FloatImage, labels: LabelImage) -> Mapping[str, PerCell]:
    """Return "interior" and "interior_and_rim" of maps that hold the three classes.

    The mean probability, in each cell, of being within a cell (interior + boundary); and that
    times the mean probability of boundary on the cell's rim, see :func:`rim_confidence`.
    """
    interior = mean_in_cells(maps[..., INTERIOR] + maps[..., BOUNDARY], labels)
    return {
        "interior": interior,
        "interior_and_rim": interior * rim_confidence(maps[..., BOUNDARY], labels),
    }


def mask_stability(
    encoding: Encoding, maps: FloatImage, decoder: Any, labels: LabelImage
) -> PerCell:
    """Return how little the mask of each cell depends on the foreground threshold.

    Parameters
    ----------
    encoding, maps
        What was predicted.
    decoder
        How it became cells; it is used again with the foreground thresholds 0.4 and 0.6.
    labels
        The cells, shape (height, width), numbered from 1.

    Returns
    -------
    ndarray of float32
        One value a cell: of the masks at 0.4 and at 0.6 that have the largest IoU with the cell,
        the IoU with each other; 0 if either is missing. NaN for all cells if the decoder has no
        foreground threshold.

    Examples
    --------
    >>> from workbench.inference import ENCODINGS, WatershedDecoder
    >>> encoding, labels = ENCODINGS["three_class"], np.pad(np.ones((8, 8), np.int32), 4)
    >>> maps = encoding.perfect(encoding.encode(labels))
    >>> mask_stability(encoding, maps, WatershedDecoder(), labels)
    array([1.], dtype=float32)
    """
    n_cells = int(labels.max(initial=0))
    if not hasattr(decoder, "foreground_threshold"):
        return np.full(n_cells, np.nan, np.float32)
    wide, narrow = (
        encoding.decode(maps, decoder.model_copy(update={"foreground_threshold": threshold}))
        for threshold in STABILITY_THRESHOLDS
    )
    first, second = (_best_partners(labels, other)[0] for other in (wide, narrow))
    pairs, found = overlapping_cells(wide, narrow)
    ious = dict(zip(map(tuple, pairs.tolist()), found.tolist(), strict=True))
    partners = zip(first.tolist(), second.tolist(), strict=True)
    return np.array([ious.get(pair, 0) for pair in partners], np.float32)


def agreement(labels: LabelImage, others: Sequence[LabelImage]) -> PerCell:
    """Return how well other predictions of the same image agree with each cell.

    Parameters
    ----------
    labels
        The cells, shape (height, width), numbered from 1.
    others
        Label images of the members of an ensemble, or of the turned image.

    Returns
    -------
    ndarray of float32
        One value a cell: the mean, over the others, of the IoU with the best cell there. NaN
        without others.

    Examples
    --------
    >>> labels = np.array([[1, 1, 0, 2]])
    >>> agreement(labels, [labels, np.array([[5, 0, 0, 0]])])
    array([0.75, 0.5 ], dtype=float32)
    """
    n_cells = int(labels.max(initial=0))
    if not others:
        return np.full(n_cells, np.nan, np.float32)
    best = [_best_partners(labels, other)[1] for other in others]
    return np.asarray(np.mean(best, axis=0), np.float32)


def _best_partners(
    labels: LabelImage, other: LabelImage
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return, for each cell, the cell of largest IoU and that IoU; 0 and 0 without any."""
    n_cells = int(labels.max(initial=0))
    partners, best = np.zeros(n_cells, np.int64), np.zeros(n_cells)
    pairs, ious = overlapping_cells(labels, other)
    # The last that is written counts: the largest, and of equals the first.
    rising = np.argsort(-ious, kind="stable")[::-1]
    cells = pairs[rising, 0] - 1
    partners[cells], best[cells] = pairs[rising, 1], ious[rising]
    return partners, best
