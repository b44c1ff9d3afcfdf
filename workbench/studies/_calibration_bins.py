"""From a bin of a reliability diagram to the images and cells behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from workbench.analysis import cells_in_bin, images_in_bin
from workbench.report import Query, ReportTable
from workbench.studies._calibration_record import Calibration
from workbench.studies._calibration_tables import interval_text

BIN_HEADERS: Final = {
    "confidence": "Mean confidence",
    "accuracy": "Right",
    "gap": "Gap",
    "n_images": "Images",
}
SHOWN_CELLS: Final = 5


@dataclass(frozen=True)
class Bin:
    """A bin of a reliability diagram: confidences from ``low`` to ``high``."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class BinTable:
    """The bins of a reliability diagram as a table whose counts open their images.

    Attributes
    ----------
    table
        A row per bin.
    bins
        Of each row.
    """

    table: ReportTable
    bins: Sequence[Bin]

    @property
    def title(self) -> str:
        """What it shows."""
        return self.table.title

    def header(self) -> list[str]:
        """Return the column headers."""
        return self.table.header()

    def is_number(self) -> list[bool]:
        """Return which columns are aligned on their right."""
        return self.table.is_number()

    def rows(self) -> list[list[str]]:
        """Return the cells as text."""
        return self.table.rows()

    def row_queries(self) -> list[list[Bin | None]]:
        """Return the bin behind the counts and gaps, None behind the others."""
        opens = [name in ("n", "gap") for name in self.table.frame.columns]
        return [[place if is_open else None for is_open in opens] for place in self.bins]


def bin_table(table: pd.DataFrame, *, of: str, caption: str) -> BinTable:
    """Return the bins of one reliability diagram that are not empty, for people.

    Parameters
    ----------
    table
        Of one series.
    of
        What is counted: "Pixels" or "Cells".
    caption
        What it shows.
    """
    filled = table[table["n"] > 0].sort_values("low")
    bins = [Bin(float(row.low), float(row.high)) for row in filled.itertuples()]
    return BinTable(bins_for_people(filled, of=of, caption=caption), bins)


def bins_for_people(
    filled: pd.DataFrame,
    *,
    of: str,
    caption: str,
    name: str = "reliability",
    queries: Sequence[Query | None] = (),
) -> ReportTable:
    """Return bins as a table of a report, with what stands behind the counts."""
    frame = pd.DataFrame(
        {
            "Confidence": [f"{row.low:.3f} to {row.high:.3f}" for row in filled.itertuples()],
            "n": filled["n"].to_numpy(),
            "n_images": filled["n_images"].to_numpy(),
            "confidence": filled["confidence"].to_numpy(float),
            "accuracy": filled["accuracy"].to_numpy(float),
            "95 % interval": [
                interval_text(row.ci_low, row.ci_high) for row in filled.itertuples()
            ],
            "gap": filled["gap"].to_numpy(float),
        }
    )
    return ReportTable(
        name,
        caption,
        frame,
        headers=BIN_HEADERS | {"n": of},
        formats={"n": lambda n: f"{n:,}", "gap": lambda gap: f"{gap:+.3f}"},
        queries={"n": list(queries)} if queries else {},
    )


def images_of_bins(
    found: Calibration, *, region: str = "cells", variant: str = "before"
) -> Callable[[Bin], pd.DataFrame]:
    """Return what lists the images behind a bin, those that bend it most first.

    Parameters
    ----------
    found
        From :func:`calibrate`.
    region, variant
        Of the diagram.
    """
    bins = found.bins[(found.bins["region"] == region) & (found.bins["variant"] == variant)]

    def listed(of: Bin) -> pd.DataFrame:
        images = images_in_bin(bins, low=of.low, high=of.high)
        shown = images.assign(excess=images["excess"].round().astype(int))
        titles = {"image_id": "Image", "n": "Pixels", "excess": "Pixels too sure"}
        return shown.rename(columns=titles | BIN_HEADERS)

    return listed


def images_of_cell_bins(
    cells: pd.DataFrame, *, iou_threshold: float = 0.5
) -> Callable[[Bin], pd.DataFrame]:
    """Return what lists the images of the cells behind a bin, with the cells' numbers.

    Parameters
    ----------
    cells
        Cell table of one model and seed.
    iou_threshold
        At which a cell is true.
    """

    def listed(of: Bin) -> pd.DataFrame:
        inside = cells_in_bin(cells, low=of.low, high=of.high, iou_threshold=iou_threshold)
        rows = []
        for image_id, part in inside.groupby("image_id", sort=False):
            false, true = (part.loc[part["true"] == is_true, "cell_id"] for is_true in (0, 1))
            rows.append(
                {
                    "Image": image_id,
                    "Cells": len(part),
                    "False": len(false),
                    "False cells": _numbers(false),
                    "True cells": _numbers(true),
                }
            )
        table = pd.DataFrame(rows, columns=["Image", "Cells", "False", "False cells", "True cells"])
        return table.sort_values("False", ascending=False, kind="stable", ignore_index=True)

    return listed


def _numbers(cells: pd.Series) -> str:
    shown = ", ".join(str(cell) for cell in cells.head(SHOWN_CELLS))
    more = len(cells) - SHOWN_CELLS
    return f"{shown} and {more} more" if more > 0 else shown
