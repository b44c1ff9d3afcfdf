"""COCO scores."""

import contextlib
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from faster_coco_eval import COCO as FasterCOCO
from faster_coco_eval import COCOeval_faster
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from workbench.metrics import (
    DEFAULT_IOU_THRESHOLDS,
    CocoScores,
    coco_matches,
    coco_scores,
    label_overlap,
)

MAX_DETECTIONS = 100_000
IMPLEMENTATIONS = {
    "pycocotools": (COCO, COCOeval),
    "faster-coco-eval": (FasterCOCO, COCOeval_faster),
}
Case = tuple[np.ndarray, np.ndarray, dict[int, float] | None]

label_images = arrays(np.int64, (5, 7), elements=st.integers(0, 4))
# So small that many pairs of cells have the same IoU.
strips = arrays(np.int64, (2, 6), elements=st.integers(0, 4), fill=st.nothing())
# Few different values, so that many are equal.
confidences = st.fixed_dictionaries({i: st.sampled_from([0.1, 0.5, 0.9]) for i in range(1, 5)})
# Predictions that equal the reference in most pixels, so that IoU of all sizes occur.
pairs = st.builds(
    lambda reference, other, kept: (reference, np.where(kept, reference, other)),
    label_images,
    label_images,
    arrays(np.bool_, (5, 7), elements=st.sampled_from([True, True, True, False])),
)
cases = st.builds(lambda pair, confidence: (*pair, confidence), pairs, confidences)
implementations = pytest.mark.parametrize("implementation", IMPLEMENTATIONS)


def scores(*images: Case, iou_thresholds: Sequence[float] = DEFAULT_IOU_THRESHOLDS) -> CocoScores:
    return coco_scores(
        coco_matches(label_overlap(reference, predicted), confidence, iou_thresholds=iou_thresholds)
        for reference, predicted, confidence in images
    )


