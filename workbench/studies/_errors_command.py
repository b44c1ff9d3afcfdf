"""The errors of a run in the terminal, and as a report of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from workbench.analysis import review_sentence
from workbench.report import Report, ReportTable
from workbench.studies._error_tables import (
    budget_table,
    outcome_table,
    places_table,
)
from workbench.studies._report import write_report
from workbench.studies._report_errors import error_report_sections
from workbench.studies._run_errors import RunErrors
from workbench.studies._terminal import print_table, terminal

MOST_SENTENCES: Final = 3


def print_errors(found: RunErrors) -> None:
    """Show the errors of a run in the terminal: costs, groups that fail, what to correct, cells."""
    _show(found, "outcomes", outcome_table)
    _show(found, "budget", budget_table)
    _print_slices(found)
    _print_review(found)
    if found.pair is not None:
        _show(found, "places", places_table)


def write_errors(found: RunErrors, folder: Path) -> Path:
    """Write the report on the errors of a run, as HTML, PDF, Markdown, text and tables.

    Returns
    -------
    Path
        The HTML file.
    """
    view = found.view
    report = Report(
        view.study.name,
        error_report_sections(found),
        kind="Errors",
        scores=view.scores,
        cells=view.cells,
    )
    return write_report(report, folder)


def _show(found: RunErrors, part: str, table: Callable[[RunErrors], ReportTable]) -> None:
    if reason := found.why_not(part):
        terminal().print(f"\n{reason}", soft_wrap=True)
    else:
        print_table(table(found))


def _print_slices(found: RunErrors) -> None:
    console = terminal()
    console.print(f"\nGroups of cells that {found.model} loses more often", style="bold")
    if reason := found.why_not("slices"):
        console.print(reason, soft_wrap=True)
        return
    console.print(found.slices.note, soft_wrap=True)
    for sentence in found.slices.table["sentence"].head(MOST_SENTENCES):
        console.print(f"- {sentence}", soft_wrap=True)


def _print_review(found: RunErrors) -> None:
    console = terminal()
    console.print("\nWhat to correct first", style="bold")
    reason = found.why_not("queue")
    console.print(reason or review_sentence(found.queue, found.correction), soft_wrap=True)
