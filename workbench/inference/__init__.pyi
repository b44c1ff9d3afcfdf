from ._config import (
    Decoder,
    OfficialDecoder,
    PredictionConfig,
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
from ._export import (
    EXPORT_FORMS,
    Exported,
    ExportForm,
    export_model,
)
from ._export_network import (
    Sizes,
    map_names,
    maps_network,
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
from ._onnx_network import (
    ONNX_FILE,
    OnnxShape,
    onnx_shape,
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
    "EXPORT_FORMS",
    "ONNX_FILE",
    "Decoder",
    "Encoding",
    "ExportForm",
    "Exported",
    "ModelCard",
    "ModelDescription",
    "OfficialDecoder",
    "OnnxShape",
    "PredictionConfig",
    "Sizes",
    "ThreeClassEncoding",
    "TrainedNetwork",
    "WatershedDecoder",
    "export_model",
    "find_encoding",
    "fitting_decoder",
    "load_network",
    "map_names",
    "maps_network",
    "onnx_shape",
    "predict_maps",
    "read_card",
    "segment_image",
    "supports_bf16",
    "use_best_device",
    "write_card",
    "write_weights",
]
