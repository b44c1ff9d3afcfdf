"""What is wrong with one label image, or with an image and its labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from workbench.datasets._audit_cuts import find_cuts
from workbench.datasets._audit_findings import CHECKS, Box, Finding, found
from workbench.datasets._audit_holes import find_holes
from workbench.datasets._audit_pieces import (
    Pieces,
    box_around,
    find_pieces,
    label_boxes,
    piece_groups,
)
from workbench.datasets._audit_specks import find_small_cells, find_specks
from workbench.datasets._audit_values import (
    background_label,
    is_binary_mask,
    is_class_map,
    is_overflow,
    number_findings,
    recognised,
)
from workbench.datasets._label_values import Array
from workbench.schema import ImageArray, InputError, LabelImage

ORDER: Final = {code: place for place, code in enumerate(CHECKS)}


def audit_labels(labels: Array) -> tuple[Finding, ...]:
    """Find what looks wrong in a label image, before anything is trained or scored on it.

    Parameters
    ----------
    labels
        Shape (height, width), any type of numbers; 0 for background.

    Returns
    -------
    tuple of Finding
        One per fault and place, gravest kind first; :data:`workbench.datasets.CHECKS` says what
        each code means. Empty for labels without a fault. Without cells: "empty" alone.

    Raises
    ------
    InputError
        If the array is not two-dimensional, or has no pixels.

    Notes
    -----
    Pixels that touch at a corner are connected. Limits were set on five published data sets of
    17,000 nuclei, phase-contrast cells, axons and tissue, so that hardly any cell drawn with care
    is flagged:

    - A piece of a cell is a crumb with at most 9 px and a tenth of the area of the cell's largest
      piece, or a hundredth of it; another cell of the same number with a gap of two diameters of
      the larger and at least a quarter of its area; a quarter of a diameter is gap enough where
      five numbers or more, and a fifth of all, are used far apart, as tiles joined without new
      numbers have it.
    - A speck is a cell of at most 3 px, or a two-hundredth of the median area; a small cell has at
      most a twentieth of it, which debris and micronuclei have too, so that no repair is proposed.
      Those at the image border are left out, and the relative limits where there are fewer than
      ten others.
    - A cell is cut in two by a straight horizontal or vertical border of two labels, at least 8 px
      and nine tenths of their width there and 0.8 of their greatest width, their union filling
      0.93 of its convex hull. Where three or more pairs meet on a line which hardly any label
      crosses, 4 px and eight tenths of their width there do.
    - A labelled background covers more than half of the image and touches all its sides.

    Examples
    --------
    >>> labels = np.zeros((20, 40), np.uint16)
    >>> labels[5:15, 2:12] = labels[5:15, 20:30] = 4
    >>> labels[9, 6] = 0
    >>> [(finding.code, finding.repair) for finding in audit_labels(labels)]
    [('several_pieces', None), ('holes', 'fill_holes'), ('gaps', None)]
    """
    whole = _whole_box(labels)
    read = recognised(labels)
    if isinstance(read, str):
        return (found("not_labels", read, whole),)
    plain, notes = read
    if not plain.any():
        return (found("empty", "no cell is labelled", whole),)
    pieces = find_pieces(labels if "binary_mask" in notes else plain)
    if "binary_mask" in notes:
        # One cell and its crumbs is a label image with a single cell.
        if is_binary_mask(notes, pieces):
            text = f"{pieces.areas.size} separate patches all have the number {labels.max():g}"
            return (found("binary_mask", text, whole, (int(labels.max()),)),)
        plain = labels.astype(np.uint32)
    findings: list[Finding] = []
    if (background := background_label(plain)) is not None:
        covered = plain == background
        text = f"number {background} covers {covered.mean():.0%} of the image and all its sides"
        findings.append(found("background_labelled", text, whole, (background,)))
        plain = np.where(covered, 0, plain)
        pieces = find_pieces(plain)
    if is_class_map(notes, pieces):
        n = np.unique(pieces.owners).size
        text = f"{pieces.areas.size} patches share {n} numbers: are these classes of pixels?"
        return (*findings, found("class_map", text, whole))
    findings += _piece_findings(pieces, notes, whole)
    findings += _cut_findings(pieces)
    findings += _hole_findings(plain, pieces)
    findings += _speck_findings(pieces, plain.shape)
    return tuple(sorted(findings, key=lambda finding: ORDER[finding.code]))


def audit_image(image: ImageArray, labels: Array | None = None) -> tuple[Finding, ...]:
    """Find what looks wrong with an image, its labels, and the two together.

    Parameters
    ----------
    image
        Shape (height, width) or (height, width, channels).
    labels
        As for :func:`audit_labels`; None where there are none.

    Returns
    -------
    tuple of Finding
        Those of the image first. How sharp or noisy it is can be judged only beside others:
        :func:`workbench.studies.audit_dataset` does.

    Raises
    ------
    InputError
        If the labels are not two-dimensional, or an array has no pixels.

    Examples
    --------
    >>> flat = np.full((8, 8), 7)
    >>> [finding.code for finding in audit_image(flat, np.zeros((9, 8), int))]
    ['shape_mismatch', 'blank', 'empty']
    """
    whole = _whole_box(image if image.ndim == 2 else image[..., 0])
    findings = []
    if labels is not None and labels.shape != image.shape[:2]:
        text = f"labels of {_size(labels)} pixels for an image of {_size(image)}"
        findings.append(found("shape_mismatch", text, whole))
    if n := np.count_nonzero(~np.isfinite(image)):
        findings.append(found("not_finite", f"{n:,} values are NaN or infinite", whole))
    elif image.min() == image.max():
        findings.append(found("blank", f"all pixels are {image.min():g}", whole))
    return (*findings, *(() if labels is None else audit_labels(labels)))


def _piece_findings(pieces: Pieces, notes: tuple[str, ...], whole: Box) -> Iterator[Finding]:
    """Find cells in several pieces, and what is odd about the numbers."""
    repeated, torn, crumbled = [], [], []
    for cell_id, group in piece_groups(pieces).items():
        cells, crumbs = group.cells, group.crumbs
        areas = [int(pieces.areas[cell].sum()) for cell in cells]
        if len(cells) > 1:
            text = f"number {cell_id} stands for {len(cells)} cells far apart, of {_px(areas)}"
            box = box_around(pieces.boxes[np.concatenate(cells)])
            repeated.append(found("repeated_id", text, box, (cell_id,)))
        for cell in cells:
            if cell.size > 1:
                parts = pieces.areas[cell].tolist()
                text = f"cell {cell_id} lies in {cell.size} pieces of {_px(parts)}"
                torn.append(
                    found("several_pieces", text, box_around(pieces.boxes[cell]), (cell_id,))
                )
        if crumbs.size:
            places = "one place" if crumbs.size == 1 else f"{crumbs.size} places"
            text = (
                f"{pieces.areas[crumbs].sum()} stray px in {places} beside cell {cell_id} of "
                f"{areas[0]:,} px"
            )
            crumbled.append(found("crumbs", text, box_around(pieces.boxes[crumbs]), (cell_id,)))
    ids = np.unique(pieces.owners)
    twice = np.array([finding.cell_ids[0] for finding in repeated], np.int64)
    yield from number_findings(ids, twice, notes, whole)
    if not is_overflow(ids, twice, notes):
        yield from repeated
    yield from torn
    yield from crumbled


def _cut_findings(pieces: Pieces) -> Iterator[Finding]:
    for cut in find_cuts(pieces):
        where = f"column {cut.line}" if cut.axis else f"row {cut.line}"
        text = (
            f"cells {cut.first} and {cut.second} meet along a straight line of {cut.length_px} px "
            f"at {where}"
        )
        if cut.n_on_line > 1:
            text += f", as {cut.n_on_line} pairs do there"
        yield found("cut_cell", text, cut.box, (cut.first, cut.second))


def _hole_findings(labels: LabelImage, pieces: Pieces) -> Iterator[Finding]:
    holes = find_holes(labels)
    owners = np.unique(holes.owners)
    boxes = label_boxes(holes.image, owners)
    for cell_id in owners.tolist():
        areas = holes.areas[holes.owners == cell_id]
        area = pieces.areas[pieces.owners == cell_id].sum()
        holed = "a hole" if areas.size == 1 else f"{areas.size} holes"
        text = f"{holed} of {areas.sum()} px in cell {cell_id} of {area:,} px"
        yield found("holes", text, boxes[cell_id], (cell_id,))


def _speck_findings(pieces: Pieces, shape: tuple[int, ...]) -> Iterator[Finding]:
    specks = find_specks(pieces, shape)
    small = find_small_cells(pieces, shape)
    beside = "" if np.isnan(small.median_px) else f"; the median is {small.median_px:,.0f} px"
    for cell_id, area in zip(small.ids.tolist(), small.areas.tolist(), strict=True):
        code = "specks" if cell_id in specks.ids else "small_cell"
        box = box_around(pieces.boxes[pieces.owners == cell_id])
        yield found(code, f"cell {cell_id} has {area} px{beside}", box, (cell_id,))


def _whole_box(array: Array) -> Box:
    if array.ndim != 2 or not array.size:
        msg = (
            f"an audit needs planes of shape (height, width), got shape {array.shape}; give the "
            "planes of a volume one by one."
        )
        raise InputError(msg)
    return 0, 0, array.shape[0], array.shape[1]


def _size(array: Array) -> str:
    return f"{array.shape[0]} x {array.shape[1]}"


def _px(areas: list[int]) -> str:
    """Return areas as text, the first few by name."""
    shown = ", ".join(f"{area:,}" for area in areas[:4])
    return f"{shown}{', ...' if len(areas) > 4 else ''} px"
