"""A study to a graph of notebook jobs, each with the hash of all it depends on."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import workbench
from workbench.datasets import Dataset, Record
from workbench.models import find_architecture
from workbench.schema import InputError, Member
from workbench.store import FileHashes, Run
from workbench.studies._code import code_digest
from workbench.studies._config import Stage, StudyConfig
from workbench.studies._evaluate import EvaluateJob, annotated
from workbench.studies._explore import ExploreJob
from workbench.studies._job_configs import CompareJob, ErrorsJob, JobConfig
from workbench.studies._predict import PredictJob
from workbench.studies._train import TrainJob

NOTEBOOKS: Final[Mapping[Stage, str]] = {
    "explore": "01_explore.ipynb",
    "train": "02_train.ipynb",
    "predict": "03_predict.ipynb",
    "evaluate": "04_evaluate.ipynb",
    "compare": "05_compare.ipynb",
    "errors": "06_errors.ipynb",
}
JOB_CONFIGS: Final[Mapping[Stage, type[JobConfig]]] = {
    "explore": ExploreJob,
    "train": TrainJob,
    "predict": PredictJob,
    "evaluate": EvaluateJob,
    "compare": CompareJob,
    "errors": ErrorsJob,
}
KEY_LENGTH: Final = 16


@dataclass(frozen=True)
class Job:
    """One notebook to execute.

    Attributes
    ----------
    stage, member
        What is done, and for whom (None where it concerns all).
    parameters
        What decides the result; part of the key.
    places
        Parameters that say where things lie; not part of the key, so that a run can be moved.
        Without ``output``, whose value is the staging folder.
    needs
        Names of the jobs that must be done before.
    output
        Folder that the job fills; None if the executed notebook is all it makes.
    key
        Hash of parameters, data, code and the keys of the jobs it needs.
    """

    stage: Stage
    member: Member | None
    parameters: Mapping[str, Any] = field(hash=False)
    places: Mapping[str, Path] = field(hash=False)
    needs: tuple[str, ...]
    output: Path | None
    key: str = ""

    @property
    def name(self) -> str:
        """Name for people: stage and member."""
        return f"{self.stage}/{self.member.name}" if self.member else self.stage

    @property
    def slug(self) -> str:
        """File name without suffix: stage, member and key."""
        return f"{self.name.replace('/', '-')}-{self.key}"


def notebook_folder() -> Path:
    """Return the folder of the notebooks: of the repository, or of an installed package."""
    package = Path(workbench.__file__).parent
    for folder in (package.parent / "notebooks", package / "_notebooks"):
        if (folder / NOTEBOOKS["explore"]).is_file():
            return folder
    msg = "the notebooks are not beside the package; clone the repository and `pip install -e .`."
    raise InputError(msg)


def plan_jobs(study: StudyConfig, run: Run, dataset: Dataset, hashes: FileHashes) -> list[Job]:
    """Expand a study into jobs, each after those it needs.

    Parameters
    ----------
    study
        What to do.
    run
        Where results go.
    dataset
        The study's data set, opened.
    hashes
        Of its files.

    Returns
    -------
    list of Job
        With keys; nothing is executed or written.

    Raises
    ------
    InputError
        If the data set lacks a split or labels that a stage needs.
    """
    planned: dict[str, Job] = {}
    for draft in draft_jobs(study, run):
        record_files = _files_read(draft, study, dataset)
        content = {
            "stage": draft.stage,
            "member": draft.member.name if draft.member else "",
            "parameters": draft.parameters,
            "data": [(record_id, hashes.of(path)) for record_id, path in record_files],
            "code": code_digest(
                notebook_folder() / NOTEBOOKS[draft.stage], with_drawing=draft.output is None
            ),
            "needs": [planned[name].key for name in draft.needs],
        }
        key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]
        planned[draft.name] = replace(draft, key=key)
    return list(planned.values())


def draft_jobs(study: StudyConfig, run: Run) -> list[Job]:
    """Return the jobs of a study without keys: what can be known before its data exist."""
    drafts = [job for job in _all_stages(study, run) if job.stage in study.stages]
    names = {job.name for job in drafts}
    return [
        replace(job, needs=tuple(name for name in job.needs if name in names)) for job in drafts
    ]


def _all_stages(study: StudyConfig, run: Run) -> Iterable[Job]:
    data = {"dataset": study.dataset.path}
    yield Job("explore", None, {}, data | {"cache": run.explore_cache}, (), None)
    for member in study.members:
        yield from _member_drafts(study, run, member, data)
    evaluations = tuple(f"evaluate/{member.name}" for member in study.members)
    yield Job("compare", None, {}, {"run": run.root}, evaluations, None)
    yield Job("errors", None, {}, {"run": run.root}, evaluations, None)


def _member_drafts(
    study: StudyConfig, run: Run, member: Member, data: Mapping[str, Path]
) -> Iterable[Job]:
    model = study.models[member.model]
    trainable = find_architecture(model.architecture).trainable
    who = {"model": member.model, "seed": member.seed}
    what = {"architecture": model.architecture, "settings": dict(model.settings)}
    if trainable:
        yield Job(
            "train",
            member,
            who
            | what
            | {
                "train_split": study.dataset.train,
                "validation_split": study.dataset.validation,
                "encoding": model.encoding,
                "training": model.training.model_dump(mode="json"),
            },
            data,
            (),
            run.model_folder(member),
        )
    weights = {"checkpoint": run.model_folder(member)} if trainable else {}
    yield Job(
        "predict",
        member,
        who
        | what
        | {
            "split": study.dataset.test,
            "prediction": model.prediction.model_dump(mode="json"),
        }
        | ({} if trainable else {"checkpoint": None}),
        {**data, **weights},
        (f"train/{member.name}",) if trainable else (),
        run.prediction_folder(member),
    )
    yield Job(
        "evaluate",
        member,
        who | {"split": study.dataset.test, "iou_thresholds": list(study.iou_thresholds)},
        {**data, "predictions": run.prediction_folder(member)},
        (f"predict/{member.name}",),
        run.score_folder(member),
    )


def _files_read(job: Job, study: StudyConfig, dataset: Dataset) -> list[tuple[str, Path]]:
    """Return (what, path) of the data files on which a job's result depends."""
    names = study.dataset
    match job.stage:
        case "explore":
            return _both(dataset.records) + [
                (json.dumps([record.image_id, record.split, dict(record.metadata)]), record.image)
                for record in dataset.records
            ]
        case "train":
            return _both((*dataset.split(names.train), *dataset.split(names.validation)))
        case "predict":
            return [(record.image_id, record.image) for record in dataset.split(names.test)]
        case "evaluate":
            return [
                (f"{record.image_id} {record.metadata.get('group', '')}", record.labels)
                for record in annotated(dataset.split(names.test))
                if record.labels
            ]
        case "compare":
            return []
        case "errors":
            return _both(dataset.split(names.test))


def _both(records: Iterable[Record]) -> list[tuple[str, Path]]:
    return [
        (record.image_id, path)
        for record in records
        for path in (record.image, record.labels)
        if path
    ]
