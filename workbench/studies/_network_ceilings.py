"""What the encoding and the decoder of a prediction allow, scored as the prediction is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from workbench.datasets import Record, read_reference
from workbench.studies._applied import AppliedNetwork
from workbench.studies._perfect_maps import f1_of_perfect_maps

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
        read_with = network.read_decoder()
        values = [
            f1_of_perfect_maps(labels, encoding, read_with, iou_thresholds=iou_thresholds)
            for record in records
            if (labels := read_reference(record)).any()
        ]
        means = np.mean(values, axis=0) if values else [np.nan] * len(iou_thresholds)
        rows += [
            {"encoding": encoding, "decoder": decoder, "threshold": threshold, "f1": float(mean)}
            for threshold, mean in zip(iou_thresholds, means, strict=True)
        ]
    return pd.DataFrame(rows, columns=["encoding", "decoder", "threshold", "f1"])
