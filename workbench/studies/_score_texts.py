"""What scoring came to, in words: tables for people, JSON for programs."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.analysis import measure_summary, measure_sums
from workbench.metrics import MEASURES
from workbench.report import ReportTable, better, interval, measure_title
from workbench.schema import PRIMARY_IOU_THRESHOLD, STATUSES
from workbench.studies._score_parts import WEIGHTS, ScoreResult

N_PROBLEMS_SHOWN: Final = 20


def summary_rows(summary: pd.DataFrame) -> ReportTable:
    """Return the summary as people read it: matching measures at IoU 0.5 alone."""
    at_primary = np.isclose(summary["threshold"], PRIMARY_IOU_THRESHOLD)
    shown = summary[summary["threshold"].isna() | at_primary]
    frame = pd.DataFrame(
        {
            "Measure": [
                _measure_title(*row) for row in shown[["metric", "threshold"]].itertuples(False)
            ],
            "Macro": shown["macro"].to_numpy(),
            "95 % interval": [
                interval(*row) for row in shown[["ci_low", "ci_high"]].itertuples(index=False)
            ],
            "Micro": shown["micro"].to_numpy(),
            "Undefined": shown["n_undefined"].to_numpy(),
            "Better": [better(metric) for metric in shown["metric"]],
        }
    )
    if "by_convention" in shown:
        frame.insert(4, "By the convention", shown["by_convention"].to_numpy())
    return ReportTable(
        "measures",
        "Macro: mean over images; micro: all cells or pixels together. Undefined: images without a "
        "value. `workbench measures NAME` explains a measure.",
        frame,
    )


def measure_overview(scores: pd.DataFrame) -> pd.DataFrame:
    """Return every measure of one member, as :func:`summary_rows` shows it."""
    return summary_rows(measure_summary(measure_sums(scores, WEIGHTS))).frame


def problem_rows(problems: pd.DataFrame) -> ReportTable:
    """Return what was wrong or converted as people read it, one line per kind."""
    rows = []
    for (side, problem), group in problems.groupby(["side", "problem"], sort=False):
        names = [name for name in group["image_id"] if name]  # files left out have none
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        rows.append(
            {
                "Side": side,
                "Problem": problem,
                "Images": len(group),
                "Which": ", ".join(names[:3]) + more,
                "What it means": STATUSES.get(problem) or _details(group),
            }
        )
    return ReportTable(
        "problems",
        "What was wrong or converted; problems.csv has a line for each image.",
        pd.DataFrame(rows[:N_PROBLEMS_SHOWN]),
    )


def _details(problems: pd.DataFrame) -> str:
    """Return the detail of problems of one kind, or one as an example where they differ."""
    first = problems.iloc[0]
    if (problems["detail"] == first["detail"]).all():
        return str(first["detail"])
    return "e.g. " + ": ".join(filter(None, first[["image_id", "detail"]]))


def result_json(result: ScoreResult) -> str:
    """Return the summary and the problems as JSON; undefined values are null."""
    summary: list[dict[str, Any]] = json.loads(
        result.summary.to_json(orient="records", double_precision=15)
    )
    problems: list[dict[str, Any]] = json.loads(result.problems.to_json(orient="records"))
    return json.dumps(
        {
            "n_images": result.n_images,
            "n_scored": result.n_scored,
            "summary": summary,
            "problems": problems,
        },
        indent=1,
    )


def _measure_title(metric: str, threshold: float) -> str:
    # Some conventions have scores of their own beside the registered measures.
    title = measure_title(metric) if metric in MEASURES else metric.replace("_", " ").capitalize()
    return title + ("" if np.isnan(threshold) else f" @ {threshold:g}")
