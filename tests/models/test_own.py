"""A user's own network joins by one function in one file."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from workbench.models import build_network, find_architecture, read_settings
from workbench.schema import InputError

SIMPLE = """
from torch import nn

def build(*, in_channels: int, out_channels: int, width: int = 8) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, out_channels, 1),
    )
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(SIMPLE)
    return path


def test_a_file_with_a_function_is_an_architecture(own: Path) -> None:
    import torch

    assert find_architecture(str(own)).trainable
    network = build_network(str(own), {"width": 4}, in_channels=2, out_channels=3)
    assert network.body[0].out_channels == 4
    assert network(torch.rand(2, 2, 45, 33)).logits.shape == (2, 3, 45, 33)


def test_its_parameters_are_its_settings(own: Path) -> None:
    assert read_settings(str(own), {}).model_dump() == {"width": 8}
    with pytest.raises(ValidationError, match="Extra inputs"):
        read_settings(str(own), {"widht": 4})
    with pytest.raises(ValidationError, match="valid integer"):
        read_settings(str(own), {"width": "broad"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def built(): ...", r"mine\.py: needs a function `build\(\*, in_channels, out_channels"),
        ("def build(width): ...", r"mine\.py: needs a function `build\(\*, in_channels"),
        ("import nothing_of_this_name", r"mine\.py: fails when it is run \(ModuleNotFoundError"),
        ("def build(:", r"mine\.py: fails when it is run \(SyntaxError"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(own: Path, text: str, message: str) -> None:
    own.write_text(text)
    with pytest.raises(InputError, match=message):
        find_architecture(str(own))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.py: no such file; `architecture: FILE\.py`"):
        find_architecture(str(tmp_path / "none.py"))


def test_what_is_no_module_is_refused(own: Path) -> None:
    own.write_text("def build(*, in_channels, out_channels): return 3")
    with pytest.raises(InputError, match=r"`build` returned int, expected a torch\.nn\.Module"):
        build_network(str(own), {}, in_channels=3, out_channels=3)


def test_logits_of_another_size_are_refused(own: Path) -> None:
    import torch

    own.write_text(SIMPLE.replace("nn.ReLU()", "nn.MaxPool2d(2)"))
    network = build_network(str(own), {}, in_channels=3, out_channels=3)
    with pytest.raises(InputError, match=r"expected logits of shape \(1, 3, 32, 64\)"):
        network(torch.rand(1, 3, 32, 64))
