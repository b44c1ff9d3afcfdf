"""Maps to cells, tile by tile, so that memory grows with the tile and not with the image."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from workbench.inference._confidence import mask_stability
from workbench.inference._encoding import Encoding
from workbench.schema import FloatImage, LabelImage
from workbench.transforms import overlapping_cells

logger = logging.getLogger(__name__)

Place: TypeAlias = tuple[slice, slice]
Confidences: TypeAlias = Mapping[str, npt.NDArray[np.float32]]

# In place of pixels that are no longer needed: an empty view of them would keep them in memory.
_FORGOTTEN: Final = np.empty((0, 0), np.int32)


@dataclass(frozen=True, eq=False)
class DecodedCells:
    """Cells, int32, numbered from 1 without gaps, and the confidences of each."""

    labels: LabelImage
    confidences: Confidences


def decode_in_tiles(
    paint: Callable[[Place], FloatImage],
    size_px: tuple[int, int],
    *,
    encoding: Encoding,
    decoder: Any,
    tile_px: int,
    overlap_px: int,
    stability: bool = False,
) -> DecodedCells:
    """Decode maps in overlapping tiles and join cells across them.

    A pixel belongs to the tile in whose middle it lies: overlaps are split halfway. Of a tile
    count the cells that reach into its own pixels; two cells of two tiles are one if their IoU,
    within the pixels that both tiles see, is above one half.

    Parameters
    ----------
    paint
        Returns the maps of some rows and columns, the same wherever they are asked for.
    size_px
        Height and width of the image.
    encoding, decoder
        How maps become cells.
    tile_px
        Side of a tile at most; an image that fits is decoded whole.
    overlap_px
        What neighbouring tiles share, less than ``tile_px``.
    stability
        Whether "stability" is among the confidences, see :func:`mask_stability`; left out for a
        decoder without foreground threshold.

    Returns
    -------
    DecodedCells
        A cell that several tiles see has the confidences of the one that sees most of it.

    Notes
    -----
    The cells are those of the whole image, up to their numbers, as long as what decides a cell
    lies within half an overlap of it: no decoder takes a yardstick from the whole of the maps. A
    larger cell is joined from its pieces, and a warning counts them: it comes out whole where the
    decoder finds a cell from a part of it, as floods do; one that looks for centres (star-convex
    shapes, flows) needs a larger overlap.
    """
    decode = partial(_decoded, encoding=encoding, decoder=decoder, stability=stability)
    tiles = _tiles(size_px, tile_px, overlap_px)
    if len(tiles) == 1:
        return decode(paint(tiles[0].place))
    joined = np.zeros(size_px, np.int32)
    seen: list[_TileCells] = []
    links = [np.empty((0, 2), np.int64)]
    n_nodes = 1
    near: list[_TileCells] = []
    for tile in tiles:
        cells = _cells_of(tile, decode(paint(tile.place)), n_nodes)
        joined[tile.own] = tile.crop(cells.nodes, tile.own)
        near = [other for other in near if other.tile.place[0].stop > tile.place[0].start]
        links += [_same_cells(other, cells) for other in near]
        near.append(cells)
        seen.append(replace(cells, nodes=_FORGOTTEN))
        n_nodes += len(cells.areas)
    _tell_of_large_cells(sum(cells.n_cut for cells in seen), overlap_px)
    cell_of = _components(np.concatenate(links), n_nodes)
    for start in range(0, size_px[0], tile_px):  # whole, the indices would take twice the labels
        joined[start : start + tile_px] = cell_of[joined[start : start + tile_px]]
    return DecodedCells(joined, _confidences_of_largest(seen, cell_of[1:]))


@dataclass(frozen=True)
class _Tile:
    """The pixels that a tile sees, those of them that are its own, and the image's size."""

    place: Place
    own: Place
    size_px: tuple[int, int]

    def crop(self, pixels: npt.NDArray[Any], place: Place) -> npt.NDArray[Any]:
        """Return the tile's pixels at some rows and columns of the image."""
        rows, columns = (
            slice(part.start - seen.start, part.stop - seen.start)
            for part, seen in zip(place, self.place, strict=True)
        )
        return pixels[rows, columns]

    def cut_edges(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the outermost pixels where the tile ends and the image goes on."""
        lines = [pixels[:0, 0]]
        for axis, (seen, length) in enumerate(zip(self.place, self.size_px, strict=True)):
            lines += [pixels.take(0, axis)] if seen.start > 0 else []
            lines += [pixels.take(-1, axis)] if seen.stop < length else []
        return np.concatenate(lines)


@dataclass(frozen=True, eq=False)
class _TileCells:
    """Cells of a tile that reach into its own pixels, numbered throughout the image.

    ``n_cut`` of them lie at an edge at which the image goes on.
    """

    tile: _Tile
    nodes: npt.NDArray[np.int32]
    areas: npt.NDArray[np.int64]
    confidences: Confidences
    n_cut: int


def _tiles(size_px: tuple[int, int], tile_px: int, overlap_px: int) -> list[_Tile]:
    down, across = (_stretches(length, tile_px, overlap_px) for length in size_px)
    return [
        _Tile(place=(rows, columns), own=(own_rows, own_columns), size_px=size_px)
        for rows, own_rows in down
        for columns, own_columns in across
    ]


def _stretches(length: int, tile_px: int, overlap_px: int) -> list[tuple[slice, slice]]:
    """Return what each of the fewest, evenly spread tiles along an axis sees, and what it owns."""
    n_tiles = max(1, -(-(length - overlap_px) // (tile_px - overlap_px)))
    side = min(length, tile_px)
    starts = np.linspace(0, length - side, n_tiles).round().astype(int).tolist()
    seams = [(start + before + side) // 2 for before, start in pairwise(starts)]
    return [
        (slice(start, start + side), slice(first, last))
        for start, first, last in zip(starts, [0, *seams], [*seams, length], strict=True)
    ]


def _decoded(
    maps: FloatImage, *, encoding: Encoding, decoder: Any, stability: bool
) -> DecodedCells:
    labels = encoding.decode(maps, decoder)
    sure = encoding.confidences(maps, labels)
    if stability and hasattr(decoder, "foreground_threshold"):
        sure = {**sure, "stability": mask_stability(encoding, maps, decoder, labels)}
    return DecodedCells(labels, sure)


def _cells_of(tile: _Tile, found: DecodedCells, first: int) -> _TileCells:
    labels = found.labels
    is_own = np.zeros(labels.max() + 1, bool)
    is_own[tile.crop(labels, tile.own)] = True
    is_own[0] = False
    number = np.where(is_own, first - 1 + np.cumsum(is_own), 0).astype(np.int32)
    return _TileCells(
        tile=tile,
        nodes=number[labels],
        areas=np.bincount(labels.ravel())[is_own],
        confidences={name: values[is_own[1:]] for name, values in found.confidences.items()},
        n_cut=int(is_own[np.unique(tile.cut_edges(labels))].sum()),
    )


def _same_cells(first: _TileCells, second: _TileCells) -> npt.NDArray[np.int64]:
    """Return pairs of cells of two tiles that are one cell, shape (n, 2)."""
    rows, columns = (
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(first.tile.place, second.tile.place, strict=True)
    )
    if columns.start >= columns.stop:
        return np.empty((0, 2), np.int64)
    pairs, iou = overlapping_cells(
        first.tile.crop(first.nodes, (rows, columns)),
        second.tile.crop(second.nodes, (rows, columns)),
    )
    return pairs[iou > 0.5]


def _components(links: npt.NDArray[np.int64], n_nodes: int) -> npt.NDArray[np.int32]:
    """Return the cell, 1 to n, that each node belongs to; node 0 is background."""
    graph = sparse.coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), (n_nodes, n_nodes))
    # Components are numbered by their first node, and that of the background is the first of all.
    _, cell_of = sparse.csgraph.connected_components(graph, directed=False)
    return np.asarray(cell_of, np.int32)


def _confidences_of_largest(
    seen: Sequence[_TileCells], cell_of: npt.NDArray[np.int32]
) -> Confidences:
    """Return for each cell the confidences of the tile that sees most of it."""
    areas = np.concatenate([cells.areas for cells in seen])
    order = np.lexsort((-areas, cell_of))
    _, first = np.unique(cell_of[order], return_index=True)
    return {
        name: np.concatenate([cells.confidences[name] for cells in seen])[order[first]]
        for name in seen[0].confidences
    }


def _tell_of_large_cells(n_cut: int, overlap_px: int) -> None:
    if n_cut:
        logger.warning(
            "%d pieces of cells end at the edge of their tile and were joined by what tiles share "
            "of them; tile_overlap_px above %d shows such cells whole",
            n_cut,
            overlap_px,
        )
