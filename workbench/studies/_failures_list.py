"""Failures as a list to walk through: which are asked for, in which order, what was said."""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis import named_slices, review_queue
from workbench.schema import ERROR_TYPES, InputError, Member
from workbench.store import read_slices
from workbench.studies._view import RunView, images_worst_first

Cell = tuple[str, str, int]
"""Image id, side and cell id."""

SIDES: Final = ("reference", "predicted")
BOX: Final = ["top_px", "left_px", "bottom_px", "right_px"]
FAILURE_COLUMNS: Final = (
    "image_id", "error", "detail", "n_cells", "gain", "side", "cell_id", "partner_iou",
    "confidence", "wrong_reference", "wrong_predicted", "event", *BOX,
)  # fmt: skip
"""Columns of a list of failures, see :func:`failure_rows`."""


@dataclass(frozen=True)
class FailureChoice:
    """Which failures somebody wants to see; all that is given must hold.

    Attributes
    ----------
    worst
        Only those of so many worst images; they then come image by image.
    error
        One of :data:`workbench.schema.ERROR_TYPES`, "" for all.
    slice_name
        A slice that was kept with the run, "column=value" of the metadata, or a value alone
        where one column has it ("dense").
    cell
        "IMAGE:ID", a reference cell, or a predicted one where the reference has none of this id;
        "IMAGE:predicted:ID" says which.
    """

    worst: int | None = None
    error: str = ""
    slice_name: str = ""
    cell: str = ""


def failure_rows(
    cells: pd.DataFrame,
    member: Member,
    *,
    images: Collection[str] | None = None,
    error: str = "",
    only: Collection[Cell] = (),
) -> pd.DataFrame:
    """List the failures of a model, those first whose correction raises the mean F1 most.

    Parameters
    ----------
    cells
        Cell table, columns as ``CELL_COLUMNS``.
    member
        Whose.
    images
        Only failures in these; where they are ordered (a list), image by image in their order.
    error
        Only failures of this type; "" for all.
    only
        Only failures in which one of these cells takes part. A cell of them in no failure gets a
        row of its own, whatever became of it.

    Returns
    -------
    DataFrame
        One row per failure (the cells that went wrong together), columns
        :data:`FAILURE_COLUMNS`: ``gain`` is what correcting it adds to the F1 of its image after
        those above it in the queue of :func:`workbench.analysis.review_queue`; ``side`` and
        ``cell_id`` name the first cell that is wrong, the reference's before predicted ones, and
        ``partner_iou`` and ``confidence`` are this cell's; ``wrong_reference`` and
        ``wrong_predicted`` hold the ids of all that are wrong; the box is around all cells that
        take part, half-open. No rows where all is matched.

    Raises
    ------
    InputError
        If columns or the model are missing, or there is no such type.
    """
    check_error(error)
    own = cells[(cells["model"] == member.model) & (cells["seed"] == member.seed)]
    if own.empty:
        return pd.DataFrame(columns=list(FAILURE_COLUMNS))
    queue = review_queue(own, model=member.model, seed=member.seed).events
    rows = queue.merge(_wrong_cells(own), on=["image_id", "event"], how="left")
    rows = rows[list(FAILURE_COLUMNS)]
    if only:
        rows = _with_cells(rows, own, only)
    if images is not None:
        rows = rows[rows["image_id"].isin(set(images))]
        if isinstance(images, list):
            rank = {image_id: place for place, image_id in enumerate(images)}
            rows = rows.sort_values("image_id", key=lambda ids: ids.map(rank), kind="stable")
    if error:
        rows = rows[rows["error"] == error]
    return rows.reset_index(drop=True)


