"""What the threshold panel sends to the browser: cells once, and outcomes as sliders move."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.schema import OUTCOME_COLOURS, OUTCOMES, column_label
from workbench.studies import (
    CUT_STEPS,
    IOU_STEPS,
    DecoderChoice,
    FoundCells,
    ImageCells,
    JudgedCells,
    f1_over,
    judge_cells,
)
from workbench.widgets._comparer_wire import LEVEL, Parcel, pack_layer
from workbench.widgets._threshold_state import DIALS, ThresholdSource, ThresholdState

DIGITS = 4


def describe_source(source: ThresholdSource) -> dict[str, Any]:
    """Return what the browser must know before it asks."""
    return {
        "image_ids": [str(name) for name in source.scores["image_id"]],
        "members": [str(name) for name in source.scores if name != "image_id"],
        "outcomes": dict(OUTCOME_COLOURS),
        "outcome_names": list(OUTCOMES),
        "dials": {
            name: asdict(dial) | {"label": column_label(name)} for name, dial in DIALS.items()
        },
        "iou_steps": list(IOU_STEPS),
        "cut_steps": list(CUT_STEPS),
        "still": False,
    }


def pack_found(found: FoundCells, choice: DecoderChoice) -> Parcel:
    """Return cells that were found, as the comparer's, and how they can be decoded."""
    layer = pack_layer(ImageCells(found.labels, found.cells))
    known = bool(np.isfinite(found.confidences).any())
    about = {
        "own": choice.own and choice.own.model_dump(mode="json"),
        "others": [other.model_dump(mode="json") for other in choice.others],
        "note": choice.note,
        "has_confidences": known or not found.confidences.size,
    }
    return Parcel(layer.about | about, layer.blocks)


def pack_outcomes(found: FoundCells, state: ThresholdState) -> Parcel:
    """Return scores, curves and the outcome of each cell where the sliders stand."""
    judged = judge_cells(
        found, iou_threshold=state.iou_threshold, least_confidence=state.least_confidence
    )
    by_iou = f1_over(found, iou_thresholds=IOU_STEPS, least_confidences=[state.least_confidence])
    by_cut = f1_over(found, iou_thresholds=[state.iou_threshold], least_confidences=CUT_STEPS)
    about = {
        "row": _row(judged),
        "by_iou": _numbers(by_iou[:, 0].tolist()),
        "by_cut": _numbers(by_cut[0].tolist()),
    }
    return Parcel(about, (zlib.compress(_codes(judged).tobytes(), LEVEL),))


def pack_grid(found: FoundCells) -> Parcel:
    """Return what :func:`pack_outcomes` would at every step of both sliders.

    Steps between which nothing changes share a row: of ``rows`` and of the outcomes, found by
    ``index``, IoU thresholds down, confidence cuts across.
    """
    rows: dict[tuple[str, bytes], int] = {}
    index: list[list[int]] = []
    for threshold in IOU_STEPS:
        line: list[int] = []
        n_kept: int | None = None
        for cut in CUT_STEPS:
            kept = int(np.count_nonzero(~(found.confidences < cut)))
            if kept == n_kept:
                line.append(line[-1])  # the same cells are kept: nothing else can have changed
                continue
            n_kept = kept
            judged = judge_cells(found, iou_threshold=threshold, least_confidence=cut)
            key = (json.dumps(_row(judged)), _codes(judged).tobytes())
            line.append(rows.setdefault(key, len(rows)))
        index.append(line)
    about = {"rows": [json.loads(row) for row, _ in rows], "index": index}
    return Parcel(about, (zlib.compress(b"".join(codes for _, codes in rows), LEVEL),))


def _row(judged: JudgedCells) -> dict[str, Any]:
    values = dict(zip(judged.scores, _numbers(list(judged.scores.values())), strict=True))
    counts = {
        "tp": judged.tp,
        "n_reference": judged.n_reference,
        "n_predicted": judged.n_predicted,
        "n_below": judged.n_below,
    }
    return {**values, **counts, "n_events": judged.n_events}


def _codes(judged: JudgedCells) -> npt.NDArray[np.uint8]:
    both = [judged.errors.reference.outcome, judged.errors.predicted.outcome]
    return np.concatenate(both).astype(np.uint8)


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [round(value, DIGITS) if np.isfinite(value) else None for value in values]
