"""Random views."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage.color import rgb2hed, rgb_from_hed
from skimage.transform import AffineTransform, warp

from workbench.transforms import AUGMENTATIONS, AugmentationConfig, random_view
from workbench.transforms._warping import random_bend, warp_view

PLAIN = AUGMENTATIONS["none"]


def example() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.zeros((60, 80), np.int32)
    labels[10:30, 20:50], labels[40:55, 60:75] = 1, 2
    return rng.random((60, 80, 3), np.float32), labels


def only(**settings: object) -> AugmentationConfig:
    return PLAIN.model_copy(update=settings)


def view(
    seed: int, config: AugmentationConfig = PLAIN, *, size_px: int = 48, image: object = None
) -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = example()
    pixels = pixels if image is None else image
    rng = np.random.default_rng(seed)
    return random_view(pixels, labels, size_px=size_px, config=config, rng=rng)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_equal_generators_give_equal_views(name: str) -> None:
    for first, second in zip(*(view(3, AUGMENTATIONS[name]) for _ in range(2)), strict=True):
        assert np.array_equal(first, second)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_image_given_is_never_changed(name: str) -> None:
    image, labels = example()
    for seed in range(20):
        view(seed, AUGMENTATIONS[name], image=image)
    assert np.array_equal(image, example()[0])
    assert np.array_equal(labels, example()[1])


def test_different_generators_give_different_views() -> None:
    assert not np.array_equal(view(3)[0], view(4)[0])


@pytest.mark.parametrize("seed", range(10))
def test_without_augmentation_a_view_is_a_plain_crop(seed: int) -> None:
    image, labels = example()
    crop, crop_labels = view(seed)
    places = [
        (row, column)
        for row in range(60 - 48 + 1)
        for column in range(80 - 48 + 1)
        if np.array_equal(crop, image[row : row + 48, column : column + 48])
    ]
    ((row, column),) = places
    assert np.array_equal(crop_labels, labels[row : row + 48, column : column + 48])


def test_a_view_laid_down_is_one_of_eight_and_all_eight_come() -> None:
    image, labels = example()
    square, square_labels = image[:48, :48], labels[:48, :48]
    ways = [(mirrored, turns) for mirrored in (False, True) for turns in range(4)]
    found = set()
    for seed in range(60):
        turned, _ = random_view(
            square,
            square_labels,
            size_px=48,
            config=only(turn=True),
            rng=np.random.default_rng(seed),
        )
        for mirrored, turns in ways:
            laid_down = np.rot90(square[:, ::-1] if mirrored else square, turns)
            if np.array_equal(turned, laid_down):
                found.add((mirrored, turns))
    assert found == set(ways)


@given(
    seed=st.integers(0, 1000),
    name=st.sampled_from(sorted(AUGMENTATIONS)),
    size_px=st.sampled_from([32, 48, 96]),
)
def test_image_and_labels_are_moved_together_and_no_label_is_invented(
    seed: int, name: str, size_px: int
) -> None:
    _, labels = example()
    painted = np.repeat(labels[..., None], 3, axis=2).astype(np.float32)
    shapes = AUGMENTATIONS[name].model_copy(
        update={
            f"{change}_probability": 0.0
            for change in ("gamma", "contrast", "brightness", "blur", "noise", "stain")
        }
    )
    image, moved = view(seed, shapes, size_px=size_px, image=painted)
    assert set(np.unique(moved)) <= {0, 1, 2}
    # Between pixels of different labels the image is a mixture; elsewhere it is the label.
    whole = ndimage.maximum_filter(moved, 3) == ndimage.minimum_filter(moved, 3)
    inner = ndimage.binary_erosion(whole, iterations=3)
    assert np.allclose(image[..., 0][inner], moved[inner], atol=1e-5)


def test_a_window_larger_than_the_image_is_mirrored() -> None:
    image, labels = view(0, size_px=128)
    assert image.shape == (128, 128, 3)
    assert set(np.unique(labels)) == {0, 1, 2}
    padded = np.pad(example()[0], ((128, 128), (128, 128), (0, 0)), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded[..., 0], (128, 128))
    assert (windows[:, :, 0] == image[0, :, 0]).all(axis=-1).any()


def test_zooming_out_makes_cells_smaller_in_proportion() -> None:
    image, labels = np.zeros((96, 96, 3), np.float32), np.zeros((96, 96), np.int32)
    labels[32:64, 32:64] = 1
    config = only(zoom=(0.5, 0.5), zoom_probability=1)
    _, small = random_view(image, labels, size_px=48, config=config, rng=np.random.default_rng(0))
    assert np.count_nonzero(small) == 16 * 16


@pytest.mark.parametrize("angle", [0, 20, 90, 200])
@pytest.mark.parametrize("zoom", [0.7, 1, 2.3])
def test_a_flat_view_agrees_with_scikit_image(angle: float, zoom: float) -> None:
    image, labels = example()
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.array([[c, -s], [s, c]]) / zoom
    ours, _ = warp_view(image, labels, size_px=40, centre=(30.3, 39.1), matrix=matrix)
    # scikit-image maps (column, row).
    swapped = matrix[::-1, ::-1]
    offset = np.array([39.1, 30.3]) - swapped @ [19.5, 19.5]
    affine = AffineTransform(np.vstack([np.column_stack([swapped, offset]), [0, 0, 1]]))
    theirs = warp(image, affine, output_shape=(40, 40), order=1, mode="symmetric")
    assert np.allclose(ours, theirs, atol=1e-4)


def test_a_bend_is_smooth_and_half_as_strong_as_its_arrows() -> None:
    bend = random_bend(512, spacing_px=16, sd_px=4, rng=np.random.default_rng(0))
    assert bend.shape == (2, 512, 512)
    assert bend.std() == pytest.approx(2, rel=0.15)
    assert np.abs(np.diff(bend, axis=1)).max() < 1.5


def test_a_bent_view_takes_pixels_from_where_the_bend_points() -> None:
    image, labels = example()
    right = np.stack([np.zeros((20, 20)), np.full((20, 20), 5)]).astype(np.float32)
    where = {"size_px": 20, "matrix": np.eye(2)}
    bent, bent_labels = warp_view(image, labels, centre=(25.5, 35.5), bend=right, **where)
    moved, moved_labels = warp_view(image, labels, centre=(25.5, 40.5), **where)
    assert np.allclose(bent, moved)
    assert np.array_equal(bent_labels, moved_labels)


LIGHT = {
    "gamma": {"gamma": (2, 2), "gamma_probability": 1},
    "contrast": {"contrast": (1.5, 1.5), "contrast_probability": 1},
    "blur": {"blur_sigma_px": (1, 1), "blur_probability": 1},
}


def test_gamma_is_an_exponent() -> None:
    assert np.allclose(view(1, only(**LIGHT["gamma"]))[0], view(1)[0] ** 2, atol=1e-5)


def test_contrast_leaves_the_mean_of_each_channel() -> None:
    plain, changed = view(1)[0], view(1, only(**LIGHT["contrast"]))[0]
    assert np.allclose(changed.mean(axis=(0, 1)), plain.mean(axis=(0, 1)), atol=1e-4)
    assert changed.std() == pytest.approx(1.5 * plain.std(), rel=1e-3)


def test_blur_is_gaussian_within_each_channel() -> None:
    plain, changed = view(1)[0], view(1, only(**LIGHT["blur"]))[0]
    for channel in range(3):
        theirs = ndimage.gaussian_filter(plain[..., channel], 1, truncate=3)
        assert np.allclose(changed[..., channel], theirs, atol=1e-6)


def test_brightness_is_a_gain_and_an_offset() -> None:
    plain = view(1)[0].ravel()
    changed = view(1, only(brightness=0.4, brightness_probability=1))[0].ravel()
    gain, offset = np.polyfit(plain, changed, 1)
    assert np.allclose(gain * plain + offset, changed, atol=1e-5)
    assert 0 < abs(gain - 1) <= 0.4
    assert 0 < abs(offset) <= 0.4 / 3


def test_noise_is_no_stronger_than_allowed() -> None:
    deviations = [
        (view(seed, only(noise_sd=0.2, noise_probability=1))[0] - view(seed)[0]).std()
        for seed in range(30)
    ]
    assert 0.1 < max(deviations) <= 0.21
    assert min(deviations) < 0.05


def test_shuffled_channels_are_the_same_channels() -> None:
    shuffled = {
        tuple(np.argsort(np.argsort(view(seed, only(shuffle_probability=1))[0][0, 0])))
        for seed in range(40)
    }
    assert len(shuffled) == 6
    plain, changed = view(1)[0], view(1, only(shuffle_probability=1))[0]
    assert np.array_equal(np.sort(changed, axis=2), np.sort(plain, axis=2))


def test_stains_of_bright_field_images_vary_one_by_one() -> None:
    rng = np.random.default_rng(0)
    stains = rng.uniform(0.15, 0.3, (60, 80, 3))
    tissue = np.exp(-stains @ rgb_from_hed).astype(np.float32)
    plain = rgb2hed(view(1, image=tissue)[0])
    changed = rgb2hed(view(1, only(stain_probability=1), image=tissue)[0])
    for stain in range(3):
        gain, offset = np.polyfit(plain[..., stain].ravel(), changed[..., stain].ravel(), 1)
        assert np.allclose(gain * plain[..., stain] + offset, changed[..., stain], atol=1e-4)
        assert 0.89 < gain < 1.11


@pytest.mark.parametrize("level", [0.1, 0.9])
def test_stains_of_dark_or_grey_images_are_left_alone(level: float) -> None:
    grey = np.repeat(level * example()[0][..., :1], 3, axis=2)
    dark = 0.4 * example()[0]
    for image in (grey, dark):
        stained = view(1, only(stain_probability=1), image=image)[0]
        assert np.array_equal(stained, view(1, image=image)[0])


def test_a_named_augmentation_stands_for_its_values() -> None:
    assert AugmentationConfig.model_validate("nnunet") == AUGMENTATIONS["nnunet"]
    assert AugmentationConfig.model_validate("standard") == AugmentationConfig()
    with pytest.raises(ValueError, match="named ones are standard, none"):
        AugmentationConfig.model_validate("strnog")


@pytest.mark.parametrize("zoom", [(2, 1), (0, 1), (1, float("inf"))])
def test_ranges_must_be_in_order(zoom: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="zoom must be two numbers above 0"):
        AugmentationConfig(zoom=zoom)
