"""A study file: data set, models, seeds, thresholds and stages, as typed values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from workbench.datasets import SyntheticConfig
from workbench.schema import PRIMARY_IOU_THRESHOLD, InputError, Member
from workbench.studies._explain import explain
from workbench.studies._model_checks import check_models
from workbench.studies._model_config import ModelConfig, Name, complete_models

Stage = Literal["explore", "train", "predict", "evaluate", "compare", "errors", "calibrate"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
# Calibration applies every network again, to the validation images too, which not all studies have.
DEFAULT_STAGES: Final = tuple(stage for stage in STAGES if stage != "calibrate")
NEEDED_STAGES: Final[Mapping[Stage, tuple[Stage, ...]]] = {
    "evaluate": ("predict",),
    "compare": ("evaluate",),
    "errors": ("evaluate",),
    "calibrate": ("evaluate",),
}

IouThreshold = Annotated[float, Field(gt=0, le=1)]


class DatasetConfig(BaseModel):
    """Which images, and which of them for what.

    Attributes
    ----------
    path
        Folder of the data set; relative paths start at the study file.
    synthetic
        Makes a procedural data set at ``path`` if there is none yet.
    train, validation, test
        Values of the manifest's split column.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    synthetic: SyntheticConfig | None = None
    train: str = "train"
    validation: str = "val"
    test: str = "test"


class StudyConfig(BaseModel):
    """A whole study.

    Attributes
    ----------
    name
        Names the run folder.
    dataset
        A :class:`DatasetConfig`, or just its path.
    models
        By name.
    seeds
        Each network is trained once per seed; what needs no training here runs once, as the first.
    iou_thresholds
        At which predictions are scored; 0.5 among them.
    stages
        What is done; all but "calibrate" by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    dataset: DatasetConfig
    models: dict[Name, ModelConfig] = Field(min_length=1)
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field((0,), min_length=1)
    iou_thresholds: tuple[IouThreshold, ...] = Field(
        (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95), min_length=1
    )
    stages: tuple[Stage, ...] = Field(DEFAULT_STAGES, min_length=1)

    @field_validator("dataset", mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @field_validator("models", mode="before")
    @classmethod
    def _default_models(cls, value: Any) -> Any:
        if isinstance(value, Sequence) and not isinstance(value, str):
            value = dict.fromkeys(value)
        if not isinstance(value, Mapping):
            return value
        return complete_models(value)

    @field_validator("seeds", "iou_thresholds", "stages")
    @classmethod
    def _no_repeats(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(values)) < len(values):
            msg = f"values must differ, got {list(values)}"
            raise ValueError(msg)
        return values

    @field_validator("iou_thresholds")
    @classmethod
    def _primary_is_scored(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if PRIMARY_IOU_THRESHOLD not in values:
            msg = f"add {PRIMARY_IOU_THRESHOLD}, at which models are ranked, to {list(values)}"
            raise ValueError(msg)
        return values

    @model_validator(mode="after")
    def _stages_have_what_they_need(self) -> "StudyConfig":
        for stage in self.stages:
            lacking = set(NEEDED_STAGES.get(stage, ())) - set(self.stages)
            if lacking:
                msg = f"stage {stage!r} needs stage {', '.join(sorted(lacking))!r}; add it"
                raise ValueError(msg)
        return self

    @property
    def members(self) -> tuple[Member, ...]:
        """Every model with every seed; those that no seed changes once."""
        return tuple(
            Member(name, seed)
            for name in self.models
            for seed in (self.seeds if self.depends_on_seed(name) else self.seeds[:1])
        )

    def depends_on_seed(self, name: str) -> bool:
        """Whether a model is trained in this study, or made of one that is."""
        model = self.models[name]
        return model.is_trained_here or any(self.depends_on_seed(part) for part in model.parts)

    def member(self, name: str, seed: int) -> Member:
        """Return the member of a model for a seed: its only one where no seed changes it."""
        return Member(name, seed if self.depends_on_seed(name) else self.seeds[0])

    def network_models(self, name: str) -> tuple[str, ...]:
        """Return the models whose networks a model applies, each trained here or a checkpoint."""
        model = self.models[name]
        if model.kind == "same_network_as":
            return self.network_models(model.same_network_as)
        if model.kind == "ensemble" and model.fuse == "probabilities":
            return tuple(part for whole in model.ensemble for part in self.network_models(whole))
        return (name,) if model.is_trained_here or model.checkpoint else ()


def read_study(path: Path, overrides: Sequence[str] = ()) -> StudyConfig:
    """Read and check a study file.

    Parameters
    ----------
    path
        A YAML file.
    overrides
        ``key=value`` texts, dots leading into the file (``models.unet.training.epochs=5``), the
        value in YAML. A relative ``dataset.path`` given here starts at the working directory.

    Returns
    -------
    StudyConfig
        With absolute paths.

    Raises
    ------
    InputError
        If the file is missing or not YAML, a key is unknown or a value out of range, or a model or
        one of its settings does not exist; each with the key's full name.
    """
    study = _completed(path, overrides)
    check_models(study, str(path))
    return study


def read_run_study(path: Path) -> StudyConfig:
    """Read the study that a run has written, to look at its results.

    Models are not checked, which would run the file of a user's own network: it may be somebody
    else's run, and the file may be gone.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    return _completed(path, ())


