"""Decoder settings chosen on validation images, from maps that the network painted once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

import pandas as pd

from workbench.inference import find_encoding
from workbench.metrics import label_overlap, matched_pairs
from workbench.schema import FloatImage, LabelImage

TUNING_IOU_THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)

TUNING_GRID: Final[Mapping[str, Mapping[str, tuple[float, ...]]]] = {
    "watershed": {
        "seed_height_px": (0.25, 0.5, 0.75, 1.0, 1.5, 2.5),
        "foreground_threshold": (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7),
        "min_area_px": (0, 15, 30, 60, 120),
    },
    "official": {
        "interior_threshold": (0.3, 0.4, 0.5, 0.6, 0.7),
        "min_area_px": (0, 16, 30, 60, 120),
    },
    "distance": {
        "seed_height": (0.05, 0.1, 0.15, 0.2, 0.3),
        "foreground_threshold": (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7),
        "min_area_px": (0, 15, 30, 60, 120),
    },
    "star_convex": {
        "object_threshold": (0.3, 0.4, 0.5, 0.6, 0.7),
        "nms_overlap": (0.2, 0.3, 0.4, 0.5),
    },
    "flows": {
        "foreground_threshold": (0.3, 0.4, 0.5, 0.6, 0.7),
        "flow_error_threshold": (0.2, 0.4, 0.6, 0.8),
    },
}
"""Settings that are tried, by kind of decoder; what decides most comes first."""


@dataclass(frozen=True, eq=False)
class Tuned:
    """The decoder that scored best, and how all did.

    Attributes
    ----------
    decoder
        Of the kinds that the encoding's maps are read by.
    table
        A row per setting that was tried, in that order: kind, the settings' values (NaN where the
        kind has none of this name), f1 (the criterion), chosen.
    """

    decoder: Any
    table: pd.DataFrame


def tune_decoder(
    maps: Sequence[FloatImage], references: Sequence[LabelImage], *, encoding: str
) -> Tuned:
    """Choose the decoder and its settings with which maps give the reference back best.

    The criterion is F1, averaged over IoU 0.5, 0.6, 0.7, 0.8 and 0.9 and then over images. Each
    kind of decoder starts from its default settings; its settings are varied one after the other
    over :data:`TUNING_GRID`, each keeping its best value. What is no better than what was tried
    before it is not chosen, so ties go to the default.

    Parameters
    ----------
    maps
        What the network painted of the validation images, shape (height, width, channels) each.
        Never of test images.
    references
        Their labels.
    encoding
        Name in :data:`workbench.inference.ENCODINGS`.

    Returns
    -------
    Tuned
        The default decoder of the encoding if there are no images, or none with cells; its F1 is
        then NaN.

    Raises
    ------
    InputError
        If the encoding is unknown.
    ValueError
        If there are not as many maps as references, or their sizes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from workbench.inference import ENCODINGS
    >>> labels = np.zeros((40, 40), np.int32)
    >>> labels[10:14, 10:14] = 1  # less than the 30 pixels that the default drops
    >>> encoding = ENCODINGS["three_class"]
    >>> maps = encoding.perfect(encoding.encode(labels))
    >>> tune_decoder([maps], [labels], encoding="three_class").decoder.min_area_px
    0
    """
    images = list(zip(maps, references, strict=True))
    painted = find_encoding(encoding)
    tried: dict[Any, float] = {}

    def f1(decoder: Any) -> float:
        if decoder not in tried:
            scores = [_mean_f1(labels, painted.decode(one, decoder)) for one, labels in images]
            defined = [score for score in scores if not math.isnan(score)]
            tried[decoder] = fmean(defined) if defined else math.nan
        return tried[decoder]

    for kind in painted.decoders:
        _climb(kind(), f1)
    best = max(tried, key=tried.__getitem__)  # the first of equals
    return Tuned(
        best,
        pd.DataFrame(
            [
                {**decoder.model_dump(), "f1": score, "chosen": decoder == best}
                for decoder, score in tried.items()
            ]
        ),
    )


def _climb(decoder: Any, f1: Callable[[Any], float]) -> None:
    """Try the values of one setting after the other, each from the best of those before."""
    best_f1 = f1(decoder)
    for name, values in TUNING_GRID.get(decoder.kind, {}).items():
        variants = [type(decoder)(**{**decoder.model_dump(), name: value}) for value in values]
        for variant in variants:
            if f1(variant) > best_f1:
                decoder, best_f1 = variant, f1(variant)


def _mean_f1(reference: LabelImage, predicted: LabelImage) -> float:
    """Return F1 averaged over the thresholds; NaN without any cell."""
    overlap = label_overlap(reference, predicted)
    n_cells = len(overlap.reference_ids) + len(overlap.predicted_ids)
    if not n_cells:
        return math.nan
    matched = [
        len(matched_pairs(overlap, iou_threshold=threshold)) for threshold in TUNING_IOU_THRESHOLDS
    ]
    return 2 * fmean(matched) / n_cells
