"""One-to-one matching."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from workbench.metrics import label_overlap, match_instances

label_images = arrays(np.int64, (5, 6), elements=st.integers(0, 4))


def test_half_covered_cell_is_matched_at_iou_one_half() -> None:
    result = match_instances(np.array([[1, 1, 0, 0]]), np.array([[0, 3, 0, 0]]))
    assert result.pairs == ((1, 3, 0.5),)


def test_an_iou_equal_to_the_threshold_counts() -> None:
    reference = np.array([[1] * 10])
    predicted = np.array([[2] * 7 + [0] * 3])
    assert match_instances(reference, predicted, iou_threshold=0.7).tp == 1
    assert match_instances(reference, predicted, iou_threshold=0.71).tp == 0


def test_a_cell_is_matched_once() -> None:
    reference = np.array([[1, 1, 1, 1]])
    predicted = np.array([[1, 1, 2, 2]])
    result = match_instances(reference, predicted)
    assert (result.tp, result.fp, result.fn) == (1, 1, 0)


def test_below_one_half_two_modest_pairs_are_preferred_to_one_good_pair() -> None:
    # Reference 1 overlaps both predictions, reference 2 only the first; a greedy choice of the
    # best pair (1, 1) would leave reference 2 and prediction 2 alone.
    reference = np.array([[1, 1, 1, 1, 2, 2, 0, 0]])
    predicted = np.array([[2, 1, 1, 1, 1, 1, 0, 0]])
    result = match_instances(reference, predicted, iou_threshold=0.2)
    assert {(ref, pred) for ref, pred, _ in result.pairs} == {(1, 2), (2, 1)}


@pytest.mark.parametrize("threshold", [0, -0.1, 1.01])
def test_thresholds_outside_the_unit_interval_are_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        match_instances(np.ones((2, 2), int), np.ones((2, 2), int), iou_threshold=threshold)


@given(label_images, label_images, st.sampled_from([0.1, 0.3, 0.5, 0.6, 0.9]))
def test_matching_agrees_with_an_assignment_over_the_dense_table(
    reference: np.ndarray, predicted: np.ndarray, iou_threshold: float
) -> None:
    overlap = label_overlap(reference, predicted)
    dense = np.zeros((len(overlap.reference_ids), len(overlap.predicted_ids)))
    dense[overlap.reference_index, overlap.predicted_index] = overlap.iou
    gain = np.where(dense >= iou_threshold, 1000 + dense, 0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    best = gain[rows, columns]

    result = match_instances(reference, predicted, iou_threshold=iou_threshold)

    assert result.tp == (best > 0).sum()
    assert sum(iou for *_, iou in result.pairs) == pytest.approx((best[best > 0] - 1000).sum())


@given(label_images, label_images)
def test_true_positives_fall_as_the_threshold_rises(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    counts = [match_instances(reference, predicted, iou_threshold=t).tp for t in (0.2, 0.5, 0.8, 1)]
    assert counts == sorted(counts, reverse=True)
