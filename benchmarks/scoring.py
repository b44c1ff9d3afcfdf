"""Scoring one pair of label images in memory, against published implementations.

All compute on the same pairs in this one run, on one core; what counts is the ratio. The first
result of each peer must agree with ours on what both compute.
"""

import contextlib
import io
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from matplotlib.figure import Figure
from page import DOCS, machine, markdown_table, rounded, write_section
from pairs import N_CELLS, SIZE_PX, Labels, renumbered, synthetic_pair, tiled
from scipy.spatial.distance import directed_hausdorff

from workbench.metrics import (
    DEFAULT_IOU_THRESHOLDS,
    Overlap,
    Score,
    best_partner_hausdorff,
    cell_columns,
    coco_matches,
    coco_scores,
    distance_scores,
    image_scores,
    label_overlap,
)

REPOSITORY = Path(__file__).resolve().parents[1]
REAL_DATA = Path(os.environ.get("WORKBENCH_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
TISSUE = REAL_DATA / "codex_tissue"
TILE = "R001_X003_Y004.tif"
PICTURE = DOCS / "pictures" / "scoring_cost.png"
PATIENCE_S = 4.0
AT_MOST = 101
LOOP_CELLS = 80
GROWTH_CELLS = (100, 300, 1000, 3000, 10_000, 30_000, 100_000)
# Told apart under the common colour blindnesses, and by their markers.
BLUE, ORANGE = "#0072B2", "#D55E00"

OVERLAP = "ours: all overlap measures at ten thresholds, table of cells"
WITH_MHD = "ours: the same, and exact mHD"
EVERYTHING = "ours: the same, and boundary distances and COCO scores"
PACKAGES = (
    "numpy", "numba", "scipy", "stardist", "cellpose", "pycocotools", "faster-coco-eval",
    "panoptica",
)  # fmt: skip

HOW = f"""Milliseconds of processor time on one core, label images in memory, compilation not
counted; the median of as many calls as fit into {PATIENCE_S:g} s, one at least. stardist, cellpose
and panoptica must find the same number of matched cells, the COCO tools the same AP and recall at
each threshold, the double loop the same mDice, mIoU and mHD, or nothing is written.

They don't do the same work. Ours makes {{n_measures}} measures and a row per cell; stardist returns
its values at each threshold and cellpose TP/(TP+FP+FN) alone, both without a table of cells;
panoptica runs at one threshold, with IoU and Dice of each match; the COCO tools need masks, whose
encoding is a line of its own, and rank detections by confidence, which ours does in its last line.
Not compared: reading files, volumes, what matching finds below IoU 0.5."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two label images, int32, numbered from 1 without gaps."""

    reference: np.ndarray
    predicted: np.ndarray

    def part(self, n_cells: int) -> "Pair":
        """Return the same with some cells of either side, the others taken out."""
        rng = np.random.default_rng(0)
        sides = []
        for labels in (self.reference, self.predicted):
            kept = rng.permutation(labels.max())[:n_cells] + 1
            sides.append(np.where(np.isin(labels, kept), labels, 0))
        return Pair(*sides)

    def counts(self) -> tuple[int, int]:
        """Return the numbers of cells."""
        return len(np.unique(self.reference)) - 1, len(np.unique(self.predicted)) - 1


@dataclass(frozen=True, eq=False)
class Entry:
    """One line of a table: what is run, and what its result must be like."""

    name: str
    run: Callable[[], Any]
    check: Callable[[Any], None] = lambda _: None
    base: str = OVERLAP
    scale: float = 1.0
    needs: str = "numpy"


def main() -> None:
    """Write the tables and the picture of growth."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    reference, predicted = synthetic_pair()
    ours_entirely(Pair(reference[:64, :64].astype(np.int32), predicted[:64, :64].astype(np.int32)))
    pair = Pair(reference.astype(np.int32), predicted.astype(np.int32))
    n_measures = len({score.metric for score in image_scores(label_overlap(reference, predicted))})
    parts = [HOW.format(n_measures=n_measures), machine(*PACKAGES)]
    parts.append(_table("512 x 512 px, synthetic", pair, loop=pair))
    if (TISSUE / "labels" / TILE).is_file():
        tissue = tissue_pair()
        size = " x ".join(map(str, tissue.reference.shape))
        parts.append(
            _table(
                f"{size} px, CODEX tissue, expert against Cellpose 0.6.1",
                tissue,
                loop=tissue.part(LOOP_CELLS),
            )
        )
    else:
        parts.append(f"CODEX tissue: not measured, no files at {TISSUE} (set WORKBENCH_REAL_DATA).")
    write_section("One pair of label images", "\n\n".join(parts))
    write_section("Growth", growth(reference, predicted))


def tissue_pair() -> Pair:
    """Return an expert's labels of a tissue tile, and those of a model."""
    sides = [
        renumbered(tifffile.imread(TISSUE / folder / TILE).squeeze()).astype(np.int32)
        for folder in ("labels", "predictions/Cellpose-0.6.1")
    ]
    return Pair(*sides)


def ours(pair: Pair) -> tuple[Overlap, list[Score]]:
    """Compute all overlap measures and the table of cells."""
    overlap = label_overlap(pair.reference, pair.predicted)
    cell_columns(overlap)
    return overlap, image_scores(overlap)


def ours_with_mhd(pair: Pair) -> tuple[list[Score], float]:
    """Compute the same and mHD."""
    overlap, scores = ours(pair)
    return scores, float(best_partner_hausdorff(pair.reference, pair.predicted, overlap)[0].mean())


def ours_entirely(pair: Pair) -> None:
    """Compute all there is, mHD included."""
    overlap, _ = ours(pair)
    distance_scores(pair.reference, pair.predicted, overlap)
    coco_scores([coco_matches(overlap)])


def double_loop(pair: Pair, *, with_mhd: bool) -> list[float]:
    """Return mDice, mIoU and mHD from every pair of masks, as published scripts do."""
    references, predictions = (
        [labels == cell for cell in np.unique(labels) if cell]
        for labels in (pair.reference, pair.predicted)
    )
    points, other_points = (
        [np.argwhere(mask) for mask in masks] for masks in (references, predictions)
    )
    best = []
    for mask, pixels in zip(references, points, strict=True):
        dice = iou = 0.0
        distance = np.inf
        for other, other_pixels in zip(predictions, other_points, strict=True):
            shared = (mask & other).sum()
            dice = max(dice, 2 * shared / (mask.sum() + other.sum()))
            iou = max(iou, shared / (mask | other).sum())
            if with_mhd:
                there = directed_hausdorff(pixels, other_pixels)[0]
                back = directed_hausdorff(other_pixels, pixels)[0]
                distance = min(distance, max(there, back))
        best.append((dice, iou, distance))
    return np.mean(best, axis=0).tolist()[: 3 if with_mhd else 2]


def _entries(pair: Pair, loop: Pair) -> Iterator[Entry]:
    """Yield ours, then the peers; ``loop`` is what the double loop runs on."""
    overlap, scores = ours(pair)
    counts = [score.tp for score in scores if score.metric == "f1"]
    yield Entry(OVERLAP, lambda: ours(pair))
    yield Entry(WITH_MHD, lambda: ours_with_mhd(pair), base=WITH_MHD)
    yield Entry(EVERYTHING, lambda: ours_entirely(pair), base=EVERYTHING)
    yield from _matching_peers(pair, counts)
    yield from _coco_peers(pair, overlap)
    loop_scores, mhd = ours_with_mhd(loop)
    by_name = {score.metric: score.value for score in loop_scores}
    expected = [by_name["mdice"], by_name["miou"], mhd]
    n_pairs, n_measured = (np.prod(labels.counts()) for labels in (pair, loop))
    for with_mhd in (False, True):
        yield Entry(
            f"double loop over masks: mDice, mIoU{', mHD' if with_mhd else ''}",
            lambda with_mhd=with_mhd: double_loop(loop, with_mhd=with_mhd),
            lambda found: np.testing.assert_allclose(found, expected[: len(found)]),
            base=WITH_MHD if with_mhd else OVERLAP,
            scale=n_pairs / n_measured,
        )


def _matching_peers(pair: Pair, counts: list[int]) -> Iterator[Entry]:
    thresholds = list(DEFAULT_IOU_THRESHOLDS)

    def by_stardist() -> Any:
        from stardist.matching import matching

        return matching(pair.reference, pair.predicted, thresh=thresholds)

    def by_cellpose() -> Any:
        from cellpose.metrics import average_precision

        return average_precision(pair.reference, pair.predicted, threshold=thresholds)

    def by_panoptica() -> Any:
        from panoptica import InputType, NaiveThresholdMatching, Panoptica_Evaluator
        from panoptica.metrics import Metric

        evaluator = Panoptica_Evaluator(
            expected_input=InputType.UNMATCHED_INSTANCE,
            instance_matcher=NaiveThresholdMatching(
                matching_metric=Metric.IOU, matching_threshold=0.5
            ),
            instance_metrics=[Metric.DSC, Metric.IOU],
        )
        return evaluator.evaluate(pair.predicted, pair.reference, verbose=False)["ungrouped"]

    yield Entry(
        "stardist.matching at ten thresholds",
        by_stardist,
        lambda found: _same([single.tp for single in found], counts),
        needs="stardist",
    )
    yield Entry(
        "cellpose.metrics.average_precision at ten thresholds",
        by_cellpose,
        lambda found: _same(found[1].tolist(), counts),
        needs="cellpose",
    )
    yield Entry(
        "panoptica at one threshold",
        by_panoptica,
        lambda found: _same([found.tp], counts[:1]),
        needs="panoptica",
    )


def _coco_peers(pair: Pair, overlap: Overlap) -> Iterator[Entry]:
    if not find_spec("pycocotools"):
        yield Entry("pycocotools and faster-coco-eval", lambda: None, needs="pycocotools")
        return
    expected = coco_scores([coco_matches(overlap)])
    sides: list[Any] = []

    def encode() -> None:
        sides[:] = [_coco_cells(pair.reference), _coco_cells(pair.predicted)]

    def evaluate(package: str) -> Any:
        if package == "pycocotools":
            from pycocotools.coco import COCO
            from pycocotools.cocoeval import COCOeval
        else:
            from faster_coco_eval import COCO
            from faster_coco_eval import COCOeval_faster as COCOeval
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(*(_coco_side(COCO(), pair, cells) for cells in sides), "segm")
            evaluation.params.maxDets = [len(sides[1])]
            evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
            evaluation.evaluate()
            evaluation.accumulate()
        return evaluation.eval

    def check(found: Any) -> None:
        precision = np.asarray(found["precision"])[:, :, 0, 0, 0].mean(axis=1)
        recall = np.asarray(found["recall"])[:, 0, 0, 0]
        np.testing.assert_allclose(precision, expected.ap_per_threshold, atol=1e-12)
        np.testing.assert_allclose(recall, expected.ar_per_threshold, atol=1e-12)

    yield Entry("encoding of masks for the next two", encode)
    for package in ("pycocotools", "faster-coco-eval"):
        yield Entry(
            f"{package}, masks encoded",
            lambda package=package: evaluate(package),
            check,
            needs=package.replace("-", "_"),
        )


def _coco_cells(labels: np.ndarray) -> list[dict[str, Any]]:
    from pycocotools import mask

    cells = []
    for cell in range(1, int(labels.max()) + 1):
        shape = mask.encode(np.asfortranarray(labels == cell, np.uint8))
        cells.append(
            {
                "id": cell,
                "image_id": 1,
                "category_id": 1,
                "iscrowd": 0,
                "score": 1.0,
                "segmentation": shape,
                "area": float(mask.area(shape)),
                "bbox": mask.toBbox(shape).tolist(),
            }
        )
    return cells


def _coco_side(side: Any, pair: Pair, cells: list[dict[str, Any]]) -> Any:
    height, width = pair.reference.shape
    side.dataset = {
        "info": {},
        "images": [{"id": 1, "height": height, "width": width}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": cells,
    }
    side.createIndex()
    return side


def _same(found: list[Any], expected: list[Any]) -> None:
    assert [int(value) for value in found] == expected, (found, expected)


def _table(title: str, pair: Pair, *, loop: Pair) -> str:
    entries = list(_entries(pair, loop))
    times = {x.name: x.scale * median_ms(x.run, x.check) for x in entries if find_spec(x.needs)}
    rows = []
    for entry in entries:
        if entry.name not in times:
            rows.append([entry.name, "not installed", ""])
        elif entry.name == entry.base:
            rows.append([entry.name, rounded(times[entry.name]), ""])
        else:
            ratio = times[entry.name] / times[entry.base]
            rows.append([entry.name, rounded(times[entry.name]), rounded(ratio)])
    n_reference, n_predicted = pair.counts()
    caption = f"{title}: {n_reference:,} reference and {n_predicted:,} predicted cells."
    note = "The loop with mHD is compared with ours with mHD, all else with the first line."
    if loop is not pair:
        some, other = loop.counts()
        note += (
            f" Both loops were measured on {some} x {other} of the {n_reference:,} x "
            f"{n_predicted:,} pairs of cells, and scaled: whole, they would take hours."
        )
    return f"{caption}\n\n{markdown_table(['', 'ms', 'times ours'], rows)}\n\n{note}"


def median_ms(
    run: Callable[[], Any],
    check: Callable[[Any], None] = lambda _: None,
    *,
    patience_s: float = PATIENCE_S,
) -> float:
    """Return the median time of some calls; the first, which compiles, counts if it is alone.

    Processor time, so that other programs on the machine change little.
    """
    times: list[float] = []
    while len(times) <= AT_MOST and sum(times) < 1000 * patience_s:
        started = time.process_time()
        result = run()
        times.append(1000 * (time.process_time() - started))
        if len(times) == 1:
            check(result)
    return statistics.median(times[1:] or times)


def growth(reference: Labels, predicted: Labels) -> str:
    """Return the table of growth as text, and draw it."""
    measured = []
    for n_cells in GROWTH_CELLS:
        size_px = round(SIZE_PX * (n_cells / N_CELLS) ** 0.5)
        pair = Pair(tiled(reference, size_px), tiled(predicted, size_px))
        overlap = label_overlap(pair.reference, pair.predicted)
        seconds = [
            median_ms(lambda run=run, pair=pair: run(pair), patience_s=2) / 1000
            for run in (ours, ours_with_mhd)
        ]
        measured.append((len(overlap.reference_ids), size_px, *seconds))
    _draw(measured)
    rows = [
        [f"{n:,}", f"{size:,}", *(f"{rounded(x)} s ({rounded(1e6 * x / n)} µs)" for x in seconds)]
        for n, size, *seconds in measured
    ]
    first = GROWTH_CELLS.index(1000)
    logs = np.log10(np.array(measured, float)[first:])
    slopes = [np.polyfit(logs[:, 0], logs[:, place], 1)[0] for place in (2, 3)]
    header = ["cells", "width = height, px", "overlap measures and cells", "and exact mHD"]
    return f"""The synthetic pair repeated, so that pixels grow with cells; in brackets the time per
reference cell. From {measured[first][0]:,} cells on, time grows with their number to the power of
{slopes[0]:.2f} without mHD and {slopes[1]:.2f} with it; 1 is linear.

{markdown_table(header, rows)}

![Time against number of cells](pictures/{PICTURE.name})"""


def _draw(measured: list[tuple[Any, ...]]) -> None:
    n_cells, _, plain, with_mhd = (
        np.array(column, float) for column in zip(*measured, strict=True)
    )
    figure = Figure(figsize=(7, 4.5), dpi=110, layout="constrained")
    axes = figure.subplots()
    for seconds, name, colour, marker in (
        (with_mhd, "overlap measures, table of cells, exact mHD", ORANGE, "s"),
        (plain, "overlap measures, table of cells", BLUE, "o"),
    ):
        axes.loglog(n_cells, seconds, color=colour, marker=marker, label=name)
    axes.loglog(
        n_cells, plain[-1] * n_cells / n_cells[-1], color="0.45", linestyle="--",
        label="proportional to the number of cells",
    )  # fmt: skip
    axes.set_xlabel(f"Reference cells (image grows along: {N_CELLS} per {SIZE_PX} x {SIZE_PX} px)")
    axes.set_ylabel("Processor time on one core (s)")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE)


if __name__ == "__main__":
    main()
