"""A report as one HTML page that needs nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from workbench.report._cell_queries import EmbeddedCells, embed_cells
from workbench.report._parts import LABELS, Figure, Query, Report, ReportTable, Section
from workbench.report._queries import EmbeddedScores, embed_scores

LONG_TEXT: Final = 30
SMALL_TABLE: Final = 16
"""Rows of a table that is kept on one sheet."""
MAX_FIGURES: Final = 8_000_000
"""Signs of all figures together; with plotly and the scores the page stays under 15 MB."""
PICTURE: Final = re.compile(r'"data:image[^"]*"')
"""As JSON text; plotly writes slashes as codes."""
PAPER_WIDTH_PX: Final = 680
"""Between the margins of a sheet of A4."""
PAPER_SCALE: Final = 0.75
"""Figures are drawn wider than the sheet and shrunk, as their titles need room."""
PAPER_HEIGHT_PX: Final = 900
"""What a sheet has for a figure and its caption."""


def render_html(report: Report, *, made: datetime, pdf: str = "") -> str:
    """Return the page; a number with a query opens the list of the images behind it.

    Parameters
    ----------
    report
        What is to be shown.
    made
        Printed under the title.
    pdf
        Name of the PDF that lies beside it, or why there is none; "" says nothing of it.
    """
    from jinja2 import Environment, PackageLoader
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=PackageLoader("workbench.report"), autoescape=True, trim_blocks=True
    )
    sections = [section for section in report.sections if section.texts or section.items]
    embedded = _embedded(report)
    embedded_cells = _embedded_cells(report)
    keys = {
        **(embedded.keys if embedded else {}),
        **(embedded_cells.keys if embedded_cells else {}),
    }
    drawings, pictures = _drawings(sections)
    return environment.get_template("report.html.j2").render(
        report=report,
        sections=sections,
        made=made.astimezone().strftime("%d %B %Y, %H:%M"),
        pdf=pdf,
        has_figures=any(isinstance(i, Figure) for s in sections for i in s.items),
        embedded=embedded,
        embedded_cells=embedded_cells,
        labels=LABELS,
        is_table=lambda item: isinstance(item, ReportTable),
        is_small=lambda table: len(table.frame) <= SMALL_TABLE,
        cells=lambda table: _cells(table, keys),
        drawings=drawings,
        pictures=pictures,
        item_id=id,
        sheet_width_px=PAPER_WIDTH_PX,
        paper_scale=PAPER_SCALE,
        paper_width_px=PAPER_WIDTH_PX / PAPER_SCALE,
        paper_height_px=PAPER_HEIGHT_PX / PAPER_SCALE,
        plotly_js=get_plotlyjs,
    )


def _drawings(sections: Sequence[Section]) -> tuple[dict[int, str], str]:
    """Return the figures as JSON by ``id``, as many as a page to be mailed holds, and pictures.

    Most overlays show the same few images, so each picture is in the page once: a JSON list, to
    whose places the figures refer.
    """
    figures = [item for section in sections for item in section.items if isinstance(item, Figure)]
    drawings = {}
    places: dict[str, int] = {}
    n_signs = 0
    for item in figures:
        # A closing tag within a script would end it.
        text = item.figure.to_json().replace("</", "<\\/")
        new = sorted(set(PICTURE.findall(text)) - places.keys())
        numbered = places | {picture: len(places) + place for place, picture in enumerate(new)}
        for picture, place in numbered.items():
            text = text.replace(picture, f'"picture:{place}"')
        n_signs += len(text) + sum(map(len, new))
        if n_signs > MAX_FIGURES:
            break
        places = numbered
        drawings[id(item)] = text
    return drawings, f"[{','.join(places)}]"


def _embedded(report: Report) -> EmbeddedScores | None:
    queries = [query for query in _queries(report) if query.cells is None]
    if report.scores is None or not queries:
        return None
    return embed_scores(report.scores, queries)


def _embedded_cells(report: Report) -> EmbeddedCells | None:
    queries = [query for query in _queries(report) if query.cells is not None]
    if report.cells is None or not queries:
        return None
    return embed_cells(report.cells, queries)


def _queries(report: Report) -> list[Query]:
    return [
        query
        for table in report.tables
        for row in table.row_queries()
        for query in row
        if query is not None
    ]


def _cells(table: ReportTable, keys: Mapping[Query, str]) -> list[list[dict[str, str]]]:
    """Return text, style and key of each cell."""
    is_number = table.is_number()
    return [
        [
            {
                "text": text,
                "style": "number" if numeric else "short" if len(text) < LONG_TEXT else "long",
                "key": keys.get(query, "") if query is not None else "",
            }
            for text, numeric, query in zip(row, is_number, queries, strict=True)
        ]
        for row, queries in zip(table.rows(), table.row_queries(), strict=True)
    ]
