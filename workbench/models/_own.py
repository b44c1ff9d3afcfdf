"""A user's own network: one function ``build`` in one file."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.errors import PydanticSchemaGenerationError

from workbench.models._outputs import Outputs
from workbench.models._sized import cut_to_size, padded_to_multiple
from workbench.schema import InputError

if TYPE_CHECKING:
    import torch

FUNCTION: Final = "build"
GIVEN: Final = ("in_channels", "out_channels")
MULTIPLE_PX: Final = 32


def load_function(path: Path) -> Callable[..., torch.nn.Module]:
    """Return the function ``build`` of a file. This runs the file: it is the user's own.

    Raises
    ------
    InputError
        If the file is missing, fails when run, or has no function ``build`` that takes
        in_channels and out_channels.
    """
    if not path.is_file():
        msg = f"{path}: no such file; `architecture: FILE.py` names a file with `def {FUNCTION}`."
        raise InputError(msg)
    found = importlib.util.spec_from_file_location(f"workbench_own_{path.stem}", path)
    if found is None or found.loader is None:
        msg = f"{path}: not a Python file; its name must end in .py."
        raise InputError(msg)
    module = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except Exception as error:
        # It is the user's code: what it raises is what they need to see.
        msg = f"{path}: fails when it is run ({type(error).__name__}: {error})."
        raise InputError(msg) from error
    function = getattr(module, FUNCTION, None)
    if not callable(function) or not set(GIVEN) <= set(inspect.signature(function).parameters):
        msg = (
            f"{path}: needs a function `{FUNCTION}(*, in_channels, out_channels, ...)` that "
            "returns a torch.nn.Module."
        )
        raise InputError(msg)
    built: Callable[..., torch.nn.Module] = function
    return built


def own_settings(path: Path) -> type[BaseModel]:
    """Return the settings of a file's network: what ``build`` takes beside the channels.

    Its annotations and defaults are those of the function.

    Raises
    ------
    InputError
        If the file can't be used.
    """
    function = load_function(path)
    try:
        hints = get_type_hints(function)
        fields: dict[str, Any] = {
            name: (
                hints.get(name, Any),
                ... if parameter.default is inspect.Parameter.empty else parameter.default,
            )
            for name, parameter in inspect.signature(function).parameters.items()
            if name not in GIVEN
        }
        return create_model(
            f"{path.stem}.{FUNCTION}",
            __config__=ConfigDict(frozen=True, extra="forbid"),
            **fields,
        )
    except (NameError, TypeError, PydanticSchemaGenerationError) as error:
        msg = f"{path}: the parameters of `{FUNCTION}` can't be read as settings ({error})."
        raise InputError(msg) from error


def build_own(
    path: Path, config: BaseModel, *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return the network of a file, made to take images of any size and to give `Outputs`.

    Its own input has height and width that are multiples of 32; it may return logits of that
    size, or :class:`Outputs`.

    Raises
    ------
    InputError
        If ``build`` returns something else than a module, or the module something else than
        logits of the size of its input.
    """
    from torch import nn

    body = load_function(path)(in_channels=in_channels, out_channels=out_channels, **dict(config))
    if not isinstance(body, nn.Module):
        msg = f"{path}: `{FUNCTION}` returned {type(body).__name__}, expected a torch.nn.Module."
        raise InputError(msg)

    class OwnNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body

        def forward(self, images: torch.Tensor) -> Outputs:
            padded = padded_to_multiple(images, MULTIPLE_PX)
            given = self.body(padded)
            outputs = given if isinstance(given, Outputs) else Outputs(given)
            expected = (len(images), out_channels, *padded.shape[-2:])
            if tuple(outputs.logits.shape) != expected:
                msg = (
                    f"{path}: the network returned shape {tuple(outputs.logits.shape)} for images "
                    f"{tuple(padded.shape)}; expected logits of shape {expected}."
                )
                raise InputError(msg)
            return cut_to_size(outputs, images.shape[-2:])

    return OwnNetwork()
