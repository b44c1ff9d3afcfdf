"""What may make a cell hard to find: distances to others, contrast with its surroundings."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from scipy.spatial.distance import cdist

from workbench.metrics import CELL_FEATURES, cell_features, cell_intensity, cell_morphology
from workbench.schema import InputError

label_images = arrays(np.int64, (9, 11), elements=st.sampled_from([0, 0, 0, 0, 1, 2, 3]))


def flat(labels: np.ndarray) -> np.ndarray:
    """An image that shows nothing."""
    return np.zeros((*labels.shape, 1), np.uint8)


def gap_by_all_pairs(labels: np.ndarray, cell: int) -> float:
    """Return the distance to another cell from all pairs of pixels."""
    own, others = np.argwhere(labels == cell), np.argwhere((labels > 0) & (labels != cell))
    return cdist(own, others).min() - 1 if len(others) else np.nan


def test_a_gap_is_the_background_between_two_outlines() -> None:
    labels = np.array(
        [[1, 1, 0, 0, 0, 2],
         [0, 0, 0, 0, 0, 2],
         [0, 0, 0, 0, 3, 0],
         [4, 4, 0, 0, 0, 3]]
    )  # fmt: skip
    gaps = cell_features(flat(labels), labels)["neighbour_gap_px"]
    # 1 to 4 two rows; 2 and 3 share a corner; 4 to 1.
    assert gaps.tolist() == pytest.approx([2, 2**0.5 - 1, 2**0.5 - 1, 2])


def test_cells_that_share_an_edge_have_no_gap_and_a_lone_cell_has_none_to_measure() -> None:
    labels = np.array([[1, 1, 2, 2, 0, 0]])
    assert cell_features(flat(labels), labels)["neighbour_gap_px"].tolist() == [0, 0]
    alone = np.array([[0, 7, 7, 0]])
    assert np.isnan(cell_features(flat(alone), alone)["neighbour_gap_px"]).all()


@given(label_images)
def test_gaps_are_those_of_all_pairs_of_pixels(labels: np.ndarray) -> None:
    cells = cell_features(flat(labels), labels)
    expected = [gap_by_all_pairs(labels, cell) for cell in cells["cell_id"]]
    np.testing.assert_allclose(cells["neighbour_gap_px"], expected, atol=1e-12)


@given(label_images, st.permutations([1, 2, 3]))
def test_renumbering_cells_changes_no_feature(labels: np.ndarray, numbers: list[int]) -> None:
    image = np.arange(labels.size).reshape(*labels.shape, 1) % 7
    renumbered = np.array([0, *numbers])[labels]
    before, after = cell_features(image, labels), cell_features(image, renumbered)
    order = np.argsort([numbers[cell - 1] for cell in before["cell_id"]])
    for name in CELL_FEATURES:
        np.testing.assert_allclose(before[name][order], after[name], rtol=1e-12)


@given(label_images)
def test_turning_the_image_changes_no_feature(labels: np.ndarray) -> None:
    image = np.arange(labels.size).reshape(*labels.shape, 1) % 7
    before, after = cell_features(image, labels), cell_features(np.rot90(image), np.rot90(labels))
    for name in CELL_FEATURES:
        np.testing.assert_allclose(before[name], after[name], rtol=1e-6, atol=1e-9)


def test_contrast_is_against_the_background_close_by_in_units_of_the_images_spread() -> None:
    labels = np.zeros((1, 40), int)
    labels[0, 10:12] = 1
    image = np.zeros((1, 40, 1))
    image[0, 10:12] = 30  # the cell
    image[0, 5:10, 0] = [30, 5, 5, 5, 5]  # five pixels before it, 50 in all; those behind are 0
    image[0, 4] = image[0, 17] = 90  # one pixel too far
    image[0, 30:] = 200  # too far away to count but in the spread
    contrast = cell_features(image, labels)["contrast"]
    assert contrast == pytest.approx((30 - 5) / image.std())


def test_a_neighbour_is_no_background() -> None:
    labels = np.array([[1, 2, 0]])
    image = np.array([[[50], [90], [10]]], np.uint8)
    assert cell_features(image, labels)["contrast"] == pytest.approx(
        np.array([40, 80]) / image.std()
    )
    packed = np.array([[1, 2, 2]])
    assert np.isnan(cell_features(image, packed)["contrast"]).all()


def test_an_image_of_one_value_has_no_contrast() -> None:
    labels = np.array([[0, 1, 0]])
    assert np.isnan(cell_features(flat(labels), labels)["contrast"]).all()


def test_density_counts_others_close_by_over_what_the_image_shows_of_the_square() -> None:
    labels = np.zeros((201, 300), int)
    labels[100, 100] = 1
    labels[100, 150] = 2  # 50 px beside 1: just within
    labels[0, 299] = 3  # in a corner, alone
    density = cell_features(flat(labels), labels)["local_density_mpx"]
    assert density == pytest.approx([1e6 / 101**2, 1e6 / 101**2, 0])
    labels[140, 140] = 5  # 57 px from 1, but 40 along rows and columns
    assert cell_features(flat(labels), labels)["local_density_mpx"][0] == pytest.approx(
        2e6 / 101**2
    )
    labels[140, 140] = 0
    labels[20, 299] = 4
    corner = cell_features(flat(labels), labels)["local_density_mpx"][2]
    assert corner == pytest.approx(1e6 / 51**2)  # a quarter of the square is in the image


def test_shape_and_brightness_are_those_of_the_functions_for_them() -> None:
    labels = np.zeros((30, 30), int)
    labels[2:9, 3:20] = 5
    labels[12:20, 2:8] = 9
    image = np.random.default_rng(0).integers(0, 99, (30, 30, 2))
    cells = cell_features(image, labels)
    assert list(cells) == ["cell_id", *CELL_FEATURES]
    expected = cell_morphology(labels) | cell_intensity(image, labels)
    for name in set(cells) & set(expected):
        np.testing.assert_array_equal(cells[name], expected[name])


def test_no_cells_have_no_features() -> None:
    cells = cell_features(flat(np.zeros((4, 4))), np.zeros((4, 4), int))
    assert {len(column) for column in cells.values()} == {0}


def test_labels_of_another_image_are_refused() -> None:
    with pytest.raises(InputError, match=r"height and width \(4, 4\), got \(5, 4\)"):
        cell_features(np.zeros((4, 4, 1)), np.zeros((5, 4), int))


def test_gaps_and_rings_of_real_nuclei_are_those_of_distance_transforms(real_data: Path) -> None:
    path = sorted((real_data / "dsb2018" / "labels").glob("*.tif"))[0]
    labels = tifffile.imread(path)
    image = tifffile.imread(real_data / "dsb2018" / "images" / path.name)
    image = image if image.ndim == 3 else image[..., None]
    grey = image.astype(float).mean(axis=2)
    cells = cell_features(image, labels)
    for place, cell in enumerate(cells["cell_id"]):
        own = labels == cell
        away = ndimage.distance_transform_edt(~own)
        gap = away[(labels > 0) & ~own].min() - 1
        assert cells["neighbour_gap_px"][place] == pytest.approx(gap)
        around = grey[(labels == 0) & (away <= 5)]
        contrast = (grey[own].mean() - around.mean()) / grey.std()
        assert cells["contrast"][place] == pytest.approx(contrast, rel=1e-4)
