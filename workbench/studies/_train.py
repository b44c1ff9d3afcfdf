"""Stage "train": one network, one seed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.datasets import open_dataset, read_sample
from workbench.inference import ModelDescription
from workbench.schema import Sample
from workbench.studies._job_configs import JobConfig
from workbench.training import TrainingConfig, train_network


class TrainJob(JobConfig):
    """``02_train.ipynb``: train one network with one seed."""

    dataset: Path
    train_split: str = "train"
    validation_split: str = "val"
    model: str
    architecture: str
    settings: dict[str, Any] = {}
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


def train(
    job: TrainJob,
    samples: tuple[list[Sample], list[Sample]],
    on_epoch: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Train the network of a job and write it to ``job.output``.

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
    return train_network(
        ModelDescription(architecture=job.architecture, settings=job.settings),
        training,
        validation,
        config=job.training,
        seed=job.seed,
        folder=job.output,
        on_epoch=on_epoch,
    )
