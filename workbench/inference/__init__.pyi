from ._confidence import (
    agreement,
    mask_stability,
)
from ._config import (
    Decoder,
    DistanceDecoder,
    FlowDecoder,
    OfficialDecoder,
    PredictionConfig,
    StarConvexDecoder,
    WatershedDecoder,
)
from ._encoding import (
    Encoding,
)
from ._encodings import (
    ENCODINGS,
    find_encoding,
    fitting_decoder,
)
from ._flows import (
    FLOW_SCALE,
    FlowEncoding,
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
from ._star_convex import (
    StarConvexEncoding,
)
from ._three_class import (
    ThreeClassEncoding,
)
from ._three_class_distance import (
    ThreeClassDistanceEncoding,
)

__all__ = [
    "ENCODINGS",
    "FLOW_SCALE",
    "Decoder",
    "DistanceDecoder",
    "Encoding",
    "FlowDecoder",
    "FlowEncoding",
    "ModelCard",
    "ModelDescription",
    "OfficialDecoder",
    "PredictionConfig",
    "StarConvexDecoder",
    "StarConvexEncoding",
    "ThreeClassDistanceEncoding",
    "ThreeClassEncoding",
    "WatershedDecoder",
    "agreement",
    "find_encoding",
    "fitting_decoder",
    "load_network",
    "mask_stability",
    "predict_maps",
    "read_card",
    "segment_image",
    "supports_bf16",
    "use_best_device",
    "write_card",
    "write_weights",
]
