from ._augmentation import AugmentationConfig, random_view
from ._crops import cell_crops
from ._intensity import normalise_percentiles, to_grey, to_three_channels
from ._outlines import Outline, label_outlines
from ._targets import BACKGROUND, BOUNDARY, INTERIOR, three_class_target

__all__ = [
    "BACKGROUND",
    "BOUNDARY",
    "INTERIOR",
    "AugmentationConfig",
    "Outline",
    "cell_crops",
    "label_outlines",
    "normalise_percentiles",
    "random_view",
    "three_class_target",
    "to_grey",
    "to_three_channels",
]
