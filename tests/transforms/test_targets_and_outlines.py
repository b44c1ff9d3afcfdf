"""Targets and outlines of labels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.transforms import BOUNDARY, INTERIOR, label_outlines, three_class_target


def test_touching_cells_are_kept_apart_by_their_boundaries() -> None:
    labels = np.repeat([[1, 1, 1, 2, 2, 2]], 6, axis=0)
    assert three_class_target(labels)[3].tolist() == [
        INTERIOR, INTERIOR, BOUNDARY, BOUNDARY, INTERIOR, INTERIOR,
    ]  # fmt: skip


@given(arrays(np.int32, (7, 8), elements=st.integers(0, 3)))
def test_a_target_is_foreground_where_there_are_cells(labels: np.ndarray) -> None:
    assert np.array_equal(three_class_target(labels) > 0, labels > 0)


def test_an_outline_runs_along_the_pixel_edges() -> None:
    labels = np.zeros((6, 9), int)
    labels[2:4, 5:8] = 3
    (outline,) = label_outlines(labels)
    assert outline.cell_id == 3
    assert (outline.rows.min(), outline.rows.max()) == (1.5, 3.5)
    assert (outline.columns.min(), outline.columns.max()) == (4.5, 7.5)


def test_pieces_of_a_cell_are_parted_by_nan() -> None:
    (outline,) = label_outlines(np.array([[4, 0, 4]]))
    assert np.isnan(outline.rows).sum() == 1


def test_straight_runs_keep_only_their_ends() -> None:
    (outline,) = label_outlines(np.ones((50, 50), int))
    assert len(outline.rows) < 12


def test_an_image_without_cells_has_no_outlines() -> None:
    assert label_outlines(np.zeros((3, 3), int)) == []
