"""What training runs on, by configuration and by what the machine has."""

import pytest
import torch

from workbench.schema import InputError
from workbench.training import TrainingConfig
from workbench.training._hardware import chosen_hardware


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Return a function that gives the machine GPUs."""

    def give(*, gpus: int = 0, mps: bool = False, cores: int = 16) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(
            torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation
        )
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr("os.cpu_count", lambda: cores)

    return give


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ({"gpus": 1, "mps": True}, ("cuda", 1, "32-true", 8)),
        ({"gpus": 1, "cores": 4}, ("cuda", 1, "32-true", 3)),
        ({"mps": True}, ("mps", 1, "32-true", 8)),
    ],
)
def test_auto_takes_the_best_that_is_there(machine, there: dict, chosen: tuple) -> None:
    machine(**there)
    found = chosen_hardware(TrainingConfig())
    assert (found.accelerator, found.devices, found.precision, found.loader_workers) == chosen


def test_a_cpu_prepares_views_by_itself(machine) -> None:
    machine()
    found = chosen_hardware(TrainingConfig(precision="bf16"))
    assert (found.accelerator, found.loader_workers, found.precision) == ("cpu", 0, "bf16-mixed")
    assert found.strategy == "auto"


def test_all_gpus_train_as_one(machine) -> None:
    machine(gpus=4)
    found = chosen_hardware(TrainingConfig(devices="auto"))
    assert (found.devices, found.loader_workers) == (4, 3)
    assert found.strategy.startswith("ddp")


def test_fp16_is_for_cuda(machine) -> None:
    machine(gpus=1)
    assert chosen_hardware(TrainingConfig(precision="fp16")).precision == "16-mixed"
    with pytest.raises(InputError, match="fp16 trains on CUDA only, not on cpu"):
        chosen_hardware(TrainingConfig(precision="fp16", accelerator="cpu"))


def test_what_is_not_there_is_refused(machine) -> None:
    machine(gpus=1)
    with pytest.raises(InputError, match="2 devices, and 1 are here"):
        chosen_hardware(TrainingConfig(devices=2))
    with pytest.raises(InputError, match="'mps', and PyTorch finds none here"):
        chosen_hardware(TrainingConfig(accelerator="mps"))
