"""Networks on images of any size, and model files."""

from pathlib import Path

import numpy as np
import pytest

from workbench.inference import (
    ModelDescription,
    PredictionConfig,
    load_network,
    predict_probabilities,
    save_description,
    segment_image,
)
from workbench.schema import InputError

UNET = ModelDescription(architecture="unet", settings={"channels": [4, 8], "residual_units": 0})
WINDOWS = PredictionConfig(window_px=32)


@pytest.mark.parametrize("size", [(7, 100), (32, 32), (45, 33)])
def test_any_size_comes_back_in_probabilities(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random((*size, 3), np.float32)
    probabilities = predict_probabilities(UNET.build().eval(), image, WINDOWS)
    assert probabilities.shape == (*size, 3)
    assert np.allclose(probabilities.sum(axis=2), 1, atol=1e-5)


@pytest.mark.parametrize("size", [(20, 30), (96, 80), (45, 133)])
def test_windows_joined_equal_the_whole_where_the_network_looks_at_single_pixels(
    size: tuple[int, int],
) -> None:
    import torch

    from workbench.models import Outputs

    class Pointwise(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(3.0))

        def forward(self, images: torch.Tensor) -> Outputs:
            return Outputs(logits=self.scale * images.float())

    image = np.random.default_rng(0).random((*size, 3), np.float32)
    whole = np.exp(3 * image) / np.exp(3 * image).sum(axis=2, keepdims=True)
    assert np.allclose(predict_probabilities(Pointwise(), image, WINDOWS), whole, atol=1e-5)


def test_images_of_one_to_three_channels_are_segmented() -> None:
    network = UNET.build().eval()
    for channels in (1, 2, 3):
        image = np.random.default_rng(0).integers(0, 255, (40, 40, channels)).astype(np.uint8)
        labels = segment_image(image, network=network, description=UNET, config=WINDOWS)
        assert labels.shape == (40, 40)


def test_a_network_without_weights_is_refused() -> None:
    with pytest.raises(InputError, match="unet is a network and needs its trained weights"):
        segment_image(np.zeros((9, 9, 1)), network=None, description=UNET, config=WINDOWS)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no model\.json; give the folder that training"):
        load_network(tmp_path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    save_description(tmp_path, UNET)
    with pytest.raises(InputError, match=r"best\.ckpt: no such file"):
        load_network(tmp_path)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    import torch

    other = ModelDescription(architecture="unet", settings={"channels": [8, 8]})
    state = {f"network.{name}": value for name, value in other.build().state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "best.ckpt")
    save_description(tmp_path, UNET)
    with pytest.raises(InputError, match=r"best\.ckpt: not the weights of unet"):
        load_network(tmp_path)


def test_a_pickle_that_runs_code_is_not_run(tmp_path: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "sprung",))

    (tmp_path / "best.ckpt").write_bytes(pickle.dumps(Trap()))
    save_description(tmp_path, UNET)
    with pytest.raises(InputError, match="not the weights"):
        load_network(tmp_path)
    assert not (tmp_path / "sprung").exists()
