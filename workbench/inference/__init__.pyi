from ._config import DecoderConfig, PredictionConfig
from ._encodings import ENCODINGS, Encoding, ThreeClassEncoding
from ._model_files import ModelDescription, load_network, save_description
from ._prediction import (
    predict_probabilities,
    segment_image,
    supports_bf16,
    use_best_device,
)

__all__ = [
    "ENCODINGS",
    "DecoderConfig",
    "Encoding",
    "ModelDescription",
    "PredictionConfig",
    "ThreeClassEncoding",
    "load_network",
    "predict_probabilities",
    "save_description",
    "segment_image",
    "supports_bf16",
    "use_best_device",
]
