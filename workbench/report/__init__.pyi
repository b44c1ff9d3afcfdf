from ._cell_queries import EmbeddedCells, embed_cells, known_cells
from ._findings import better, measure_title
from ._html import render_html
from ._numbers import (
    four_decimals,
    interval,
    listed,
    p_clause,
    p_text,
    percent,
    plain,
    short,
    signed,
    whole,
)
from ._overview import summary_table
from ._parts import (
    CellKey,
    Figure,
    Label,
    Query,
    Report,
    ReportTable,
    Section,
)
from ._pdf import find_chromium, print_pdf
from ._queries import EmbeddedScores, embed_scores
from ._score_sections import score_sections
from ._texts import (
    latex_table,
    render_latex,
    render_markdown,
    render_text,
)

__all__ = [
    "CellKey",
    "EmbeddedCells",
    "EmbeddedScores",
    "Figure",
    "Label",
    "Query",
    "Report",
    "ReportTable",
    "Section",
    "better",
    "embed_cells",
    "embed_scores",
    "find_chromium",
    "four_decimals",
    "interval",
    "known_cells",
    "latex_table",
    "listed",
    "measure_title",
    "p_clause",
    "p_text",
    "percent",
    "plain",
    "print_pdf",
    "render_html",
    "render_latex",
    "render_markdown",
    "render_text",
    "score_sections",
    "short",
    "signed",
    "summary_table",
    "whole",
]
