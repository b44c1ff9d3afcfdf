"""The overlap table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.metrics import label_overlap, match_instances

label_images = arrays(np.int64, (6, 7), elements=st.integers(0, 4))


def test_shared_pixels_are_counted_per_pair() -> None:
    reference = np.array([[1, 1, 2, 0]])
    predicted = np.array([[5, 9, 9, 9]])

    overlap = label_overlap(reference, predicted)

    assert overlap.reference_ids.tolist() == [1, 2]
    assert overlap.reference_areas.tolist() == [2, 1]
    assert overlap.predicted_ids.tolist() == [5, 9]
    assert overlap.predicted_areas.tolist() == [1, 3]
    pairs = zip(overlap.reference_index, overlap.predicted_index, overlap.intersection, strict=True)
    assert [tuple(map(int, pair)) for pair in pairs] == [(0, 0, 1), (0, 1, 1), (1, 1, 1)]


def test_labels_with_huge_gaps_are_counted_like_small_ones() -> None:
    small = np.array([[1, 2, 0], [1, 2, 2]], np.uint32)
    huge = np.where(small > 0, small + 4_000_000_000, 0).astype(np.uint32)

    overlap = label_overlap(huge, small)

    assert overlap.reference_ids.tolist() == [4_000_000_001, 4_000_000_002]
    assert overlap.intersection.tolist() == [2, 3]


def test_many_cells_are_counted_without_a_dense_table() -> None:
    labels = np.arange(1, 2001).reshape(40, 50)

    overlap = label_overlap(labels, labels[::-1])

    assert len(overlap.intersection) == 2000
    assert set(overlap.intersection.tolist()) == {1}


def test_an_image_of_cells_alone_has_no_background() -> None:
    labels = np.full((3, 3), 70_000)
    overlap = label_overlap(labels, labels)
    assert (overlap.reference_areas.tolist(), overlap.iou.tolist()) == ([9], [1.0])


def test_images_of_different_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"same shape, got \(2, 2\) and \(2, 3\)"):
        label_overlap(np.zeros((2, 2), int), np.zeros((2, 3), int))


@pytest.mark.parametrize(
    ("labels", "message"),
    [(np.array([[0.5]]), "must be integers"), (np.array([[-1]]), "must not be negative")],
)
def test_labels_that_are_no_labels_are_refused(labels: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        label_overlap(labels, np.zeros((1, 1), int))


@given(label_images, label_images)
def test_areas_and_overlaps_sum_to_the_pixels(reference: np.ndarray, predicted: np.ndarray) -> None:
    overlap = label_overlap(reference, predicted)
    assert overlap.reference_areas.sum() == (reference > 0).sum()
    assert overlap.predicted_areas.sum() == (predicted > 0).sum()
    assert overlap.intersection.sum() == ((reference > 0) & (predicted > 0)).sum()


@given(label_images)
def test_an_image_against_itself_is_perfect(labels: np.ndarray) -> None:
    result = match_instances(labels, labels)
    assert (result.fp, result.fn) == (0, 0)


@given(label_images, label_images, st.sampled_from([0.3, 0.5, 0.75]))
def test_swapping_the_sides_swaps_false_positives_and_negatives(
    reference: np.ndarray, predicted: np.ndarray, iou_threshold: float
) -> None:
    there = match_instances(reference, predicted, iou_threshold=iou_threshold)
    back = match_instances(predicted, reference, iou_threshold=iou_threshold)
    assert (there.tp, there.fp, there.fn) == (back.tp, back.fn, back.fp)


@given(label_images, label_images)
def test_renumbering_and_transposing_change_nothing(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    before = match_instances(reference, predicted)
    renumbered = np.where(predicted > 0, 11 * predicted + 3, 0)
    after = match_instances(reference.T, renumbered.T)
    assert (before.tp, before.fp, before.fn) == (after.tp, after.fp, after.fn)
