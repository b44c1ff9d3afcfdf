"""What an encoding and its decoder can give back at best, measured without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.datasets import Record, open_dataset, read_reference
from workbench.inference import ENCODINGS, find_encoding
from workbench.schema import InputError
from workbench.studies._evaluate import annotated
from workbench.studies._perfect_maps import f1_of_perfect_maps
from workbench.studies._processes import mapped


@dataclass(frozen=True)
class _Way:
    """An encoding by name, and one of the decoders that read it."""

    encoding: str
    decoder: Any


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
        A cell is found if its IoU is at least this.
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
    settings = {} if min_area_px is None else {"min_area_px": min_area_px}
    ways = [
        _Way(name, kind(**settings))
        for name in encodings or ENCODINGS
        for kind in find_encoding(name).decoders
    ]
    records = annotated(open_dataset(dataset).split(split))
    score = partial(_f1_of_image, ways=ways, iou_thresholds=iou_thresholds)
    with mapped(score, records, workers=workers) as results:
        by_image = [scores for scores in results if scores is not None]
    if not by_image:
        msg = f"{dataset}: split {split!r} has no image with labelled cells; choose another split."
        raise InputError(msg)
    means = np.mean(by_image, axis=0)
    columns = [f"f1@{threshold:g}" for threshold in iou_thresholds]
    return pd.DataFrame(
        [
            {"encoding": way.encoding, "decoder": way.decoder.kind, "n_images": len(by_image)}
            | dict(zip(columns, row.tolist(), strict=True))
            for way, row in zip(ways, means, strict=True)
        ]
    )


def _f1_of_image(
    record: Record, *, ways: Sequence[_Way], iou_thresholds: Sequence[float]
) -> list[list[float]] | None:
    """Return the F1 of each way at each threshold; None for an image without cells."""
    labels = read_reference(record)
    if not labels.any():
        return None
    return [
        f1_of_perfect_maps(labels, way.encoding, way.decoder, iou_thresholds=iou_thresholds)
        for way in ways
    ]
