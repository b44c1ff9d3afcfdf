"""Every model by name. A newcomer joins by one line here and one file beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from workbench.models._deep_unet import DeeperUNetConfig, DeepUNetConfig, build_deep_unet
from workbench.models._lstm_unet import LSTMUNetConfig, build_lstm_unet
from workbench.models._maunet import (
    MAUNetConfig,
    build_maunet_resnet50,
    build_maunet_wide,
)
from workbench.models._nnunet import NNUNET_TRAINING, NnUNetConfig, build_nnunet
from workbench.models._otsu_watershed import OtsuWatershedConfig, otsu_watershed
from workbench.models._own import build_own, own_settings
from workbench.models._sac import SacConfig, build_sac
from workbench.models._tiny_cnn import TinyCNNConfig, build_tiny_cnn
from workbench.models._unet import UNetConfig, build_unet
from workbench.schema import FloatImage, InputError, LabelImage

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Architecture:
    """One entry of the zoo: a network to train, or a method that segments without training.

    Attributes
    ----------
    summary
        One line for people.
    settings
        Typed settings of the model.
    build
        Makes the network from settings, in_channels and out_channels; None for a method.
    segment
        Maps a normalised image and settings to labels; None for a network.
    training
        Values of :class:`workbench.training.TrainingConfig` that this network was published with;
        they hold where a study says nothing else.
    """

    summary: str
    settings: type[BaseModel]
    build: Callable[..., torch.nn.Module] | None = None
    segment: Callable[[FloatImage, Any], LabelImage] | None = None
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trainable(self) -> bool:
        """Whether the model learns from images."""
        return self.build is not None


MAUNET_TRAINING: Final = {"optimizer": "adamw", "learning_rate": 6e-4}
"""As published, but for batches of 16 crops of 512 px, which need a large GPU."""

ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    "deep_unet": Architecture(
        summary="U-Net with a sixth level of 1024 channels (LIVECell extension)",
        settings=DeepUNetConfig,
        build=build_deep_unet,
    ),
    "deeper_unet": Architecture(
        summary="U-Net with levels of 1024 and 2048 channels beneath (LIVECell extension)",
        settings=DeeperUNetConfig,
        build=build_deep_unet,
    ),
    "lstm_unet": Architecture(
        summary="U-Net with convolutional LSTM in the encoder, for images and sequences",
        settings=LSTMUNetConfig,
        build=build_lstm_unet,
    ),
    "nnunet": Architecture(
        summary="nnU-Net: planned from the data, deep supervision (MONAI DynUNet)",
        settings=NnUNetConfig,
        build=build_nnunet,
        training=NNUNET_TRAINING,
    ),
    "maunet_resnet50": Architecture(
        summary="MAUNet: ResNet50 encoder, decoders for classes and distance (MONAI)",
        settings=MAUNetConfig,
        build=build_maunet_resnet50,
        training=MAUNET_TRAINING,
    ),
    "maunet_wide": Architecture(
        summary="MAUNet: Wide-ResNet50-2 encoder, decoders for classes and distance (MONAI)",
        settings=MAUNetConfig,
        build=build_maunet_wide,
        training=MAUNET_TRAINING,
    ),
    "otsu_watershed": Architecture(
        summary="Otsu's threshold and a distance watershed; no training",
        settings=OtsuWatershedConfig,
        segment=otsu_watershed,
    ),
    "tiny_cnn": Architecture(
        summary="a few dilated convolutions, for teaching",
        settings=TinyCNNConfig,
        build=build_tiny_cnn,
    ),
    "sac": Architecture(
        summary="Segment Anything's image encoder under a convolutional head (transformers)",
        settings=SacConfig,
        build=build_sac,
    ),
    "unet": Architecture(
        summary="U-Net with residual units (MONAI)", settings=UNetConfig, build=build_unet
    ),
}


def find_architecture(name: str) -> Architecture:
    """Return the entry of this name, or of a file of the user's own.

    Parameters
    ----------
    name
        In :data:`ARCHITECTURES`; or the path of a Python file, ending in .py, with a function
        ``build(*, in_channels, out_channels, ...)`` that returns a network. The file is run.

    Raises
    ------
    InputError
        If there is none; the message lists those there are. Or if the file can't be used.

    Examples
    --------
    >>> find_architecture("unet").trainable
    True
    """
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    if name.endswith(".py"):
        path = Path(name)
        return Architecture(
            summary=f"your own network in {path.name}",
            settings=own_settings(path),
            build=partial(build_own, path),
        )
    close = get_close_matches(name, ARCHITECTURES, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    msg = (
        f"no model is called {name!r}, only {', '.join(sorted(ARCHITECTURES))}{hint} "
        "A network of your own is named by its file, FILE.py."
    )
    raise InputError(msg)


def read_settings(architecture: str, settings: Mapping[str, Any]) -> BaseModel:
    """Return the typed settings of a model.

    Raises
    ------
    InputError
        If the model is unknown.
    pydantic.ValidationError
        If a setting is unknown or out of range.
    """
    return find_architecture(architecture).settings.model_validate(settings)


def build_network(
    architecture: str, settings: Mapping[str, Any], *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return a network with fresh random weights that maps images to ``Outputs``.

    Parameters
    ----------
    architecture
        Name in :data:`ARCHITECTURES`.
    settings
        Its settings; what is left out takes its default.
    in_channels, out_channels
        Channels of the image, and of the logits.

    Raises
    ------
    InputError
        If the name is unknown or the model is not a network.
    """
    entry = find_architecture(architecture)
    if entry.build is None:
        msg = f"{architecture!r} is not a network: {entry.summary}."
        raise InputError(msg)
    return entry.build(
        read_settings(architecture, settings), in_channels=in_channels, out_channels=out_channels
    )
