from ._cells import CellRecord, cell_records
from ._matching import Matches, match_instances, match_overlap
from ._overlap import Overlap, label_overlap
from ._scores import (
    DEFAULT_IOU_THRESHOLDS,
    INSTANCE_METRICS,
    PIXEL_METRICS,
    Score,
    image_scores,
)

__all__ = [
    "DEFAULT_IOU_THRESHOLDS",
    "INSTANCE_METRICS",
    "PIXEL_METRICS",
    "CellRecord",
    "Matches",
    "Overlap",
    "Score",
    "cell_records",
    "image_scores",
    "label_overlap",
    "match_instances",
    "match_overlap",
]
