"""The images of a run with the cells of each model, read when a panel asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.analysis import image_overview
from workbench.datasets import read_labels, read_record_image, read_reference
from workbench.schema import InputError, LabelImage, Member
from workbench.store import read_image_cells
from workbench.studies._view import RunView

if TYPE_CHECKING:
    from workbench.datasets import Record
    from workbench.schema import ImageArray

KEPT: Final = 32
"""Label images kept in memory, so that going back is quick."""
PLAIN: Final = ("side", "cell_id", "area_px", "row_px", "column_px")
"""What is known of a reference cell without a model."""
FACTS: Final = (
    "side", "cell_id", "outcome", "detail", "partner_id", "partner_iou", "matched_iou",
    "confidence", "area_px", "row_px", "column_px",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ImageCells:
    """Cells of one image.

    Attributes
    ----------
    labels
        Shape (height, width); 0 is background.
    cells
        A row per cell, columns of :data:`workbench.schema.CELL_COLUMNS`.
    """

    labels: LabelImage
    cells: pd.DataFrame


class RunPictures:
    """What the comparer shows of a run; made by :func:`run_pictures`.

    Attributes
    ----------
    view
        The run.
    scores
        ``image_id`` and F1 at IoU 0.5 by member, a row per image in the order of the data set.
    """

    def __init__(self, view: RunView) -> None:
        self.view = view
        self._records: dict[str, Record] = {r.image_id: r for r in view.dataset.records}
        self._members = {member.name: member for member in view.members}
        self.scores = _score_columns(view, list(self._records))
        self._read = lru_cache(KEPT)(self._read_labels)
        self._cells = lru_cache(KEPT)(self._read_cells)

    def image(self, image_id: str) -> tuple[ImageArray, tuple[str, ...]]:
        """Return an image and the names of its channels."""
        read = read_record_image(self._record(image_id))
        return read.pixels, tuple(read.channel_names)

    def reference(self, image_id: str) -> ImageCells:
        """Return the reference labels."""
        cells = self._of_member(image_id, self.view.members[0])
        reference = cells[cells["side"] == "reference"]
        return ImageCells(self._read(image_id, None), reference[list(PLAIN)].reset_index(drop=True))

    def predicted(self, image_id: str, model: str) -> ImageCells:
        """Return what a member found; nothing where its prediction could not be used."""
        member = self._members[model]
        cells = self._of_member(image_id, member)
        shown = [name for name in FACTS if name in cells]
        return ImageCells(self._read(image_id, model), cells[shown].reset_index(drop=True))

    def _of_member(self, image_id: str, member: Member) -> pd.DataFrame:
        cells = self._cells(image_id)
        return cells[(cells["model"] == member.model) & (cells["seed"] == member.seed)]

    def _read_cells(self, image_id: str) -> pd.DataFrame:
        return read_image_cells(self.view.run.cells_file, image_id)

    def _read_labels(self, image_id: str, model: str | None) -> LabelImage:
        record = self._record(image_id)
        if model is None:
            return read_reference(record)
        scores = self.view.scores
        member = self._members[model]
        statuses = scores.loc[
            (scores["image_id"] == image_id)
            & (scores["model"] == member.model)
            & (scores["seed"] == member.seed),
            "status",
        ]
        if len(statuses) and statuses.iloc[0] in ("ok", "undefined"):
            return read_labels(self.view.run.prediction_file(member, image_id))
        # As it was scored: like an empty prediction.
        return np.zeros_like(self._read(image_id, None))

    def _record(self, image_id: str) -> Record:
        if image_id not in self._records:
            msg = f"data set {self.view.dataset.root} has no image {image_id!r}."
            raise InputError(msg)
        return self._records[image_id]


def run_pictures(view: RunView) -> RunPictures:
    """Return the images of a run for :func:`workbench.widgets.comparer`.

    Parameters
    ----------
    view
        From :func:`open_view`; label images are read when they are asked for, and a few are kept.
    """
    return RunPictures(view)


def _score_columns(view: RunView, image_ids: list[str]) -> pd.DataFrame:
    overview = image_overview(view.scores)
    names = overview["model"] + "-" + overview["seed"].astype(str)
    wide = overview.assign(member=names).pivot_table(
        index="image_id", columns="member", values="value", dropna=False, sort=False
    )
    scored = [image_id for image_id in image_ids if image_id in wide.index]
    members = [member.name for member in view.members]
    return wide.reindex(index=scored, columns=members).rename_axis(columns=None).reset_index()
