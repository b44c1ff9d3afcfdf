"""The command ``workbench``. Heavy libraries are imported by the command that needs them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.studies import ReportTable, RunResult, StudyConfig

app = typer.Typer(
    name="workbench",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Find out which cell segmentation model is really better, where each one fails, and why."
    "\n\nStart with `workbench run studies/demo.yaml`; its report, notebooks and predictions then "
    "lie in `runs/demo`.",
)

RunFolder = Annotated[
    Path,
    typer.Argument(metavar="RUN", help="Folder of a run, e.g. `runs/demo`.", show_default=False),
]


def main() -> None:
    """Run the command line; a user's mistake ends in a message, not in a traceback."""
    from workbench.schema import InputError

    try:
        app()
    except InputError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


@app.callback()
def about(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True)
    ] = False,
) -> None:
    """Answer ``--version``."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def run(
    study: Annotated[
        Path, typer.Argument(metavar="STUDY.yaml", help="The study file.", show_default=False)
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="Run folder.", metavar="DIR", show_default="runs/<name of the study>"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Jobs side by side; each gets its share of the cores, a training gets them all.",
            metavar="N",
            min=1,
            show_default="number of cores",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Address of a running Dask scheduler, e.g. `tcp://host:8786`, whose workers have "
            "this package and see the same files.",
            metavar="ADDRESS",
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change a value of the study file, e.g. `models.unet.training.epochs=5`. May be "
            "given several times.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check everything and show the jobs, but start none."),
    ] = False,
) -> None:
    """Run a study: notebooks for every model and seed, then the report.

    What is done already is never done again: after a change only what depends on it runs, and
    after an interruption, even `kill -9`, the same command goes on where it stopped.

    Exit status 1 if a job failed; the others still run, and the failures are listed at the end.
    """
    from workbench.studies import read_study

    config = read_study(study, overrides or [])
    # Only now, so that a mistake in the file is told at once.
    from rich.console import Console

    from workbench.store import Run, lock_run
    from workbench.studies import (
        make_run_folder,
        plan_study,
        run_plan,
        show_progress,
        update_report,
    )

    folder = out or Path("runs") / config.name
    console = Console()
    if dry_run:
        _show_plan(config, folder, console)
        return
    make_run_folder(Run(folder))
    with lock_run(folder):
        plan = plan_study(config, folder)
        with show_progress([job.name for job in plan.jobs], console) as listener:
            result = run_plan(
                plan,
                workers=workers or os.cpu_count() or 1,
                scheduler=scheduler,
                listener=listener,
            )
        report_file = update_report(folder)
    _show_result(result, folder, report_file, console)
    if result.failures:
        raise typer.Exit(1)


@app.command()
def status(folder: RunFolder) -> None:
    """Show the state of every job of a run, also while it runs."""
    from rich.console import Console
    from rich.table import Table

    from workbench.store import is_locked, latest_entries, open_run

    run_folder = open_run(folder)
    at_work = is_locked(folder)
    table = Table(box=None, pad_edge=False)
    for name, justify in (("job", "left"), ("state", "left"), ("seconds", "right")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("peak MB", justify="right", no_wrap=True)
    table.add_column("changed (UTC)", no_wrap=True)
    table.add_column("detail", overflow="fold")
    entries = latest_entries(run_folder.ledger_file).values()
    for entry in entries:
        state = "interrupted" if entry.state == "running" and not at_work else entry.state
        table.add_row(
            entry.job,
            state,
            f"{entry.seconds:.1f}" if entry.seconds else "",
            f"{entry.peak_memory_mb:.0f}" if entry.peak_memory_mb else "",
            entry.time[:19].replace("T", " "),
            entry.detail.splitlines()[0] if entry.detail else "",
        )
    console = Console()
    console.print(table)
    n_done = sum(entry.state == "done" for entry in entries)
    activity = "a runner is at work" if at_work else "no runner is at work"
    console.print(f"{n_done} of {len(entries)} jobs done; {activity}.", highlight=False)


@app.command()
def report(folder: RunFolder) -> None:
    """Write the report of a run anew, from its stored scores: HTML, Markdown and CSVs."""
    from workbench.studies import build_report, open_view

    typer.echo(build_report(open_view(folder)))


@app.command()
def score(
    *,
    reference: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of reference label images.")
    ],
    predicted: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of predicted label images.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the tables go.")],
) -> None:
    """Score label images that any tool has made, without a study.

    Files belong together by their stems (a closing `_label` or `_labels` is passed over). A
    prediction that is missing or can't be read counts as an empty one and is listed.

    Writes `images.parquet`, `cells.parquet`, `images.csv` and `summary.csv`.
    """
    from rich.console import Console

    from workbench.studies import score_to_folder

    console = Console()
    tables = score_to_folder(reference, predicted, out, tell=console.print)
    for table in tables:
        _print_table(table, console)
    console.print(f"Tables: {out}", highlight=False, soft_wrap=True)


@app.command()
def inspect(
    folder: RunFolder,
    *,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Model, or model-seed.", show_default="the best"),
    ] = None,
    screenshot: Annotated[
        Path | None,
        typer.Option(metavar="PNG", help="Write a picture of the window and end."),
    ] = None,
) -> None:
    """Open napari on the images of a run, the worst first.

    Layers: the image, the outlines of reference and prediction, and every cell coloured by what
    became of it: matched, missed or spurious. In the window, N and P step to the next and the
    previous image, M to the next model.
    """
    from workbench.studies import open_view
    from workbench.viewers import inspect_run

    inspect_run(open_view(folder), model=model, screenshot=screenshot)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open the notebooks in JupyterLab.

    Whatever follows goes to JupyterLab, e.g. `workbench lab --no-browser --port 8890`.
    """
    from workbench.studies import notebook_folder

    folder = notebook_folder()
    arguments = [
        f"--ServerApp.root_dir={folder.parent}",
        f"--LabApp.default_url=/lab/tree/{folder.name}/01_explore.ipynb",
        *context.args,
    ]
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *arguments])  # noqa: S606


