"""Distances between cells and between their boundaries."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import distance_transform_edt
from scipy.spatial.distance import directed_hausdorff
from skimage.filters import threshold_otsu
from skimage.measure import label
from skimage.segmentation import find_boundaries

from workbench.metrics import (
    best_partner_hausdorff,
    boundary_f,
    label_overlap,
    match_instances,
    surface_scores,
)

label_images = arrays(np.int64, (9, 11), elements=st.integers(0, 4))
wide_images = arrays(np.int64, (3, 40), elements=st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 6]))

unhurried = settings(deadline=None)  # the first example waits for the compiler


def closest(reference: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return best_partner_hausdorff(reference, predicted, label_overlap(reference, predicted))


def closest_by_double_loop(
    reference: np.ndarray, predicted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    cells, partners = (
        [np.argwhere(labels == i) for i in np.unique(labels[labels > 0])]
        for labels in (reference, predicted)
    )
    table = np.array(
        [
            [max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0]) for b in partners]
            for a in cells
        ]
    )
    return table.min(axis=1), table.min(axis=0)


def dsb_crop(real_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Nuclei of a fluorescence image, and what a threshold makes of them."""
    reference, image = (
        tifffile.imread(real_data / "dsb2018" / room / "04acab7636c4cf61.tif")
        for room in ("labels", "images")
    )
    predicted = label(image > threshold_otsu(image), connectivity=1)
    return reference[:200, :200], predicted[:200, :200]


def codex_crop(real_data: Path, size: int = 150) -> tuple[np.ndarray, np.ndarray]:
    """Cells of a tissue as an expert and as Cellpose saw them."""
    folder = real_data / "codex_tissue"
    reference = tifffile.imread(next((folder / "labels").glob("*.tif")))
    predicted = tifffile.imread(next((folder / "predictions" / "Cellpose-0.6.1").glob("*.tif")))
    crop = np.s_[400 : 400 + size, 500 : 500 + size]
    return reference[crop], predicted[crop]


real_crops = pytest.mark.parametrize("crop", [dsb_crop, codex_crop])


def test_each_cell_is_as_far_as_its_closest_partner_which_others_may_share() -> None:
    reference = np.array([[1, 1, 0, 0, 0, 0, 2]])
    predicted = np.array([[0, 5, 5, 5, 0, 0, 0]])
    there, back = closest(reference, predicted)
    assert there.tolist() == [2, 5]  # pixel 3 is 2 from cell 1; pixel 1 is 5 from cell 2
    assert back.tolist() == [2]


def test_the_closest_partner_need_not_be_the_one_of_largest_overlap() -> None:
    # The long cell holds both pixels of cell 1 but ends 5 away; its neighbour ends 2 away.
    reference = np.array([[1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]])
    predicted = np.array([[5, 5, 5, 5, 5, 5, 5], [0, 0, 0, 0, 0, 0, 0], [6, 6, 0, 0, 0, 0, 0]])
    assert closest(reference, predicted)[0].tolist() == [2]


