"""What a comparison adds where there is more than a score per image, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from workbench.analysis import (
    compare_found_cells,
    images_left_out,
    seed_intervals,
)
from workbench.schema import PRIMARY_IOU_THRESHOLD, InputError
from workbench.studies._score_source_file import few

MIN_SEEDS: Final = 3
MOST_MODELS: Final = 12


def over_seeds(
    scores: pd.DataFrame,
    paired: pd.DataFrame,
    metric: str,
    threshold: float,
    groups: pd.Series | None,
    *,
    n_resamples: int,
    seed: int,
) -> pd.DataFrame | None:
    """Return each model's mean with its interval over images and seeds, in the order of paired.

    None where no model has several seeds.
    """
    own = scores[scores["model"].isin(paired.columns)]
    if own.groupby("model")["seed"].nunique().max() < 2:
        return None
    table = seed_intervals(
        own, metric=metric, threshold=threshold, groups=groups, n_resamples=n_resamples, seed=seed
    )
    return table.set_index("model").loc[list(paired.columns)].reset_index()


def cells_of_best(
    cells: pd.DataFrame | None,
    paired: pd.DataFrame,
    threshold: float,
    groups: pd.Series | None,
    *,
    seed: int,
) -> pd.DataFrame | None:
    """Return whether the best model finds more cells than each other, on the paired images.

    None without cells, or with too few images or models to ask.
    """
    if cells is None:
        return None
    # NaN, of a measure without threshold, asks for the usual one.
    at = threshold if threshold > PRIMARY_IOU_THRESHOLD else PRIMARY_IOU_THRESHOLD
    own = cells[cells["image_id"].isin(paired.index)]
    try:
        return compare_found_cells(
            own, list(paired.columns)[:MOST_MODELS], threshold=at, groups=groups, seed=seed
        )
    except InputError:
        return None


def models_without(scores: pd.DataFrame, paired: pd.DataFrame, measure: str) -> Iterator[str]:
    """Yield which models lack the measure."""
    lacking = [m for m in dict.fromkeys(scores["model"]) if m not in paired.columns]
    if lacking:
        yield f"not compared, as they have no {measure}: {few(lacking, 20)}"


def images_undefined(scores: pd.DataFrame, metric: str, threshold: float) -> Iterator[str]:
    """Yield which images have no score of a model."""
    left_out = images_left_out(scores, metric=metric, threshold=threshold)
    if len(left_out):
        images, models = left_out["image_id"].unique(), left_out["model"].unique()
        yield (
            f"{len(images)} images left out for all models, as the score of {few(models, 3)} is "
            f"undefined or absent: {few(images)}"
        )


def few_seeds(scores: pd.DataFrame, paired: pd.DataFrame) -> Iterator[str]:
    """Yield of what the scores speak: trained networks, or methods that would be trained again."""
    n_seeds = scores[scores["model"].isin(paired.columns)].groupby("model")["seed"].nunique()
    lacking = n_seeds.index[n_seeds < MIN_SEEDS].tolist()
    if lacking:
        whose = "per model" if len(lacking) == len(n_seeds) else f"of {few(lacking)}"
        yield (
            f"seeds: fewer than 3 {whose}, so the scores speak of these runs of the models, not "
            "of what they give when trained again"
        )
