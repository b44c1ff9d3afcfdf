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
from ._model_files import (
    ModelCard,
    ModelDescription,
    load_network,
    read_card,
    write_card,
    write_weights,
)
from ._prediction import (
    predict_maps,
    segment_image,
    supports_bf16,
    use_best_device,
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
    "PredictionConfig",
    "ThreeClassEncoding",
    "WatershedDecoder",
    "device_name",
    "find_encoding",
    "fitting_decoder",
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
