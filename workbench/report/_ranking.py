"""Whether the ranking would be the same on other images, by another measure or threshold."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench import figures
from workbench.analysis import RankStability, multiverse, multiverse_summary
from workbench.report._findings import (
    PUBLISHED_MEASURES,
    PUBLISHED_THRESHOLDS,
    Findings,
    lower_is_better,
    rows_of,
)
from workbench.report._numbers import listed, percent
from workbench.report._parts import Figure, ReportTable, Section


def ranking_section(found: Findings) -> Section:
    """Return the section on the ranking; empty for fewer than 3 images or 2 models."""
    ranks = found.ranks
    if ranks is None:
        return Section("Ranking")
    best = ranks.table.iloc[0]
    drawn = Figure(
        "How often each model takes each rank when the images are drawn again; the point is its "
        "rank on all images, the bar its 95 % interval.",
        figures.rank_distribution(ranks.table, ranks.distribution),
        f"{best['model']} comes first in {percent(best['p_best'])} of the redraws.",
    )
    items = [drawn, _redraws(found, ranks), *_universes(found)]
    return Section("Ranking", [_without_an_image(found, ranks)], items)


def _redraws(found: Findings, ranks: RankStability) -> ReportTable:
    table = ranks.table
    within = ranks.rank_then_mean.set_index("model").loc[table["model"]]
    frame = pd.DataFrame(
        {
            "Model": table["model"],
            "Mean": table["mean"],
            "Rank": table["rank"].map("{:g}".format),
            "95 % of redraws": [
                f"{low:g} to {high:g}"
                for low, high in table[["rank_low", "rank_high"]].itertuples(index=False)
            ],
            "First in redraws": table["p_best"].map(percent),
            "Mean rank within images": within["mean_rank"].to_numpy(),
            "Rank by that": within["rank"].map("{:g}".format).to_numpy(),
        }
    )
    return ReportTable(
        "ranks",
        f"Ranking by {found.measure} when the images are drawn again ({found.n_resamples:,} "
        "times), and when models are ranked within each image first. Kendall's tau between the "
        f"ranking of a redraw and this one is {ranks.kendall_tau:.2f} on average.",
        frame,
        label="corrected",
        queries={"Mean": [found.query(str(model)) for model in table["model"]]},
    )


def _without_an_image(found: Findings, ranks: RankStability) -> str:
    flips = ranks.flips
    leaders = flips[flips["best"] != found.models[0]]
    if leaders.empty:
        return f"{found.models[0]} stays first whichever single image is left out."
    some = listed([str(image) for image in leaders["image_id"]])
    return (
        f"{found.models[0]} is not first alone any more once one of {len(leaders)} images is left "
        f"out: {some}."
    )


def _universes(found: Findings) -> list[ReportTable | Figure]:
    """Return how models fare over measures, thresholds and averages; nothing with just one."""
    metrics = [
        metric
        for metric in dict.fromkeys((found.metric, *PUBLISHED_MEASURES))
        if (found.scores["metric"] == metric).any()
    ]
    thresholds = [
        t for t in PUBLISHED_THRESHOLDS if all(_has(found.scores, m, t) for m in metrics)
    ] or [found.threshold]
    options: dict[str, Any] = {"metrics": metrics, "thresholds": thresholds}
    if not {"tp", "fp", "fn", "n_reference"} <= set(found.scores):
        options["aggregations"] = ("mean", "median", "mean rank")
    universes = multiverse(
        found.scores, lower_is_better=[m for m in metrics if lower_is_better(m)], **options
    )
    n_universes = len(universes) // len(found.models)
    if n_universes < 2:
        return []
    table = multiverse_summary(universes)
    first = table.iloc[0]
    drawn = Figure(
        "Rank of each model under every choice of measure, threshold and average; a row of one "
        "shade is a model whose rank does not hang on the choice.",
        figures.rank_multiverse(universes),
        f"{first['model']} has the best median rank and is best in {percent(first['share_best'])}.",
    )
    shown = ReportTable(
        "multiverse",
        f"The ranking in {n_universes} analyses that could have been declared instead: by "
        f"{listed(metrics)}, at each IoU threshold, by mean, median, pooled cells or mean rank.",
        pd.DataFrame(
            {
                "Model": table["model"],
                "Best in": table["share_best"].map(percent),
                "Median rank": table["median_rank"].map("{:g}".format),
                "Best rank": table["best_rank"].map("{:g}".format),
                "Worst rank": table["worst_rank"].map("{:g}".format),
            }
        ),
        label="corrected",
    )
    return [drawn, shown]


def _has(scores: pd.DataFrame, metric: str, threshold: float) -> bool:
    of_metric = scores[scores["metric"] == metric]
    return of_metric["threshold"].isna().all() or len(rows_of(scores, metric, threshold)) > 0
