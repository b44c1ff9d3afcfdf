"""Probabilities of pixels counted in fine bins, and where they are counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import brier_score_loss, log_loss

from workbench.metrics import (
    boundary_band,
    calibration_columns,
    calibration_regions,
    pixel_calibration,
)
from workbench.schema import InputError


def softmax_of(seed: int, n: int = 400, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of pixels and classes that they know something of."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, n_classes))
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return probabilities, (logits + rng.gumbel(0, 1, logits.shape)).argmax(-1)


def test_probabilities_of_nought_and_one_lie_in_the_first_and_the_last_bin() -> None:
    record = pixel_calibration(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 0]))
    assert record.count[:, [0, -1]].tolist() == [[0, 2], [1, 1], [1, 1]]
    assert record.n_pixels == 2
    assert record.brier == 2.0
    assert record.nll == pytest.approx(-np.log(np.finfo(np.float32).eps))


def test_a_bin_holds_its_lower_edge_and_not_its_upper() -> None:
    record = pixel_calibration(np.array([[0.29, 0.71]]), np.array([0]))
    assert record.count[1].nonzero()[0].tolist() == [290]
    assert record.count[2].nonzero()[0].tolist() == [710]


def test_the_first_of_equally_probable_classes_is_the_most_probable() -> None:
    record = pixel_calibration(np.array([[0.5, 0.5]]), np.array([1]))
    assert record.correct[0].sum() == 0


def test_brier_and_nll_are_those_of_scikit_learn() -> None:
    probabilities, classes = softmax_of(0)
    record = pixel_calibration(probabilities, classes)
    labels = [0, 1, 2]
    brier = brier_score_loss(classes, probabilities, labels=labels, scale_by_half=False)
    assert record.brier / 400 == pytest.approx(brier)
    assert record.nll / 400 == pytest.approx(log_loss(classes, probabilities, labels=labels))


@given(st.integers(0, 50), st.integers(1, 399))
def test_records_of_parts_add_up_to_that_of_the_whole(seed: int, cut: int) -> None:
    probabilities, classes = softmax_of(seed)
    whole = pixel_calibration(probabilities, classes)
    first = np.arange(400) < cut
    both = pixel_calibration(probabilities, classes, where=first) + pixel_calibration(
        probabilities, classes, where=~first
    )
    assert np.array_equal(whole.count, both.count)
    assert np.array_equal(whole.correct, both.correct)
    assert np.allclose(whole.confidence, both.confidence)
    assert (whole.brier, whole.nll) == pytest.approx((both.brier, both.nll))


def test_the_table_of_a_record_holds_every_pixel_once_for_each_target() -> None:
    probabilities, classes = softmax_of(1)
    columns = calibration_columns(pixel_calibration(probabilities, classes), ["a", "b", "c"])
    for target in ("top", "a", "b", "c"):
        assert columns["count"][columns["target"] == target].sum() == 400
    assert columns["count"].min() > 0


def test_no_pixels_are_a_record_of_noughts() -> None:
    record = pixel_calibration(
        np.zeros((2, 2, 3)), np.zeros((2, 2), int), where=np.zeros((2, 2), bool)
    )
    assert (record.n_pixels, record.brier, record.nll) == (0, 0, 0)


@pytest.mark.parametrize(
    ("probabilities", "classes", "says"),
    [
        (np.ones((2, 2, 3)) / 3, np.zeros((3, 2), int), "shape"),
        (np.ones((2, 2)) / 2, np.array([0, 2]), "between 0 and 1, as there are 2"),
        (np.array([[2.0, -1.0]]), np.array([0]), "after the softmax"),
        (np.array([[np.nan, 0.5]]), np.array([0]), "between 0 and 1"),
    ],
)
def test_what_are_no_probabilities_is_refused(
    probabilities: np.ndarray, classes: np.ndarray, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        pixel_calibration(probabilities, classes)


def test_the_band_lies_on_both_sides_of_every_outline() -> None:
    labels = np.array([[0, 0, 1, 1, 1, 2, 2, 2, 0]])
    assert boundary_band(labels).astype(int).tolist() == [[0, 1, 1, 0, 1, 1, 0, 1, 1]]


def test_the_band_of_large_cells_is_wider() -> None:
    distance = np.hypot(*np.mgrid[-60:61, -60:61])
    band = boundary_band((distance < 50).astype(int))
    middle = band[60]
    # Diameter 100: five pixels on either side of both edges.
    assert middle.sum() == 20
    assert band[60, 110:].tolist() == [True] * 5 + [False] * 6


@given(arrays.arrays(np.uint8, (7, 9), elements=st.integers(0, 3)))
def test_regions_hold_each_other(labels: np.ndarray) -> None:
    regions = calibration_regions(labels)
    assert regions["all"].all()
    assert not (regions["band"] & ~regions["cells"]).any()
    assert not ((labels > 0) & ~regions["cells"]).any()
    assert regions["band"].any() == (len(np.unique(labels)) > 1)
