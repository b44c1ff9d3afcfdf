"""The errors of a run in the terminal, and as a report of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from workbench.analysis import review_sentence
from workbench.report import Report, ReportTable, Section, score_sections
from workbench.studies._error_tables import (
    budget_table,
    outcome_table,
    places_table,
)
from workbench.studies._report import write_report
from workbench.studies._report_errors import error_report_sections
from workbench.studies._run_errors import RunErrors
from workbench.studies._score_source import known_of_images
from workbench.studies._terminal import print_table, terminal

MOST_SENTENCES: Final = 3
TESTS: Final = "Statistics"
"""The section on scores that tests differences."""


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
        [*error_report_sections(found), *_statistics(found)],
        kind="Errors",
        scores=view.scores,
        cells=view.cells,
    )
    return write_report(report, folder)


def _statistics(found: RunErrors) -> list[Section]:
    """Return the tests of all pairs: errors explain a difference, and do not say it is one."""
    view = found.view
    sections = score_sections(view.scores, cells=view.cells, metadata=known_of_images(view))
    starts = [place for place, section in enumerate(sections) if section.level == 2]
    ends = [*starts[1:], len(sections)]
    return [
        section
        for start, end in zip(starts, ends, strict=True)
        if sections[start].title == TESTS
        for section in sections[start:end]
    ]


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
