"""MAUNet: a residual network as encoder, and two U-Net decoders for classes and for distances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    import torch


class MAUNetConfig(BaseModel):
    """Size of a MAUNet, and where its encoder's weights come from.

    Attributes
    ----------
    width
        Share of the published channels, in encoder and decoders; 0.25 suits a CPU.
    weights
        None for random weights, or the path of a state dict of torchvision's ``resnet50`` (for
        ``maunet_wide``: ``wide_resnet50_2``), as safetensors or ``.pth``. It needs width 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: float = Field(1.0, gt=0, le=1)
    weights: str | None = None

    @model_validator(mode="after")
    def _weights_fit(self) -> Self:
        if self.weights is not None and self.width != 1:
            msg = f"weights {self.weights!r} need width 1, got {self.width}"
            raise ValueError(msg)
        return self


def build_maunet_resnet50(
    config: MAUNetConfig, *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return MAUNet [1]_ with a ResNet50 encoder [2]_.

    The first decoder gives the first three channels, the classes of ``three_class_distance``; the
    second gives the rest, there the distance. An encoding of three channels or less needs no
    second decoder, and has none.

    The encoder sees images normalised as ImageNet is, other channel counts than three after a 1x1
    convolution; the published code leaves images in 0 to 1.

    Raises
    ------
    InputError
        If the weights cannot be read or are of another network.

    References
    ----------
    .. [1] Team saltfish, MAUNet: Modality-aware anti-ambiguity U-Net for multi-modality cell
       segmentation, NeurIPS 2022 cell segmentation challenge;
       https://github.com/Woof6/neurips22-cellseg_saltfish
    .. [2] K. He et al., Deep residual learning for image recognition, CVPR 2016.
    """
    from workbench.models._maunet_network import MAUNet

    return MAUNet(config, in_channels=in_channels, out_channels=out_channels, wide=False)


def build_maunet_wide(
    config: MAUNetConfig, *, in_channels: int, out_channels: int
) -> torch.nn.Module:
    """Return MAUNet with a Wide-ResNet50-2 encoder [1]_, see :func:`build_maunet_resnet50`.

    As published it ends after the third of four stages, at a sixteenth of the resolution.

    Raises
    ------
    InputError
        If the weights cannot be read or are of another network.

    References
    ----------
    .. [1] S. Zagoruyko and N. Komodakis, Wide residual networks, BMVC 2016.
    """
    from workbench.models._maunet_network import MAUNet

    return MAUNet(config, in_channels=in_channels, out_channels=out_channels, wide=True)
