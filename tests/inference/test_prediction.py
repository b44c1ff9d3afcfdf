"""Networks on images of any size, and model files."""

import json
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
from workbench.transforms import Preparation, prepare_image, to_three_channels

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


def prepared_by(**preparation: object) -> ModelDescription:
    return UNET.model_copy(update={"preparation": Preparation(**preparation)})


def discs() -> np.ndarray:
    rows, columns = np.ogrid[:60, :80]
    image = np.full((60, 80, 1), 20, np.uint8)
    for row, column in ((15, 15), (40, 30), (20, 60)):
        image[(rows - row) ** 2 + (columns - column) ** 2 < 64] = 200
    return image


@pytest.mark.parametrize(
    "preparation",
    [{}, {"equalise": True}, {"low_percent": 5}, {"normalise": False}, {"pixel_size_um": 1.0}],
)
def test_a_network_sees_the_image_as_its_description_prepares_it(
    preparation: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[np.ndarray] = []

    def spy(_network: object, image: np.ndarray, _config: object) -> np.ndarray:
        seen.append(image)
        return np.zeros(image.shape, np.float32)

    monkeypatch.setattr("workbench.inference._prediction.predict_probabilities", spy)
    description = prepared_by(**preparation)
    image = np.random.default_rng(0).integers(0, 200, (50, 60, 1)).astype(np.uint8)
    segment_image(
        image, network=UNET.build(), description=description, config=WINDOWS, pixel_size_um=0.5
    )
    expected = prepare_image(image, description.preparation, pixel_size_um=0.5)
    assert np.array_equal(seen[0], to_three_channels(expected))


def test_cells_found_at_another_pixel_size_come_back_in_the_size_of_the_image() -> None:
    otsu = ModelDescription(architecture="otsu_watershed", settings={})
    other = otsu.model_copy(update={"preparation": Preparation(pixel_size_um=0.7)})

    def cells(description: ModelDescription) -> np.ndarray:
        return segment_image(
            discs(), network=None, description=description, config=WINDOWS, pixel_size_um=0.5
        )

    as_taken, resampled = cells(otsu), cells(other)
    assert resampled.shape == as_taken.shape == (60, 80)
    assert resampled.dtype == as_taken.dtype == np.int32
    assert resampled.max() == as_taken.max() == 3
    both = (as_taken > 0) & (resampled > 0)
    assert both.sum() > 0.85 * ((as_taken > 0) | (resampled > 0)).sum()


def test_cells_lost_on_the_way_back_leave_no_gap_in_the_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = np.zeros((60, 60), np.int32)
    found[0, 0], found[20:40, 20:40] = 1, 2  # 0.1 um; the first is less than a pixel of 1 um
    monkeypatch.setattr("workbench.inference._prediction._find_cells", lambda *_: found)
    labels = segment_image(
        np.zeros((6, 6, 1), np.uint8),
        network=None,
        description=prepared_by(pixel_size_um=0.1),
        config=WINDOWS,
        pixel_size_um=1,
    )
    assert labels.shape == (6, 6)
    assert np.unique(labels).tolist() == [0, 1]


def test_a_model_of_one_pixel_size_needs_that_of_the_image() -> None:
    with pytest.raises(InputError, match="the pixel size of this one is unknown"):
        segment_image(
            discs(),
            network=UNET.build(),
            description=prepared_by(pixel_size_um=1.0),
            config=WINDOWS,
        )


def test_a_description_from_before_preparations_is_read(tmp_path: Path) -> None:
    import torch

    state = {f"network.{name}": value for name, value in UNET.build().state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "best.ckpt")
    old = {
        "architecture": UNET.architecture, "settings": UNET.settings, "encoding": "three_class",
        "low_percent": 2.0, "high_percent": 99.0,
    }  # fmt: skip
    (tmp_path / "model.json").write_text(json.dumps(old))
    _, description = load_network(tmp_path)
    assert description.preparation == Preparation(low_percent=2, high_percent=99)
    save_description(tmp_path, description)
    assert load_network(tmp_path)[1] == description


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
