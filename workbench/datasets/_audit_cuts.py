"""Cells that a straight line, such as the border of a tile, cuts into two labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from workbench.datasets._audit_findings import Box
from workbench.datasets._audit_pieces import Pieces, box_around
from workbench.datasets._label_values import IntArray

MIN_CUT_PX: Final = 8
MIN_CUT_ON_LINE_PX: Final = 4
"""Shorter straight borders are common between touching cells."""

CUTS_OF_A_LINE: Final = 3
"""So many cut cells on one line make it a border of tiles."""


@dataclass(frozen=True)
class Cut:
    """A straight border between two labels that look like one cell.

    Attributes
    ----------
    first, second
        The labels, the one above or to the left first.
    axis
        0 for a border along a row, 1 along a column.
    line
        Row or column just behind the border.
    length_px
        Of the border.
    n_on_line
        How many cuts lie on the same line.
    box
        Around both labels.
    """

    first: int
    second: int
    axis: int
    line: int
    length_px: int
    n_on_line: int
    box: Box


def find_cuts(pieces: Pieces) -> list[Cut]:
    """Find pairs of labels that a horizontal or vertical line seems to have cut apart.

    The border must be straight and as wide as either piece is along it. A single pair must show
    clearly that it is one cell: a border of at least 8 px and of at least 0.8 of the greatest
    width of either piece, and both together nearly convex. Of three or more pairs on a line which
    hardly any piece crosses, 4 px suffice.
    """
    borders = _straight_borders(pieces.image)
    cuts = []
    for (axis, line), group in borders.groupby(["axis", "line"], sort=True):
        facts = [_facts(pieces, border) for border in group.itertuples(index=False)]
        meeting = [fact for fact in facts if fact.looks_cut]
        n_crossing = _crossing(pieces.image, int(axis), int(line))
        on_line = len(meeting) >= CUTS_OF_A_LINE and 2 * n_crossing <= len(meeting)
        kept = meeting if on_line else [fact for fact in meeting if fact.surely_cut]
        cuts += [
            Cut(*fact.labels, int(axis), int(line), fact.length_px, len(kept), fact.box)
            for fact in kept
        ]
    return cuts


@dataclass(frozen=True)
class _Facts:
    labels: tuple[int, int]
    length_px: int
    share_of_border: float
    share_of_line: float
    share_of_width: float
    solidity: float
    box: Box

    @property
    def looks_cut(self) -> bool:
        return self.share_of_line >= 0.8

    @property
    def surely_cut(self) -> bool:
        return (
            self.length_px >= MIN_CUT_PX
            and min(self.share_of_border, self.share_of_line) >= 0.9
            and self.share_of_width >= 0.8
            and self.solidity >= 0.93
        )


def _straight_borders(image: IntArray) -> pd.DataFrame:
    """Return pairs of pieces that meet along one straight line for most of their border."""
    meetings = pd.concat([_meetings(across, axis) for axis, across in enumerate((image, image.T))])
    pair = [meetings[["first", "second"]].min(axis=1), meetings[["first", "second"]].max(axis=1)]
    meetings["border_px"] = meetings["length_px"].groupby(pair).transform("sum")
    straight = meetings["length_px"] >= 0.8 * meetings["border_px"]
    return meetings[straight & (meetings["length_px"] >= MIN_CUT_ON_LINE_PX)]


def _meetings(across: IntArray, axis: int) -> pd.DataFrame:
    """Return how many pixels of each row lie above which other piece."""
    above, below = across[:-1], across[1:]
    rows, columns = np.nonzero((above != below) & (above > 0) & (below > 0))
    table = pd.DataFrame(
        {"first": above[rows, columns], "second": below[rows, columns], "line": rows + 1}
    )
    counts = table.groupby(["first", "second", "line"], as_index=False).size()
    return counts.rename(columns={"size": "length_px"}).assign(axis=axis)


def _crossing(image: IntArray, axis: int, line: int) -> int:
    """Return how many pieces go on across a line."""
    across = image if axis == 0 else image.T
    same = (across[line - 1] == across[line]) & (across[line] > 0)
    return int(np.unique(across[line][same]).size)


def _facts(pieces: Pieces, border: tuple[int, ...]) -> _Facts:
    from skimage.measure import regionprops

    first, second, line, length_px, axis, border_px = border
    box = box_around(pieces.boxes[[first - 1, second - 1]])
    top, left, bottom, right = box
    crop = pieces.image[top:bottom, left:right]
    if axis:
        crop = crop.T
    row = line - (left if axis else top)
    halves = crop == first, crop == second
    on_line = max(np.count_nonzero(halves[0][row - 1]), np.count_nonzero(halves[1][row]))
    width = max(half.sum(axis=1).max() for half in halves)
    (union,) = regionprops((halves[0] | halves[1]).astype(np.uint8))
    return _Facts(
        labels=(int(pieces.owners[first - 1]), int(pieces.owners[second - 1])),
        length_px=int(length_px),
        share_of_border=length_px / border_px,
        share_of_line=length_px / on_line,
        share_of_width=length_px / width,
        solidity=float(union.solidity),
        box=box,
    )
