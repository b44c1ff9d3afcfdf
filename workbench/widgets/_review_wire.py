"""The surroundings of a cell as they cross to the browser, and where a review comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pandas as pd

from workbench.schema import LabelImage
from workbench.widgets._comparer_state import REFERENCE
from workbench.widgets._comparer_wire import ComparerSource, Layer, Parcel, pack_image, pack_layer

MARGIN_PX: Final = 64
"""At least so much is shown around a cell, so that it is seen among its neighbours."""
BOX: Final = ("top_px", "left_px", "bottom_px", "right_px")


class CellList(Protocol):
    """Cells to look at, such as :class:`workbench.studies.ReviewCells`."""

    @property
    def title(self) -> str:
        """What is listed."""

    @property
    def member(self) -> str:
        """Whose result is reviewed."""

    @property
    def expected(self) -> str:
        """What correcting all of them would give; may be empty."""

    @property
    def table(self) -> pd.DataFrame:
        """A row per place: image_id, kind, about, box, cells (side, cell id, member), panels."""


class ScoresFound(Protocol):
    """Scores with and without disputed cells, such as :class:`workbench.studies.ReviewScores`."""

    @property
    def changes(self) -> pd.DataFrame:
        """Columns member, f1, f1_without, change, low, high, n_disputed."""

    @property
    def agreement_sentences(self) -> Sequence[str]:
        """How far reviewers agree."""


class ReviewSource(Protocol):
    """Where a review comes from and goes to, such as :func:`workbench.studies.run_review`."""

    @property
    def cells(self) -> CellList:
        """What to look at."""

    @property
    def pictures(self) -> ComparerSource:
        """Images and labels."""

    @property
    def reviewer(self) -> str:
        """Who judges."""

    def verdicts(self) -> pd.DataFrame:
        """Return the last verdict of each cell by each reviewer, the last of all below."""

    def judge(self, row: int, judgement: str, note: str = "") -> None:
        """Note a verdict, or "withdrawn", on a row of the list."""

    def scores(self) -> ScoresFound:
        """Return scores with and without what is disputed now."""


@dataclass(frozen=True, eq=False)
class _Cut:
    """A window of a layer."""

    labels: LabelImage
    cells: pd.DataFrame


def context_window(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns around a box: twice its larger side, 64 px at least, each way.

    Examples
    --------
    >>> context_window((10, 300, 20, 310), (400, 400))
    (slice(0, 84, None), slice(236, 374, None))
    """
    top, left, bottom, right = box
    margin = max(MARGIN_PX, 2 * (bottom - top), 2 * (right - left))
    return (
        slice(max(0, top - margin), min(shape[0], bottom + margin)),
        slice(max(0, left - margin), min(shape[1], right + margin)),
    )


def pack_place(source: ReviewSource, row: int, panel: str) -> Parcel:
    """Pack the surroundings of a row: the image (panel ""), or the cells of a panel.

    The parcel tells at which pixel of the image it begins.
    """
    place = source.cells.table.iloc[row]
    image_id = str(place["image_id"])
    top, left, bottom, right = (int(place[side]) for side in BOX)
    reference = source.pictures.reference(image_id)
    window = context_window((top, left, bottom, right), reference.labels.shape)
    if not panel:
        image, names = source.pictures.image(image_id)
        parcel = pack_image(image, names, window=window)
    elif panel == REFERENCE:
        parcel = pack_layer(_cut(reference, window, reference))
    else:
        parcel = pack_layer(_cut(source.pictures.predicted(image_id, panel), window, reference))
    return Parcel(parcel.about | {"top": window[0].start, "left": window[1].start}, parcel.blocks)


def _cut(layer: Layer, window: tuple[slice, slice], reference: Layer) -> _Cut:
    """Return a layer within a window, with the facts of the cells that are seen there."""
    labels = layer.labels[window]
    cells = layer.cells
    seen = {"predicted": np.unique(labels), "reference": np.unique(reference.labels[window])}
    is_seen = np.zeros(len(cells), bool)
    for side, ids in seen.items():
        is_seen |= ((cells["side"] == side) & cells["cell_id"].isin(ids)).to_numpy()
    return _Cut(labels, cells[is_seen])
