from ._assignment import (
    best_assignment,
)
from ._calibration import (
    PixelCalibration,
    calibration_columns,
    pixel_calibration,
)
from ._calibration_regions import (
    boundary_band,
    calibration_regions,
)
from ._cell_errors import (
    CellErrors,
    Ignored,
    SideErrors,
    error_counts,
    ignored_cells,
    label_errors,
)
from ._cell_features import (
    CELL_FEATURES,
    cell_features,
)
from ._cells import (
    cell_columns,
)
from ._coco import (
    CocoMatches,
    CocoScores,
    coco_matches,
    coco_scores,
)
from ._compiled import (
    is_compiled,
)
from ._convention_reasons import (
    ConventionRow,
    compare_conventions,
)
from ._conventions import (
    CONVENTIONS,
    Convention,
    dataset_score,
    find_convention,
    score_convention,
)
from ._distance_scores import (
    distance_scores,
)
from ._error_terms import (
    ErrorTerm,
    error_terms,
)
from ._fault_trials import (
    Cause,
    PredictionCheck,
    Trial,
    check_prediction,
)
from ._image_quality import (
    ImageQuality,
    image_quality,
)
from ._intensities import (
    cell_intensity,
)
from ._matching import (
    Matches,
    match_instances,
    match_overlap,
    matched_pairs,
)
from ._measures import (
    MEASURES,
    Measure,
    find_measure,
)
from ._morphology import (
    cell_morphology,
)
from ._overlap import (
    Overlap,
    label_overlap,
)
from ._partitions import (
    BestPartners,
    Information,
    adapted_rand_error,
    aggregated_jaccard,
    best_partner_scores,
    label_information,
    seg_ctc,
)
from ._pixel_errors import (
    boundary_offsets,
    pixel_errors,
)
from ._prediction_faults import (
    CURES,
    Fault,
    prediction_faults,
)
from ._scores import (
    DEFAULT_IOU_THRESHOLDS,
    Score,
    image_scores,
)
from ._surfaces import (
    SurfaceScores,
    best_partner_hausdorff,
    boundary_f,
    surface_scores,
)

__all__ = [
    "CELL_FEATURES",
    "CONVENTIONS",
    "CURES",
    "DEFAULT_IOU_THRESHOLDS",
    "MEASURES",
    "BestPartners",
    "Cause",
    "CellErrors",
    "CocoMatches",
    "CocoScores",
    "Convention",
    "ConventionRow",
    "ErrorTerm",
    "Fault",
    "Ignored",
    "ImageQuality",
    "Information",
    "Matches",
    "Measure",
    "Overlap",
    "PixelCalibration",
    "PredictionCheck",
    "Score",
    "SideErrors",
    "SurfaceScores",
    "Trial",
    "adapted_rand_error",
    "aggregated_jaccard",
    "best_assignment",
    "best_partner_hausdorff",
    "best_partner_scores",
    "boundary_band",
    "boundary_f",
    "boundary_offsets",
    "calibration_columns",
    "calibration_regions",
    "cell_columns",
    "cell_features",
    "cell_intensity",
    "cell_morphology",
    "check_prediction",
    "coco_matches",
    "coco_scores",
    "compare_conventions",
    "dataset_score",
    "distance_scores",
    "error_counts",
    "error_terms",
    "find_convention",
    "find_measure",
    "ignored_cells",
    "image_quality",
    "image_scores",
    "is_compiled",
    "label_errors",
    "label_information",
    "label_overlap",
    "match_instances",
    "match_overlap",
    "matched_pairs",
    "pixel_calibration",
    "pixel_errors",
    "prediction_faults",
    "score_convention",
    "seg_ctc",
    "surface_scores",
]
