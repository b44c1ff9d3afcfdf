"""Laws that every measure of an overlap table keeps."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.metrics import (
    MEASURES,
    cell_columns,
    image_scores,
    label_overlap,
    match_overlap,
)

label_images = arrays(np.int64, (6, 7), elements=st.integers(0, 4))
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
Values = dict[tuple[str, str], float]


def values(reference: np.ndarray, predicted: np.ndarray) -> Values:
    scores = image_scores(label_overlap(reference, predicted), iou_thresholds=THRESHOLDS)
    return {(s.metric, str(s.threshold)): s.value for s in scores}


@given(label_images)
def test_an_image_against_itself_is_perfect(labels: np.ndarray) -> None:
    for (name, _), value in values(labels, labels).items():
        measure = MEASURES[name]
        perfect = measure.high if measure.higher_is_better else measure.low
        has_best = measure.higher_is_better is not None and math.isfinite(perfect)
        if has_best and not math.isnan(value):
            assert value == pytest.approx(perfect, abs=1e-12), name


@given(label_images, label_images, st.permutations(range(1, 5)))
def test_renumbering_changes_nothing(
    reference: np.ndarray, predicted: np.ndarray, numbers: list[int]
) -> None:
    renumbered = np.array([0, *(n * 70_000 for n in numbers)])[predicted]

    def without_ties(found: Values) -> Values:
        # Of equally good partners AJI takes one by number, as published.
        return {key: value for key, value in found.items() if key[0] not in ("aji", "aji_plus")}

    before, after = values(reference, predicted), values(reference, renumbered)
    assert without_ties(after) == pytest.approx(without_ties(before), nan_ok=True)


@given(label_images, label_images)
def test_turning_and_mirroring_change_nothing(reference: np.ndarray, predicted: np.ndarray) -> None:
    upright = values(reference, predicted)
    for change in (np.transpose, np.flipud, np.fliplr, np.rot90):
        assert values(change(reference), change(predicted)) == pytest.approx(upright, nan_ok=True)


@given(label_images, label_images)
def test_swapping_the_sides_swaps_misses_and_inventions(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    there = match_overlap(label_overlap(reference, predicted))
    back = match_overlap(label_overlap(predicted, reference))
    assert (there.tp, there.fp, there.fn) == (back.tp, back.fn, back.fp)
    forward, backward = values(reference, predicted), values(predicted, reference)
    for one, other in (
        ("precision", "recall"),
        ("pixel_precision", "pixel_recall"),
        ("variation_of_information_split", "variation_of_information_merged"),
        ("mdice_symmetric", "mdice_symmetric"),
        ("aji_plus", "aji_plus"),
    ):
        for (name, threshold), value in forward.items():
            if name == one:
                swapped = backward[other, threshold]
                assert value == pytest.approx(swapped, nan_ok=True, abs=1e-12), name


@given(label_images, label_images)
def test_scores_fall_or_stay_as_the_threshold_rises(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    found = values(reference, predicted)
    for name in ("f1", "precision", "recall", "average_precision_dsb"):
        curve = [found[name, str(threshold)] for threshold in THRESHOLDS]
        assert all(math.isnan(v) for v in curve) or curve == sorted(curve, reverse=True), name


@given(label_images, label_images)
def test_defined_values_lie_in_the_declared_range(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    for (name, _), value in values(reference, predicted).items():
        measure = MEASURES[name]
        in_range = measure.low - 1e-12 <= value <= measure.high + 1e-12
        assert math.isnan(value) or in_range, name


@given(label_images, label_images, label_images, label_images)
def test_cells_of_tiles_side_by_side_are_the_cells_of_the_whole(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray
) -> None:
    gap = np.zeros((6, 1), int)
    whole = match_overlap(
        label_overlap(
            np.hstack([a, gap, np.where(c, c + 10, 0)]), np.hstack([b, gap, np.where(d, d + 10, 0)])
        )
    )
    left, right = match_overlap(label_overlap(a, b)), match_overlap(label_overlap(c, d))
    assert (whole.tp, whole.fp, whole.fn) == (
        left.tp + right.tp, left.fp + right.fp, left.fn + right.fn,
    )  # fmt: skip


@pytest.mark.parametrize(("shared", "threshold"), [(11, 0.55), (13, 0.65), (17, 0.85), (19, 0.95)])
def test_an_iou_equal_to_the_threshold_is_a_match(shared: int, threshold: float) -> None:
    reference = np.ones((1, 20), int)
    predicted = np.zeros((1, 20), int)
    predicted[0, :shared] = 1
    assert match_overlap(label_overlap(reference, predicted), iou_threshold=threshold).tp == 1


@given(label_images, label_images)
def test_the_cell_table_and_the_counts_tell_the_same(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    overlap = label_overlap(reference, predicted)
    cells = cell_columns(overlap)
    for threshold in (0.5, 0.7, 0.9):
        matched = cells["matched_iou"] >= threshold
        tp = match_overlap(overlap, iou_threshold=threshold).tp
        for side in ("reference", "predicted"):
            assert (matched & (cells["side"] == side)).sum() == tp


def test_labels_of_every_integer_type_score_the_same() -> None:
    reference, predicted = np.random.default_rng(0).integers(0, 5, (2, 9, 9))
    same = pytest.approx(values(reference, predicted), nan_ok=True)
    for kind in (np.uint8, np.int8, np.uint16, np.int32, np.uint32, np.uint64):
        assert values(reference.astype(kind), predicted.astype(kind)) == same
    assert values(reference * 2**40, predicted) == same
