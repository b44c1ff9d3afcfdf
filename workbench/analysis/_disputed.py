"""Scores with and without the cells whose annotation people dispute."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis._intervals import ALPHA, bca_of_mean
from workbench.analysis._paired import group_codes
from workbench.analysis._resampling import N_RESAMPLES, bootstrap_means
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


def disputed_change(
    scores: pd.DataFrame,
    *,
    groups: pd.Series | None = None,
    alpha: float = ALPHA,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return by how much each model's mean F1 changes when disputed cells are left out.

    Parameters
    ----------
    scores
        From :func:`scores_without_disputed`.
    groups
        ``image_id`` to group; whole groups are drawn.
    alpha, n_resamples, seed
        Of the BCa bootstrap over images.

    Returns
    -------
    DataFrame
        One row per model and seed, in their order: ``model``, ``seed``, ``n_images`` with both
        scores, ``n_touched`` of them with a disputed cell, ``n_disputed`` cells left out of them,
        ``f1`` and ``f1_without`` (means over these images), ``change`` with ``low`` and ``high``.
        Means are NaN without such images; the interval is NaN for fewer than 3 images or groups,
        and 0 to 0 if nothing changes.

    Notes
    -----
    The change is paired: each image's F1 without disputed cells less its F1 with all. Images of
    which nothing is left are not in either mean.
    """
    both = scores.dropna(subset=["f1", "f1_without"])
    change = both["f1_without"] - both["f1"]
    sums = both.assign(change=change, touched=both["n_disputed"] > 0).groupby(MEMBER, sort=False)
    table = sums.agg(
        n_images=("f1", "size"),
        n_touched=("touched", "sum"),
        n_disputed=("n_disputed", "sum"),
        f1=("f1", "mean"),
        f1_without=("f1_without", "mean"),
        change=("change", "mean"),
    )
    members = pd.MultiIndex.from_frame(scores[MEMBER].drop_duplicates())
    table = table.reindex(members)
    counts = ["n_images", "n_touched", "n_disputed"]
    table[counts] = table[counts].fillna(0).astype(int)
    wide = both.assign(change=change).pivot_table(
        index="image_id", columns=MEMBER, values="change", sort=False
    )
    ends = _change_intervals(wide, groups, alpha, n_resamples, seed)
    return table.join(ends).reset_index()


def _change_intervals(
    wide: pd.DataFrame, groups: pd.Series | None, alpha: float, n_resamples: int, seed: int
) -> pd.DataFrame:
    """Return low and high of each column's mean; columns of the same images are drawn at once."""
    ends = pd.DataFrame(np.nan, index=wide.columns, columns=["low", "high"])
    same_images: dict[bytes, list[int]] = {}
    for place, defined in enumerate(wide.notna().to_numpy().T):
        same_images.setdefault(defined.tobytes(), []).append(place)
    for places in same_images.values():
        own = wide.iloc[:, places].dropna()
        within = None if groups is None else groups[groups.index.isin(own.index)]
        named = own.set_axis(list(map(str, places)), axis=1)
        drawn = bootstrap_means(named, groups=within, n_resamples=n_resamples, seed=seed)
        codes = group_codes(own.index, within)
        for column, place in enumerate(places):
            values = own.iloc[:, column].to_numpy()
            found = bca_of_mean(values, drawn[:, column], codes, alpha=alpha)
            ends.iloc[place] = [found.low, found.high]
    return ends


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