def judged_rows(rows: pd.DataFrame, verdicts: pd.DataFrame, member: Member) -> pd.Series:
    """Return the last verdict on each failure, "" where nobody has judged.

    Parameters
    ----------
    rows
        From :func:`failure_rows`.
    verdicts
        From :func:`workbench.store.read_verdicts`.
    member
        Whose failures: a verdict on a predicted cell is on that of one model.

    Examples
    --------
    >>> rows = pd.DataFrame({"image_id": ["a", "a"], "side": "reference", "cell_id": [1, 2]})
    >>> said = pd.DataFrame({"image_id": ["a"], "side": ["reference"], "cell_id": [2],
    ...                      "member": ["otsu-0"], "judgement": ["ambiguous"]})
    >>> judged_rows(rows, said, Member("unet", 0)).tolist()
    ['', 'ambiguous']
    """
    counts = verdicts[(verdicts["side"] == "reference") | (verdicts["member"] == member.name)]
    last = {
        (row.image_id, row.side, int(row.cell_id)): str(row.judgement)
        for row in counts.itertuples()
    }
    keys = zip(rows["image_id"], rows["side"], rows["cell_id"], strict=True)
    return pd.Series([last.get(key, "") for key in keys], index=rows.index, dtype="str")


def chosen_failures(view: RunView, member: Member, choice: FailureChoice) -> pd.DataFrame:
    """Return the failures of a run that were asked for.

    Returns
    -------
    DataFrame
        As :func:`failure_rows`.

    Raises
    ------
    InputError
        If the type, the slice, the image or the cell does not exist; the message says what there
        is.
    """
    check_error(choice.error)
    images: Collection[str] | None = None
    only: tuple[Cell, ...] = ()
    if choice.slice_name:
        images, only = slice_members(view, choice.slice_name)
    if choice.worst is not None:
        if choice.worst < 1:
            msg = f"worst: expected 1 image or more, got {choice.worst}."
            raise InputError(msg)
        ranked = images_worst_first(view, member)["image_id"].tolist()
        within = None if images is None else set(images)
        images = [name for name in ranked if within is None or name in within][: choice.worst]
    if choice.cell:
        cell = find_cell(view, member, choice.cell)
        only = tuple(one for one in only if one == cell) if only else (cell,)
        if not only:
            return pd.DataFrame(columns=list(FAILURE_COLUMNS))
    return failure_rows(view.cells, member, images=images, error=choice.error, only=only)


def slice_members(view: RunView, name: str) -> tuple[frozenset[str], tuple[Cell, ...]]:
    """Return the images of a slice, and the cells in them where it is made of cells.

    Parameters
    ----------
    view
        The run.
    name
        As :attr:`FailureChoice.slice_name`.

    Raises
    ------
    InputError
        If there is no such slice; the message names those there are.
    """
    kept = read_slices(view.run.slices_file)
    if name in kept:
        cells = tuple((image_id, "reference", cell) for image_id, cell in kept[name].cells)
        return frozenset(kept[name].image_ids), cells
    slices = _slices(view)
    wanted, _, value = (part.strip().casefold() for part in name.rpartition("="))
    found = [
        (column, one)
        for column, values in slices.items()
        for one in values.unique()
        if one.casefold() == value and wanted in ("", column.casefold())
    ]
    if len(found) != 1:
        choices = [f"{column}={one}" for column, one in found]
        there = f"there are {', '.join(slice_names(view))}."
        hint = f"it may be {' or '.join(choices)}." if found else there
        msg = f"slice {name!r}: {'several have' if found else 'none has'} this name; {hint}"
        raise InputError(msg)
    column, value = found[0]
    values = slices[column]
    return frozenset(map(str, values.index[values == value])), ()


def slice_names(view: RunView) -> list[str]:
    """Return the names that :func:`slice_members` knows, those kept with the run first."""
    kept = list(read_slices(view.run.slices_file))
    found = _slices(view)
    return kept + [f"{c}={value}" for c, ids in found.items() for value in sorted(ids.unique())]


