"""Scoring one pair of label images: ours against the straight double loop and against scikit-image.

All three compute F1 at ten IoU thresholds on the same pairs, in turn, in this one run; what counts
is the ratio. Ours also makes the per-cell table.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
from skimage.measure import regionprops

from workbench.datasets import SyntheticConfig, synthetic_samples
from workbench.metrics import (
    DEFAULT_IOU_THRESHOLDS,
    cell_records,
    image_scores,
    label_overlap,
)

REPEATS = 5
PATIENCE_MS = 5000


def double_loop(reference: np.ndarray, predicted: np.ndarray) -> list[float]:
    """Return F1 per threshold from the IoU of every pair of masks, as published scripts do."""
    references = [reference == label for label in np.unique(reference) if label]
    predictions = [predicted == label for label in np.unique(predicted) if label]
    iou = np.array([[(a & b).sum() / (a | b).sum() for b in predictions] for a in references])
    return [_f1(int((iou >= t).sum()), *iou.shape) for t in DEFAULT_IOU_THRESHOLDS]


def region_loop(reference: np.ndarray, predicted: np.ndarray) -> list[float]:
    """Return F1 per threshold, looking for partners within each cell's bounding box only."""
    areas = np.bincount(predicted.ravel())
    ious = []
    for region in regionprops(reference):
        inside = predicted[region.slice][region.image]
        for label, shared in zip(*np.unique(inside[inside > 0], return_counts=True), strict=True):
            ious.append(shared / (region.area + areas[label] - shared))
    counts = len(np.unique(reference)) - 1, len(np.unique(predicted)) - 1
    return [_f1(int((np.array(ious) >= t).sum()), *counts) for t in DEFAULT_IOU_THRESHOLDS]


def ours(reference: np.ndarray, predicted: np.ndarray) -> list[float]:
    """Return F1 per threshold from the overlap table; the per-cell table is made as well."""
    overlap = label_overlap(reference, predicted)
    cell_records(reference, predicted, overlap)
    return [score.value for score in image_scores(overlap) if score.metric == "f1"]


def main() -> None:
    """Print times and ratios."""
    pairs = [_pair(size_px) for size_px in (256, 512)]
    for reference, predicted in pairs:
        n_cells = len(np.unique(reference)) - 1
        print(f"{reference.shape[0]} x {reference.shape[1]} px, {n_cells} cells")
        assert np.allclose(ours(reference, predicted), double_loop(reference, predicted))
        assert np.allclose(ours(reference, predicted), region_loop(reference, predicted))
        base = _time_ms(ours, reference, predicted)
        print(f"  {'ours, with per-cell table':28} {base:9.1f} ms")
        for name, peer in (("scikit-image regions", region_loop), ("double loop", double_loop)):
            took = _time_ms(peer, reference, predicted)
            print(f"  {name:28} {took:9.1f} ms   {took / base:7.1f} times ours")


def _pair(size_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of a dense image, and the same shifted by two pixels."""
    config = SyntheticConfig(n_images=12, size_px=size_px)
    samples = [s for s in synthetic_samples(config) if s.metadata["density"] == "dense"]
    reference = max((s.reference for s in samples if s.reference is not None), key=np.max)
    return reference.astype(np.int32), np.roll(reference, (2, 0), axis=(0, 1)).astype(np.int32)


def _f1(tp: int, n_reference: int, n_predicted: int) -> float:
    return 2 * tp / (n_reference + n_predicted)


def _time_ms(score: Callable[[np.ndarray, np.ndarray], list[float]], *pair: np.ndarray) -> float:
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < PATIENCE_MS:
        started = time.perf_counter()
        score(*pair)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


if __name__ == "__main__":
    main()
