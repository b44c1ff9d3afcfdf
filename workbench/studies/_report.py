"""The report of a run: one HTML file that opens offline, Markdown and CSVs beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from workbench.store import Run, atomic_path, latest_entries, write_text
from workbench.studies._code import source_digest
from workbench.studies._report_parts import ReportTable, Section
from workbench.studies._report_sections import report_sections
from workbench.studies._view import RunView, open_view


def build_report(view: RunView) -> Path:
    """Write ``report.html``, ``report.md`` and ``tables/*.csv`` of a run.

    Parameters
    ----------
    view
        From :func:`open_view`.

    Returns
    -------
    Path
        The HTML file.
    """
    sections = report_sections(view)
    folder = view.run.report
    for table in (item for s in sections for item in s.items if isinstance(item, ReportTable)):
        with atomic_path(folder / "tables" / f"{table.name}.csv") as partial:
            table.frame.to_csv(partial, index=False)
    write_text(folder / "report.md", render_markdown(view, sections))
    path = folder / "report.html"
    write_text(path, render_html(view, sections))
    return path


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


def render_html(view: RunView, sections: Sequence[Section]) -> str:
    """Return the report as one HTML page that needs nothing from outside."""
    from jinja2 import Environment, PackageLoader
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=PackageLoader("workbench.studies"), autoescape=True, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        study=view.study.name,
        made=datetime.now().astimezone().strftime("%d %B %Y, %H:%M"),
        sections=sections,
        is_table=lambda item: isinstance(item, ReportTable),
        # A closing tag within a script would end it.
        figure_json=lambda item: item.figure.to_json().replace("</", "<\\/"),
        plotly_js=get_plotlyjs(),
    )


def render_markdown(view: RunView, sections: Sequence[Section]) -> str:
    """Return the report as Markdown: texts and tables; figures are in the HTML."""
    lines = [f"# {view.study.name}", ""]
    for section in sections:
        lines += [f"## {section.title}", ""]
        for text in section.texts:
            lines += [text, ""]
        for table in (item for item in section.items if isinstance(item, ReportTable)):
            lines += [f"*{table.caption}*", ""]
            lines += _markdown_table(table)
    return "\n".join(lines)


def _markdown_table(table: ReportTable) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [
        line(table.header()),
        line(["---"] * len(table.header())),
        *(line(row) for row in table.rows()),
        "",
    ]
