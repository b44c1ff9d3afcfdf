"""Scores of one image."""

import math

import numpy as np
import pytest

from workbench.metrics import MEASURES, image_scores, label_overlap


def values(
    reference: np.ndarray, predicted: np.ndarray, threshold: float = 0.5
) -> dict[str, float]:
    scores = image_scores(label_overlap(reference, predicted), iou_thresholds=[threshold])
    return {score.metric: score.value for score in scores}


def test_scores_of_one_hit_one_miss_and_two_inventions() -> None:
    reference = np.array([[1, 1, 0, 2, 2, 0, 0]])
    predicted = np.array([[1, 1, 3, 0, 0, 0, 4]])
    found = values(reference, predicted)
    expected = {
        "f1": 2 / 5,
        "precision": 1 / 3,
        "recall": 1 / 2,
        "average_precision_dsb": 1 / 4,
        "panoptic_quality": 1 / 2.5,
        "segmentation_quality": 1,
        "recognition_quality": 2 / 5,
        "mean_average_precision_dsb": 1 / 4,
        "aji": 2 / (2 + 2 + 2),
        "aji_plus": 2 / (2 + 2 + 2),
        "seg_ctc": 1 / 2,
        "mdice": 1 / 2,
        "mdice_symmetric": 1 / 3,
        "miou": 1 / 2,
        "miou_symmetric": 1 / 3,
        "dice": 2 * 2 / (4 + 4),
        "pixel_iou": 2 / 6,
        "pixel_precision": 2 / 4,
        "pixel_recall": 2 / 4,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_every_score_is_a_registered_measure_of_its_kind() -> None:
    labels = np.eye(3, dtype=int)
    scores = image_scores(label_overlap(labels, labels))
    kinds = {"matching", "cells", "pixels", "partition"}
    expected = {m.name for m in MEASURES.values() if m.kind in kinds}
    assert {score.metric for score in scores} == expected
    for score in scores:
        assert MEASURES[score.metric].has_threshold == (not math.isnan(score.threshold))


def test_two_empty_images_have_no_scores_but_agree_in_information() -> None:
    empty = np.zeros((4, 4), int)
    for name, value in values(empty, empty).items():
        if MEASURES[name].undefined == "never":
            assert value == 0, name
        else:
            assert math.isnan(value), name


def test_cells_in_the_reference_alone_score_zero_and_have_no_precision() -> None:
    cells, empty = np.eye(3, dtype=int), np.zeros((3, 3), int)
    found = values(cells, empty)
    zero = (
        "f1",
        "recall",
        "dice",
        "mdice",
        "mdice_symmetric",
        "miou",
        "aji",
        "aji_plus",
        "seg_ctc",
    )
    assert [found[name] for name in zero] == [0] * len(zero)
    undefined = ("precision", "pixel_precision", "segmentation_quality")
    assert all(math.isnan(found[name]) for name in undefined)


def test_cells_in_the_prediction_alone_score_zero_and_have_no_recall() -> None:
    cells, empty = np.eye(3, dtype=int), np.zeros((3, 3), int)
    found = values(empty, cells)
    zero = ("f1", "precision", "dice", "mdice_symmetric", "miou_symmetric", "aji", "aji_plus")
    assert [found[name] for name in zero] == [0] * len(zero)
    undefined = ("recall", "pixel_recall", "mdice", "miou", "seg_ctc", "adapted_rand_error")
    assert all(math.isnan(found[name]) for name in undefined)


def test_one_cell_that_fills_the_image_and_one_pixel_are_scored_as_any_other() -> None:
    for labels in (np.full((5, 5), 70_000), np.pad([[3]], 2)):
        found = values(labels, labels)
        assert (found["f1"], found["aji"], found["aji_plus"], found["seg_ctc"]) == (1, 1, 1, 1)
        assert found["variation_of_information_split"] == 0


def test_every_threshold_has_its_scores_and_pixels_are_scored_once() -> None:
    labels = np.eye(3, dtype=int)
    scores = image_scores(label_overlap(labels, labels), iou_thresholds=[0.5, 0.9])
    assert [s.threshold for s in scores if s.metric == "f1"] == [0.5, 0.9]
    assert [math.isnan(s.threshold) for s in scores if s.metric == "dice"] == [True]


def test_volumes_are_scored_where_the_measure_is_defined() -> None:
    volume = np.zeros((2, 3, 3), int)
    volume[:, 1, 1] = 1
    found = values(volume, volume)
    assert (found["f1"], found["dice"], found["aji"]) == (1, 1, 1)
