"""What a network costs: parameters, multiply-adds, images a second."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class NetworkCost:
    """What a network costs, whatever it was trained on.

    Attributes
    ----------
    parameters, trainable_parameters
        Numbers in its weights, and those of them that training changes.
    multiply_adds
        Of one image, in convolutions, matrix products and attention; what costs less (sums,
        normalisations, activations) is not counted.
    cpu_images_per_s, gpu_images_per_s
        Forward passes, one image at a time, float32; NaN where there is no CUDA GPU.
    """

    parameters: int
    trainable_parameters: int
    multiply_adds: int
    cpu_images_per_s: float
    gpu_images_per_s: float


def network_cost(
    network: torch.nn.Module, *, size_px: int = 256, in_channels: int = 3, repeats: int = 3
) -> NetworkCost:
    """Count and time one forward pass.

    Parameters
    ----------
    network
        Maps images to :class:`workbench.models.Outputs`; it is left in the mode and on the device
        it came in.
    size_px
        Height and width of the image.
    in_channels
        Channels of the image.
    repeats
        Passes that are timed after a first one; their median counts.

    Examples
    --------
    >>> import torch
    >>> cost = network_cost(torch.nn.Conv2d(3, 8, 1, bias=False), size_px=32)
    >>> cost.parameters, cost.multiply_adds
    (24, 24576)
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    weights = list(network.parameters())
    home, was_training = weights[0].device, network.training
    image = torch.zeros(1, in_channels, size_px, size_px)
    try:
        network.eval().to("cpu")
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            network(image)
        cpu = _images_per_s(network, image, repeats)
        gpu = math.nan
        if torch.cuda.is_available():
            gpu = _images_per_s(network.to("cuda"), image.to("cuda"), repeats)
    finally:
        network.to(home).train(was_training)
    return NetworkCost(
        parameters=sum(weight.numel() for weight in weights),
        trainable_parameters=sum(weight.numel() for weight in weights if weight.requires_grad),
        # The counter knows floating-point operations: two for each multiply-add.
        multiply_adds=counter.get_total_flops() // 2,
        cpu_images_per_s=cpu,
        gpu_images_per_s=gpu,
    )


def _images_per_s(network: torch.nn.Module, image: torch.Tensor, repeats: int) -> float:
    import torch

    seconds = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            started = time.perf_counter()
            network(image)
            if image.is_cuda:
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - started)
    return 1 / statistics.median(seconds[1:])
