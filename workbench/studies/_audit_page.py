"""An audit as files: tables, and one HTML page with a picture of every flagged image."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from workbench import figures
from workbench.datasets import read_sample
from workbench.report import Figure, Report, ReportTable, Section, render_html
from workbench.store import atomic_path, write_text
from workbench.studies._audit import Audit
from workbench.studies._audit_texts import audit_rows, audit_texts, repaired_rows

MAX_PICTURES: Final = 60
N_PROBLEMS_SHOWN: Final = 20


def write_audit(audit: Audit, out: Path, *, max_pictures: int = MAX_PICTURES) -> Path:
    """Write an audit as tables and as a page that opens offline.

    Parameters
    ----------
    audit
        From :func:`audit_dataset`; the images to be shown are read again.
    out
        Gets ``audit.html`` and ``tables/`` with ``images.csv``, ``findings.csv``,
        ``problems.csv`` and the tables of the page.
    max_pictures
        Of images with errors or warnings, those with errors first; the page says how many it
        leaves out.

    Returns
    -------
    Path
        The page.
    """
    sections = list(_sections(audit, max_pictures))
    tables = {"images": audit.images, "findings": audit.findings, "problems": audit.problems}
    shown = [item for section in sections for item in section.items]
    tables |= {item.name: item.frame for item in shown if isinstance(item, ReportTable)}
    for name, table in tables.items():
        with atomic_path(out / "tables" / f"{name}.csv") as partial:
            table.to_csv(partial, index=False)
    path = out / "audit.html"
    page = Report(audit.dataset.name, sections, kind="Audit of an annotated data set")
    write_text(path, render_html(page, made=datetime.now()))
    return path


def _sections(audit: Audit, max_pictures: int) -> Iterator[Section]:
    checks = audit_rows(audit)
    items: list[ReportTable | Figure] = []
    if len(checks.frame):
        items = [
            Figure(
                "Images in which each check found something.",
                figures.audit_overview(audit.findings),
            ),
            checks,
        ]
    texts = audit_texts(audit) + ([] if items else ["Nothing was found."])
    yield Section("Summary", texts, items)
    repaired = repaired_rows(audit)
    if len(repaired.frame):
        yield Section("What repairs would change", items=[repaired])
    if len(audit.problems):
        yield Section("Images that can't be read", items=[_problem_rows(audit.problems)])
    flagged = _flagged(audit.images)
    if len(flagged):
        yield _pictures(audit, flagged, max_pictures)


def _flagged(images: pd.DataFrame) -> pd.DataFrame:
    """Return the images with errors or warnings, those with most first."""
    flagged = images[(images["n_errors"] > 0) | (images["n_warnings"] > 0)]
    return flagged.sort_values(["n_errors", "n_warnings"], ascending=False, kind="stable")


def _pictures(audit: Audit, flagged: pd.DataFrame, max_pictures: int) -> Section:
    records = {record.image_id: record for record in audit.dataset.records}
    shown = list(flagged["image_id"].head(max_pictures))
    text = "Each image with its labels, and what was found from near, gravest first."
    if len(flagged) > len(shown):
        text += f" {len(shown)} of {len(flagged):,} images are shown; findings.csv has the others."
    return Section(
        "Flagged images",
        [text],
        [
            Figure(
                _caption(image_id, audit),
                figures.audit_gallery([read_sample(records[image_id])], audit.findings),
            )
            for image_id in shown
        ],
    )


def _caption(image_id: str, audit: Audit) -> str:
    """Return what was found in an image: every text, equal kinds counted after the first."""
    found = audit.findings[audit.findings["image_id"] == image_id]
    parts = []
    for _, group in found.groupby("code", sort=False):
        more = f" and {len(group) - 1} more such" if len(group) > 1 else ""
        parts.append(f"{group['text'].iloc[0]}{more}")
    split = found["split"].iloc[0]
    return f"{image_id} ({split}): {'; '.join(parts)}."


def _problem_rows(problems: pd.DataFrame) -> ReportTable:
    more = len(problems) - N_PROBLEMS_SHOWN
    rest = f" {more:,} more are in problems.csv." if more > 0 else ""
    return ReportTable(
        "unreadable",
        f"Images that were not looked at.{rest}",
        problems.head(N_PROBLEMS_SHOWN),
        headers={"image_id": "Image", "split": "Split", "problem": "Why"},
    )
