"""A trained network on disk: what it is (``model.json``) and its weights (``*.ckpt``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from workbench.inference._encodings import ENCODINGS
from workbench.models import build_network
from workbench.schema import InputError
from workbench.transforms import Preparation

if TYPE_CHECKING:
    import torch

DESCRIPTION: Final = "model.json"
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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str
    settings: dict[str, Any]
    encoding: Literal["three_class"] = "three_class"
    preparation: Preparation = Preparation()

    @model_validator(mode="before")
    @classmethod
    def _from_bare_percentiles(cls, value: Any) -> Any:
        """Read descriptions from the time when percentiles were all there was to prepare."""
        if not isinstance(value, dict) or "preparation" in value:
            return value
        percentiles = {
            name: value[name] for name in ("low_percent", "high_percent") if name in value
        }
        others = {name: kept for name, kept in value.items() if name not in percentiles}
        return others | {"preparation": percentiles}

    def build(self) -> torch.nn.Module:
        """Return the network with fresh random weights."""
        return build_network(
            self.architecture,
            self.settings,
            in_channels=IN_CHANNELS,
            out_channels=ENCODINGS[self.encoding].channels,
        )


def save_description(folder: Path, description: ModelDescription) -> None:
    """Write ``model.json`` into an existing folder."""
    text = json.dumps(description.model_dump(), indent=2)
    (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")


def load_network(
    folder: Path, *, checkpoint: Literal["best", "last"] = "best"
) -> tuple[torch.nn.Module, ModelDescription]:
    """Read a trained network.

    Parameters
    ----------
    folder
        Holds ``model.json``, ``best.ckpt`` and ``last.ckpt``.
    checkpoint
        Which weights: the best by validation, or the last.

    Returns
    -------
    tuple
        The network in evaluation mode on the CPU, and its description.

    Raises
    ------
    InputError
        If a file is missing, damaged, or does not fit the description. Weights are read without
        executing anything the file contains.
    """
    import torch

    path = folder / DESCRIPTION
    try:
        description = ModelDescription.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"{folder}: holds no {DESCRIPTION}; give the folder that training wrote."
        raise InputError(msg) from None
    except (ValidationError, UnicodeDecodeError) as error:
        msg = f"{path}: not a model description ({error}); train the model again."
        raise InputError(msg) from error
    weights = folder / f"{checkpoint}.ckpt"
    network = description.build()
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)["state_dict"]
        network.load_state_dict(
            {name.removeprefix("network."): value for name, value in state.items()}
        )
    except FileNotFoundError:
        msg = f"{weights}: no such file; training has not finished an epoch, run it again."
        raise InputError(msg) from None
    except Exception as error:
        # torch fails in many types on a damaged or foreign file; its name is what helps.
        msg = f"{weights}: not the weights of {description.architecture} ({error})."
        raise InputError(msg) from error
    return network.eval(), description
