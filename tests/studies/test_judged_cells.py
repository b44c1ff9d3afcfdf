"""What becomes of cells when thresholds move, without a model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.metrics import match_instances
from workbench.studies import CUT_STEPS, IOU_STEPS, f1_over, found_cells, judge_cells

#: Two predicted cells rival for one of the reference: IoU 3/7 (the surer one) and 4/7... of 7 px.
REFERENCE = np.array([[1, 1, 1, 1, 1, 1, 1, 0, 2, 2]])
PREDICTED = np.array([[5, 5, 5, 7, 7, 7, 7, 0, 0, 9]])
CONFIDENCES = np.array([0.9, 0.3, 0.6])

label_images = arrays(np.int32, (6, 7), elements=st.integers(0, 4))


def test_below_one_half_cells_are_matched_again_without_those_that_were_cut() -> None:
    found = found_cells(REFERENCE, PREDICTED, CONFIDENCES)
    whole = judge_cells(found, iou_threshold=0.4)
    assert dict(zip([5, 7, 9], whole.errors.predicted.outcomes, strict=True))[7] == "matched"
    kept = judge_cells(found, iou_threshold=0.4, least_confidence=0.5)
    assert kept.errors.predicted.outcomes.tolist() == ["matched", "ignored", "matched"]
    assert (kept.tp, kept.n_predicted, kept.n_below) == (2, 2, 1)


def test_a_cell_without_a_confidence_is_never_cut() -> None:
    found = found_cells(REFERENCE, PREDICTED, np.array([]))
    assert judge_cells(found, iou_threshold=0.4, least_confidence=1.0).n_below == 0


def test_scores_of_nothing_are_undefined() -> None:
    nothing = np.zeros((2, 2), int)
    judged = judge_cells(found_cells(nothing, nothing, np.array([])), iou_threshold=0.5)
    assert all(np.isnan(value) for value in judged.scores.values())


def test_errors_are_counted_and_not_their_cells() -> None:
    merged = found_cells(np.array([[1, 1, 2, 2]]), np.array([[3, 3, 3, 3]]), np.array([1.0]))
    assert judge_cells(merged, iou_threshold=0.75).n_events["merge"] == 1


@given(label_images, label_images, st.data())
def test_a_cut_scores_as_if_the_cells_had_not_been_found(
    reference: np.ndarray, predicted: np.ndarray, data: st.DataObject
) -> None:
    ids = np.setdiff1d(predicted, [0])
    confidences = np.array([data.draw(st.sampled_from([0.2, 0.5, 0.8])) for _ in ids])
    cut = data.draw(st.sampled_from([0.0, 0.5, 0.7, 0.9]))
    threshold = data.draw(st.sampled_from([0.2, 0.5, 0.75]))
    found = found_cells(reference, predicted, confidences)
    judged = judge_cells(found, iou_threshold=threshold, least_confidence=cut)
    remaining = np.where(np.isin(predicted, ids[confidences >= cut]), predicted, 0)
    matches = match_instances(reference, remaining, iou_threshold=threshold)
    assert judged.tp == matches.tp
    assert judged.n_predicted - judged.tp == matches.fp
    (f1,) = f1_over(found, iou_thresholds=[threshold], least_confidences=[cut])[0]
    np.testing.assert_equal(f1, judged.scores["f1"])


def test_curves_end_where_no_cell_can_be_matched() -> None:
    found = found_cells(REFERENCE, PREDICTED, CONFIDENCES)
    values = f1_over(found, iou_thresholds=IOU_STEPS, least_confidences=CUT_STEPS)
    assert values.shape == (len(IOU_STEPS), len(CUT_STEPS))
    assert values[:, -1] == pytest.approx(0)
    assert (np.diff(values[:, 0]) <= 0).all()
