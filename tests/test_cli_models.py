"""The commands ``workbench models ...``, as a user types them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from workbench.cli import app
from workbench.inference import ModelCard, ModelDescription, write_card, write_weights
from workbench.schema import InputError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one model in its gallery."""
    monkeypatch.chdir(tmp_path)
    description = ModelDescription(architecture="unet", settings={"channels": [4, 8]})
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    write_card(folder, ModelCard(name="mine", description=description, licence="MIT"))
    write_weights(folder / "best.safetensors", description.build())
    return tmp_path


def workbench_models(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["models", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_an_empty_place_says_how_models_get_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "No trained models in runs, models. `workbench run` trains" in workbench_models("list")


def test_a_model_is_listed_shown_exported_and_imported(here: Path) -> None:
    listed = workbench_models("list")
    assert "models/mine" in listed
    assert "MIT" in listed
    assert "best.safetensors" in workbench_models("show", "models/mine")
    assert "Written: out.zip" in workbench_models("export", "models/mine", "out.zip")
    told = workbench_models("import", "out.zip", "--name", "theirs")
    assert "In a study: `checkpoint: models/theirs`" in told
    assert (here / "models" / "theirs" / "best.safetensors").is_file()


def test_an_exported_network_says_what_it_takes_and_gives(here: Path) -> None:
    told = workbench_models("export", "models/mine", "out.onnx", "--format", "onnx")
    assert "Takes images of any size. Gives background, interior, boundary." in told
    assert "percentiles 1 and 99.8" in told


def test_architectures_tell_how_to_install_what_is_lacking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    told = workbench_models("list", "--architectures")
    assert "U-Net with residual units" in told
    assert "pip install deepcell" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "nowhere"], "nowhere: no such folder"),
        (["show", "nowhere"], r"holds no model\.json"),
        (["export", "models/mine", "a.zip", "--format", "zip"], "there are folder, torchscript"),
        (["import", "nowhere.zip"], "no such file or folder"),
    ],
)
def test_a_mistake_is_told_with_its_cure(here: Path, arguments: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        workbench_models(*arguments)
