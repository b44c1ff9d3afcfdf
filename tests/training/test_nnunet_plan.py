"""nnU-Net's plan: the published rules, a budget that is kept, and a plan that can be trained."""

import math

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workbench.analysis import DataFingerprint, fingerprint
from workbench.models import ARCHITECTURES, NnUNetConfig, build_network
from workbench.schema import InputError
from workbench.training import (
    PLANNERS,
    NnUNetPlan,
    TrainingConfig,
    plan_nnunet,
    training_memory_bytes,
)

CELLS = pd.DataFrame(columns=["image_id", "area_px", "diameter_px"])


def found(height_px: int, width_px: int, n_images: int, pixel_sizes: tuple = ()) -> DataFingerprint:
    image = {
        "height_px": height_px, "width_px": width_px, "channels": 1, "dtype": "uint8",
        "intensity_p1": 3.0, "intensity_p99": 90.0, "n_cells": 0, "foreground": 0.0,
    }  # fmt: skip
    images = pd.DataFrame([image] * n_images).assign(image_id=range(n_images))
    if pixel_sizes:
        images["pixel_size_um"] = pixel_sizes
    return fingerprint(images, CELLS)


def test_the_reference_of_nnunet_gets_its_published_plan() -> None:
    """Two dimensions, 512 x 512 px, 8 GB: eight levels of 32 to 512 channels, 12 views a step.

    The reference of nnU-Net's experiment planner, whose estimate of memory is another.
    """
    plan = plan_nnunet(found(512, 512, 2000), memory_budget_gib=8)
    assert plan.patch_px == 512
    assert plan.network.channels == (32, 64, 128, 256, 512, 512, 512, 512)
    assert plan.network.strides == (1, 2, 2, 2, 2, 2, 2, 2)
    assert plan.batch_size == 12


@given(
    sides=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    n_images=st.integers(1, 50),
    budget_gib=st.floats(0.1, 40),
)
def test_every_plan_keeps_the_rules_and_the_budget(
    sides: tuple[int, int], n_images: int, budget_gib: float
) -> None:
    plan = plan_nnunet(found(*sides, n_images), memory_budget_gib=budget_gib)
    coarsest_px = plan.patch_px / math.prod(plan.network.strides)
    assert coarsest_px in (4, 5, 6, 7)
    assert plan.patch_px % 32 == 0
    assert plan.batch_size >= 2
    assert training_memory_bytes(plan.network, plan.patch_px, plan.batch_size) <= budget_gib * 2**30
    all_but_one_view = (plan.batch_size - 1) * plan.patch_px**2
    assert plan.batch_size == 2 or all_but_one_view < 0.05 * n_images * sides[0] * sides[1]


def test_the_patch_shrinks_with_the_budget_before_the_batch_grows() -> None:
    plans = [
        plan_nnunet(found(700, 520, 2000), memory_budget_gib=gib) for gib in (0.45, 1, 2, 8, 9)
    ]
    sides = [plan.patch_px for plan in plans]
    assert sides == sorted(sides)
    assert sides[0] < sides[-2] == sides[-1]
    assert plans[0].batch_size == 2
    assert plans[-2].batch_size < plans[-1].batch_size


def test_a_batch_holds_at_most_a_twentieth_of_a_small_data_set() -> None:
    assert plan_nnunet(found(256, 256, 100)).batch_size == 5
    assert plan_nnunet(found(256, 256, 10)).batch_size == 2


def test_a_budget_that_nothing_fits_is_refused_with_what_is_needed() -> None:
    with pytest.raises(InputError, match=r"at least 0\.026, got 0\.01"):
        plan_nnunet(found(256, 256, 10), memory_budget_gib=0.01)


def test_images_come_to_the_median_pixel_size_if_each_has_one() -> None:
    known = plan_nnunet(found(64, 64, 3, (0.5, 0.6, 0.9)))
    assert known.preparation.pixel_size_um == 0.6
    partly = plan_nnunet(found(64, 64, 3, (0.5, 0.6, "")))
    assert partly.preparation.pixel_size_um is None


def test_a_plan_is_written_as_json_and_read_back() -> None:
    plan = plan_nnunet(found(300, 200, 7, (0.5,) * 7))
    assert NnUNetPlan.model_validate_json(plan.model_dump_json(indent=2)) == plan


def test_every_planner_is_known_to_the_zoo() -> None:
    assert {name for name, entry in ARCHITECTURES.items() if entry.planned} == set(PLANNERS)


@pytest.mark.parametrize("name", PLANNERS)
def test_every_planner_gives_settings_and_training_that_its_architecture_takes(name: str) -> None:
    plan = PLANNERS[name](found(64, 70, 30))
    settings = ARCHITECTURES[name].settings.model_validate(plan.settings)
    assert settings.model_dump(mode="json") == plan.settings
    config = TrainingConfig.model_validate(plan.training)
    assert (config.crop_px, config.batch_size) == (64, 2)
    assert (config.optimizer, config.schedule) == ("sgd", "polynomial")
    assert (config.learning_rate, config.weight_decay) == (0.01, 3e-5)
    network = build_network(name, plan.settings, in_channels=3, out_channels=3).train()
    outputs = network(torch.rand(1, 3, config.view_px, config.view_px))
    assert outputs.logits.shape[-2:] == (64, 64)
    assert [coarse.shape[-1] for coarse in outputs.coarse] == [32, 16]


@pytest.mark.parametrize(
    ("channels", "patch_px"), [((8, 16, 32, 64), 64), ((8, 16, 32, 32, 32), 96)]
)
def test_the_estimate_of_memory_is_what_autograd_keeps(
    channels: tuple[int, ...], patch_px: int
) -> None:
    levels = len(channels)
    network = NnUNetConfig(
        channels=channels,
        kernels_px=(3,) * levels,
        strides=(1,) + (2,) * (levels - 1),
        deep_supervision=levels - 3,
    )
    net = build_network("nnunet", network.model_dump(), in_channels=3, out_channels=3).train()
    weights = {weight.untyped_storage().data_ptr() for weight in net.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        net(torch.rand(2, 3, patch_px, patch_px))
    features = sum(
        tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in weights
    )
    learned = 3 * 4 * sum(weight.numel() for weight in net.parameters())
    estimate = training_memory_bytes(network, patch_px, 2)
    assert features + learned == pytest.approx(estimate, rel=0.01)
