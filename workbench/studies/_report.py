"""The report of a run or of a score table: one HTML file that opens offline, other forms beside."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

from workbench.report import (
    Report,
    Section,
    latex_table,
    print_pdf,
    render_html,
    render_latex,
    render_markdown,
    render_text,
    score_sections,
)
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC
from workbench.store import Run, atomic_path, latest_entries, write_text
from workbench.studies._code import source_digest
from workbench.studies._report_run import run_sections
from workbench.studies._view import RunView, open_view


def build_report(view: RunView) -> Path:
    """Write the report of a run into its folder ``report/``.

    Parameters
    ----------
    view
        From :func:`open_view`.

    Returns
    -------
    Path
        The HTML file; see :func:`write_report`.
    """
    report = Report(view.study.name, run_sections(view), scores=view.scores, cells=view.cells)
    return write_report(report, view.run.report)


def build_score_report(
    scores: pd.DataFrame,
    folder: Path,
    *,
    title: str,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    reference: str | None = None,
    margin: float = 0.02,
    groups: pd.Series | None = None,
    cells: pd.DataFrame | None = None,
    metadata: pd.DataFrame | None = None,
    sections: Sequence[Section] = (),
    n_resamples: int = 9_999,
    seed: int = 0,
) -> Path:
    """Write the report of any score table, whoever made it.

    Parameters
    ----------
    scores
        Score table; of the counts and measures, those that it lacks are left out of the report.
    folder
        Gets ``report.html``, ``.md``, ``.txt``, ``.tex``, ``.pdf`` and ``tables/``.
    title
        Of the report.
    metric, threshold
        The measure that was declared; threshold NaN for one that has none.
    reference
        A model to compare all others with; None compares all pairs.
    margin
        Differences within it count as equivalent.
    groups
        Name of the group of each image, by image id; None where each stands alone.
    cells, metadata
        Cell table and what is known of images, as far as there are any.
    sections
        Further parts, put at the end: what could not be read, say.
    n_resamples, seed
        Of the bootstrap and the permutations.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    InputError
        If the measure or the reference model is not in the table.
    """
    found = score_sections(
        scores,
        metric=metric,
        threshold=threshold,
        reference=reference,
        margin=margin,
        groups=groups,
        cells=cells,
        metadata=metadata,
        n_resamples=n_resamples,
        seed=seed,
    )
    return write_report(Report(title, [*found, *sections], scores=scores), folder)


def write_report(report: Report, folder: Path) -> Path:
    """Write a report as HTML, PDF, Markdown, plain text and LaTeX, its tables also as CSV.

    The PDF is printed by a Chromium or Chrome; where there is none, the page says so.

    Returns
    -------
    Path
        The HTML file.
    """
    for table in report.tables:
        with atomic_path(folder / "tables" / f"{table.name}.csv") as partial:
            table.frame.to_csv(partial, index=False)
        write_text(folder / "tables" / f"{table.name}.tex", latex_table(table))
    write_text(folder / "report.md", render_markdown(report))
    write_text(folder / "report.txt", render_text(report))
    write_text(folder / "report.tex", render_latex(report))
    page, pdf = folder / "report.html", folder / "report.pdf"
    made = datetime.now()
    write_text(page, render_html(report, made=made))
    partial = folder / ".report.partial.pdf"
    problem = print_pdf(page, partial)
    if problem:
        pdf.unlink(missing_ok=True)
    else:
        partial.replace(pdf)
    write_text(page, render_html(report, made=made, pdf=problem or pdf.name))
    return page


def update_report(folder: Path) -> Path | None:
    """Write the report of a run unless it is up to date.

    Returns
    -------
    Path or None
        The HTML file; None while nothing is scored.
    """
    run = Run(folder)
    if not run.scores_file.is_file():
        return None
    key_file = run.report / ".key"
    key = _report_key(run)
    path = run.report / "report.html"
    if path.is_file() and key_file.is_file() and key_file.read_text(encoding="utf-8") == key:
        return path
    path = build_report(open_view(folder))
    write_text(key_file, key)
    return path


def _report_key(run: Run) -> str:
    """Return a hash of all that a report shows: the state of every job, and our own code."""
    states = [(e.job, e.key, e.state) for e in latest_entries(run.ledger_file).values()]
    code = source_digest(["from workbench.studies import build_report"], with_drawing=True)
    return hashlib.sha256(f"{states} {code}".encode()).hexdigest()
