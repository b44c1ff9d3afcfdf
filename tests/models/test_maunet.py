"""Encoders of MAUNet are the published ones; each of its decoders paints its own channels."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from workbench.models import build_network
from workbench.schema import InputError

NAMES = ["maunet_resnet50", "maunet_wide"]
STAGES = {"layer1": 3, "layer2": 4, "layer3": 6, "layer4": 3}


def maunet(name: str, *, in_channels: int = 3, out_channels: int = 4, **settings: Any) -> Any:
    return build_network(
        name, {"width": 0.07} | settings, in_channels=in_channels, out_channels=out_channels
    )


def torchvision_shapes(*, inner: int) -> dict[str, tuple[int, ...]]:
    """Return weights of torchvision's ResNets of 50 layers, whose bottlenecks begin ``inner`` wide.

    Written down from the paper's table and torchvision's names, apart from the code under test.
    """
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)}
    norms = {"bn1": 64}
    before = 64
    for place, (layer, blocks) in enumerate(STAGES.items()):
        narrow, outer = inner * 2**place, 256 * 2**place
        for block in range(blocks):
            name = f"{layer}.{block}"
            shapes[f"{name}.conv1.weight"] = (narrow, before, 1, 1)
            shapes[f"{name}.conv2.weight"] = (narrow, narrow, 3, 3)
            shapes[f"{name}.conv3.weight"] = (outer, narrow, 1, 1)
            norms |= {f"{name}.bn1": narrow, f"{name}.bn2": narrow, f"{name}.bn3": outer}
            if block == 0:
                shapes[f"{name}.downsample.0.weight"] = (outer, before, 1, 1)
                norms[f"{name}.downsample.1"] = outer
            before = outer
    for name, channels in norms.items():
        for kind in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{kind}"] = (channels,)
        shapes[f"{name}.num_batches_tracked"] = ()
    return shapes | {"fc.weight": (1000, 2048), "fc.bias": (1000,)}


def without(shapes: dict[str, tuple[int, ...]], *parts: str) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if not name.startswith(parts)}


@pytest.mark.parametrize(
    ("name", "inner", "left_out"),
    [("maunet_resnet50", 64, ("fc.",)), ("maunet_wide", 128, ("fc.", "layer4."))],
)
def test_the_encoder_has_the_weights_that_torchvision_publishes(
    name: str, inner: int, left_out: tuple[str, ...]
) -> None:
    import torch

    with torch.device("meta"):
        encoder = maunet(name, width=1).encoder
    shapes = {key: tuple(tensor.shape) for key, tensor in encoder.state_dict().items()}
    assert shapes == without(torchvision_shapes(inner=inner), *left_out)


@pytest.mark.parametrize(("inner", "count"), [(64, 25_557_032), (128, 68_883_240)])
def test_the_table_of_shapes_has_the_published_number_of_weights(inner: int, count: int) -> None:
    import math

    counted = ("running_mean", "running_var", "num_batches_tracked")
    shapes = torchvision_shapes(inner=inner)
    assert (
        sum(math.prod(shape) for name, shape in shapes.items() if not name.endswith(counted))
        == count
    )


def imagenet_file(folder: Path, *, inner: int, ending: str) -> tuple[Path, dict[str, Any]]:
    """Write random weights as torchvision's file holds them; old files have no counters."""
    import torch
    from safetensors.torch import save_file

    weights = {
        name: torch.rand(shape)
        for name, shape in without(torchvision_shapes(inner=inner)).items()
        if not name.endswith("num_batches_tracked")
    }
    path = folder / f"imagenet{ending}"
    if ending == ".pth":
        torch.save(weights, path)
    else:
        save_file(weights, path)
    return path, weights


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_imagenet_weights_are_really_loaded(ending: str, tmp_path: Path) -> None:
    import torch

    path, weights = imagenet_file(tmp_path, inner=64, ending=ending)
    encoder = maunet("maunet_resnet50", width=1, weights=str(path)).encoder
    loaded = encoder.state_dict()
    assert all(
        torch.equal(loaded[name], tensor)
        for name, tensor in weights.items()
        if not name.startswith("fc.")
    )


def test_weights_of_the_other_encoder_are_refused(tmp_path: Path) -> None:
    path, _ = imagenet_file(tmp_path, inner=64, ending=".safetensors")
    with pytest.raises(InputError, match=r"imagenet\.safetensors: weight 'layer1.*maunet_resnet50"):
        maunet("maunet_wide", width=1, weights=str(path))


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    import torch

    torch.save({"epoch": 3}, tmp_path / "resnet50.pth")
    with pytest.raises(InputError, match=r"resnet50\.pth: expected a dict of tensors"):
        maunet("maunet_resnet50", width=1, weights=str(tmp_path / "resnet50.pth"))


def test_weights_for_another_width_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"need width 1, got 0\.5"):
        maunet("maunet_resnet50", width=0.5, weights="resnet50.pth")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("parts", [(2,), (3,), (3, 1), (3, 30)])
def test_the_second_decoder_paints_what_follows_three_classes(
    name: str, parts: tuple[int, ...]
) -> None:
    import torch

    network = maunet(name, out_channels=sum(parts)).eval()
    images = torch.rand(1, 3, 64, 64)
    assert len(network.decoders) == len(parts)
    for place, decoder in enumerate(network.decoders):
        with torch.inference_mode():
            before = network(images).logits
            decoder.out.conv.conv.bias.add_(1)
            raised = (network(images).logits - before).split(parts, dim=1)
        for other, rise in enumerate(raised):
            assert torch.allclose(rise, torch.full_like(rise, float(other == place)), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1, 1), (16, 32), (32, 32), (33, 20)])
def test_an_image_smaller_than_the_coarsest_level_is_painted(
    name: str, size: tuple[int, int]
) -> None:
    import torch

    for network in (maunet(name).eval(), maunet(name).train()):
        with torch.inference_mode():
            logits = network(torch.rand(2, 3, *size)).logits
        assert logits.shape == (2, 4, *size)
        assert logits.isfinite().all()
