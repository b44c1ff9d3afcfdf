"""Measures without a threshold, against other implementations and by example."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy
from skimage.metrics import adapted_rand_error as skimage_rand_error
from skimage.metrics import variation_of_information

from workbench.metrics import (
    MEASURES,
    adapted_rand_error,
    aggregated_jaccard,
    best_partner_scores,
    label_information,
    label_overlap,
    seg_ctc,
)

label_images = arrays(np.int64, (6, 7), elements=st.integers(0, 4))


def cells(labels: np.ndarray) -> list[np.ndarray]:
    return [labels == label for label in np.unique(labels) if label]


@given(label_images, label_images)
def test_mdice_and_miou_are_the_double_loop_of_the_platform(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    def mean_best(ours: list[np.ndarray], others: list[np.ndarray], kind: str) -> float:
        best = []
        for a in ours:
            both = [(a & b).sum() for b in others]
            sizes = [(a.sum() + b.sum()) for b in others]
            dice = [2 * n / size for n, size in zip(both, sizes, strict=True)]
            iou = [n / (size - n) for n, size in zip(both, sizes, strict=True)]
            best.append(max(dice if kind == "dice" else iou, default=0.0))
        return float(np.mean(best)) if best else math.nan

    first, second = cells(reference), cells(predicted)
    found = dict(
        zip(("dice", "iou"), best_partner_scores(label_overlap(reference, predicted)), strict=True)
    )
    for kind, scores in found.items():
        forward, backward = mean_best(first, second, kind), mean_best(second, first, kind)
        assert scores.of_reference == pytest.approx(forward, nan_ok=True)
        if first and second:
            assert scores.symmetric == pytest.approx(min(forward, backward))


@given(label_images, label_images)
def test_aji_is_the_published_loop(reference: np.ndarray, predicted: np.ndarray) -> None:
    """Kumar et al. 2017, algorithm 1."""
    first, second = cells(reference), cells(predicted)
    shared = united = 0
    used = set()
    for a in first:
        ious = [(a & b).sum() / (a | b).sum() for b in second]
        if not ious or max(ious) == 0:
            united += a.sum()
            continue
        best = int(np.argmax(ious))
        used.add(best)
        shared += (a & second[best]).sum()
        united += (a | second[best]).sum()
    united += sum(b.sum() for place, b in enumerate(second) if place not in used)
    expected = shared / united if united else math.nan
    found = aggregated_jaccard(label_overlap(reference, predicted))[0]
    assert found == pytest.approx(expected, nan_ok=True)


def test_aji_plus_uses_a_predicted_cell_once() -> None:
    reference = np.array([[1, 1, 1, 2, 2, 2, 0]])
    predicted = np.array([[5, 5, 5, 5, 5, 5, 0]])
    assert aggregated_jaccard(label_overlap(reference, predicted)) == (6 / 12, 3 / 9)


@given(label_images, label_images)
def test_seg_is_the_definition_of_the_cell_tracking_challenge(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    values = []
    for a in cells(reference):
        covering = [b for b in cells(predicted) if (a & b).sum() > 0.5 * a.sum()]
        values.append((a & covering[0]).sum() / (a | covering[0]).sum() if covering else 0.0)
    expected = np.mean(values) if values else math.nan
    assert seg_ctc(label_overlap(reference, predicted)) == pytest.approx(expected, nan_ok=True)


def test_half_a_cell_is_not_more_than_half() -> None:
    reference, predicted = np.array([[1, 1]]), np.array([[1, 0]])
    assert seg_ctc(label_overlap(reference, predicted)) == 0


@given(label_images, label_images)
def test_adapted_rand_error_is_that_of_scikit_image(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    if not reference.any():
        assert math.isnan(adapted_rand_error(label_overlap(reference, predicted)))
        return
    with np.errstate(all="ignore"):
        expected = skimage_rand_error(reference, predicted)[0]
    found = adapted_rand_error(label_overlap(reference, predicted))
    assert found == pytest.approx(expected, nan_ok=True)


def test_missed_pixels_rule_the_adapted_rand_error() -> None:
    reference = np.kron(np.arange(1, 101).reshape(10, 10), np.ones((4, 4), int))
    predicted = np.where(reference <= 50, reference, 0)  # half of the cells, each of them perfect
    found = adapted_rand_error(label_overlap(reference, predicted))
    assert found > 0.9
    assert found == pytest.approx(skimage_rand_error(reference, predicted)[0])
    assert "missed pixels rule" in MEASURES["adapted_rand_error"].blind_spot


@given(label_images, label_images)
def test_information_is_that_of_scikit_image_and_scipy(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    found = label_information(label_overlap(reference, predicted))
    # scikit-image gives H(second | first), then H(first | second).
    split, merged = variation_of_information(reference, predicted)
    assert (found.split, found.merged) == pytest.approx((split, merged), abs=1e-9)
    for value, labels in (
        (found.reference_entropy, reference),
        (found.predicted_entropy, predicted),
    ):
        shares = np.unique(labels, return_counts=True)[1] / labels.size
        assert value == pytest.approx(entropy(shares, base=2), abs=1e-9)
    told = found.reference_entropy - found.merged
    assert found.mutual_information == pytest.approx(told, abs=1e-9)


def test_splitting_a_cell_adds_to_split_alone() -> None:
    reference, predicted = np.array([[1, 1, 1, 1]]), np.array([[1, 1, 2, 2]])
    found = label_information(label_overlap(reference, predicted))
    assert (found.split, found.merged) == (1, 0)
