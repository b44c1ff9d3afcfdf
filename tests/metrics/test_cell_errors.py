"""What became of every cell: each rule by its drawing, the laws by many small images."""

import math
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scripts.make_error_pictures import CASES, FOLDER, Case, picture
from workbench.datasets import open_dataset, read_reference
from workbench.metrics import (
    CellErrors,
    Ignored,
    Overlap,
    error_counts,
    ignored_cells,
    label_errors,
    label_overlap,
    match_overlap,
    score_convention,
)
from workbench.schema import ERROR_TYPES, OUTCOMES, LabelImage
from workbench.transforms import INJECTED_KINDS, inject_errors

label_images = arrays(np.int64, (7, 8), elements=st.integers(0, 5), fill=st.nothing())
rectangles = st.lists(st.tuples(*[st.integers(0, 11)] * 4), max_size=6)
EMPTY = np.zeros((4, 4), int)
ONE = np.pad(np.ones((2, 2), int), 1)


def drawn(boxes: list[tuple[int, int, int, int]]) -> LabelImage:
    """Return cells that are rectangles, the later over the earlier: more like cells than noise."""
    labels = np.zeros((12, 12), np.int64)
    for cell, (top, left, bottom, right) in enumerate(boxes, start=3):
        labels[min(top, bottom) : max(top, bottom) + 1, min(left, right) : max(left, right) + 1] = (
            cell
        )
    return labels


cells = rectangles.map(drawn)


def labelled(
    reference: LabelImage, predicted: LabelImage, **options: float
) -> tuple[dict[int, tuple[str, str, int]], dict[int, tuple[str, str, int]]]:
    overlap = label_overlap(reference, predicted)
    errors = label_errors(overlap, **options)
    sides = (
        (overlap.reference_ids, errors.reference),
        (overlap.predicted_ids, errors.predicted),
    )
    first, second = (
        {
            int(cell): (outcome, detail, int(event))
            for cell, outcome, detail, event in zip(
                ids, side.outcomes, side.details, side.event, strict=True
            )
        }
        for ids, side in sides
    )
    return first, second


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_drawing_is_told_as_its_picture_says(case: Case) -> None:
    assert case.told() == (dict(case.reference), dict(case.predicted))
    assert case.label().n_events == case.n_events


