"""Scores by the number of cells in the image: bins that are disjoint and leave no image out."""

from __future__ import annotations

from typing import Final

import pandas as pd

from workbench import figures
from workbench.analysis import slice_by_cell_count, slice_scores
from workbench.report._findings import MIN_IMAGES, Findings, rows_of
from workbench.report._numbers import NOTHING, with_interval
from workbench.report._parts import Figure, Query, ReportTable, Section

LAST_BIN: Final = {"over 100": "100+"}
NO_COUNTS: Final = "The score table has no numbers of reference cells, so none are shown by them."


def cell_count_section(found: Findings) -> Section:
    """Return the section on scores by number of reference cells."""
    title = "Scores by number of cells"
    counts = found.counts
    if counts is None:
        return Section(title, [NO_COUNTS])
    table = slice_scores(found.paired, slice_by_cell_count(counts), groups=found.groups)
    sizes = table.drop_duplicates("slice").set_index("slice")["n"]
    # Images without cells have a bin only where there are any.
    names = [name for name in sizes.index if name != "0" or sizes[name]]
    return Section(
        title,
        items=[
            _figure(found, table, names),
            _table(found, table, sizes, names, counts, published=True),
            _table(found, table, sizes, names, counts, published=False),
        ],
    )


def _table(
    found: Findings,
    table: pd.DataFrame,
    sizes: pd.Series,
    names: list[str],
    counts: pd.Series,
    *,
    published: bool,
) -> ReportTable:
    cells = table.set_index(["model", "slice"])
    bins = slice_by_cell_count(counts)
    columns: dict[str, list[object]] = {"Model": list(found.models)}
    queries: dict[str, list[Query | None]] = {}
    for name in names:
        header = f"{LAST_BIN.get(name, name)} (n = {sizes[name]})"
        rows = [cells.loc[(model, name)] for model in found.models]
        inside = counts.index[bins == name]
        columns[header] = [row["mean"] if published else _text(row) for row in rows]
        queries[header] = [
            found.query(model, images=inside) if len(inside) else None for model in found.models
        ]
    few = int((sizes[names].between(1, 9)).sum())
    total = f"the bins share no image, and their n sum to all {int(sizes.sum())}."
    caption = f"Mean {found.measure} by reference cells in the image; {total}"
    if published:
        return ReportTable(
            "by_cell_count_as_published",
            caption,
            pd.DataFrame(columns),
            label="as published",
            queries=queries,
        )
    note = " Bins of fewer than 10 images say little and stand in brackets." if few else ""
    return ReportTable(
        "by_cell_count",
        f"{caption} With 95 % intervals (Student t over the images of the bin), from {MIN_IMAGES} "
        f"images on.{note}",
        pd.DataFrame(columns),
        label="corrected",
        queries=queries,
    )


def _text(row: pd.Series) -> str:
    if not row["n"]:
        return NOTHING
    text = with_interval(row["mean"], row["ci_low"], row["ci_high"])
    return f"({text})" if row["few"] else text


def _figure(found: Findings, table: pd.DataFrame, names: list[str]) -> Figure:
    overview = rows_of(found.scores, found.metric, found.threshold)
    overview = overview[overview["n_reference"] > 0]
    # As in all figures the best model first, so that each keeps its colour.
    place = {model: rank for rank, model in enumerate(found.models)}
    overview = overview.sort_values("model", key=lambda names: names.map(place), kind="stable")
    of_best = table[(table["model"] == found.models[0]) & table["n"].gt(0)].set_index("slice")
    means = ", ".join(
        f"{row['mean']:.3f} at {name} cells" for name, row in of_best.iterrows() if name in names
    )
    return Figure(
        f"{found.measure} of every image against its number of reference cells.",
        figures.score_by_cell_count(overview, metric=found.metric),
        f"Means of {found.models[0]}: {means}.",
    )
