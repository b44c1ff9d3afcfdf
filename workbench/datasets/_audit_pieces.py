"""Connected pieces of the cells, and what they are: the cell itself, crumbs, other cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.datasets._audit_findings import Box
from workbench.datasets._label_values import IntArray
from workbench.schema import LabelImage

CRUMB_PX: Final = 9
CRUMB_SHARE: Final = 0.1
CRUMB_SHARE_ANY_SIZE: Final = 0.01
"""A crumb has at most 9 px and a tenth of the cell's largest piece, or a hundredth of it."""

SIMILAR_SHARE: Final = 0.25
FAR_DIAMETERS: Final = 2.0
"""A piece that is another cell has at least a quarter of the area of the cell's largest piece, and
a gap of two diameters around it."""

MANY_REPEATED: Final = 5
MANY_REPEATED_SHARE: Final = 0.2
NEAR_DIAMETERS: Final = 0.25
"""Where so many labels, and so large a share of all, stand for cells far apart, tiles were joined
without new numbers: cells of one number lie near each other by chance too."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Connected pieces of equal labels; pixels touching at a corner are connected.

    Attributes
    ----------
    image
        Number of the piece of each pixel, from 1; 0 for background.
    owners, areas
        Label and pixels of each piece.
    boxes
        Shape (pieces, 4): top, left, bottom, right, half-open.
    """

    image: IntArray
    owners: IntArray
    areas: IntArray
    boxes: IntArray

    def of_several(self) -> dict[int, IntArray]:
        """Return the positions of the pieces of each label that has several, the largest first."""
        order = np.lexsort((-self.areas, self.owners))
        ids, first, count = np.unique(self.owners[order], return_index=True, return_counts=True)
        torn = np.flatnonzero(count > 1)
        return {int(ids[i]): order[first[i] : first[i] + count[i]] for i in torn}

    def mask(self, chosen: IntArray) -> npt.NDArray[np.bool_]:
        """Return which pixels belong to the chosen pieces."""
        marked = np.zeros(self.owners.size + 1, bool)
        marked[chosen + 1] = True
        return marked[self.image]


def find_pieces(labels: LabelImage) -> Pieces:
    """Find the connected pieces of a label image, in reading order of their first pixels."""
    from skimage.measure import label

    image = np.asarray(label(labels, connectivity=2), np.int64)
    areas = np.bincount(image.ravel())
    owners = np.zeros(areas.size, np.int64)
    owners[image.ravel()] = labels.ravel()
    boxes = [(r.start, c.start, r.stop, c.stop) for r, c in ndimage.find_objects(image)]
    return Pieces(image, owners[1:], areas[1:], np.array(boxes, np.int64).reshape(-1, 4))


@dataclass(frozen=True, eq=False)
class PieceGroups:
    """What the pieces of one label are.

    Attributes
    ----------
    cells
        Positions of the pieces of each cell, that with the largest piece first. More than one
        cell where the label stands for several far apart.
    crumbs
        Positions of the pieces that are stray pixels.
    """

    cells: list[IntArray]
    crumbs: IntArray


def piece_groups(pieces: Pieces) -> dict[int, PieceGroups]:
    """Sort the pieces of each label that has several into cells and crumbs."""
    torn = pieces.of_several()
    groups = {cell_id: _grouped(pieces, torn[cell_id], FAR_DIAMETERS) for cell_id in torn}
    n_repeated = sum(len(group.cells) > 1 for group in groups.values())
    share = n_repeated / max(1, np.unique(pieces.owners).size)
    if n_repeated >= MANY_REPEATED and share >= MANY_REPEATED_SHARE:
        return {cell_id: _grouped(pieces, torn[cell_id], NEAR_DIAMETERS) for cell_id in torn}
    return groups


def _grouped(pieces: Pieces, of_cell: IntArray, far_diameters: float) -> PieceGroups:
    areas = pieces.areas[of_cell]
    share = areas / areas[0]
    crumb = (share <= CRUMB_SHARE_ANY_SIZE) | ((areas <= CRUMB_PX) & (share <= CRUMB_SHARE))
    real = of_cell[~crumb]
    group = _near_groups(pieces.boxes[real], pieces.areas[real], far_diameters)
    similar = pieces.areas[real] >= SIMILAR_SHARE * areas[0]
    home = group == group[0]
    cells = [real[home]]
    for number in np.unique(group[~home]):
        members = group == number
        if similar[members].any():
            cells.append(real[members])
        else:
            cells[0] = np.concatenate([cells[0], real[members]])
    return PieceGroups(cells, of_cell[crumb])


def box_around(boxes: IntArray) -> Box:
    """Return the smallest box around boxes."""
    top, left = boxes[:, :2].min(axis=0).tolist()
    bottom, right = boxes[:, 2:].max(axis=0).tolist()
    return top, left, bottom, right


def label_boxes(labels: LabelImage, ids: IntArray) -> dict[int, Box]:
    """Return the boxes of some labels, given ascending."""
    if not ids.size:
        return {}
    ranks = np.searchsorted(ids, labels).clip(max=ids.size - 1)
    found = ndimage.find_objects(np.where(ids[ranks] == labels, ranks + 1, 0))
    boxes = [(r.start, c.start, r.stop, c.stop) for r, c in found]
    return dict(zip(ids.tolist(), boxes, strict=True))


def _near_groups(boxes: IntArray, areas: IntArray, far_diameters: float) -> IntArray:
    """Return equal numbers for pieces nearer than so many diameters of the larger."""
    starts, stops = boxes[:, None, :2], boxes[:, None, 2:]
    gaps = np.maximum(starts - stops.swapaxes(0, 1), starts.swapaxes(0, 1) - stops).clip(min=0)
    diameters = np.sqrt(4 / np.pi * areas)
    limits = far_diameters * np.maximum(diameters[:, None], diameters)
    near = coo_array(np.hypot(gaps[..., 0], gaps[..., 1]) < limits)
    numbers: IntArray = connected_components(near, directed=False)[1].astype(np.int64)
    return numbers
