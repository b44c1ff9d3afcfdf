"""Images made worse: by how much, and that nothing else about them changes."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from skimage.color import rgb2hed

from workbench.schema import InputError
from workbench.transforms import (
    DEGRADATION_KINDS,
    DEGRADATIONS,
    degrade_image,
    is_stained,
)


def grey(high: int = 200, dtype: type = np.uint8) -> np.ndarray:
    """A bright square on a dark ground."""
    image = np.full((64, 64, 1), high // 10, dtype)
    image[16:48, 16:48] = high
    return image


def stained() -> np.ndarray:
    """Purple nuclei on a pale pink ground."""
    image = np.empty((32, 32, 3), np.uint8)
    image[:] = (240, 200, 220)
    image[8:24, 8:24] = (110, 60, 150)
    return image


def degraded(image: np.ndarray, kind: str, level: float, seed: int = 0) -> np.ndarray:
    return degrade_image(image, kind, level, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("kind", DEGRADATION_KINDS)
def test_the_clean_level_changes_nothing_and_the_usual_ones_do(kind: str) -> None:
    image = stained()
    assert degraded(image, kind, DEGRADATIONS[kind].clean) is image
    for level in DEGRADATIONS[kind].levels:
        worse = degraded(image, kind, level)
        assert worse.dtype == image.dtype
        assert worse.shape != image.shape if kind == "scale" else (worse != image).any()


@pytest.mark.parametrize("kind", ["gaussian_noise", "blur", "poisson_noise", "jpeg"])
def test_harder_levels_stray_further_from_the_image(kind: str) -> None:
    image = grey()
    errors = [
        np.abs(degraded(image, kind, level).astype(float) - image).mean()
        for level in DEGRADATIONS[kind].levels
    ]
    assert errors == sorted(errors)


@pytest.mark.parametrize(("high", "dtype"), [(200, np.uint8), (3000, np.uint16), (1, np.float32)])
def test_noise_is_a_share_of_the_range_of_the_image_whatever_its_type(
    high: int, dtype: type
) -> None:
    image = grey(high, dtype).astype(dtype)
    image[:32] = 0 if dtype is np.float32 else high // 2
    span = float(image.max()) - float(image.min())
    noise = degraded(image, "gaussian_noise", 0.05).astype(float) - image
    # Values that would leave the type are cut off, so the half in the middle of the range counts.
    sd = noise[:32].std() if dtype is not np.float32 else noise.std()
    assert sd == pytest.approx(0.05 * span, rel=0.1)


def test_photon_noise_has_the_spread_of_its_counts() -> None:
    image = np.full((200, 200, 1), 1000, np.uint16)
    image[0, 0] = 0
    found = degraded(image, "poisson_noise", 100)[1:]
    assert found.mean() == pytest.approx(1000, rel=0.01)
    assert found.std() == pytest.approx(100, rel=0.05)


def test_inversion_twice_is_the_image() -> None:
    image = grey()
    once = degraded(image, "inversion", 1)
    assert once.max() == image.max()
    assert once[0, 0, 0] == 200
    assert (degraded(once, "inversion", 1) == image).all()


def test_scale_resizes_and_gamma_keeps_the_ends() -> None:
    assert degraded(grey(), "scale", 0.5).shape == (32, 32, 1)
    image = grey()
    image[0, 0] = 110
    darker = degraded(image, "gamma", 2)
    assert (darker.min(), darker.max()) == (image.min(), image.max())
    assert darker[0, 0, 0] == round(20 + 180 * 0.25)


def test_a_stain_shift_moves_haematoxylin_against_eosin() -> None:
    nucleus = (slice(10, 20), slice(10, 20))
    before = rgb2hed(stained())[nucleus].mean(axis=(0, 1))
    after = rgb2hed(degraded(stained(), "stain", 0.2))[nucleus].mean(axis=(0, 1))
    assert after[0] == pytest.approx(1.2 * before[0], rel=0.1)
    assert after[1] == pytest.approx(0.8 * before[1], rel=0.1)


def test_what_is_stained(real_data: Path) -> None:
    assert is_stained(stained())
    assert not is_stained(grey())
    assert not is_stained(np.repeat(grey(), 3, axis=2))
    assert not is_stained((stained() // 5).astype(np.uint8))
    lines = (real_data / "dsb2018" / "manifest.csv").read_text().splitlines()
    for modality, expected in (("fluorescence", False), ("purple_white", True)):
        paths = [line.split(",")[1] for line in lines if modality in line][:5]
        for path in paths:
            image = tifffile.imread(real_data / "dsb2018" / path)
            image = image if image.ndim == 3 else image[..., None]
            assert is_stained(image[..., :3]) == expected


def test_equal_generators_give_equal_noise() -> None:
    first, second, other = (degraded(grey(), "gaussian_noise", 0.1, seed) for seed in (1, 1, 2))
    assert (first == second).all()
    assert (first != other).any()


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match="bright-field"):
        degraded(grey(), "stain", 0.2)
    with pytest.raises(InputError, match="from 1 to 100"):
        degraded(grey(), "jpeg", 0)
    with pytest.raises(InputError, match="there are gaussian_noise"):
        degraded(grey(), "fog", 1)
    with pytest.raises(InputError, match="got nan"):
        degraded(grey(), "blur", float("nan"))


def test_a_constant_image_stays_what_it_is_under_blur() -> None:
    image = np.full((16, 16, 2), 9, np.uint8)
    assert (degraded(image, "blur", 2) == image).all()
