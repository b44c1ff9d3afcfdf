"""Wrong pixels by kind, and how far outlines lie off."""

from pathlib import Path

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.datasets import open_dataset, read_reference
from workbench.metrics import (
    boundary_offsets,
    ignored_cells,
    label_errors,
    label_overlap,
    pixel_errors,
)
from workbench.schema import PIXEL_ERRORS, LabelImage
from workbench.transforms import inject_errors

label_images = arrays(np.int64, (9, 9), elements=st.integers(0, 4), fill=st.just(0))


def counted(reference: LabelImage, predicted: LabelImage, **options: float) -> dict[str, int]:
    overlap = label_overlap(reference, predicted)
    errors = label_errors(overlap, **options)
    return {kind: n for kind, n in pixel_errors(reference, predicted, overlap, errors).items() if n}


def square(size: int, top: int, left: int, side: int, cell: int = 1) -> LabelImage:
    labels = np.zeros((size, size), np.int64)
    labels[top : top + side, left : left + side] = cell
    return labels


def test_every_kind_is_named_zeros_too() -> None:
    labels = square(6, 1, 1, 3)
    overlap = label_overlap(labels, labels)
    found = pixel_errors(labels, labels, overlap, label_errors(overlap))
    assert found == dict.fromkeys(PIXEL_ERRORS, 0)


def test_an_outline_one_pixel_wide_is_over_extension_and_corners_are_farther() -> None:
    """The ring around 8 x 8 has 36 pixels; its corners lie 1.4 px from the true outline."""
    assert counted(square(12, 2, 2, 8), square(12, 1, 1, 10)) == {
        "over_extension": 32, "hallucination": 4,
    }  # fmt: skip


def test_an_outline_one_pixel_tight_is_shrink_and_a_gap_inside_a_hole() -> None:
    predicted = square(14, 2, 2, 10)
    predicted[6:8, 6:8] = 0
    assert counted(square(14, 1, 1, 12), predicted) == {"shrink": 44, "hole": 4}


def test_pixels_of_a_missed_cell_are_missing_and_of_a_spurious_one_hallucinated() -> None:
    assert counted(square(9, 1, 1, 4), square(9, 1, 1, 4, 0)) == {"missing": 16}
    assert counted(square(9, 1, 1, 4, 0), square(9, 1, 1, 4)) == {"hallucination": 16}
    # A spurious cell that touches a true one is no over-extension of it.
    beside = square(9, 1, 1, 4) + square(9, 1, 5, 2, 2)
    assert counted(square(9, 1, 1, 4), beside) == {"hallucination": 4}


def test_a_border_between_neighbours_that_is_off_leaks() -> None:
    reference = np.ones((10, 20), np.int64)
    reference[:, 10:] = 2
    predicted = np.where(np.arange(20) < 11, 1, 2) * np.ones((10, 1), np.int64)
    assert counted(reference, predicted) == {"leak": 10}


def test_the_small_part_of_a_split_is_of_the_wrong_instance_but_for_the_band() -> None:
    reference, predicted = square(14, 1, 1, 12), square(14, 1, 1, 12)
    predicted[1:5, 1:13] = 9  # a third; the band is two pixels of its three outer sides
    assert counted(reference, predicted) == {"leak": 2 * 12 + 2 * 4, "wrong_instance": 2 * 8}


def test_the_band_grows_with_the_cell() -> None:
    """A cell of 60 px has an equivalent diameter of 68 px, of which 5 % are 3 px."""
    reference, predicted = square(80, 8, 8, 60), square(80, 8, 8, 60)
    predicted[4:8, 8:68] = 1
    assert counted(reference, predicted) == {"over_extension": 3 * 60, "hallucination": 60}


def test_in_a_fused_merge_the_largest_cell_is_right() -> None:
    reference, predicted = np.zeros((2, 8, 16), np.int64)
    reference[1:7, 1:6], reference[1:7, 7:11], reference[1:7, 12:15] = 1, 2, 3
    predicted[1:7, 1:15] = 5
    assert counted(reference, predicted) == {"over_extension": 2 * 6, "leak": 6 * 4 + 6 * 3}