def cells(images: list[np.ndarray]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield image id, cell id and a COCO annotation of each cell."""
    number = 0
    for image_id, labels in enumerate(images, start=1):
        for cell_id in np.unique(labels[labels > 0]).tolist():
            number += 1  # An annotation with id 0 counts as unmatched in pycocotools.
            shape = rle.encode(np.asfortranarray(labels == cell_id, np.uint8))
            yield (
                image_id,
                cell_id,
                {
                    "id": number,
                    "image_id": image_id,
                    "category_id": 1,
                    "iscrowd": 0,
                    "segmentation": shape,
                    "area": float(rle.area(shape)),
                    "bbox": rle.toBbox(shape).tolist(),
                },
            )


def published(
    implementation: str, images: list[Case], iou_thresholds: Sequence[float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return AP and recall per threshold by a published implementation, its cap raised."""
    coco, evaluator = IMPLEMENTATIONS[implementation]
    sides = []
    for labels in ([case[0] for case in images], [case[1] for case in images]):
        side = coco()
        side.dataset = {
            "info": {},
            "images": [
                {"id": i, "height": image.shape[0], "width": image.shape[1]}
                for i, image in enumerate(labels, start=1)
            ],
            "categories": [{"id": 1, "name": "cell"}],
            "annotations": [
                annotation | {"score": (images[image_id - 1][2] or {}).get(cell_id, 1.0)}
                for image_id, cell_id, annotation in cells(labels)
            ],
        }
        sides.append(side)
    with contextlib.redirect_stdout(io.StringIO()):
        for side in sides:
            side.createIndex()
        evaluation = evaluator(*sides, iouType="segm")
        if iou_thresholds is not None:
            evaluation.params.iouThrs = np.array(iou_thresholds)
        evaluation.params.maxDets = [MAX_DETECTIONS]
        evaluation.params.areaRng = [[0, 1e10]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = np.asarray(evaluation.eval["precision"])[:, :, 0, 0, 0].mean(axis=1)
    return precision, np.asarray(evaluation.eval["recall"])[:, 0, 0, 0]


def assert_as_published(implementation: str, *images: Case) -> None:
    ours = scores(*images)
    ap, recall = published(implementation, list(images))
    if ours.n_reference:
        assert ours.ap_per_threshold == pytest.approx(ap, abs=1e-12)
        assert ours.ar_per_threshold == pytest.approx(recall, abs=1e-12)
        assert ours.ap == pytest.approx(ap.mean(), abs=1e-12)
        assert ours.afnr == pytest.approx(1 - recall.mean(), abs=1e-12)
    else:
        assert (set(ap), set(recall)) == ({-1}, {-1})
        assert math.isnan(ours.ap)


def nuclei(folder: Path, image_id: str, rng: np.random.Generator) -> Case:
    """Return a reference, nuclei found by threshold and watershed, and drawn confidences."""
    image = tifffile.imread(folder / "images" / f"{image_id}.tif")
    grey = np.atleast_3d(image).astype(float).mean(axis=2)
    foreground = grey > threshold_otsu(grey)
    distance = ndimage.distance_transform_edt(foreground)
    seeds, _ = ndimage.label(distance > 3)
    predicted = watershed(-distance, seeds, mask=foreground)
    reference = tifffile.imread(folder / "labels" / f"{image_id}.tif")
    return reference, predicted, drawn_confidences(predicted, rng)


def drawn_confidences(labels: np.ndarray, rng: np.random.Generator) -> dict[int, float]:
    """Return confidences in steps of 0.05, so that many are equal."""
    return {int(i): int(rng.integers(21)) / 20 for i in np.unique(labels)}


# Two reference cells; one detection hits the first, one hits nothing.
HIT_AND_INVENTION = (np.array([[1, 1, 0, 2, 0]]), np.array([[1, 1, 0, 0, 2]]))


def test_a_confident_hit_before_an_invention_is_precise_up_to_half_recall() -> None:
    found = scores((*HIT_AND_INVENTION, {1: 0.9, 2: 0.6}))
    # Precision is 1 at the 51 recall levels up to 0.5, and 0 at the other 50.
    assert found.ap == pytest.approx(51 / 101)
    assert (found.ar, found.afnr) == (0.5, 0.5)
    assert (found.n_images, found.n_reference, found.n_detections) == (1, 2, 2)
    assert found.tp_per_threshold == (1,) * 10


def test_a_confident_invention_before_a_hit_halves_the_precision() -> None:
    assert scores((*HIT_AND_INVENTION, {1: 0.6, 2: 0.9})).ap == pytest.approx(51 / 101 / 2)


def test_scores_at_one_threshold_are_those_of_this_threshold() -> None:
    reference = np.array([[1, 1, 1, 1, 1, 0]])
    predicted = np.array([[0, 0, 1, 1, 1, 0]])  # IoU 0.6
    found = scores((reference, predicted, None))
    assert found.ar_per_threshold == (1,) * 3 + (0,) * 7
    assert (found.ap50, found.ap75, found.ar50, found.ar75) == (1, 0, 1, 0)
    assert found.ap == pytest.approx(0.3)


def test_scores_at_thresholds_that_were_not_asked_for_are_undefined() -> None:
    overlap = label_overlap(np.array([[1]]), np.array([[1]]))
    found = coco_scores([coco_matches(overlap, iou_thresholds=[0.9])])
    assert (found.ap, found.ar) == (1, 1)
    assert all(math.isnan(value) for value in (found.ap50, found.ap75, found.ar50, found.ar75))


def test_the_most_confident_detection_takes_its_cell_though_more_pairs_were_possible() -> None:
    # As in test_matching: the optimal matching at IoU 0.2 has two pairs.
    reference = np.array([[1, 1, 1, 1, 2, 2, 0, 0]])
    predicted = np.array([[2, 1, 1, 1, 1, 1, 0, 0]])
    overlap = label_overlap(reference, predicted)

    matches = coco_matches(overlap, {1: 0.9, 2: 0.6}, iou_thresholds=[0.2])

    assert matches.confidences.tolist() == [0.9, 0.6]
    assert matches.matched.tolist() == [[True, False]]


def test_of_cells_equally_covered_the_last_is_taken() -> None:
    # Detection 1 covers a third of cell 1 and of cell 2; detection 2 overlaps cell 1 alone.
    reference = np.array([[1, 1, 2, 2]])
    predicted = np.array([[2, 1, 1, 0]])
    overlap = label_overlap(reference, predicted)
    assert coco_matches(overlap, iou_thresholds=[0.3]).matched.tolist() == [[True, True]]


def test_detections_of_equal_confidence_come_by_id() -> None:
    # The second detection is the hit.
    reference, predicted = np.array([[1, 1, 0]]), np.array([[7, 7, 3]])
    matches = coco_matches(label_overlap(reference, predicted), iou_thresholds=[0.5])
    assert matches.matched.tolist() == [[False, True]]


def test_detections_of_all_images_are_ranked_together() -> None:
    hit = (np.array([[1, 1, 0]]), np.array([[1, 1, 0]]))
    invention = (np.array([[0, 0, 0]]), np.array([[0, 0, 4]]))
    good = scores((*invention, {4: 0.2}), (*hit, {1: 0.8}))
    bad = scores((*invention, {4: 0.8}), (*hit, {1: 0.2}))
    assert (good.ap, bad.ap) == (1, 0.5)


def test_a_recall_of_7_in_10_does_not_reach_the_level_of_70_percent() -> None:
    # COCO's levels are floating-point numbers, of which this one lies a hair above 7/10.
    reference = np.arange(1, 11)[None]
    predicted = np.where(reference <= 7, reference, 0)
    assert scores((reference, predicted, None)).ap == pytest.approx(70 / 101)


def test_an_iou_of_one_but_for_a_hair_passes_the_threshold_one() -> None:
    cell = np.array([[1]])
    huge = replace(
        label_overlap(cell, cell),
        reference_areas=np.array([10**11]),
        predicted_areas=np.array([10**11]),
        intersection=np.array([10**11 - 1]),
    )
    assert coco_matches(huge, iou_thresholds=[1]).matched.all()


def test_without_reference_cells_nothing_is_defined() -> None:
    empty, labels = np.zeros((3, 3), int), np.eye(3, dtype=int)
    for found in (scores((empty, labels, None)), scores((empty, empty, None)), coco_scores([])):
        values = (found.ap, found.ap50, found.ap75, found.ar, found.ar50, found.ar75, found.afnr)
        assert all(math.isnan(value) for value in values)


def test_without_detections_everything_is_missed() -> None:
    found = scores((np.eye(3, dtype=int), np.zeros((3, 3), int), None))
    assert (found.ap, found.ar, found.afnr, found.n_detections) == (0, 0, 1, 0)


def test_a_detection_without_confidence_is_refused() -> None:
    overlap = label_overlap(np.array([[1, 2]]), np.array([[1, 5]]))
    with pytest.raises(ValueError, match="lack 1 of 2 predicted cells, the first with id 5"):
        coco_matches(overlap, {1: 0.5})
    with pytest.raises(ValueError, match="NaN for id 5"):
        coco_matches(overlap, {1: 0.5, 5: float("nan")})


@pytest.mark.parametrize("threshold", [0, -0.1, 1.01, float("nan")])
def test_thresholds_outside_the_unit_interval_are_refused(threshold: float) -> None:
    overlap = label_overlap(np.array([[1]]), np.array([[1]]))
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        coco_matches(overlap, iou_thresholds=[0.5, threshold])


def test_images_matched_at_different_thresholds_are_not_pooled() -> None:
    overlap = label_overlap(np.array([[1]]), np.array([[1]]))
    images = [coco_matches(overlap, iou_thresholds=[t]) for t in (0.5, 0.75)]
    with pytest.raises(ValueError, match="same iou_thresholds"):
        coco_scores(images)


def test_a_hundred_thousand_cells_are_matched_without_a_dense_table() -> None:
    # A dense table of IoU would need 80 GB.
    labels = np.arange(1, 100_001).reshape(250, 400)
    found = scores((labels, np.where(labels % 2, labels, 0), None))
    assert (found.n_reference, found.n_detections, found.ar) == (100_000, 50_000, 0.5)


@settings(deadline=None)
@given(label_images)
def test_an_image_against_itself_is_perfect(labels: np.ndarray) -> None:
    found = scores(
        (np.pad(labels, 1, constant_values=9), np.pad(labels, 1, constant_values=9), None)
    )
    assert (found.ap, found.ar, found.afnr) == (1, 1, 0)


@settings(deadline=None)
@given(cases)
def test_only_the_order_of_confidences_counts(case: Case) -> None:
    reference, predicted, confidence = case
    stretched = {cell_id: value**3 - 7 for cell_id, value in confidence.items()}
    assert repr(scores(case)) == repr(scores((reference, predicted, stretched)))


@settings(deadline=None)
@given(cases)
def test_a_less_confident_invention_changes_nothing(case: Case) -> None:
    reference, predicted, confidence = case
    reference = np.pad(reference, ((0, 1), (0, 0)))
    predicted = np.pad(predicted, ((0, 1), (0, 0)))
    invented = predicted.copy()
    invented[-1] = 5
    before = scores((reference, predicted, confidence))
    after = scores((reference, invented, {**confidence, 5: 0.0}))
    assert repr(after.ap_per_threshold) == repr(before.ap_per_threshold)
    assert after.n_detections == before.n_detections + 1


@settings(deadline=None)
@given(st.lists(cases, min_size=1, max_size=3))
def test_ap_lies_between_nothing_and_the_recall_and_falls_as_the_threshold_rises(
    images: list[Case],
) -> None:
    found = scores(*images)
    if found.n_reference:
        ap, recall = np.array(found.ap_per_threshold), np.array(found.ar_per_threshold)
        # Level 0 is always reached, hence the share of one level.
        assert (ap >= 0).all()
        assert (ap <= (100 * recall + 1) / 101 + 1e-12).all()
        assert (np.diff(recall) <= 0).all()


@implementations
@settings(max_examples=60, deadline=None)
@given(images=st.lists(cases, min_size=1, max_size=3))
def test_agrees_with_published_implementations_on_small_images(
    implementation: str, images: list[Case]
) -> None:
    assert_as_published(implementation, *images)


@implementations
@settings(max_examples=60, deadline=None)
@given(reference=strips, predicted=strips, confidence=confidences)
def test_agrees_with_published_implementations_where_cells_are_contested(
    implementation: str,
    reference: np.ndarray,
    predicted: np.ndarray,
    confidence: dict[int, float],
) -> None:
    image, iou_thresholds = (reference, predicted, confidence), (0.05, 0.1, 0.15, 0.2, 0.3)
    ours = scores(image, iou_thresholds=iou_thresholds)
    ap, recall = published(implementation, [image], iou_thresholds)
    if ours.n_reference:
        assert ours.ap_per_threshold == pytest.approx(ap, abs=1e-12)
        assert ours.ar_per_threshold == pytest.approx(recall, abs=1e-12)


@implementations
@settings(max_examples=30, deadline=None)
@given(pair=pairs)
def test_agrees_with_published_implementations_without_confidences(
    implementation: str, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    assert_as_published(implementation, (*pair, None))


@implementations
def test_agrees_with_published_implementations_on_nuclei(
    implementation: str, real_data: Path
) -> None:
    folder = real_data / "dsb2018"
    manifest = pd.read_csv(folder / "manifest.csv")
    test = manifest[(manifest["split"] == "test") & (manifest["modality"] == "fluorescence")]
    rng = np.random.default_rng(0)
    images = [nuclei(folder, image_id, rng) for image_id in test["image_id"].head(8)]

    assert_as_published(implementation, *images)
    for image in images:
        assert_as_published(implementation, image)
    assert 0.2 < scores(*images).ap < 0.9


@implementations
@pytest.mark.parametrize("method", ["Cellpose-0.6.1", "DeepCell-0.9.0_cytoplasm", "CellX"])
def test_agrees_with_published_implementations_on_dense_tissue(
    implementation: str, method: str, real_data: Path
) -> None:
    tile = "R001_X003_Y004.tif"
    folder = real_data / "codex_tissue"
    window = np.s_[:300, :300]
    reference = tifffile.imread(folder / "labels" / tile).squeeze()[window]
    predicted = tifffile.imread(folder / "predictions" / method / tile).squeeze()[window]
    drawn = drawn_confidences(predicted, np.random.default_rng(0))

    assert_as_published(implementation, (reference, predicted, drawn))
    assert_as_published(implementation, (reference, predicted, None))
    assert scores((reference, predicted, drawn)).n_reference > 100  # COCO's own cap
