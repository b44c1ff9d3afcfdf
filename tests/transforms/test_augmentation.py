"""Random views."""

import numpy as np
import pytest

from workbench.transforms import AugmentationConfig, random_view

PLAIN = AugmentationConfig(
    zoom=(1, 1), gamma=(1, 1), noise_sd=0, blur_sigma_px=(0, 0), brightness=0
)


def example() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.zeros((60, 80), np.int32)
    labels[10:30, 20:50], labels[40:55, 60:75] = 1, 2
    return rng.random((60, 80, 3), np.float32), labels


def view(seed: int, config: AugmentationConfig = PLAIN, size_px: int = 48) -> tuple:
    return random_view(*example(), size_px=size_px, config=config, rng=np.random.default_rng(seed))


def test_equal_generators_give_equal_views() -> None:
    config = AugmentationConfig()
    for first, second in zip(view(3, config), view(3, config), strict=True):
        assert np.array_equal(first, second)


def test_different_generators_give_different_views() -> None:
    assert not np.array_equal(view(3)[0], view(4)[0])


@pytest.mark.parametrize("seed", range(5))
def test_image_and_labels_are_moved_together(seed: int) -> None:
    _, labels = example()
    painted = np.repeat(labels[..., None], 3, axis=2).astype(np.float32)
    image, moved = random_view(
        painted, labels, size_px=48, config=PLAIN, rng=np.random.default_rng(seed)
    )
    assert np.array_equal(image[..., 0].round().astype(int), moved)


def test_a_window_larger_than_the_image_is_mirrored() -> None:
    image, labels = view(0, size_px=128)
    assert image.shape == (128, 128, 3)
    assert set(np.unique(labels)) == {0, 1, 2}


def test_zooming_in_makes_cells_larger() -> None:
    image, labels = np.zeros((64, 64, 3), np.float32), np.zeros((64, 64), np.int32)
    labels[24:40, 24:40] = 1
    config = PLAIN.model_copy(update={"zoom": (0.5, 0.5)})
    _, small = random_view(image, labels, size_px=64, config=config, rng=np.random.default_rng(0))
    # At half the size the window shows the mirrored image too: several small cells.
    assert small.any()
    rows = np.flatnonzero((small == 1).any(axis=1))
    assert np.diff(np.flatnonzero(np.diff(rows) > 1)).max(initial=0) <= 8
