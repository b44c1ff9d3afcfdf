"""The files on which the result of a job depends: part of its key."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.datasets import Dataset, Record
from workbench.schema import InputError
from workbench.studies._config import StudyConfig
from workbench.studies._evaluate import annotated

if TYPE_CHECKING:
    from workbench.studies._graph import Job


def files_read(job: Job, study: StudyConfig, dataset: Dataset) -> list[tuple[str, Path]]:
    """Return (what, path) of the files on which a job's result depends.

    Raises
    ------
    InputError
        If the data set lacks a split, labels or a folder that the job needs.
    """
    names = study.dataset
    match job.stage:
        case "explore":
            return _both(dataset.records) + [
                (json.dumps([record.image_id, record.split, dict(record.metadata)]), record.image)
                for record in dataset.records
            ]
        case "train":
            records = (*dataset.split(names.train), *dataset.split(names.validation))
            return _both(records, _dealt_by(job, study)) + _own_networks(job, study)
        case "predict":
            images = [
                (_named(record, _told_apart_by(job, study)), record.image)
                for record in dataset.split(names.test)
            ]
            return images + _from_elsewhere(job, study) + _own_networks(job, study)
        case "evaluate":
            return [
                (f"{record.image_id} {record.metadata.get('group', '')}", record.labels)
                for record in annotated(dataset.split(names.test))
                if record.labels
            ]
        case "compare":
            return []
        case "errors" | "calibrate":
            return _both(dataset.split(names.test)) + _to_calibrate_with(job, study, dataset)


def _to_calibrate_with(job: Job, study: StudyConfig, dataset: Dataset) -> list[tuple[str, Path]]:
    """Return what a calibration reads beside the images that are scored; nothing for others."""
    if job.stage != "calibrate":
        return []
    columns = (*_told_apart_by(job, study), "group")
    both = (*_to_calibrate_on(dataset, study), *annotated(dataset.split(study.dataset.test)))
    of_images = _both(both, columns)
    return of_images + _from_elsewhere(job, study) + _own_networks(job, study)


def _to_calibrate_on(dataset: Dataset, study: StudyConfig) -> list[Record]:
    """Return the validation images, on which a temperature is chosen."""
    try:
        return annotated(dataset.split(study.dataset.validation))
    except InputError as error:
        msg = (
            f"stage calibrate: {error} A temperature is chosen on validation images, never on "
            "those that are scored; without any, leave calibrate out of the stages."
        )
        raise InputError(msg) from error


def _both(records: Iterable[Record], columns: Iterable[str] = ()) -> list[tuple[str, Path]]:
    return [
        (_named(record, columns), path)
        for record in records
        for path in (record.image, record.labels)
        if path
    ]


def _named(record: Record, columns: Iterable[str]) -> str:
    """Return the id of an image, and what else is known of it that decides a result."""
    return "; ".join([record.image_id, *(f"{c}={record.metadata.get(c, '')}" for c in columns)])


def _dealt_by(job: Job, study: StudyConfig) -> tuple[str, ...]:
    """Return the metadata columns by which a training chooses its images."""
    if job.member is None:
        return ()
    model = study.models[job.member.model]
    group = "group" if model.fold is not None else ""
    return tuple(filter(None, (model.one_per, model.stratify_by, group)))


def _told_apart_by(job: Job, study: StudyConfig) -> tuple[str, ...]:
    """Return the metadata columns by which a prediction chooses its networks."""
    parts = study.network_models(job.member.model) if job.member else ()
    return tuple(dict.fromkeys(one_per for p in parts if (one_per := study.models[p].one_per)))


def _own_networks(job: Job, study: StudyConfig) -> list[tuple[str, Path]]:
    """Return the files of users' own networks that a job builds."""
    parts = study.network_models(job.member.model) if job.member else ()
    return [(part, file) for part in parts if (file := study.models[part].own_file)]


def _from_elsewhere(job: Job, study: StudyConfig) -> list[tuple[str, Path]]:
    """Return the folders that a prediction reads and no job of the study wrote."""
    if job.member is None:
        return []
    name = job.member.model
    found = [(part, study.models[part].checkpoint) for part in study.network_models(name)]
    found.append((name, study.models[name].predictions))
    folders = [(part, path) for part, path in found if path]
    for part, path in folders:
        if not path.exists():
            msg = f"models.{part}: {path}: no such folder; give the one that holds its files."
            raise InputError(msg)
    return folders
