from ._html import render_html
from ._numbers import (
    four_decimals,
    interval,
    listed,
    p_clause,
    p_text,
    plain,
    short,
    signed,
    whole,
)
from ._parts import (
    Figure,
    Label,
    Query,
    Report,
    ReportTable,
    Section,
)
from ._pdf import find_chromium, print_pdf
from ._queries import EmbeddedScores, embed_scores
from ._texts import (
    latex_table,
    render_latex,
    render_markdown,
    render_text,
)

__all__ = [
    "EmbeddedScores",
    "Figure",
    "Label",
    "Query",
    "Report",
    "ReportTable",
    "Section",
    "embed_scores",
    "find_chromium",
    "four_decimals",
    "interval",
    "latex_table",
    "listed",
    "p_clause",
    "p_text",
    "plain",
    "print_pdf",
    "render_html",
    "render_latex",
    "render_markdown",
    "render_text",
    "short",
    "signed",
    "whole",
]
