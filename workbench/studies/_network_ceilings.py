"""What the encoding and the decoder of a prediction allow, scored as the prediction is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.datasets import Record, read_reference
from workbench.inference import find_encoding
from workbench.metrics import image_scores, label_overlap
from workbench.schema import LabelImage
from workbench.studies._applied import AppliedNetwork

CEILINGS: Final = "ceilings.parquet"


def network_ceilings(
    records: Sequence[Record],
    networks: Sequence[AppliedNetwork],
    *,
    iou_thresholds: Sequence[float],
) -> pd.DataFrame:
    """Return the mean F1 of maps without error, read by the decoders that networks were read by.

    :func:`workbench.studies.encoding_ceilings` measures encodings with their decoders' defaults;
    this is for the very settings of a prediction.

    Parameters
    ----------
    records
        Images with labels.
    networks
        From :func:`read_applied`.
    iou_thresholds
        At which to match.

    Returns
    -------
    DataFrame
        Columns encoding, decoder (kind and settings), threshold and f1: the mean over images with
        cells, NaN if none has any. A row per threshold for each different encoding and decoder.
    """
    ways = {(network.encoding, network.decoder_text): network for network in networks}
    rows = []
    for (encoding, decoder), network in ways.items():
        values = [
            _f1(labels, network, iou_thresholds)
            for record in records
            if (labels := _numbered(read_reference(record))).any()
        ]
        means = np.mean(values, axis=0) if values else [np.nan] * len(iou_thresholds)
        rows += [
            {"encoding": encoding, "decoder": decoder, "threshold": threshold, "f1": float(mean)}
            for threshold, mean in zip(iou_thresholds, means, strict=True)
        ]
    return pd.DataFrame(rows, columns=["encoding", "decoder", "threshold", "f1"])


def _f1(
    labels: LabelImage, network: AppliedNetwork, iou_thresholds: Sequence[float]
) -> list[float]:
    encoding = find_encoding(network.encoding)
    maps = encoding.perfect(encoding.encode(labels))
    overlap = label_overlap(labels, encoding.decode(maps, network.read_decoder()))
    scores = image_scores(overlap, iou_thresholds=tuple(iou_thresholds))
    return [score.value for score in scores if score.metric == "f1"]


def _numbered(labels: LabelImage) -> npt.NDArray[np.int32]:
    """Return labels numbered without gaps, as training does before it encodes."""
    _, ranks = np.unique(np.append(0, labels), return_inverse=True)
    return ranks[1:].reshape(labels.shape).astype(np.int32)