def _show_plan(config: StudyConfig, folder: Path, console: Console) -> None:
    from rich.table import Table

    from workbench.store import Run
    from workbench.studies import draft_jobs, plan_study

    if config.dataset.synthetic and not config.dataset.path.exists():
        console.print(f"Data set {config.dataset.path} will be made first.", soft_wrap=True)
        jobs, done = draft_jobs(config, Run(folder.resolve())), frozenset[str]()
    else:
        plan = plan_study(config, folder, remember=False)
        jobs, done = list(plan.jobs), plan.done
    table = Table(box=None, pad_edge=False)
    for name in ("job", "state", "key", "needs"):
        table.add_column(name, overflow="fold")
    for job in jobs:
        state = "done" if job.name in done else "to do"
        table.add_row(job.name, state, job.key, ", ".join(job.needs))
    console.print(table)
    console.print(
        f"{len(jobs)} jobs, {len(jobs) - len(done)} to do; results go to {folder}.",
        highlight=False,
        soft_wrap=True,
    )


def _show_result(
    result: RunResult, folder: Path, report_file: Path | None, console: Console
) -> None:
    from workbench.studies import open_view, summary_table

    if report_file:
        columns = ["model", "n_used", "f1@0.5", "interval", "f1@0.7", "f1@0.9", "micro_f1", "dice"]
        _print_table(summary_table(open_view(folder).scores), console, columns)
    for failure in result.failures:
        where = f", {failure.outcome.cell}" if failure.outcome.cell else ""
        parameters = ", ".join(f"{k}={v!r}" for k, v in failure.job.parameters.items())
        console.print(
            f"failed: {failure.job.name}{where}: {failure.outcome.error}\n"
            f"  parameters: {parameters}\n"
            f"  notebook: {failure.notebook}",
            style="red",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    for job, cause in result.blocked.items():
        console.print(f"not started: {job} needs {cause}", style="yellow", highlight=False)
    console.print(
        f"{len(result.executed)} jobs done, {len(result.reused)} done before, "
        f"{len(result.failures)} failed, {len(result.blocked)} not started.",
        highlight=False,
    )
    if report_file:
        console.print(f"Report: {report_file}", highlight=False, soft_wrap=True)


def _print_table(
    table: ReportTable, console: Console, columns: Sequence[str] | None = None
) -> None:
    """Print a table of the report, or those of its columns that fit a terminal."""
    from rich.table import Table

    if columns:
        table = replace(table, frame=table.frame[[c for c in columns if c in table.frame]])
    shown = Table(box=None, pad_edge=False)
    for place, name in enumerate(table.header()):
        shown.add_column(name, justify="right" if place else "left", overflow="fold")
    for place, row in enumerate(table.rows()):
        shown.add_row(*row, style="bold" if place == table.best_row else "")
    console.print()
    console.print(table.caption, style="dim", highlight=False)
    console.print(shown)
