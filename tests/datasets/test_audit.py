"""The audit finds faults put into labels, and little else."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import euler_number, label

from workbench.datasets import (
    CHECKS,
    REPAIRS,
    audit_image,
    audit_labels,
    open_dataset,
    read_labels,
)
from workbench.datasets._audit_holes import find_holes
from workbench.datasets._audit_pieces import find_pieces
from workbench.schema import InputError, LabelImage


def grid(n: int = 5, *, size_px: int = 12, pitch_px: int = 40) -> np.ndarray:
    """Return labels of n x n squares, numbered along the rows."""
    labels = np.zeros((n * pitch_px, n * pitch_px), np.uint32)
    for place in range(n * n):
        row, column = pitch_px * (place // n) + 10, pitch_px * (place % n) + 10
        labels[row : row + size_px, column : column + size_px] = place + 1
    return labels


def codes(labels: np.ndarray) -> list[str]:
    return [finding.code for finding in audit_labels(labels)]


def faults(labels: np.ndarray) -> set[tuple[str, tuple[int, ...]]]:
    """Return what is found, gaps in the numbering aside."""
    return {(f.code, f.cell_ids) for f in audit_labels(labels) if f.severity != "note"}


def test_labels_without_a_fault_have_no_findings() -> None:
    assert audit_labels(grid()) == ()


def test_a_number_used_far_away_again_is_an_error() -> None:
    labels = grid()
    labels[labels == 25] = 1
    (finding,) = audit_labels(labels)
    assert (finding.code, finding.severity, finding.repair) == (
        "repeated_id", "error", "split_far_pieces",
    )  # fmt: skip
    assert finding.text == "number 1 stands for 2 cells far apart, of 144, 144 px"
    assert finding.box == (10, 10, 182, 182)


def test_where_many_numbers_are_used_twice_a_near_twin_is_another_cell_too() -> None:
    labels = grid()
    labels[15:18, 10:22] = 0
    assert faults(labels) == {("several_pieces", (1,))}
    for twin, cell in enumerate((21, 22, 23, 24, 25), start=2):
        labels[labels == cell] = twin
    assert faults(labels) == {("repeated_id", (cell,)) for cell in range(1, 7)}


def test_a_second_piece_nearby_may_be_the_same_cell() -> None:
    labels = grid()
    labels[15:17, 10:22] = 0
    (finding,) = audit_labels(labels)
    assert (finding.code, finding.repair) == ("several_pieces", None)
    assert finding.text == "cell 1 lies in 2 pieces of 60, 60 px"


def test_a_few_stray_pixels_are_crumbs_not_a_piece() -> None:
    labels = grid()
    labels[25:27, 12:15] = 1
    (finding,) = audit_labels(labels)
    assert finding.code == "crumbs"
    assert finding.text == "6 stray px in one place beside cell 1 of 144 px"
    assert finding.box == (25, 12, 27, 15)


def test_a_small_piece_far_away_is_no_cell_of_its_own() -> None:
    labels = grid()
    labels[112:116, 112:117] = 1  # 20 px, a seventh of the cell
    (finding,) = audit_labels(labels)
    assert finding.text == "cell 1 lies in 2 pieces of 144, 20 px"


def test_a_hole_belongs_to_the_one_cell_around_it() -> None:
    labels = grid()
    labels[14:16, 14:16] = 0
    labels[60, 60] = 0
    found = {f.text for f in audit_labels(labels)}
    assert found == {"a hole of 4 px in cell 1 of 140 px", "a hole of 1 px in cell 7 of 143 px"}


def test_a_gap_between_cells_and_a_cell_within_a_cell_are_no_holes() -> None:
    labels = grid()
    labels[14:17, 14:17] = 26  # a nucleus in its cell
    labels[54:66, 62:74] = 27  # beside cell 7, with a gap at their border
    labels[57, 61:63] = 0
    assert codes(labels) == []


def test_a_cell_of_one_pixel_is_a_speck_and_one_at_the_border_is_not() -> None:
    labels = grid()
    labels[35, 35] = 26
    labels[0, 60] = 27
    assert faults(labels) == {("specks", (26,))}


def test_cells_at_the_limit_once_the_smallest_are_left_out_are_noted_too() -> None:
    # 17 px is above a twentieth of the median of all (100), but not of that without the dots (400).
    labels = np.zeros((400, 400), np.uint32)
    sizes = [(1, 4)] * 6 + [(1, 17)] + [(10, 10)] * 4 + [(20, 20)] * 8
    for place, (height, width) in enumerate(sizes):
        row, column = 10 + 50 * (place // 6), 10 + 60 * (place % 6)
        labels[row : row + height, column : column + width] = place + 1
    small = [f.cell_ids[0] for f in audit_labels(labels) if f.code == "small_cell"]
    assert small == [1, 2, 3, 4, 5, 6, 7]


def test_a_cell_far_smaller_than_the_others_is_noted() -> None:
    labels = grid()
    labels[35:37, 35:37] = 26
    (finding,) = audit_labels(labels)
    assert (finding.code, finding.severity, finding.repair) == ("small_cell", "note", None)
    assert finding.text == "cell 26 has 4 px; the median is 144 px"


def test_a_cell_cut_along_a_row_is_named_with_its_halves() -> None:
    labels = grid()
    labels[15:22, 10:22] = 26
    (finding,) = audit_labels(labels)
    assert (finding.code, finding.cell_ids) == ("cut_cell", (1, 26))
    assert finding.text == "cells 1 and 26 meet along a straight line of 12 px at row 15"
    assert finding.box == (10, 10, 22, 22)


def test_a_cell_cut_along_a_column_is_found_as_one_cut_along_a_row() -> None:
    labels = grid()
    labels[15:22, 10:22] = 26
    (finding,) = audit_labels(labels.T)
    assert finding.text == "cells 1 and 26 meet along a straight line of 12 px at column 15"


def test_two_cells_that_touch_with_a_step_are_two_cells() -> None:
    labels = grid()
    labels[22:34, 14:26] = 26
    assert codes(labels) == []


def test_a_cell_at_the_narrow_end_of_another_is_a_cell_of_its_own() -> None:
    labels = np.zeros((40, 40), np.uint32)
    for row in range(10):  # 20 px wide, tapering to 10
        labels[10 + row, 10 + row // 2 : 30 - row // 2] = 1
    labels[20:22, 14:26] = 2
    assert codes(labels) == []
    labels[20:22, 14:26] = 0
    labels[:10, 10:30] = 2
    assert codes(labels) == ["cut_cell"]


def test_two_discs_pressed_together_are_two_cells() -> None:
    rows, columns = np.ogrid[:60, :60]
    labels = np.zeros((60, 60), np.uint32)
    labels[(rows - 20) ** 2 + (columns - 30) ** 2 < 144] = 1
    labels[((rows - 40) ** 2 + (columns - 30) ** 2 < 144) & (rows >= 30)] = 2
    labels[30:] = np.where(labels[30:] == 1, 0, labels[30:])
    assert np.count_nonzero((labels[29] == 1) & (labels[30] == 2)) > 8
    assert codes(labels) == []


def test_short_cuts_count_where_a_line_makes_many_and_nothing_crosses_it() -> None:
    labels = np.zeros((40, 100), np.uint32)
    for place in range(3):
        columns = slice(10 + 30 * place, 16 + 30 * place)
        labels[14:20, columns], labels[20:26, columns] = 2 * place + 1, 2 * place + 2
    found = audit_labels(labels)
    assert [f.cell_ids for f in found] == [(1, 2), (3, 4), (5, 6)]
    assert found[0].text.endswith("of 6 px at row 20, as 3 pairs do there")
    labels[:, 30:32] = 7
    labels[:, 60:62] = 8
    assert codes(labels) == [], "two labels cross the line"


def test_one_value_in_several_patches_is_a_binary_mask() -> None:
    (finding,) = audit_labels(255 * (grid() > 0))
    assert (finding.code, finding.repair) == ("binary_mask", "split_mask")
    assert finding.text == "25 separate patches all have the number 255"


def test_a_single_cell_with_crumbs_is_no_binary_mask() -> None:
    labels = np.where(grid() == 1, 1, 0)
    labels[30, 30] = 1
    assert codes(labels) == ["crumbs"]


def test_a_few_numbers_in_many_patches_are_classes() -> None:
    labels = np.where(grid() > 0, 1 + grid() % 2, 0)
    (finding,) = audit_labels(labels)
    assert (finding.code, finding.repair) == ("class_map", None)
    assert finding.text == "25 patches share 2 numbers: are these classes of pixels?"


def test_a_labelled_background_is_found_and_the_cells_are_looked_at_without_it() -> None:
    labels = grid()
    labels[labels == 0] = 26
    labels[14, 14] = 0
    assert faults(labels) == {("background_labelled", (26,)), ("holes", (1,))}


def test_a_cell_that_fills_its_image_is_a_cell() -> None:
    assert audit_labels(np.ones((9, 9), np.uint8)) == ()


def test_numbers_that_start_again_after_255_have_overflowed() -> None:
    labels = (grid(17) % 256).astype(np.uint8)  # 289 cells
    (finding,) = audit_labels(labels)
    assert (finding.code, finding.repair) == ("overflow", "split_far_pieces")
    assert finding.cell_ids == tuple(range(1, 34))
    assert "255 numbers up to 255" in finding.text
    assert codes(labels.astype(np.uint32)) == ["overflow"], "readers widen the type"


def test_numbers_up_to_255_without_repeats_are_noted_alone() -> None:
    labels = grid(16)
    labels[labels > 255] = 0
    assert codes(labels) == ["full_range"]


def test_even_numbers_above_those_that_floats_tell_apart_are_suspicious() -> None:
    labels = grid()
    large = np.where(labels > 0, 2**24 + labels, 0)
    rounded = large.astype(np.float32).astype(np.uint32)
    assert "float_precision" in codes(rounded)
    assert codes(large) == ["gaps"]


def test_numbers_that_can_be_no_labels_are_one_finding() -> None:
    for wrong, text in (
        (np.full((4, 4), 0.5), "fractions such as 0.5"),
        (np.full((4, 4), -1), "must not be negative, got -1"),
        (np.full((4, 4), np.nan), "16 pixels are NaN"),
    ):
        (finding,) = audit_labels(wrong)
        assert finding.code == "not_labels"
        assert text in finding.text


def test_no_cells_is_one_finding_and_a_gap_one_note() -> None:
    assert codes(np.zeros((4, 4), np.uint8)) == ["empty"]
    labels = grid()
    labels[labels == 3] = 0
    (finding,) = audit_labels(labels)
    assert finding.text == "24 cells numbered up to 25: 1 number is not used"


def test_a_volume_is_refused_with_the_cure() -> None:
    with pytest.raises(InputError, match=r"got shape \(2, 3, 4\); give the planes"):
        audit_labels(np.zeros((2, 3, 4), np.uint8))


def test_an_image_is_looked_at_beside_its_labels() -> None:
    image = np.random.default_rng(0).normal(size=(200, 200, 1))
    assert audit_image(image, grid()) == ()
    image[3, 4] = np.nan
    assert [f.code for f in audit_image(image, grid(4))] == ["shape_mismatch", "not_finite"]
    assert [f.code for f in audit_image(np.zeros((9, 9)))] == ["blank"]


def test_every_repair_that_a_check_names_exists() -> None:
    assert {check.repair for check in CHECKS.values()} - {None} == set(REPAIRS)


label_images = st.builds(
    lambda seed, n, size: (
        np.random.default_rng(seed)
        .integers(0, n + 1, (size, size))
        .astype(np.uint32)
        .repeat(2, 0)
        .repeat(2, 1)
    ),
    st.integers(0, 10**6),
    st.integers(1, 6),
    st.integers(1, 9),
)


@given(label_images)
def test_renumbering_cells_changes_no_finding_of_their_shape(labels: LabelImage) -> None:
    n = int(labels.max(initial=0))
    shuffled = np.random.default_rng(1).permutation(n) + 1
    renumbered = np.concatenate([[0], shuffled]).astype(np.uint32)[labels]
    shapes = ("holes", "cut_cell", "crumbs", "several_pieces", "repeated_id", "specks")

    def places(image: LabelImage) -> list[tuple[str, tuple[int, ...]]]:
        return sorted((f.code, f.box) for f in audit_labels(image) if f.code in shapes)

    assert places(labels) == places(renumbered)


@given(label_images)
def test_pieces_are_those_of_each_label_alone(labels: LabelImage) -> None:
    pieces = find_pieces(labels)
    for cell_id in np.unique(labels[labels > 0]):
        alone = label(labels == cell_id, connectivity=2)
        expected = sorted(np.bincount(alone.ravel())[1:].tolist())
        assert sorted(pieces.areas[pieces.owners == cell_id].tolist()) == expected


@given(label_images)
def test_holes_of_a_lone_cell_are_what_filling_adds(labels: LabelImage) -> None:
    for cell_id in np.unique(labels[labels > 0]):
        alone = np.where(labels == cell_id, labels, 0)
        holes = find_holes(alone)
        added = ndimage.binary_fill_holes(alone > 0) & (alone == 0)
        assert np.array_equal(holes.image > 0, added)
        n_pieces = label(alone > 0, connectivity=2).max()
        assert holes.areas.size == n_pieces - euler_number(alone > 0, connectivity=2)


# Faults put into real labels.


@cache
def clean_labels(root: Path) -> tuple[np.ndarray, ...]:
    """Return real label images without a fault, with cells enough, numbered without gaps."""
    chosen = []
    for record in open_dataset(root / "dsb2018").records[::20]:
        labels = read_labels(record.labels)
        if len(np.unique(labels)) > 20 and not faults(labels):
            chosen.append(label(labels, connectivity=2).astype(np.uint32))
    assert len(chosen) > 8
    return tuple(chosen)


def largest(labels: np.ndarray, *, inside: bool = True) -> int:
    """Return the largest cell that is clear of the border and nearly convex."""
    from skimage.measure import regionprops

    height, width = labels.shape
    able = [
        region
        for region in regionprops(labels)
        if region.solidity > 0.95
        and region.bbox[0] > 0 and region.bbox[1] > 0
        and region.bbox[2] < height and region.bbox[3] < width
    ]  # fmt: skip
    return int(max(able, key=lambda region: region.area).label)


def free_pixel(labels: np.ndarray, distance: int) -> tuple[int, int]:
    """Return a pixel so far from every cell and from the border."""
    clear = np.pad(labels == 0, 1)[1:-1, 1:-1]
    clear[[0, -1]] = clear[:, [0, -1]] = False
    return tuple(np.argwhere(ndimage.distance_transform_cdt(clear) > distance)[0])


def with_hole(labels: np.ndarray) -> tuple[np.ndarray, set]:
    cell = largest(labels)
    depth = ndimage.distance_transform_cdt(labels == cell)
    labels[np.unravel_index(depth.argmax(), depth.shape)] = 0
    return labels, {("holes", (cell,))}


def with_speck(labels: np.ndarray) -> tuple[np.ndarray, set]:
    new = int(labels.max()) + 1
    labels[free_pixel(labels, 1)] = new
    return labels, {("specks", (new,))}


def with_crumb(labels: np.ndarray) -> tuple[np.ndarray, set]:
    cell = largest(labels)
    labels[free_pixel(labels, 1)] = cell
    return labels, {("crumbs", (cell,))}


def with_cut(labels: np.ndarray) -> tuple[np.ndarray, set]:
    cell, new = largest(labels), int(labels.max()) + 1
    rows, columns = np.nonzero(labels == cell)
    half = columns > np.median(columns)
    labels[rows[half], columns[half]] = new
    return labels, {("cut_cell", (cell, new))}


def with_gap(labels: np.ndarray) -> tuple[np.ndarray, set]:
    cell = largest(labels)
    rows, _ = np.nonzero(labels == cell)
    row = int(np.median(rows))
    labels[row][labels[row] == cell] = 0
    return labels, {("several_pieces", (cell,))}


def with_repeat(labels: np.ndarray) -> tuple[np.ndarray, set]:
    cell = largest(labels)
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, range(1, labels.max() + 1)))
    areas = np.bincount(labels.ravel())[1:]
    distance = np.hypot(*(centres - centres[cell - 1]).T)
    twin = int(np.argmax(np.where(areas > 0.5 * areas[cell - 1], distance, 0))) + 1
    labels[labels == twin] = cell
    return labels, {("repeated_id", (cell,))}


def with_background(labels: np.ndarray) -> tuple[np.ndarray, set]:
    new = int(labels.max()) + 1
    labels[labels == 0] = new
    return labels, {("background_labelled", (new,))}


def as_mask(labels: np.ndarray) -> tuple[np.ndarray, set]:
    return 255 * (labels > 0), {("binary_mask", (255,))}


@pytest.mark.parametrize(
    "inject",
    [with_hole, with_speck, with_crumb, with_cut, with_gap, with_repeat, with_background, as_mask],
)
def test_a_fault_put_into_real_labels_is_found_and_nothing_else(
    inject: Callable[[np.ndarray], tuple[np.ndarray, set]], real_data: Path
) -> None:
    for labels in clean_labels(real_data):
        faulty, expected = inject(labels.copy())
        assert faults(faulty) == expected


def test_cells_cut_by_the_borders_of_real_tiles_are_found_and_no_others(real_data: Path) -> None:
    n_cut = n_found = 0
    for labels in clean_labels(real_data):
        row = labels.shape[0] // 2
        tiled = labels.copy()
        tiled[row:] = np.where(labels[row:] > 0, labels[row:] + labels.max(), 0)
        cut = set(np.unique(labels[row][(labels[row] == labels[row - 1]) & (labels[row] > 0)]))
        found = {f.cell_ids for f in audit_labels(tiled) if f.code == "cut_cell"}
        expected = {(int(cell), int(cell + labels.max())) for cell in cut}
        assert found <= expected
        n_cut, n_found = n_cut + len(expected), n_found + len(found)
    assert n_found >= 0.7 * n_cut > 10


def test_real_tissue_saved_with_8_bits_has_overflowed(real_data: Path) -> None:
    record = open_dataset(real_data / "codex_tissue").records[0]
    labels = read_labels(record.labels)
    assert codes(labels.astype(np.uint8))[0] == "overflow"
    assert "overflow" not in codes(labels)


def test_hardly_any_real_image_has_an_error(real_data: Path) -> None:
    errors = []
    for name in ("dsb2018", "usiigaci_phase", "axon_sem", "codex_tissue", "stardist_sample"):
        for record in open_dataset(real_data / name).records[::8]:
            errors += [f for f in audit_labels(read_labels(record.labels)) if f.severity == "error"]
    assert errors == []