@unhurried
@given(label_images, label_images)
def test_distances_are_those_of_a_double_loop_with_scipy(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    reference[0, 0] = predicted[-1, -1] = 9  # a cell on each side, far apart
    expected = closest_by_double_loop(reference, predicted)
    for ours, theirs in zip(closest(reference, predicted), expected, strict=True):
        assert np.abs(ours - theirs).max() < 1e-12


@unhurried
@given(wide_images, wide_images)
def test_distances_of_scarce_cells_in_a_wide_image_are_those_of_a_double_loop(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    reference[0, 0] = predicted[-1, -1] = 9
    expected = closest_by_double_loop(reference, predicted)
    for ours, theirs in zip(closest(reference, predicted), expected, strict=True):
        assert np.abs(ours - theirs).max() < 1e-12


@real_crops
def test_distances_of_real_cells_are_those_of_a_double_loop_with_scipy(
    real_data: Path, crop: Callable[[Path], tuple[np.ndarray, np.ndarray]]
) -> None:
    reference, predicted = crop(real_data)
    there, back = closest(reference, predicted)
    expected_there, expected_back = closest_by_double_loop(reference, predicted)
    assert min(len(there), len(back)) > 10
    assert there.max() > 3
    assert np.abs(there - expected_there).max() < 1e-12
    assert np.abs(back - expected_back).max() < 1e-12


@pytest.mark.parametrize("hole", ["square", "off centre", "slit"])
def test_huge_cells_with_holes_are_measured_exactly(hole: str) -> None:
    # The farthest pixel of the full cell lies deep inside its box, where only a part of the
    # pixels is looked at.
    full = np.ones((300, 280), np.uint8)
    holed = full.copy()
    parts = {"square": np.s_[3:-3, 3:-3], "off centre": np.s_[11:170, 60:203]}
    holed[parts.get(hole, np.s_[140:143, 2:-2])] = 0
    expected = distance_transform_edt(holed == 0).max()
    assert closest(full, holed) == (pytest.approx(expected, abs=1e-12),) * 2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [60, 200])
def test_the_one_pixel_farthest_from_scattered_pieces_is_found(seed: int, size: int) -> None:
    pieces = np.random.default_rng(seed).random((size, size)) < 0.004
    pieces[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    expected = distance_transform_edt(~pieces).max()
    assert closest(np.ones_like(pieces), pieces) == (pytest.approx(expected, abs=1e-12),) * 2


def test_cells_in_several_pieces_are_measured_as_one() -> None:
    whole = np.zeros((200, 200), int)
    whole[90:110] = 1
    pieces = np.zeros((200, 200), int)
    pieces[:5, :5] = pieces[-5:, -5:] = pieces[90:95, 40:60] = 1
    expected = closest_by_double_loop(whole, pieces)
    assert closest(whole, pieces) == (pytest.approx(expected[0]), pytest.approx(expected[1]))


@unhurried
@given(label_images, label_images)
def test_swapping_the_sides_swaps_the_distances(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    there, back = closest(reference, predicted)
    swapped_there, swapped_back = closest(predicted, reference)
    assert np.array_equal(there, swapped_back, equal_nan=True)
    assert np.array_equal(back, swapped_there, equal_nan=True)


@unhurried
@given(label_images, label_images)
def test_transposing_and_flipping_change_no_distance(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    expected = closest(reference, predicted)[0]
    for turn in (np.transpose, np.flipud, np.fliplr):
        turned = closest(turn(reference), turn(predicted))[0]
        assert np.array_equal(turned, expected, equal_nan=True)


@unhurried
@given(label_images)
def test_an_image_is_at_no_distance_from_itself(labels: np.ndarray) -> None:
    labels[4, 4] = 1
    there, back = closest(labels, labels)
    assert there.tolist() == back.tolist() == [0] * len(np.unique(labels[labels > 0]))
    assert boundary_f(labels, labels, tolerances_px=(0, 1)) == (1, 1)
    pairs = match_instances(labels, labels).pairs
    scores = surface_scores(labels, labels, pairs, tolerance_px=0)
    assert (scores.hausdorff_px.max(), scores.hausdorff95_px.max()) == (0, 0)
    assert scores.normalised_surface_distance.min() == 1


@pytest.mark.parametrize("steps", [1, 4, 13])
def test_a_lone_cell_is_as_far_as_it_was_moved(steps: int) -> None:
    labels = np.zeros((12, 30), int)
    labels[3:8, 2:9] = 1
    labels[5, 9] = 1
    moved = np.roll(labels, steps, axis=1)
    assert closest(labels, moved) == ([steps], [steps])
    scores = surface_scores(labels, moved, [(1, 1, 0.0)])
    assert scores.hausdorff_px.tolist() == [steps]


def test_cells_without_any_partner_have_no_distance() -> None:
    cells, empty = np.array([[1, 0, 2]]), np.zeros((1, 3), int)
    there, back = closest(cells, empty)
    assert np.isnan(there).tolist() == [True, True]
    assert back.size == 0
    assert [side.size for side in closest(empty, empty)] == [0, 0]
    assert np.isnan(closest(empty, cells)[1]).all()


def test_one_pixel_is_as_far_as_the_corner_of_a_cell_that_fills_the_image() -> None:
    pixel = np.zeros((60, 80), int)
    pixel[0, 0] = 3
    assert closest(pixel, np.ones_like(pixel)) == (np.hypot(59, 79), np.hypot(59, 79))


def test_huge_labels_are_measured_like_small_ones(real_data: Path) -> None:
    reference, predicted = (side.astype(np.uint32) for side in codex_crop(real_data, 60))
    huge = np.where(reference > 0, reference + 4_000_000_000, 0).astype(np.uint32)
    larger = predicted.astype(np.uint64) << 32

    for small_side, huge_side in zip(
        closest(reference, predicted), closest(huge, larger), strict=True
    ):
        assert small_side.tolist() == huge_side.tolist()
    assert boundary_f(reference, predicted) == boundary_f(huge, larger)
    pairs = match_instances(reference, predicted).pairs
    moved_pairs = [(one + 4_000_000_000, two << 32, iou) for one, two, iou in pairs]
    expected = surface_scores(reference, predicted, pairs).hausdorff95_px
    assert len(pairs) > 3
    assert surface_scores(huge, larger, moved_pairs).hausdorff95_px.tolist() == expected.tolist()


def test_the_table_of_other_label_images_is_refused() -> None:
    labels = np.array([[1, 1, 0], [0, 0, 2]])
    other = label_overlap(np.array([[1, 0, 0], [0, 0, 2]]), labels)
    with pytest.raises(ValueError, match="does not describe these reference labels"):
        best_partner_hausdorff(labels, labels, other)


@pytest.mark.parametrize(
    ("reference", "predicted", "message"),
    [
        (np.ones((2, 3, 3), int), np.ones((2, 3, 3), int), "defined for 2D label images"),
        (np.ones((3, 3), int), np.ones((3, 4), int), r"same shape, got \(3, 3\) and \(3, 4\)"),
        (np.ones((3, 3)), np.ones((3, 3), int), "reference labels must be integers"),
        (np.ones((3, 3), int), -np.ones((3, 3), int), "predicted labels must not be negative"),
    ],
)
def test_labels_that_cannot_be_measured_are_refused(
    reference: np.ndarray, predicted: np.ndarray, message: str
) -> None:
    pixel = np.ones((1, 1), int)
    with pytest.raises(ValueError, match=message):
        best_partner_hausdorff(reference, predicted, label_overlap(pixel, pixel))
    with pytest.raises(ValueError, match=message):
        surface_scores(reference, predicted, [])
    with pytest.raises(ValueError, match=message):
        boundary_f(reference, predicted)


def test_surfaces_of_a_cell_found_by_half() -> None:
    reference = np.array([[0, 7, 7, 7, 7, 0]])
    predicted = np.array([[0, 2, 2, 0, 0, 0]])
    # Distances from the reference: 0, 0, 1, 2; back: 0, 0.
    scores = surface_scores(reference, predicted, [(7, 2, 0.5)], tolerance_px=1)
    assert scores.hausdorff_px.tolist() == [2]
    assert scores.hausdorff95_px.tolist() == [pytest.approx(1.85)]
    assert scores.normalised_surface_distance.tolist() == [5 / 6]
    exact = surface_scores(reference, predicted, [(7, 2, 0.5)], tolerance_px=0)
    assert exact.normalised_surface_distance.tolist() == [4 / 6]


def test_a_hole_is_boundary_but_its_filling_is_close_to_the_cell() -> None:
    full = np.ones((21, 21), int)
    holed = full.copy()
    holed[10, 10] = 0
    assert surface_scores(full, holed, [(1, 1, 0.9)]).hausdorff_px.tolist() == [9]
    assert closest(full, holed)[0].tolist() == [1]


@real_crops
def test_surfaces_of_real_pairs_are_those_of_monai(
    real_data: Path, crop: Callable[[Path], tuple[np.ndarray, np.ndarray]]
) -> None:
    import torch
    from monai.metrics import HausdorffDistanceMetric, SurfaceDiceMetric

    reference, predicted = crop(real_data)
    pairs = match_instances(reference, predicted, iou_threshold=0.3).pairs[:40]
    truth, guess = (
        torch.from_numpy(np.stack([labels == pair[side] for pair in pairs])[:, None].copy())
        for side, labels in enumerate((reference, predicted))
    )

    def by_monai(metric: Callable[..., torch.Tensor]) -> np.ndarray:
        return metric(guess.float(), truth.float()).numpy().ravel()

    assert len(pairs) > 10
    for tolerance_px in (1, 2.5):
        scores = surface_scores(reference, predicted, pairs, tolerance_px=tolerance_px)
        metric = SurfaceDiceMetric([tolerance_px], include_background=True)
        assert np.abs(scores.normalised_surface_distance - by_monai(metric)).max() < 1e-6
    for percentile, ours in ((None, scores.hausdorff_px), (95, scores.hausdorff95_px)):
        metric = HausdorffDistanceMetric(include_background=True, percentile=percentile)
        assert ours == pytest.approx(by_monai(metric), rel=1e-6, abs=1e-6)


@unhurried
@given(label_images, label_images)
def test_surfaces_do_not_depend_on_which_side_is_the_reference(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    pairs = match_instances(reference, predicted, iou_threshold=0.1).pairs
    there = surface_scores(reference, predicted, pairs)
    back = surface_scores(predicted, reference, [(two, one, iou) for one, two, iou in pairs])
    assert there.hausdorff_px.tolist() == back.hausdorff_px.tolist()
    assert there.hausdorff95_px.tolist() == back.hausdorff95_px.tolist()
    assert np.allclose(there.normalised_surface_distance, back.normalised_surface_distance)


def test_no_pairs_have_no_surfaces() -> None:
    scores = surface_scores(np.eye(3, dtype=int), np.zeros((3, 3), int), [])
    assert (scores.hausdorff_px.size, scores.normalised_surface_distance.size) == (0, 0)


@pytest.mark.parametrize("pair", [(1, 5, 0.5), (1, 300, 0.5)])
def test_pairs_of_other_images_are_refused(pair: tuple[int, int, float]) -> None:
    labels = np.array([[1, 1, 2]])
    with pytest.raises(ValueError, match=f"no predicted cell has the id {pair[1]}"):
        surface_scores(labels, labels, [pair])


@pytest.mark.parametrize("tolerance_px", [-1, float("nan"), float("inf")])
def test_tolerances_that_are_no_distance_are_refused(tolerance_px: float) -> None:
    labels = np.array([[1]])
    with pytest.raises(ValueError, match="0 or more"):
        surface_scores(labels, labels, [], tolerance_px=tolerance_px)
    with pytest.raises(ValueError, match="0 or more"):
        boundary_f(labels, labels, tolerances_px=(1, tolerance_px))


def test_boundaries_agree_up_to_the_tolerance_in_the_order_asked_for() -> None:
    reference = np.array([[0, 7, 7, 0, 0, 0]])
    predicted = np.array([[0, 0, 0, 2, 2, 0]])
    assert boundary_f(reference, predicted, tolerances_px=(2, 0, 1)) == (1, 0, 0.5)


def test_the_boundary_between_touching_cells_counts() -> None:
    apart = np.ones((20, 20), int)
    apart[:, 10:] = 2
    merged = np.ones((20, 20), int)
    # 76 pixels at the edge, all found; 36 between the cells that the merged one lacks.
    assert boundary_f(apart, merged, tolerances_px=(0,)) == (2 * 76 / (76 + 112),)


def test_boundaries_of_images_without_cells_are_undefined_or_missed() -> None:
    cells, empty = np.eye(3, dtype=int), np.zeros((3, 3), int)
    assert np.isnan(boundary_f(empty, empty)).tolist() == [True] * 3
    assert boundary_f(cells, empty) == boundary_f(empty, cells) == (0, 0, 0)


@real_crops
def test_boundary_f_of_real_cells_is_that_of_a_distance_transform(
    real_data: Path, crop: Callable[[Path], tuple[np.ndarray, np.ndarray]]
) -> None:
    reference, predicted = crop(real_data)
    one, two = (
        find_boundaries(np.pad(labels, 1), mode="inner")[1:-1, 1:-1]
        for labels in (reference, predicted)
    )
    to_one, to_two = distance_transform_edt(~one), distance_transform_edt(~two)
    tolerances = (0, 1, 1.5, 2, 5**0.5, 3)
    expected = []
    for tolerance in tolerances:
        precision, recall = (to_one[two] <= tolerance).mean(), (to_two[one] <= tolerance).mean()
        expected.append(2 * precision * recall / (precision + recall))
    assert boundary_f(reference, predicted, tolerances_px=tolerances) == pytest.approx(expected)
    assert len(set(expected)) == len(tolerances)
