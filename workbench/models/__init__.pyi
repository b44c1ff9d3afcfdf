from ._architecture import (
    Architecture,
)
from ._deep_unet import (
    DeeperUNetConfig,
    DeepUNetConfig,
)
from ._lstm_unet import (
    LSTMUNetConfig,
)
from ._mask2former import (
    Mask2FormerConfig,
)
from ._maunet import (
    MAUNetConfig,
)
from ._nnunet import (
    NNUNET_TRAINING,
    NnUNetConfig,
)
from ._onnx import (
    OnnxConfig,
)
from ._otsu_watershed import (
    OtsuWatershedConfig,
    otsu_watershed,
)
from ._outputs import (
    Outputs,
)
from ._outside import (
    OUTSIDE_METHODS,
)
from ._outside_bioimageio import (
    BioimageioConfig,
)
from ._outside_cellpose import (
    CellposeConfig,
)
from ._outside_instanseg import (
    InstansegConfig,
)
from ._outside_mesmer import (
    MesmerConfig,
)
from ._outside_stardist import (
    StardistConfig,
)
from ._registry import (
    ARCHITECTURES,
    build_network,
    find_architecture,
    is_installed,
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
    padded_to_multiple,
)
from ._swin_unetr import (
    SwinUNETRConfig,
)
from ._tiny_cnn import (
    TinyCNNConfig,
    receptive_field_px,
)
from ._unet import (
    UNetConfig,
)

__all__ = [
    "ARCHITECTURES",
    "NNUNET_TRAINING",
    "OUTSIDE_METHODS",
    "Architecture",
    "BioimageioConfig",
    "CellposeConfig",
    "DeepUNetConfig",
    "DeeperUNetConfig",
    "InstansegConfig",
    "LSTMUNetConfig",
    "MAUNetConfig",
    "Mask2FormerConfig",
    "MesmerConfig",
    "NnUNetConfig",
    "OnnxConfig",
    "OtsuWatershedConfig",
    "Outputs",
    "SacConfig",
    "SamEncoderSize",
    "SegformerConfig",
    "StardistConfig",
    "SwinUNETRConfig",
    "TinyCNNConfig",
    "UNetConfig",
    "build_network",
    "cut_to_size",
    "find_architecture",
    "is_installed",
    "otsu_watershed",
    "padded_to_multiple",
    "read_settings",
    "receptive_field_px",
]
