"""What must be known to run a network that came as an ONNX file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class OnnxConfig(BaseModel):
    """A network in ``model.onnx``, run by onnxruntime, which executes nothing but its operators.

    Attributes
    ----------
    channels
        Of the images that it takes.
    output
        "logits", or "probabilities" that sum to 1 over channels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: Literal[1, 3] = 3
    output: Literal["logits", "probabilities"] = "logits"
