"""One contract for every network of the zoo; a newcomer joins by a line in SMALL."""

from pathlib import Path

import pytest

from workbench.models import ARCHITECTURES, build_network

SMALL = {
    "deep_unet": {"base_channels": 4},
    "deeper_unet": {"base_channels": 4},
    "lstm_unet": {"channels": [8, 16], "memory_kernel_px": 3},
    "nnunet": {
        "channels": [8, 16, 32],
        "kernels_px": [3] * 3,
        "strides": [1, 2, 2],
        "deep_supervision": 1,
    },
    "tiny_cnn": {"channels": [16] * 4},
    "mask2former": {
        "backbone_channels": 8,
        "backbone_depths": [1, 1, 1, 1],
        "backbone_heads": [1, 2, 4, 8],
        "channels": 32,
        "queries": 4,
        "encoder_layers": 1,
        "decoder_layers": 2,
        "heads": 2,
    },
    "segformer": {
        "hidden_sizes": [8, 16, 16, 32],
        "depths": [1, 1, 1, 1],
        "heads": [1, 2, 2, 4],
        "decoder_channels": 16,
    },
    "swin_unetr": {"feature_size": 12, "depths": [1, 1, 1, 1], "heads": [1, 1, 2, 2]},
    "maunet_resnet50": {"width": 0.07},
    "maunet_wide": {"width": 0.07},
    "sac": {
        "encoder": {
            "hidden_size": 16,
            "layers": 2,
            "heads": 2,
            "global_attention": [1],
            "window_tokens": 4,
            "image_size_px": 64,
            "patch_px": 8,
        },
    },
    "unet": {"channels": [4, 8], "residual_units": 1},
}
"""Settings that make each network small enough for a test of seconds."""

NETWORKS = sorted(name for name, entry in ARCHITECTURES.items() if entry.trainable)


def test_every_network_is_under_contract() -> None:
    assert set(SMALL) == set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(64, 96), (45, 33), (1, 1)])
def test_a_network_maps_images_of_any_size_to_logits_of_that_size(
    name: str, size: tuple[int, int]
) -> None:
    import torch

    network = build_network(name, SMALL[name], in_channels=3, out_channels=5).eval()
    with torch.inference_mode():
        outputs = network(torch.rand(2, 3, *size))
    assert outputs.logits.shape == (2, 5, *size)
    assert outputs.coarse == ()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("in_channels", [1, 2, 3, 5])
def test_a_network_takes_any_number_of_channels(name: str, in_channels: int) -> None:
    import torch

    network = build_network(name, SMALL[name], in_channels=in_channels, out_channels=3).eval()
    with torch.inference_mode():
        logits = network(torch.rand(1, in_channels, 64, 64)).logits
    assert logits.shape == (1, 3, 64, 64)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_that_is_to_learn_gets_a_gradient(name: str) -> None:
    import torch

    torch.manual_seed(0)
    network = build_network(name, SMALL[name], in_channels=3, out_channels=3).train()
    outputs = network(torch.rand(2, 3, 64, 64))
    assert all(coarse.shape[:2] == (2, 3) for coarse in outputs.coarse)
    total = sum(logits.square().sum() for logits in (outputs.logits, *outputs.coarse))
    total.backward()
    learning = {key: p.grad for key, p in network.named_parameters() if p.requires_grad}
    assert learning
    lacking = [key for key, grad in learning.items() if grad is None or not grad.isfinite().all()]
    assert lacking == []


@pytest.mark.parametrize("name", NETWORKS)
def test_equal_seeds_give_equal_networks_and_equal_answers(name: str) -> None:
    import torch

    images = torch.rand(1, 3, 64, 64)
    answers = []
    for _ in range(2):
        torch.manual_seed(7)
        network = build_network(name, SMALL[name], in_channels=3, out_channels=3).eval()
        with torch.inference_mode():
            answers.append(network(images).logits)
            assert torch.equal(network(images).logits, answers[-1])
    assert torch.equal(*answers)


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_that_are_written_and_read_give_the_same_answer(name: str, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_model, save_model

    images = torch.rand(1, 3, 64, 64)
    first, second = (
        build_network(name, SMALL[name], in_channels=3, out_channels=3).eval() for _ in range(2)
    )
    save_model(first, str(tmp_path / "weights.safetensors"))
    load_model(second, str(tmp_path / "weights.safetensors"))
    with torch.inference_mode():
        assert torch.equal(first(images).logits, second(images).logits)
