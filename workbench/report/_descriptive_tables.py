"""Descriptives of a measure: as published, and with intervals that fit each statistic."""

from __future__ import annotations

import pandas as pd

from workbench.analysis import describe_as_published, describe_models
from workbench.report._findings import Findings, measure_at, threshold_of
from workbench.report._numbers import (
    four_decimals,
    intervals,
    sentence,
)
from workbench.report._parts import Query, ReportTable


def descriptive_tables(found: Findings, metric: str) -> list[ReportTable]:
    """Return the published descriptives of a measure, and those with fitting intervals."""
    threshold = threshold_of(found.scores, metric, found.threshold)
    values = found.values(metric, threshold)
    if values is None or values.dropna().empty:
        return []
    paired = values.dropna()
    at = measure_at(metric, threshold)
    ending = "" if metric == found.metric else f"_{metric}"
    old = describe_as_published(paired)
    published = pd.DataFrame(
        {
            "Model": old["model"],
            "Mean ± SD (ddof = 0)": [
                f"{four_decimals(mean)} ± {four_decimals(sd)}"
                for mean, sd in old[["mean", "sd_ddof0"]].itertuples(index=False)
            ],
            "Median": old["median"],
            "Central 95 % of images": _brackets(old, "central_low", "central_high"),
            "Range": _brackets(old, "minimum", "maximum"),
        }
    )
    queries = [found.query(str(m), images=paired.index) for m in old["model"]]
    if metric != found.metric:
        queries = [Query((str(m),), metric, threshold, tuple(paired.index)) for m in old["model"]]
    behind: dict[str, list[Query | None]] = {
        name: [*queries] for name in ("Mean ± SD (ddof = 0)", "Median", "Mean", "Images")
    }
    return [
        ReportTable(
            f"descriptives{ending}_as_published",
            f"{at} over {len(paired)} images, SD with n. Published reports call the central 95 % "
            "of images a confidence interval; it says where images lie, not how sure the mean is.",
            published,
            formats={"Median": four_decimals},
            label="as published",
            queries={name: behind[name] for name in published.columns if name in behind},
        ),
        _described(found, paired, at, ending, behind),
    ]


def _described(
    found: Findings,
    paired: pd.DataFrame,
    at: str,
    ending: str,
    behind: dict[str, list[Query | None]],
) -> ReportTable:
    table = (
        found.described
        if not ending
        else describe_models(
            paired, groups=found.groups, n_resamples=found.n_resamples, seed=found.seed
        )
    )
    frame = pd.DataFrame(
        {
            "Model": table["model"],
            "Images": table["n"],
            "Mean": table["mean"],
            "SD (ddof = 1)": table["sd"],
            "Mean's interval (t)": intervals(table, "ci_low", "ci_high"),
            "Mean's interval (BCa)": intervals(table, "bca_low", "bca_high"),
            "Median": table["median"],
            "Median's interval": intervals(table, "median_low", "median_high"),
            "Quartiles": intervals(table, "q25", "q75"),
        }
    )
    notices = "; ".join(dict.fromkeys(filter(None, table["notice"])))
    return ReportTable(
        f"descriptives{ending}",
        f"{at}: 95 % intervals of the mean (Student t and BCa bootstrap) and of the median (order "
        f"statistics).{f' {sentence(notices)}' if notices else ''}",
        frame,
        label="corrected",
        queries={name: behind[name] for name in frame.columns if name in behind},
    )


def _brackets(table: pd.DataFrame, low: str, high: str) -> list[str]:
    return [
        f"[{four_decimals(a)}, {four_decimals(b)}]"
        for a, b in table[[low, high]].itertuples(index=False)
    ]
