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
from ._cost import (
    NetworkCost,
    network_cost,
)
from ._decoded_maps import (
    decode_maps,
)
from ._devices import (
    device_name,
    supports_bf16,
    use_best_device,
)
from ._encoding import (
    Encoding,
)
from ._encodings import (
    ENCODINGS,
    find_encoding,
    fitting_decoder,
)
from ._export import (
    EXPORT_FORMS,
    Exported,
    ExportForm,
    export_model,
)
from ._export_network import (
    MAP_NAMES,
    Sizes,
)
from ._flows import (
    FLOW_SCALE,
    FlowEncoding,
)
from ._fusion import (
    fuse_labels,
)
from ._maps import (
    predict_maps,
)
from ._model_files import (
    CARD_FILE,
    WEIGHTS_FILE,
    ModelCard,
    ModelDescription,
    TrainedNetwork,
    load_network,
    read_card,
    write_card,
    write_weights,
)
from ._onnx_network import (
    ONNX_FILE,
    OnnxShape,
    onnx_shape,
)
from ._prediction import (
    Prediction,
    segment_image,
)
from ._star_convex import (
    StarConvexEncoding,
)
from ._temperature import (
    PROBABILITY_CLASSES,
    class_probabilities,
    fit_temperature,
    reference_classes,
    tempered,
)
from ._three_class import (
    ThreeClassEncoding,
)
from ._three_class_distance import (
    ThreeClassDistanceEncoding,
)

__all__ = [
    "CARD_FILE",
    "ENCODINGS",
    "EXPORT_FORMS",
    "FLOW_SCALE",
    "MAP_NAMES",
    "ONNX_FILE",
    "PROBABILITY_CLASSES",
    "WEIGHTS_FILE",
    "Decoder",
    "DistanceDecoder",
    "Encoding",
    "ExportForm",
    "Exported",
    "FlowDecoder",
    "FlowEncoding",
    "ModelCard",
    "ModelDescription",
    "NetworkCost",
    "OfficialDecoder",
    "OnnxShape",
    "Prediction",
    "PredictionConfig",
    "Sizes",
    "StarConvexDecoder",
    "StarConvexEncoding",
    "ThreeClassDistanceEncoding",
    "ThreeClassEncoding",
    "TrainedNetwork",
    "WatershedDecoder",
    "agreement",
    "class_probabilities",
    "decode_maps",
    "device_name",
    "export_model",
    "find_encoding",
    "fit_temperature",
    "fitting_decoder",
    "fuse_labels",
    "load_network",
    "mask_stability",
    "network_cost",
    "onnx_shape",
    "predict_maps",
    "read_card",
    "reference_classes",
    "segment_image",
    "supports_bf16",
    "tempered",
    "use_best_device",
    "write_card",
    "write_weights",
]
