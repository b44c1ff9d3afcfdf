"""What a report is made of: sections of texts, tables and figures, and queries behind numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import pandas as pd

from workbench.report._numbers import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

CellKey = tuple[str, str, int, str]
"""Image, side ("reference" or "predicted"), cell and member, such as ("im1", "reference", 7,
"unet-0"): the same reference cell fares differently with each member."""

Label = Literal["", "as published", "corrected"]
LABELS: Final[dict[Label, str]] = {
    "": "",
    "as published": "As published.",
    "corrected": "What the data support.",
}
"""How a table's label reads in front of its caption."""


@dataclass(frozen=True)
class Query:
    """What is behind a number: scores of these models on these images, or single cells.

    Attributes
    ----------
    models
        One for a score, two for a difference, all for a test.
    metric, threshold
        The measure; threshold NaN for one that has none.
    images
        Ids, in any order; None for all that the measure was computed on.
    cells
        Cells, in the order in which they are listed; None where the number is one of images.
    n_cells
        How many cells there are, of which ``cells`` may be the first; 0 for as many as those.
    """

    models: tuple[str, ...]
    metric: str
    threshold: float
    images: tuple[str, ...] | None = None
    cells: tuple[CellKey, ...] | None = None
    n_cells: int = 0


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
    label
        Whether the method is the published one, or the one beside it that the data support; ""
        where there is no such pair.
    queries
        What stands behind the values, by column, one per row; None for a value without.
    max_rows
        People are shown so many, None for all; the CSV file has all.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    headers: dict[str, str] = field(default_factory=dict)
    formats: dict[str, Callable[[Any], str]] = field(default_factory=dict)
    best_row: int = -1
    label: Label = ""
    queries: Mapping[str, Sequence[Query | None]] = field(default_factory=dict)
    max_rows: int | None = None

    @property
    def explained(self) -> str:
        """The caption, and how many rows are in the CSV file alone."""
        n_rows = len(self.frame)
        if self.max_rows is None or n_rows <= self.max_rows:
            return self.caption
        return f"{self.caption} The first {self.max_rows:,} of {n_rows:,} rows; the CSV has all."

    @property
    def title(self) -> str:
        """The caption behind its label."""
        return " ".join(filter(None, [LABELS[self.label], self.explained]))

    def header(self) -> list[str]:
        """Return the column headers."""
        return [self.headers.get(str(name), str(name)) for name in self.frame.columns]

    def is_number(self) -> list[bool]:
        """Return which columns hold numbers, to be aligned on their right."""
        return [pd.api.types.is_numeric_dtype(kind) for kind in self.frame.dtypes]

    def rows(self) -> list[list[str]]:
        """Return the cells as text."""
        columns = [
            [
                self.formats.get(str(name), plain)(value)
                for value in self.frame[name].iloc[: self.max_rows]
            ]
            for name in self.frame.columns
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    def row_queries(self) -> list[list[Query | None]]:
        """Return what stands behind each cell, in the shape of :meth:`rows`."""
        nothing: Sequence[Query | None] = [None] * len(self.frame)
        columns = [
            self.queries.get(str(name), nothing)[: self.max_rows] for name in self.frame.columns
        ]
        return [list(row) for row in zip(*columns, strict=True)]


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure of the report.

    Attributes
    ----------
    caption
        What it shows.
    figure
        Its drawing.
    alt
        A sentence with the main numbers, for those who can't see it; "" where the caption says
        all.
    """

    caption: str
    figure: go.Figure
    alt: str = ""

    @property
    def spoken(self) -> str:
        """What a screen reader says in its place."""
        return f"{self.caption} {self.alt}".strip()


@dataclass(frozen=True, eq=False)
class Section:
    """A titled part of the report; one of level 3 belongs to the last of level 2 before it."""

    title: str
    texts: Sequence[str] = ()
    items: Sequence[ReportTable | Figure] = ()
    level: Literal[2, 3] = 2


@dataclass(frozen=True, eq=False)
class Report:
    """All of a report, to be written in any form.

    Attributes
    ----------
    title
        Name of the study or of the score table.
    sections
        In their order; those without text and items are left out.
    kind
        What it is, under the title.
    scores
        Score table behind the queries; None where no number has one.
    cells
        Cell table behind the queries for cells; None where no number leads to cells.
    """

    title: str
    sections: Sequence[Section]
    kind: str = "Segmentation benchmark"
    scores: pd.DataFrame | None = None
    cells: pd.DataFrame | None = None

    @property
    def tables(self) -> list[ReportTable]:
        """All tables in their order."""
        return [i for s in self.sections for i in s.items if isinstance(i, ReportTable)]
