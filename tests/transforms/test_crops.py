"""Cells cut out of their image."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.datasets import open_dataset, read_sample
from workbench.schema import InputError
from workbench.transforms import cell_crops, normalise_percentiles


def test_a_crop_holds_the_image_around_its_cell() -> None:
    image = np.arange(900, dtype=np.float32).reshape(30, 30, 1)
    labels = np.zeros((30, 30), int)
    labels[9:12, 19:22] = 5  # centroid (10, 20)
    (crop,) = cell_crops(image, labels, size_px=4)
    assert np.array_equal(crop, normalise_percentiles(image)[8:12, 18:22, 0])


def test_crops_come_by_cell_id_whatever_their_place() -> None:
    image = np.zeros((40, 40, 1), np.uint8)
    labels = np.zeros((40, 40), int)
    labels[30:33, 30:33], labels[5:8, 5:8] = 2, 900
    image[labels == 2], image[labels == 900] = 100, 200
    low, high = cell_crops(image, labels, size_px=3)
    assert low.tolist() == [[0.5] * 3] * 3
    assert high.tolist() == [[1.0] * 3] * 3


def test_a_cell_at_the_border_is_completed_by_reflection() -> None:
    image = np.array([[0, 1, 2, 3]], np.float32).T[..., np.newaxis] * np.ones((1, 4, 1), np.float32)
    labels = np.zeros((4, 4), int)
    labels[0, 1] = 1
    (crop,) = cell_crops(image, labels, size_px=4)
    assert crop[:, 0] * 3 == pytest.approx([1, 0, 0, 1], abs=0.01)


def test_an_image_without_cells_has_no_crops() -> None:
    assert cell_crops(np.ones((9, 9, 3), np.uint8), np.zeros((9, 9), int)).shape == (0, 32, 32)


@given(arrays(np.int64, (7, 9), elements=st.integers(0, 4)), st.integers(1, 24))
def test_every_cell_has_one_crop_between_0_and_1(labels: np.ndarray, size_px: int) -> None:
    image = np.random.default_rng(0).integers(0, 4000, (7, 9, 2), np.uint16)
    crops = cell_crops(image, labels, size_px=size_px)
    assert crops.shape == (len(set(labels[labels > 0].tolist())), size_px, size_px)
    assert np.all((crops >= 0) & (crops <= 1))


def test_labels_of_another_field_are_refused() -> None:
    with pytest.raises(InputError, match="must be of one size"):
        cell_crops(np.ones((9, 9, 1)), np.ones((9, 8), int))
    with pytest.raises(InputError, match="at least 1"):
        cell_crops(np.ones((9, 9, 1)), np.ones((9, 9), int), size_px=0)


def test_a_real_nucleus_is_brighter_in_the_middle_of_its_crop(real_data: Path) -> None:
    record = open_dataset(real_data / "dsb2018").records[0]
    sample = read_sample(record)
    crops = cell_crops(sample.image, sample.reference)
    assert len(crops) == 27
    corners = crops[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.median(crops[:, 14:18, 14:18]) > 2 * np.median(corners)
