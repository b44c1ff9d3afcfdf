"""Whether all predictions of a model were spoilt in the same way."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workbench.metrics._fault_trials import Cause, PredictionCheck, Trial

MUCH: Final = 0.2
"""By how much a cure must raise F1 for an image to count as cured."""
MIN_CELLS: Final = 5
"""Cells that a cure must win over all images: fewer come about by chance."""
SAME_OFFSET_PX: Final = 3.0
SAME_FACTOR: Final = 0.05

CURES: Final[Mapping[Cause, str]] = {
    "transposed": "swap rows and columns when writing the predictions",
    "mirrored": "flip the predictions back when writing them",
    "rotated": "turn the predictions back when writing them",
    "shifted": "move the predictions back: look for padding or cropping that was not undone",
    "rescaled": "bring the predictions back to the size and place of the image",
    "inverted": "take cells and background the other way round: the wrong class was kept",
    "foreground_only": "give each connected piece an id: classes were written, not cells",
    "label_overflow": "write label images with 16 or 32 bits: ids above 255 began again at 0",
    "boundary_as_cells": "read the interior, not the boundary: look at the order of channels",
    "empty": "look at the predictions: thresholds, normalisation of the images, loaded weights",
    "below_baseline": "look at images and training: a method without training finds more",
}
"""What to do, for each cause."""


@dataclass(frozen=True)
class Fault:
    """Something that spoilt the predictions of a model, and how to mend it.

    Attributes
    ----------
    cause
        What happened.
    evidence
        What was seen, in words.
    cure
        What to do.
    n_images
        Images that show it.
    f1_as_is, f1_if_cured
        Mean F1 at IoU 0.5 over these images, before and after; the second is NaN for "empty",
        which nothing cures, and that of the baseline for "below_baseline".
    """

    cause: Cause
    evidence: str
    cure: str
    n_images: int
    f1_as_is: float
    f1_if_cured: float


def prediction_faults(
    checks: Sequence[PredictionCheck], *, baseline_f1: Sequence[float] | None = None
) -> tuple[Fault, ...]:
    """Return what spoilt the predictions of a model, if anything did.

    A cause is named only if undoing it in the same way raises F1 by at least 0.2 on more than half
    of the suspicious images that it may explain, and wins five cells or more; a model that is just
    weak has no such cure. Causes are sought one after the other, among the images that those found
    before don't explain.

    Parameters
    ----------
    checks
        One for each image, from :func:`check_prediction`.
    baseline_f1
        F1 at IoU 0.5 of the trivial baseline on the same images, in their order, NaN where it has
        none; None to leave that comparison out.

    Returns
    -------
    tuple of Fault
        Those that explain most first; empty for a sound model.

    Examples
    --------
    >>> from workbench.metrics import check_prediction
    >>> cells = np.zeros((40, 40), int)
    >>> for place in range(6):
    ...     cells[2:10, 6 * place : 6 * place + 4] = place + 1
    >>> fault, = prediction_faults([check_prediction(cells, cells.T)])
    >>> fault.cause, fault.f1_as_is, fault.f1_if_cured
    ('transposed', 0.0, 1.0)
    """
    with_cells = [place for place, check in enumerate(checks) if check.n_reference]
    faults = _empty(checks, with_cells)
    left = [place for place in with_cells if checks[place].is_suspicious]
    while (found := _best(checks, left)) is not None:
        faults.append(found[0])
        left = [place for place in left if place not in found[1]]
    faults.sort(key=lambda fault: -fault.n_images)
    if not faults and baseline_f1 is not None:
        faults = _below(checks, with_cells, baseline_f1)
    return tuple(faults)


@dataclass(frozen=True)
class _Explained:
    """Images that one cure was tried on, and what came of it, by place of the image."""

    cause: Cause
    trials: Mapping[int, Trial]
    cured: frozenset[int]
    gain: float


def _best(checks: Sequence[PredictionCheck], left: Sequence[int]) -> tuple[Fault, set[int]] | None:
    """Return the fault that explains most of these images, and the images that show it."""
    ways: dict[tuple[Cause, str], dict[int, Trial]] = defaultdict(dict)
    for place in left:
        for trial in checks[place].trials:
            ways[trial.cause, trial.how][place] = trial
    explained = [_explained(cause, trials, checks, left) for (cause, _), trials in ways.items()]
    sound = [one for one in explained if one is not None]
    if not sound:
        return None
    best = max(sound, key=lambda one: one.gain)
    return _fault(best, checks), set(best.cured)


def _explained(
    cause: Cause,
    trials: Mapping[int, Trial],
    checks: Sequence[PredictionCheck],
    left: Sequence[int],
) -> _Explained | None:
    """Return what a cure does for these images; None where it does too little."""
    helped = [p for p, trial in trials.items() if trial.f1 - checks[p].f1 >= MUCH]
    agreeing = AGREE[cause](trials, helped) if cause in AGREE else helped
    # Overflow and lost ids show in the prediction itself; all else might explain any bad image.
    candidates = len(trials) if cause in SEEN_IN_PREDICTION else len(left)
    cells = sum(trials[p].tp - checks[p].tp for p in agreeing)
    if 2 * len(agreeing) <= candidates or cells < MIN_CELLS:
        return None
    gain = sum(trials[p].f1 - checks[p].f1 for p in agreeing)
    return _Explained(cause, trials, frozenset(agreeing), gain)


def _near_offset(trials: Mapping[int, Trial], helped: Sequence[int]) -> list[int]:
    """Return the images whose offset is about that of most."""
    if not helped:
        return []
    offsets = np.array([trials[p].amount for p in helped])
    middle = np.median(offsets, axis=0)
    near = np.abs(offsets - middle).max(axis=1) <= SAME_OFFSET_PX
    return [p for p, is_near in zip(helped, near, strict=True) if is_near]


def _near_factor(trials: Mapping[int, Trial], helped: Sequence[int]) -> list[int]:
    """Return the images whose factor is about that of most; sizes that differ need no agreement."""
    if not helped or len(trials[helped[0]].amount) > 1:
        return list(helped)
    factors = np.log([trials[p].amount[0] for p in helped])
    near = np.abs(factors - np.median(factors)) <= SAME_FACTOR
    return [p for p, is_near in zip(helped, near, strict=True) if is_near]


AGREE: Final[Mapping[Cause, Callable[[Mapping[int, Trial], Sequence[int]], list[int]]]] = {
    "shifted": _near_offset,
    "rescaled": _near_factor,
}
"""Causes whose cure has an amount: a fault has about the same on all images."""

SEEN_IN_PREDICTION: Final[frozenset[Cause]] = frozenset({"label_overflow", "foreground_only"})


def _fault(found: _Explained, checks: Sequence[PredictionCheck]) -> Fault:
    trials = [found.trials[p] for p in sorted(found.cured)]
    before = float(np.mean([checks[p].f1 for p in found.cured]))
    after = float(np.mean([trial.f1 for trial in trials]))
    n_images = len(trials)
    evidence = (
        f"{_seen(found.cause, trials)}: mean F1 at IoU 0.5 of {n_images} "
        f"image{'s' * (n_images > 1)} rises from {before:.2f} to {after:.2f}"
    )
    return Fault(found.cause, evidence, CURES[found.cause], n_images, before, after)


def _seen(cause: Cause, trials: Sequence[Trial]) -> str:
    """Return what undoes the fault, in words."""
    middle = np.median([trial.amount for trial in trials], axis=0) if trials[0].amount else ()
    texts = {
        "shifted": "moved by {:+.0f} rows and {:+.0f} columns (px)",
        "rescaled": "scaled by {:.2f} {how}",
        "inverted": "with the background taken for cells",
        "foreground_only": "few ids hold {:.0f} separate pieces an image; with each piece{how} as "
        "a cell",
        "label_overflow": "no id is above 255, and {:.0f} separate pieces an image share them; "
        "with each piece as a cell",
        "boundary_as_cells": "predicted cells are rings; with what they enclose as cells",
    }
    return texts.get(cause, "{how}").format(*middle, how=trials[0].how)


def _empty(checks: Sequence[PredictionCheck], with_cells: Sequence[int]) -> list[Fault]:
    """Return the fault of a model that finds no cell on most images that have some."""
    empty = [place for place in with_cells if checks[place].n_predicted == 0]
    if 2 * len(empty) <= len(with_cells) or sum(checks[p].n_reference for p in empty) < MIN_CELLS:
        return []
    evidence = f"no cell at all on {len(empty)} of {len(with_cells)} images that have cells"
    return [Fault("empty", evidence, CURES["empty"], len(empty), 0.0, math.nan)]


def _below(
    checks: Sequence[PredictionCheck], with_cells: Sequence[int], baseline_f1: Sequence[float]
) -> list[Fault]:
    """Return the fault of a model that is clearly worse than a method without training."""
    pairs = [(checks[p].f1, baseline_f1[p]) for p in with_cells if not math.isnan(baseline_f1[p])]
    if not pairs:
        return []
    scores, baseline = np.array(pairs).T
    worse = scores < baseline
    if 2 * worse.sum() <= len(pairs) or baseline.mean() - scores.mean() < MUCH:
        return []
    n_images = int(worse.sum())
    evidence = (
        f"below the trivial baseline on {n_images} of {len(pairs)} images: mean F1 at IoU 0.5 "
        f"{scores.mean():.2f} against {baseline.mean():.2f}"
    )
    return [
        Fault(
            "below_baseline",
            evidence,
            CURES["below_baseline"],
            n_images,
            float(scores.mean()),
            float(baseline.mean()),
        )
    ]
