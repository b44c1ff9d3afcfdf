"""Which images to look at, and how scores go with the number of cells."""

from math import inf
from typing import Final

import pandas as pd

from workbench.analysis._paired import select_scores
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC

CELL_COUNT_BINS: Final = {
    "0": (0, 0),
    "1-5": (1, 5),
    "6-10": (6, 10),
    "11-20": (11, 20),
    "21-50": (21, 50),
    "51-100": (51, 100),
    "over 100": (101, inf),
}
"""Bins of the published report, and one for images without cells: disjoint and exhaustive."""


def image_overview(
    scores: pd.DataFrame,
    *,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
) -> pd.DataFrame:
    """Return one row per image and member with its score and counts.

    Returns
    -------
    DataFrame
        Columns model, seed, image_id, value, tp, fp, fn, n_reference, n_predicted, status; by
        model and seed, worst image first, undefined scores last.
    """
    columns = [
        "model", "seed", "image_id", "value", "tp", "fp", "fn", "n_reference", "n_predicted",
        "status",
    ]  # fmt: skip
    chosen = select_scores(scores, metric, threshold)[columns]
    order = {model: place for place, model in enumerate(dict.fromkeys(chosen["model"]))}
    ranked = chosen.assign(place=chosen["model"].map(order)).sort_values(
        ["place", "seed", "value", "image_id"], na_position="last"
    )
    return ranked.drop(columns="place").reset_index(drop=True)


def hardest_images(
    scores: pd.DataFrame,
    *,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
) -> pd.DataFrame:
    """Return the images by their mean score over all members, hardest first.

    Returns
    -------
    DataFrame
        Columns image_id, mean, best, worst, n_reference; images without a defined score are left
        out.
    """
    chosen = select_scores(scores, metric, threshold).dropna(subset="value")
    table = chosen.groupby("image_id").agg(
        mean=("value", "mean"),
        best=("value", "max"),
        worst=("value", "min"),
        n_reference=("n_reference", "first"),
    )
    return table.sort_values(["mean", "worst"]).reset_index()


def scores_by_cell_count(
    scores: pd.DataFrame,
    *,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
) -> pd.DataFrame:
    """Return the mean score of each model by the number of reference cells in the image.

    Returns
    -------
    DataFrame
        One row per bin of :data:`CELL_COUNT_BINS`: ``cells``, ``n_images``, then the mean of each
        model (NaN in an empty bin).
    """
    chosen = select_scores(scores, metric, threshold).dropna(subset="value")
    models = list(dict.fromkeys(chosen["model"]))
    rows = []
    for name, (low, high) in CELL_COUNT_BINS.items():
        inside = chosen[chosen["n_reference"].between(low, high)]
        means = inside.groupby("model")["value"].mean()
        rows.append(
            {"cells": name, "n_images": inside["image_id"].nunique()}
            | {model: means.get(model, float("nan")) for model in models}
        )
    return pd.DataFrame(rows)
