"""A study to a graph of notebook jobs, each with the hash of all it depends on."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import workbench
from workbench.datasets import Dataset
from workbench.schema import InputError, Member
from workbench.store import FileHashes, Run
from workbench.studies._calibrate import CalibrateJob
from workbench.studies._calibration_record import calibration_folder
from workbench.studies._code import code_digest
from workbench.studies._config import Stage, StudyConfig
from workbench.studies._evaluate import EvaluateJob
from workbench.studies._explore import ExploreJob
from workbench.studies._job_configs import CompareJob, ErrorsJob, JobConfig
from workbench.studies._job_files import files_read
from workbench.studies._model_checks import check_columns
from workbench.studies._predict import PredictJob
from workbench.studies._train import TrainJob

NOTEBOOKS: Final[Mapping[Stage, str]] = {
    "explore": "01_explore.ipynb",
    "train": "02_train.ipynb",
    "predict": "03_predict.ipynb",
    "evaluate": "04_evaluate.ipynb",
    "compare": "05_compare.ipynb",
    "errors": "06_errors.ipynb",
    "calibrate": "07_calibration.ipynb",
}
JOB_CONFIGS: Final[Mapping[Stage, type[JobConfig]]] = {
    "explore": ExploreJob,
    "train": TrainJob,
    "predict": PredictJob,
    "evaluate": EvaluateJob,
    "compare": CompareJob,
    "errors": ErrorsJob,
    "calibrate": CalibrateJob,
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
    places: Mapping[str, Path | tuple[Path, ...]] = field(hash=False)
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
        If the data set lacks a split, labels or metadata that a stage needs.
    """
    check_columns(study, dataset)
    planned: dict[str, Job] = {}
    drafts = draft_jobs(study, run)
    code = {
        draft.stage: code_digest(
            notebook_folder() / NOTEBOOKS[draft.stage], with_drawing=draft.output is None
        )
        for draft in {draft.stage: draft for draft in drafts}.values()
    }
    for draft in drafts:
        record_files = files_read(draft, study, dataset)
        content = {
            "stage": draft.stage,
            "member": draft.member.name if draft.member else "",
            "parameters": draft.parameters,
            "data": [(record_id, hashes.of(path)) for record_id, path in record_files],
            "code": code[draft.stage],
            "needs": [planned[name].key for name in draft.needs],
        }
        key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]
        planned[draft.name] = replace(draft, key=key)
    return list(planned.values())


def draft_jobs(study: StudyConfig, run: Run) -> list[Job]:
    """Return the jobs of a study without keys: what can be known before its data exist."""
    drafts = {job.name: job for job in _all_stages(study, run) if job.stage in study.stages}
    ordered: dict[str, Job] = {}

    def place(job: Job) -> None:
        needs = tuple(name for name in job.needs if name in drafts)
        for name in needs:
            place(drafts[name])
        ordered.setdefault(job.name, replace(job, needs=needs))

    for job in drafts.values():
        place(job)
    return list(ordered.values())


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
    if study.models[member.model].is_trained_here:
        yield _training_draft(study, run, member, data)
    yield _prediction_draft(study, run, member, data)
    yield Job(
        "evaluate",
        member,
        {
            "model": member.model,
            "seed": member.seed,
            "split": study.dataset.test,
            "iou_thresholds": list(study.iou_thresholds),
        },
        {**data, "predictions": run.prediction_folder(member)},
        (f"predict/{member.name}",),
        run.score_folder(member),
    )
    if study.network_models(member.model):
        yield _calibration_draft(study, run, member, data)


def _training_draft(study: StudyConfig, run: Run, member: Member, data: Mapping[str, Path]) -> Job:
    model = study.models[member.model]
    parameters = {
        "model": member.model,
        "seed": member.seed,
        "architecture": model.architecture,
        "settings": dict(model.settings),
        "fixed": list(model.fixed),
        "train_split": study.dataset.train,
        "validation_split": study.dataset.validation,
        "fold": model.fold,
        "n_folds": model.n_folds,
        "stratify_by": model.stratify_by,
        "one_per": model.one_per,
        "encoding": model.encoding,
        "training": model.training.model_dump(mode="json"),
        "licence": model.licence,
    }
    places = dict(data)
    if model.own_file:
        places["architecture"] = model.own_file
    return Job("train", member, _not_in(places, parameters), places, (), run.model_folder(member))


def _prediction_draft(
    study: StudyConfig, run: Run, member: Member, data: Mapping[str, Path]
) -> Job:
    """Return the job that finds cells: by a method, by networks, or in others' predictions."""
    model = study.models[member.model]
    is_method = model.kind == "architecture" and not model.is_trained_here
    parameters = {
        "model": member.model,
        "seed": member.seed,
        "split": study.dataset.test,
        "architecture": model.architecture if is_method else "",
        "settings": dict(model.settings) if is_method else {},
        "prediction": model.prediction.model_dump(mode="json"),
        "keep_maps": model.keep_maps,
        "networks": [],
        "own_code": [],
        "fused": [],
        "adopted": None,
    }
    places: dict[str, Path | tuple[Path, ...]] = dict(data)
    needs: list[str] = []
    if model.predictions:
        places["adopted"] = model.predictions
    elif model.kind == "ensemble" and model.fuse == "labels":
        members = [study.member(name, member.seed) for name in model.ensemble]
        places["fused"] = tuple(run.prediction_folder(part) for part in members)
        needs = [f"predict/{part.name}" for part in members]
    elif study.network_models(member.model):
        places |= _networks_of(study, run, member)
        needs = _trainings_of(study, member)
    return Job(
        "predict",
        member,
        _not_in(places, parameters),
        places,
        tuple(needs),
        run.prediction_folder(member),
    )


def _calibration_draft(
    study: StudyConfig, run: Run, member: Member, data: Mapping[str, Path]
) -> Job:
    """Return the job that measures the probabilities of a member that applies networks."""
    parameters = {
        "model": member.model,
        "seed": member.seed,
        "validation_split": study.dataset.validation,
        "split": study.dataset.test,
        "prediction": study.models[member.model].prediction.model_dump(mode="json"),
        "iou_thresholds": list(study.iou_thresholds),
        "own_code": [],
    }
    places: dict[str, Path | tuple[Path, ...]] = {
        **data,
        **_networks_of(study, run, member),
        "predictions": run.prediction_folder(member),
        "scores": run.score_folder(member),
    }
    needs = (f"evaluate/{member.name}", *_trainings_of(study, member))
    return Job(
        "calibrate",
        member,
        _not_in(places, parameters),
        places,
        needs,
        calibration_folder(run, member),
    )


def _networks_of(study: StudyConfig, run: Run, member: Member) -> dict[str, tuple[Path, ...]]:
    """Return where the networks that a member applies lie, and the user's code that builds them."""
    members = _network_members(study, member)
    folders = (study.models[part.model].checkpoint or run.model_folder(part) for part in members)
    own = (study.models[part.model].own_file for part in members)
    own_code = tuple(path for path in own if path)
    return {"networks": tuple(folders)} | ({"own_code": own_code} if own_code else {})


def _trainings_of(study: StudyConfig, member: Member) -> list[str]:
    """Return the names of the jobs that train the networks that a member applies."""
    members = _network_members(study, member)
    return [f"train/{part.name}" for part in members if study.models[part.model].is_trained_here]


def _network_members(study: StudyConfig, member: Member) -> list[Member]:
    return [study.member(name, member.seed) for name in study.network_models(member.model)]


def _not_in(places: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that say what is done, and not where it lies."""
    return {name: value for name, value in parameters.items() if name not in places}
