"""One model of a study: what it is, where it comes from, and its values completed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.inference import ENCODINGS, PredictionConfig
from workbench.models import ARCHITECTURES, find_architecture
from workbench.training import TrainingConfig

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Kind = Literal["architecture", "ensemble", "same_network_as", "checkpoint", "predictions"]
ORIGINS: Final[tuple[Kind, ...]] = ("ensemble", "same_network_as", "checkpoint", "predictions")
"""Keys by which a model is something else than an architecture of the zoo; one at most."""
OF_NETWORKS: Final = (
    "settings",
    "encoding",
    "training",
    "licence",
    "one_per",
    "fold",
    "n_folds",
    "stratify_by",
)
"""Keys that say how a network is trained, and mean nothing where none is."""


class ModelConfig(BaseModel):
    """One model of a study.

    Attributes
    ----------
    architecture
        Name in the zoo, or the path of a user's own network, ending in .py; left out, it is the
        model's own name.
    settings
        Settings of the architecture.
    encoding
        What a network paints, and how cells come back from it; see
        :data:`workbench.inference.ENCODINGS`.
    training
        How a network is trained; what is left out takes the values it was published with, or its
        default. A method without training ignores it.
    prediction
        How a network is applied and its output decoded.
    keep_maps
        Whether what the network paints is stored beside the labels.
    licence
        SPDX identifier for the weights.
    one_per
        A metadata column: one network is trained for each of its values, and an image is segmented
        by that of its own value.
    fold, n_folds
        Trains on all but fold ``fold`` (from 0) of the training and validation images together,
        dealt into ``n_folds`` folds, and validates on that one. Images of a group (metadata
        ``group``) stay together.
    stratify_by
        A metadata column whose values the folds hold in equal proportions.
    ensemble
        Names of models of the study that this one is made of.
    fuse
        What an ensemble takes of its members: "probabilities" averages what their networks paint,
        "labels" takes a vote over the cells they found.
    same_network_as
        Another model of the study, whose trained network this one applies in its own way.
    checkpoint
        Folder of a trained network from elsewhere.
    predictions
        Predictions of an outside method, in any form that ``workbench score`` reads.
    fixed
        Settings and training values (``training.epochs``) that the architecture's planner must
        leave alone; left out, those that the study gives.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str = ""
    settings: dict[str, Any] = {}
    encoding: str = "three_class"
    training: TrainingConfig = TrainingConfig()
    prediction: PredictionConfig = PredictionConfig()
    keep_maps: bool = False
    licence: str = ""
    one_per: str = ""
    fold: int | None = Field(None, ge=0)
    n_folds: int = Field(5, ge=2)
    stratify_by: str = ""
    ensemble: tuple[Name, ...] = ()
    fuse: Literal["probabilities", "labels"] = "probabilities"
    same_network_as: str = ""
    checkpoint: Path | None = None
    predictions: Path | None = None
    fixed: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """The key that says where the model comes from."""
        return next((name for name in ORIGINS if getattr(self, name)), "architecture")

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the models of the study that this one is made of."""
        return (self.same_network_as,) if self.same_network_as else self.ensemble

    @property
    def own_file(self) -> Path | None:
        """The file of a user's own network; None for what the zoo has."""
        return Path(self.architecture) if self.architecture.endswith(".py") else None

    @property
    def is_trained_here(self) -> bool:
        """Whether the study trains a network for it."""
        if self.kind != "architecture":
            return False
        # A user's file always builds a network, and running it may take long.
        return self.own_file is not None or find_architecture(self.architecture).trainable

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> "ModelConfig":
        origins = [name for name in ("architecture", *ORIGINS) if getattr(self, name)]
        if len(origins) > 1:
            msg = f"a model is one of {', '.join(origins)}; leave all but one away"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _has_no_idle_keys(self) -> "ModelConfig":
        if self.kind == "architecture":
            idle = ["fuse"]
            if self.fold is None:
                idle += ["n_folds", "stratify_by"]
        elif self.kind == "ensemble":
            idle = [*OF_NETWORKS, *(("prediction", "keep_maps") if self.fuse == "labels" else ())]
        elif self.kind == "predictions":
            idle = [*OF_NETWORKS, "prediction", "keep_maps", "fuse"]
        else:
            idle = [*OF_NETWORKS, "fuse"]
        defaults = {name: ModelConfig.model_fields[name].default for name in idle}
        given = [name for name, default in defaults.items() if getattr(self, name) != default]
        if given:
            msg = f"{', '.join(given)}: without effect on this model ({self.kind}); leave it away"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _fold_is_one_of_them(self) -> "ModelConfig":
        if self.fold is not None and self.fold >= self.n_folds:
            msg = f"fold {self.fold} of {self.n_folds}: folds are counted from 0"
            raise ValueError(msg)
        return self


