"""Each model by itself: over thresholds, its best and its worst images."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from workbench.analysis import mean_interval
from workbench.report._findings import (
    PUBLISHED_MEASURES,
    PUBLISHED_THRESHOLDS,
    Findings,
    measure_title,
    rows_of,
    threshold_of,
)
from workbench.report._numbers import four_decimals, interval
from workbench.report._parts import Query, ReportTable, Section
from workbench.schema import FAILED_STATUSES

N_EXTREMES: Final = 5
COUNT_HEADERS: Final = {
    "tp": "Matched",
    "fp": "Spurious",
    "fn": "Missed",
    "n_reference": "Reference cells",
    "n_predicted": "Predicted cells",
}


def model_sections(found: Findings) -> list[Section]:
    """Return a heading and a section for each model, best first."""
    text = (
        "For each model: means by the IoU that a match needs, and its five best and five worst "
        "images."
    )
    return [
        Section("Each model", [text]),
        *(
            Section(
                model,
                items=[
                    *_by_threshold(found, model),
                    _extremes(found, model, best=True),
                    _extremes(found, model, best=False),
                ],
                level=3,
            )
            for model in found.models
        ),
    ]


def _by_threshold(found: Findings, model: str) -> list[ReportTable]:
    """Return the published table over thresholds, and intervals and missing images beside it."""
    thresholds = _thresholds(found)
    metrics = list(dict.fromkeys((found.metric, *PUBLISHED_MEASURES)))
    published: list[dict[str, Any]] = []
    corrected: list[dict[str, Any]] = []
    queries: dict[str, list[Query | None]] = {}
    for threshold in thresholds:
        row: dict[str, Any] = {"IoU threshold": f"{threshold:g}"}
        for metric in metrics:
            at = threshold_of(found.scores, metric, threshold)
            values = found.values(metric, at)
            if values is None:
                continue
            name = f"Mean {measure_title(metric)}"
            row[name] = values[model].mean()
            queries.setdefault(name, []).append(found.query(model, metric=metric, threshold=at))
        own = found.values(found.metric, threshold)
        row["Images"] = 0 if own is None else len(own)
        published.append(row)
        corrected.append({"IoU threshold": f"{threshold:g}"} | _counted(found, model, threshold))
    if not thresholds:
        return []
    published_frame = pd.DataFrame(published)
    of_own = [found.query(model, metric=found.metric, threshold=t) for t in thresholds]
    return [
        ReportTable(
            f"thresholds_as_published_{model}",
            f"{model} across thresholds. Dice has no threshold and stays the same.",
            published_frame,
            formats=dict.fromkeys(queries, four_decimals),
            label="as published",
            queries=queries,
        ),
        ReportTable(
            f"thresholds_{model}",
            f"{model} across thresholds: {measure_title(found.metric)} with its 95 % interval "
            "(Student t over images), and pooled over the cells of all images (micro).",
            pd.DataFrame(corrected),
            label="corrected",
            queries={f"Mean {measure_title(found.metric)}": of_own, "Used": of_own},
        ),
    ]


def _counted(found: Findings, model: str, threshold: float) -> dict[str, Any]:
    chosen = rows_of(found.scores, found.metric, threshold)
    chosen = chosen[chosen["model"] == model]
    values = found.values(found.metric, threshold)
    defined = pd.Series(dtype=float) if values is None else values[model].dropna()
    of_mean = (
        mean_interval(defined, groups=_present(found.groups, defined)) if len(defined) > 1 else None
    )
    row: dict[str, Any] = {
        f"Mean {measure_title(found.metric)}": defined.mean() if len(defined) else math.nan,
        "95 % interval": interval(of_mean.low, of_mean.high) if of_mean else "–",
    }
    if found.metric == "f1" and {"tp", "fp", "fn"} <= set(chosen):
        tp, fp, fn = (float(chosen[name].sum()) for name in ("tp", "fp", "fn"))
        row["Micro F1"] = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else math.nan
    row["Used"] = len(defined)
    row["Undefined"] = (0 if values is None else len(values)) - len(defined)
    if "status" in chosen:
        row["Failed"] = int(chosen["status"].isin(FAILED_STATUSES).sum())
    return row


def _extremes(found: Findings, model: str, *, best: bool) -> ReportTable:
    """Return the images with the best or the worst scores of a model."""
    metric, threshold = found.metric, found.threshold
    values = found.values(metric, threshold)
    own = pd.Series(dtype=float) if values is None else values[model].dropna()
    ordered = own.sort_values(ascending=best == found.lower_is_better, kind="stable")
    chosen = ordered.head(N_EXTREMES)
    frame = pd.DataFrame({"Image": chosen.index, measure_title(metric): chosen.to_numpy()})
    dice = found.values("dice", math.nan)
    if dice is not None and metric != "dice":
        frame["Dice"] = dice[model].reindex(chosen.index).to_numpy()
    counts = rows_of(found.scores, metric, threshold)
    counts = counts[counts["model"] == model].drop_duplicates("image_id").set_index("image_id")
    for name, title in COUNT_HEADERS.items():
        if name in counts and (found.scores[name] > 0).any():
            frame[title] = counts[name].reindex(chosen.index).to_numpy()
    kind = "best" if best else "worst"
    # All models on the image, this one first.
    models = dict.fromkeys((model, *found.models))
    one = [found.query(*models, images=pd.Index([image])) for image in chosen.index]
    return ReportTable(
        f"{kind}_{model}",
        f"The {len(frame)} {kind} images of {model} by {found.measure}.",
        frame,
        formats={measure_title(metric): four_decimals, "Dice": four_decimals},
        queries={measure_title(metric): one},
    )


def _thresholds(found: Findings) -> list[float]:
    """Return the published thresholds that were scored, else the declared one."""
    if math.isnan(found.threshold):
        return []
    wanted = dict.fromkeys((found.threshold, *PUBLISHED_THRESHOLDS))
    return [t for t in sorted(wanted) if len(rows_of(found.scores, found.metric, t))]


def _present(groups: pd.Series | None, values: pd.Series) -> pd.Series | None:
    return None if groups is None or not groups.index.isin(values.index).any() else groups
