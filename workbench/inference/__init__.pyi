from ._config import (
    Decoder,
    OfficialDecoder,
    PredictionConfig,
    WatershedDecoder,
)
from ._cost import (
    NetworkCost,
    device_name,
    network_cost,
)
from ._encoding import (
    Encoding,
)
from ._encodings import (
    ENCODINGS,
    find_encoding,
    fitting_decoder,
)
from ._fusion import (
    fuse_labels,
)
from ._maps import (
    predict_maps,
    supports_bf16,
    use_best_device,
)
from ._model_files import (
    ModelCard,
    ModelDescription,
    TrainedNetwork,
    load_network,
    read_card,
    write_card,
    write_weights,
)
from ._prediction import (
    Prediction,
    segment_image,
)
from ._three_class import (
    ThreeClassEncoding,
)

__all__ = [
    "ENCODINGS",
    "Decoder",
    "Encoding",
    "ModelCard",
    "ModelDescription",
    "NetworkCost",
    "OfficialDecoder",
    "Prediction",
    "PredictionConfig",
    "ThreeClassEncoding",
    "TrainedNetwork",
    "WatershedDecoder",
    "device_name",
    "find_encoding",
    "fitting_decoder",
    "fuse_labels",
    "load_network",
    "network_cost",
    "predict_maps",
    "read_card",
    "segment_image",
    "supports_bf16",
    "use_best_device",
    "write_card",
    "write_weights",
]
