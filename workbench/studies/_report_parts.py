"""What a report is made of: sections of texts, tables and figures, and how numbers read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class ReportTable:
    """A table of the report: numbers for the CSV, texts for people.

    Attributes
    ----------
    name
        Stem of the CSV file.
    caption
        What it shows.
    frame
        Raw values.
    headers
        How columns are called, by name; columns not listed keep theirs.
    formats
        How values read, by column; floats not listed get three decimals.
    best_row
        Position of the row to emphasise, -1 for none.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    headers: dict[str, str] = field(default_factory=dict)
    formats: dict[str, Callable[[Any], str]] = field(default_factory=dict)
    best_row: int = -1

    def header(self) -> list[str]:
        """Return the column headers."""
        return [self.headers.get(str(name), str(name)) for name in self.frame.columns]

    def is_number(self) -> list[bool]:
        """Return which columns hold numbers, to be aligned on their right."""
        return [pd.api.types.is_numeric_dtype(kind) for kind in self.frame.dtypes]

    def rows(self) -> list[list[str]]:
        """Return the cells as text."""
        columns = [
            [self.formats.get(str(name), plain)(value) for value in self.frame[name]]
            for name in self.frame.columns
        ]
        return [list(row) for row in zip(*columns, strict=True)]


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure of the report."""

    caption: str
    figure: go.Figure


@dataclass(frozen=True, eq=False)
class Section:
    """A titled part of the report."""

    title: str
    texts: Sequence[str] = ()
    items: Sequence[ReportTable | Figure] = ()


def plain(value: Any) -> str:
    """Return a value as text: three decimals for floats, "–" for NaN."""
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.3f}"
    return str(value)


def p_text(p_value: float) -> str:
    """Return a p value as text, never 0.

    Examples
    --------
    >>> p_text(0.0312), p_text(1e-9)
    ('0.031', '< 0.0001')
    """
    if np.isnan(p_value):
        return "–"
    return "< 0.0001" if p_value < 1e-4 else f"{p_value:.2g}"


def interval(low: float, high: float) -> str:
    """Return an interval as text."""
    return "–" if np.isnan(low) else f"[{low:.3f}, {high:.3f}]"