def _completed(path: Path, overrides: Sequence[str]) -> StudyConfig:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        msg = f"{path}: no such study file."
        raise InputError(msg) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{path}: not YAML ({' '.join(str(error).split())})."
        raise InputError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path}: expected keys and values (name, dataset, models, ...), got {content!r:.60}."
        raise InputError(msg)
    for override in overrides:
        _override(content, override)
    try:
        study = StudyConfig.model_validate(content)
    except ValidationError as error:
        raise InputError(explain(error, str(path), StudyConfig)) from None
    base = Path.cwd() if _overrides_path(overrides) else path.parent
    dataset = study.dataset.model_copy(update={"path": (base / study.dataset.path).resolve()})
    models = {name: _placed(model, path.parent) for name, model in study.models.items()}
    return study.model_copy(update={"dataset": dataset, "models": models})


def study_yaml(study: StudyConfig) -> str:
    """Return the study as YAML that :func:`read_study` reads back, every default written out."""
    text: str = yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False)
    return text


def _override(content: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        msg = f"--set {override}: expected key=value, e.g. models.unet.training.epochs=5."
        raise InputError(msg)
    if key == "dataset" or (key.startswith("dataset.") and isinstance(content.get("dataset"), str)):
        content["dataset"] = {"path": content.get("dataset")}
        key = "dataset.path" if key == "dataset" else key
    *outer, last = key.split(".")
    place = content
    for part in outer:
        if isinstance(place.get(part), list):  # a list of names, as `models: [unet]` may be
            place[part] = dict.fromkeys(place[part])
        inner = place.get(part)
        place[part] = inner = {} if inner is None else inner
        if not isinstance(inner, dict):
            msg = f"--set {override}: {part!r} holds {inner!r} and has no keys of its own."
            raise InputError(msg)
        place = inner
    try:
        place[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        msg = f"--set {override}: the value is not YAML ({' '.join(str(error).split())})."
        raise InputError(msg) from error


def _overrides_path(overrides: Sequence[str]) -> bool:
    return any(text.startswith(("dataset=", "dataset.path=")) for text in overrides)


def _placed(model: ModelConfig, base: Path) -> ModelConfig:
    """Return a model whose paths start at the root and not at the study file."""
    folders = {"checkpoint": model.checkpoint, "predictions": model.predictions}
    placed: dict[str, Any] = {
        name: (base / path).resolve() for name, path in folders.items() if path
    }
    if model.own_file:
        placed["architecture"] = str((base / model.own_file).resolve())
    return model.model_copy(update=placed)
