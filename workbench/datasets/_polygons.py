"""Cells as polygons along pixel edges, exact both ways."""

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Ring: TypeAlias = list[tuple[int, int]]
"""Corners (x, y) of a closed line, the first repeated at the end; (0, 0) is the image's corner."""

Polygon: TypeAlias = list[Ring]
"""An outer ring, then its holes."""

_RIGHT_TURN: Final = {(1, 0): (0, 1), (0, 1): (-1, 0), (-1, 0): (0, -1), (0, -1): (1, 0)}


def mask_polygons(mask: npt.NDArray[np.bool_]) -> list[Polygon]:
    """Return the outline of a mask along the edges of its pixels.

    Parameters
    ----------
    mask
        Shape (height, width).

    Returns
    -------
    list of Polygon
        One for each piece whose pixels share edges; outer rings run clockwise on the screen,
        holes against it. Empty for an empty mask. Filled, they give the mask back.

    Examples
    --------
    >>> mask_polygons(np.array([[True, True]]))
    [[[(0, 0), (2, 0), (2, 1), (0, 1), (0, 0)]]]
    """
    pieces, n_pieces = ndimage.label(mask)
    boxes = ndimage.find_objects(pieces)
    return [
        _piece_polygon(pieces[boxes[place]] == place + 1, boxes[place]) for place in range(n_pieces)
    ]


def _piece_polygon(mask: npt.NDArray[np.bool_], box: tuple[slice, slice]) -> Polygon:
    rings = _trace(mask)
    # The outer ring alone encloses all others.
    rings.sort(key=lambda ring: max(x for x, _ in ring) - min(x for x, _ in ring), reverse=True)
    top, left = box[0].start, box[1].start
    return [[(x + left, y + top) for x, y in ring] for ring in rings]


def _trace(mask: npt.NDArray[np.bool_]) -> list[Ring]:
    """Chain the directed pixel edges of a piece, the inside on their right."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    open_edges: dict[tuple[int, int], list[tuple[int, int]]] = {}
    sides: tuple[tuple[Any, tuple[int, int], tuple[int, int]], ...] = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (0, 1)),
        (padded[2:, 1:-1], (1, 1), (-1, 0)),
        (padded[1:-1, :-2], (0, 1), (0, -1)),
    )
    for neighbour, (dx, dy), step in sides:
        for row, column in np.argwhere(inside & ~neighbour).tolist():
            open_edges.setdefault((column + dx, row + dy), []).append(step)
    rings = []
    while open_edges:
        rings.append(_next_ring(open_edges))
    return rings


def _next_ring(open_edges: dict[tuple[int, int], list[tuple[int, int]]]) -> Ring:
    """Follow edges from the first that is left until they close, taking them out."""
    start = min(open_edges)
    place, step = start, (0, 0)
    ring: Ring = []
    while place != start or not ring:
        leaving = open_edges[place]
        # Where two pixels touch at a corner, turning right stays with the same pixel.
        turn = _RIGHT_TURN.get(step)
        chosen = turn if turn in leaving else leaving[0]
        leaving.remove(chosen)
        if not leaving:
            del open_edges[place]
        if chosen != step:
            ring.append(place)
        step = chosen
        place = (place[0] + step[0], place[1] + step[1])
    return [*ring, ring[0]]
