"""Every model by name. A newcomer joins by one line here and one file beside."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from workbench.models._architecture import Architecture
from workbench.models._deep_unet import DeeperUNetConfig, DeepUNetConfig, build_deep_unet
from workbench.models._lstm_unet import LSTMUNetConfig, build_lstm_unet
from workbench.models._mask2former import Mask2FormerConfig, build_mask2former
from workbench.models._maunet import MAUNetConfig, build_maunet_resnet50, build_maunet_wide
from workbench.models._nnunet import NNUNET_TRAINING, NnUNetConfig, build_nnunet
from workbench.models._onnx import OnnxConfig
from workbench.models._otsu_watershed import OtsuWatershedConfig, otsu_watershed
from workbench.models._outside import OUTSIDE_METHODS
from workbench.models._own import build_own, own_settings
from workbench.models._sac import SacConfig, build_sac
from workbench.models._segformer import SegformerConfig, build_segformer
from workbench.models._swin_unetr import SwinUNETRConfig, build_swin_unetr
from workbench.models._tiny_cnn import TinyCNNConfig, build_tiny_cnn
from workbench.models._unet import UNetConfig, build_unet
from workbench.schema import InputError

if TYPE_CHECKING:
    import torch


MAUNET_TRAINING: Final = {"loss": "anti_ambiguity", "learning_rate": 6e-4}
"""As published, but for its batches of 16 crops of 512 px, which need a large GPU."""

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
    "mask2former": Architecture(
        summary="Mask2Former with a Swin backbone, used densely (transformers)",
        settings=Mask2FormerConfig,
        build=build_mask2former,
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
    "nnunet": Architecture(
        summary="nnU-Net: planned from the data, deep supervision (MONAI DynUNet)",
        settings=NnUNetConfig,
        build=build_nnunet,
        training=NNUNET_TRAINING,
        planned=True,
    ),
    "onnx": Architecture(
        summary="a network imported from ONNX; can't be trained, give its folder as checkpoint",
        settings=OnnxConfig,
    ),
    "otsu_watershed": Architecture(
        summary="Otsu's threshold and a distance watershed; no training",
        settings=OtsuWatershedConfig,
        segment=otsu_watershed,
    ),
    "sac": Architecture(
        summary="Segment Anything's image encoder under a convolutional head (transformers)",
        settings=SacConfig,
        build=build_sac,
    ),
    "segformer": Architecture(
        summary="SegFormer with a refinement at full resolution (transformers)",
        settings=SegformerConfig,
        build=build_segformer,
    ),
    "swin_unetr": Architecture(
        summary="Swin transformer under a U-Net decoder (MONAI)",
        settings=SwinUNETRConfig,
        build=build_swin_unetr,
    ),
    "tiny_cnn": Architecture(
        summary="a few dilated convolutions, for teaching",
        settings=TinyCNNConfig,
        build=build_tiny_cnn,
    ),
    "unet": Architecture(
        summary="U-Net with residual units (MONAI)", settings=UNetConfig, build=build_unet
    ),
    **OUTSIDE_METHODS,
}


def is_installed(architecture: Architecture) -> bool:
    """Whether the libraries of an outside method are there; they are not imported.

    Examples
    --------
    >>> is_installed(find_architecture("unet"))
    True
    """
    return all(find_spec(library) is not None for library in architecture.libraries)


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
