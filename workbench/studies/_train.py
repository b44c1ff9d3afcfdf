"""Stage "train": one network, one seed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.analysis import DataFingerprint, fingerprint, suggested_crop_px
from workbench.datasets import open_dataset, read_sample
from workbench.inference import ModelCard, ModelDescription
from workbench.schema import Sample
from workbench.store import write_text
from workbench.studies._job_configs import JobConfig
from workbench.studies._survey import survey_samples
from workbench.training import TrainingConfig, train_network

FINGERPRINT: Final = "fingerprint.json"


class TrainJob(JobConfig):
    """``02_train.ipynb``: train one network with one seed."""

    dataset: Path
    train_split: str = "train"
    validation_split: str = "val"
    model: str
    architecture: str
    settings: dict[str, Any] = {}
    encoding: str = "three_class"
    training: TrainingConfig = TrainingConfig()
    seed: int = 0
    output: Path


def training_samples(job: TrainJob) -> tuple[list[Sample], list[Sample]]:
    """Read the images that a training uses.

    Returns
    -------
    tuple
        Training samples and validation samples.

    Raises
    ------
    InputError
        If a split is empty or a file can't be read.
    """
    dataset = open_dataset(job.dataset)
    return (
        [read_sample(record) for record in dataset.split(job.train_split)],
        [read_sample(record) for record in dataset.split(job.validation_split)],
    )


def training_fingerprint(training: Sequence[Sample]) -> DataFingerprint:
    """Return the training images in numbers."""
    survey = survey_samples(training)
    return fingerprint(survey.images, survey.cells)


def settled_training(job: TrainJob, training: Sequence[Sample]) -> TrainingConfig:
    """Return how a network is trained, with what the training images decide decided."""
    if job.training.crop_px != "auto":
        return job.training
    crop_px = suggested_crop_px(training_fingerprint(training))
    return job.training.model_copy(update={"crop_px": crop_px})


def train(
    job: TrainJob,
    samples: tuple[list[Sample], list[Sample]],
    on_epoch: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Train the network of a job and write it to ``job.output``, beside the data's fingerprint.

    Parameters
    ----------
    job
        What to train.
    samples
        From :func:`training_samples`.
    on_epoch
        Called with a line of text after each epoch.

    Returns
    -------
    DataFrame
        The history, one row per epoch.
    """
    training, validation = samples
    job.output.mkdir(parents=True, exist_ok=True)
    text = training_fingerprint(training).model_dump_json(indent=2)
    write_text(job.output / FINGERPRINT, text + "\n")
    return train_network(
        ModelCard(
            name=job.model,
            description=ModelDescription(
                architecture=job.architecture, settings=job.settings, encoding=job.encoding
            ),
        ),
        training,
        validation,
        config=settled_training(job, training),
        seed=job.seed,
        folder=job.output,
        on_epoch=on_epoch,
    )
