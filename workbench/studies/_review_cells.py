"""Which cells of a run to look at: the errors that cost most, doubtful ones, a kept slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import Field

from workbench.analysis import (
    doubtful_cells,
    expected_f1_after,
    explain_difference,
    image_groups,
    review_queue,
)
from workbench.schema import InputError, Member
from workbench.store import KeptSlice, read_slices
from workbench.studies._job_configs import JobConfig
from workbench.studies._view import RunView, find_member

QUEUE: Final = "queue"
DOUBTFUL: Final = "doubtful"
DIFFERENCE: Final = "difference"
SOURCES: Final = (QUEUE, DOUBTFUL, DIFFERENCE)
BOX: Final = ("top_px", "left_px", "bottom_px", "right_px")
FOUND: Final = "found"
COLUMNS: Final = ("image_id", "kind", "about", *BOX, "cells", "panels")


class ReviewJob(JobConfig):
    """``12_review.ipynb``: look at cells one by one, and say who is wrong.

    Attributes
    ----------
    run
        Folder of a run.
    member
        Such as ``unet-0``, or ``unet`` for its first seed; None for the best.
    n_cells
        How many to look at.
    source
        "queue", "doubtful", "difference", or the name of a kept slice: see :func:`review_cells`.
    against
        The other member of a "difference".
    reviewer
        Who judges; "" for the login name.
    """

    run: Path
    member: str | None = None
    n_cells: int = Field(30, ge=1)
    source: str = QUEUE
    against: str | None = None
    reviewer: str = ""


@dataclass(frozen=True, eq=False)
class ReviewCells:
    """Cells to look at, in their order.

    Attributes
    ----------
    member
        Whose result is reviewed.
    source
        "queue", "doubtful", "difference", or the name of a slice.
    title
        What is listed, in words.
    expected
        What correcting all of them would give, in words; "" where nothing says it.
    table
        A row per place: ``image_id``, ``kind`` (the error, or what is doubtful), ``about`` (why it
        is listed), box (``top_px`` to ``right_px``, half-open), ``cells`` that a verdict is about
        (tuples of side, cell id, member; those of one error belong together), and ``panels``
        (members whose prediction is shown).
    """

    member: str
    source: str
    title: str
    expected: str
    table: pd.DataFrame


def review_cells(
    view: RunView,
    *,
    member: str | None = None,
    source: str = QUEUE,
    against: str | None = None,
    n_cells: int | None = 30,
) -> ReviewCells:
    """List the cells of a run that are worth a look.

    Parameters
    ----------
    view
        A run.
    member
        Whose result to review; None for the best.
    source
        "queue": its errors, the one whose correction raises mean F1 most first
        (:func:`workbench.analysis.review_queue`). "doubtful": its predicted cells that other
        models contradict, or of low confidence; the reference is not asked
        (:func:`workbench.analysis.doubtful_cells`). "difference": the places that make the
        difference in F1 to ``against`` (:func:`workbench.analysis.explain_difference`), the
        largest first. The name of a kept slice: its cells, or of a slice of images the queue
        within them.
    against
        The other member of a "difference".
    n_cells
        Places to list at most; None for all. The cells of one error are one place.

    Returns
    -------
    ReviewCells
        Without rows where nothing is wrong.

    Raises
    ------
    InputError
        If a member or the slice does not exist, ``against`` is missing or of no use, or
        ``n_cells`` is below 1.
    """
    if n_cells is not None and n_cells < 1:
        msg = f"review: n_cells must be at least 1, got {n_cells}."
        raise InputError(msg)
    if (source == DIFFERENCE) != (against is not None):
        msg = (
            f'review: source "{DIFFERENCE}" takes a second member in `against`, and no other '
            f"source does; got source {source!r} and against {against!r}."
        )
        raise InputError(msg)
    chosen = find_member(view, member)
    if source == DIFFERENCE:
        return _difference(view, chosen, find_member(view, against), n_cells)
    if source == DOUBTFUL:
        return _doubtful(view, chosen, n_cells)
    if source == QUEUE:
        return _queue(view, chosen, n_cells)
    kept = read_slices(view.run.slices_file)
    if source not in kept:
        there = ", ".join(repr(name) for name in (*SOURCES, *kept))
        msg = f"review: no source is called {source!r}; there are {there}."
        raise InputError(msg)
    if kept[source].cells:
        return _slice_cells(view, chosen, kept[source], n_cells)
    return _queue(view, chosen, n_cells, kept=kept[source])


def _queue(
    view: RunView, member: Member, n_cells: int | None, *, kept: KeptSlice | None = None
) -> ReviewCells:
    queue = review_queue(view.cells, model=member.model, seed=member.seed)
    if kept is not None:
        inside = queue.events["image_id"].isin(kept.image_ids)
        queue = replace(queue, events=queue.events[inside])
    events = queue.events.head(n_cells if n_cells is not None else len(queue.events))
    wrong = _wrong_cells(view, member, events["image_id"])
    rows = [
        (
            event.image_id,
            event.error,
            _cost(len(wrong[event.image_id, event.event]), event.gain),
            *(getattr(event, side) for side in BOX),
            wrong[event.image_id, event.event],
            (member.name,),
        )
        for event in events.itertuples()
    ]
    where = "" if kept is None else f" in slice {kept.name!r}"
    return ReviewCells(
        member.name,
        QUEUE if kept is None else kept.name,
        f"Errors of {member.name}{where}, those that cost most F1 first",
        _expected(view, queue, len(events)),
        _table(rows),
    )


def _expected(view: RunView, queue: Any, n_events: int) -> str:
    if not n_events:
        return ""
    groups = image_groups(view.scores)
    if groups is not None:
        groups = groups[groups.index.isin(queue.images.index)]
    done = expected_f1_after(queue, n_events, groups=groups)
    between = "" if done.low != done.low else f" ({done.low:.3f} to {done.high:.3f})"
    return f"expected after all corrections {done.after:.3f}{between}"


def _wrong_cells(
    view: RunView, member: Member, image_ids: Iterable[str]
) -> dict[tuple[str, int], tuple[tuple[str, int, str], ...]]:
    """Return the cells in error of each event, those of the reference first."""
    own = _of_member(view, member)
    is_wrong = (own["event"] > 0) & ~own["outcome"].isin(("matched", "ignored"))
    own = own[is_wrong & own["image_id"].isin(set(image_ids))]
    own = own.sort_values(["side", "cell_id"], ascending=[False, True])
    return {
        (str(image_id), int(event)): tuple(
            (row.side, int(row.cell_id), member.name) for row in rows.itertuples()
        )
        for (image_id, event), rows in own.groupby(["image_id", "event"], sort=False)
    }


def _doubtful(view: RunView, member: Member, n_cells: int | None) -> ReviewCells:
    others = view.cells["model"] != member.model
    found = doubtful_cells(
        view.cells[others | (view.cells["seed"] == member.seed)], model=member.model
    )
    seeds = view.cells.groupby("model")["seed"].min().to_dict() | {member.model: member.seed}
    rows = []
    for cell in found.head(n_cells if n_cells is not None else len(found)).itertuples():
        whose = Member(str(cell.model), int(seeds[cell.model])).name
        kind = "no cell here" if cell.is_lacking else "doubtful cell"
        rows.append(
            (
                cell.image_id,
                kind,
                _doubt(cell),
                *(getattr(cell, side) for side in BOX),
                (("predicted", int(cell.cell_id), whose),),
                tuple(dict.fromkeys((member.name, whose))),
            )
        )
    title = f"Cells of {member.name} that are most doubtful, whatever the reference says"
    return ReviewCells(member.name, DOUBTFUL, title, "", _table(rows))


def _cost(n_cells: int, gain: float) -> str:
    return f"{_count(n_cells, 'cell')}, image F1 −{gain:.3f}"


def _doubt(cell: Any) -> str:
    texts = []
    if cell.n_others:
        n_with = cell.n_others - cell.n_agree if cell.is_lacking else cell.n_agree
        verb = "has" if n_with == 1 else "have"
        texts.append(f"{n_with} of {_count(cell.n_others, 'other model')} {verb} a cell here")
    if cell.confidence == cell.confidence:
        texts.append(f"confidence {cell.confidence:.2f}")
    return ", ".join(texts)


def _difference(view: RunView, first: Member, second: Member, n_cells: int | None) -> ReviewCells:
    # Two seeds of one model are told apart by their members' names.
    two = pd.concat([_of_member(view, m).assign(model=m.name) for m in (first, second)])
    found = explain_difference(two, first.name, second.name)
    order = found["contribution"].abs().sort_values(ascending=False, kind="stable").index
    rows = [
        (
            place.image_id,
            place.first_outcome if place.first_outcome != FOUND else place.second_outcome,
            (
                f"{first.name} {place.first_outcome}, {second.name} {place.second_outcome}; "
                f"{place.contribution:+.4f} of the difference"
            ),
            *(getattr(place, side) for side in BOX),
            (
                *(("reference", int(cell), first.name) for cell in place.reference_ids),
                *(("predicted", int(cell), first.name) for cell in place.first_ids),
                *(("predicted", int(cell), second.name) for cell in place.second_ids),
            ),
            (first.name, second.name),
        )
        for place in found.loc[order].head(len(found) if n_cells is None else n_cells).itertuples()
    ]
    title = f"Where {first.name} and {second.name} differ, the largest differences in F1 first"
    return ReviewCells(first.name, DIFFERENCE, title, "", _table(rows))


def _slice_cells(
    view: RunView, member: Member, kept: KeptSlice, n_cells: int | None
) -> ReviewCells:
    own = _of_member(view, member)
    own = own[own["side"] == "reference"].set_index(["image_id", "cell_id"])
    there = [cell for cell in kept.cells if cell in own.index][:n_cells]
    rows = []
    for image_id, cell_id in there:
        row = own.loc[(image_id, cell_id)]
        rows.append(
            (
                image_id,
                row["outcome"],
                f"IoU {row['partner_iou']:.2f}",
                *(row[side] for side in BOX),
                (("reference", cell_id, member.name),),
                (member.name,),
            )
        )
    title = f"Cells of slice {kept.name!r}, as {member.name} found them"
    return ReviewCells(member.name, kept.name, title, "", _table(rows))


def _of_member(view: RunView, member: Member) -> pd.DataFrame:
    cells = view.cells
    return cells[(cells["model"] == member.model) & (cells["seed"] == member.seed)]


def _table(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(BOX, int))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
