"""Which rows of a table are shown, and in which order: state in, view out, no screen in sight.

``static/resolve.js`` answers the same question in the browser, so that a page without a kernel
still filters; the tests hold both to the same answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from workbench.schema import InputError
from workbench.widgets._columns import Table


class GalleryState(BaseModel):
    """What somebody has chosen to see of a table.

    Attributes
    ----------
    x, y
        Columns of the axes.
    colour
        Column that colours the points, empty for none.
    brush
        Lowest and highest x, lowest and highest y of the chosen points, borders included.
    picked
        The one row that was clicked on; it counts instead of the brush.
    filters
        The name that a category must have, by column.
    sort, descending
        Column that orders the gallery, empty for the table's own order. Missing numbers come last
        either way, rows that are equal stay in the table's order.
    n_shown
        Pictures in the gallery.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: str
    y: str
    colour: str = ""
    brush: tuple[float, float, float, float] | None = None
    picked: int | None = Field(default=None, ge=0)
    filters: dict[str, str] = {}
    sort: str = ""
    descending: bool = False
    n_shown: int = Field(default=24, ge=1, le=500)


@dataclass(frozen=True, eq=False)
class GalleryView:
    """What follows from a state.

    Attributes
    ----------
    visible
        Per row of the table: whether the filters let it pass.
    chosen
        Per row: whether it is visible and within the brush (or picked); all visible ones where
        there is neither.
    rows
        The chosen rows in the gallery's order.
    shown
        The first of them, as many as pictures are wanted.
    """

    visible: npt.NDArray[np.bool_]
    chosen: npt.NDArray[np.bool_]
    rows: npt.NDArray[np.intp]
    shown: npt.NDArray[np.intp]


def resolve_gallery(table: Table, state: GalleryState) -> GalleryView:
    """Return which rows a state shows, in which order.

    Parameters
    ----------
    table
        Its columns as :func:`workbench.widgets.encode_table` made them.
    state
        Axes, brush, filters, order.

    Returns
    -------
    GalleryView
        Empty rows where nothing is left. A row without x or y lies in no brush.

    Raises
    ------
    InputError
        If the state names a column or a category that the table does not have.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.widgets import encode_table
    >>> images = pd.DataFrame({"n_cells": [5, 40, 9], "foreground": [0.1, 0.5, 0.2],
    ...                        "modality": ["DAPI", "H&E", "DAPI"]})
    >>> state = GalleryState(x="n_cells", y="foreground", filters={"modality": "DAPI"},
    ...                      sort="n_cells", descending=True)
    >>> resolve_gallery(encode_table(images), state).rows.tolist()
    [2, 0]
    """
    _refuse_unknown(table, state)
    visible = np.ones(table.n_rows, bool)
    for name, wanted in state.filters.items():
        column = table.columns[name]
        visible &= column.data == column.names.index(wanted)
    if state.picked is not None:
        within = np.arange(table.n_rows) == state.picked
    elif state.brush is not None:
        # As precise as the values are, so that a brush from 0.3 on includes 0.3.
        low_x, high_x, low_y, high_y = np.array(state.brush, np.float32)
        x, y = (table.columns[name].data for name in (state.x, state.y))
        within = (x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y)
    else:
        within = np.ones(table.n_rows, bool)
    chosen = visible & within
    order = _order(table, state)
    rows = order[chosen[order]]
    return GalleryView(visible, chosen, rows, rows[: state.n_shown])


def _order(table: Table, state: GalleryState) -> npt.NDArray[np.intp]:
    if not state.sort:
        return np.arange(table.n_rows)
    values = table.columns[state.sort].data.astype(float)
    # NaN sorts last, and equal rows stay in order, in both directions.
    return np.argsort(-values if state.descending else values, kind="stable")


def _refuse_unknown(table: Table, state: GalleryState) -> None:
    numbers, categories = table.of_kind("number"), table.of_kind("category")
    for role, name, there in (
        ("x", state.x, numbers),
        ("y", state.y, numbers),
        ("colour", state.colour, ("", *numbers, *categories)),
        ("sort", state.sort, ("", *table.columns)),
        *(("filter", name, categories) for name in state.filters),
    ):
        if name not in there:
            _refuse(f"no column {name!r} to be used as {role}", name, there)
    for name, wanted in state.filters.items():
        if wanted not in table.columns[name].names:
            _refuse(f"{name} is never {wanted!r}", wanted, table.columns[name].names)


def _refuse(problem: str, name: str, there: Sequence[str]) -> None:
    close = get_close_matches(name, there, n=1)
    cure = (
        f"did you mean {close[0]!r}?" if close else f"there are {', '.join(filter(None, there))}."
    )
    msg = f"explorer: {problem}; {cure}"
    raise InputError(msg)
