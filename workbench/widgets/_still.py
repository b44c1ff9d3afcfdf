"""The explorer as a page of its own: the same script, its data inside, no kernel behind it."""

import base64
import html
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.widgets._columns import Column, Table
from workbench.widgets._pictures import Level, Pictures

STATIC: Final = Path(__file__).parent / "static"
PARTS: Final = (
    *("_resolve", "_scales", "_axes", "_cloud", "_pictures", "_large", "_controls", "_sources"),
    "",
)
SCRIPT: Final = "\n".join(
    (STATIC / f"explorer{part}.js").read_text(encoding="utf-8") for part in PARTS
)
"""One script of several files by idea: a widget gets one, and so does a page."""

STYLE: Final = (STATIC / "explorer.css").read_text(encoding="utf-8")
MOST_CELLS: Final = 20_000
BYTES_PER_MB: Final = 2**20
FRAME_HEIGHT_PX: Final = 760

NOT_TRUSTED: Final = (
    "Here is a panel. It is shown once you trust the notebook "
    "(in JupyterLab: Ctrl+Shift+C, then 'Trust Notebook') or run its cell again."
)


def describe_values(column: Column) -> dict[str, Any]:
    """Return what the browser must know to read the values of a column."""
    names = {"names": column.names} if column.kind == "text" else {}
    return {"dtype": column.data.dtype.str[1:], **names}


def still_page(
    schema: Mapping[str, Any],
    state: Mapping[str, Any],
    tables: Mapping[Level, Table],
    pictures: Pictures | None,
    *,
    first_images: npt.NDArray[np.intp],
    max_mb: float,
) -> str:
    """Return a page that loads nothing.

    Parameters
    ----------
    schema, state
        As the widget has them.
    tables
        By level; of more than 20,000 cells a random choice, the same every time.
    pictures
        Of the images; cells are shown in the thumbnail of their image.
    first_images
        Rows of images whose pictures matter most.
    max_mb
        No picture is added from where the page would be larger.
    """
    data: dict[str, Any] = {"schema": dict(schema), "state": dict(state), "columns": {}}
    for level, table in tables.items():
        rows = _some_rows(table) if level == "cells" else np.arange(table.n_rows)
        facts = {**schema[level], "n_rows": len(rows), "n_all": table.n_rows}
        data["schema"][level] = facts
        data["state"][level] = _state_of_rows(state[level], rows)
        data["columns"][level] = {
            column.name: describe_values(column) | {"data": _base64(column.data[rows].tobytes())}
            for column in table.columns.values()
        }
    room = max_mb * BYTES_PER_MB - len(_page(data | {"pictures": {}}))
    embedded = _embedded_pictures(tables["images"], pictures, first_images, room)
    return _page(data | {"pictures": embedded})


def _page(data: Mapping[str, Any]) -> str:
    # A closing tag within the data would end the script.
    content = json.dumps(data).replace("</", "<\\/")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Explorer</title><style>{STYLE}</style></head>\n"
        '<body class="wbx-page"><div id="explorer"></div>'
        f'<script type="application/json" id="data">{content}</script>\n'
        f'<script type="module">{SCRIPT}\nmountStillPage();</script></body></html>\n'
    )


def still_frame(page: str, *, title: str = "Explorer", height_px: int = FRAME_HEIGHT_PX) -> str:
    """Return a page in a frame, for a notebook's output: neither disturbs the other's style.

    Examples
    --------
    >>> still_frame("<p>a</p>")[:31]
    '<iframe srcdoc="&lt;p&gt;a&lt;/'
    """
    return (
        f'<iframe srcdoc="{html.escape(page)}" title="{title}" '
        f'style="width:100%;height:{height_px}px;border:0">{NOT_TRUSTED}</iframe>'
    )


def _some_rows(table: Table) -> npt.NDArray[np.intp]:
    if table.n_rows <= MOST_CELLS:
        return np.arange(table.n_rows)
    rng = np.random.default_rng(0)
    return np.sort(rng.choice(table.n_rows, MOST_CELLS, replace=False))


def _state_of_rows(state: Mapping[str, Any], rows: npt.NDArray[np.intp]) -> dict[str, Any]:
    """Return a state for some of the rows: the picked one may have moved, or be gone."""
    if state["picked"] is None:
        return dict(state)
    place = np.flatnonzero(rows == state["picked"])
    return {**state, "picked": int(place[0]) if len(place) else None}


def _embedded_pictures(
    images: Table, pictures: Pictures | None, first: npt.NDArray[np.intp], room: float
) -> dict[str, list[str]]:
    """Return thumbnails, plain and outlined, by row, as long as there is room."""
    embedded: dict[str, list[str]] = {}
    if pictures is None:
        return embedded
    ids = images.columns["image_id"]
    for row in _by_importance(images.n_rows, first):
        image_id = ids.names[ids.data[row]]
        with suppress(KeyError):
            plain = pictures.thumbnail(image_id)
            outlined = pictures.thumbnail(image_id, outlined=True)
            encoded = [_base64(plain)] + [_base64(outlined)] * (outlined != plain)
            room -= len(json.dumps({str(row): encoded}))
            if room < 0:
                break
            embedded[str(row)] = encoded
    return embedded


def _by_importance(n_rows: int, first: npt.NDArray[np.intp]) -> Iterator[int]:
    """Yield the rows that matter most, then the others so that any beginning is spread evenly."""
    others = np.random.default_rng(0).permutation(np.setdiff1d(np.arange(n_rows), first))
    yield from map(int, first)
    yield from map(int, others)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
