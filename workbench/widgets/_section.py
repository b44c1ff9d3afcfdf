"""A section of a report in a notebook: its sentences, its figures, its tables with their images."""

import html
from collections.abc import Callable
from typing import Any

import pandas as pd

from workbench.report import Figure, Section
from workbench.widgets._number_table import number_table


def show_section(
    section: Section,
    images: Callable[[Any], pd.DataFrame],
    *,
    on_query: Callable[[Any], None] = lambda _: None,
) -> None:
    """Display a section of a report below the cell, its items in their order.

    Parameters
    ----------
    section
        From :func:`workbench.report.score_sections`.
    images, on_query
        As for :func:`number_table`.
    """
    from IPython.display import HTML, display

    for text in section.texts:
        display(HTML(f"<p>{html.escape(text)}</p>"))  # type: ignore[no-untyped-call]
    for item in section.items:
        if isinstance(item, Figure):
            display(item.figure)  # type: ignore[no-untyped-call]
            caption = html.escape(item.caption)
            display(HTML(f"<p><small>{caption}</small></p>"))  # type: ignore[no-untyped-call]
        else:
            display(number_table(item, images, on_query=on_query))  # type: ignore[no-untyped-call]
