"""What the review of cells shows: a list, verdicts and a state in, a view out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from workbench.schema import InputError
from workbench.store import JUDGEMENTS

RowVerdict: TypeAlias = dict[str, Any]
SHOWN: Final = ("all", "judged", "unjudged")


class ReviewState(BaseModel):
    """What somebody has chosen to see.

    Attributes
    ----------
    place
        Row of the list that is looked at, from 0. If the filters hide it, the next one that they
        show.
    shown
        All rows, those judged, or those not.
    kind
        Rows of this kind alone; "" for all.
    reviewer
        Rows that this person judged; "" for all.
    drawing
        Cells as outlines, as fills, or not at all.
    zoom
        How much closer than usual the cell is shown.
    contrast
        Shares of the range of values that become black and white.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: int = Field(default=0, ge=0)
    shown: Literal["all", "judged", "unjudged"] = "all"
    kind: str = ""
    reviewer: str = ""
    drawing: Literal["outlines", "fills", "nothing"] = "outlines"
    zoom: float = Field(default=1.0, ge=0.1, le=16)
    contrast: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class ReviewView:
    """What follows from list, verdicts and state.

    Attributes
    ----------
    rows
        Numbers of the rows that the filters let through.
    current
        The row that is looked at; None where the filters let none through.
    verdicts
        Of every row of the list: what counts (``judgement``, ``note``, ``reviewer``, ``time``, and
        ``by``: judgements by reviewer), or None.
    counts
        Judged rows by judgement.
    n_judged
        How many rows are judged.
    sentence
        How far the review is, and what it gives.
    """

    rows: tuple[int, ...]
    current: int | None
    verdicts: tuple[RowVerdict | None, ...]
    counts: Mapping[str, int]
    n_judged: int
    sentence: str


def row_verdicts(cells: pd.DataFrame, verdicts: pd.DataFrame) -> list[RowVerdict | None]:
    """Return for each row of a list what was said of it, None where nothing was.

    Parameters
    ----------
    cells
        The list; ``cells`` holds the cells (side, id, member) of a row, judged together: the first
        stands for all.
    verdicts
        The last of each cell by each reviewer; of several the lowest row counts.

    Returns
    -------
    list
        Each with ``judgement``, ``note``, ``reviewer``, ``time`` of what counts, and ``by``: the
        judgement of each reviewer.
    """
    known: dict[tuple[str, str, int, str], RowVerdict] = {}
    for row in verdicts.itertuples():
        key = (row.image_id, row.side, row.cell_id, _whose(row.side, row.member))
        by = known.get(key, {}).get("by", {}) | {row.reviewer: row.judgement}
        known[key] = {
            "judgement": row.judgement,
            "note": row.note,
            "reviewer": row.reviewer,
            "time": row.time,
            "by": by,
        }
    found: list[RowVerdict | None] = []
    for image_id, parts in zip(cells["image_id"], cells["cells"], strict=True):
        side, cell_id, member = parts[0]
        found.append(known.get((image_id, side, cell_id, _whose(side, member))))
    return found


def resolve_review(
    cells: pd.DataFrame,
    verdicts: Sequence[RowVerdict | None],
    state: ReviewState,
    *,
    scores: str = "",
    expected: str = "",
) -> ReviewView:
    """Return what a state shows.

    Parameters
    ----------
    cells
        The list: ``image_id``, ``kind`` and ``cells`` of each row.
    verdicts
        One per row, from :func:`row_verdicts`.
    state
        What was chosen.
    scores, expected
        Parts of the sentence: scores without disputed cells, and what all corrections would give.

    Raises
    ------
    InputError
        If the state names a place or kind that is not there, or a range of contrast that is empty.

    Examples
    --------
    >>> cells = pd.DataFrame({"kind": ["merge", "missed", "merge"]})
    >>> judged = {"judgement": "ambiguous", "by": {"Ada": "ambiguous"}}
    >>> view = resolve_review(cells, [judged, None, None], ReviewState(shown="unjudged"))
    >>> view.rows, view.current, view.sentence
    ((1, 2), 1, '1 of 3 judged')
    """
    n = len(cells)
    if state.place >= max(1, n):
        msg = f"review: there are {n} places, counted from 0; got place {state.place}."
        raise InputError(msg)
    kinds = list(dict.fromkeys(cells["kind"]))
    if state.kind and state.kind not in kinds:
        msg = f"review: no place is of kind {state.kind!r}; there are {', '.join(kinds) or 'none'}."
        raise InputError(msg)
    low, high = state.contrast
    if not 0 <= low < high <= 1:
        msg = f"review: contrast must rise within 0 to 1, got {low} to {high}."
        raise InputError(msg)
    rows = tuple(
        row
        for row, (kind, verdict) in enumerate(zip(cells["kind"], verdicts, strict=True))
        if state.kind in ("", kind)
        and state.shown in ("all", "judged" if verdict else "unjudged")
        and (not state.reviewer or (verdict is not None and state.reviewer in verdict["by"]))
    )
    counts = Counter(verdict["judgement"] for verdict in verdicts if verdict)
    parts = [f"{counts.total()} of {n} judged", scores, expected]
    return ReviewView(
        rows=rows,
        current=next((row for row in rows if row >= state.place), rows[-1] if rows else None),
        verdicts=tuple(verdicts),
        counts={judgement: counts[judgement] for judgement in JUDGEMENTS},
        n_judged=counts.total(),
        sentence="; ".join(filter(None, parts)),
    )


def next_place(view: ReviewView, by: int = 1) -> int | None:
    """Return the row after the current one among those shown; the last one stays."""
    if view.current is None:
        return None
    at = view.rows.index(view.current) + by
    return view.rows[min(max(at, 0), len(view.rows) - 1)]


def _whose(side: str, member: str) -> str:
    # A cell of the reference is one cell, whichever model's result led to it.
    return member if side == "predicted" else ""
