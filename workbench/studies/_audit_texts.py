"""What an audit came to, in words and as a table for people."""

from __future__ import annotations

from typing import Final

import pandas as pd

from workbench.datasets import CHECKS, REPAIRS
from workbench.report import ReportTable
from workbench.studies._audit import REPAIR_COLUMNS, REPAIR_THRESHOLDS, Audit

N_REPAIRED_SHOWN: Final = 20


AUDIT_COLUMNS: Final = ("Found", "Severity", "Images", "Places", "Repair", "Example")
"""Of :func:`audit_rows`, those that fit into a terminal."""


def audit_rows(audit: Audit) -> ReportTable:
    """Return what each check found as people read it, gravest first."""
    rows = []
    for code, check in CHECKS.items():
        found = audit.findings[audit.findings["code"] == code]
        if found.empty:
            continue
        rows.append(
            {
                "Found": check.title,
                "Severity": check.severity,
                "Images": found["image_id"].nunique(),
                "Places": len(found),
                "What it means": check.meaning,
                "Repair": check.repair or "–",
                "Example": f"{found['image_id'].iloc[0]}: {found['text'].iloc[0]}",
            }
        )
    columns = ["Found", "Severity", "Images", "Places", "What it means", "Repair", "Example"]
    return ReportTable(
        "checks",
        "What was found; findings.csv has a line for each place.",
        pd.DataFrame(rows, columns=columns),
    )


def audit_texts(audit: Audit) -> list[str]:
    """Return in sentences what an audit came to, and what the repairs would change."""
    images = audit.images
    wrong, doubtful = images["n_errors"] > 0, images["n_warnings"] > 0
    first = (
        f"{_count(len(images), 'image')} with {int(images['n_cells'].sum()):,} cells: "
        f"{wrong.sum():,} with errors, {doubtful.sum():,} with warnings, "
        f"{(~wrong & ~doubtful).sum():,} with neither."
    )
    texts = [first]
    if len(audit.problems):
        texts.append(
            f"{_count(len(audit.problems), 'image')} can't be read; the first: "
            f"{audit.problems['problem'].iloc[0]}"
        )
    if effect := repair_text(audit):
        texts.append(effect)
    return texts


def repair_text(audit: Audit) -> str:
    """Return in words what the proposed repairs would do to a score; empty if there are none."""
    changed = audit.images[audit.images["repairs"] != ""]
    if changed.empty:
        return ""
    means = ", ".join(
        f"{changed[column].mean():.3f} at IoU {threshold:g}"
        for column, threshold in zip(REPAIR_COLUMNS, REPAIR_THRESHOLDS, strict=True)
    )
    text = (
        f"Repairs are proposed for {_count(len(changed), 'image')}. A prediction equal to the "
        f"repaired labels would score a mean F1 of {means} against the labels as they are"
    )
    strict = changed[REPAIR_COLUMNS[-1]]
    if strict.notna().any() and strict.min() < 1:
        lowest = changed.loc[strict.idxmin()]
        text += (
            f"; least in {lowest['image_id']}: {lowest[REPAIR_COLUMNS[-1]]:.3f} at IoU "
            f"{REPAIR_THRESHOLDS[-1]:g}"
        )
    return text + "."


def repaired_rows(audit: Audit) -> ReportTable:
    """Return the images for which repairs are proposed, those whose score changes most first."""
    changed = audit.images[audit.images["repairs"] != ""]
    ranked = changed.sort_values(list(REPAIR_COLUMNS[::-1]), kind="stable").head(N_REPAIRED_SHOWN)
    more = len(changed) - len(ranked)
    rest = f" {more:,} more are in images.csv." if more else ""
    return ReportTable(
        "repairs",
        "Score of a prediction equal to the repaired labels against the labels as they are: what "
        f"the faults cost a perfect model.{rest}",
        pd.DataFrame(
            {
                "Image": ranked["image_id"],
                "Repairs": [
                    "; ".join(REPAIRS[name] for name in names.split())
                    for names in ranked["repairs"]
                ],
                **{
                    f"F1 @ {threshold:g}": ranked[column]
                    for column, threshold in zip(REPAIR_COLUMNS, REPAIR_THRESHOLDS, strict=True)
                },
            }
        ),
    )


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
