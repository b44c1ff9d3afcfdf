"""Per-cell records: where each cell lies, whom it overlaps most, whom it is matched to."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from workbench.metrics._matching import match_overlap
from workbench.metrics._overlap import IntArray, Overlap
from workbench.schema import PRIMARY_IOU_THRESHOLD, LabelImage

Side = Literal["reference", "predicted"]


@dataclass(frozen=True)
class CellRecord:
    """One cell of one side; fields as :data:`workbench.schema.CELL_COLUMNS` defines them."""

    side: Side
    cell_id: int
    area_px: int
    row_px: float
    column_px: float
    top_px: int
    left_px: int
    bottom_px: int
    right_px: int
    touches_border: bool
    partner_id: int
    partner_iou: float
    matched_iou: float


def cell_records(
    reference: LabelImage, predicted: LabelImage, overlap: Overlap
) -> list[CellRecord]:
    """Describe every cell of both label images.

    Parameters
    ----------
    reference, predicted
        Label images, shape (height, width).
    overlap
        Their overlap table, from :func:`label_overlap`.

    Returns
    -------
    list of CellRecord
        Reference cells by id, then predicted cells by id; empty for two empty images.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> labels = np.array([[0, 5], [0, 5]])
    >>> record = cell_records(labels, labels, label_overlap(labels, labels))[0]
    >>> record.cell_id, record.row_px, record.column_px, record.matched_iou
    (5, 0.5, 1.0, 1.0)
    """
    matches = match_overlap(overlap, iou_threshold=PRIMARY_IOU_THRESHOLD)
    matched_reference = {ref: iou for ref, _, iou in matches.pairs}
    matched_predicted = {pred: iou for _, pred, iou in matches.pairs}
    return [
        *_side_records("reference", reference, overlap, matched_reference),
        *_side_records("predicted", predicted, overlap, matched_predicted),
    ]


def _side_records(
    side: Side, labels: LabelImage, overlap: Overlap, matched: dict[int, float]
) -> list[CellRecord]:
    if side == "reference":
        ids, areas, own, other = (
            overlap.reference_ids,
            overlap.reference_areas,
            overlap.reference_index,
            overlap.predicted_ids[overlap.predicted_index],
        )
    else:
        ids, areas, own, other = (
            overlap.predicted_ids,
            overlap.predicted_areas,
            overlap.predicted_index,
            overlap.reference_ids[overlap.reference_index],
        )
    if not ids.size:
        return []
    partner_ids, partner_ious = _best_partners(own, other, overlap.iou, len(ids))
    rows, columns, boxes = _places(labels, ids, areas)
    height, width = labels.shape
    return [
        CellRecord(
            side=side,
            cell_id=int(cell_id),
            area_px=int(areas[i]),
            row_px=float(rows[i]),
            column_px=float(columns[i]),
            top_px=box[0].start,
            left_px=box[1].start,
            bottom_px=box[0].stop,
            right_px=box[1].stop,
            touches_border=(
                box[0].start == 0
                or box[1].start == 0
                or box[0].stop == height
                or box[1].stop == width
            ),
            partner_id=int(partner_ids[i]),
            partner_iou=float(partner_ious[i]),
            matched_iou=matched.get(int(cell_id), float("nan")),
        )
        for i, (cell_id, box) in enumerate(zip(ids, boxes, strict=True))
    ]


def _best_partners(
    own: IntArray, other: IntArray, iou: npt.NDArray[np.float64], n_cells: int
) -> tuple[IntArray, npt.NDArray[np.float64]]:
    """Return the id and IoU of each cell's best partner, 0 where nothing overlaps."""
    # Ascending IoU, so that the largest is written last; ties go to the smaller id.
    order = np.lexsort((-other, iou))
    partner_ids = np.zeros(n_cells, np.int64)
    partner_ious = np.zeros(n_cells)
    partner_ids[own[order]] = other[order]
    partner_ious[own[order]] = iou[order]
    return partner_ids, partner_ious


def _places(
    labels: LabelImage, ids: IntArray, areas: IntArray
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[tuple[slice, slice]]]:
    """Return centroid rows, centroid columns and bounding boxes, in the order of ids."""
    row, column = np.nonzero(labels)
    rank = np.searchsorted(ids, labels[row, column])
    rows = np.bincount(rank, weights=row, minlength=len(ids)) / areas
    columns = np.bincount(rank, weights=column, minlength=len(ids)) / areas
    compact = np.zeros(labels.shape, np.int32)
    compact[row, column] = rank + 1
    return rows, columns, ndimage.find_objects(compact)
