"""Two experts annotated the same images: how much of a method's error they would argue about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.datasets import LabelSource
from workbench.metrics import CellErrors, SideErrors, label_errors, label_overlap
from workbench.schema import ERROR_TYPES, OUTCOMES, PRIMARY_IOU_THRESHOLD, InputError, LabelImage

BoolArray = npt.NDArray[np.bool_]

FIRST: Final = "expert 1"
SECOND: Final = "expert 2"
EXPERTS: Final = (FIRST, SECOND)


@dataclass(frozen=True, eq=False)
class ExpertComparison:
    """Methods against two experts, and the experts against each other; all images together.

    Attributes
    ----------
    outcomes
        A row per method (and "expert 2", against expert 1 alone), expert, side and outcome:
        ``method``, ``against``, ``side``, ``outcome``, ``n_cells``, and ``n_disputed``, those of
        them on which the experts disagree: reference cells that the other expert has not, and
        predicted cells that the other expert has (a pair at the IoU threshold).
    scores
        A row per method and expert: ``method``, ``against``, ``n_reference``, ``n_predicted``,
        ``tp``, ``f1``.
    agreed
        A row per method: ``n_agreed`` cells that both experts drew, ``n_found`` of them that the
        method matched with either; ``n_predicted`` cells and ``n_backed``, those that either
        expert has.
    images
        A row per image annotated by both: ``image_id``, ``n_first`` and ``n_second`` cells of the
        experts, ``n_agreed`` of them the same, and ``f1`` of the experts against each other, NaN
        where neither drew a cell.
    iou_threshold
        From which on two cells are the same.
    """

    outcomes: pd.DataFrame
    scores: pd.DataFrame
    agreed: pd.DataFrame
    images: pd.DataFrame
    iou_threshold: float

    @property
    def n_images(self) -> int:
        """Images annotated by both."""
        return len(self.images)

    @property
    def ceiling(self) -> float:
        """F1 of the experts against each other, the same both ways."""
        between = self.scores[self.scores["method"] == SECOND]
        return float(between["f1"].iloc[0])


def compare_experts(
    first: LabelSource,
    second: LabelSource,
    predictions: Mapping[str, LabelSource],
    *,
    iou_threshold: float = PRIMARY_IOU_THRESHOLD,
) -> ExpertComparison:
    """Score methods against both experts, and say which errors the experts would argue about.

    Parameters
    ----------
    first, second
        Labels of the experts, from :func:`workbench.datasets.open_labels`; images that both have
        are compared.
    predictions
        Labels of each method by its name; an image that it lacks counts as empty.
    iou_threshold
        From which on two cells are the same.

    Returns
    -------
    ExpertComparison
        Counts are summed over images.

    Raises
    ------
    InputError
        If the experts share no image, one of them drew no cell on any, a method has the name of an
        expert or no image of theirs, sizes differ, or labels are volumes.

    Notes
    -----
    An error of a method against one expert is disputed if the other expert would not call it one: a
    lost reference cell that the other expert has not drawn either, or a surplus predicted cell that
    the other expert has drawn.
    """
    shared = shared_images(first, second)
    _check_methods(predictions, shared)
    counts: list[pd.DataFrame] = []
    images: list[dict[str, Any]] = []
    agreed: list[dict[str, Any]] = []
    for image_id in shared:
        labels = {expert: source.read(image_id).labels
                  for expert, source in zip(EXPERTS, (first, second), strict=True)}  # fmt: skip
        between = _errors(labels[FIRST], labels[SECOND], iou_threshold, f"{SECOND}: {image_id}")
        images.append(_of_image(image_id, between))
        counts += _counts(SECOND, FIRST, between, _agree(between))
        for method, source in predictions.items():
            predicted = np.zeros_like(labels[FIRST])
            if image_id in source.image_ids:
                predicted = source.read(image_id).labels
            against = {
                expert: _errors(labels[expert], predicted, iou_threshold, f"{method}: {image_id}")
                for expert in EXPERTS
            }
            for expert, disputed in _disputed(between, against):
                counts += _counts(method, expert, against[expert], disputed)
            agreed.append({"method": method} | _agreed(between, against))
    _check_cells(pd.DataFrame(images), (first, second))
    outcomes = pd.concat(counts).groupby(["method", "against", "side", "outcome"], sort=False)
    summed = outcomes.sum().reset_index()
    methods = ["method", "n_agreed", "n_found", "n_predicted", "n_backed"]
    table = pd.DataFrame(agreed, columns=methods).groupby("method", sort=False).sum().reset_index()
    return ExpertComparison(summed, _scores(summed), table, pd.DataFrame(images), iou_threshold)


def shared_images(first: LabelSource, second: LabelSource) -> list[str]:
    """Return the images that both experts annotated, in the order of the first.

    Raises
    ------
    InputError
        If there are none.
    """
    of_second = set(second.image_ids)
    shared = [name for name in first.image_ids if name in of_second]
    if not shared:
        msg = (
            f"{first.path} and {second.path} have no image in common; name the files of the second "
            f"expert like those of the first (there {first.image_ids[0]!r}, here "
            f"{second.image_ids[0]!r})."
        )
        raise InputError(msg)
    return shared


def _check_methods(predictions: Mapping[str, LabelSource], shared: list[str]) -> None:
    if taken := [name for name in predictions if name in EXPERTS]:
        msg = f"a method can't be called {taken[0]!r}, which is an expert here; rename it."
        raise InputError(msg)
    for method, source in predictions.items():
        if not set(shared).intersection(source.image_ids):
            msg = (
                f"{method} ({source.path}) has none of the experts' images; name its files like "
                f"theirs (there {shared[0]!r}, here {source.image_ids[0]!r})."
            )
            raise InputError(msg)


def _check_cells(images: pd.DataFrame, sources: tuple[LabelSource, LabelSource]) -> None:
    for expert, source, column in zip(EXPERTS, sources, ("n_first", "n_second"), strict=True):
        if not images[column].sum():
            msg = (
                f"{expert} ({source.path}) drew no cell on any image that both annotated, so there "
                "is nothing to compare; look at the files, or choose another channel."
            )
            raise InputError(msg)


def _of_image(image_id: str, between: CellErrors) -> dict[str, Any]:
    n_cells = between.n_reference + between.n_predicted
    return {
        "image_id": image_id,
        "n_first": between.n_reference,
        "n_second": between.n_predicted,
        "n_agreed": between.tp,
        "f1": 2 * between.tp / n_cells if n_cells else np.nan,
    }


Disputed = tuple[BoolArray, BoolArray]
"""Of reference and of predicted cells."""


def _errors(
    reference: LabelImage, predicted: LabelImage, iou_threshold: float, what: str
) -> CellErrors:
    if reference.shape != predicted.shape:
        msg = (
            f"{what} has the size {predicted.shape}, the expert's labels have {reference.shape}; "
            "give labels of the same image, uncropped."
        )
        raise InputError(msg)
    if reference.ndim != 2:
        msg = f"{what} is a volume, of size {predicted.shape}; give its planes as images."
        raise InputError(msg)
    return label_errors(label_overlap(reference, predicted), iou_threshold=iou_threshold)


def _matched(side: SideErrors) -> BoolArray:
    return np.asarray(side.outcome == OUTCOMES.index("matched"))


def _agree(between: CellErrors) -> Disputed:
    """Return which cells of either expert the other has not."""
    return ~_matched(between.reference), ~_matched(between.predicted)


def _disputed(
    between: CellErrors, against: Mapping[str, CellErrors]
) -> Iterator[tuple[str, Disputed]]:
    """Yield for each expert which cells of either side the other expert sees differently."""
    own = dict(zip(EXPERTS, _agree(between), strict=True))
    for expert, other in (EXPERTS, EXPERTS[::-1]):
        matches_expert = _matched(against[expert].predicted)
        matches_other = _matched(against[other].predicted)
        yield expert, (own[expert], matches_expert != matches_other)


def _agreed(between: CellErrors, against: Mapping[str, CellErrors]) -> dict[str, int]:
    both = _matched(between.reference)
    partners = between.reference.partner[both]
    found = _matched(against[FIRST].reference)[both]
    found |= _matched(against[SECOND].reference)[partners]
    backed = _matched(against[FIRST].predicted) | _matched(against[SECOND].predicted)
    return {
        "n_agreed": int(both.sum()),
        "n_found": int(found.sum()),
        "n_predicted": len(backed),
        "n_backed": int(backed.sum()),
    }


def _counts(
    method: str, against: str, errors: CellErrors, disputed: Disputed
) -> list[pd.DataFrame]:
    """Return the number of cells of each outcome and how many of them are disputed, by side."""
    names = ["matched", *ERROR_TYPES]
    parts = []
    for side, found, argued in (
        ("reference", errors.reference, disputed[0]),
        ("predicted", errors.predicted, disputed[1]),
    ):
        n_cells = np.bincount(found.outcome, minlength=len(OUTCOMES))
        n_disputed = np.bincount(found.outcome[argued], minlength=len(OUTCOMES))
        places = [OUTCOMES.index(name) for name in OUTCOMES if name in names]
        part = {"outcome": names, "n_cells": n_cells[places], "n_disputed": n_disputed[places]}
        parts.append(pd.DataFrame({"method": method, "against": against, "side": side} | part))
    return parts


def _scores(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return F1 and its counts, summed over images."""
    rows = []
    for (method, against), part in outcomes.groupby(["method", "against"], sort=False):
        of_side = part.groupby("side")["n_cells"].sum()
        matched = part[(part["outcome"] == "matched") & (part["side"] == "reference")]
        tp, total = int(matched["n_cells"].sum()), int(of_side.sum())
        rows.append(
            {
                "method": method,
                "against": against,
                "n_reference": int(of_side["reference"]),
                "n_predicted": int(of_side["predicted"]),
                "tp": tp,
                "f1": 2 * tp / total if total else np.nan,
            }
        )
    return pd.DataFrame(rows)
