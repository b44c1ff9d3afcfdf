"""Smoothing, against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from workbench.inference._smoothing import smoothed


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30),
    st.floats(0.1, 6), st.sampled_from([3, 4]),
)  # fmt: skip
def test_it_is_scipys_but_for_rounding(
    seed: int, height: int, width: int, sd_px: float, reach_sd: int
) -> None:
    landscape = np.random.default_rng(seed).random((height, width), np.float32)
    theirs = ndimage.gaussian_filter(landscape, sd_px, truncate=reach_sd)
    assert smoothed(landscape, sd_px, reach_sd=reach_sd) == pytest.approx(theirs, abs=1e-5)


def test_without_spread_a_landscape_stays_as_it_is() -> None:
    landscape = np.eye(4, dtype=np.float32)
    assert smoothed(landscape, 0.0) is landscape
