"""The values and tables in which all rooms speak.

Coordinates are (row, column) in pixels, row 0 at the top. Label images hold 0 for background and
one positive integer per cell. Scores travel as one tidy table, a row per image, model, seed, metric
and threshold (:data:`SCORE_COLUMNS`); cells as a row per cell and side (:data:`CELL_COLUMNS`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

ImageArray: TypeAlias = npt.NDArray[Any]
"""An image, shape (height, width, channels), of the type its file has."""

FloatImage: TypeAlias = npt.NDArray[np.float32]
"""An image or probability map, shape (height, width, channels)."""

LabelImage: TypeAlias = npt.NDArray[np.integer[Any]]
"""A label image, shape (height, width)."""

ErrorType: TypeAlias = Literal["boundary", "missed", "spurious", "split", "merge", "catastrophe"]
"""Why a cell is not matched: its outline is off; no prediction, or no reference cell, belongs to
it; one cell was predicted as several, several as one, or several as several others."""

ERROR_TYPES: Final[tuple[ErrorType, ...]] = get_args(ErrorType)

Outcome: TypeAlias = Literal["matched", ErrorType, "ignored"]
"""What became of a cell: matched, an error of a type, or left out of the score."""

OUTCOMES: Final[tuple[Outcome, ...]] = ("matched", *ERROR_TYPES, "ignored")

PRIMARY_METRIC: Final = "f1"
PRIMARY_IOU_THRESHOLD: Final = 0.5
"""Declared before looking: models are ranked by the macro mean of F1 at IoU 0.5 per image."""

SCORE_COLUMNS: Final = {
    "dataset": "str",
    "image_id": "str",
    "group": "str",
    "model": "str",
    "seed": "int64",
    "metric": "str",
    "threshold": "float64",
    "convention": "str",
    "value": "float64",
    "tp": "int64",
    "fp": "int64",
    "fn": "int64",
    "n_reference": "int64",
    "n_predicted": "int64",
    "status": "str",
}
"""Columns of the score table and their types.

``group`` names what images share (a slide, a plate), empty if each stands alone. ``threshold`` is
the IoU threshold, NaN for measures that have none. ``tp``, ``fp`` and ``fn`` count cells for
measures with a threshold, pixels for those of foreground pixels, and are 0 for others.
``status`` is one of :data:`STATUSES`.
"""

CELL_COLUMNS: Final = {
    "dataset": "str",
    "image_id": "str",
    "model": "str",
    "seed": "int64",
    "side": "str",
    "cell_id": "int64",
    "area_px": "int64",
    "row_px": "float64",
    "column_px": "float64",
    "top_px": "int64",
    "left_px": "int64",
    "bottom_px": "int64",
    "right_px": "int64",
    "touches_border": "bool",
    "partner_id": "int64",
    "partner_iou": "float64",
    "matched_iou": "float64",
    "confidence": "float64",
    "outcome": "str",
    "detail": "str",
    "event": "int64",
    "boundary_offset_px": "float64",
}
"""Columns of the cell table and their types.

``side`` is "reference" or "predicted". ``partner_id`` is the cell of the other side with the
largest IoU (0 if none overlaps); ``matched_iou`` is the IoU with the cell it is matched to one to
one at IoU 0.5, NaN if it is not, so a cell is matched at a threshold t >= 0.5 where
``matched_iou >= t``. ``confidence`` is the model's own, NaN where it gives none and for reference
cells. Boxes are half-open: rows ``top_px`` to ``bottom_px - 1``.

``outcome`` is one of :data:`OUTCOMES` at IoU 0.5; ``detail`` says more of some types: boundary is
shrunk, grown, shifted or ragged; missed near_miss or clean; spurious background or sliver; split
fragment or shattered; merge swallowed or fused; others are empty. ``event`` numbers the errors of
an image from 1; cells of one error share it, on both sides, matched parts of a split too; 0 for
cells in no error. ``boundary_offset_px`` is the mean signed distance of the predicted outline from
that of the cell's matched or boundary partner, negative inside of it; NaN without one.
"""

ERROR_COLUMNS: Final = {
    "dataset": "str",
    "image_id": "str",
    "group": "str",
    "model": "str",
    "seed": "int64",
    "threshold": "float64",
    "error": "str",
    "n_events": "int64",
    "reference_cells": "int64",
    "predicted_cells": "int64",
    "added_matches": "int64",
    "added_predicted": "int64",
    "tp": "int64",
    "n_reference": "int64",
    "n_predicted": "int64",
}
"""Columns of the error table and their types: a row per image, model, seed, IoU threshold and
error type, with zeros too.

