"""Plans, states, results and tables in a terminal."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from workbench.report import ReportTable, summary_table
from workbench.store import Run, is_locked, latest_entries, open_run, read_scores
from workbench.studies._config import StudyConfig
from workbench.studies._graph import draft_jobs
from workbench.studies._runner import Failure, RunResult, plan_study

PIPE_WIDTH: Final = 120
SUMMARY_COLUMNS: Final = ("model", "f1@0.5", "interval", "f1@0.7", "f1@0.9", "micro_f1", "dice")


def terminal() -> Console:
    """Return a console that prints texts as they are; a pipe gets lines of 120 characters."""
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def print_plan(study: StudyConfig, folder: Path) -> None:
    """Show the jobs of a study, their keys, and which of them are done; write nothing."""
    console = terminal()
    if study.dataset.synthetic and not study.dataset.path.exists():
        console.print(f"Data set {study.dataset.path} will be made first.", soft_wrap=True)
        jobs, done = draft_jobs(study, Run(folder.resolve())), frozenset[str]()
    else:
        plan = plan_study(study, folder, remember=False)
        jobs, done = list(plan.jobs), plan.done
    table = _table("job", "state", "key", "needs")
    for job in jobs:
        state = "done" if job.name in done else "to do"
        table.add_row(job.name, state, job.key, ", ".join(job.needs))
    console.print(table)
    console.print(f"{len(jobs)} jobs, {len(jobs) - len(done)} to do")


def print_status(folder: Path) -> None:
    """Show the last state of every job of a run.

    Raises
    ------
    InputError
        If the folder holds no run.
    """
    run = open_run(folder)
    at_work = is_locked(folder)
    console = terminal()
    table = _table("job", "state", "seconds", "peak MB", "changed (UTC)", "detail")
    entries = latest_entries(run.ledger_file).values()
    for entry in entries:
        interrupted = entry.state == "running" and not at_work
        table.add_row(
            entry.job,
            "interrupted" if interrupted else entry.state,
            f"{entry.seconds:.1f}" if entry.seconds else "",
            f"{entry.peak_memory_mb:.0f}" if entry.peak_memory_mb else "",
            entry.time[:19].replace("T", " "),
            entry.detail.partition("\n")[0],
        )
    console.print(table)
    n_done = sum(entry.state == "done" for entry in entries)
    activity = "a runner is at work" if at_work else "no runner is at work"
    console.print(f"{n_done} of {len(entries)} jobs done; {activity}.")


def print_result(result: RunResult, folder: Path) -> None:
    """Show how a run ended: the models, every failure, and where the report lies."""
    console = terminal()
    report = Run(folder).report / "report.html"
    if report.is_file():
        print_table(summary_table(read_scores(Run(folder).scores_file)), SUMMARY_COLUMNS)
    for failure in result.failures:
        _print_failure(failure, console)
    for job, cause in result.blocked.items():
        console.print(f"not started: {job} needs {cause}", style="yellow")
    console.print(
        f"{len(result.executed)} jobs done, {len(result.reused)} done before, "
        f"{len(result.failures)} failed, {len(result.blocked)} not started."
    )
    if report.is_file():
        console.print(f"Report: {report}", soft_wrap=True)


def print_table(table: ReportTable, columns: Sequence[str] | None = None) -> None:
    """Show a table of the report, or some of its columns."""
    console = terminal()
    if columns:
        table = replace(table, frame=table.frame[[c for c in columns if c in table.frame]])
    shown = Table(box=None, pad_edge=False)
    for name, numeric in zip(table.header(), table.is_number(), strict=True):
        shown.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for place, row in enumerate(table.rows()):
        shown.add_row(*row, style="bold" if place == table.best_row else "")
    console.print()
    console.print(table.caption, style="dim")
    console.print(shown)


def _print_failure(failure: Failure, console: Console) -> None:
    where = f", {failure.outcome.cell}" if failure.outcome.cell else ""
    parameters = ", ".join(f"{name}={value!r}" for name, value in failure.job.parameters.items())
    console.print(
        f"failed: {failure.job.name}{where}: {failure.outcome.error}\n"
        f"  parameters: {parameters}\n"
        f"  notebook: {failure.notebook}",
        style="red",
        soft_wrap=True,
    )


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in columns:
        numeric = name in ("seconds", "peak MB")
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    return table
