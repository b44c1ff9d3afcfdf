"""A table whose numbers tell which images they come from."""

import html
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import anywidget
import numpy as np
import pandas as pd
import traitlets

from workbench.schema import InputError
from workbench.widgets._explorer import PANELS_VARIABLE
from workbench.widgets._still import BYTES_PER_MB, STATIC, still_frame

SCRIPT: Final = (STATIC / "number_table.js").read_text(encoding="utf-8")
STYLE: Final = (STATIC / "number_table.css").read_text(encoding="utf-8")
MOST_LISTED: Final = 2_000
"""Rows of a list that are sent; nobody reads on."""

MOST_ON_PAGE: Final = 200
"""Rows of a list on a page without a kernel."""

ROW_PX: Final = 31


class Numbered(Protocol):
    """A table with a query behind some of its cells, such as a report's."""

    @property
    def title(self) -> str:
        """What it shows."""

    def header(self) -> list[str]:
        """Return the column headers."""

    def is_number(self) -> list[bool]:
        """Return which columns are aligned on their right."""

    def rows(self) -> list[list[str]]:
        """Return the cells as text."""

    def row_queries(self) -> Sequence[Sequence[Any]]:
        """Return what stands behind each cell, None behind those that open nothing."""


class NumberTable(anywidget.AnyWidget):
    """A panel; made by :func:`number_table`.

    Attributes
    ----------
    picked
        Row and column of the number whose images are listed, empty for none: follows the screen,
        and the screen follows it.
    listing
        What is listed: ``header``, ``rows`` as text, ``about`` (how many) and ``of`` (the number).
    """

    _esm = SCRIPT
    _css = STYLE
    content = traitlets.Dict().tag(sync=True)
    picked: traitlets.List[Any] = traitlets.List().tag(sync=True)
    listing = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        table: Numbered,
        images: Callable[[Any], pd.DataFrame],
        on_query: Callable[[Any], None],
    ) -> None:
        self._queries = [list(row) for row in table.row_queries()]
        self._images = images
        self._on_query = on_query
        super().__init__(
            content={
                "title": table.title,
                "header": table.header(),
                "isNumber": table.is_number(),
                "rows": table.rows(),
                "opens": [[query is not None for query in row] for row in self._queries],
            }
        )

    def static_html(self, *, max_mb: float = 2.0) -> str:
        """Return a page of its own that still lists images, without a kernel.

        Parameters
        ----------
        max_mb
            Numbers whose lists would make the page larger open nothing there, and the page says
            so. A list holds its first 200 images.

        Returns
        -------
        str
            HTML; it loads nothing.
        """
        listings: dict[str, int] = {}
        places: list[list[int | None]] = []
        room = max_mb * BYTES_PER_MB
        n_left_out = 0
        for queries in self._queries:
            places.append([])
            for query in queries:
                text = (
                    "" if query is None else json.dumps(_listing(self._images(query), MOST_ON_PAGE))
                )
                if text and text not in listings and len(text) <= room:
                    room -= len(text)
                    listings[text] = len(listings)
                n_left_out += bool(text) and text not in listings
                places[-1].append(listings.get(text))
        note = f"On this page {n_left_out} numbers open no list: it would be too large."
        data = {
            "content": {
                **self.content,
                "opens": [[place is not None for place in row] for row in places],
                "note": note if n_left_out else "",
            },
            "picked": [],
            "listings": [json.loads(text) for text in listings],
            "places": places,
        }
        return _page(self.content["title"], data)

    @traitlets.validate("picked")
    def _check_picked(self, proposal: Mapping[str, Any]) -> list[int]:
        place: list[int] = list(proposal["value"])
        if place and not self._opens(place):
            msg = (
                f"table of numbers: expected row and column of a number with images, got {place}; "
                "give [] to close the list."
            )
            raise InputError(msg)
        return place

    def _opens(self, place: Sequence[int]) -> bool:
        shape = (len(self._queries), len(self.content["header"]))
        is_inside = len(place) == 2 and all(
            0 <= at < size for at, size in zip(place, shape, strict=True)
        )
        return is_inside and self._queries[place[0]][place[1]] is not None

    @traitlets.observe("picked")
    def _list_images(self, _: object) -> None:
        if not self.picked:
            self.listing = {}
            return
        row, column = self.picked
        query = self._queries[row][column]
        self.listing = {"of": [row, column], **_listing(self._images(query), MOST_LISTED)}
        self._on_query(query)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        # As tall as the table; the page grows its frame when a list opens.
        height = ROW_PX * (len(self._queries) + 4)
        frame = still_frame(self.static_html(), title="Table of numbers", height_px=height)
        page = {"text/html": frame, "text/plain": repr(self)}
        if os.environ.get(PANELS_VARIABLE) == "still":
            return page, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return page | data, metadata


def number_table(
    table: Numbered,
    images: Callable[[Any], pd.DataFrame],
    *,
    on_query: Callable[[Any], None] = lambda _: None,
) -> NumberTable:
    """Show a table in which each number opens the list of the images behind it.

    A click opens a list; so do arrows and Enter. Escape closes it.

    Parameters
    ----------
    table
        Such as a :class:`workbench.report.ReportTable`.
    images
        Takes the query of a cell and returns its images, such as
        :func:`workbench.studies.images_behind` makes: a row per image, in the order to be shown,
        columns under the names to be shown.
    on_query
        Called with the query of each number that is opened.

    Returns
    -------
    NumberTable
        Its ``picked`` is the place of the open number. In HTML made of the notebook it still
        lists images.
    """
    return NumberTable(table, images, on_query)


def _listing(images: pd.DataFrame, most: int) -> dict[str, Any]:
    """Return a table of images as text."""
    shown = images.head(most)
    n = len(images)
    noun = "cell" if "Cell" in images else "image"
    about = f"{n:,} {noun}{'' if n == 1 else 's'}"
    return {
        "header": [str(name) for name in shown.columns],
        "isNumber": [pd.api.types.is_numeric_dtype(kind) for kind in shown.dtypes],
        "rows": [[_text(value) for value in row] for row in shown.itertuples(index=False)],
        "about": about if n <= most else f"the first {most:,} of {about}",
    }


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.3f}"
    return str(value)


def _page(title: str, data: Mapping[str, Any]) -> str:
    # A closing tag within the data would end the script.
    content = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n"
        '<body class="wbt-page"><div id="table"></div>'
        f'<script type="application/json" id="data">{content}</script>\n'
        f'<script type="module">{SCRIPT}\nmountStillTable();</script></body></html>\n'
    )
