"""Images and labels with pixels of another size."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from workbench.datasets import open_dataset, read_sample
from workbench.schema import InputError
from workbench.transforms import resample_image, resample_labels, resampled_size

SIZES_UM = st.floats(0.05, 5)


def disc(size_px: int, centre: float, radius: float) -> np.ndarray:
    rows, columns = np.ogrid[:size_px, :size_px]
    return ((rows - centre) ** 2 + (columns - centre) ** 2 < radius**2).astype(np.int32)


@given(st.tuples(st.integers(1, 900), st.integers(1, 900)), SIZES_UM, SIZES_UM)
def test_finer_pixels_and_back_give_the_first_size(size: tuple, a: float, b: float) -> None:
    fine, coarse = sorted((a, b))
    there = resampled_size(size, from_um=coarse, to_um=fine)
    assert resampled_size(there, from_um=fine, to_um=coarse) == size


def test_a_size_is_rounded_and_never_nothing() -> None:
    assert resampled_size((10, 11), from_um=0.25, to_um=1) == (3, 3)
    assert resampled_size((1, 3), from_um=0.1, to_um=10) == (1, 1)


@pytest.mark.parametrize("bad", [0, -1, np.nan, np.inf])
def test_pixel_sizes_are_positive_numbers(bad: float) -> None:
    for sizes in ({"from_um": bad, "to_um": 1}, {"from_um": 1, "to_um": bad}):
        with pytest.raises(InputError, match="positive number of micrometres, got"):
            resample_labels(np.zeros((4, 4), int), **sizes)


def test_the_way_back_leads_to_the_size_it_is_told() -> None:
    image, labels = np.zeros((100, 75, 2), np.uint8), np.zeros((100, 75), int)
    small = resample_image(image, from_um=0.3, to_um=1)
    assert small.shape == (30, 23, 2)
    back = {"from_um": 1, "to_um": 0.3, "size_px": (100, 75)}
    assert resample_image(small, **back).shape == image.shape
    assert resample_labels(labels[:30, :23], **back).labels.shape == labels.shape


def test_an_unchanged_pixel_size_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 60_000, (9, 7, 2)).astype(np.uint16)
    labels = rng.integers(0, 9, (9, 7)).astype(np.uint32)
    assert np.array_equal(resample_image(image, from_um=0.5, to_um=0.5), image)
    result = resample_labels(labels, from_um=0.5, to_um=0.5)
    assert np.array_equal(result.labels, labels)
    assert result.vanished == ()


def test_intensities_stay_in_their_range() -> None:
    image = np.zeros((40, 40, 1), np.uint16)
    image[10:30, 10:30] = 5000
    for to_um in (0.3, 2.7):
        values = resample_image(image, from_um=1, to_um=to_um)
        assert values.min() == pytest.approx(0, abs=1e-3)
        assert values.max() == pytest.approx(5000, rel=1e-4)


def test_a_pattern_finer_than_the_new_pixels_becomes_its_mean() -> None:
    stripes = np.zeros((96, 96, 1), np.float32)
    stripes[:, ::3] = 1
    smooth = resample_image(stripes, from_um=1, to_um=4)
    assert np.abs(smooth[4:-4, 4:-4] - 1 / 3).max() < 0.02


@pytest.mark.parametrize("to_um", [0.37, 0.5, 1.7, 2.5])
def test_image_and_labels_stay_in_register(to_um: float) -> None:
    labels = disc(120, 41.3, 25)
    image = labels[..., np.newaxis].astype(np.float32)
    bright = resample_image(image, from_um=1, to_um=to_um)[..., 0] > 0.5
    cell = resample_labels(labels, from_um=1, to_um=to_um).labels > 0
    assert (bright & cell).sum() / (bright | cell).sum() > 0.93
    centres = [np.array(ndimage.center_of_mass(mask)) for mask in (bright, cell)]
    assert np.abs(centres[0] - centres[1]).max() < 0.15


def test_a_cell_keeps_its_area_in_square_micrometres() -> None:
    labels = disc(200, 90, 40)
    coarse = resample_labels(labels, from_um=0.5, to_um=1.3).labels
    assert coarse.sum() * 1.3**2 == pytest.approx(labels.sum() * 0.5**2, rel=0.02)


def test_cells_that_vanish_are_named() -> None:
    labels = np.zeros((30, 30), np.uint32)
    labels[0, 0], labels[10:20, 10:20], labels[29, :] = 4_000_000_000, 5, 9
    result = resample_labels(labels, from_um=1, to_um=3)
    assert result.vanished == (9, 4_000_000_000)
    assert result.labels.dtype == np.uint32


@given(st.integers(0, 50), st.integers(0, 50), st.floats(1, 6))
def test_a_cell_that_holds_a_square_of_new_pixels_does_not_vanish(
    row: int, column: int, to_um: float
) -> None:
    labels = np.zeros((64, 64), int)
    side = int(np.ceil(64 / resampled_size((64, 64), from_um=1, to_um=to_um)[0]))
    labels[row : row + side, column : column + side] = 1
    assert resample_labels(labels, from_um=1, to_um=to_um).vanished == ()


def test_labels_agree_with_scikit_image_and_torch() -> None:
    import torch
    from skimage.transform import resize

    rng = np.random.default_rng(0)
    labels = ndimage.zoom(rng.integers(0, 99, (12, 15)), 7, order=0).astype(np.uint16)
    for to_um in (0.4, 1.6, 2, 3.3):
        ours = resample_labels(labels, from_um=1, to_um=to_um).labels
        scikit = resize(labels, ours.shape, order=0, preserve_range=True, anti_aliasing=False)
        exact = torch.nn.functional.interpolate(
            torch.from_numpy(labels.astype(float))[None, None], ours.shape, mode="nearest-exact"
        )
        assert np.array_equal(ours, scikit)
        assert np.array_equal(ours, exact[0, 0].numpy())


def test_real_nuclei_survive_a_halved_resolution(real_data: Path) -> None:
    for record in open_dataset(real_data / "dsb2018").records[:20]:
        labels = read_sample(record).reference
        assert labels is not None
        result = resample_labels(labels, from_um=0.5, to_um=1)
        vanished = np.isin(labels, result.vanished) & (labels > 0)
        assert set(np.unique(result.labels)) | set(result.vanished) == set(np.unique(labels))
        areas = np.unique(labels[vanished], return_counts=True)[1]
        assert areas.max(initial=0) < 10
