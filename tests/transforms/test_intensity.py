"""Normalisation, equalisation, and preparation, which puts them together."""

import numpy as np
import pytest
from pydantic import ValidationError

from workbench.schema import InputError
from workbench.transforms import (
    Preparation,
    equalise_adaptive,
    normalise_percentiles,
    prepare_image,
    resample_image,
    to_grey,
    to_three_channels,
    to_unit_range,
)


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


def uneven(channels: int = 1) -> np.ndarray:
    """Return stripes of little contrast, dim on the left and bright on the right."""
    columns = np.arange(256) / 255
    stripes = 0.6 * columns + 0.05 * (np.arange(256) // 8 % 2) + 0.1
    return np.repeat(np.tile(stripes, (256, 1))[..., None], channels, axis=2).astype(np.float32)


def test_equalising_brings_dim_and_bright_places_nearer_to_each_other() -> None:
    image = uneven()
    equal = equalise_adaptive(image)

    def stripes_against_slope(values: np.ndarray) -> float:
        halves = values[..., 0].reshape(256, 16, 2, 8).mean(axis=(0, 3))
        return float(np.diff(halves, axis=1).mean() / np.ptp(halves.mean(axis=1)))

    assert stripes_against_slope(equal) > 1.2 * stripes_against_slope(image)
    assert equal.dtype == np.float32
    assert equal.min() >= 0
    assert equal.max() <= 1


def test_equalisation_is_that_of_scikit_image() -> None:
    from skimage.exposure import equalize_adapthist

    image = np.random.default_rng(0).random((150, 200, 2), np.float32) ** 3
    equal = equalise_adaptive(image, tile_px=50, clip_limit=0.02)
    for channel in (0, 1):
        theirs = equalize_adapthist(image[..., channel], kernel_size=50, clip_limit=0.02)
        assert np.array_equal(equal[..., channel], theirs)


@pytest.mark.parametrize("value", [0, 0.3, 1])
def test_a_constant_channel_stays_what_it_was(value: float) -> None:
    image = uneven(2)
    image[..., 1] = value
    assert (equalise_adaptive(image)[..., 1] == np.float32(value)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 3), (127, 300)])
def test_images_smaller_than_a_tile_are_equalised(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random((*size, 3), np.float32)
    for by in ("channel", "luminance"):
        equal = equalise_adaptive(image, by=by)
        assert equal.shape == image.shape
        assert np.isfinite(equal).all()


def test_the_luminance_of_a_colour_image_is_equalised_and_its_hue_kept() -> None:
    from skimage.color import rgb2lab

    rng = np.random.default_rng(0)
    image = (uneven(3) * (0.9, 0.6, 0.8) + rng.normal(0, 0.01, (256, 256, 3))).clip(0, 1)
    before = rgb2lab(image)
    hue_before = np.arctan2(before[..., 2], before[..., 1])

    def hue_shift(by: str) -> float:
        lab = rgb2lab(equalise_adaptive(image.astype(np.float32), by=by))
        shift = np.arctan2(lab[..., 2], lab[..., 1]) - hue_before
        return float(np.median(np.abs(np.angle(np.exp(1j * shift)))))

    assert hue_shift("luminance") < 0.05 < hue_shift("channel")


def test_the_luminance_of_a_grey_image_is_its_channel() -> None:
    image = uneven()
    assert np.array_equal(
        equalise_adaptive(image, by="luminance"), equalise_adaptive(image, by="channel")
    )


def test_two_channels_have_no_luminance() -> None:
    with pytest.raises(InputError, match="got 2 channels; equalise by channel"):
        equalise_adaptive(uneven(2), by="luminance")


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_whole_numbers_of_a_prepared_image_come_back_exactly(kind: type) -> None:
    image = np.arange(np.iinfo(kind).max + 1).astype(kind).reshape(-1, 16, 1)
    unit = to_unit_range(image)
    assert (unit.min(), unit.max()) == (0, 1)
    assert np.array_equal(np.rint(unit * np.iinfo(kind).max), image)


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
def test_a_prepared_image_holds_nothing_outside_zero_to_one(bad: float) -> None:
    with pytest.raises(InputError, match="numbers from 0 to 1, got"):
        to_unit_range(np.array([[[0.5], [bad]]], np.float32))


class TestPreparation:
    def test_the_default_is_the_normalisation_alone(self) -> None:
        image = np.random.default_rng(0).integers(0, 9000, (40, 50, 3)).astype(np.uint16)
        assert np.array_equal(prepare_image(image, Preparation()), normalise_percentiles(image))

    def test_the_percentiles_of_the_eighteen_methods_are_those_of_the_whole_image(self) -> None:
        image = np.arange(1001, dtype=np.uint16).reshape(1, 1001, 1)
        named = Preparation.model_validate("eighteen_methods")
        assert named.equalise
        stretched = prepare_image(image, named.model_copy(update={"equalise": False}))[0, :, 0]
        assert stretched[[0, 1, 500, 999, 1000]] == pytest.approx([0, 0, 0.5, 1, 1])
        assert 0 < stretched[2] < stretched[998] < 1

    def test_every_step_changes_what_a_model_sees(self) -> None:
        image = (uneven() * 200).astype(np.uint8)
        plain = prepare_image(image, Preparation())
        for change in (
            {"equalise": True}, {"low_percent": 20}, {"high_percent": 60}, {"normalise": False},
        ):  # fmt: skip
            assert not np.array_equal(prepare_image(image, Preparation(**change)), plain)
        both = Preparation(equalise=True)
        assert np.array_equal(prepare_image(image, both), equalise_adaptive(plain))
        coarse = prepare_image(image, Preparation(pixel_size_um=1), pixel_size_um=0.5)
        assert coarse.shape == (128, 128, 1)
        assert np.array_equal(coarse, resample_image(plain, from_um=0.5, to_um=1))

    def test_colour_is_equalised_as_told(self) -> None:
        image = (uneven(3) * (200, 90, 150)).astype(np.uint8)
        told = Preparation(equalise=True, equalise_by="luminance")
        assert np.array_equal(
            prepare_image(image, told),
            equalise_adaptive(normalise_percentiles(image), by="luminance"),
        )

    def test_an_unknown_pixel_size_is_an_error_only_where_it_is_needed(self) -> None:
        image = np.zeros((4, 4, 1), np.uint8)
        prepare_image(image, Preparation())
        with pytest.raises(InputError, match="give the manifest a column pixel_size_um"):
            prepare_image(image, Preparation(pixel_size_um=0.5))

    def test_what_cannot_be_is_refused(self) -> None:
        for wrong, message in (
            ({"low_percent": 60, "high_percent": 40}, "low_percent must lie below high_percent"),
            ({"pixel_size_um": 0}, "greater than 0"),
            ({"equalize": True}, "Extra inputs"),
            ("percentiles", "named ones are percentiles_1_99, eighteen_methods, as_is"),
        ):
            with pytest.raises(ValidationError, match=message):
                Preparation.model_validate(wrong)

    @pytest.mark.parametrize("size_um", [None, float("nan"), 0, -1, float("inf")])
    def test_a_pixel_size_that_is_no_positive_number_is_unknown(
        self, size_um: float | None
    ) -> None:
        image = np.zeros((4, 4, 1), np.uint8)
        with pytest.raises(InputError, match="the pixel size of this one is unknown"):
            prepare_image(image, Preparation(pixel_size_um=1), pixel_size_um=size_um)
