"""Stage "train": the network of a model with one seed, or one for each value of a column."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.analysis import DataFingerprint, fingerprint, suggested_crop_px
from workbench.datasets import Record, SplitConfig, assign_splits, open_dataset, read_sample
from workbench.inference import ModelCard, ModelDescription
from workbench.schema import InputError, Sample
from workbench.store import FileHashes, write_text
from workbench.studies._job_configs import JobConfig
from workbench.studies._model_checks import column_value
from workbench.studies._model_config import merged
from workbench.studies._networks import ModelFolder, open_model_folder, write_one_per
from workbench.studies._survey import survey_samples
from workbench.training import PLANNERS, TrainingConfig, read_history, train_network

FINGERPRINT: Final = "fingerprint.json"
PLAN: Final = "plan.json"


class TrainJob(JobConfig):
    """``02_train.ipynb``: train one network with one seed.

    The keys are those of a model in a study, see :class:`workbench.studies.ModelConfig`.
    """

    dataset: Path
    train_split: str = "train"
    validation_split: str = "val"
    fold: int | None = None
    n_folds: int = 5
    stratify_by: str = ""
    one_per: str = ""
    model: str
    architecture: str
    settings: dict[str, Any] = {}
    fixed: tuple[str, ...] = ()
    encoding: str = "three_class"
    training: TrainingConfig = TrainingConfig()
    licence: str = ""
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
        If a split is empty, images can't be dealt into the folds, or a file can't be read.
    """
    training, validation = _records(job)
    return [read_sample(record) for record in training], [read_sample(r) for r in validation]


def _records(job: TrainJob) -> tuple[list[Record], list[Record]]:
    dataset = open_dataset(job.dataset)
    training = list(dataset.split(job.train_split))
    validation = list(dataset.split(job.validation_split))
    if job.fold is None:
        return training, validation
    both = {record.image_id: record for record in (*training, *validation)}
    table = pd.DataFrame(
        [{**record.metadata, "image_id": image_id} for image_id, record in both.items()]
    )
    config = SplitConfig(
        folds=job.n_folds,
        fold=job.fold,
        shares={"train": 1.0},
        stratify_by=job.stratify_by or None,
        group_by="group" if "group" in table else None,
    )
    # What a cross-validation calls its test set decides here which weights are best.
    held_out = assign_splits(table, config) == "test"
    return (
        [both[image_id] for image_id in held_out.index[~held_out]],
        [both[image_id] for image_id in held_out.index[held_out]],
    )


def training_fingerprint(training: Sequence[Sample]) -> DataFingerprint:
    """Return the training images in numbers."""
    survey = survey_samples(training)
    return fingerprint(survey.images, survey.cells)


def settled(job: TrainJob, found: DataFingerprint) -> TrainJob:
    """Return a job with what the training images decide decided.

    That is what the architecture's planner proposes and the study does not fix, and the side of
    the views where it is "auto".
    """
    if job.architecture in PLANNERS:
        plan = PLANNERS[job.architecture](found)
        job = job.model_copy(
            update={
                "settings": merged(_free(plan.settings, "settings", job), job.settings),
                "training": TrainingConfig.model_validate(
                    job.training.model_dump() | _free(plan.training, "training", job)
                ),
            }
        )
    if job.training.crop_px == "auto":
        training = job.training.model_copy(update={"crop_px": suggested_crop_px(found)})
        job = job.model_copy(update={"training": training})
    return job


def _free(planned: Mapping[str, Any], room: str, job: TrainJob) -> dict[str, Any]:
    return {key: value for key, value in planned.items() if f"{room}.{key}" not in job.fixed}


def train(
    job: TrainJob,
    samples: tuple[list[Sample], list[Sample]],
    on_epoch: Callable[[str], None] = print,
    on_row: Callable[[pd.DataFrame], None] = lambda _: None,
) -> dict[str, pd.DataFrame]:
    """Train what a job asks for and write it to ``job.output``.

    Beside each network lie the fingerprint of its training images, the plan where its
    architecture has a planner, and what the training took.

    Parameters
    ----------
    job
        What to train.
    samples
        From :func:`training_samples`.
    on_epoch
        Called with a line of text after each epoch.
    on_row
        Called with the history so far after each epoch.

    Returns
    -------
    dict
        The history of each network, one row per epoch, by what the network is called.

    Raises
    ------
    InputError
        If a column is missing, or one of its values has training images but none to validate on.
    """
    job.output.mkdir(parents=True, exist_ok=True)
    facts = _data_facts(job)
    for value, (folder, part) in _parts(job, samples).items():
        if value:
            on_epoch(f"{job.one_per} {value}: {len(part[0])} images")
        _train_one(job, part, folder, facts=facts | _counts(part), on_epoch=on_epoch, on_row=on_row)
    return training_histories(job.output, f"{job.model}-{job.seed}")


