from ._otsu_watershed import OtsuWatershedConfig, otsu_watershed
from ._outputs import Outputs
from ._registry import (
    ARCHITECTURES,
    Architecture,
    build_network,
    find_architecture,
    read_settings,
)
from ._unet import UNetConfig

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "OtsuWatershedConfig",
    "Outputs",
    "UNetConfig",
    "build_network",
    "find_architecture",
    "otsu_watershed",
    "read_settings",
]
