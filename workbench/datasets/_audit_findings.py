"""What an audit can find: every check with what it means, and a finding as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
Box: TypeAlias = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels, half-open."""

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")


@dataclass(frozen=True)
class Check:
    """One thing that an audit looks for.

    Attributes
    ----------
    severity
        "error": scores or training on these labels mislead; "warning": look at it; "note": good
        to know.
    title
        What is wrong, in a few words.
    meaning
        What it does to scores or training, in a sentence.
    repair
        Name of the repair that mends it, see :data:`REPAIRS`; None where a person must.
    """

    severity: Severity
    title: str
    meaning: str
    repair: str | None = None


@dataclass(frozen=True)
class Finding:
    """Something that looks wrong at one place of an image.

    Attributes
    ----------
    code
        Of the check, see :data:`CHECKS`.
    severity
        "error", "warning" or "note".
    text
        What was found, with numbers.
    cell_ids
        The cells concerned; empty if it is the image as a whole.
    box
        Where to look: top, left, bottom, right in pixels, half-open.
    repair
        Name of the repair that mends it; None if there is none.
    """

    code: str
    severity: Severity
    text: str
    cell_ids: tuple[int, ...]
    box: Box
    repair: str | None = None


CHECKS: Final[Mapping[str, Check]] = {
    "not_labels": Check(
        "error", "no label image", "the numbers can't be labels of cells, nothing can be scored"
    ),
    "shape_mismatch": Check(
        "error", "sizes differ", "image and labels can't belong to each other pixel by pixel"
    ),
    "not_finite": Check("error", "NaN in the image", "networks answer NaN with NaN everywhere"),
    "blank": Check("error", "blank image", "all pixels are equal, no cell can be seen"),
    "class_map": Check(
        "error", "classes, not cells", "few numbers in many pieces: every class counts as one cell"
    ),
    "binary_mask": Check(
        "error", "binary mask", "all cells have one number and count as one cell", "split_mask"
    ),
    "background_labelled": Check(
        "error",
        "labelled background",
        "the background counts as a cell of its own",
        "clear_background",
    ),
    "overflow": Check(
        "error",
        "numbers overflowed",
        "the file type had too few numbers, so that cells share them and count as one",
        "split_far_pieces",
    ),
    "float_precision": Check(
        "error",
        "rounded numbers",
        "32-bit floats can't tell whole numbers above 16,777,216 apart: cells may share one",
    ),
    "repeated_id": Check(
        "error",
        "number used twice",
        "cells far apart share a number and count as one, as after joining tiles",
        "split_far_pieces",
    ),
    "leak": Check(
        "error", "same image in two splits", "what was trained on is tested on: scores are too good"
    ),
    "cut_cell": Check(
        "warning",
        "cell cut in two",
        "a straight border, as of a tile, runs through a cell, which counts as two",
        "join_cut_cells",
    ),
    "several_pieces": Check(
        "warning", "cell in several pieces", "another cell may lie across it, or the label is wrong"
    ),
    "crumbs": Check(
        "warning",
        "crumbs of a cell",
        "stray pixels beside the cell: boundary distances grow, boxes become too large",
        "drop_crumbs",
    ),
    "holes": Check(
        "warning",
        "holes in a cell",
        "unlabelled pixels inside a cell: boundary measures see borders there",
        "fill_holes",
    ),
    "specks": Check(
        "warning",
        "speck",
        "a few stray pixels with a number of their own, missed by every model",
        "drop_specks",
    ),
    "empty": Check("warning", "no cells", "is it not annotated, or is there nothing?"),
    "count_outlier": Check(
        "warning", "unusual number of cells", "far more or fewer than in images of the same kind"
    ),
    "out_of_focus": Check("warning", "out of focus", "far less sharp than images of the same kind"),
    "saturated": Check(
        "warning", "saturated", "the brightest pixels were cut off, what they held is lost"
    ),
    "noisy": Check(
        "warning", "weak signal", "far less range above the noise than images of the same kind"
    ),
    "low_contrast": Check(
        "warning", "low contrast", "cells stand out far less than in images of the same kind"
    ),
    "inverted": Check(
        "warning",
        "inverted contrast",
        "cells are dark where those of the same kind are bright, or the reverse",
    ),
    "duplicate": Check(
        "warning", "same image twice", "it counts double, and intervals become too narrow"
    ),
    "small_cell": Check(
        "note", "far smaller than the others", "counts as much as any: debris, or a micronucleus?"
    ),
    "full_range": Check(
        "note", "numbers up to the largest", "the file type may have had too few; no sign of it"
    ),
    "gaps": Check("note", "gaps in the numbering", "harmless; were cells deleted?"),
}
"""Every check by its code, gravest first."""

REPAIRS: Final[Mapping[str, str]] = {
    "clear_background": "the label of the background became 0",
    "split_mask": "every connected component became a cell",
    "split_far_pieces": "cells that shared a number got numbers of their own",
    "join_cut_cells": "cells cut along a straight line were joined",
    "drop_crumbs": "stray pixels beside their cell were dropped",
    "drop_specks": "cells of a few stray pixels were dropped",
    "fill_holes": "background enclosed by one cell became that cell",
}
"""Every repair by its name, in the order in which they are applied, and what it does."""


def found(code: str, text: str, box: Box, cell_ids: tuple[int, ...] = ()) -> Finding:
    """Return a finding of a check, with its severity and repair."""
    check = CHECKS[code]
    return Finding(code, check.severity, text, cell_ids, box, check.repair)
