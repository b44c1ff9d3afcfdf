"""The first page: who is best, whether the data support it, and the table of the models."""

from __future__ import annotations

from typing import Final

import pandas as pd

from workbench.analysis import groups_text, model_summary
from workbench.report._findings import (
    PUBLISHED_MEASURES,
    Findings,
    measure_title,
    threshold_of,
)
from workbench.report._numbers import four_decimals, interval, intervals, percent, plain
from workbench.report._parts import ReportTable, Section

SUMMARY_HEADERS: Final = {
    "model": "Model",
    "n_images": "Images",
    "n_used": "Used",
    "n_failed": "Failed",
    "f1@0.5": "F1 @ 0.5",
    "interval": "95 % interval",
    "f1@0.7": "F1 @ 0.7",
    "f1@0.9": "F1 @ 0.9",
    "micro_f1": "Micro F1",
    "precision": "Precision",
    "recall": "Recall",
    "dice": "Dice",
}

SUMMARISED: Final = ("failed", "broken", "best", "equivalent")
"""Recommendations that the first page repeats."""


def overview_section(found: Findings) -> Section:
    """Return the executive summary: sentences that rest on tests, and the models best first."""
    tested = [one.sentence for one in found.recommended if one.kind in SUMMARISED]
    texts = [_leader(found), *tested, _images(found)]
    return Section(
        "Executive summary",
        [text for text in texts if text],
        [_as_published(found), _supported(found)],
    )


def summary_table(scores: pd.DataFrame) -> ReportTable:
    """Return the table of a run's models, best first.

    Parameters
    ----------
    scores
        Score table of the workbench, with F1, precision, recall and Dice.
    """
    shown = model_summary(scores)
    place = list(shown.columns).index("f1@0.5") + 1
    shown.insert(place, "interval", intervals(shown, "ci_low", "ci_high"))
    return ReportTable(
        "summary",
        "Models by mean F1 at IoU 0.5 (macro: every image counts the same), with its 95 % "
        "interval; micro F1 pools the cells of all images.",
        shown.drop(columns=["ci_low", "ci_high"]),
        headers=SUMMARY_HEADERS,
        best_row=0,
    )


def _leader(found: Findings) -> str:
    first = found.described.iloc[0]
    what = "lowest" if found.lower_is_better else "highest"
    only = "" if len(found.models) > 1 else "The only model: "
    text = (
        f"{only}{first['model']} has the {what} mean {found.measure}: {plain(first['mean'])} "
        f"{interval(first['ci_low'], first['ci_high'])} over {len(found.paired)} images."
    )
    if found.ranks is None:
        return text
    share = found.ranks.table.set_index("model").loc[first["model"], "p_best"]
    return f"{text} In {percent(share)} of redraws of the images it comes first."


def _images(found: Findings) -> str:
    """Return how many images count, and what they share."""
    left_out = found.paired.attrs["n_left_out"]
    text = f"{len(found.paired)} images have a defined score for every model"
    text += f"; {left_out} others are left out for all models." if left_out else "."
    return f"{text} {groups_text(found.paired.index, found.groups)}".rstrip()


def _as_published(found: Findings) -> ReportTable:
    """Return the published performance summary: means, medians and SDs, without intervals."""
    columns = {"Model": found.models}
    queries = {}
    for metric in dict.fromkeys((found.metric, *PUBLISHED_MEASURES)):
        threshold = threshold_of(found.scores, metric, found.threshold)
        values = found.values(metric, threshold)
        if values is None:
            continue
        title = measure_title(metric)
        of_metric = {f"Mean {title}": values.mean()}
        if metric == found.metric:
            of_metric |= {f"Median {title}": values.median(), f"SD {title}": values.std()}
        for name, numbers in of_metric.items():
            columns[name] = numbers.tolist()
            queries[name] = found.queries(metric, threshold)
    frame = pd.DataFrame(columns)
    return ReportTable(
        "summary_as_published",
        f"Performance summary at {found.measure}: over all images with a value, SD with n - 1. "
        "Means alone don't tell whether models differ.",
        frame,
        formats=dict.fromkeys(frame.columns[1:], four_decimals),
        best_row=0,
        label="as published",
        queries=queries,
    )


def _supported(found: Findings) -> ReportTable:
    """Return the models with what their order is worth."""
    described = found.described
    columns: dict[str, object] = {
        "Model": found.models,
        "Images": described["n"],
        "Mean": described["mean"],
        "95 % interval of the mean": intervals(described, "ci_low", "ci_high"),
        "Median": described["median"],
        "95 % interval of the median": intervals(described, "median_low", "median_high"),
    }
    if found.ranks is not None:
        table = found.ranks.table.set_index("model").loc[found.models]
        columns["Rank (95 % of redraws)"] = [
            f"{rank:g} ({low:g}–{high:g})"
            for rank, low, high in table[["rank", "rank_low", "rank_high"]].itertuples(index=False)
        ]
        columns["First in redraws"] = [percent(share) for share in table["p_best"]]
    of_model = [found.query(model) for model in found.models]
    shown = ("Images", "Mean", "Median")
    return ReportTable(
        "summary",
        f"Models by mean {found.measure} (macro: every image counts the same), on the images "
        "that all models have a score for.",
        pd.DataFrame(columns),
        best_row=0,
        label="corrected",
        queries=dict.fromkeys(shown, of_model),
    )
