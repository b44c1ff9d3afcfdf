"""Normalisation."""

import numpy as np
import pytest

from workbench.schema import InputError
from workbench.transforms import normalise_percentiles, to_grey, to_three_channels


def test_percentiles_become_zero_and_one_and_the_rest_is_cut_off() -> None:
    image = np.arange(101, dtype=np.uint16).reshape(1, 101, 1)
    stretched = normalise_percentiles(image, low_percent=10, high_percent=90)[0, :, 0]
    assert stretched[:11].max() == 0
    assert stretched[90:].min() == 1
    assert stretched[50] == pytest.approx(0.5)


def test_channels_are_stretched_each_on_its_own() -> None:
    image = np.stack([np.arange(4), 1000 * np.arange(4)], axis=-1)[None]
    stretched = normalise_percentiles(image, low_percent=0, high_percent=100)
    assert np.array_equal(stretched[..., 0], stretched[..., 1])


def test_a_constant_image_becomes_zero() -> None:
    assert not normalise_percentiles(np.full((3, 3, 1), 77, np.uint8)).any()


def test_a_few_bright_cells_do_not_stretch_the_noise() -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(100, 3, (200, 200, 1))
    image[50:60, 50:60] = 1000  # 0.25 % of the pixels
    assert np.median(normalise_percentiles(image)) < 0.05


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_networks_get_three_channels(channels: int) -> None:
    image = np.ones((4, 5, channels), np.float32)
    assert to_three_channels(image).shape == (4, 5, 3)


def test_more_than_three_channels_are_refused_with_a_cure() -> None:
    with pytest.raises(InputError, match="got 5; save the channels to use"):
        to_three_channels(np.ones((4, 5, 5), np.float32))


def test_grey_is_the_mean_of_the_channels() -> None:
    assert to_grey(np.array([[[0, 0.5, 1]]], np.float32)).tolist() == [[0.5]]
