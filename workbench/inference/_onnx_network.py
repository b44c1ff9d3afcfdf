"""A network from an ONNX file, in the place of one of our own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workbench.models import OnnxConfig, Outputs
from workbench.schema import InputError

if TYPE_CHECKING:
    import torch

ONNX_FILE: Final = "model.onnx"
TRIAL_PX: Final = 256
"""Side of the square on which a network is tried that takes any size."""


@dataclass(frozen=True)
class OnnxShape:
    """What an ONNX network takes and gives.

    Attributes
    ----------
    channels
        Of its images.
    maps
        Channels of its output.
    fixed_px
        Height and width if it takes this size alone, else None.
    """

    channels: int
    maps: int
    fixed_px: tuple[int, int] | None


def onnx_session(path: Path) -> Any:
    """Open an ONNX file in onnxruntime, without its operators being anything but ONNX's own.

    Raises
    ------
    InputError
        If onnx or onnxruntime are not installed, or the file is damaged, keeps weights in other
        files or uses operators that are not ONNX's.
    """
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        msg = f"{path}: needs {error.name}: pip install 'cell-segmentation-workbench[export]'."
        raise InputError(msg) from None
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:
        # protobuf fails in types of its own.
        msg = f"{path}: not an ONNX file ({type(error).__name__}); export it again."
        raise InputError(msg) from error
    outside = onnx.TensorProto.EXTERNAL
    if any(tensor.data_location == outside for tensor in model.graph.initializer):
        msg = f"{path}: keeps its weights in other files; save it as one file."
        raise InputError(msg)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        # onnxruntime fails in a dozen types of its own.
        text = " ".join(str(error).split())
        msg = f"{path}: onnxruntime can't run it ({text:.200}); export it again."
        raise InputError(msg) from error


def onnx_shape(path: Path) -> OnnxShape:
    """Find out what an ONNX network takes and gives, by running it on a grey square.

    Raises
    ------
    InputError
        If it can't be opened, or does not map one image (batch, channels, height, width) to maps
        of its size.
    """
    session = onnx_session(path)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    if len(inputs) != 1 or len(outputs) != 1 or len(shape) != 4 or shape[1] not in (1, 3):
        found = [tuple(value.shape) for value in (*inputs, *outputs)]
        msg = (
            f"{path}: expected one input (batch, 1 or 3, height, width) and one output, got {found}"
            "; such a network can't be used here."
        )
        raise InputError(msg)
    sides = tuple(side if isinstance(side, int) else TRIAL_PX for side in shape[2:])
    fixed = all(isinstance(side, int) for side in shape[2:])
    grey = np.full((1, shape[1], *sides), 0.5, np.float32)
    try:
        (maps,) = session.run(None, {inputs[0].name: grey})
    except Exception as error:
        text = " ".join(str(error).split())
        msg = f"{path}: fails on an image of {sides[0]} x {sides[1]} ({text:.200})."
        raise InputError(msg) from error
    if maps.ndim != 4 or maps.shape[2:] != sides:
        msg = f"{path}: maps {grey.shape} to {maps.shape}; expected maps of the same size."
        raise InputError(msg)
    return OnnxShape(shape[1], maps.shape[1], (sides[0], sides[1]) if fixed else None)


def onnx_network(path: Path, config: OnnxConfig) -> torch.nn.Module:
    """Return an ONNX file as a network that maps images to :class:`Outputs`; it can't be trained.

    Parameters
    ----------
    path
        The file.
    config
        What its output is. The logarithm of probabilities takes the place of logits, since a
        softmax turns it back into them.

    Raises
    ------
    InputError
        If the file can't be opened; in use, if an image is not of the size it takes.
    """
    import torch
    from torch import nn

    session = onnx_session(path)
    entry = session.get_inputs()[0]
    fixed = entry.shape[2:] if all(isinstance(side, int) for side in entry.shape[2:]) else None

    class OnnxNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            # Says where images go: onnxruntime runs on the CPU, whatever this moves to.
            self.place = nn.Parameter(torch.zeros(1), requires_grad=False)

        def forward(self, images: torch.Tensor) -> Outputs:
            if fixed is not None and list(images.shape[2:]) != fixed:
                height, width = images.shape[2:]
                msg = (
                    f"{path}: takes images of {fixed[0]} x {fixed[1]} alone, got {height} x "
                    f"{width}; set prediction.window_px to {fixed[0]}."
                )
                raise InputError(msg)
            given = images[:, : config.channels].float().cpu().numpy()
            maps = [
                session.run(None, {entry.name: image[np.newaxis]})[0][0] for image in given
            ]  # one by one: many files fix the batch at 1
            found = torch.from_numpy(np.stack(maps)).to(images.device)
            return Outputs(found.clamp_min(1e-7).log() if config.output != "logits" else found)

    return OnnxNetwork().eval()
