from ._audit import (
    audit_gallery,
)
from ._audit_overview import (
    audit_overview,
)
from ._data import (
    count_agreement,
    image_gallery,
)
from ._embedding import (
    component_scatter,
)
from ._facts import (
    cell_facts,
    image_facts,
)
from ._feature_maps import (
    feature_map_gallery,
    receptive_field,
)
from ._overlays import (
    overlay_figure,
    overlay_row,
)
from ._pareto import (
    pareto,
)
from ._scores import (
    cells_by_area,
    measure_curves,
    paired_differences,
    score_by_cell_count,
    score_by_threshold,
    score_distributions,
)
from ._training import (
    class_map,
    map_gallery,
    training_curves,
)

__all__ = [
    "audit_gallery",
    "audit_overview",
    "cell_facts",
    "cells_by_area",
    "class_map",
    "component_scatter",
    "count_agreement",
    "feature_map_gallery",
    "image_facts",
    "image_gallery",
    "map_gallery",
    "measure_curves",
    "overlay_figure",
    "overlay_row",
    "paired_differences",
    "pareto",
    "receptive_field",
    "score_by_cell_count",
    "score_by_threshold",
    "score_distributions",
    "training_curves",
]
