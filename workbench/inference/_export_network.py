"""A trained network as one function from image to maps, written as TorchScript or ONNX."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from workbench.inference._encodings import find_encoding
from workbench.inference._onnx_network import onnx_session
from workbench.schema import InputError
from workbench.transforms import N_RAYS

if TYPE_CHECKING:
    import torch

MAP_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "three_class": ("background", "interior", "boundary"),
    "three_class_distance": ("background", "interior", "boundary", "distance"),
    "star_convex": ("object_probability", *(f"ray_{n}_px" for n in range(N_RAYS))),
    "flows": ("foreground", "flow_row", "flow_column"),
}
"""What the channels of maps are called, by encoding."""

ODD_PX: Final = (137, 171)
"""Size at which a network is recorded first: no multiple of anything, so that padding is too."""

FIXED_PX: Final = (256, 256)
OTHER_PX: Final = (310, 99)
"""Higher than wide and larger than the others, in case a recorded choice depends on either."""

STEP_PX: Final = 32
ONNX_OPSET: Final = 17
TOLERANCE: Final = 1e-3
"""Relative and absolute: what runtimes differ by adds up over the layers of large networks."""


@dataclass(frozen=True)
class Sizes:
    """Which images an exported network takes.

    Attributes
    ----------
    multiple_px
        Height and width are multiples of this: 1 for any size, 0 for :attr:`fixed_px` alone.
    fixed_px
        The size at which the network was recorded.

    Examples
    --------
    >>> print(Sizes(1, (137, 171)), Sizes(32, (256, 256)), Sizes(0, (256, 256)), sep="; ")
    any size; heights and widths that are multiples of 32; 256 x 256 alone
    """

    multiple_px: int
    fixed_px: tuple[int, int]

    def __str__(self) -> str:
        if self.multiple_px == 1:
            return "any size"
        if self.multiple_px:
            return f"heights and widths that are multiples of {self.multiple_px}"
        return f"{self.fixed_px[0]} x {self.fixed_px[1]} alone"


def in_brief(maps: Sequence[str]) -> str:
    """Return the names of maps as a text that stays short.

    Examples
    --------
    >>> in_brief(MAP_NAMES["flows"])
    'foreground, flow_row, flow_column'
    >>> in_brief(MAP_NAMES["star_convex"])
    'object_probability, ray_0_px, ..., ray_31_px'
    """
    named = maps if len(maps) <= 4 else (*maps[:2], "...", maps[-1])
    return ", ".join(named)


def maps_network(network: torch.nn.Module, encoding: str) -> torch.nn.Module:
    """Return a network that maps images to activated maps, both (batch, channels, height, width).

    Parameters
    ----------
    network
        Maps images to :class:`workbench.models.Outputs`.
    encoding
        What its logits mean.
    """
    from torch import nn

    meaning = find_encoding(encoding)

    class Maps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return meaning.activate(self.network(images).logits)

    return Maps().eval()


def write_torchscript(network: torch.nn.Module, path: Path, *, in_channels: int) -> Sizes:
    """Write a network as TorchScript, and check it against the network itself.

    Returns
    -------
    Sizes
        Of images for which both gave the same maps.

    Raises
    ------
    InputError
        If it can't be recorded, or gives other maps.
    """
    return _write_checked(network, path, in_channels, form="TorchScript")


def write_onnx(network: torch.nn.Module, path: Path, *, in_channels: int) -> Sizes:
    """Write a network as ONNX, and check it in onnxruntime against the network itself.

    The input is called "images", the output "maps".

    Returns
    -------
    Sizes
        Of images for which both gave the same maps.

    Raises
    ------
    InputError
        If onnx or onnxruntime are not installed, the network can't be recorded, or gives other
        maps.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        msg = f"ONNX needs {error.name}: pip install 'cell-segmentation-workbench[export]'."
        raise InputError(msg) from None
    return _write_checked(network, path, in_channels, form="ONNX")


def _write_checked(network: torch.nn.Module, path: Path, in_channels: int, *, form: str) -> Sizes:
    """Record at an odd size, else at a round one; find out by trial which sizes then work."""
    write, run = (_trace, _run_torchscript) if form == "TorchScript" else (_to_onnx, _run_onnx)
    trials = (
        (Sizes(1, ODD_PX), (ODD_PX, FIXED_PX, OTHER_PX)),
        (Sizes(STEP_PX, FIXED_PX), (FIXED_PX, (192, 320))),
        (Sizes(0, FIXED_PX), (FIXED_PX,)),
    )
    found = "it gives other maps than the network"
    for sizes, tried in trials:
        try:
            with _quiet():
                write(network, _noise(in_channels, sizes.fixed_px), path)
                written = run(path)
                if all(_agree(network, written, _noise(in_channels, size)) for size in tried):
                    return sizes
        except Exception as error:  # noqa: BLE001 - recorders fail in many types; the last is told
            found = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]:.200}"
    path.unlink(missing_ok=True)
    msg = f"this network can't be exported as {form}: {found}."
    raise InputError(msg)


def _noise(in_channels: int, size_px: tuple[int, int]) -> torch.Tensor:
    import torch

    return torch.rand(1, in_channels, *size_px, generator=torch.Generator().manual_seed(0))


def _agree(
    network: torch.nn.Module,
    written: Callable[[torch.Tensor], torch.Tensor],
    images: torch.Tensor,
) -> bool:
    import torch

    with torch.no_grad():
        expected = network(images)
        found = written(images)
    return found.shape == expected.shape and torch.allclose(
        found, expected, rtol=TOLERANCE, atol=TOLERANCE
    )


def _trace(network: torch.nn.Module, images: torch.Tensor, path: Path) -> None:
    import torch

    with torch.no_grad():
        recorded: Any = torch.jit.trace(  # type: ignore[no-untyped-call]
            network, images, check_trace=False
        )
        recorded.save(str(path))


def _run_torchscript(path: Path) -> Callable[[torch.Tensor], torch.Tensor]:
    """Load what was written a moment ago; TorchScript of strangers is never loaded."""
    import torch

    loaded: Callable[[torch.Tensor], torch.Tensor] = torch.jit.load(  # type: ignore[no-untyped-call]
        str(path), map_location="cpu"
    )
    return loaded


def _to_onnx(network: torch.nn.Module, images: torch.Tensor, path: Path) -> None:
    import torch

    sides = {0: "batch", 2: "height", 3: "width"}
    # By tracing: torch.export asks for networks without any branch on the size of the image.
    torch.onnx.export(
        network,
        (images,),
        str(path),
        dynamo=False,
        input_names=["images"],
        output_names=["maps"],
        dynamic_axes={"images": sides, "maps": sides},
        opset_version=ONNX_OPSET,
    )


def _run_onnx(path: Path) -> Callable[[torch.Tensor], torch.Tensor]:
    import torch

    session = onnx_session(path)

    def run(images: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(session.run(None, {"images": images.numpy()})[0])

    return run


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence recorders: trial decides, and whole graphs that torch prints tell users nothing."""
    with warnings.catch_warnings(), patch("torch._C._jit_onnx_log", create=True):
        warnings.simplefilter("ignore")
        yield
