"""Weights that somebody else trained: read from files, and put into a network or refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.schema import InputError

if TYPE_CHECKING:
    import torch


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return tensors by name from a file or a folder, without executing anything in it.

    Parameters
    ----------
    path
        A ``.safetensors`` file, a file that ``torch.save`` wrote from a dict of tensors, or a
        folder of transformers (its ``*.safetensors``, else its ``pytorch_model*.bin``).

    Raises
    ------
    InputError
        If nothing is there, or it is no dict of tensors.
    """
    if path.is_dir():
        files = sorted(path.glob("*.safetensors")) or sorted(path.glob("pytorch_model*.bin"))
        if not files:
            msg = f"{path}: holds neither *.safetensors nor pytorch_model*.bin; give a file."
            raise InputError(msg)
        return {name: tensor for file in files for name, tensor in read_weights(file).items()}
    if not path.is_file():
        msg = f"{path}: no such file; give the path of a weights file, or None for random weights."
        raise InputError(msg)
    return _read_file(path)


def _read_file(path: Path) -> dict[str, torch.Tensor]:
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # A damaged or foreign file fails in many types; its name is what helps.
        msg = f"{path}: not readable as weights ({str(error).splitlines()[0]})."
        raise InputError(msg) from error
    if not isinstance(tensors, dict) or not all(map(torch.is_tensor, tensors.values())):
        msg = f"{path}: expected a dict of tensors (a state dict); save network.state_dict()."
        raise InputError(msg)
    return tensors


def put_weights(
    network: torch.nn.Module, weights: Mapping[str, torch.Tensor], *, source: str, cure: str
) -> None:
    """Load weights into a network, all of them, or refuse.

    Raises
    ------
    InputError
        If a weight lacks, is left over or has another shape; the message names the source, the
        first such weight, and the cure.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    for name in [*wanted, *given]:
        if wanted.get(name) != given.get(name):
            msg = (
                f"{source}: weight {name!r} should have shape {wanted.get(name, 'none')}, "
                f"has {given.get(name, 'none')}; {cure}"
            )
            raise InputError(msg)
    network.load_state_dict(dict(weights))