``n_events`` counts errors; ``reference_cells`` and ``predicted_cells`` the unmatched cells in them.
``added_matches`` and ``added_predicted`` are what putting them right would add to the matched and
to the predicted cells; ``tp``, ``n_reference`` and ``n_predicted`` are the image's. F1 without the
errors of some types is 2 (tp + their added matches) / (n_reference + n_predicted + their added
predicted cells).
"""

PixelError: TypeAlias = Literal[
    "over_extension", "hallucination", "shrink", "hole", "missing", "leak", "wrong_instance"
]
"""Why a pixel is wrong; see :func:`workbench.metrics.pixel_errors`."""

PIXEL_ERRORS: Final[tuple[PixelError, ...]] = get_args(PixelError)

PIXEL_ERROR_COLUMNS: Final = {
    "dataset": "str",
    "image_id": "str",
    "group": "str",
    "model": "str",
    "seed": "int64",
    "error": "str",
    "n_pixels": "int64",
}
"""Columns of the table of wrong pixels and their types: a row per image, model, seed and one of
:data:`PIXEL_ERRORS`, with zeros too."""

STATUSES: Final = {
    "ok": "scored",
    "undefined": "no cells in reference and prediction: no score, left out for every model",
    "missing": "no prediction file: scored as an empty prediction",
    "unreadable": "the prediction file can't be read: scored as an empty prediction",
    "shape_mismatch": "prediction and reference differ in size: scored as an empty prediction",
    "reference_unreadable": "the reference can't be read: no score, left out for every model",
}
"""What can have happened to an image, in words for tables and reports."""

FAILED_STATUSES: Final = ("missing", "unreadable", "shape_mismatch")
"""Of them, those in which a prediction was scored as an empty one."""


OUTCOME_COLOURS: Final[Mapping[Outcome, str]] = {
    "matched": "#0090E0",
    "boundary": "#00E6FF",
    "missed": "#F5A800",
    "spurious": "#E0218A",
    "split": "#4D33FF",
    "merge": "#808000",
    "catastrophe": "#1A664D",
    "ignored": "#B3B3B3",
}
"""Colours of outcomes wherever cells are shown; told apart under the common colour blindnesses, and
by line style too where outlines are drawn."""


UNITS: Final = {
    "px": "px",
    "px2": "px²",
    "um": "µm",
    "um2": "µm²",
    "nm": "nm",
    "mpx": "per million px",
    "percent": "%",
    "deg": "°",
}
"""Endings of column names that are units, and how they read."""


COLUMN_LABELS: Final = {
    "elongation": "Elongation (1 round, 0 line)",
    "median_elongation": "Median elongation (1 round, 0 line)",
    "noise_sd": "Noise, standard deviation",
    "intensity_sd": "Intensity, standard deviation",
    "intensity_p99": "Intensity, 99th percentile",
    "intensity_p99_9": "Intensity, 99.9th percentile",
    "intensity_p50": "Intensity, median",
    "intensity_p1": "Intensity, 1st percentile",
    "intensity_p0_1": "Intensity, 0.1th percentile",
}
"""Columns whose names alone would mislead or read badly."""


def column_label(name: str) -> str:
    """Return how a column is called on an axis: words, then the unit that its name ends in.

    Examples
    --------
    >>> column_label("median_area_um2"), column_label("n_cells"), column_label("foreground")
    ('Median area, µm²', 'Number of cells', 'Foreground')
    """
    if name in COLUMN_LABELS:
        return COLUMN_LABELS[name]
    words = name.split("_")
    unit = UNITS.get(words[-1], "") if len(words) > 1 else ""
    if unit:
        words = words[:-1]
    if words[-1] == "per":
        words = words[:-1]
    if words[0] == "n" and len(words) > 1:
        words = ["number", "of", *words[1:]]
    text = " ".join(words)
    return text[:1].upper() + text[1:] + (f", {unit}" if unit else "")


class InputError(ValueError):
    """Something a user gave is wrong: the message says what was expected, what came, and the cure.

    The command line prints the message alone; any other exception is a fault of ours and keeps
    its traceback.
    """


@dataclass(frozen=True, eq=False)
class Sample:
    """One image with what is known about it.

    Attributes
    ----------
    image_id
        Unique within its data set; also the stem of the files made for it.
    image
        Shape (height, width, channels), uint8, uint16 or float32.
    reference
        Label image, shape (height, width), uint32; None where no annotation exists.
    metadata
        Further columns of the manifest (modality, cell_type, ...).
    channel_names
        One for each channel, or empty where nothing names them.
    pixel_size_um
        Distance between the centres of neighbouring pixels in micrometres; NaN if unknown.
    """

    image_id: str
    image: ImageArray
    reference: LabelImage | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    channel_names: tuple[str, ...] = ()
    pixel_size_um: float = float("nan")


@dataclass(frozen=True, order=True)
class Member:
    """One model trained with one seed: what predictions and scores belong to.

    Examples
    --------
    >>> Member("unet", 0).name
    'unet-0'
    """

    model: str
    seed: int

    @property
    def name(self) -> str:
        """Folder name and label of the member."""
        return f"{self.model}-{self.seed}"


@dataclass(frozen=True, eq=False)
class Overlay:
    """One image with reference, prediction and what became of each cell.

    Attributes
    ----------
    sample
        The image and its reference labels.
    member
        Whose prediction this is.
    predicted
        Label image of the same size as the reference.
    reference_outcomes, predicted_outcomes
        Outcome of each cell id on either side at the primary IoU threshold.
    scores
        The image's scores by name, e.g. ``{"f1": 0.83}``.
    reference_details, predicted_details
        What more is known of a cell's error, by id; see :data:`CELL_COLUMNS`.
    """

    sample: Sample
    member: Member
    predicted: LabelImage
    reference_outcomes: Mapping[int, Outcome]
    predicted_outcomes: Mapping[int, Outcome]
    scores: Mapping[str, float]
    reference_details: Mapping[int, str] = field(default_factory=dict)
    predicted_details: Mapping[int, str] = field(default_factory=dict)
