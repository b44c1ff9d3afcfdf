"""Scores with and without the cells whose annotation people dispute."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.schema import PRIMARY_IOU_THRESHOLD

DISPUTED: Final = ("annotation error", "ambiguous")
LEAST_IOU: Final = 0.1
"""A predicted cell belongs to a disputed one from this IoU on; ERRORS' beta."""
MEMBER: Final = ["model", "seed"]


def scores_without_disputed(cells: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return F1 at IoU 0.5 of each image with all cells, and without the disputed ones.

    Parameters
    ----------
    cells
        Cell table, see :data:`workbench.schema.CELL_COLUMNS`.
    verdicts
        The last verdict of each cell: columns image_id, side, cell_id, member ("unet-0"),
        judgement.

    Returns
    -------
    DataFrame
        Columns model, seed, image_id, f1, f1_without, n_disputed (reference cells and predicted
        cells left out); by model, seed and image as they stand in the table. NaN where no cell
        is left.

    Notes
    -----
    Disputed are the cells judged "annotation error" or "ambiguous". A disputed reference cell is
    left out with the predicted cell that is matched to it, and with unmatched ones whose largest
    overlap is with it (IoU of 0.1 and more), for every model. A disputed predicted cell is left
    out for its own model; if it is matched, with its partner. Nothing is matched anew.

    Examples
    --------
    >>> cells = pd.DataFrame({"image_id": "a", "model": "unet", "seed": 0, "side": ["reference",
    ...     "reference", "predicted"], "cell_id": [1, 2, 1], "partner_id": [1, 0, 1],
    ...     "partner_iou": [0.8, 0, 0.8], "matched_iou": [0.8, float("nan"), 0.8]})
    >>> verdicts = pd.DataFrame({"image_id": ["a"], "side": ["reference"], "cell_id": [2],
    ...     "member": ["unet-0"], "judgement": ["annotation error"]})
    >>> scores_without_disputed(cells, verdicts)[["f1", "f1_without", "n_disputed"]].round(2)
         f1  f1_without  n_disputed
    0  0.67         1.0           1
    """
    left_out = _is_left_out(cells, verdicts[verdicts["judgement"].isin(DISPUTED)])
    is_matched = cells["matched_iou"].to_numpy() >= PRIMARY_IOU_THRESHOLD
    counted = cells.assign(
        matched=is_matched, kept=~left_out, kept_match=is_matched & ~left_out, left_out=left_out
    )
    sums = (
        counted.groupby([*MEMBER, "image_id"], sort=False)
        .agg(
            n=("matched", "size"),
            matched=("matched", "sum"),
            kept=("kept", "sum"),
            kept_match=("kept_match", "sum"),
            n_disputed=("left_out", "sum"),
        )
        .reset_index()
    )
    # A match is counted on both sides: 2 TP over all cells of both sides.
    sums["f1"] = sums["matched"] / sums["n"]
    sums["f1_without"] = (sums["kept_match"] / sums["kept"]).where(sums["kept"] > 0, np.nan)
    return sums[[*MEMBER, "image_id", "f1", "f1_without", "n_disputed"]]


def _is_left_out(cells: pd.DataFrame, disputed: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return for each cell whether it is disputed, or stands or falls with one that is."""
    of_reference = disputed[disputed["side"] == "reference"]
    of_predicted = disputed[disputed["side"] == "predicted"]
    reference = set(zip(of_reference["image_id"], of_reference["cell_id"], strict=True))
    predicted = set(
        zip(of_predicted["image_id"], of_predicted["member"], of_predicted["cell_id"], strict=True)
    )
    left_out = np.zeros(len(cells), bool)
    # Few images are disputed; millions of other cells need no look.
    places = np.flatnonzero(cells["image_id"].isin(disputed["image_id"]))
    for place, row in zip(places, cells.iloc[places].itertuples(), strict=True):
        member = f"{row.model}-{row.seed}"
        is_matched = row.matched_iou >= PRIMARY_IOU_THRESHOLD
        if row.side == "reference":
            left_out[place] = (row.image_id, row.cell_id) in reference or (
                is_matched and (row.image_id, member, row.partner_id) in predicted
            )
        else:
            belongs = is_matched or row.partner_iou >= LEAST_IOU
            left_out[place] = (row.image_id, member, row.cell_id) in predicted or (
                belongs and (row.image_id, row.partner_id) in reference
            )
    return left_out
