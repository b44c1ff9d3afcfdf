"""From a number of a report to the images or cells that it comes from."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from workbench.metrics import MEASURES
from workbench.report import CellKey, Query, known_cells

CELL_COLUMNS = ("Image", "Side", "Cell", "Model", "What became of it", "IoU")


def images_behind(
    scores: pd.DataFrame, cells: pd.DataFrame | None = None
) -> Callable[[Query], pd.DataFrame]:
    """Return what lists the images behind a number, or its cells.

    Parameters
    ----------
    scores
        Score table that the number was computed from.
    cells
        Cell table, for numbers that come from single cells.

    Returns
    -------
    callable
        Takes a :class:`workbench.report.Query` and returns a row per image: ``Image``, the
        ``Cells`` of its reference where they are known, the value of every model (of several seeds
        the mean), and of two models also how far the first lies above the second. Sorted so that
        the images that speak most against the first model come first.

    Examples
    --------
    >>> rows = [("x", "unet", 0.5), ("y", "unet", 0.7), ("x", "otsu", 0.4), ("y", "otsu", 0.9)]
    >>> scores = pd.DataFrame(rows, columns=["image_id", "model", "value"])
    >>> scores = scores.assign(seed=0, metric="f1", threshold=0.5)
    >>> images_behind(scores)(Query(("unet", "otsu"), "f1", 0.5)).round(1).to_numpy().tolist()
    [['y', 0.7, 0.9, -0.2], ['x', 0.5, 0.4, 0.1]]
    """
    n_cells = None
    if "n_reference" in scores and (scores["n_reference"] > 0).any():
        n_cells = scores.groupby("image_id")["n_reference"].max()

    @cache
    def values(metric: str, threshold: str) -> pd.DataFrame:
        """Return images x models; an image undefined for one seed is undefined."""
        is_measure = scores["metric"] == metric
        if threshold == "nan":
            is_measure &= scores["threshold"].isna()
        else:
            is_measure &= np.isclose(scores["threshold"], float(threshold))
        cells = scores[is_measure].groupby(["image_id", "model"], sort=False)["value"]
        return cells.mean().where(cells.count() == cells.size()).unstack()  # noqa: PD010

    @cache
    def fates() -> dict[CellKey, tuple[str, float]]:
        """Return what became of each cell, and its IoU."""
        return {} if cells is None else known_cells(cells)

    def listed(query: Query) -> pd.DataFrame:
        if query.cells is not None:
            rows = [(*cell, *fates().get(cell, ("", np.nan))) for cell in query.cells]
            return pd.DataFrame(rows, columns=list(CELL_COLUMNS))
        table = values(query.metric, f"{query.threshold:g}")[list(query.models)].dropna()
        if query.images is not None:
            table = table[table.index.isin(query.images)]
        by = query.models[0]
        if len(query.models) == 2:
            first, by = query.models[0], "Difference"
            table = table.assign(Difference=table[first] - table[query.models[1]])
        is_error = query.metric in MEASURES and MEASURES[query.metric].higher_is_better is False
        table = table.sort_values(by, ascending=not is_error, kind="stable")
        if n_cells is not None:
            table.insert(0, "Cells", n_cells.reindex(table.index))
        return table.rename_axis(index="Image", columns=None).reset_index()

    return listed
