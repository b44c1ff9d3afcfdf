"""From a number of a report to the images that it comes from."""

from collections.abc import Callable
from functools import cache

import pandas as pd

from workbench.analysis import paired_scores
from workbench.metrics import MEASURES
from workbench.report import Query


def images_behind(scores: pd.DataFrame) -> Callable[[Query], pd.DataFrame]:
    """Return what lists the images behind a number.

    Parameters
    ----------
    scores
        Score table that the number was computed from.

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
    def listed(query: Query) -> pd.DataFrame:
        of_models = scores[scores["model"].isin(query.models)]
        paired = paired_scores(of_models, metric=query.metric, threshold=query.threshold)
        table = paired[list(query.models)]
        if query.images is not None:
            table = table[table.index.isin(query.images)]
        if len(query.models) == 2:
            first, second = query.models
            table = table.assign(Difference=table[first] - table[second])
        by = "Difference" if len(query.models) == 2 else query.models[0]
        measure = MEASURES.get(query.metric)
        is_worse_high = measure is not None and measure.higher_is_better is False
        table = table.sort_values(by, ascending=not is_worse_high, kind="stable")
        if n_cells is not None:
            table.insert(0, "Cells", n_cells.reindex(table.index))
        return table.rename_axis("Image").reset_index()

    return listed
