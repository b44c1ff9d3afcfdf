"""The per-cell table of one image: where each cell lies, its best partner, its match."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.metrics._cell_errors import CellErrors, label_errors
from workbench.metrics._matching import matched_pairs
from workbench.metrics._overlap import FloatArray, IntArray, Overlap
from workbench.schema import PRIMARY_IOU_THRESHOLD

Columns = dict[str, npt.NDArray[Any]]


def cell_columns(
    overlap: Overlap,
    *,
    errors: CellErrors | None = None,
    offsets_px: tuple[FloatArray, FloatArray] | None = None,
    confidences: Mapping[int, float] | None = None,
) -> Columns:
    """Describe every cell of both label images.

    Parameters
    ----------
    overlap
        Of two-dimensional label images, from :func:`label_overlap`.
    errors
        What became of the cells; by default :func:`label_errors` says.
    offsets_px
        Of reference and predicted cells, from :func:`boundary_offsets`; NaN by default, for the
        overlap table alone does not hold outlines.
    confidences
        Of predicted cells by id, where the model gives any.

    Returns
    -------
    dict of str to ndarray
        The columns of :data:`workbench.schema.CELL_COLUMNS` that belong to a cell, one entry per
        cell: reference cells by id, then predicted cells by id. Empty for two empty images.

    Raises
    ------
    ValueError
        If the label images are not two-dimensional.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> labels = np.array([[0, 5], [0, 5]])
    >>> cells = cell_columns(label_overlap(labels, labels))
    >>> cells["cell_id"], cells["row_px"], cells["column_px"], cells["matched_iou"]
    (array([5, 5]), array([0.5, 0.5]), array([1., 1.]), array([1., 1.]))
    """
    if len(overlap.shape) != 2:
        msg = (
            f"the per-cell table is for two-dimensional label images, got {len(overlap.shape)} "
            "dimensions; score volumes without it, or plane by plane."
        )
        raise ValueError(msg)
    iou = overlap.iou
    told = errors or label_errors(overlap)
    chosen = matched_pairs(overlap, iou_threshold=PRIMARY_IOU_THRESHOLD)
    scores = [(confidences or {}).get(int(cell), np.nan) for cell in overlap.predicted_ids]
    reference = _side(
        overlap,
        overlap.reference_ids,
        overlap.reference_areas,
        overlap.reference_boxes,
        overlap.reference_centroids,
    ) | {
        "side": np.full(len(overlap.reference_ids), "reference", object),
        "confidence": np.full(len(overlap.reference_ids), np.nan),
    }
    predicted = _side(
        overlap,
        overlap.predicted_ids,
        overlap.predicted_areas,
        overlap.predicted_boxes,
        overlap.predicted_centroids,
    ) | {
        "side": np.full(len(overlap.predicted_ids), "predicted", object),
        "confidence": np.array(scores, np.float64),
    }
    reference |= _partners(
        overlap.reference_index, overlap.predicted_ids[overlap.predicted_index], iou, reference
    )
    predicted |= _partners(
        overlap.predicted_index, overlap.reference_ids[overlap.reference_index], iou, predicted
    )
    reference["matched_iou"][overlap.reference_index[chosen]] = iou[chosen]
    predicted["matched_iou"][overlap.predicted_index[chosen]] = iou[chosen]
    for place, (side, cells) in enumerate(
        ((told.reference, reference), (told.predicted, predicted))
    ):
        cells |= {
            "outcome": side.outcomes,
            "detail": side.details,
            "event": side.event,
            "boundary_offset_px": np.full(len(side.event), np.nan)
            if offsets_px is None
            else offsets_px[place],
        }
    return {name: np.concatenate([reference[name], predicted[name]]) for name in reference}


def _side(
    overlap: Overlap,
    ids: IntArray,
    areas: IntArray,
    boxes: IntArray,
    centroids: npt.NDArray[np.float64],
) -> Columns:
    """Return what a side's cells are without the other side."""
    height, width = overlap.shape
    top, left, bottom, right = boxes.T
    return {
        "cell_id": ids,
        "area_px": areas,
        "row_px": centroids[:, 0],
        "column_px": centroids[:, 1],
        "top_px": top,
        "left_px": left,
        "bottom_px": bottom,
        "right_px": right,
        "touches_border": (top == 0) | (left == 0) | (bottom == height) | (right == width),
    }


def _partners(
    own: IntArray, other_ids: IntArray, iou: npt.NDArray[np.float64], side: Columns
) -> Columns:
    """Return for each cell the other side's cell of largest IoU, 0 and 0.0 where none overlaps."""
    n_cells = len(side["cell_id"])
    # The first of each cell's pairs, largest IoU first; of equals, the lowest id.
    order = np.lexsort((other_ids, -iou, own))
    cells, first = np.unique(own[order], return_index=True)
    best = order[first]
    partner_id = np.zeros(n_cells, np.int64)
    partner_iou = np.zeros(n_cells)
    partner_id[cells] = other_ids[best]
    partner_iou[cells] = iou[best]
    return {
        "partner_id": partner_id,
        "partner_iou": partner_iou,
        "matched_iou": np.full(n_cells, np.nan),
    }
