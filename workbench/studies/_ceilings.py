"""What encodings allow: the score of maps without error, read by a decoder."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from skimage.segmentation import relabel_sequential

from workbench.datasets import Dataset, read_reference
from workbench.inference import find_encoding
from workbench.metrics import image_scores, label_overlap


def encoding_ceilings(
    dataset: Dataset, *, split: str, encodings: Mapping[str, Any], iou_thresholds: Sequence[float]
) -> pd.DataFrame:
    """Return the mean F1 of decoded perfect maps, a row per encoding and threshold."""
    rows = []
    for name, decoder in encodings.items():
        encoding = find_encoding(name)
        values = []
        for record in dataset.split(split):
            labels = relabel_sequential(read_reference(record).astype(np.int32))[0]
            found = encoding.decode(encoding.perfect(encoding.encode(labels)), decoder)
            scores = image_scores(label_overlap(labels, found), iou_thresholds=iou_thresholds)
            values.append([score.value for score in scores if score.metric == "f1"])
        for threshold, mean in zip(iou_thresholds, np.nanmean(values, axis=0), strict=True):
            rows.append({"encoding": name, "threshold": threshold, "f1": mean})
    return pd.DataFrame(rows)
