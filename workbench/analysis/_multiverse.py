"""Whether the best model stays best by another measure, threshold or way of averaging."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._paired import paired_scores, select_scores
from workbench.analysis._ranks import rank_rows
from workbench.schema import InputError

AGGREGATIONS: Final = ("mean", "median", "pooled", "mean rank")
COUNT_COLUMNS: Final = ["tp", "fp", "fn", "n_reference"]
MATCHING_WEIGHTS: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "f1": (2, 1, 1, 0),
    "precision": (1, 1, 0, 0),
    "recall": (1, 0, 1, 0),
    "average_precision_dsb": (1, 1, 1, 0),
}
"""Denominators of the scores of matched cells, as multiples of TP, FP, FN and reference cells."""


def multiverse(
    scores: pd.DataFrame,
    *,
    metrics: Sequence[str],
    thresholds: Sequence[float] = (0.5, 0.7, 0.9),
    aggregations: Sequence[str] = AGGREGATIONS,
    lower_is_better: Collection[str] = (),
    weights: Mapping[str, tuple[float, float, float, float]] = MATCHING_WEIGHTS,
) -> pd.DataFrame:
    """Rank the models in every universe: each measure, threshold and way to sum up the images.

    Parameters
    ----------
    scores
        Score table.
    metrics
        Measures; those without a threshold make one universe per aggregation.
    thresholds
        For measures that have one.
    aggregations
        "mean" and "median" over images; "pooled", the mean weighted by what each image weighs
        (micro), for measures with an entry in ``weights``; "mean rank", the mean over images of
        the rank within the image.
    lower_is_better
        Those of the measures that are distances or errors.
    weights
        What an image weighs in the pooled value: multiples of its TP, FP, FN and reference cells.

    Returns
    -------
    DataFrame
        One row per universe and model: ``metric``, ``threshold`` (NaN without one),
        ``aggregation``, ``model``, ``value`` (NaN where the pooled weights of a model are all 0)
        and ``rank``, 1 best, ties sharing the average, NaN last. Each universe uses the images
        with a defined score for every model.

    Raises
    ------
    InputError
        If a measure, one of its thresholds or an aggregation does not exist, or if no image has a
        score for every model.
    """
    unknown = [name for name in aggregations if name not in AGGREGATIONS]
    if unknown:
        msg = f"expected aggregations of {', '.join(AGGREGATIONS)}, got {unknown[0]!r}."
        raise InputError(msg)
    if not metrics or not thresholds or not aggregations:
        msg = "a ranking needs at least one measure, threshold and aggregation; name them."
        raise InputError(msg)
    parts = []
    for metric in metrics:
        for threshold in _thresholds_of(scores, metric, thresholds):
            paired = paired_scores(scores, metric=metric, threshold=threshold)
            lower = metric in lower_is_better
            values = {
                "mean": paired.mean(),
                "median": paired.median(),
                "mean rank": _mean_ranks(paired, lower_is_better=lower),
            }
            if "pooled" in aggregations and metric in weights:
                chosen = select_scores(scores, metric, threshold)
                values["pooled"] = _pooled(chosen, paired, weights[metric])
            parts += [
                _universe(
                    metric, threshold, aggregation, values[aggregation],
                    lower_is_better=lower or aggregation == "mean rank",
                )
                for aggregation in aggregations
                if aggregation in values
            ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def multiverse_summary(universes: pd.DataFrame) -> pd.DataFrame:
    """Return how each model fares over all universes.

    Parameters
    ----------
    universes
        From :func:`multiverse`.

    Returns
    -------
    DataFrame
        One row per model, best first: ``model``, ``n`` universes, ``share_best`` (a tie for the
        first place counts in part), ``median_rank``, ``best_rank`` and ``worst_rank``.
    """
    keys = ["metric", "threshold", "aggregation"]
    first = universes.groupby(keys, dropna=False)["rank"].transform("min") == universes["rank"]
    tied = first.groupby([universes[key] for key in keys], dropna=False).transform("sum")
    table = (
        universes.assign(share_best=first / tied)
        .groupby("model", sort=False)
        .agg(
            n=("rank", "size"),
            share_best=("share_best", "mean"),
            median_rank=("rank", "median"),
            best_rank=("rank", "min"),
            worst_rank=("rank", "max"),
        )
    )
    order = ["median_rank", "worst_rank"]
    return table.sort_values(order, kind="stable").reset_index()


def _thresholds_of(
    scores: pd.DataFrame, metric: str, thresholds: Sequence[float]
) -> Sequence[float]:
    there = scores.loc[scores["metric"] == metric, "threshold"]
    if there.empty:
        names = ", ".join(dict.fromkeys(scores["metric"]))
        msg = f"no scores of {metric!r}, only of {names}; score the predictions with this measure."
        raise InputError(msg)
    known = there.dropna().unique()
    if not len(known):
        return (float("nan"),)
    for threshold in thresholds:
        if not np.isclose(known, threshold).any():
            texts = ", ".join(f"{value:g}" for value in sorted(known))
            msg = (
                f"no scores of {metric!r} at threshold {threshold:g}, only at {texts}; score the "
                "predictions again with this threshold."
            )
            raise InputError(msg)
    return thresholds


def _universe(
    metric: str, threshold: float, aggregation: str, values: pd.Series, *, lower_is_better: bool
) -> pd.DataFrame:
    worst = values.max() + 1 if lower_is_better else values.min() - 1
    defined = values.fillna(0.0 if values.isna().all() else worst)
    return pd.DataFrame(
        {
            "metric": metric,
            "threshold": threshold,
            "aggregation": aggregation,
            "model": values.index,
            "value": values.to_numpy(),
            "rank": rank_rows(defined.to_numpy()[None], lower_is_better=lower_is_better)[0],
        }
    )


def _mean_ranks(paired: pd.DataFrame, *, lower_is_better: bool) -> pd.Series:
    within = rank_rows(paired.to_numpy(float), lower_is_better=lower_is_better)
    return pd.Series(within.mean(axis=0), index=paired.columns)


def _pooled(
    chosen: pd.DataFrame, paired: pd.DataFrame, multiples: tuple[float, float, float, float]
) -> pd.Series:
    used = chosen[chosen["image_id"].isin(paired.index)]
    weight = used[COUNT_COLUMNS] @ np.array(multiples)
    sums = (
        pd.DataFrame({"weight": weight, "weighted": weight * used["value"]})
        .groupby(used["model"])
        .sum()
    )
    values = sums["weighted"] / sums["weight"].where(sums["weight"] > 0)
    return values.reindex(paired.columns)
