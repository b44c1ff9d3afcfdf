"""The errors of an image as others count them, each by an image small enough to count by eye."""

import math

import numpy as np
import pytest

from workbench.metrics import error_terms, label_overlap, seg_ctc
from workbench.schema import LabelImage


def row(text: str) -> LabelImage:
    """Return a label image of one row: letters are cells, dots background."""
    return np.array([[0 if x == "." else ord(x) - 64 for x in text]])


def terms(scheme: str, reference: str, predicted: str) -> dict[str, float]:
    found = error_terms(label_overlap(row(reference), row(predicted)))
    return {term.term: term.value for term in found if term.scheme == scheme}


@pytest.mark.parametrize(
    ("reference", "predicted", "counts"),
    [
        ("AAAA......", "AAAA......", (0, 0, 0, 0)),
        ("AAAAAAAA..", "AA........", (1, 0, 0, 0)),  # IoU 0.25 explains the missed cell
        ("AAAA......", "AABB......", (0, 1, 0, 0)),  # IoU 0.5 twice
        ("AAAA......", "AAAB......", (1, 0, 0, 0)),  # matched, and a part of IoU 0.25
        ("AAAA......", ".......BBB", (0, 0, 1, 1)),
        ("AAAAAAAAAAAA", "A...........", (0, 0, 1, 1)),  # IoU 0.08 is background
    ],
)
def test_tide_counts_localization_duplicate_background_and_missed(
    reference: str, predicted: str, counts: tuple[int, ...]
) -> None:
    assert tuple(terms("TIDE", reference, predicted).values()) == counts


@pytest.mark.parametrize(
    ("reference", "predicted", "counts"),
    [
        ("AAAA", "AAAA", (0, 0, 0)),
        ("AAAAAAAAAA", "AAAAAAA...", (1, 0, 0)),  # IoU 0.7 is not above it
        ("AAAABBBB", "CCCCCCCC", (2, 1, 0)),
        ("AAAAAAAA", "CCCCDDDD", (1, 0, 1)),
        ("AAAAAAAAAA", "CCCCCCCCCD", (0, 0, 0)),  # IoU 0.1 of the part is not above it
    ],
)
def test_caicedo_counts_missed_merges_and_splits_by_iou(
    reference: str, predicted: str, counts: tuple[int, ...]
) -> None:
    assert tuple(terms("Caicedo 2019", reference, predicted).values()) == counts


@pytest.mark.parametrize(
    ("reference", "predicted", "counts"),
    [
        ("AAAA", "AAAA", {"correct_detections": 1}),
        ("AAAA....", ".....BBB", {"missed_detections": 1, "gained_detections": 1}),
        # Found, but with IoU 0.5: both missed and gained.
        ("AAAA", "BB..", {"missed_detections": 1, "gained_detections": 1}),
        ("AAAABBBB", "CCCCCCCC", {"merge": 1, "missed_det_from_merge": 1}),
        ("AAAAAAAA", "CCCCDDDD", {"split": 1, "gained_det_from_split": 1}),
        # With one good part, what is left of a split is a gained cell.
        ("AAAAAAAA", "CCCCCCDD", {"correct_detections": 1, "gained_detections": 1}),
        (
            "AAAAAABBBBBB", "CCCDDDDDDDD.",
            {"catastrophe": 1, "true_det_in_catastrophe": 2, "pred_det_in_catastrophe": 2},
        ),
        # Inside by more than half links, however small the IoU.
        ("AAAAAAAAAAAAAAAAAAAA", "B...........CCCCCCCC",
         {"split": 1, "gained_det_from_split": 1}),
    ],
)  # fmt: skip
def test_deepcell_classifies_groups_of_what_is_not_correct(
    reference: str, predicted: str, counts: dict[str, int]
) -> None:
    found = terms("deepcell", reference, predicted)
    assert {term: n for term, n in found.items() if n} == counts


@pytest.mark.parametrize(
    ("reference", "predicted", "counts"),
    [
        ("AAAA", "AAAA", (0, 0, 0, 0, 1)),
        ("AAAABBBB", "CCCCCCCC", (1, 0, 0, 5, 0.75)),
        ("AAAAAAAA", "CCCCDDDD", (0, 1, 2, 12, 0)),  # half is not more than half
        ("AAAABBBB", "CCC.....", (0, 1, 0, 10, 0.5)),
        ("AAAA....", "AAAADDDD", (0, 0, 1, 1, 0.9)),
    ],
)
def test_the_tracking_challenge_weighs_splits_missed_and_extra_cells(
    reference: str, predicted: str, counts: tuple[float, ...]
) -> None:
    found = tuple(terms("Cell Tracking Challenge", reference, predicted).values())
    assert found == pytest.approx(counts)


def test_without_reference_cells_det_is_undefined() -> None:
    assert math.isnan(terms("Cell Tracking Challenge", "....", "AA..")["DET"])


def test_volumes_have_terms_too() -> None:
    volume = np.zeros((3, 4, 5), int)
    volume[:2, :2, :2] = 1
    overlap = label_overlap(volume, volume)
    assert {term.value for term in error_terms(overlap) if term.term in ("NS", "FN", "FP")} == {0}
    assert seg_ctc(overlap) == 1
