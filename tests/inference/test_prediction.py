"""Networks on images of any size, and model files."""

from pathlib import Path

import numpy as np
import pytest

from workbench.inference import (
    ModelCard,
    ModelDescription,
    PredictionConfig,
    TrainedNetwork,
    find_encoding,
    load_network,
    predict_maps,
    read_card,
    segment_image,
    write_card,
    write_weights,
)
from workbench.inference._tiles import DecodedCells
from workbench.schema import InputError
from workbench.transforms import Preparation, prepare_image, to_three_channels

UNET = ModelDescription(architecture="unet", settings={"channels": [4, 8], "residual_units": 0})
ENCODING = find_encoding("three_class")
WINDOWS = PredictionConfig(window_px=32)


@pytest.mark.parametrize("size", [(7, 100), (32, 32), (45, 33)])
def test_any_size_comes_back_in_probabilities(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random((*size, 3), np.float32)
    probabilities = predict_maps(UNET.build().eval(), image, ENCODING, WINDOWS)
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
    assert np.allclose(predict_maps(Pointwise(), image, ENCODING, WINDOWS), whole, atol=1e-5)


def test_images_of_one_to_three_channels_are_segmented() -> None:
    network = UNET.build().eval()
    for channels in (1, 2, 3):
        image = np.random.default_rng(0).integers(0, 255, (40, 40, channels)).astype(np.uint8)
        labels = segment_image(
            image, networks=[TrainedNetwork(network, UNET)], description=UNET, config=WINDOWS
        ).labels
        assert labels.shape == (40, 40)


def test_stability_is_stored_where_it_is_asked_for() -> None:
    network = TrainedNetwork(UNET.build().eval(), UNET)
    image = np.random.default_rng(0).random((40, 30, 1)).astype(np.float32)
    for stability in (True, False):
        config = WINDOWS.model_copy(update={"stability": stability})
        found = segment_image(image, networks=[network], description=UNET, config=config)
        assert ("stability" in found.confidences) == stability
        assert all(len(values) == found.labels.max() for values in found.confidences.values())


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

    def spy(_network: object, image: np.ndarray, *_: object, place: object) -> np.ndarray:
        seen.append(image)
        return np.zeros(image.shape, np.float32)

    monkeypatch.setattr("workbench.inference._prediction.predict_maps", spy)
    description = prepared_by(**preparation)
    image = np.random.default_rng(0).integers(0, 200, (50, 60, 1)).astype(np.uint8)
    segment_image(
        image,
        networks=[TrainedNetwork(UNET.build(), description)],
        description=description,
        config=WINDOWS,
        pixel_size_um=0.5,
    )
    expected = prepare_image(image, description.preparation, pixel_size_um=0.5)
    assert np.array_equal(seen[0], to_three_channels(expected))


def test_cells_found_at_another_pixel_size_come_back_in_the_size_of_the_image() -> None:
    otsu = ModelDescription(architecture="otsu_watershed", settings={})
    other = otsu.model_copy(update={"preparation": Preparation(pixel_size_um=0.7)})

    def cells(description: ModelDescription) -> np.ndarray:
        return segment_image(
            discs(), networks=(), description=description, config=WINDOWS, pixel_size_um=0.5
        ).labels

    as_taken, resampled = cells(otsu), cells(other)
    assert resampled.shape == as_taken.shape == (60, 80)
    assert resampled.dtype == as_taken.dtype == np.int32
    assert resampled.max() == as_taken.max() == 3
    both = (as_taken > 0) & (resampled > 0)
    assert both.sum() > 0.85 * ((as_taken > 0) | (resampled > 0)).sum()


def test_cells_lost_on_the_way_back_take_their_confidences_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = np.zeros((60, 60), np.int32)
    # Pixels of 0.1 um; the first cell is less than a pixel of 1 um.
    found[0, 0], found[20:40, 20:40], found[50:, 50:] = 1, 2, 3
    cells = DecodedCells(found, {"interior": np.array([0.1, 0.2, 0.3], np.float32)})
    monkeypatch.setattr("workbench.inference._prediction.decode_in_tiles", lambda *_, **__: cells)
    description = prepared_by(pixel_size_um=0.1)
    prediction = segment_image(
        np.zeros((6, 6, 1), np.uint8),
        networks=[TrainedNetwork(UNET.build(), description)],
        description=description,
        config=WINDOWS,
        pixel_size_um=1,
    )
    assert prediction.labels.shape == (6, 6)
    assert np.unique(prediction.labels).tolist() == [0, 1, 2]
    assert prediction.confidences["interior"].tolist() == np.float32([0.2, 0.3]).tolist()


def test_a_model_of_one_pixel_size_needs_that_of_the_image() -> None:
    with pytest.raises(InputError, match="the pixel size of this one is unknown"):
        segment_image(
            discs(),
            networks=[TrainedNetwork(UNET.build(), prepared_by(pixel_size_um=1.0))],
            description=prepared_by(pixel_size_um=1.0),
            config=WINDOWS,
        )


def test_a_network_without_weights_is_refused() -> None:
    with pytest.raises(InputError, match="unet is a network and needs its trained weights"):
        segment_image(np.zeros((9, 9, 1)), networks=(), description=UNET, config=WINDOWS)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no model\.json; give the folder that training"):
        load_network(tmp_path)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    import torch

    network = UNET.build().eval()
    card = ModelCard(name="mine", description=UNET, metrics={"validation_f1": float("nan")})
    write_card(tmp_path, card)
    write_weights(tmp_path / "best.safetensors", network)
    again, description = load_network(tmp_path)
    images = torch.rand(1, 3, 32, 32)
    assert description == UNET
    assert torch.equal(again(images).logits, network(images).logits)
    assert read_card(tmp_path).name == "mine"


def test_missing_weights_are_named(tmp_path: Path) -> None:
    write_card(tmp_path, ModelCard(description=UNET))
    with pytest.raises(InputError, match=r"best\.safetensors: no such file"):
        load_network(tmp_path)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    other = ModelDescription(architecture="unet", settings={"channels": [8, 8]})
    write_weights(tmp_path / "best.safetensors", other.build())
    write_card(tmp_path, ModelCard(description=UNET))
    with pytest.raises(InputError, match=r"best\.safetensors: not the weights of unet"):
        load_network(tmp_path)


def test_a_pickle_that_runs_code_is_not_run(tmp_path: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "sprung",))

    (tmp_path / "best.safetensors").write_bytes(pickle.dumps(Trap()))
    write_card(tmp_path, ModelCard(description=UNET))
    with pytest.raises(InputError, match="not the weights"):
        load_network(tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_a_card_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    text = ModelCard(description=UNET).model_dump_json().replace('"licence"', '"license"')
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(InputError, match=r"model\.json: not a model card"):
        read_card(tmp_path)


def test_the_python_file_that_a_card_names_is_run_only_if_it_is_the_users_own(
    tmp_path: Path,
) -> None:
    code = tmp_path / "theirs.py"
    code.write_text(
        "from pathlib import Path\n"
        "from torch import nn\n"
        f"Path({str(tmp_path / 'ran')!r}).touch()\n"
        "def build(*, in_channels, out_channels):\n"
        "    return nn.Conv2d(in_channels, out_channels, 1)\n"
    )
    theirs = ModelDescription(architecture=str(code))
    write_weights(tmp_path / "best.safetensors", theirs.build())
    write_card(tmp_path, ModelCard(description=theirs))
    (tmp_path / "ran").unlink()
    with pytest.raises(InputError, match=r"made by .*theirs\.py, which would have to be run"):
        load_network(tmp_path)
    assert not (tmp_path / "ran").exists()
    load_network(tmp_path, own_code=[str(code)])
    assert (tmp_path / "ran").exists()
