"""What the threshold panel shows: state in, view out, no screen in sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from workbench.inference import Decoder
from workbench.schema import PRIMARY_IOU_THRESHOLD, ImageArray, InputError, LabelImage
from workbench.studies import (
    CUT_STEPS,
    IOU_STEPS,
    DecoderChoice,
    FoundCells,
    ImageCells,
    f1_over,
    judge_cells,
)


class ThresholdSource(Protocol):
    """Images whose cells can be found again, such as :func:`workbench.studies.run_decodings`."""

    @property
    def scores(self) -> pd.DataFrame:
        """``image_id`` and a column of scores per member, a row per image."""

    def image(self, image_id: str) -> tuple[ImageArray, tuple[str, ...]]:
        """Return an image, shape (height, width, channels), and the names of its channels."""

    def reference(self, image_id: str) -> ImageCells:
        """Return the reference labels."""

    def decoders(self, image_id: str, member: str) -> DecoderChoice:
        """Return how an image can be decoded, or why it can't."""

    def found(self, image_id: str, member: str, decoder: Decoder | None = None) -> FoundCells:
        """Return the cells that a decoder finds; with None those that were stored."""


class ThresholdState(BaseModel):
    """Where the sliders stand.

    Attributes
    ----------
    image_id, member
        What is looked at.
    iou_threshold
        From which on a pair of cells is matched.
    least_confidence
        Predicted cells below it are left out; 0 keeps all.
    decoder
        How maps become cells; None for the prediction as it was stored.
    drawing
        Cells as outlines, as fills, or not at all.
    hidden
        Outcomes that are not drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_id: str
    member: str
    iou_threshold: float = Field(default=PRIMARY_IOU_THRESHOLD, gt=0, le=1)
    least_confidence: float = Field(default=0.0, ge=0, le=1)
    decoder: Decoder | None = None
    drawing: Literal["outlines", "fills", "nothing"] = "outlines"
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ThresholdView:
    """What follows from a state.

    Attributes
    ----------
    labels
        Cells that were found, shape (height, width).
    cells
        A row per cell, the reference's first: ``side``, ``cell_id``, ``outcome`` ("ignored" below
        the confidence cut) and what else is known.
    scores
        F1, precision and recall, NaN where undefined.
    n_events
        Number of errors by type.
    tp, n_reference, n_predicted, n_below
        Matched pairs; cells of either side that count; predicted cells below the cut.
    f1_by_iou
        F1 at each of :data:`workbench.studies.IOU_STEPS`, at this confidence cut.
    f1_by_confidence
        F1 at each of :data:`workbench.studies.CUT_STEPS`, at this IoU threshold.
    """

    labels: LabelImage
    cells: pd.DataFrame
    scores: dict[str, float]
    n_events: dict[str, int]
    tp: int
    n_reference: int
    n_predicted: int
    n_below: int
    f1_by_iou: tuple[float, ...]
    f1_by_confidence: tuple[float, ...]


def resolve_threshold(source: ThresholdSource, state: ThresholdState) -> ThresholdView:
    """Return what a state shows.

    Parameters
    ----------
    source
        Images, and the cells that each decoder finds in them.
    state
        Where the sliders stand.

    Raises
    ------
    InputError
        If there is no such image or member, or its cells can't be found by that decoder.
    """
    refuse_unknown(source.scores, state)
    found = source.found(state.image_id, state.member, state.decoder)
    judged = judge_cells(
        found, iou_threshold=state.iou_threshold, least_confidence=state.least_confidence
    )
    outcomes = [*judged.errors.reference.outcomes, *judged.errors.predicted.outcomes]
    by_iou = f1_over(found, iou_thresholds=IOU_STEPS, least_confidences=[state.least_confidence])[
        :, 0
    ]
    by_confidence = f1_over(
        found, iou_thresholds=[state.iou_threshold], least_confidences=CUT_STEPS
    )[0]
    return ThresholdView(
        labels=found.labels,
        cells=found.cells.assign(outcome=outcomes),
        scores=judged.scores,
        n_events=judged.n_events,
        tp=judged.tp,
        n_reference=judged.n_reference,
        n_predicted=judged.n_predicted,
        n_below=judged.n_below,
        f1_by_iou=tuple(by_iou.tolist()),
        f1_by_confidence=tuple(by_confidence.tolist()),
    )


def refuse_unknown(scores: pd.DataFrame, state: ThresholdState) -> None:
    """Refuse a state of an image or member that is not there.

    Raises
    ------
    InputError
        With the names of some that are.
    """
    image_ids = [str(name) for name in scores["image_id"]]
    if state.image_id not in image_ids:
        msg = (
            f"threshold panel: no image is called {state.image_id!r}, of {len(image_ids)} such as "
            f"{image_ids[0]}."
        )
        raise InputError(msg)
    members = [str(name) for name in scores.columns if name != "image_id"]
    if state.member not in members:
        msg = f"threshold panel: no member is called {state.member!r}, only {', '.join(members)}."
        raise InputError(msg)


@dataclass(frozen=True)
class Dial:
    """The slider of a decoder's setting.

    Attributes
    ----------
    low, high, step
        Where it begins and ends, and the least that it moves.
    help
        What moving it does.
    off_at_end
        Whether the setting is None at the high end.
    """

    low: float
    high: float
    step: float
    help: str
    off_at_end: bool = False


FOREGROUND: Final = Dial(0.05, 0.95, 0.01, "higher: cells shrink, and faint ones vanish")
DIALS: Final[dict[str, Dial]] = {
    "foreground_threshold": FOREGROUND,
    "interior_threshold": FOREGROUND,
    "object_threshold": Dial(0.05, 0.95, 0.01, "higher: fewer cells are proposed"),
    "seed_height_px": Dial(0.05, 5.0, 0.05, "higher: touching cells are merged, fewer are split"),
    "seed_height": Dial(0.01, 0.9, 0.01, "higher: touching cells are merged, fewer are split"),
    "smoothing_px": Dial(0.0, 6.0, 0.25, "higher: fewer seeds, touching cells are merged"),
    "min_area_px": Dial(0, 300, 1, "higher: small cells are dropped"),
    "nms_overlap": Dial(0.0, 0.95, 0.01, "higher: cells may overlap more before one is dropped"),
    "n_steps": Dial(1, 400, 1, "too few: cells come out in pieces"),
    "flow_error_threshold": Dial(
        0.05, 4.0, 0.05, "lower: cells of odd shape are dropped", off_at_end=True
    ),
}
"""Sliders by the names of decoders' settings."""
