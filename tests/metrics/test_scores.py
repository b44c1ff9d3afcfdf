"""Scores of one image."""

import math

import numpy as np
import pytest

from workbench.metrics import image_scores, label_overlap


def values(
    reference: np.ndarray, predicted: np.ndarray, threshold: float = 0.5
) -> dict[str, float]:
    scores = image_scores(label_overlap(reference, predicted), iou_thresholds=[threshold])
    return {score.metric: score.value for score in scores}


def test_scores_of_one_hit_one_miss_and_two_inventions() -> None:
    reference = np.array([[1, 1, 0, 2, 2, 0, 0]])
    predicted = np.array([[1, 1, 3, 0, 0, 0, 4]])
    assert values(reference, predicted) == pytest.approx(
        {
            "f1": 2 / 5,
            "precision": 1 / 3,
            "recall": 1 / 2,
            "average_precision_dsb": 1 / 4,
            "dice": 2 * 2 / (4 + 4),
        }
    )


def test_two_empty_images_have_no_scores() -> None:
    empty = np.zeros((4, 4), int)
    assert all(math.isnan(value) for value in values(empty, empty).values())


def test_cells_in_the_reference_alone_score_zero_and_have_no_precision() -> None:
    cells, empty = np.eye(3, dtype=int), np.zeros((3, 3), int)
    found = values(cells, empty)
    assert (found["f1"], found["recall"], found["dice"]) == (0, 0, 0)
    assert math.isnan(found["precision"])


def test_cells_in_the_prediction_alone_score_zero_and_have_no_recall() -> None:
    cells, empty = np.eye(3, dtype=int), np.zeros((3, 3), int)
    found = values(empty, cells)
    assert (found["f1"], found["precision"], found["dice"]) == (0, 0, 0)
    assert math.isnan(found["recall"])


def test_every_threshold_has_its_scores_and_pixels_are_scored_once() -> None:
    labels = np.eye(3, dtype=int)
    scores = image_scores(label_overlap(labels, labels), iou_thresholds=[0.5, 0.9])
    assert [s.threshold for s in scores if s.metric == "f1"] == [0.5, 0.9]
    assert [math.isnan(s.threshold) for s in scores if s.metric == "dice"] == [True]
