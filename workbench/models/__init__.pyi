from ._deep_unet import (
    DeeperUNetConfig,
    DeepUNetConfig,
)
from ._lstm_unet import (
    LSTMUNetConfig,
)
from ._maunet import (
    MAUNetConfig,
)
from ._nnunet import (
    NNUNET_TRAINING,
    NnUNetConfig,
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
from ._sized import (
    cut_to_size,
    padded_to_multiple,
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
    "Architecture",
    "DeepUNetConfig",
    "DeeperUNetConfig",
    "LSTMUNetConfig",
    "MAUNetConfig",
    "NnUNetConfig",
    "OtsuWatershedConfig",
    "Outputs",
    "SacConfig",
    "SamEncoderSize",
    "TinyCNNConfig",
    "UNetConfig",
    "build_network",
    "cut_to_size",
    "find_architecture",
    "otsu_watershed",
    "padded_to_multiple",
    "read_settings",
    "receptive_field_px",
]