def test_pixels_of_cells_that_are_left_out_count_nowhere() -> None:
    reference, predicted = square(9, 1, 1, 4), square(9, 5, 5, 3)
    overlap = label_overlap(reference, predicted)
    left_out = ignored_cells(reference, predicted, overlap, predicted > 0)
    errors = label_errors(overlap, ignored=left_out)
    found = pixel_errors(reference, predicted, overlap, errors)
    assert {kind: n for kind, n in found.items() if n} == {"missing": 16}


@settings(max_examples=300)
@given(label_images, label_images, st.sampled_from([0.3, 0.5, 0.9]))
def test_the_kinds_sum_to_all_wrong_pixels(
    reference: LabelImage, predicted: LabelImage, threshold: float
) -> None:
    """Wrong is, pixel by pixel, what is not background twice and not one of the pairs of cells."""
    overlap = label_overlap(reference, predicted)
    errors = label_errors(overlap, iou_threshold=threshold)
    found = pixel_errors(reference, predicted, overlap, errors)
    pairs = {
        (int(overlap.reference_ids[one]), int(overlap.predicted_ids[two]))
        for one, two in enumerate(errors.reference.partner)
        if two >= 0
    }
    one_sided = int(((reference > 0) != (predicted > 0)).sum())
    both = [
        pair
        for pair in zip(reference.ravel().tolist(), predicted.ravel().tolist(), strict=True)
        if min(pair) > 0 and pair not in pairs
    ]
    total = sum(found.values())
    kinds = ("over_extension", "hallucination", "shrink", "hole", "missing")
    assert sum(found[kind] for kind in kinds) == one_sided
    # Counterparts of splits and merges without a match are right too.
    assert one_sided <= total <= one_sided + len(both)


@pytest.mark.parametrize(
    ("kept", "offset"), [(slice(2, 12), -1.0), (slice(3, 11), -2.0), (slice(1, 13), 0.0)]
)
def test_an_outline_inside_has_a_negative_offset(kept: slice, offset: float) -> None:
    reference, predicted = square(14, 1, 1, 12), np.zeros((14, 14), np.int64)
    predicted[kept, kept] = 4
    overlap = label_overlap(reference, predicted)
    of_reference, of_predicted = boundary_offsets(
        reference, predicted, overlap, label_errors(overlap)
    )
    assert of_reference.tolist() == of_predicted.tolist() == [offset]


def test_an_outline_outside_has_a_positive_offset() -> None:
    reference, predicted = square(14, 2, 2, 10), square(14, 1, 1, 12)
    overlap = label_overlap(reference, predicted)
    offset = boundary_offsets(reference, predicted, overlap, label_errors(overlap))[0][0]
    assert offset == pytest.approx((40 * 1 + 4 * np.sqrt(2)) / 44)


def test_cells_without_a_partner_have_no_offset() -> None:
    reference, predicted = square(9, 1, 1, 3), square(9, 5, 5, 3)
    overlap = label_overlap(reference, predicted)
    sides = boundary_offsets(reference, predicted, overlap, label_errors(overlap))
    assert np.isnan(np.concatenate(sides)).all()


@pytest.mark.parametrize("dataset", ["dsb2018", "axon_sem"])
def test_on_real_cells_offsets_agree_with_a_distance_transform(
    dataset: str, real_data: Path
) -> None:
    labels = read_reference(open_dataset(real_data / dataset).records[0])[:256, :256]
    wrong, _ = inject_errors(labels, {"shrunk": 3, "grown": 3}, rng=np.random.default_rng(0))
    overlap = label_overlap(labels, wrong)
    errors = label_errors(overlap)
    found = boundary_offsets(labels, wrong, overlap, errors)[0]
    for one, two in enumerate(errors.reference.partner):
        if two < 0:
            continue
        truth = np.pad(labels == overlap.reference_ids[one], 1)
        ours = np.pad(wrong == overlap.predicted_ids[two], 1)
        outline, our_outline = (
            cell & ~scipy.ndimage.binary_erosion(cell) for cell in (truth, ours)
        )  # fmt: skip
        distance = scipy.ndimage.distance_transform_edt(~outline)
        signed = np.where(truth, -distance, distance)[our_outline]
        assert found[one] == pytest.approx(signed.mean())
