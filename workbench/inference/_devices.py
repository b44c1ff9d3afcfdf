"""What networks run on: which device, what it is called, what it computes itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def use_best_device(network: torch.nn.Module) -> torch.nn.Module:
    """Move a network to the GPU if there is one, NVIDIA's or Apple's."""
    import torch

    if torch.cuda.is_available():
        return network.to("cuda")
    return network.to("mps" if torch.backends.mps.is_available() else "cpu")


def supports_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is computed by the hardware itself, not emulated.

    Emulated bfloat16 is slower than float32; native one is two to three times faster.
    """
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        has: Mapping[str, Any] = torch.cpu.get_capabilities()
        return bool(has.get("amx_bf16") or has.get("avx512_bf16") or has.get("bf16"))
    return False


def device_name(device: torch.device) -> str:
    """Return what a device is called: the GPU's name, or "CPU" with the threads in use."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    n_threads = torch.get_num_threads()
    return f"{device.type.upper()}, {n_threads} thread{'s' if n_threads > 1 else ''}"