def test_the_drawings_show_every_outcome_and_every_detail() -> None:
    told = {what for case in CASES for side in case.told() for what in side.values()}
    assert {what.split()[0] for what in told} == set(OUTCOMES)
    assert {what.split()[1] for what in told if " " in what} == {
        "shrunk", "grown", "shifted", "ragged", "near_miss", "clean", "background", "sliver",
        "fragment", "shattered", "swallowed", "fused",
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_pictures_in_the_documentation_are_of_these_cases(case: Case) -> None:
    assert (FOLDER / f"{case.name}.svg").read_text(encoding="utf-8") == picture(case), (
        "draw them again: python scripts/make_error_pictures.py"
    )


def test_every_picture_is_shown_and_belongs_to_a_case() -> None:
    page = (FOLDER.parents[1] / "errors.md").read_text(encoding="utf-8")
    there = {path.name for path in FOLDER.iterdir()}
    assert there == {f"{case.name}.svg" for case in CASES}
    assert all(f"pictures/errors/{name}" in page for name in there)


def test_parts_of_a_split_and_their_cell_share_an_event() -> None:
    case = next(case for case in CASES if case.name == "split-fragment")
    errors = case.label()
    assert errors.reference.event.tolist() == [1]
    assert errors.predicted.event.tolist() == [1, 1]


def test_a_matched_cell_in_no_error_has_event_0() -> None:
    reference, predicted = labelled(ONE, ONE)
    assert reference[1] == predicted[1] == ("matched", "", 0)


@pytest.mark.parametrize(
    ("reference", "predicted", "told"),
    [(EMPTY, EMPTY, [0, 0, 0]), (ONE, EMPTY, [1, 1, 0]), (EMPTY, ONE, [1, 0, 1])],
)
def test_empty_sides_have_only_missed_or_spurious_cells(
    reference: LabelImage, predicted: LabelImage, told: list[int]
) -> None:
    errors = label_errors(label_overlap(reference, predicted))
    counts = error_counts(label_overlap(reference, predicted), iou_thresholds=[0.5])
    missed, spurious = counts["reference_cells"][1], counts["predicted_cells"][2]
    assert [errors.n_events, missed, spurious] == told
    assert errors.tp == 0


def test_volumes_are_refused_by_name() -> None:
    volume = np.zeros((2, 3, 4), int)
    with pytest.raises(ValueError, match="two-dimensional label images, got 3"):
        label_errors(label_overlap(volume, volume))


def test_cells_with_exactly_half_in_the_mask_are_judged() -> None:
    labels = np.array([[4, 4, 9, 9]])
    mask = np.array([[True, False, True, True]])
    left_out = ignored_cells(labels, labels, label_overlap(labels, labels), mask)
    assert left_out.reference.tolist() == left_out.predicted.tolist() == [False, True]
    with pytest.raises(ValueError, match=r"shape of the labels, \(1, 4\), got \(4, 1\)"):
        ignored_cells(labels, labels, label_overlap(labels, labels), mask.T)


def test_an_ignored_cell_takes_no_partner_from_others() -> None:
    """Matched to the ignored one, the second predicted cell would be a fragment."""
    reference = np.array([[1, 1, 1, 1]])
    predicted = np.array([[5, 5, 6, 6]])
    overlap = label_overlap(reference, predicted)
    errors = label_errors(overlap, ignored=Ignored(np.array([False]), np.array([True, False])))
    assert errors.predicted.outcomes.tolist() == ["ignored", "matched"]
    assert (errors.n_reference, errors.n_predicted, errors.tp, errors.n_events) == (1, 1, 1, 0)


@settings(max_examples=1000)
@given(st.one_of(label_images, cells), st.data())
def test_no_labels_break_an_invariant(reference: LabelImage, data: st.DataObject) -> None:
    predicted = data.draw(label_images if reference.shape == (7, 8) else cells)
    threshold = data.draw(st.sampled_from([0.2, 0.5, 0.75, 1.0]))
    border = data.draw(st.sampled_from(["keep", "match_aware"]))
    overlap = label_overlap(reference, predicted)
    errors = label_errors(overlap, iou_threshold=threshold, border=border)
    check_invariants(overlap, errors)
    counts = {
        name: values.tolist()
        for name, values in error_counts(overlap, iou_thresholds=[threshold], border=border).items()
    }
    assert counts["error"] == list(ERROR_TYPES)
    assert errors.tp + sum(counts["reference_cells"]) == errors.n_reference
    assert errors.tp + sum(counts["predicted_cells"]) == errors.n_predicted
    assert sum(counts["n_events"]) == errors.n_events
    # Everything put right, nothing is wrong.
    fixed = errors.tp + sum(counts["added_matches"])
    n_cells = errors.n_reference + errors.n_predicted + sum(counts["added_predicted"])
    assert 2 * fixed == n_cells
    if border == "keep":
        assert errors.tp == match_overlap(overlap, iou_threshold=threshold).tp


def check_invariants(overlap: Overlap, errors: CellErrors) -> None:
    sides = errors.reference, errors.predicted
    for side, ids in zip(sides, (overlap.reference_ids, overlap.predicted_ids), strict=True):
        assert len(side.outcomes) == len(ids)
        in_error = np.isin(side.outcomes, ERROR_TYPES)
        assert (side.event[in_error] > 0).all()
        assert (side.event[side.outcomes == "ignored"] == 0).all()
    assert "spurious" not in errors.reference.outcomes
    assert "missed" not in errors.predicted.outcomes
    numbers = np.concatenate([side.event for side in sides])
    assert set(numbers.tolist()) - {0} == set(range(1, errors.n_events + 1))
    for number in range(1, errors.n_events + 1):
        wrong = [
            outcome
            for side in sides
            for outcome in side.outcomes[side.event == number]
            if outcome != "matched"
        ]
        assert len(set(wrong)) == 1, "the unmatched cells of an event are of one type"
    for one, two in enumerate(errors.reference.partner.tolist()):
        assert two < 0 or errors.predicted.partner[two] == one


@settings(max_examples=300)
@given(cells, cells)
def test_the_rules_followed_by_hand_say_the_same(
    reference: LabelImage, predicted: LabelImage
) -> None:
    """Sets and dictionaries instead of arrays, link by link as the definition is written."""
    first, second = labelled(reference, predicted)
    expected = by_hand(reference, predicted)
    assert {(0, cell): told[0] for cell, told in first.items()} | {
        (1, cell): told[0] for cell, told in second.items()
    } == expected


def by_hand(reference: LabelImage, predicted: LabelImage) -> Mapping[tuple[int, int], str]:
    pixels = {
        (side, int(cell)): set(zip(*np.nonzero(labels == cell), strict=True))
        for side, labels in ((0, reference), (1, predicted))
        for cell in np.unique(labels[labels > 0])
    }
    ours, theirs = ([cell for cell in pixels if cell[0] == side] for side in (0, 1))
    iou = {
        pair: len(pixels[pair[0]] & pixels[pair[1]]) / len(pixels[pair[0]] | pixels[pair[1]])
        for pair in product(ours, theirs)
    }
    pairs = match_overlap(label_overlap(reference, predicted)).pairs
    matched = {((0, one), (1, two)) for one, two, _ in pairs}
    groups = [{cell} for cell in pixels]
    for one, two in iou:
        shared = len(pixels[one] & pixels[two])
        whole, part = len(pixels[one]), len(pixels[two])
        if (
            (one, two) in matched
            or shared > whole / 2
            or (shared > part / 2 and shared >= whole / 20)
        ):
            joined = [group for group in groups if one in group or two in group]
            groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    told: dict[tuple[int, int], str] = {}
    for group in groups:
        g, p = (sum(cell[0] == side for cell in group) for side in (0, 1))
        name = {(1, 0): "missed", (0, 1): "spurious", (1, 1): "boundary"}.get((g, p)) or (
            "split" if g == 1 else "merge" if p == 1 else "catastrophe"
        )
        told |= dict.fromkeys(group, name)
    told |= dict.fromkeys([cell for pair in matched for cell in pair], "matched")
    for (one, two), value in iou.items():
        best_of_one = max(theirs, key=lambda other: (iou[one, other], -other[1]))
        best_of_two = max(ours, key=lambda other: (iou[other, two], -other[1]))
        is_mutual = best_of_one == two and best_of_two == one and value >= 0.1
        if is_mutual and (told[one], told[two]) == ("missed", "spurious"):
            told |= {one: "boundary", two: "boundary"}
    return told


@given(cells, cells, st.permutations(range(3, 10)))
def test_numbers_of_cells_do_not_matter(
    reference: LabelImage, predicted: LabelImage, numbers: list[int]
) -> None:
    new = np.array([0, 0, 0, *(70_000 * number for number in numbers)])
    overlap = label_overlap(reference, predicted)
    if len(np.unique(overlap.iou)) < len(overlap.iou):
        return  # of equal partners the lowest number wins
    before, after = labelled(reference, predicted), labelled(reference, new[predicted])
    assert [told[:2] for told in before[0].values()] == [told[:2] for told in after[0].values()]
    renumbered = {int(new[cell]): told[:2] for cell, told in before[1].items()}
    assert renumbered == {cell: told[:2] for cell, told in after[1].items()}


@given(cells, cells)
def test_with_sides_exchanged_missed_is_spurious_and_a_split_a_merge(
    reference: LabelImage, predicted: LabelImage
) -> None:
    overlap = label_overlap(reference, predicted)
    if len(np.unique(overlap.iou)) < len(overlap.iou):
        return
    there = labelled(reference, predicted, frag=0.0)
    back = labelled(predicted, reference, frag=0.0)
    exchanged = {"missed": "spurious", "spurious": "missed", "split": "merge", "merge": "split"}
    for side in (0, 1):
        assert {cell: exchanged.get(told[0], told[0]) for cell, told in there[side].items()} == {
            cell: told[0] for cell, told in back[1 - side].items()
        }


@given(cells, cells, st.sampled_from([0.3, 0.5, 0.8]))
def test_the_border_rule_counts_as_the_scores_do(
    reference: LabelImage, predicted: LabelImage, threshold: float
) -> None:
    errors = label_errors(
        label_overlap(reference, predicted), iou_threshold=threshold, border="match_aware"
    )
    f1 = score_convention(
        reference, predicted, iou_thresholds=[threshold], border="match_aware"
    )[0]  # fmt: skip
    fp, fn = errors.n_predicted - errors.tp, errors.n_reference - errors.tp
    assert (f1.tp, f1.fp, f1.fn) == (errors.tp, fp, fn)


def test_with_a_higher_threshold_boundary_errors_replace_matches_and_nothing_else_changes() -> None:
    reference, predicted = np.zeros((2, 30, 30), int)
    reference[2:12, 2:12], predicted[2:12, 4:12] = 1, 1  # IoU 0.8
    reference[15:25, 2:12] = 2
    counts = error_counts(label_overlap(reference, predicted), iou_thresholds=[0.5, 0.9])
    per_threshold = counts["n_events"].reshape(2, len(ERROR_TYPES)).tolist()
    assert per_threshold == [[0, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0]]


ERROR_OF_KIND = {
    "shrunk": "boundary shrunk", "grown": "boundary grown", "shifted": "boundary shifted",
    "missed": "missed clean", "spurious": "spurious background",
    "split": "split fragment", "merge": "merge swallowed", "catastrophe": "catastrophe",
}  # fmt: skip


@pytest.mark.parametrize("dataset", ["dsb2018", "usiigaci_phase", "axon_sem"])
@pytest.mark.parametrize(
    "kinds", [*[[kind] for kind in INJECTED_KINDS], list(INJECTED_KINDS)], ids="+".join
)
def test_errors_put_into_real_labels_are_found_again(
    dataset: str, kinds: list[str], real_data: Path
) -> None:
    records = open_dataset(real_data / dataset).records
    n_found = 0
    for place in (0, len(records) // 2, len(records) - 1):
        labels = read_reference(records[place])[:600, :600]
        counts = dict.fromkeys(kinds, 3)
        wrong, injected = inject_errors(labels, counts, rng=np.random.default_rng(place))
        overlap = label_overlap(labels, wrong)
        errors = label_errors(overlap)
        check_invariants(overlap, errors)
        assert errors.n_events == len(injected)
        reference, predicted = labelled(labels, wrong)
        for error in injected:
            told = [reference[cell] for cell in error.reference_ids]
            told += [predicted[cell] for cell in error.predicted_ids]
            assert len({number for _, _, number in told}) == 1
            names = {f"{outcome} {detail}".strip() for outcome, detail, _ in told}
            assert names - {"matched"} == {ERROR_OF_KIND[error.kind]}
        untouched = set(reference) - {cell for error in injected for cell in error.reference_ids}
        assert all(reference[cell] == ("matched", "", 0) for cell in untouched)
        n_found += len(injected)
    assert n_found >= 3 * len(kinds)


def test_the_two_experts_of_a_tissue_disagree_in_every_way_but_keep_the_sums(
    real_data: Path,
) -> None:
    import tifffile

    first, second = (
        tifffile.imread(next((real_data / "codex_tissue" / folder).glob("*.tif")))
        for folder in ("labels", "labels_expert2")
    )
    overlap = label_overlap(first, second)
    errors = label_errors(overlap)
    check_invariants(overlap, errors)
    f1 = 2 * errors.tp / (errors.n_reference + errors.n_predicted)
    assert math.isclose(f1, 0.36, abs_tol=0.01)
    counts = np.bincount(errors.reference.outcome, minlength=len(OUTCOMES))
    assert counts[0] + counts[1:7].sum() == 3431
