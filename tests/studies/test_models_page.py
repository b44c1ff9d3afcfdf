"""docs/models.md is true: its own network trains by following the page."""

import re
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.conftest import REPOSITORY
from workbench.inference import ENCODINGS
from workbench.models import ARCHITECTURES
from workbench.studies import TrainJob, read_study, train, training_samples

PAGE = (REPOSITORY / "docs" / "models.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(text)


def test_a_network_of_ones_own_trains_by_following_the_page(
    tmp_path: Path, small_dataset: Callable[..., Path]
) -> None:
    (tmp_path / "my_network.py").write_text(block("python"))
    text = yaml.safe_load(block("yaml"))
    text["models"]["mine"]["training"] = {"epochs": 1, "crop_px": 64, "validate_every": 1}
    study_file = tmp_path / "study.yaml"
    study_file.write_text(yaml.safe_dump({"name": "own", "dataset": str(small_dataset()), **text}))

    study = read_study(study_file)
    model = study.models["mine"]
    job = TrainJob(
        dataset=study.dataset.path,
        model="mine",
        architecture=model.architecture,
        settings=model.settings,
        training=model.training,
        output=tmp_path / "mine-0",
    )
    train(job, training_samples(job), on_epoch=str)
    assert (job.output / "best.safetensors").is_file()


def test_the_page_names_every_model_and_every_encoding() -> None:
    missing = [name for name in (*ARCHITECTURES, *ENCODINGS) if f"`{name}`" not in PAGE]
    assert missing == ["onnx"]  # not chosen by name but by `models import`
