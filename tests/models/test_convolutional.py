"""What is particular to the convolutional networks, beyond the contract that all keep."""

import pytest
import torch
from pydantic import ValidationError

from workbench.models import (
    DeeperUNetConfig,
    DeepUNetConfig,
    Outputs,
    TinyCNNConfig,
    build_network,
    cut_to_size,
    padded_to_multiple,
    receptive_field_px,
)

SMALL_LSTM = {"channels": [4, 8]}
SMALL_NNUNET = {
    "channels": [4, 6, 8, 10],
    "kernels_px": [3] * 4,
    "strides": [1, 2, 2, 2],
    "deep_supervision": 2,
}


def test_images_are_padded_to_the_next_multiple_but_not_below_the_least() -> None:
    assert padded_to_multiple(torch.zeros(1, 1, 33, 64), 32).shape == (1, 1, 64, 64)
    assert padded_to_multiple(torch.zeros(1, 1, 33, 20), 8, at_least_px=24).shape == (1, 1, 40, 24)
    image = torch.arange(6.0).reshape(1, 1, 2, 3)
    padded = padded_to_multiple(image, 4)[0, 0]
    assert padded.tolist() == [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]]


def test_coarse_outputs_lose_the_same_share_as_the_logits() -> None:
    logits, *coarse = (torch.zeros(1, 2, side, side) for side in (64, 32, 8))
    cut = cut_to_size(Outputs(logits, tuple(coarse)), (48, 33))
    assert cut.logits.shape == (1, 2, 48, 33)
    assert [one.shape for one in cut.coarse] == [(1, 2, 24, 17), (1, 2, 6, 5)]


@pytest.mark.parametrize(("config", "depth"), [(DeepUNetConfig, 6), (DeeperUNetConfig, 7)])
def test_a_deep_unet_has_the_published_widths_at_each_level(config: type, depth: int) -> None:
    name = {6: "deep_unet", 7: "deeper_unet"}[depth]
    network = build_network(name, {"base_channels": 2}, in_channels=3, out_channels=3)
    widths = [network.first.conv_1.conv.out_channels]
    widths += [level.convs.conv_1.conv.out_channels for level in network.down]
    assert [32 * width for width in widths] == list(config().channels)
    assert list(config().channels) == [64, 128, 256, 512, 1024, 1024, 2048][:depth]


def test_the_bottom_of_the_deepest_unet_tells_images_apart() -> None:
    """One pixel, normalised by itself, would be 0 whatever the image shows."""
    network = build_network("deeper_unet", {"base_channels": 4}, in_channels=1, out_channels=1)
    seen = []
    network.down[-1].register_forward_hook(lambda _module, _fed, found: seen.append(found))
    with torch.inference_mode():
        network.eval()(torch.rand(1, 1, 64, 64))
    assert seen[0].shape[-2:] == (2, 2)
    assert seen[0].abs().max() > 0.1


def test_nnunet_gives_coarse_logits_in_training_alone_the_finest_first() -> None:
    network = build_network("nnunet", SMALL_NNUNET, in_channels=3, out_channels=5)
    outputs = network.train()(torch.rand(2, 3, 64, 96))
    assert [tuple(coarse.shape) for coarse in outputs.coarse] == [(2, 5, 32, 48), (2, 5, 16, 24)]
    assert network.eval()(torch.rand(2, 3, 64, 96)).coarse == ()


def test_each_coarse_output_of_nnunet_trains_the_levels_below_it_only() -> None:
    network = build_network("nnunet", SMALL_NNUNET, in_channels=3, out_channels=5).train()
    network(torch.rand(2, 3, 32, 32)).coarse[1].square().sum().backward()
    coarsest, middle, finest = (
        next(up.parameters()).grad is not None for up in network.body.upsamples
    )
    assert (coarsest, middle, finest) == (True, False, False)


