"""Polygons on the pixel grid, and their suppression, against other implementations."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.datasets import open_dataset, read_labels
from workbench.inference import ENCODINGS, StarConvexDecoder
from workbench.inference._polygons import suppressed
from workbench.metrics import label_overlap, match_overlap
from workbench.transforms import ray_directions


@given(st.integers(0, 2**32 - 1))
def test_a_polygon_has_the_pixels_that_matplotlib_finds_in_it(seed: int) -> None:
    from matplotlib.path import Path as Polygon

    rng = np.random.default_rng(seed)
    probability, rays = np.zeros((40, 44), np.float32), np.zeros((40, 44, 32), np.float32)
    row, column = rng.integers(0, 40), rng.integers(0, 44)
    probability[row, column], rays[row, column] = 0.9, rng.uniform(1, 25, 32)
    corners = np.array([row, column]) + rays[row, column][:, None] * ray_directions()
    places = np.argwhere(np.ones(probability.shape))
    within = Polygon(corners).contains_points(places).reshape(probability.shape)
    ours = suppressed(probability, rays, threshold=0.5, max_overlap=0.5) > 0
    # They may differ on the outline itself.
    assert (ours != within).sum() <= 2


def discs(*columns: int) -> tuple[np.ndarray, np.ndarray]:
    probability, rays = np.zeros((31, 60), np.float32), np.full((31, 60, 32), 10, np.float32)
    probability[15, columns] = 0.9 - 0.01 * np.arange(len(columns))
    return probability, rays


def test_a_polygon_is_suppressed_by_a_more_probable_one_it_overlaps_too_much() -> None:
    # Of discs of radius 10 whose middles are 5 apart, 69 % is shared.
    probability, rays = discs(20, 25)
    assert suppressed(probability, rays, threshold=0.5, max_overlap=0.65).max() == 1
    assert suppressed(probability, rays, threshold=0.5, max_overlap=0.72).max() == 2


def test_pixels_that_two_polygons_share_go_to_the_more_probable() -> None:
    probability, rays = discs(35, 20)
    labels = suppressed(probability, rays, threshold=0.5, max_overlap=0.5)
    assert labels[15, 20:36].tolist() == [2] * 5 + [1] * 11


def test_rays_that_are_no_numbers_have_no_length() -> None:
    probability, rays = discs(20)
    rays[..., ::2] = np.nan
    rays[..., 1::2] = np.inf
    assert suppressed(probability, rays, threshold=0.5, max_overlap=0.5).shape == (31, 60)


def test_stardist_keeps_the_same_cells_of_real_nuclei(real_data: Path) -> None:
    from stardist.geometry import polygons_to_label
    from stardist.nms import non_maximum_suppression

    encoding = ENCODINGS["star_convex"]
    for record in open_dataset(real_data / "dsb2018").split("test")[:4]:
        assert record.labels
        _, ranks = np.unique(np.append(0, read_labels(record.labels)), return_inverse=True)
        labels = ranks[1:].reshape(read_labels(record.labels).shape).astype(np.int32)
        maps = encoding.perfect(encoding.encode(labels))
        points, scores, rays = non_maximum_suppression(
            maps[..., 1:], maps[..., 0], b=0, nms_thresh=0.3, prob_thresh=0.5
        )
        theirs = polygons_to_label(rays, points, shape=labels.shape, prob=scores)
        ours = encoding.decode(maps, StarConvexDecoder(nms_overlap=0.3, min_area_px=0))
        matches = match_overlap(label_overlap(theirs, ours), iou_threshold=0.7)
        assert matches.tp >= 0.98 * theirs.max()
        assert matches.fp <= 0.02 * theirs.max() + 1


@pytest.mark.parametrize("max_overlap", [0, 0.3])
def test_polygons_without_overlap_are_all_kept(max_overlap: float) -> None:
    probability, rays = discs(10, 35)
    assert suppressed(probability, rays, threshold=0.5, max_overlap=max_overlap).max() == 2


def test_a_fragment_within_a_large_cell_is_suppressed() -> None:
    probability, rays = discs(20, 28)
    # Of a disc of radius 3 around (15, 28) nearly all lies within the large one, but its IoU with
    # it is below 0.1.
    rays[15, 28] = 3
    assert suppressed(probability, rays, threshold=0.5, max_overlap=0.5).max() == 1
