"""Repairs of what an audit finds in labels: each mends one fault and touches nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.datasets._audit_cuts import find_cuts
from workbench.datasets._audit_findings import REPAIRS
from workbench.datasets._audit_holes import find_holes
from workbench.datasets._audit_pieces import find_pieces, piece_groups
from workbench.datasets._audit_specks import find_specks
from workbench.datasets._audit_values import background_label, is_binary_mask, recognised
from workbench.datasets._label_values import Array
from workbench.schema import InputError, LabelImage


@dataclass(frozen=True)
class Repaired:
    """What a repair did to a label image.

    Attributes
    ----------
    repair
        Its name, see :data:`REPAIRS`.
    cell_ids
        The cells concerned, by their numbers before the repair.
    n_pixels
        How many pixels changed.
    """

    repair: str
    cell_ids: tuple[int, ...]
    n_pixels: int

    @property
    def text(self) -> str:
        """The same in words."""
        n_cells = len(self.cell_ids)
        cells = "1 cell" if n_cells == 1 else f"{n_cells:,} cells"
        return f"{REPAIRS[self.repair]}: {cells}, {self.n_pixels:,} px"


def repair_labels(labels: Array, codes: Iterable[str]) -> tuple[LabelImage, tuple[Repaired, ...]]:
    """Mend faults of a label image.

    Parameters
    ----------
    labels
        Shape (height, width), whole numbers; 0 for background.
    codes
        Names of repairs, see :data:`workbench.datasets.REPAIRS`; they are applied in the order
        listed there, whatever order they are given in.

    Returns
    -------
    labels : ndarray of uint32
        Cells without a fault are as they were, number included. Repairing again changes nothing.
    repaired : tuple of Repaired
        What was done; empty if there was nothing to mend.

    Raises
    ------
    InputError
        If a repair is unknown, or the numbers can't be labels.

    Notes
    -----
    One repair can uncover work for another (joining the halves of a ring makes a hole), so they
    are applied in turn until nothing changes. Each finds by the rules of
    :func:`workbench.datasets.audit_labels`.

    Examples
    --------
    >>> labels = np.pad([[5, 5, 5], [5, 0, 5], [5, 5, 5]], 1)
    >>> mended, repaired = repair_labels(labels, ["fill_holes"])
    >>> int((mended == 5).sum()), repaired[0].text
    (9, 'background enclosed by one cell became that cell: 1 cell, 1 px')
    """
    wanted = set(codes)
    if unknown := sorted(wanted - set(REPAIRS)):
        msg = f"no repair is called {unknown[0]!r}; there are {', '.join(REPAIRS)}."
        raise InputError(msg)
    read = recognised(labels)
    if isinstance(read, str):
        msg = f"these are no labels that can be repaired: {read}"
        raise InputError(msg)
    mended: LabelImage = labels.astype(np.uint32)
    done: list[Repaired] = []
    while True:
        before = mended
        for name in (name for name in REPAIRS if name in wanted):
            repaired = STEPS[name](mended)
            changed = repaired != mended
            if changed.any():
                ids = np.unique(mended[changed] if name != "fill_holes" else repaired[changed])
                done.append(Repaired(name, tuple(ids.tolist()), int(changed.sum())))
                mended = repaired
        if mended is before:
            return mended, tuple(done)


def clear_background(labels: LabelImage) -> LabelImage:
    """Make the label that covers most of the image, to all its sides, background."""
    background = background_label(labels)
    return labels if background is None else np.where(labels == background, 0, labels)


def split_mask(labels: LabelImage) -> LabelImage:
    """Give every connected component of a binary mask a number, from 1 in reading order."""
    read = recognised(labels)
    if isinstance(read, str) or "binary_mask" not in read[1]:
        return labels
    return read[0] if is_binary_mask(read[1], find_pieces(labels)) else labels


def split_far_pieces(labels: LabelImage) -> LabelImage:
    """Give cells far apart that share a number new numbers, but for the largest of them.

    New numbers follow the largest there is, in the order of the shared numbers.
    """
    pieces = find_pieces(labels)
    mended = labels.copy()
    free = int(labels.max(initial=0)) + 1
    for group in piece_groups(pieces).values():
        for other in group.cells[1:]:
            mended[pieces.mask(other)] = free
            free += 1
    return mended


def join_cut_cells(labels: LabelImage) -> LabelImage:
    """Give cells cut along a straight line the number of their largest part."""
    cuts = find_cuts(find_pieces(labels))
    if not cuts:
        return labels
    ids, areas = np.unique(labels, return_counts=True)
    pairs = np.searchsorted(ids, [(cut.first, cut.second) for cut in cuts])
    links = coo_array((np.ones(len(cuts)), pairs.T), shape=(ids.size, ids.size))
    cell = connected_components(links, directed=False)[1]
    # Of equal parts the one with the lowest number.
    order = np.lexsort((ids, -areas))
    joined_id = np.zeros(ids.size, labels.dtype)
    joined_id[cell[order[::-1]]] = ids[order[::-1]]
    mended: LabelImage = joined_id[cell][np.searchsorted(ids, labels)]
    return mended


def drop_crumbs(labels: LabelImage) -> LabelImage:
    """Make stray pixels beside their cell background, or the cell that encloses them."""
    pieces = find_pieces(labels)
    crumbs = [group.crumbs for group in piece_groups(pieces).values()]
    return _without(labels, pieces.mask(np.concatenate(crumbs))) if crumbs else labels


def drop_specks(labels: LabelImage) -> LabelImage:
    """Make cells of a few stray pixels background, or the cell that encloses them."""
    specks = find_specks(find_pieces(labels), labels.shape)
    return _without(labels, np.isin(labels, specks.ids)) if specks.ids.size else labels


def fill_holes(labels: LabelImage) -> LabelImage:
    """Make background enclosed by one cell that cell."""
    holes = find_holes(labels)
    return np.where(holes.image > 0, holes.image, labels)


def _without(labels: LabelImage, dropped: npt.NDArray[np.bool_]) -> LabelImage:
    """Drop pixels; those within one cell go to it, or they would leave a hole."""
    left = np.where(dropped, 0, labels)
    around = find_holes(left).image
    return np.where(dropped, around, left)


STEPS: Final[Mapping[str, Callable[[LabelImage], LabelImage]]] = {
    "clear_background": clear_background,
    "split_mask": split_mask,
    "split_far_pieces": split_far_pieces,
    "join_cut_cells": join_cut_cells,
    "drop_crumbs": drop_crumbs,
    "drop_specks": drop_specks,
    "fill_holes": fill_holes,
}
