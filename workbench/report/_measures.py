"""Scores over thresholds and by every measure, all models side by side."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench import figures
from workbench.analysis import Interval, mean_interval, scores_by_threshold
from workbench.metrics import MEASURES
from workbench.report._findings import (
    PUBLISHED_MEASURES,
    Findings,
    better,
    lower_is_better,
    measure_title,
    threshold_of,
)
from workbench.report._numbers import four_decimals, plain, with_interval
from workbench.report._parts import Figure, Query, ReportTable, Section

MOST_COLUMNS: Final = 10
"""More models than this become rows of the table of measures, and few measures its columns."""


def measures_section(found: Findings) -> Section:
    """Return the section on scores: over thresholds, over images, by every measure."""
    items: list[ReportTable | Figure] = []
    thresholds = sorted(_thresholds(found))
    if len(thresholds) > 1:
        by_threshold = scores_by_threshold(found.scores, metric=found.metric)
        items += [_curve(found, by_threshold), _threshold_table(found, thresholds)]
    items.append(_distributions(found))
    items += _comparison_tables(found)
    if len(_measures(found)) > len(PUBLISHED_MEASURES):
        items.append(measures_table(found))
    return Section("Scores", items=items)


def _curve(found: Findings, by_threshold: pd.DataFrame) -> Figure:
    ordered = by_threshold.set_index("model").loc[found.models].reset_index()
    title = measure_title(found.metric)
    ends = ordered.groupby("model", sort=False)["mean"].agg(["first", "last"])
    low, high = by_threshold["threshold"].min(), by_threshold["threshold"].max()
    falls = ", ".join(
        f"{row.Index} from {row.first:.3f} to {row.last:.3f}" for row in ends.head(7).itertuples()
    )
    return Figure(
        f"Mean {title} over images against the IoU a match needs; bands are 95 % intervals of "
        "the mean (Student t).",
        figures.score_by_threshold(ordered, metric=found.metric),
        f"Between IoU {low:g} and {high:g} the means go: {falls}.",
    )


def _distributions(found: Findings) -> Figure:
    described = found.described
    medians = ", ".join(
        f"{row.model} {row.median:.3f} ({row.q25:.3f} to {row.q75:.3f})"
        for row in described.head(7).itertuples()
    )
    return Figure(
        f"{found.measure} of every image: its distribution, a box of median and quartiles with the "
        "mean as dashed line, and a point per image.",
        figures.raincloud(found.paired, metric=found.metric, threshold=found.threshold),
        f"Medians with quartiles: {medians}.",
    )


def _threshold_table(found: Findings, thresholds: list[float]) -> ReportTable:
    columns: dict[str, Any] = {"Model": found.models}
    queries: dict[str, list[Query | None]] = {}
    for threshold in thresholds:
        values = found.values(found.metric, threshold)
        name = f"{threshold:.2f}"
        columns[name] = [math.nan] * len(found.models) if values is None else values.mean().tolist()
        queries[name] = found.queries(found.metric, threshold)
    return ReportTable(
        "scores_by_threshold",
        f"Mean {measure_title(found.metric)} over images by the IoU that a match needs.",
        pd.DataFrame(columns),
        queries=queries,
    )


def _comparison_tables(found: Findings) -> list[ReportTable | Figure]:
    """Return the published comparison of metrics, with all models, and with intervals beside it."""
    measures = [
        (metric, threshold_of(found.scores, metric, found.threshold))
        for metric in dict.fromkeys((found.metric, *PUBLISHED_MEASURES))
    ]
    values = {
        measure: table for measure in measures if (table := found.values(*measure)) is not None
    }
    published: dict[str, Any] = {"Model": found.models}
    corrected: dict[str, Any] = {"Model": found.models}
    queries = {}
    for (metric, threshold), table in values.items():
        title = measure_title(metric)
        published[title] = table.mean().tolist()
        corrected[title] = [_with_interval(found, table[model]) for model in found.models]
        queries[title] = found.queries(metric, threshold)
    at = "" if math.isnan(found.threshold) else f" at IoU {found.threshold:g}"
    return [
        ReportTable(
            "metrics_as_published",
            f"Metrics comparison{at}: means over the images with a value, of all models.",
            pd.DataFrame(published),
            formats=dict.fromkeys(queries, four_decimals),
            label="as published",
            queries=queries,
        ),
        ReportTable(
            "metrics",
            f"Metrics comparison{at}: means with 95 % intervals (Student t over images). "
            "Intervals of two models may overlap though the models differ: they are compared "
            "image by image, below.",
            pd.DataFrame(corrected),
            label="corrected",
            queries=queries,
        ),
    ]


def _with_interval(found: Findings, values: pd.Series) -> str:
    defined = values.dropna()
    if defined.empty:
        return plain(math.nan)
    of_mean = (
        mean_interval(defined, groups=_groups_of(found, defined))
        if len(defined) > 1
        else Interval(math.nan, math.nan)
    )
    return with_interval(defined.mean(), of_mean.low, of_mean.high)


def _groups_of(found: Findings, values: pd.Series) -> pd.Series | None:
    if found.groups is None or not found.groups.index.isin(values.index).any():
        return None
    return found.groups


def measures_table(found: Findings) -> ReportTable:
    """Return every measure, models side by side: means over the images where it is defined."""
    rows = []
    queries: dict[str, list[Query | None]] = {model: [] for model in found.models}
    for metric, threshold in _measures(found):
        values = found.values(metric, threshold)
        if values is None:
            continue
        means = values.mean()
        rows.append(
            {"Measure": measure_title(metric), "Better": better(metric)}
            | means.to_dict()
            | {"Best": _best(means, metric)}
        )
        for model in found.models:
            queries[model].append(found.query(model, metric=metric, threshold=threshold))
    frame = pd.DataFrame(rows)
    at = "" if math.isnan(found.threshold) else f"; matches at IoU {found.threshold:g}"
    caption = f"Every measure: mean over the images where it is defined{at}."
    if all(metric in MEASURES for metric, _ in _measures(found)):
        caption += " The command workbench measures explains each."
    if len(found.models) > MOST_COLUMNS:
        means = frame.set_index("Measure")[found.models].T.rename_axis("Model").reset_index()
        return ReportTable("measures", caption, means)
    return ReportTable("measures", caption, frame, queries=queries)


def _best(means: pd.Series, metric: str) -> str:
    """Return the model with the best mean, all of them where several tie."""
    defined = means.dropna()
    if defined.empty or (metric in MEASURES and MEASURES[metric].higher_is_better is None):
        return plain(math.nan)
    best = defined.min() if lower_is_better(metric) else defined.max()
    winners = defined.index[np.isclose(defined, best, rtol=1e-12, atol=0)]
    return str(winners[0]) if len(winners) == 1 else f"{len(winners)} models"


def _measures(found: Findings) -> list[tuple[str, float]]:
    return [
        (metric, threshold_of(found.scores, metric, found.threshold))
        for metric in dict.fromkeys(found.scores["metric"])
    ]


def _thresholds(found: Findings) -> list[float]:
    of_metric = found.scores[found.scores["metric"] == found.metric]
    return [float(value) for value in of_metric["threshold"].dropna().unique()]
