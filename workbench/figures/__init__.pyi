from ._agreement import (
    bias_forest,
    bland_altman,
)
from ._audit import (
    audit_gallery,
)
from ._audit_overview import (
    audit_overview,
)
from ._budget_changes import (
    budget_difference,
    budget_over_thresholds,
)
from ._comparison import (
    metric_comparison,
)
from ._critical_difference import (
    critical_difference_diagram,
)
from ._data import (
    count_agreement,
    image_gallery,
)
from ._difference_places import (
    difference_places,
)
from ._duel import (
    duel_bars,
)
from ._embedding import (
    component_scatter,
)
from ._error_budget import (
    error_budget_bars,
    error_budget_dots,
)
from ._facts import (
    cell_facts,
    image_facts,
)
from ._failure_slices import (
    failure_forest,
)
from ._feature_maps import (
    feature_map_gallery,
    receptive_field,
)
from ._overlays import (
    overlay_figure,
    overlay_row,
)
from ._pair_differences import (
    paired_differences,
)
from ._pair_matrix import (
    pair_matrix,
)
from ._pareto import (
    pareto,
)
from ._raincloud import (
    raincloud,
)
from ._ranks import (
    rank_distribution,
    rank_multiverse,
)
from ._regression import (
    regression_coefficients,
    residual_quantiles,
)
from ._reliability import (
    confidence_gaps,
    reliability_diagram,
    risk_coverage_curve,
)
from ._review import (
    difficulty_map,
    review_curve,
)
from ._robustness import (
    degradation_curves,
    error_response_curves,
)
from ._scores import (
    cells_by_area,
    measure_curves,
    score_by_cell_count,
    score_by_threshold,
    score_distributions,
)
from ._slices import (
    interaction_plot,
    slice_forest,
)
from ._training import (
    class_map,
    map_gallery,
    training_curves,
)
from ._two_experts import (
    BackedCells,
    Backing,
    expert_crop,
    expert_disagreement,
    expert_scores,
)
from ._waterfall import (
    loss_waterfall,
)

__all__ = [
    "BackedCells",
    "Backing",
    "audit_gallery",
    "audit_overview",
    "bias_forest",
    "bland_altman",
    "budget_difference",
    "budget_over_thresholds",
    "cell_facts",
    "cells_by_area",
    "class_map",
    "component_scatter",
    "confidence_gaps",
    "count_agreement",
    "critical_difference_diagram",
    "degradation_curves",
    "difference_places",
    "difficulty_map",
    "duel_bars",
    "error_budget_bars",
    "error_budget_dots",
    "error_response_curves",
    "expert_crop",
    "expert_disagreement",
    "expert_scores",
    "failure_forest",
    "feature_map_gallery",
    "image_facts",
    "image_gallery",
    "interaction_plot",
    "loss_waterfall",
    "map_gallery",
    "measure_curves",
    "metric_comparison",
    "overlay_figure",
    "overlay_row",
    "pair_matrix",
    "paired_differences",
    "pareto",
    "raincloud",
    "rank_distribution",
    "rank_multiverse",
    "receptive_field",
    "regression_coefficients",
    "reliability_diagram",
    "residual_quantiles",
    "review_curve",
    "risk_coverage_curve",
    "score_by_cell_count",
    "score_by_threshold",
    "score_distributions",
    "slice_forest",
    "training_curves",
]