def test_nnunet_computes_what_monai_computes() -> None:
    """Ours walks MONAI's blocks itself; in evaluation both must give the same."""
    from monai.networks.nets import DynUNet

    network = build_network("nnunet", SMALL_NNUNET, in_channels=3, out_channels=5).eval()
    theirs = DynUNet(
        2, 3, 5, [3] * 4, [1, 2, 2, 2], [2, 2, 2], [4, 6, 8, 10], deep_supervision=True,
        deep_supr_num=2,
    ).eval()  # fmt: skip
    theirs.load_state_dict(network.body.state_dict(), strict=False)
    images = torch.rand(2, 3, 32, 48)
    with torch.inference_mode():
        assert torch.allclose(network(images).logits, theirs(images), atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"channels": [4, 8, 16]}, "one value for each level"),
        ({**SMALL_NNUNET, "strides": [2, 2, 2, 2]}, "first stride must be 1"),
        ({**SMALL_NNUNET, "kernels_px": [3, 3, 4, 3]}, "every kernel odd"),
        ({**SMALL_NNUNET, "deep_supervision": 3}, "at most 2"),
    ],
)
def test_levels_of_nnunet_that_do_not_agree_are_refused(wrong: dict, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        build_network("nnunet", wrong, in_channels=3, out_channels=3)


class TestLSTMUNet:
    def network(self) -> torch.nn.Module:
        torch.manual_seed(0)
        return build_network("lstm_unet", SMALL_LSTM, in_channels=3, out_channels=2).eval()

    @torch.inference_mode()
    def test_a_sequence_gives_logits_of_its_size_for_each_frame(self) -> None:
        assert self.network()(torch.rand(2, 5, 3, 45, 33)).logits.shape == (2, 5, 2, 45, 33)

    @torch.inference_mode()
    def test_a_sequence_of_one_frame_is_the_image(self) -> None:
        network, images = self.network(), torch.rand(2, 3, 32, 32)
        assert torch.equal(network(images[:, None]).logits[:, 0], network(images).logits)

    @torch.inference_mode()
    @pytest.mark.parametrize("changed", [0, 1, 3])
    def test_a_frame_changes_itself_and_those_after_it_alone(self, changed: int) -> None:
        network, frames = self.network(), torch.rand(1, 4, 3, 32, 32)
        others = frames.clone()
        others[:, changed] = torch.rand(1, 3, 32, 32)
        gap = (network(frames).logits - network(others).logits).abs().amax(dim=(0, 2, 3, 4))
        assert [bool(value > 1e-4) for value in gap] == [time >= changed for time in range(4)]

    @torch.inference_mode()
    def test_sequences_of_a_batch_do_not_know_each_other(self) -> None:
        network, frames = self.network(), torch.rand(2, 3, 3, 32, 32)
        alone = network(frames[1:]).logits
        assert torch.allclose(network(frames).logits[1:], alone, atol=1e-5)

    def test_it_learns_to_show_the_frame_before(self) -> None:
        torch.manual_seed(0)
        network = build_network("lstm_unet", SMALL_LSTM, in_channels=1, out_channels=1)
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
        for _ in range(200):
            frames = torch.rand(4, 3, 1, 16, 16)
            loss = (network(frames).logits[:, 1:] - frames[:, :-1]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert loss < 0.25 * frames.var()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"channels": [2], "dilations": [1]},
        {"channels": [2, 3, 2], "dilations": [1, 2, 3], "kernel_px": 5},
        {"channels": [2, 2], "dilations": [1, 1], "kernel_px": 1},
    ],
)
def test_the_receptive_field_is_where_one_pixel_has_a_gradient(settings: dict) -> None:
    network = build_network("tiny_cnn", settings, in_channels=1, out_channels=1)
    for weights in network.parameters():  # all positive: no contribution cancels, no unit is off
        torch.nn.init.constant_(weights, 0.1)
    image = torch.ones(1, 1, 65, 65, requires_grad=True)
    network(image).logits[0, 0, 32, 32].backward()
    rows, columns = torch.nonzero(image.grad[0, 0], as_tuple=True)
    reach = receptive_field_px(TinyCNNConfig.model_validate(settings)) // 2
    assert (rows.min(), rows.max()) == (32 - reach, 32 + reach)
    assert (columns.min(), columns.max()) == (32 - reach, 32 + reach)


def test_a_tiny_cnn_of_unequal_lists_or_an_even_kernel_is_refused() -> None:
    with pytest.raises(ValidationError, match="one value for each layer"):
        TinyCNNConfig(channels=(4, 4))
    with pytest.raises(ValidationError, match="must be odd"):
        TinyCNNConfig(kernel_px=4)
