"""The field's conventions, against the code or the published rule that defines each."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile
from cellpose.metrics import average_precision
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_dilation
from scipy.optimize import linear_sum_assignment
from skimage.segmentation import relabel_sequential
from stardist.matching import matching, matching_dataset

from workbench.metrics import (
    CONVENTIONS,
    DEFAULT_IOU_THRESHOLDS,
    ConventionRow,
    Score,
    coco_matches,
    coco_scores,
    compare_conventions,
    dataset_score,
    image_scores,
    label_overlap,
    score_convention,
)
from workbench.schema import InputError

# The first example waits for the compiler.
calm = settings(deadline=None, max_examples=60)
label_images = arrays(np.int64, (7, 8), elements=st.integers(0, 5))
THRESHOLDS = (0.1, 0.3, *DEFAULT_IOU_THRESHOLDS, 1.0)
# Ours, and the attribute of StarDist's result.
STARDIST_NAMES = {
    "f1": "f1",
    "precision": "precision",
    "recall": "recall",
    "average_precision_dsb": "accuracy",
    "panoptic_quality": "panoptic_quality",
    "segmentation_quality": "mean_matched_score",
    "mean_true_score": "mean_true_score",
}


def score(
    reference: np.ndarray,
    predicted: np.ndarray,
    metric: str,
    *,
    convention: str = "workbench",
    threshold: float = 0.5,
    border: str = "keep",
) -> Score:
    scores = score_convention(
        reference, predicted, convention=convention, iou_thresholds=[threshold], border=border
    )
    return next(s for s in scores if s.metric == metric)


def row(
    reference: np.ndarray, predicted: np.ndarray, convention: str, measure: str, **options: float
) -> ConventionRow:
    rows = compare_conventions(reference, predicted, **options)
    return next(r for r in rows if (r.convention, r.measure) == (convention, measure))


def perturbed(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return labels as a fair model would predict them: moved, grown, dropped, renumbered."""
    moved = np.roll(labels, tuple(rng.integers(-1, 2, 2)), axis=(0, 1))
    found = np.zeros_like(moved)
    for cell in rng.permutation(np.unique(moved)[1:]):
        if rng.random() < 0.9:
            mask = moved == cell
            found[binary_dilation(mask) if rng.random() < 0.3 else mask] = cell
    return found


