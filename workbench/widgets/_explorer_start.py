"""What an explorer starts with: its tables, its first look, and what its menus offer."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from workbench.schema import InputError
from workbench.widgets._columns import Column, Table
from workbench.widgets._gallery import GalleryState
from workbench.widgets._pictures import Level

IDS: Final[Mapping[Level, tuple[str, ...]]] = {
    "images": ("image_id",),
    "cells": ("image_id", "cell_id"),
}
FAVOURED_AXES: Final[Mapping[Level, tuple[str, ...]]] = {
    "images": ("n_cells", "median_area_px", "foreground"),
    "cells": ("area_px", "eccentricity", "solidity", "diameter_px"),
}
FAVOURED_FILTERS: Final = ("cell_type", "tissue", "modality", "task", "split")


class ExplorerState(BaseModel):
    """All that somebody has chosen in an explorer.

    Attributes
    ----------
    level
        Whether a point is an image or a cell.
    outlined
        Whether pictures show the outlines of labels.
    images, cells
        What is chosen on each level; ``cells`` is None without a cells table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level = "images"
    outlined: bool = True
    images: GalleryState
    cells: GalleryState | None = None


def checked_table(frame: pd.DataFrame, level: Level) -> pd.DataFrame:
    """Return a table that can be explored.

    Raises
    ------
    InputError
        If it is empty, lacks its ids, has no numbers, or repeats an image.
    """
    lacking = [name for name in IDS[level] if name not in frame.columns]
    numbers = [name for name in frame.select_dtypes("number") if not str(name).endswith("_id")]
    for wrong, problem in (
        (bool(lacking), f"lacks the column {', '.join(lacking)}"),
        (frame.empty, "has no rows"),
        (not numbers, "has no numbers to make axes of"),
    ):
        if wrong:
            msg = f"explorer: the table of {level} {problem}; survey_dataset makes one that fits."
            raise InputError(msg)
    if level == "images" and not frame["image_id"].is_unique:
        repeated = frame.loc[frame["image_id"].duplicated(), "image_id"].iloc[0]
        msg = f"explorer: image {repeated!r} has more than one row; give each image one row."
        raise InputError(msg)
    return frame


def with_image_facts(cells: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Add facts of their images to cells, except those that the cells have themselves."""
    facts = images.set_index("image_id")
    added = [name for name in facts.columns if name not in cells.columns]
    return cells.assign(**{name: cells["image_id"].map(facts[name]) for name in added})


def first_look(tables: Mapping[Level, Table], grouping: str) -> ExplorerState:
    """Return the state to start with: the axes that tell most, coloured by a grouping."""
    states = {level: _first_state(level, table, grouping) for level, table in tables.items()}
    return ExplorerState(images=states["images"], cells=states.get("cells"))


def _first_state(level: Level, table: Table, grouping: str) -> GalleryState:
    numbers = table.of_kind("number")
    favoured = [name for name in FAVOURED_AXES[level] if name in numbers]
    x, y, *_ = [*favoured, *(name for name in numbers if name not in favoured), *numbers]
    return GalleryState(x=x, y=y, colour=grouping if grouping in table.of_kind("category") else "")


def describe_tables(tables: Mapping[Level, Table]) -> dict[str, Any]:
    """Return what a browser must know to draw its controls, before it has any values."""
    return {level: _describe_table(table) for level, table in tables.items()}


def _describe_table(table: Table) -> dict[str, Any]:
    filters = [name for name in table.of_kind("category") if len(table.columns[name].names) > 1]
    filters.sort(key=lambda name: (*FAVOURED_FILTERS, name).index(name))
    columns = [_describe_column(column) for column in table.columns.values()]
    return {"n_rows": table.n_rows, "columns": columns, "filters": filters}


def _describe_column(column: Column) -> dict[str, Any]:
    is_category = column.kind == "category"
    counts = np.bincount(column.data, minlength=len(column.names)) if is_category else np.empty(0)
    return {
        "name": column.name,
        "label": column.label,
        "kind": column.kind,
        "is_log": column.is_log,
        "names": list(column.names) if is_category else [],
        "counts": counts.tolist(),
    }
