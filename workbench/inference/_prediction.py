"""Images of any size through a network or a method without training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.inference._config import PredictionConfig
from workbench.inference._encoding import Encoding
from workbench.inference._encodings import find_encoding, fitting_decoder
from workbench.inference._model_files import ModelDescription
from workbench.models import find_architecture, read_settings
from workbench.schema import FloatImage, ImageArray, InputError, LabelImage
from workbench.transforms import prepare_image, restore_labels, to_three_channels

if TYPE_CHECKING:
    import torch


def segment_image(
    image: ImageArray,
    *,
    network: torch.nn.Module | None,
    description: ModelDescription,
    config: PredictionConfig,
    pixel_size_um: float | None = None,
) -> LabelImage:
    """Find the cells of an image.

    Parameters
    ----------
    image
        Shape (height, width, channels), any numeric type.
    network
        A trained network, or None where the description names a method without training.
    description
        What the model is.
    config
        Windows and decoder; a method without training uses neither.
    pixel_size_um
        Side of the image's pixels; needed where the description's preparation resamples. Cells
        are then found at that pixel size and brought back to the image's own.

    Returns
    -------
    ndarray of int32
        Label image, shape (height, width), cells numbered from 1.

    Raises
    ------
    InputError
        If a network is needed and none is given, or the preparation resamples and the pixel size
        is unknown.

    Examples
    --------
    >>> image = np.zeros((20, 20, 1), np.uint8)
    >>> image[5:12, 5:12] = 200
    >>> from workbench.inference import ModelDescription, PredictionConfig
    >>> otsu = ModelDescription(architecture="otsu_watershed", settings={})
    >>> int(segment_image(image, network=None, description=otsu, config=PredictionConfig()).max())
    1
    """
    preparation = description.preparation
    prepared = prepare_image(image, preparation, pixel_size_um=pixel_size_um)
    found = _find_cells(prepared, network, description, config)
    restored = restore_labels(
        found, preparation, size_px=image.shape[:2], pixel_size_um=pixel_size_um
    )
    return _without_gaps(restored.labels) if restored.vanished else restored.labels


def _find_cells(
    prepared: FloatImage,
    network: torch.nn.Module | None,
    description: ModelDescription,
    config: PredictionConfig,
) -> LabelImage:
    if network is not None:
        decoder = fitting_decoder(description.encoding, config.decoder or description.decoder)
        encoding = find_encoding(description.encoding)
        maps = predict_maps(network, to_three_channels(prepared), encoding, config)
        return encoding.decode(maps, decoder)
    method = find_architecture(description.architecture).segment
    if method is None:
        msg = f"{description.architecture} is a network and needs its trained weights."
        raise InputError(msg)
    return method(prepared, read_settings(description.architecture, description.settings))


def _without_gaps(labels: LabelImage) -> LabelImage:
    _, ranks = np.unique(np.append(0, labels), return_inverse=True)
    return ranks[1:].reshape(labels.shape).astype(np.int32)


def predict_maps(
    network: torch.nn.Module, image: FloatImage, encoding: Encoding, config: PredictionConfig
) -> FloatImage:
    """Return the maps that a network paints of an image, blended over windows.

    Parameters
    ----------
    network
        In evaluation mode, on any device.
    image
        Normalised, shape (height, width, 3); smaller than a window is allowed.
    encoding
        What the maps mean.
    config
        Windows.

    Returns
    -------
    ndarray of float32
        Shape (height, width, channels of the encoding).
    """
    import torch
    from monai.inferers import sliding_window_inference

    height, width = image.shape[:2]
    # An image smaller than the window is mirrored up to its size, and cut back afterwards.
    padding = [(0, max(0, config.window_px - length)) for length in (height, width)]
    padded = np.pad(image, (*padding, (0, 0)), mode="symmetric")
    device = next(network.parameters()).device
    batch = torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1)))[None].to(device)

    def maps(windows: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=supports_bf16(device)):
            logits = network(windows).logits
        return encoding.activate(logits.float())

    with torch.inference_mode():
        blended: torch.Tensor = sliding_window_inference(
            batch,
            roi_size=(config.window_px, config.window_px),
            sw_batch_size=config.batch_size,
            predictor=maps,
            overlap=config.overlap,
            mode="gaussian",
        )
    result: FloatImage = blended[0].permute(1, 2, 0).cpu().numpy()[:height, :width]
    return result


def use_best_device(network: torch.nn.Module) -> torch.nn.Module:
    """Move a network to the GPU if there is one."""
    import torch

    return network.to("cuda" if torch.cuda.is_available() else "cpu")


def supports_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is computed by the hardware itself, not emulated.

    Emulated bfloat16 is slower than float32; native one is two to three times faster.
    """
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        has: Mapping[str, Any] = torch.cpu.get_capabilities()
        return bool(has.get("amx_bf16") or has.get("avx512_bf16") or has.get("bf16"))
    return False
