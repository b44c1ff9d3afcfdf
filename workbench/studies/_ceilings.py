"""What an encoding and its decoder can give back at best, measured without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.datasets import Record, open_dataset, read_reference
from workbench.inference import ENCODINGS, find_encoding
from workbench.metrics import label_overlap, match_overlap
from workbench.schema import InputError
from workbench.studies._evaluate import annotated
from workbench.studies._processes import mapped


@dataclass(frozen=True)
class _Way:
    """An encoding and one of the decoders that read it, both by name."""

    encoding: str
    decoder: str


def encoding_ceilings(
    dataset: Path,
    *,
    split: str = "test",
    encodings: Sequence[str] | None = None,
    iou_thresholds: Sequence[float] = (0.5, 0.7, 0.9),
    min_area_px: int | None = None,
    workers: int | None = None,
) -> pd.DataFrame:
    """Return the F1 of references that were encoded and decoded again.

    No network on this encoding, read by this decoder, can be expected to do better.

    Parameters
    ----------
    dataset
        Whatever :func:`workbench.datasets.open_dataset` reads.
    split
        Its images with labels are measured.
    encodings
        Names in :data:`workbench.inference.ENCODINGS`; all by default.
    iou_thresholds
        A cell is found if its IoU is above this.
    min_area_px
        Smaller cells are dropped in decoding; by default each decoder's own setting, which loses
        the smallest cells of the reference.
    workers
        Processes; by default as many as there are free cores.

    Returns
    -------
    DataFrame
        A row per encoding and fitting decoder: encoding, decoder, n_images, and for each threshold
        ``f1@0.5``, the mean over images. Images without cells have no F1 and are not counted.

    Raises
    ------
    InputError
        If an encoding is unknown or the split has no image with cells.
    """
    ways = [
        _Way(name, kind().kind)  # type: ignore[attr-defined]
        for name in encodings or ENCODINGS
        for kind in find_encoding(name).decoders
    ]
    records = annotated(open_dataset(dataset).split(split))
    score = partial(_f1_of_image, ways=ways, thresholds=iou_thresholds, min_area_px=min_area_px)
    with mapped(score, records, workers=workers) as results:
        by_image = [scores for scores in results if scores is not None]
    if not by_image:
        msg = f"{dataset}: split {split!r} has no image with labelled cells; choose another split."
        raise InputError(msg)
    means = np.mean(by_image, axis=0)
    columns = [f"f1@{threshold:g}" for threshold in iou_thresholds]
    return pd.DataFrame(
        [
            {"encoding": way.encoding, "decoder": way.decoder, "n_images": len(by_image)}
            | dict(zip(columns, row.tolist(), strict=True))
            for way, row in zip(ways, means, strict=True)
        ]
    )


def _f1_of_image(
    record: Record, *, ways: Sequence[_Way], thresholds: Sequence[float], min_area_px: int | None
) -> list[list[float]] | None:
    """Return the F1 of each way at each threshold; None for an image without cells."""
    reference = read_reference(record)
    # Numbered without gaps, as training does before it encodes.
    _, ranks = np.unique(np.append(0, reference), return_inverse=True)
    labels = ranks[1:].reshape(reference.shape).astype(np.int32)
    if not labels.any():
        return None
    settings = {} if min_area_px is None else {"min_area_px": min_area_px}
    scores = []
    for way in ways:
        encoding = find_encoding(way.encoding)
        (kind,) = (kind for kind in encoding.decoders if kind().kind == way.decoder)  # type: ignore[attr-defined]
        decoded = encoding.decode(encoding.perfect(encoding.encode(labels)), kind(**settings))
        overlap = label_overlap(labels, decoded)
        matches = [match_overlap(overlap, iou_threshold=threshold) for threshold in thresholds]
        scores.append([2 * m.tp / (2 * m.tp + m.fp + m.fn) for m in matches])
    return scores
