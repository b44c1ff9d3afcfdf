"""The models of a study against the zoo and against each other, before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import ValidationError

from workbench.datasets import Dataset
from workbench.inference import find_encoding, fitting_decoder
from workbench.models import find_architecture, is_installed, read_settings
from workbench.schema import InputError
from workbench.studies._explain import explain
from workbench.studies._model_config import ModelConfig

if TYPE_CHECKING:
    from workbench.studies._config import StudyConfig


def check_models(study: StudyConfig, source: str) -> None:
    """Refuse a study whose models can't be what they say.

    Parameters
    ----------
    study
        To check.
    source
        Where it stands, for the message.

    Raises
    ------
    InputError
        If an architecture, one of its settings, an encoding or a model that another one is made of
        does not exist; if a decoder does not read what its network paints; or if models are made
        of each other.
    """
    for name, model in study.models.items():
        where = f"{source}: models.{name}"
        try:
            if model.kind == "architecture":
                read_settings(model.architecture, model.settings)
                _check_installed(model.architecture)
            _check_parts(name, study.models)
        except InputError as error:
            msg = f"{where}: {error}"
            raise InputError(msg) from None
        except ValidationError as error:
            settings = find_architecture(model.architecture).settings
            raise InputError(explain(error, f"{where}.settings", settings)) from None
    for name in study.models:
        try:
            _check_networks(name, study)
        except InputError as error:
            msg = f"{source}: models.{name}: {error}"
            raise InputError(msg) from None


def _check_installed(architecture: str) -> None:
    """Refuse an outside method whose library is missing before hours are spent on the others."""
    entry = find_architecture(architecture)
    if not is_installed(entry):
        msg = f"{architecture} needs {', '.join(entry.libraries)}; {entry.install}."
        raise InputError(msg)


def _check_parts(name: str, models: Mapping[str, ModelConfig]) -> None:
    """Refuse names that are no models, and models that lead back to themselves."""
    reached: list[str] = []
    ahead = list(models[name].parts)
    while ahead:
        part = ahead.pop()
        if part not in models:
            close = get_close_matches(part, models, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            msg = f"no model of the study is called {part!r}, only {', '.join(models)}{hint}"
            raise InputError(msg)
        if part == name:
            msg = f"is made of itself ({', '.join(models[name].parts)}); name other models."
            raise InputError(msg)
        if part not in reached:
            reached.append(part)
            ahead += models[part].parts
    given = models[name].ensemble
    if len(set(given)) < len(given):
        msg = f"ensemble: each model once, got {', '.join(given)}."
        raise InputError(msg)


def _check_networks(name: str, study: StudyConfig) -> None:
    """Refuse what is to apply networks without any, and decoders that can't read their maps."""
    model = study.models[name]
    networks = study.network_models(name)
    if model.kind == "same_network_as" and len(networks) != 1:
        msg = (
            f"same_network_as: {model.same_network_as!r} is not one network; name a model that is "
            "trained in this study, or one with a checkpoint."
        )
        raise InputError(msg)
    if model.kind == "ensemble" and model.fuse == "probabilities":
        for part in model.ensemble:
            if not study.network_models(part):
                msg = f"ensemble: {part!r} has no network to average; add `fuse: labels`."
                raise InputError(msg)
    trained = [study.models[part] for part in networks if study.models[part].is_trained_here]
    encodings = dict.fromkeys(part.encoding for part in trained)
    for encoding in encodings:
        find_encoding(encoding)
    if len(encodings) > 1:
        msg = (
            f"ensemble: its networks paint different maps ({', '.join(encodings)}), which can't be "
            "averaged; add `fuse: labels`."
        )
        raise InputError(msg)
    if encodings and model.prediction.decoder:
        fitting_decoder(next(iter(encodings)), model.prediction.decoder)


def check_columns(study: StudyConfig, dataset: Dataset) -> None:
    """Refuse a study whose trainings need metadata that an image of theirs lacks.

    Raises
    ------
    InputError
        If there is such a column; the message names those that there are.
    """
    for name, model in study.models.items():
        for key in ("one_per", "stratify_by"):
            column = getattr(model, key)
            if not column or "train" not in study.stages:
                continue
            for record in dataset.split(study.dataset.train):
                column_value(column, record.image_id, record.metadata, key=f"models.{name}.{key}")


def column_value(column: str, image_id: str, metadata: Mapping[str, str], *, key: str) -> str:
    """Return the value of an image in a metadata column that a key of the study names.

    Raises
    ------
    InputError
        If it has none.
    """
    value = metadata.get(column, "")
    if not value:
        msg = (
            f"{key}: image {image_id!r} has no {column!r}; its metadata are: "
            f"{', '.join(metadata) or 'none'}. Add the column to the manifest, or name another."
        )
        raise InputError(msg)
    return value
