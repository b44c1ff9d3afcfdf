"""The distance measures as scores."""

import math

import numpy as np
import pytest

from workbench.metrics import MEASURES, distance_scores, label_overlap


def values(reference: np.ndarray, predicted: np.ndarray, *measures: str) -> dict[str, float]:
    overlap = label_overlap(reference, predicted)
    scores = distance_scores(reference, predicted, overlap, measures=measures)
    return {score.metric: score.value for score in scores}


def test_they_are_the_registered_ones() -> None:
    labels = np.pad(np.ones((3, 3), int), 3)
    kind = {m.name for m in MEASURES.values() if m.kind == "distance"}
    assert set(values(labels, labels)) == kind


def test_a_shifted_cell_is_its_shift_away() -> None:
    reference = np.pad(np.ones((6, 6), int), 5)
    found = values(reference, np.roll(reference, 2, axis=1))
    assert (found["mhd"], found["mhd_symmetric"], found["hausdorff"]) == (2, 2, 2)
    assert found["boundary_f_1px"] < found["boundary_f_2px"] == found["boundary_f_3px"] == 1


def test_a_spurious_cell_far_away_shows_in_the_symmetric_distance_alone() -> None:
    reference = np.zeros((9, 40), int)
    reference[2:5, 2:5] = 1
    predicted = reference.copy()
    predicted[2:5, 32:35] = 2
    found = values(reference, predicted)
    assert (found["mhd"], found["mhd_symmetric"]) == (0, 15)


def test_without_cells_on_a_side_distances_are_undefined() -> None:
    cells, empty = np.pad(np.ones((2, 2), int), 2), np.zeros((6, 6), int)
    for sides in ((cells, empty), (empty, cells), (empty, empty)):
        found = values(*sides)
        names = ("mhd", "mhd_symmetric", "hausdorff", "normalised_surface_distance")
        assert all(math.isnan(found[name]) for name in names)
    assert values(cells, empty)["boundary_f_1px"] == 0
    assert math.isnan(values(empty, empty)["boundary_f_1px"])


def test_only_what_is_wanted_is_returned() -> None:
    labels = np.pad(np.ones((3, 3), int), 3)
    assert values(labels, labels, "mhd", "boundary_f_2px", "f1") == {"mhd": 0, "boundary_f_2px": 1}


def test_volumes_are_refused() -> None:
    volume = np.ones((2, 3, 3), int)
    with pytest.raises(ValueError, match="2D"):
        values(volume, volume)
