"""Cells far too small to be cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from workbench.datasets._audit_pieces import Pieces
from workbench.datasets._label_values import IntArray

SPECK_PX: Final = 3
SPECK_SHARE: Final = 0.005
"""A speck has at most 3 px, or at most this share of the median area."""

SMALL_SHARE: Final = 0.05
"""Of the median area; nuclei have micronuclei of this size, debris is as small."""

MIN_CELLS: Final = 10
"""A median of fewer cells says nothing."""


@dataclass(frozen=True, eq=False)
class SmallCells:
    """Small cells of an image.

    Attributes
    ----------
    ids, areas
        Their labels and pixels.
    median_px
        Median area of the others; NaN if there are none.
    """

    ids: IntArray
    areas: IntArray
    median_px: float


def find_specks(pieces: Pieces, shape: tuple[int, ...]) -> SmallCells:
    """Find cells that are no more than stray pixels."""
    return _find_small(pieces, shape, share=SPECK_SHARE, always_px=SPECK_PX)


def find_small_cells(pieces: Pieces, shape: tuple[int, ...]) -> SmallCells:
    """Find cells far smaller than the others, specks included."""
    return _find_small(pieces, shape, share=SMALL_SHARE, always_px=SPECK_PX)


def _find_small(
    pieces: Pieces, shape: tuple[int, ...], *, share: float, always_px: int
) -> SmallCells:
    """Find small cells; those at the image border may be the rest of a cell.

    Small cells must not lower the median by which they are found: it is that of the others. So no
    cell becomes a speck when specks are dropped.
    """
    ids, cell = np.unique(pieces.owners, return_inverse=True)
    areas = np.bincount(cell, weights=pieces.areas, minlength=ids.size).astype(np.int64)
    at_border = (pieces.boxes[:, :2] == 0) | (pieces.boxes[:, 2:] == shape)
    inside = np.bincount(cell, weights=at_border.any(axis=1), minlength=ids.size) == 0
    limit: float = always_px
    while True:
        others = areas[inside & (areas > limit)]
        median = float(np.median(others)) if others.size else np.nan
        higher = share * median if others.size >= MIN_CELLS else 0
        if not (others <= higher).any():
            small = inside & (areas <= limit)
            return SmallCells(ids[small], areas[small], median)
        limit = higher
