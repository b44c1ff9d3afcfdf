"""Seeds and floods, against scikit-image."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from workbench.inference._flooding import flood, summit_seeds


@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.integers(2, 20))
def test_floods_are_those_of_scikit_image_where_no_heights_are_equal(
    seed: int, height: int, width: int
) -> None:
    rng = np.random.default_rng(seed)
    landscape = rng.permutation(height * width).reshape(height, width).astype(np.float32)
    mask = rng.random((height, width)) < 0.8
    seeds = np.where(
        rng.random((height, width)) < 0.1, np.arange(1, 1 + mask.size).reshape(mask.shape), 0
    )
    theirs = watershed(-landscape, seeds, mask=mask)
    assert np.array_equal(flood(landscape, seeds, mask, step=1), theirs)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.5))
def test_seeds_are_the_h_maxima_of_scikit_image_where_all_is_land(seed: int, height: float) -> None:
    rng = np.random.default_rng(seed)
    landscape = ndimage.gaussian_filter(rng.normal(size=(24, 30)), 1.5).astype(np.float32)
    landscape = (landscape - landscape.min()) / np.ptp(landscape)
    ours = summit_seeds(landscape, np.ones(landscape.shape, bool), height=height)
    theirs = label(h_maxima(landscape.astype(np.float64), height), connectivity=2)
    tops = {int(ours[theirs == number].max()) for number in range(1, theirs.max() + 1)}
    assert tops == set(range(1, ours.max() + 1))


def test_each_piece_of_a_mask_has_a_seed_however_flat_it_is() -> None:
    mask = np.array([[1, 1, 0, 1, 0, 1]], bool)
    assert summit_seeds(np.zeros(mask.shape, np.float32), mask, height=1).max() == 3


def test_equal_summits_with_a_shallow_way_between_them_are_one_seed() -> None:
    landscape = np.array([[5, 4.5, 5, 1]], np.float32)
    assert summit_seeds(landscape, landscape > 0, height=1).tolist() == [[1, 1, 1, 0]]


@given(st.integers(0, 2**32 - 1))
def test_what_lies_elsewhere_changes_no_seed_and_no_flood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    here = rng.random((12, 15), np.float32) - np.float32(0.5)
    elsewhere = rng.normal(0, 40, (12, 15)).astype(np.float32)
    both = np.hstack([here, np.zeros((12, 1), np.float32), elsewhere])
    mask = np.ones(both.shape, bool)
    mask[:, 15] = False
    alone = summit_seeds(here, mask[:, :15], height=0.2)
    seeds = summit_seeds(both, mask, height=0.2)
    assert np.array_equal(seeds[:, :15] > 0, alone > 0)
    floods = flood(both, seeds, mask)[:, :15], flood(here, alone, mask[:, :15])
    pairs = np.unique(np.stack([part.ravel() for part in floods]), axis=1)
    assert len(set(pairs[0])) == len(set(pairs[1])) == pairs.shape[1]


def test_a_plateau_is_shared_by_who_is_nearer() -> None:
    mask = np.ones((1, 7), bool)
    flooded = flood(np.ones(mask.shape, np.float32), np.array([[1, 0, 0, 0, 0, 0, 2]]), mask)
    assert flooded.tolist() == [[1, 1, 1, 1, 2, 2, 2]]


def test_a_seed_outside_the_mask_floods_nothing() -> None:
    mask = np.array([[False, True, True]])
    assert not flood(np.ones(mask.shape, np.float32), np.array([[1, 0, 0]]), mask).any()
