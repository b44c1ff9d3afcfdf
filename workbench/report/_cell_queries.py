"""The cells behind the numbers of a page, embedded once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from workbench.report._parts import CellKey, Query
from workbench.schema import Member

MAX_CELLS: Final = 60_000
"""So many take about 2 MB."""
NOT_KNOWN: Final = ("", math.nan)


@dataclass(frozen=True)
class EmbeddedCells:
    """The cells behind queries, for a page to look up.

    Attributes
    ----------
    json
        ``names``; ``cells`` as image, side, id, member, what became of it (by the places of their
        names) and IoU, None for none; ``sets`` of cells by their places, each with their number.
    keys
        How the page asks for a query: "c" and the place of its set.
    """

    json: str
    keys: dict[Query, str]


def embed_cells(
    cells: pd.DataFrame, queries: Iterable[Query], *, max_cells: int = MAX_CELLS
) -> EmbeddedCells:
    """Collect the cells behind queries, each cell and each set once.

    Parameters
    ----------
    cells
        Cell table, columns as ``CELL_COLUMNS``; what it lacks of a query is listed without outcome.
    queries
        Those with cells. Queries that would bring more cells than fit get no key.
    max_cells
        Different cells that fit on a page.

    Examples
    --------
    >>> cells = pd.DataFrame({"image_id": ["a"], "side": "reference", "cell_id": 7, "seed": 0,
    ...     "model": "unet", "outcome": "missed", "detail": "clean", "partner_iou": 0.0})
    >>> query = Query(("unet",), "f1", 0.5, cells=(("a", "reference", 7, "unet-0"),))
    >>> found = embed_cells(cells, [query])
    >>> found.keys[query], json.loads(found.json)["cells"]
    ('c0', [[0, 1, 7, 2, 3, 0.0]])
    """
    known = known_cells(cells)
    names: dict[str, int] = {}
    places: dict[CellKey, int] = {}
    rows: list[list[int | float | None]] = []
    sets: dict[tuple[CellKey, ...], int] = {}
    listed: list[list[object]] = []
    keys = {}
    for query in dict.fromkeys(queries):
        asked = query.cells or ()
        if asked not in sets:
            new = [cell for cell in dict.fromkeys(asked) if cell not in places]
            if len(places) + len(new) > max_cells:
                continue
            for cell in new:
                places[cell] = len(places)
                image_id, side, cell_id, member = cell
                outcome, iou = known.get(cell, NOT_KNOWN)
                image, of, who, what = (
                    names.setdefault(name, len(names)) for name in (image_id, side, member, outcome)
                )
                rows.append([image, of, cell_id, who, what, None if math.isnan(iou) else iou])
            sets[asked] = len(sets)
            listed.append([[places[cell] for cell in asked], max(query.n_cells, len(asked))])
        keys[query] = f"c{sets[asked]}"
    content = {"names": list(names), "cells": rows, "sets": listed}
    # A closing tag within a script would end it.
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    return EmbeddedCells(text, keys)


def known_cells(cells: pd.DataFrame) -> dict[CellKey, tuple[str, float]]:
    """Return what became of each cell, with its detail in brackets, and its best IoU."""
    columns = ["image_id", "side", "cell_id", "model", "seed", "outcome", "detail", "partner_iou"]
    return {
        (str(image_id), str(side), int(cell_id), Member(str(model), int(seed)).name): (
            f"{outcome} ({str(detail).replace('_', ' ')})" if detail else str(outcome),
            float(f"{iou:.3g}"),
        )
        for image_id, side, cell_id, model, seed, outcome, detail, iou in cells[columns].itertuples(
            index=False
        )
    }
