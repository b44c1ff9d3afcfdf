"""What networks cost."""

import math

import torch

from workbench.inference import network_cost


def test_a_convolution_costs_its_kernel_at_each_pixel() -> None:
    layer = torch.nn.Conv2d(3, 8, 3, padding=1)
    layer.bias.requires_grad_(False)  # type: ignore[union-attr]
    layer.train()
    cost = network_cost(layer, size_px=16)
    assert (cost.parameters, cost.trainable_parameters) == (3 * 8 * 9 + 8, 3 * 8 * 9)
    assert cost.multiply_adds == 16 * 16 * 3 * 8 * 9
    assert cost.cpu_images_per_s > 0
    assert math.isnan(cost.gpu_images_per_s) != torch.cuda.is_available()
    assert layer.training


def test_four_times_the_pixels_cost_four_times_as_much() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.Conv2d(4, 2, 1))
    small, large = (network_cost(network, size_px=size).multiply_adds for size in (16, 32))
    assert large == 4 * small
