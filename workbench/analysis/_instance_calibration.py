"""How far the confidence of a predicted cell can be believed, from the cell table."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis._paired import group_codes
from workbench.analysis._ranked_cells import (
    MIN_CELLS,
    RankedCells,
    rank_cells,
    ranking_measures,
)
from workbench.analysis._resampling import draws
from workbench.schema import PRIMARY_IOU_THRESHOLD, InputError

FloatArray = npt.NDArray[np.float64]

N_RESAMPLES: Final = 999
LIMITS: Final = (0.025, 0.975)
MAX_POINTS: Final = 400
NO_CONFIDENCE: Final = "no confidences"
OTHER_SCALE: Final = "confidences lie outside 0 to 1: they rank cells, but are no probabilities"
TOO_FEW: Final = f"fewer than {MIN_CELLS} predicted cells: no D-ECE"


def instance_calibration(
    cells: pd.DataFrame,
    *,
    iou_threshold: float = PRIMARY_IOU_THRESHOLD,
    groups: pd.Series | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure how far the confidences of each model's cells can be believed.

    Parameters
    ----------
    cells
        Cell table, both sides.
    iou_threshold
        A predicted cell is true if it is matched at this IoU, 0.5 or more.
    groups
        ``image_id`` to group: whole groups are drawn.
    n_resamples, seed
        Of the bootstrap over images.

    Returns
    -------
    DataFrame
        A row per model, seed and measure: ``measure``, ``value``, ``ci_low``, ``ci_high``
        (percentiles 2.5 and 97.5 of bootstrap samples; NaN for a single image or group),
        ``n_predicted`` cells with a confidence, ``notice`` on what could not be measured. A model
        without confidences has its recall alone.

    Raises
    ------
    InputError
        If the threshold lies below 0.5, where the table does not say which cells are matched.

    Notes
    -----
    ``recall`` is the share of reference cells that were found: none of the others sees a missed
    cell. ``precision`` is the share of true cells among those predicted. ``d_ece`` = sum_b n_b/n
    abs(precision_b - conf_b) over at most 15 bins of equal mass and at least 30 cells [1]_;
    ``auroc`` the chance that a true cell is surer than a false one, equal confidence counting
    half; ``auprc`` the average precision of true against false cells; ``risk_coverage_area`` the
    mean, over k, of the share of false cells among the k surest [2]_, lower is better;
    ``spearman_iou`` the rank correlation of confidence with the IoU with the best reference cell.

    References
    ----------
    .. [1] F. Kueppers, J. Kronenberger, A. Shantia and A. Haselhoff, CVPR Workshops 2020.
    .. [2] Y. Geifman and R. El-Yaniv, NeurIPS 2017.

    Examples
    --------
    >>> cells = pd.DataFrame({"image_id": "a", "side": ["predicted"] * 3 + ["reference"] * 4})
    >>> cells = cells.assign(model="unet", seed=0, confidence=[0.9, 0.8, 0.7, *[np.nan] * 4])
    >>> cells["matched_iou"] = [0.8, np.nan, 0.6, 0.8, 0.6, np.nan, np.nan]
    >>> cells["partner_iou"] = cells["matched_iou"].fillna(0.1)
    >>> found = instance_calibration(cells).set_index("measure")["value"]
    >>> found[["recall", "auroc", "risk_coverage_area"]].round(3).tolist()
    [0.5, 0.5, 0.278]
    """
    _check(iou_threshold)
    parts = [
        _of_member(member, iou_threshold, groups, n_resamples, seed).assign(
            model=model, seed=int(of_seed)
        )
        for (model, of_seed), member in cells.groupby(["model", "seed"], sort=False, observed=True)
    ]
    columns = ["model", "seed", "measure", "value", "ci_low", "ci_high", "n_predicted", "notice"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def instance_reliability(
    cells: pd.DataFrame,
    *,
    iou_threshold: float = PRIMARY_IOU_THRESHOLD,
    groups: pd.Series | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return a reliability diagram of predicted cells: how many are true, by confidence.

    Parameters
    ----------
    cells
        Cell table of one model and seed.
    iou_threshold, groups, n_resamples, seed
        As in :func:`instance_calibration`.

    Returns
    -------
    DataFrame
        A row per bin of equal mass, the surest first: ``low``, ``high`` (smallest and largest
        confidence), ``n`` (cells), ``share``, ``n_images``, mean ``confidence``, ``accuracy`` (the
        share that is true) with the interval ``ci_low`` to ``ci_high``, ``gap`` = confidence -
        accuracy. Empty for fewer than 30 cells, or where confidences are no probabilities.

    Raises
    ------
    InputError
        If the table is of several models, or the threshold lies below 0.5.
    """
    _check(iou_threshold)
    if len(cells[["model", "seed"]].drop_duplicates()) > 1:
        msg = "a reliability diagram is that of one model and seed; choose one before."
        raise InputError(msg)
    chosen = _sure(cells)
    ranked, images = _ranked(chosen, iou_threshold, groups)
    n_bins = int(ranked.bins.max(initial=-1)) + 1
    n = np.bincount(ranked.bins, minlength=n_bins).astype(float)
    confidence, accuracy = (
        np.bincount(ranked.bins, weights=x[: len(ranked.bins)], minlength=n_bins) / n
        for x in (ranked.confidence, ranked.correct)
    )
    drawn = [
        [
            np.bincount(ranked.bins, weights=w * x, minlength=n_bins)
            for x in (ranked.correct, np.ones(len(w)))
        ]
        for w in _weights(ranked, n_resamples, seed)
    ] if n_bins else []  # fmt: skip
    limits = np.full((2, n_bins), np.nan)
    if drawn:
        right, size = np.array(drawn).transpose(1, 0, 2)
        rates = np.divide(right, size, out=np.full(right.shape, np.nan), where=size > 0)
        limits = np.nanquantile(rates, LIMITS, axis=0)
    in_bin = [ranked.bins == place for place in range(n_bins)]
    return pd.DataFrame(
        {
            "low": [ranked.confidence[where].min() for where in in_bin],
            "high": [ranked.confidence[where].max() for where in in_bin],
            "n": n.astype(np.int64),
            "share": n / max(n.sum(), 1),
            "n_images": [len(np.unique(images[where])) for where in in_bin],
            "confidence": confidence,
            "accuracy": accuracy,
            "ci_low": limits[0],
            "ci_high": limits[1],
            "gap": confidence - accuracy,
        }
    )


def risk_coverage(
    cells: pd.DataFrame, *, iou_threshold: float = PRIMARY_IOU_THRESHOLD
) -> pd.DataFrame:
    """Return what share of the surest cells is false, and how many cells they find.

    Parameters
    ----------
    cells
        Cell table, both sides.
    iou_threshold
        As in :func:`instance_calibration`.

    Returns
    -------
    DataFrame
        Columns model, seed, ``confidence`` (cells at least so sure are kept), ``n`` (how many),
        ``coverage`` (as share of the predicted), ``risk`` (share of them that is false),
        ``recall`` (share of reference cells that they match; NaN without any). By falling
        confidence, at most 400 rows a model; none for a model without confidences.

    Raises
    ------
    InputError
        If the threshold lies below 0.5.
    """
    _check(iou_threshold)
    parts = []
    for (model, seed), member in cells.groupby(["model", "seed"], sort=False, observed=True):
        n_reference = int((member["side"] == "reference").sum())
        ranked, _ = _ranked(_sure(member), iou_threshold, None)
        if not len(ranked.confidence):
            continue
        ends = np.append(ranked.steps[1:], len(ranked.confidence))
        if len(ends) > MAX_POINTS:
            ends = ends[np.linspace(0, len(ends) - 1, MAX_POINTS).round().astype(int)]
        right = np.cumsum(ranked.correct)[ends - 1]
        parts.append(
            pd.DataFrame(
                {
                    "model": model,
                    "seed": int(seed),
                    "confidence": ranked.confidence[ends - 1],
                    "n": ends,
                    "coverage": ends / len(ranked.confidence),
                    "risk": 1 - right / ends,
                    "recall": right / n_reference if n_reference else np.nan,
                }
            )
        )
    columns = ["model", "seed", "confidence", "n", "coverage", "risk", "recall"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def cells_in_bin(
    cells: pd.DataFrame,
    *,
    low: float,
    high: float,
    iou_threshold: float = PRIMARY_IOU_THRESHOLD,
) -> pd.DataFrame:
    """Return the predicted cells of one model whose confidence lies in a bin.

    Parameters
    ----------
    cells
        Cell table of one model and seed.
    low, high
        Smallest and largest confidence, both within.
    iou_threshold
        As in :func:`instance_calibration`.

    Returns
    -------
    DataFrame
        Columns image_id, cell_id, confidence, ``true``, partner_iou: false cells first, the
        surest of them at the top; then true ones, the least sure at the top.
    """
    chosen = _sure(cells)
    chosen = chosen[chosen["confidence"].between(low, high)]
    table = chosen[["image_id", "cell_id", "confidence", "partner_iou"]].assign(
        true=chosen["matched_iou"] >= iou_threshold
    )
    surprise = np.where(table["true"], 1 - table["confidence"], table["confidence"])
    order = np.lexsort((-surprise, table["true"]))
    return table.iloc[order].reset_index(drop=True)


def _of_member(
    cells: pd.DataFrame,
    iou_threshold: float,
    groups: pd.Series | None,
    n_resamples: int,
    seed: int,
) -> pd.DataFrame:
    chosen = _sure(cells)
    ranked, _ = _ranked(chosen, iou_threshold, groups, all_images=cells["image_id"])
    found, total = _reference(cells, iou_threshold, groups)
    drawn: list[dict[str, Any]] = []
    for counts in _counts(len(total), n_resamples, seed):
        n = float(counts @ total)
        recall = float(counts @ found) / n if n else np.nan
        drawn.append({"recall": recall, **ranking_measures(ranked, counts[ranked.codes])})
    n_cells = float(total.sum())
    values = {
        "recall": float(found.sum()) / n_cells if n_cells else np.nan,
        **ranking_measures(ranked, np.ones(len(ranked.confidence))),
    }
    samples = pd.DataFrame(drawn, columns=list(values))
    n_predicted = int((cells["side"] == "predicted").sum())
    return pd.DataFrame(
        {
            "measure": list(values),
            "value": list(values.values()),
            "ci_low": samples.quantile(LIMITS[0]).to_numpy(float),
            "ci_high": samples.quantile(LIMITS[1]).to_numpy(float),
            "n_predicted": len(chosen),
            "notice": _notice(ranked, n_predicted),
        }
    )


def _notice(ranked: RankedCells, n_predicted: int) -> str:
    n = len(ranked.confidence)
    if n == 0:
        return NO_CONFIDENCE
    texts = []
    if n < n_predicted:
        texts.append(f"{n_predicted - n} of {n_predicted} predicted cells have no confidence")
    if ranked.confidence[0] > 1 or ranked.confidence[-1] < 0:
        texts.append(OTHER_SCALE)
    elif n < MIN_CELLS:
        texts.append(TOO_FEW)
    return "; ".join(texts)


def _sure(cells: pd.DataFrame) -> pd.DataFrame:
    return cells[(cells["side"] == "predicted") & cells["confidence"].notna()]


def _ranked(
    chosen: pd.DataFrame,
    iou_threshold: float,
    groups: pd.Series | None,
    *,
    all_images: pd.Series | None = None,
) -> tuple[RankedCells, npt.NDArray[Any]]:
    """Return predicted cells by falling confidence, and the image of each."""
    known = chosen["image_id"] if all_images is None else all_images
    codes = _codes(known, groups)
    confidence = chosen["confidence"].to_numpy(float)
    ranked = rank_cells(
        confidence,
        (chosen["matched_iou"] >= iou_threshold).to_numpy(float),
        chosen["partner_iou"].to_numpy(float),
        chosen["image_id"].map(codes).to_numpy(np.int64),
    )
    order = np.argsort(-confidence, kind="stable")
    return ranked, chosen["image_id"].to_numpy(object)[order]


def _reference(
    cells: pd.DataFrame, iou_threshold: float, groups: pd.Series | None
) -> tuple[FloatArray, FloatArray]:
    """Return the reference cells that were found, and all of them, of each group of images."""
    codes = _codes(cells["image_id"], groups)
    of_side = cells[cells["side"] == "reference"]
    group = of_side["image_id"].map(codes).to_numpy(np.int64)
    n_groups = int(codes.max()) + 1
    is_found = (of_side["matched_iou"] >= iou_threshold).to_numpy(float)
    return (
        np.bincount(group, weights=is_found, minlength=n_groups).astype(float),
        np.bincount(group, minlength=n_groups).astype(float),
    )


def _codes(images: pd.Series, groups: pd.Series | None) -> pd.Series:
    names = pd.Index(images.astype(object).unique())
    return pd.Series(group_codes(names, groups) if len(names) else [], index=names, dtype="int64")


def _weights(ranked: RankedCells, n_resamples: int, seed: int) -> list[FloatArray]:
    n_groups = int(ranked.codes.max(initial=-1)) + 1
    return [counts[ranked.codes] for counts in _counts(n_groups, n_resamples, seed)]


def _counts(n_groups: int, n_resamples: int, seed: int) -> list[FloatArray]:
    """Return how often each group is drawn, by sample; none for a single group."""
    if n_groups < 2:
        return []
    return [counts for block in draws(n_groups, n_resamples, seed) for counts in block]


def _check(iou_threshold: float) -> None:
    if not PRIMARY_IOU_THRESHOLD <= iou_threshold <= 1:
        msg = (
            f"the cell table holds matches at IoU {PRIMARY_IOU_THRESHOLD} or more, got "
            f"{iou_threshold}; give a threshold between {PRIMARY_IOU_THRESHOLD} and 1."
        )
        raise InputError(msg)
