"""Predicted cells by confidence, the surest first: measures of how well it ranks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MIN_CELLS: Final = 30
MAX_BINS: Final = 15


@dataclass(frozen=True, eq=False)
class RankedCells:
    """Predicted cells by falling confidence; equal confidences are one step.

    Attributes
    ----------
    confidence, correct, iou
        Of each cell; ``correct`` 1 or 0, ``iou`` with the best reference cell.
    codes
        Group of images that each cell belongs to.
    steps
        First cell of each step.
    iou_order, iou_steps
        Order of the cells by rising IoU, and the first of each step of it.
    bins
        Equal-mass bin of each cell; empty where there are too few cells, or confidences are no
        probabilities.
    """

    confidence: FloatArray
    correct: FloatArray
    iou: FloatArray
    codes: IntArray
    steps: IntArray
    iou_order: IntArray
    iou_steps: IntArray
    bins: IntArray


def rank_cells(
    confidence: FloatArray, correct: FloatArray, iou: FloatArray, codes: IntArray
) -> RankedCells:
    """Order cells by confidence."""
    order = np.argsort(-confidence, kind="stable")
    confidence, correct, iou = (x[order] for x in (confidence, correct, iou))
    iou_order = np.argsort(iou, kind="stable")
    usable = not confidence.size or (confidence[0] <= 1 and confidence[-1] >= 0)
    return RankedCells(
        confidence,
        correct,
        iou,
        codes[order],
        _steps(confidence),
        iou_order,
        _steps(iou[iou_order]),
        equal_mass_bins(confidence) if usable else np.empty(0, np.int64),
    )


def equal_mass_bins(ordered: FloatArray) -> IntArray:
    """Return the bin of each of some ordered values: at most 15, of at least 30 and equal mass.

    Equal values share a bin. Empty for fewer than 30 values.

    Examples
    --------
    >>> np.bincount(equal_mass_bins(np.linspace(1, 0, 70)))
    array([35, 35])
    """
    n = len(ordered)
    if n < MIN_CELLS:
        return np.empty(0, np.int64)
    size = n // min(MAX_BINS, n // MIN_CELLS)
    ends = np.append(_steps(ordered)[1:], n)
    starts = [0]
    while n - starts[-1] >= size + MIN_CELLS:
        # The end of the step that fills the bin.
        end = int(ends[np.searchsorted(ends, starts[-1] + size)])
        if n - end < MIN_CELLS:
            break
        starts.append(end)
    bins = np.zeros(n, np.int64)
    bins[starts[1:]] = 1
    return np.cumsum(bins)


def ranking_measures(cells: RankedCells, weights: FloatArray) -> Mapping[str, float]:
    """Return every measure of cells that count so many times each.

    NaN where it is undefined: all without cells, AUROC and AUPRC also where no cell is false or
    true, D-ECE for fewer than 30 cells or confidences outside 0 to 1, Spearman where confidence or
    IoU do not vary.
    """
    n = float(weights.sum())
    names = ("precision", "d_ece", "auroc", "auprc", "risk_coverage_area", "spearman_iou")
    if n == 0:
        return dict.fromkeys(names, float("nan"))
    right = np.add.reduceat(weights * cells.correct, cells.steps)
    size = np.add.reduceat(weights, cells.steps)
    n_right = float(right.sum())
    return {
        "precision": n_right / n,
        "d_ece": _d_ece(cells, weights),
        "auroc": _auroc(right, size),
        "auprc": _auprc(right, size),
        "risk_coverage_area": risk_coverage_area(right, size),
        "spearman_iou": _spearman(cells, weights, size),
    }


def risk_coverage_area(right: FloatArray, size: FloatArray) -> float:
    """Return the mean, over k, of the share that is false among the k surest cells.

    Parameters
    ----------
    right, size
        True cells and all cells of each step of equal confidence, the surest first. Cells of a
        step are false at the same rate, in whatever order they are taken.
    """
    n = round(float(size.sum()))
    harmonic = np.append(0.0, np.cumsum(1 / np.arange(1, n + 1)))
    after = np.cumsum(size)
    before = after - size
    false_before = before - (np.cumsum(right) - right)
    rate = np.divide(size - right, size, out=np.zeros_like(size), where=size > 0)
    # The k-th cell, k from before + 1 to after, has risk (false_before + rate (k - before)) / k.
    reach = harmonic[after.astype(int)] - harmonic[before.astype(int)]
    return float((false_before * reach + rate * (size - before * reach)).sum() / n)


def _d_ece(cells: RankedCells, weights: FloatArray) -> float:
    if not cells.bins.size:
        return float("nan")
    gaps = np.bincount(cells.bins, weights=weights * (cells.confidence - cells.correct))
    return float(np.abs(gaps).sum() / weights.sum())


def _auroc(right: FloatArray, size: FloatArray) -> float:
    wrong = size - right
    pairs = right.sum() * wrong.sum()
    if pairs == 0:
        return float("nan")
    surer = np.cumsum(right) - right
    return float((wrong * (surer + right / 2)).sum() / pairs)


def _auprc(right: FloatArray, size: FloatArray) -> float:
    if right.sum() == 0:
        return float("nan")
    kept = np.cumsum(size)
    precision = np.divide(np.cumsum(right), kept, out=np.zeros_like(size), where=kept > 0)
    return float((right * precision).sum() / right.sum())


def _spearman(cells: RankedCells, weights: FloatArray, size: FloatArray) -> float:
    by_confidence = -_mid_ranks(size, cells.steps, len(weights))
    by_iou = np.empty(len(weights))
    of_iou = np.add.reduceat(weights[cells.iou_order], cells.iou_steps)
    by_iou[cells.iou_order] = _mid_ranks(of_iou, cells.iou_steps, len(weights))
    first, second = (x - np.average(x, weights=weights) for x in (by_confidence, by_iou))
    spread = (weights * first**2).sum() * (weights * second**2).sum()
    return float((weights * first * second).sum() / np.sqrt(spread)) if spread else float("nan")


def _mid_ranks(size: FloatArray, steps: IntArray, n: int) -> FloatArray:
    """Return for each cell the mean rank of its step."""
    ranks = np.cumsum(size) - size + (size + 1) / 2
    return np.repeat(ranks, np.diff(np.append(steps, n)))


def _steps(ordered: FloatArray) -> IntArray:
    """Return the places at which an ordered array takes a new value."""
    changes = np.append(True, ordered[1:] != ordered[:-1]) if len(ordered) else np.empty(0, bool)
    return np.flatnonzero(changes)
