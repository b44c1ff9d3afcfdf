"""Predictions of a study against its references."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.schema import InputError
from workbench.studies import EvaluateJob, conventions_of_image


@pytest.fixture
def job(small_dataset: Callable[..., Path], tmp_path: Path) -> EvaluateJob:
    """Labels of a small data set scored against themselves."""
    dataset = small_dataset()
    return EvaluateJob(
        dataset=dataset, model="m", predictions=dataset / "labels", output=tmp_path / "out"
    )


def test_conventions_agree_on_a_perfect_prediction(job: EvaluateJob) -> None:
    table = conventions_of_image(job, "im2").set_index(["convention", "measure"])
    assert table.loc[("stardist", "f1"), "value"] == table.loc[("workbench", "f1"), "value"] == 1


def test_an_image_that_is_not_there_is_named_with_some_that_are(job: EvaluateJob) -> None:
    message = "has no image 'im1' in split 'test'; there are 3, for example im2, im3, im4"
    with pytest.raises(InputError, match=message):
        conventions_of_image(job, "im1")
