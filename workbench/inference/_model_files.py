"""A trained network on disk: what it is (``model.json``) and its weights (``*.safetensors``)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.inference._config import Decoder
from workbench.inference._encodings import find_encoding
from workbench.inference._onnx_network import ONNX_FILE, onnx_network
from workbench.models import OnnxConfig, build_network
from workbench.schema import InputError
from workbench.transforms import Preparation

if TYPE_CHECKING:
    import torch

CARD_FILE: Final = "model.json"
WEIGHTS_FILE: Final = "best.safetensors"
IN_CHANNELS: Final = 3


class ModelDescription(BaseModel):
    """What must be known to build a network again and to read its output.

    Attributes
    ----------
    architecture, settings
        As given to :func:`workbench.models.build_network`.
    encoding
        Name in :data:`ENCODINGS`.
    preparation
        How images were prepared in training, and are in prediction.
    decoder
        Settings tuned on the validation images; None for the encoding's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str
    settings: dict[str, Any] = {}
    encoding: str = "three_class"
    preparation: Preparation = Preparation()
    decoder: Decoder | None = None

    def build(self, *, pretrained: bool = True) -> torch.nn.Module:
        """Return the network as it is before training.

        Parameters
        ----------
        pretrained
            Whether to start it with the weights that the settings name, if they do. False for a
            network that gets its own weights next: those others may lie on another machine, and
            whose card this is must not decide what is read or downloaded here.
        """
        settings = self.settings
        if not pretrained and "weights" in settings:
            settings = settings | {"weights": None}
        return build_network(
            self.architecture,
            settings,
            in_channels=IN_CHANNELS,
            out_channels=find_encoding(self.encoding).channels,
        )


class TrainedNetwork(NamedTuple):
    """A network with its weights, and what must be known to use it.

    Attributes
    ----------
    network
        In evaluation mode, on any device.
    description
        How images are prepared for it, and what its maps mean.
    """

    network: torch.nn.Module
    description: ModelDescription


class ModelCard(BaseModel):
    """``model.json``: what a network is and where it comes from.

    Attributes
    ----------
    name
        For people.
    description
        What must be known to use the network.
    licence
        SPDX identifier of the weights' licence; "" where nobody said.
    citation
        What to cite.
    data
        What it was trained on: name, hash, splits, number of images and cells.
    training
        The settings it was trained with.
    metrics
        Scores by name, e.g. ``{"validation_f1": 0.91}``.
    versions
        Of the libraries it was trained with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    name: str = ""
    description: ModelDescription
    licence: str = ""
    citation: str = ""
    data: dict[str, Any] = {}
    training: dict[str, Any] = {}
    metrics: dict[str, float] = Field({})
    versions: dict[str, str] = {}


def write_card(folder: Path, card: ModelCard) -> None:
    """Write ``model.json`` into an existing folder, at once or not at all."""
    partial = folder / f"{CARD_FILE}.partial"
    partial.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    partial.replace(folder / CARD_FILE)


def read_card(folder: Path) -> ModelCard:
    """Read ``model.json``.

    Raises
    ------
    InputError
        If it is missing or no model card.
    """
    path = folder / CARD_FILE
    try:
        return ModelCard.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        msg = f"{folder}: holds no {CARD_FILE}; give the folder that training wrote."
        raise InputError(msg) from None
    except (ValidationError, UnicodeDecodeError) as error:
        msg = f"{path}: not a model card ({error}); train the model again."
        raise InputError(msg) from error


def write_weights(path: Path, network: torch.nn.Module) -> None:
    """Write the weights of a network as safetensors, at once or not at all."""
    from safetensors.torch import save_model

    partial = path.with_name(f"{path.name}.partial")
    save_model(network, str(partial))
    partial.replace(path)


def load_network(
    folder: Path,
    *,
    weights: Literal["best", "last"] = "best",
    own_code: Collection[str] = (),
) -> TrainedNetwork:
    """Read a trained network.

    Parameters
    ----------
    folder
        Holds ``model.json``, ``best.safetensors`` and ``last.safetensors``; or ``model.onnx``
        beside the card, where a network was imported.
    weights
        Which: the best by validation, or the last.
    own_code
        Python files of networks that may be run: the user's own. A card that names another one is
        refused.

    Returns
    -------
    TrainedNetwork
        In evaluation mode on the CPU.

    Raises
    ------
    InputError
        If a file is missing, damaged, or does not fit the description. Weights are read without
        executing anything the file contains.
    """
    from safetensors.torch import load_model

    description = read_card(folder).description
    if description.architecture.endswith(".py") and description.architecture not in own_code:
        msg = (
            f"{folder}: its network is made by {description.architecture}, which would have to be "
            "run; only a study that names this file as an architecture of its own does that."
        )
        raise InputError(msg)
    if description.architecture == "onnx":
        config = OnnxConfig.model_validate(description.settings)
        return TrainedNetwork(onnx_network(folder / ONNX_FILE, config), description)
    path = folder / f"{weights}.safetensors"
    if not path.is_file():
        msg = f"{path}: no such file; training has not finished, run it again."
        raise InputError(msg)
    network = description.build(pretrained=False)
    try:
        load_model(network, str(path))
    except Exception as error:
        # It fails in many types on a damaged or foreign file; its name is what helps.
        msg = f"{path}: not the weights of {description.architecture} ({error})."
        raise InputError(msg) from error
    return TrainedNetwork(network.eval(), description)
