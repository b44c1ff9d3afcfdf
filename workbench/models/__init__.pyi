from ._mask2former import (
    Mask2FormerConfig,
)
from ._maunet import (
    MAUNetConfig,
)
from ._otsu_watershed import (
    OtsuWatershedConfig,
    otsu_watershed,
)
from ._outputs import (
    Outputs,
)
from ._registry import (
    ARCHITECTURES,
    Architecture,
    build_network,
    find_architecture,
    read_settings,
)
from ._sac import (
    SacConfig,
    SamEncoderSize,
)
from ._segformer import (
    SegformerConfig,
)
from ._sized import (
    cut_to_size,
    padded_to_levels,
    padded_to_multiple,
)
from ._swin_unetr import (
    SwinUNETRConfig,
)
from ._unet import (
    UNetConfig,
)

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "MAUNetConfig",
    "Mask2FormerConfig",
    "OtsuWatershedConfig",
    "Outputs",
    "SacConfig",
    "SamEncoderSize",
    "SegformerConfig",
    "SwinUNETRConfig",
    "UNetConfig",
    "build_network",
    "cut_to_size",
    "find_architecture",
    "otsu_watershed",
    "padded_to_levels",
    "padded_to_multiple",
    "read_settings",
]
