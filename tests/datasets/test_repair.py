"""A repair mends its fault and touches nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.datasets import (
    REPAIRS,
    Finding,
    audit_labels,
    open_dataset,
    read_labels,
    repair_labels,
)
from workbench.datasets._repair import STEPS
from workbench.schema import InputError, LabelImage


def grid(n: int = 5, *, size_px: int = 12, pitch_px: int = 40) -> np.ndarray:
    """Return labels of n x n squares, numbered along the rows."""
    labels = np.zeros((n * pitch_px, n * pitch_px), np.uint32)
    for place in range(n * n):
        row, column = pitch_px * (place // n) + 10, pitch_px * (place % n) + 10
        labels[row : row + size_px, column : column + size_px] = place + 1
    return labels


def with_hole(labels: np.ndarray) -> None:
    labels[14:16, 14:16] = 0


def with_crumbs(labels: np.ndarray) -> None:
    labels[25:27, 12:15] = 1


def with_speck(labels: np.ndarray) -> None:
    labels[35, 35] = 26


def with_cut(labels: np.ndarray) -> None:
    labels[17:22, 10:22] = 26


def with_four_quarters(labels: np.ndarray) -> None:
    labels[10:16, 16:22], labels[16:22, 10:16], labels[16:22, 16:22] = 26, 27, 28


def with_background(labels: np.ndarray) -> None:
    labels[labels == 0] = 26


def as_mask(labels: np.ndarray) -> None:
    labels[labels > 0] = 255


FAULTS = [
    ("fill_holes", with_hole),
    ("drop_crumbs", with_crumbs),
    ("drop_specks", with_speck),
    ("join_cut_cells", with_cut),
    ("clear_background", with_background),
    ("split_mask", as_mask),
]


@pytest.mark.parametrize(("repair", "inject"), FAULTS)
def test_a_repair_gives_back_the_labels_as_they_were(
    repair: str, inject: Callable[[np.ndarray], None]
) -> None:
    faulty = grid()
    inject(faulty)
    before = faulty.copy()
    mended, repaired = repair_labels(faulty, [repair])
    assert np.array_equal(mended, grid())
    assert [step.repair for step in repaired] == [repair]
    assert repaired[0].n_pixels == np.count_nonzero(faulty != grid())
    assert np.array_equal(faulty, before), "the labels given stay as they are"


def test_cells_that_shared_a_number_keep_it_once_and_get_the_next_free_ones() -> None:
    labels = grid()
    labels[np.isin(labels, (21, 25))] = 1
    mended, (step,) = repair_labels(labels, ["split_far_pieces"])
    at = [mended[grid() == cell_id] for cell_id in (1, 21, 25)]
    assert [np.unique(cell).tolist() for cell in at] == [[1], [25], [26]]
    assert np.array_equal(mended == labels, ~np.isin(grid(), (21, 25)))
    assert (step.cell_ids, step.n_pixels) == ((1,), 288)


def test_a_cell_cut_in_four_becomes_one_by_its_largest_part() -> None:
    labels = grid(1, size_px=24, pitch_px=60)
    labels[10:22, 22:34], labels[22:34, 10:22], labels[22:34, 22:34] = 2, 3, 4
    labels[21, 10:22] = 1
    mended, _ = repair_labels(labels, ["join_cut_cells"])
    assert np.unique(mended).tolist() == [0, 1]
    assert np.array_equal(mended > 0, labels > 0)


def test_overflowed_numbers_are_widened() -> None:
    labels = grid(17)  # 289 cells
    mended, _ = repair_labels((labels % 256).astype(np.uint8), ["split_far_pieces"])
    assert mended.dtype == np.uint32
    there = labels != 256  # became 0, which no repair brings back
    pairs = np.unique(np.stack([labels[there], mended[there]]), axis=1)
    assert pairs.shape[1] == 289, "every other cell has one number, and no two share one"
    assert len(np.unique(pairs[1])) == 289


def test_a_cell_of_a_mask_that_touches_another_at_a_corner_stays_with_it() -> None:
    mask = np.zeros((9, 30), np.uint8)
    mask[1:3, 1:3] = mask[3:5, 3:5] = mask[1:4, 20:23] = 1
    mended, _ = repair_labels(mask, ["split_mask"])
    assert mended[1, 1] == mended[4, 4] == 1
    assert mended[2, 21] == 2


def test_a_crumb_within_another_cell_becomes_that_cell_not_a_hole() -> None:
    labels = grid()
    labels[55, 55] = 1
    assert {f.code for f in audit_labels(labels)} == {"crumbs"}
    assert np.array_equal(repair_labels(labels, ["drop_crumbs"])[0], grid())


def test_an_unknown_repair_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"no repair is called 'fill'; there are clear_background"):
        repair_labels(grid(), ["fill"])
    with pytest.raises(InputError, match=r"fractions such as 0\.5"):
        repair_labels(np.full((2, 2), 0.5), ["fill_holes"])


def test_every_repair_has_its_step_in_the_same_order() -> None:
    assert list(STEPS) == list(REPAIRS)


label_images = st.builds(
    lambda seed, n, size: (
        np.random.default_rng(seed)
        .integers(0, n + 1, (size, size))
        .astype(np.uint32)
        .repeat(3, 0)
        .repeat(4, 1)
    ),
    st.integers(0, 10**6),
    st.integers(1, 6),
    st.integers(1, 9),
)
repairs = st.sets(st.sampled_from(sorted(REPAIRS)))


@given(label_images, repairs)
def test_repairing_again_changes_nothing(labels: LabelImage, wanted: set[str]) -> None:
    once, _ = repair_labels(labels, wanted)
    twice, repaired = repair_labels(once, wanted)
    assert np.array_equal(once, twice)
    assert repaired == ()


@given(label_images, repairs)
def test_what_is_not_found_is_not_repaired(labels: LabelImage, wanted: set[str]) -> None:
    proposed = {finding.repair for finding in audit_labels(labels)}
    mended, repaired = repair_labels(labels, wanted - proposed)
    hidden = {"class_map", "binary_mask", "background_labelled"}  # hide what lies behind them
    if not hidden & {finding.code for finding in audit_labels(labels)}:
        assert repaired == ()
        assert np.array_equal(mended, labels)


@given(label_images, repairs)
def test_no_fault_is_left_that_was_to_be_mended(labels: LabelImage, wanted: set[str]) -> None:
    mended, _ = repair_labels(labels, wanted)
    left = {finding.repair for finding in audit_labels(mended)} - {None}
    assert not left & wanted


def concerned(findings: tuple[Finding, ...]) -> set[int]:
    return {cell_id for f in findings if f.repair for cell_id in f.cell_ids}


def test_real_labels_change_in_the_cells_found_alone_and_are_then_without_fault(
    real_data: Path,
) -> None:
    n_repaired = 0
    for name in ("dsb2018", "usiigaci_phase", "axon_sem", "codex_tissue"):
        for record in open_dataset(real_data / name).records[::6]:
            labels = read_labels(record.labels)
            findings = audit_labels(labels)
            mended, repaired = repair_labels(labels, {f.repair for f in findings} - {None})
            changed = mended != labels
            touched = set(np.unique(labels[changed]))
            assert touched - {0} <= concerned(findings)
            assert not concerned(audit_labels(mended))
            n_repaired += bool(repaired)
    assert n_repaired >= 5