def complete_models(models: Mapping[str, Any]) -> dict[str, Any]:
    """Return the models of a study file with what each leaves unsaid.

    ``folds: 5`` becomes five models, one a fold, and an ensemble of them under the model's name.
    """
    completed: dict[str, Any] = {}
    for name, model in models.items():
        if model is not None and not isinstance(model, Mapping):
            completed[name] = model
            continue
        given = dict(model or {})
        n_folds = given.pop("folds", None)
        if n_folds is None:
            completed[name] = _complete(name, given)
            continue
        if not isinstance(n_folds, int) or n_folds < 2:
            msg = f"{name}.folds: a number of at least 2, got {n_folds!r}"
            raise ValueError(msg)
        of_ensemble = {key: given[key] for key in ("prediction", "keep_maps") if key in given}
        for fold in range(n_folds):
            one = {"architecture": name, **given, "fold": fold, "n_folds": n_folds}
            completed[f"{name}_fold{fold}"] = _complete(name, one)
        names = [f"{name}_fold{fold}" for fold in range(n_folds)]
        completed[name] = {"ensemble": names} | of_ensemble
    return completed


def _complete(name: str, given: dict[str, Any]) -> dict[str, Any]:
    if any(given.get(origin) for origin in ORIGINS):
        return given
    model = {"architecture": name} | given
    if not model["architecture"]:
        model["architecture"] = name
    entry = ARCHITECTURES.get(str(model["architecture"]))
    training = model.get("training") or {}
    if (entry and not entry.trainable) or not isinstance(training, Mapping):
        return model
    training = _by_name(training)
    if "fixed" not in given and entry and entry.planned:
        model["fixed"] = [
            *(f"settings.{key}" for key in model.get("settings") or {}),
            *(f"training.{key}" for key in training),
        ]
    model["training"] = merged(entry.training if entry else {}, training)
    return _with_kind_of_decoder(model)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return two nested mappings as one; where both have a value, that of the second.

    Examples
    --------
    >>> merged({"a": {"x": 1, "y": 2}, "b": 3}, {"a": {"y": 5}})
    {'a': {'x': 1, 'y': 5}, 'b': 3}
    """
    both = {
        key: merged(base[key], over[key])
        for key in base
        if isinstance(base[key], Mapping) and isinstance(over.get(key), Mapping)
    }
    return {**base, **over, **both}


def _by_name(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return training values under their own names where the file gives the study's."""
    names = {field.alias: name for name, field in TrainingConfig.model_fields.items()}
    return {names.get(key, key): value for key, value in training.items()}


def _with_kind_of_decoder(model: dict[str, Any]) -> dict[str, Any]:
    """Name the encoding's own decoder where a study only gives settings of it."""
    prediction = model.get("prediction")
    decoder = prediction.get("decoder") if isinstance(prediction, Mapping) else None
    encoding = ENCODINGS.get(str(model.get("encoding", "three_class")))
    if not isinstance(prediction, Mapping) or not isinstance(decoder, Mapping) or encoding is None:
        return model
    kind = encoding.decoders[0].model_fields["kind"].default
    return model | {"prediction": {**prediction, "decoder": {"kind": kind, **decoder}}}