def find_cell(view: RunView, member: Member, text: str) -> Cell:
    """Return the cell that "IMAGE:ID" or "IMAGE:predicted:ID" names.

    Raises
    ------
    InputError
        If the text has another form, or the image or the cell does not exist.
    """
    image_id, _, number = text.rpartition(":")
    sides: tuple[str, ...] = SIDES
    if image_id.endswith(tuple(f":{side}" for side in SIDES)):
        image_id, _, side = image_id.rpartition(":")
        sides = (side,)
    if not image_id or not number.isdecimal():
        msg = (
            f"cell {text!r}: expected the id of an image and the number of a cell in it, for "
            "example img_7:12, or img_7:predicted:12 for a predicted cell."
        )
        raise InputError(msg)
    cells = view.cells
    of_image = cells[cells["image_id"] == image_id]
    if of_image.empty:
        ids = cells["image_id"].unique().tolist()
        close = get_close_matches(image_id, ids, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(ids[:5])}, ..."
        msg = f"cell {text!r}: the run has no cells in an image {image_id!r}; {hint}"
        raise InputError(msg)
    own = of_image[(of_image["model"] == member.model) & (of_image["seed"] == member.seed)]
    for side in sides:
        if ((own["side"] == side) & (own["cell_id"] == int(number))).any():
            return image_id, side, int(number)
    there = "; ".join(
        f"{side} cells are {ids.min()} to {ids.max()}"
        for side, ids in own[own["side"].isin(sides)].groupby("side")["cell_id"]
    )
    msg = f"cell {text!r}: {member.name} has none of this number in {image_id}; {there}."
    raise InputError(msg)


def check_error(error: str) -> None:
    """Raise an InputError if there is no such type of error; "" stands for all."""
    if error and error not in ERROR_TYPES:
        close = get_close_matches(error, ERROR_TYPES, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(ERROR_TYPES)}."
        msg = f"type {error!r}: no such type of error; {hint}"
        raise InputError(msg)


def _slices(view: RunView) -> dict[str, pd.Series]:
    scored = pd.Index(view.scores["image_id"].unique(), name="image_id")
    records = [{"image_id": r.image_id, **r.metadata} for r in view.dataset.records]
    return named_slices(view.scores, scored, metadata=pd.DataFrame(records).fillna(""))


def _wrong_cells(own: pd.DataFrame) -> pd.DataFrame:
    """Return the wrong cells of each event, and what is known of the first of them."""
    wrong = own[(own["event"] > 0) & own["outcome"].isin(ERROR_TYPES)]
    # "reference" comes before "predicted".
    wrong = wrong.sort_values(["image_id", "event", "side", "cell_id"], ascending=[1, 1, 0, 1])
    keys = ["image_id", "event"]
    told = ["side", "cell_id", "detail", "partner_iou", "confidence"]
    table = wrong.drop_duplicates(keys).set_index(keys)[told]
    for side in SIDES:
        ids = wrong[wrong["side"] == side].groupby(keys)["cell_id"].agg(tuple)
        found = ids.reindex(table.index)
        table[f"wrong_{side}"] = [one if isinstance(one, tuple) else () for one in found]
    return table.reset_index()


def _with_cells(rows: pd.DataFrame, own: pd.DataFrame, only: Collection[Cell]) -> pd.DataFrame:
    """Return the failures in which the cells take part; of those in none, rows of their own."""
    wanted = pd.MultiIndex.from_tuples(list(only))
    keys = pd.MultiIndex.from_frame(own[["image_id", "side", "cell_id"]])
    asked = own[keys.isin(wanted)]
    events = pd.MultiIndex.from_frame(asked.loc[asked["event"] > 0, ["image_id", "event"]])
    in_rows = pd.MultiIndex.from_frame(rows[["image_id", "event"]])
    alone = asked[asked["event"] == 0].assign(
        error=lambda table: table["outcome"],
        n_cells=0,
        gain=np.nan,
        wrong_reference=[()] * int((asked["event"] == 0).sum()),
        wrong_predicted=[()] * int((asked["event"] == 0).sum()),
    )
    parts = [
        part for part in (rows[in_rows.isin(events)], alone[list(FAILURE_COLUMNS)]) if len(part)
    ]
    return pd.concat(parts, ignore_index=True) if parts else rows.head(0)
