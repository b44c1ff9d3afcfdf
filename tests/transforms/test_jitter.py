"""Outlines moved a little, smoothly."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from workbench.schema import InputError
from workbench.transforms import jitter_labels


def square(size_px: int = 200) -> np.ndarray:
    labels = np.zeros((size_px, size_px), np.uint16)
    labels[40:-40, 40:-40] = 7
    return labels


def test_the_outline_moves_by_the_amplitude_on_average() -> None:
    moved = [
        jitter_labels(square(), amplitude_px=2, rng=np.random.default_rng(seed))
        for seed in range(40)
    ]
    # Where the left edge of the square lies in each row that is far from its corners.
    edges = np.array([(labels[60:140] == 7).argmax(axis=1) for labels in moved])
    assert edges.mean() == pytest.approx(40, abs=0.5)
    assert edges.std() == pytest.approx(2, rel=0.15)


def test_it_moves_smoothly() -> None:
    moved = jitter_labels(square(), amplitude_px=2, rng=np.random.default_rng(0))
    edge = (moved[60:140] == 7).argmax(axis=1)
    assert np.abs(np.diff(edge)).max() <= 2


@given(amplitude_px=st.floats(0, 4), seed=st.integers(0, 99))
def test_no_cell_is_added_and_ids_and_type_stay(amplitude_px: float, seed: int) -> None:
    labels = square(96)
    labels[10:20, 50:70] = 900
    moved = jitter_labels(labels, amplitude_px=amplitude_px, rng=np.random.default_rng(seed))
    assert set(np.unique(moved)) <= {0, 7, 900}
    assert (moved.dtype, moved.shape) == (labels.dtype, labels.shape)


def test_no_displacement_changes_nothing_and_equal_seeds_agree() -> None:
    rng = [np.random.default_rng(3) for _ in range(3)]
    assert (jitter_labels(square(), amplitude_px=0, rng=rng[0]) == square()).all()
    first, second = (jitter_labels(square(), amplitude_px=1, rng=r) for r in rng[1:])
    assert (first == second).all()


def test_cells_of_a_real_image_keep_their_areas_nearly(real_data: Path) -> None:
    labels = tifffile.imread(next(iter(sorted((real_data / "dsb2018" / "labels").glob("*.tif")))))
    moved = jitter_labels(labels, amplitude_px=1, rng=np.random.default_rng(0))
    assert (moved > 0).sum() == pytest.approx((labels > 0).sum(), rel=0.1)


def test_an_amplitude_that_would_tear_cells_is_refused() -> None:
    with pytest.raises(InputError, match="tear"):
        jitter_labels(square(), amplitude_px=5, rng=np.random.default_rng(0))
