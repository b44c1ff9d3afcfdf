"""What networks paint of images larger and smaller than a window, in one orientation or more."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from workbench.inference import (
    ENCODINGS,
    ModelDescription,
    PredictionConfig,
    find_encoding,
    predict_maps,
)
from workbench.models import Outputs

UNET = ModelDescription(architecture="unet", settings={"channels": [4, 8], "residual_units": 0})
ENCODING = find_encoding("three_class")
WINDOWS = PredictionConfig(window_px=32)


class Network(torch.nn.Module):
    """A network that is a function of the images."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function
        self.weight = torch.nn.Parameter(torch.tensor(3.0))

    def forward(self, images: torch.Tensor) -> Outputs:
        return Outputs(self.function(images.float()))


def random_image(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).random((*size, 3), np.float32)


@pytest.mark.parametrize("overlap", [0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("size", [(1, 1), (32, 33), (70, 45), (31, 200)])
def test_a_constant_is_painted_constant_however_windows_overlap(
    size: tuple[int, int], overlap: float
) -> None:
    network = Network(lambda images: torch.tensor([0.0, 1.0, 2.0])[:, None, None] + 0 * images)
    config = PredictionConfig(window_px=32, overlap=overlap)
    maps = predict_maps(network, random_image(size), ENCODING, config)
    assert maps.shape == (*size, 3)
    assert maps.dtype == np.float32
    assert np.allclose(maps, np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum(), atol=1e-6)


@pytest.mark.parametrize("orientations", [4, 8])
@pytest.mark.parametrize("encoding", ["three_class", "three_class_distance"])
def test_orientations_change_nothing_where_the_network_looks_at_single_pixels(
    encoding: str, orientations: int
) -> None:
    own = ENCODINGS[encoding]
    network = Network(lambda images: images.repeat(1, 2, 1, 1)[:, : own.channels])
    image = random_image((40, 70))
    once = predict_maps(network, image, own, WINDOWS)
    turned = PredictionConfig(window_px=32, orientations=orientations)
    assert np.allclose(predict_maps(network, image, own, turned), once, atol=1e-5)


@pytest.mark.parametrize(("orientations", "expected"), [(1, 0.0), (4, 0.25), (8, 0.25)])
def test_maps_are_averaged_over_orientations(orientations: int, expected: float) -> None:
    """A network that always marks the top left corner marks each corner in its turns."""

    def corner(images: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros_like(images)
        logits[:, 0] = 100
        logits[:, 1, :8, :8] = 200
        return logits

    config = PredictionConfig(window_px=32, orientations=orientations)
    maps = predict_maps(Network(corner), random_image((32, 32)), ENCODING, config)
    assert maps[0, 31, 1] == maps[31, 0, 1] == maps[31, 31, 1] == pytest.approx(expected)
    assert maps[0, 0, 1] == pytest.approx(expected or 1)


def test_all_orientations_together_see_no_difference_between_an_image_and_its_mirror() -> None:
    network = UNET.build().eval()
    image = random_image((32, 32))
    turned = PredictionConfig(window_px=32, orientations=8)

    def of_mirror(config: PredictionConfig) -> np.ndarray:
        return predict_maps(network, image[:, ::-1], ENCODING, config)[:, ::-1]

    assert not np.allclose(
        of_mirror(WINDOWS), predict_maps(network, image, ENCODING, WINDOWS), atol=1e-3
    )
    assert np.allclose(of_mirror(turned), predict_maps(network, image, ENCODING, turned), atol=1e-3)


@pytest.mark.parametrize("place", [(0, 90, 0, 110), (40, 41, 0, 110), (10, 75, 33, 90)])
def test_the_maps_of_a_place_are_those_of_the_image_there(place: tuple[int, ...]) -> None:
    network = UNET.build().eval()
    image = random_image((90, 110))
    rows, columns = slice(*place[:2]), slice(*place[2:])
    whole = predict_maps(network, image, ENCODING, WINDOWS)
    part = predict_maps(network, image, ENCODING, WINDOWS, place=(rows, columns))
    assert np.allclose(part, whole[rows, columns], atol=1e-5)


def test_windows_are_blended_as_monai_blends_them() -> None:
    from monai.inferers import sliding_window_inference

    # It paints the place within the window, so every blend leaves its own traces.
    ramp = torch.linspace(0, 5, 32)[:, None] * torch.linspace(1, 2, 32)
    network = Network(lambda images: images * ramp)
    image = random_image((32, 32 + 2 * 24))  # a whole number of steps: the same windows
    with torch.inference_mode():
        theirs = sliding_window_inference(
            torch.from_numpy(image.transpose(2, 0, 1).copy())[None],
            roi_size=(32, 32),
            sw_batch_size=4,
            predictor=lambda windows: ENCODING.activate(network(windows).logits),
            overlap=0.25,
            mode="gaussian",
        )
    ours = predict_maps(network, image, ENCODING, WINDOWS)
    # In the middle rows; MONAI's least weight is that of pixels, ours that of rows and of columns.
    assert np.allclose(ours[15:17], theirs[0].permute(1, 2, 0).numpy()[15:17], atol=1e-4)


def test_an_image_that_may_only_be_read_is_read() -> None:
    image = random_image((40, 40))
    image.flags.writeable = False
    assert predict_maps(UNET.build().eval(), image, ENCODING, WINDOWS).shape == (40, 40, 3)
