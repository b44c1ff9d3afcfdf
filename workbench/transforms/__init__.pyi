from ._augmentation import (
    AUGMENTATIONS,
    AugmentationConfig,
    random_view,
)
from ._compiled import (
    compiled,
)
from ._crops import (
    cell_crops,
)
from ._degradation import (
    DEGRADATION_KINDS,
    DEGRADATIONS,
    Degradation,
    DegradationKind,
    check_level,
    degrade_image,
    is_stained,
)
from ._injected_errors import (
    INJECTED_KINDS,
    InjectedError,
    InjectedKind,
    inject_errors,
)
from ._intensity import (
    EqualiseBy,
    equalise_adaptive,
    normalise_percentiles,
    to_grey,
    to_three_channels,
    to_unit_range,
)
from ._jitter import (
    jitter_labels,
)
from ._orientation import (
    ORIENTATIONS,
    Orientation,
)
from ._outlines import (
    Outline,
    label_outlines,
)
from ._preparation import (
    PREPARATIONS,
    Preparation,
    prepare_image,
    prepare_labels,
    restore_labels,
)
from ._resampling import (
    ResampledLabels,
    resample_image,
    resample_labels,
    resampled_size,
)
from ._shared_pixels import (
    overlapping_cells,
)
from ._target_distances import (
    cell_distances,
    distance_target,
)
from ._target_flows import (
    flow_target,
)
from ._target_stars import (
    N_RAYS,
    ray_directions,
    star_target,
)
from ._targets import (
    BACKGROUND,
    BOUNDARY,
    INTERIOR,
    three_class_target,
)
from ._window_labels import (
    JoinedLabels,
    join_label_windows,
)
from ._windows import (
    Window,
    cut_windows,
    join_windows,
)

__all__ = [
    "AUGMENTATIONS",
    "BACKGROUND",
    "BOUNDARY",
    "DEGRADATIONS",
    "DEGRADATION_KINDS",
    "INJECTED_KINDS",
    "INTERIOR",
    "N_RAYS",
    "ORIENTATIONS",
    "PREPARATIONS",
    "AugmentationConfig",
    "Degradation",
    "DegradationKind",
    "EqualiseBy",
    "InjectedError",
    "InjectedKind",
    "JoinedLabels",
    "Orientation",
    "Outline",
    "Preparation",
    "ResampledLabels",
    "Window",
    "cell_crops",
    "cell_distances",
    "check_level",
    "compiled",
    "cut_windows",
    "degrade_image",
    "distance_target",
    "equalise_adaptive",
    "flow_target",
    "inject_errors",
    "is_stained",
    "jitter_labels",
    "join_label_windows",
    "join_windows",
    "label_outlines",
    "normalise_percentiles",
    "overlapping_cells",
    "prepare_image",
    "prepare_labels",
    "random_view",
    "ray_directions",
    "resample_image",
    "resample_labels",
    "resampled_size",
    "restore_labels",
    "star_target",
    "three_class_target",
    "to_grey",
    "to_three_channels",
    "to_unit_range",
]
