"""Background enclosed by a single cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from workbench.datasets._label_values import IntArray
from workbench.schema import LabelImage


@dataclass(frozen=True, eq=False)
class Holes:
    """Holes of the cells of an image.

    Attributes
    ----------
    image
        Label of the cell around each pixel of a hole; 0 elsewhere.
    owners, areas
        Label of the cell and pixels of each hole.
    """

    image: LabelImage
    owners: IntArray
    areas: IntArray


def find_holes(labels: LabelImage) -> Holes:
    """Find the connected areas of background that touch one cell alone and no image border.

    Background is connected along pixel edges, since cells are connected at corners too. A gap
    between two cells is no hole, nor is background with a cell inside.
    """
    areas_of_ground, n_grounds = ndimage.label(labels == 0)
    pairs = np.unique(
        np.concatenate(
            [
                _meetings(ground, cells)
                for ground, cells in (
                    (areas_of_ground[:-1], labels[1:]),
                    (areas_of_ground[1:], labels[:-1]),
                    (areas_of_ground[:, :-1], labels[:, 1:]),
                    (areas_of_ground[:, 1:], labels[:, :-1]),
                )
            ]
        ),
        axis=0,
    )
    n_neighbours = np.bincount(pairs[:, 0], minlength=n_grounds + 1)
    enclosed = n_neighbours == 1
    for side in (
        areas_of_ground[0],
        areas_of_ground[-1],
        areas_of_ground[:, 0],
        areas_of_ground[:, -1],
    ):
        enclosed[side] = False
    owner = np.zeros(n_grounds + 1, np.int64)
    owner[pairs[:, 0]] = pairs[:, 1]
    owner[~enclosed] = 0
    kept = np.flatnonzero(owner)
    areas = np.bincount(areas_of_ground.ravel(), minlength=n_grounds + 1)[kept]
    return Holes(owner[areas_of_ground].astype(labels.dtype), owner[kept], areas)


def _meetings(ground: IntArray, cells: LabelImage) -> IntArray:
    """Return which areas of background lie beside which cells."""
    meet = (ground > 0) & (cells > 0)
    return np.unique(np.column_stack([ground[meet], cells[meet]]).astype(np.int64), axis=0)
