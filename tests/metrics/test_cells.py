"""Per-cell records."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import regionprops

from workbench.metrics import cell_columns, label_overlap

label_images = arrays(np.int64, (6, 7), elements=st.integers(0, 4))


def records(reference: np.ndarray, predicted: np.ndarray, **options: Any) -> list[SimpleNamespace]:
    columns = cell_columns(label_overlap(reference, predicted), **options)
    rows = zip(*columns.values(), strict=True)
    return [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in rows]


def test_a_cell_knows_its_place_its_best_partner_and_its_match() -> None:
    reference = np.zeros((5, 8), int)
    predicted = np.zeros((5, 8), int)
    reference[1:4, 1:4] = 7
    predicted[1:4, 1:3] = 4  # 6 of 9 pixels
    predicted[1:4, 3] = 5

    cell = records(reference, predicted)[0]

    assert (cell.side, cell.cell_id, cell.area_px) == ("reference", 7, 9)
    assert (cell.row_px, cell.column_px) == (2, 2)
    assert (cell.top_px, cell.left_px, cell.bottom_px, cell.right_px) == (1, 1, 4, 4)
    assert not cell.touches_border
    assert (cell.partner_id, cell.partner_iou, cell.matched_iou) == (4, 6 / 9, 6 / 9)


def test_a_cell_that_overlaps_too_little_has_a_partner_but_no_match() -> None:
    reference = np.array([[0, 1, 1, 1, 1, 0]])
    predicted = np.array([[0, 0, 0, 0, 2, 2]])
    missed, spurious = records(reference, predicted)
    assert (missed.partner_id, spurious.partner_id) == (2, 1)
    assert math.isnan(missed.matched_iou)
    assert math.isnan(spurious.matched_iou)


def test_cells_that_reach_an_edge_say_so() -> None:
    reference = np.array([[0, 0, 0, 0], [0, 1, 0, 2], [0, 0, 0, 0]])
    inside, at_edge = records(reference, np.zeros_like(reference))
    assert (inside.touches_border, at_edge.touches_border) == (False, True)


def test_images_without_cells_have_no_records() -> None:
    empty = np.zeros((3, 3), int)
    assert records(empty, empty) == []


@given(label_images)
def test_places_agree_with_scikit_image(labels: np.ndarray) -> None:
    found = [r for r in records(labels, labels) if r.side == "predicted"]
    expected = regionprops(labels)
    assert [r.cell_id for r in found] == [p.label for p in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.area_px == theirs.area
        assert np.allclose((ours.row_px, ours.column_px), theirs.centroid)
        assert (ours.top_px, ours.left_px, ours.bottom_px, ours.right_px) == theirs.bbox


def test_of_equal_partners_the_lowest_id_is_named() -> None:
    reference = np.array([[1, 1, 1, 1]])
    predicted = np.array([[9, 9, 3, 3]])
    assert records(reference, predicted)[0].partner_id == 3


def test_confidences_stand_beside_predicted_cells_alone() -> None:
    labels = np.array([[1, 0, 2]])
    found = records(labels, labels, confidences={1: 0.9})
    assert [cell.confidence for cell in found if cell.side == "predicted"] == pytest.approx(
        [0.9, math.nan], nan_ok=True
    )
    assert all(math.isnan(cell.confidence) for cell in found if cell.side == "reference")


def test_volumes_have_no_cell_table_and_the_error_says_so() -> None:
    volume = np.ones((2, 3, 3), int)
    with pytest.raises(ValueError, match="two-dimensional label images, got 3"):
        records(volume, volume)
