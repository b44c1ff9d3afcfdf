"""What is left of the cells of an image when they are encoded and decoded again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.inference import find_encoding
from workbench.metrics import label_overlap, match_overlap
from workbench.schema import LabelImage


def f1_of_perfect_maps(
    labels: LabelImage, encoding: str, decoder: Any, *, iou_thresholds: Sequence[float]
) -> list[float]:
    """Return the F1 that a network without error reaches on one image.

    Parameters
    ----------
    labels
        Reference, shape (height, width), in any numbering.
    encoding
        Name in :data:`workbench.inference.ENCODINGS`.
    decoder
        One that reads its maps.
    iou_thresholds
        At which to match.

    Returns
    -------
    list of float
        One F1 for each threshold; NaN where there are cells neither before nor after.

    Examples
    --------
    >>> from workbench.inference import ENCODINGS
    >>> labels = np.zeros((32, 32), np.int32)
    >>> labels[4:20, 4:20] = 7
    >>> decoder = ENCODINGS["flows"].decoders[0]()
    >>> f1_of_perfect_maps(labels, "flows", decoder, iou_thresholds=[0.5, 0.9])
    [1.0, 1.0]
    """
    coder = find_encoding(encoding)
    # Numbered without gaps, as training does before it encodes.
    _, ranks = np.unique(np.append(0, labels), return_inverse=True)
    numbered = ranks[1:].reshape(labels.shape).astype(np.int32)
    decoded = coder.decode(coder.perfect(coder.encode(numbered)), decoder)
    overlap = label_overlap(numbered, decoded)
    found = [match_overlap(overlap, iou_threshold=threshold) for threshold in iou_thresholds]
    return [2 * m.tp / cells if (cells := 2 * m.tp + m.fp + m.fn) else float("nan") for m in found]
