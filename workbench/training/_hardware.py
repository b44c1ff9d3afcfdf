"""What a training runs on: the choices that "auto" leaves to the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch

from workbench.inference import supports_bf16
from workbench.schema import InputError
from workbench.training._config import TrainingConfig

MOST_WORKERS = 8


@dataclass(frozen=True)
class Hardware:
    """Devices and precision, in Lightning's words.

    Attributes
    ----------
    accelerator
        "cpu", "cuda" or "mps".
    devices
        How many of them.
    precision
        "bf16-mixed", "16-mixed" or "32-true".
    loader_workers
        Processes that prepare views, for each device.
    """

    accelerator: str
    devices: int
    precision: str
    loader_workers: int

    @property
    def strategy(self) -> str:
        """How several devices work together; forked processes start in a notebook too."""
        if self.devices == 1:
            return "auto"
        return "ddp_fork" if hasattr(os, "fork") else "ddp_spawn"

    @property
    def deterministic(self) -> Any:
        """Whether every operation must repeat: some CUDA kernels sum in any order."""
        return True if self.accelerator == "cpu" else "warn"

    @property
    def name(self) -> str:
        """For people, e.g. "cpu", or "2 x NVIDIA H200"."""
        kind = torch.cuda.get_device_name() if self.accelerator == "cuda" else self.accelerator
        return kind if self.devices == 1 else f"{self.devices} x {kind}"


def chosen_hardware(config: TrainingConfig) -> Hardware:
    """Return what a training runs on here.

    Raises
    ------
    InputError
        If what the configuration asks for is not there.
    """
    accelerator = _accelerator(config)
    devices = _devices(config, accelerator)
    precision = _precision(config, accelerator, devices)
    return Hardware(accelerator, devices, precision, _workers(config, accelerator, devices))


def _accelerator(config: TrainingConfig) -> str:
    has = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if config.accelerator == "auto":
        return next(name for name, there in has.items() if there)
    if not has[config.accelerator]:
        msg = (
            f"training was to run on {config.accelerator!r}, and PyTorch finds none here; "
            "set accelerator to auto."
        )
        raise InputError(msg)
    return config.accelerator


def _devices(config: TrainingConfig, accelerator: str) -> int:
    there = torch.cuda.device_count() if accelerator == "cuda" else 1
    if config.devices == "auto":
        return there
    if accelerator != "cpu" and config.devices > there:
        msg = f"training was to run on {config.devices} devices, and {there} are here; set devices."
        raise InputError(msg)
    return config.devices


def _precision(config: TrainingConfig, accelerator: str, devices: int) -> str:
    if config.precision == "fp16":
        if accelerator != "cuda":
            msg = f"fp16 trains on CUDA only, not on {accelerator}; set precision to auto."
            raise InputError(msg)
        return "16-mixed"
    if config.precision == "auto":
        # Asking a GPU what it can would keep its process from being forked for several.
        asked = devices == 1 or accelerator == "cpu"
        native = supports_bf16(torch.device(accelerator)) if asked else True
        return "bf16-mixed" if native else "32-true"
    return {"bf16": "bf16-mixed", "fp32": "32-true"}[config.precision]


def _workers(config: TrainingConfig, accelerator: str, devices: int) -> int:
    if config.loader_workers != "auto":
        return config.loader_workers
    if accelerator == "cpu":
        return 0
    cores = os.cpu_count() or 1
    return min(MOST_WORKERS, max(1, cores // devices - 1))
