"""Which networks made a prediction: what they paint, how it was decoded, what they cost."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from workbench.inference import PredictionConfig, TrainedNetwork, fitting_decoder, network_cost
from workbench.store import write_text

APPLIED: Final = "networks.json"


@dataclass(frozen=True)
class AppliedNetwork:
    """One network of a prediction.

    Attributes
    ----------
    model
        Name of its folder.
    value
        Images of which value of a column it was applied to; "" for all.
    architecture, encoding
        What it is, and what it paints.
    decoder
        Kind and settings with which cells were read.
    decoder_from
        "study", "validation images" or "default": who chose them.
    parameters, trainable_parameters, multiply_adds, cpu_images_per_s, gpu_images_per_s
        As :class:`workbench.inference.NetworkCost`, for images of 256 x 256 pixels.
    """

    model: str
    value: str
    architecture: str
    encoding: str
    decoder: Mapping[str, Any]
    decoder_from: str
    parameters: int
    trainable_parameters: int
    multiply_adds: int
    cpu_images_per_s: float
    gpu_images_per_s: float

    def read_decoder(self) -> Any:
        """Return the decoder as :func:`workbench.inference.fitting_decoder` does."""
        return PredictionConfig.model_validate({"decoder": dict(self.decoder)}).decoder

    @property
    def decoder_text(self) -> str:
        """Kind and settings of the decoder in one line."""
        settings = {name: value for name, value in self.decoder.items() if name != "kind"}
        texts = [f"{name} {_short(value)}" for name, value in settings.items()]
        return (
            f"{self.decoder['kind']} ({', '.join(texts)})" if texts else str(self.decoder["kind"])
        )


def applied_networks(
    folders: Sequence[Path],
    loaded: Sequence[Mapping[str, TrainedNetwork]],
    config: PredictionConfig,
) -> Iterable[AppliedNetwork]:
    """Yield what is to be told of networks, in the order of their folders.

    Maps of several networks are averaged and decoded as those of the first.
    """
    for folder, networks in zip(folders, loaded, strict=True):
        for value, trained in networks.items():
            description = loaded[0].get(value, trained).description
            tuned = description.decoder
            decoder = fitting_decoder(description.encoding, config.decoder or tuned)
            chosen_by = "validation images" if tuned else "default"
            yield AppliedNetwork(
                model=folder.name,
                value=value,
                architecture=trained.description.architecture,
                encoding=trained.description.encoding,
                decoder=decoder.model_dump(mode="json"),
                decoder_from="study" if config.decoder else chosen_by,
                **asdict(network_cost(trained.network)),
            )


def write_applied(folder: Path, networks: Sequence[AppliedNetwork]) -> None:
    """Write ``networks.json`` into a folder of predictions; nothing if no network made them."""
    if networks:
        content = [asdict(network) for network in networks]
        write_text(folder / APPLIED, json.dumps(content, indent=1) + "\n")


def read_applied(folder: Path) -> list[AppliedNetwork]:
    """Return the networks that made a folder of predictions, none if it does not say."""
    path = folder / APPLIED
    if not path.is_file():
        return []
    return [AppliedNetwork(**network) for network in json.loads(path.read_text(encoding="utf-8"))]


def _short(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    return str(value)