def real_pairs(real_data: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return nuclei with made-up predictions, and a crop of tissue with those of 11 methods."""
    rng = np.random.default_rng(0)
    nuclei = [
        tifffile.imread(path)
        for path in sorted((real_data / "dsb2018" / "labels").iterdir())[:40:4]
    ]
    pairs = [(labels, perturbed(labels, rng)) for labels in nuclei]
    tissue = real_data / "codex_tissue"
    (expert,) = (tissue / "labels").iterdir()
    crop = np.s_[200:600, 300:800]
    return pairs + [
        (tifffile.imread(expert)[crop], tifffile.imread(method / expert.name)[crop])
        for method in sorted((tissue / "predictions").iterdir())
    ]


# --- StarDist -------------------------------------------------------------------------------------


def assert_as_stardist(reference: np.ndarray, predicted: np.ndarray) -> None:
    ours = score_convention(reference, predicted, convention="stardist", iou_thresholds=THRESHOLDS)
    theirs = {m.thresh: m for m in matching(reference, predicted, thresh=THRESHOLDS)}
    assert {s.metric for s in ours} == set(STARDIST_NAMES)
    for s in ours:
        expected = theirs[s.threshold]
        assert (s.tp, s.fp, s.fn) == (expected.tp, expected.fp, expected.fn)
        assert s.value == getattr(expected, STARDIST_NAMES[s.metric])


@calm
@given(label_images, label_images)
def test_stardist_agrees_with_its_code_to_the_last_bit(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    assert_as_stardist(reference, predicted)


def test_stardist_agrees_with_its_code_on_real_images(real_data: Path) -> None:
    for reference, predicted in real_pairs(real_data):
        assert_as_stardist(reference, predicted)


def test_stardist_lets_a_pair_below_the_threshold_decide_between_rivals() -> None:
    # Reference 2 may take prediction 2, of IoU 3/6, or prediction 1, of 2/5. The lesser leaves
    # prediction 2 to reference 1: at IoU 1/4 that is no match, but it counts in the sum.
    reference = np.array([[1, 2, 2, 2, 2, 2]])
    predicted = np.array([[2, 2, 1, 2, 2, 1]])
    theirs = matching(reference, predicted, thresh=0.3)
    ours = score(reference, predicted, "segmentation_quality", convention="stardist", threshold=0.3)
    assert ours.value == theirs.mean_matched_score == np.float32(0.4)
    assert score(reference, predicted, "segmentation_quality", threshold=0.3).value == 0.5
    found = row(reference, predicted, "stardist", "segmentation_quality", iou_threshold=0.3)
    assert "pairs below the threshold have a say" in found.reason


@calm
@given(st.lists(st.tuples(label_images, label_images), min_size=1, max_size=4))
def test_stardist_pools_a_data_set_as_its_code_does(
    images: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    theirs = matching_dataset(*zip(*images, strict=True), thresh=0.3, show_progress=False)
    per_image = [
        score_convention(*pair, convention="stardist", iou_thresholds=[0.3]) for pair in images
    ]
    for s in dataset_score(per_image, convention="stardist"):
        assert (s.tp, s.fp, s.fn) == (theirs.tp, theirs.fp, theirs.fn)
        assert s.value == getattr(theirs, STARDIST_NAMES[s.metric])


# --- Cellpose -------------------------------------------------------------------------------------


def assert_as_cellpose(
    reference: np.ndarray, predicted: np.ndarray, thresholds: Sequence[float] = THRESHOLDS
) -> None:
    ours = score_convention(reference, predicted, convention="cellpose", iou_thresholds=thresholds)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        theirs = average_precision(reference, predicted, threshold=list(thresholds))
    expected = np.stack(theirs, axis=1)
    found = np.array([(s.value, s.tp, s.fp, s.fn) for s in ours], np.float64)
    np.testing.assert_array_equal(found, expected.astype(np.float64))


@calm
@given(label_images, label_images)
def test_cellpose_agrees_with_its_code_to_the_last_bit(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    assert_as_cellpose(reference, predicted)


@calm
@given(label_images, label_images, st.booleans(), st.booleans())
def test_cellpose_agrees_with_its_code_where_there_is_no_background(
    reference: np.ndarray, predicted: np.ndarray, fill_reference: bool, fill_predicted: bool
) -> None:
    assert_as_cellpose(
        np.maximum(reference, 1) if fill_reference else reference,
        np.maximum(predicted, 1) if fill_predicted else predicted,
    )


def test_cellpose_agrees_with_its_code_on_real_images(real_data: Path) -> None:
    for reference, predicted in real_pairs(real_data):
        assert_as_cellpose(reference, predicted, [0.5, 0.75])


def test_cellpose_averages_images_in_single_precision() -> None:
    rng = np.random.default_rng(0)
    reference = [rng.integers(0, 9, (12, 12)) for _ in range(30)]
    predicted = [np.where(rng.random((12, 12)) < 0.8, labels, 0) for labels in reference]
    theirs = average_precision(reference, predicted, threshold=[0.5, 0.75])[0].mean(axis=0)
    per_image = [
        score_convention(*pair, convention="cellpose", iou_thresholds=[0.5, 0.75])
        for pair in zip(reference, predicted, strict=True)
    ]
    assert [s.value for s in dataset_score(per_image, convention="cellpose")] == theirs.tolist()


# --- NeurIPS --------------------------------------------------------------------------------------


def neurips_by_the_book(
    reference: np.ndarray, predicted: np.ndarray, threshold: float
) -> tuple[float, ...]:
    """Score as JunMa11/NeurIPS-CellSeg, baseline/compute_metric.py does; written anew, slowly.

    Return F1, precision, recall, Dice, TP, FP and FN.
    """
    both = np.count_nonzero((reference > 0) & (predicted > 0))
    either = np.count_nonzero(reference) + np.count_nonzero(predicted)
    dice = 2 * both / either if either else 1.0
    shape = reference.shape
    if reference.size < 25_000_000:
        tiles = [(reference, predicted)]
    else:
        size = [math.ceil(length / 2000) * 2000 for length in shape]
        padded = [np.zeros(size, reference.dtype) for _ in range(2)]
        for canvas, labels in zip(padded, (reference, predicted), strict=True):
            canvas[: shape[0], : shape[1]] = labels
        tiles = [
            tuple(canvas[row : row + 2000, column : column + 2000] for canvas in padded)
            for row in range(0, size[0], 2000)
            for column in range(0, size[1], 2000)
        ]
    tp = fp = fn = n_reference = n_predicted = 0
    for tile in tiles:
        first, second = (relabel_sequential(without_frame(labels))[0] for labels in tile)
        n_reference += first.max()
        n_predicted += second.max()
        if second.max() == 0:
            continue
        hits = hits_by_assignment(first, second, threshold)
        tp, fp, fn = tp + hits, fp + second.max() - hits, fn + first.max() - hits
    precision = tp / n_predicted if tp else 0
    recall = tp / n_reference if tp else 0
    f1 = 2 * (precision * recall) / (precision + recall) if tp else 0
    return (*(np.round(v, 4) for v in (f1, precision, recall, dice)), tp, fp, fn)


def without_frame(labels: np.ndarray) -> np.ndarray:
    frame = np.ones(labels.shape, bool)
    frame[2 : labels.shape[0] - 2, 2 : labels.shape[1] - 2] = False
    touched = np.unique(labels * frame)[1:]
    return np.where(np.isin(labels, touched), 0, labels)


def hits_by_assignment(first: np.ndarray, second: np.ndarray, threshold: float) -> int:
    counts = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(counts, (first.ravel(), second.ravel()), 1)
    union = counts.sum(axis=0, keepdims=True) + counts.sum(axis=1, keepdims=True) - counts
    iou = counts[1:, 1:] / union[1:, 1:]
    if not iou.size:
        return 0
    pairs = linear_sum_assignment(-1.0 * (iou >= threshold) - iou / (2 * min(iou.shape)))
    return int((iou[pairs] >= threshold).sum())


def assert_as_neurips(
    reference: np.ndarray, predicted: np.ndarray, thresholds: Sequence[float] = THRESHOLDS
) -> None:
    scores = score_convention(
        reference, predicted, convention="neurips_cellseg", iou_thresholds=thresholds
    )
    dice = scores[-1]
    for place, threshold in enumerate(thresholds):
        f1, precision, recall = scores[3 * place : 3 * place + 3]
        ours = (f1.value, precision.value, recall.value, dice.value, f1.tp, f1.fp, f1.fn)
        assert ours == neurips_by_the_book(reference, predicted, threshold)


frames = arrays(
    np.int64, st.tuples(st.integers(3, 9), st.integers(3, 9)), elements=st.integers(0, 6)
)


@calm
@given(st.data())
def test_neurips_agrees_with_its_rule_to_the_last_bit(data: st.DataObject) -> None:
    reference = data.draw(frames)
    predicted = data.draw(arrays(np.int64, reference.shape, elements=st.integers(0, 6)))
    assert_as_neurips(reference, predicted)


@calm
@given(
    arrays(np.int64, (3, 4), elements=st.integers(0, 4)),
    st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2),
    st.sampled_from([0, 1]),
)
def test_neurips_agrees_with_its_rule_on_cells_near_the_frame(
    inner: np.ndarray, margins: tuple[tuple[int, int], ...], axis: int
) -> None:
    reference = np.pad(inner, margins)
    assert_as_neurips(reference, np.roll(reference, 1, axis=axis))


@calm
@given(arrays(np.int64, (3, 6), elements=st.integers(1, 3)))
def test_neurips_keeps_the_lowest_label_of_a_thin_image_without_background(
    labels: np.ndarray,
) -> None:
    assert_as_neurips(labels, labels)
    assert score(labels, labels, "f1", convention="neurips_cellseg").tp == 1


def test_neurips_agrees_with_its_rule_on_real_images(real_data: Path) -> None:
    for reference, predicted in real_pairs(real_data):
        assert_as_neurips(reference, predicted, [0.5, 0.8])


def test_neurips_cuts_large_images_into_tiles() -> None:
    reference = np.zeros((4100, 6100), np.uint16)
    predicted = np.zeros_like(reference)
    for cell, (row, column) in enumerate([(50, 50), (1990, 50), (3000, 3000), (4090, 6090)], 1):
        reference[row : row + 20, column : column + 20] = cell
        predicted[row + 2 : row + 20, column : column + 20] = cell
    predicted[3000:3020, 3000:3020] = 0  # its tile is without prediction: the miss isn't counted

    assert_as_neurips(reference, predicted, [0.5])
    f1 = score(reference, predicted, "f1", convention="neurips_cellseg")
    assert (f1.tp, f1.fp, f1.fn) == (2, 0, 0)  # the second cell lies across two tiles
    assert f1.value == 0.8  # and still the miss lowers recall


def test_neurips_writes_no_false_negatives_where_nothing_is_predicted() -> None:
    reference = np.pad(np.array([[1, 0, 2]]), 3)
    found = score(reference, np.zeros_like(reference), "f1", convention="neurips_cellseg")
    assert (found.value, found.tp, found.fp, found.fn) == (0, 0, 0, 0)


def test_neurips_reports_mean_and_median_of_rounded_values() -> None:
    per_image = [[Score("f1", 0.5, value)] for value in (0.1, 0.2, 0.9)]
    mean, median = dataset_score(per_image, convention="neurips_cellseg")
    assert (mean.metric, median.metric) == ("f1", "f1_median")
    assert (mean.value, median.value) == (np.mean([0.1, 0.2, 0.9]), 0.2)


# --- Data Science Bowl ----------------------------------------------------------------------------


def dsb_by_the_book(reference: np.ndarray, predicted: np.ndarray, threshold: float) -> float:
    """Score by the evaluation page and example metric of the competition, mask against mask."""
    hits = np.array(
        [
            [iou_of(reference == i, predicted == j) > threshold for j in cells(predicted)]
            for i in cells(reference)
        ]
    ).reshape(len(cells(reference)), len(cells(predicted)))
    tp = (hits.sum(axis=1) == 1).sum()
    fp = (hits.sum(axis=0) == 0).sum()
    fn = (hits.sum(axis=1) == 0).sum()
    return tp / (tp + fp + fn) if tp + fp + fn else math.nan


def cells(labels: np.ndarray) -> np.ndarray:
    return np.unique(labels[labels > 0])


def iou_of(first: np.ndarray, second: np.ndarray) -> float:
    return (first & second).sum() / (first | second).sum()


@calm
@given(label_images, label_images)
def test_the_data_science_bowl_agrees_with_its_rule(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    scores = score_convention(
        reference, predicted, convention="dsb2018", iou_thresholds=np.arange(0.3, 1.0, 0.05)
    )
    expected = [dsb_by_the_book(reference, predicted, s.threshold) for s in scores[:-1]]
    np.testing.assert_array_equal([s.value for s in scores[:-1]], expected)
    # The thresholds that the example metric writes, which differ in the last bits from ours.
    official = [dsb_by_the_book(reference, predicted, t) for t in np.arange(0.5, 1.0, 0.05)]
    np.testing.assert_array_equal(scores[-1].value, np.mean(official))


def test_an_iou_equal_to_the_threshold_does_not_count_in_the_data_science_bowl() -> None:
    reference, predicted = np.array([[1, 1, 0, 0]]), np.array([[1, 0, 0, 0]])
    assert score(reference, predicted, "average_precision_dsb").value == 1
    assert score(reference, predicted, "average_precision_dsb", convention="dsb2018").value == 0


# --- Cell Tracking Challenge ----------------------------------------------------------------------


def seg_by_the_book(reference: np.ndarray, predicted: np.ndarray) -> float:
    """Score as CellTrackingChallenge/java-ctcmetrics (SEG, TrackDataCache), mask against mask."""
    total = 0.0
    for i in cells(reference):
        for j in cells(predicted):
            shared = ((reference == i) & (predicted == j)).sum()
            if shared / (reference == i).sum() > 0.5:
                total += iou_of(reference == i, predicted == j)
    return total / len(cells(reference)) if len(cells(reference)) else math.nan


@calm
@given(label_images, label_images)
def test_seg_agrees_with_the_rule_of_the_cell_tracking_challenge(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    (seg,) = score_convention(reference, predicted, convention="ctc")
    np.testing.assert_array_equal(seg.value, seg_by_the_book(reference, predicted))


def test_seg_sums_from_cell_to_cell_as_its_code_does() -> None:
    rng = np.random.default_rng(0)
    reference = np.arange(1, 201).repeat(7).reshape(200, 7)
    predicted = np.where(rng.random(reference.shape) < 0.8, reference, 0)
    (seg,) = score_convention(reference, predicted, convention="ctc")
    assert seg.value == seg_by_the_book(reference, predicted)


def test_seg_agrees_with_its_rule_on_a_real_image(real_data: Path) -> None:
    reference, predicted = (labels[:120, :120] for labels in real_pairs(real_data)[-2])
    (seg,) = score_convention(reference, predicted, convention="ctc")
    assert seg.value == seg_by_the_book(reference, predicted)
    assert 0.1 < seg.value < 1


def test_a_predicted_cell_may_serve_two_reference_cells_in_seg() -> None:
    reference, predicted = np.array([[1, 1, 2, 2, 0, 3]]), np.array([[1, 1, 1, 1, 2, 0]])
    (seg,) = score_convention(reference, predicted, convention="ctc")
    assert (seg.value, seg.tp, seg.fp, seg.fn) == ((0.5 + 0.5 + 0) / 3, 2, 1, 1)


def test_seg_of_a_data_set_is_the_mean_over_all_reference_cells() -> None:
    one, three = np.array([[1, 0, 0]]), np.array([[1, 2, 3]])
    empty = np.zeros_like(one)
    pairs = [(one, one), (three, empty), (empty, one)]
    per_image = [score_convention(*pair, convention="ctc") for pair in pairs]
    (seg,) = dataset_score(per_image, convention="ctc")
    assert seg.value == 1 / 4


# --- COCO -----------------------------------------------------------------------------------------


@calm
@given(label_images, label_images)
def test_coco_scores_the_image_without_confidences(
    reference: np.ndarray, predicted: np.ndarray
) -> None:
    expected = coco_scores([coco_matches(label_overlap(reference, predicted))])
    found = score_convention(reference, predicted, convention="coco")
    np.testing.assert_array_equal(
        [s.value for s in found], [expected.ap, expected.ap50, expected.ap75]
    )
    assert [s.tp + s.fp for s in found[1:]] == [len(cells(predicted))] * 2
    assert [s.tp + s.fn for s in found[1:]] == [len(cells(reference))] * 2


def test_coco_has_no_data_set_score_from_values_of_images() -> None:
    with pytest.raises(InputError, match="give their matches to coco_scores"):
        dataset_score([], convention="coco")


# --- The default ----------------------------------------------------------------------------------


@calm
@given(label_images, label_images)
def test_the_default_is_image_scores(reference: np.ndarray, predicted: np.ndarray) -> None:
    overlap = label_overlap(reference, predicted)
    assert str(score_convention(reference, predicted)) == str(image_scores(overlap))


def test_images_where_a_score_is_undefined_stay_out_of_the_defaults_mean() -> None:
    cell, empty = np.array([[1]]), np.array([[0]])
    pairs = [(cell, cell), (cell, empty), (empty, empty)]
    per_image = [score_convention(*pair, iou_thresholds=[0.5]) for pair in pairs]
    means = {s.metric: s for s in dataset_score(per_image)}
    assert (means["f1"].value, means["f1"].tp, means["f1"].fn) == (0.5, 1, 1)
    assert means["precision"].value == 1


def test_a_border_cell_found_a_pixel_further_in_is_no_error() -> None:
    reference = np.zeros((8, 8), int)
    reference[0:4, 2:6] = 1
    for moved in (np.roll(reference, 1, axis=0), reference):
        for pair in ((reference, moved), (moved, reference)):
            f1 = score(*pair, "f1", border="match_aware")
            assert (f1.fp, f1.fn) == (0, 0)


def test_an_unmatched_cell_counts_unless_it_touches_the_border_itself() -> None:
    labels = np.zeros((6, 9), int)
    labels[0, 1] = 1
    labels[3, 4] = 2
    empty = np.zeros_like(labels)
    for pair, errors in (((labels, empty), (0, 1)), ((empty, labels), (1, 0))):
        f1 = score(*pair, "f1", border="match_aware")
        assert (f1.tp, f1.fp, f1.fn) == (0, *errors)


@pytest.mark.parametrize("edge", [(0, 2), (-1, 2), (2, 0), (2, -1)])
def test_every_edge_is_a_border(edge: tuple[int, int]) -> None:
    labels = np.zeros((5, 5), int)
    labels[edge] = 1
    assert math.isnan(score(labels, labels, "f1", border="match_aware").value)
    assert math.isnan(score(labels, labels, "aji", border="match_aware").value)


@calm
@given(label_images)
def test_an_image_against_itself_is_perfect_whatever_the_border(labels: np.ndarray) -> None:
    f1 = score(labels, labels, "f1", border="match_aware")
    assert (f1.fp, f1.fn) == (0, 0)
    assert f1.tp <= len(cells(labels))


@calm
@given(label_images, label_images, st.sampled_from(THRESHOLDS))
def test_the_border_rule_drops_errors_and_adds_none(
    reference: np.ndarray, predicted: np.ndarray, threshold: float
) -> None:
    kept = score(reference, predicted, "f1", threshold=threshold)
    left = score(reference, predicted, "f1", threshold=threshold, border="match_aware")
    assert left.tp <= kept.tp
    assert left.fp <= kept.fp
    assert left.fn <= kept.fn


@calm
@given(arrays(np.int64, (5, 6), elements=st.integers(0, 4)), st.data())
def test_images_without_border_cells_do_not_feel_the_border_rule(
    inner: np.ndarray, data: st.DataObject
) -> None:
    reference = np.pad(inner, 1)
    predicted = np.pad(data.draw(arrays(np.int64, (5, 6), elements=st.integers(0, 4))), 1)
    rule = score_convention(reference, predicted, border="match_aware")
    keep = score_convention(reference, predicted)
    assert [s.metric for s in rule] == [s.metric for s in keep]
    np.testing.assert_array_equal([s.value for s in rule], [s.value for s in keep])


def test_the_mean_over_thresholds_follows_the_border_rule_at_each() -> None:
    # Above IoU 0.5 the pair comes apart: its reference cell at the border is dropped, its predicted
    # one inside is spurious.
    reference = np.zeros((6, 5), int)
    reference[0:4, 1] = 1
    predicted = np.where(np.arange(6)[:, None] < 2, 0, reference)
    reference[2:4, 3] = predicted[2:4, 3] = 2
    scores = score_convention(reference, predicted, border="match_aware")
    dsb = [s.value for s in scores if s.metric == "average_precision_dsb"]
    (mean,) = (s.value for s in scores if s.metric == "mean_average_precision_dsb")
    assert dsb == [1.0] + [0.5] * 9
    assert mean == np.mean(dsb)


# --- What is refused ------------------------------------------------------------------------------


def test_an_unknown_convention_is_refused_with_the_list() -> None:
    with pytest.raises(InputError, match=r"'dsb'.*workbench, neurips_cellseg"):
        score_convention(np.eye(2, dtype=int), np.eye(2, dtype=int), convention="dsb")


def test_other_conventions_have_their_own_border_rule() -> None:
    with pytest.raises(InputError, match="convention='workbench'"):
        score_convention(
            np.eye(2, dtype=int), np.eye(2, dtype=int), convention="cellpose", border="match_aware"
        )


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_thresholds_outside_the_unit_interval_are_refused(convention: str) -> None:
    labels = np.eye(3, dtype=int)
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        score_convention(labels, labels, convention=convention, iou_thresholds=[0.0])


@pytest.mark.parametrize("options", [{"convention": "neurips_cellseg"}, {"border": "match_aware"}])
def test_border_rules_ask_for_a_plane(options: dict[str, str]) -> None:
    volume = np.ones((2, 2, 2), int)
    with pytest.raises(InputError, match="plane by plane"):
        score_convention(volume, volume, **options)


def test_images_scored_differently_have_no_common_score() -> None:
    images = [[Score("f1", 0.5, 1.0)], [Score("f1", 0.6, 1.0)]]
    with pytest.raises(ValueError, match="the same scores in the same order"):
        dataset_score(images)


# --- Why they differ ------------------------------------------------------------------------------


@pytest.fixture
def colony() -> tuple[np.ndarray, np.ndarray]:
    """Four cells: at the border in the reference alone, right, of IoU exactly 0.5, spurious."""
    reference, predicted = np.zeros((12, 16), int), np.zeros((12, 16), int)
    reference[1:5, 3:6] = 1
    predicted[2:5, 3:6] = 4
    reference[6:9, 3:6] = predicted[6:9, 3:6] = 2
    reference[4:8, 8:10] = 3
    predicted[4:6, 8:10] = 1
    predicted[4:6, 12:14] = 3
    return reference, predicted


def test_the_border_is_the_reason_at_neurips(colony: tuple[np.ndarray, np.ndarray]) -> None:
    found = row(*colony, "neurips_cellseg", "f1")
    assert (found.value, found.tp, found.fp, found.fn) == (0.6667, 2, 2, 0)
    assert found.difference == 0.6667 - 6 / 7
    assert "1 reference and 0 predicted cells reach the 2 px at the border" in found.reason
    assert "1 cell lost its partner" in found.reason
    assert "Rounded to 4 decimals, from 0.666667" in found.reason


def test_equality_is_the_reason_in_the_data_science_bowl(
    colony: tuple[np.ndarray, np.ndarray],
) -> None:
    found = row(*colony, "dsb2018", "average_precision_dsb")
    assert (found.value, found.difference) == (2 / 5, 2 / 5 - 3 / 4)
    assert "1 matched pair has an IoU of exactly 0.5" in found.reason


def test_the_mean_over_thresholds_names_equality_at_any_of_them(
    colony: tuple[np.ndarray, np.ndarray],
) -> None:
    found = row(*colony, "dsb2018", "mean_average_precision_dsb")
    assert "2 matched pairs have an IoU of exactly a threshold" in found.reason  # 0.5 and 0.75


def test_single_precision_is_the_reason_at_stardist_and_cellpose(
    colony: tuple[np.ndarray, np.ndarray],
) -> None:
    reference, predicted = colony
    predicted = np.where(np.isin(predicted, [1, 3]), 0, predicted)
    found = row(reference, predicted, "cellpose", "average_precision_dsb")
    assert found.value == np.float32(2 / 3)
    assert "single precision" in found.reason
    reference[7:9, 3] = 0
    found = row(reference, predicted, "stardist", "panoptic_quality")
    assert 0 < abs(found.difference) < 1e-6
    assert "single precision" in found.reason


def test_where_values_agree_the_reason_says_when_they_would_not(
    colony: tuple[np.ndarray, np.ndarray],
) -> None:
    found = row(*colony, "stardist", "f1")
    assert found.difference == 0
    assert found.reason.startswith("Same as the default here; it differs when nothing matches")


def test_seg_and_coco_are_explained_by_what_they_count(
    colony: tuple[np.ndarray, np.ndarray],
) -> None:
    seg = row(*colony, "ctc", "seg_ctc")
    # Of the third cell exactly half is covered, which is not more than half.
    assert (
        "0 reference cells without a match at IoU 0.5 earn their IoU, 1 with one earn 0"
        in seg.reason
    )
    assert "1 spurious cell cost nothing" in seg.reason
    coco = row(*colony, "coco", "average_precision_coco_50")
    assert coco.compared_with == "average_precision_dsb"
    assert "ranked otherwise they would score from 0.750 to 1.000" in coco.reason


def test_an_empty_prediction_has_its_reasons() -> None:
    reference = np.pad(np.array([[1, 0, 2]]), 3)
    empty = np.zeros_like(reference)
    neurips = row(reference, empty, "neurips_cellseg", "f1")
    assert neurips.reason.startswith("Same value, other counts.")
    assert "false negatives are written as 0, not 2" in neurips.reason
    assert "written as 0" in row(reference, empty, "stardist", "precision").reason
    both = row(empty, empty, "neurips_cellseg", "dice")
    assert (both.value, both.reason) == (1, "Two images without foreground have a Dice of 1.")
    undefined = row(empty, empty, "workbench", "f1")
    assert "undefined" in undefined.reason


def test_a_side_without_background_is_a_reason_at_cellpose() -> None:
    labels = np.array([[1, 1, 2, 2]])
    found = row(labels, labels, "cellpose", "average_precision_dsb")
    assert (found.value, found.tp, found.fp, found.fn) == (math.inf, 2, -1, -1)
    assert found.reason.startswith("Reference and prediction have no background pixel")


def test_below_one_half_the_data_science_bowl_assigns_nobody() -> None:
    reference, predicted = np.array([[1, 1, 1, 1]]), np.array([[1, 1, 2, 2]])
    found = row(reference, predicted, "dsb2018", "average_precision_dsb", iou_threshold=0.4)
    assert (found.tp, found.fp, found.fn) == (0, 0, 0)
    assert "1 cell with several partners" in found.reason


@calm
@given(label_images, label_images, st.sampled_from([0.3, 0.5, 0.7]))
def test_every_difference_has_a_reason_and_every_value_is_the_conventions(
    reference: np.ndarray, predicted: np.ndarray, threshold: float
) -> None:
    rows = compare_conventions(reference, predicted, iou_threshold=threshold)
    assert {r.convention for r in rows} == set(CONVENTIONS)
    for r in rows:
        assert r.reason
        of_convention = score_convention(
            reference, predicted, convention=r.convention, iou_thresholds=[threshold]
        )
        value = next(s.value for s in of_convention if s.metric == r.measure)
        assert r.value == value or (math.isnan(r.value) and math.isnan(value))
        is_same = r.difference == 0 or (math.isnan(r.value) and r.compared_with == r.measure)
        assert is_same or not r.reason.startswith("Same value")
