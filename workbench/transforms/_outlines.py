"""Outlines of cells along pixel edges, for drawing over an image."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy
from skimage.measure import find_contours

from workbench.schema import LabelImage


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed polygons around one cell.

    ``rows`` and ``columns`` are pixel-centre coordinates (the outer edge of pixel 0 lies at
    -0.5); NaN separates the pieces of a cell in several pieces and its holes.
    """

    cell_id: int
    rows: npt.NDArray[np.float32]
    columns: npt.NDArray[np.float32]


def label_outlines(labels: LabelImage) -> list[Outline]:
    """Trace every cell of a label image.

    Parameters
    ----------
    labels
        Shape (height, width).

    Returns
    -------
    list of Outline
        By cell id; empty without cells.

    Examples
    --------
    >>> outline = label_outlines(np.pad(np.ones((2, 2), int), 2))[0]
    >>> float(np.nanmin(outline.rows)), float(np.nanmax(outline.rows))
    (1.5, 3.5)
    """
    ids = np.unique(labels[labels > 0])
    compact = np.searchsorted(ids, labels) + 1
    compact[labels == 0] = 0
    boxes = scipy.ndimage.find_objects(compact, max_label=len(ids))
    return [
        _outline(int(cell_id), compact[box] == rank, box)
        for rank, (cell_id, box) in enumerate(zip(ids, boxes, strict=True), start=1)
    ]


def _outline(cell_id: int, mask: npt.NDArray[np.bool_], box: tuple[slice, slice]) -> Outline:
    # At level 0.5 the contour cuts corners at 45 degrees and runs midway between pixel centres.
    contours = find_contours(np.pad(mask, 1).astype(np.float32), 0.5)
    gap = np.full((1, 2), np.nan)
    points = np.concatenate([part for contour in contours for part in (_corners(contour), gap)])
    offset = (box[0].start - 1, box[1].start - 1)
    placed = (points[:-1] + offset).astype(np.float32)
    return Outline(cell_id, placed[:, 0], placed[:, 1])


def _corners(contour: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Drop the points on straight runs: what is left draws the same line."""
    steps = np.diff(contour, axis=0)
    turns = np.any(np.abs(np.diff(steps, axis=0)) > 1e-9, axis=1)
    return contour[np.concatenate(([True], turns, [True]))]