def training_histories(folder: Path, name: str) -> dict[str, pd.DataFrame]:
    """Return the history of each network in a model folder, by what the network is called."""
    histories = {
        f"{name}, {value}" if value else name: read_history(path)
        for value, path in open_model_folder(folder).folders.items()
    }
    return {name: history for name, history in histories.items() if len(history)}


def trained_for(job: TrainJob, sample: Sample) -> Path:
    """Return the folder of the network that a finished job trained for images like this one."""
    found = open_model_folder(job.output)
    return found.folders[found.value_for(sample.metadata)]


def _parts(
    job: TrainJob, samples: tuple[list[Sample], list[Sample]]
) -> dict[str, tuple[Path, tuple[list[Sample], list[Sample]]]]:
    """Return folder and images of each network to train, by the value it is for."""
    if not job.one_per:
        return {"": (job.output, samples)}
    values = sorted({_value(sample, job.one_per) for sample in samples[0]})
    lacking = set(values) - {_value(sample, job.one_per) for sample in samples[1]}
    if lacking:
        msg = (
            f"one_per: {job.one_per} {', '.join(sorted(lacking))}: no validation image has it; "
            "move some there, or validate on a fold with `stratify_by`."
        )
        raise InputError(msg)
    found: ModelFolder = write_one_per(job.output, job.one_per, values)
    return {
        value: (
            folder,
            (
                [sample for sample in samples[0] if _value(sample, job.one_per) == value],
                [sample for sample in samples[1] if _value(sample, job.one_per) == value],
            ),
        )
        for value, folder in found.folders.items()
    }


def _value(sample: Sample, column: str) -> str:
    return column_value(column, sample.image_id, sample.metadata, key="one_per")


def _train_one(
    job: TrainJob,
    samples: tuple[list[Sample], list[Sample]],
    folder: Path,
    *,
    facts: Mapping[str, Any],
    on_epoch: Callable[[str], None],
    on_row: Callable[[pd.DataFrame], None],
) -> None:
    training, validation = samples
    folder.mkdir(parents=True, exist_ok=True)
    found = training_fingerprint(training)
    write_text(folder / FINGERPRINT, found.model_dump_json(indent=2) + "\n")
    if job.architecture in PLANNERS:
        plan = PLANNERS[job.architecture](found).model_dump_json(indent=2)
        write_text(folder / PLAN, plan + "\n")
    job = settled(job, found)
    description = ModelDescription(
        architecture=job.architecture, settings=job.settings, encoding=job.encoding
    )
    train_network(
        ModelCard(name=job.model, description=description, licence=job.licence, data=dict(facts)),
        training,
        validation,
        config=job.training,
        seed=job.seed,
        folder=folder,
        on_epoch=on_epoch,
        on_row=on_row,
    )


def _data_facts(job: TrainJob) -> dict[str, Any]:
    """Return what a model card says of the data: their name, content and use."""
    training, validation = _records(job)
    hashes = FileHashes()
    content = [
        (record.image_id, hashes.of(path))
        for record in (*training, *validation)
        for path in (record.image, record.labels)
        if path
    ]
    facts: dict[str, Any] = {
        "name": open_dataset(job.dataset).name,
        "sha256": hashlib.sha256(json.dumps(content).encode()).hexdigest(),
        "splits": {"train": job.train_split, "validation": job.validation_split},
    }
    if job.fold is not None:
        facts["fold"] = f"{job.fold} of {job.n_folds}"
    return facts


def _counts(samples: tuple[list[Sample], list[Sample]]) -> dict[str, Any]:
    training, validation = samples
    return {
        "n_images": {"train": len(training), "validation": len(validation)},
        "n_cells": {"train": _n_cells(training), "validation": _n_cells(validation)},
    }


def _n_cells(samples: Sequence[Sample]) -> int:
    found = (np.unique(s.reference) for s in samples if s.reference is not None)
    return sum(int(np.count_nonzero(ids)) for ids in found)
