"""The command ``workbench``. Heavy libraries are imported by the command that needs them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench import __version__
from workbench.cli_compare import compare_app
from workbench.cli_data import data_app
from workbench.cli_errors import errors_app
from workbench.cli_models import models_app

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

app.add_typer(compare_app)
app.add_typer(data_app)
app.add_typer(errors_app)
app.add_typer(models_app)

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
    except OSError as error:
        # A full disk, a vanished folder, missing rights: the machine's doing, not ours.
        sys.exit(f"error: {error.filename or 'input or output'}: {error.strerror or error}")


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
    folder = out or Path("runs") / config.name
    typer.echo(f"Study {config.name}: {', '.join(config.models)}; results in {folder}")
    # Only now, so that the file's mistakes are told at once.
    from workbench.studies import print_plan, print_result, run_study

    if dry_run:
        print_plan(config, folder)
        return
    cores = os.cpu_count() or 1
    try:
        result = run_study(config, folder, workers=workers or cores, scheduler=scheduler)
    except KeyboardInterrupt:
        typer.echo("Interrupted; the same command goes on where this one stopped.", err=True)
        raise typer.Exit(130) from None
    print_result(result, folder)
    if result.failures:
        raise typer.Exit(1)


@app.command()
def status(folder: RunFolder) -> None:
    """Show the state of every job of a run, also while it runs."""
    from workbench.studies import print_status

    print_status(folder)


@app.command()
def report(folder: RunFolder) -> None:
    """Write the report of a run anew, from its scores: HTML, PDF, Markdown, text, LaTeX, CSV."""
    from workbench.store import open_run

    open_run(folder)
    from workbench.studies import build_report, open_view

    typer.echo(build_report(open_view(folder)))


@app.command()
def score(
    *,
    reference: Annotated[
        Path, typer.Option(metavar="PATH", help="Reference label images.", show_default=False)
    ],
    predicted: Annotated[
        Path, typer.Option(metavar="PATH", help="Predicted label images.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the tables go.", show_default=False)
    ],
    measures: Annotated[
        str, typer.Option(metavar="NAMES", help="Comma-separated; see `workbench measures`.")
    ] = "all",
    convention: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Whose rules: workbench, neurips_cellseg, stardist, cellpose, dsb2018, coco, ctc.",
        ),
    ] = "workbench",
    border: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="Cells at the image border: keep them, or leave them out match_aware.",
        ),
    ] = "keep",
    channel: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of files with several label images per image."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of a reference with manifest.csv, this split alone."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes.", metavar="N", min=1, show_default="number of cores"),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Address of a running Dask scheduler."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON instead of tables.")
    ] = False,
) -> None:
    """Score label images that any tool has made, without a study.

    Either side is a folder of label images (TIFF, PNG, NPY), a data set with manifest.csv, one
    file, COCO JSON, run lengths as CSV, or NPZ. They belong together by their stems (a closing
    `_label`, `_mask`, `_cp_masks` and the like is passed over). A prediction that is missing or
    can't be read counts as an empty one and is listed.

    Writes `images.parquet`, `cells.parquet`, `errors.parquet` (why cells were lost),
    `pixel_errors.parquet`, `images.csv`, `summary.csv` and `problems.csv`. After
    an interruption the same command goes on where it stopped.
    """
    typer.echo(f"Scoring {predicted} against {reference}", err=as_json)
    from workbench.studies import (
        print_table,
        problem_rows,
        read_scoring_config,
        result_json,
        score_to_folder,
        summary_rows,
    )

    result = score_to_folder(
        reference,
        predicted,
        out,
        config=read_scoring_config(measures=measures, convention=convention, border=border),
        channel=channel,
        split=split,
        workers=workers or os.cpu_count() or 1,
        scheduler=scheduler,
        tell=lambda text: typer.echo(text, err=as_json),
    )
    if as_json:
        typer.echo(result_json(result))
        return
    print_table(summary_rows(result.summary))
    if len(result.problems):
        print_table(problem_rows(result.problems))
    typer.echo(f"\nUsable predictions: {result.n_scored} of {result.n_images} images.")
    typer.echo(f"Tables: {out}")


@app.command()
def measures(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One measure.", show_default="all")
    ] = None,
) -> None:
    """Explain a measure: formula, range, when it is undefined, what it does not see, its source."""
    from workbench.metrics import MEASURES, find_measure
    from workbench.studies import explain_measure, measure_rows, print_table

    if name:
        typer.echo(explain_measure(find_measure(name)))
    else:
        print_table(measure_rows(MEASURES.values()))


@app.command()
def inspect(
    folder: RunFolder,
    *,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Model, or model-seed.", show_default="the best"),
    ] = None,
    beside: Annotated[
        str | None, typer.Option(metavar="NAME", help="A second model to show beside it.")
    ] = None,
    worst: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only failures in the N worst images.", min=1),
    ] = None,
    error: Annotated[
        str,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="Only boundary, missed, spurious, split, merge, or catastrophe.",
            show_default="all",
        ),
    ] = "",
    slice_name: Annotated[
        str,
        typer.Option(
            "--slice",
            metavar="NAME",
            help="Only images of a slice that was kept in a notebook, "
            "or COLUMN=VALUE of the data set's metadata.",
            show_default="all images",
        ),
    ] = "",
    cell: Annotated[
        str,
        typer.Option(
            metavar="IMAGE:ID",
            help="One cell of the reference, or IMAGE:predicted:ID.",
            show_default=False,
        ),
    ] = "",
    screenshot: Annotated[
        Path | None,
        typer.Option(metavar="PNG", help="Write a picture of the window and end."),
    ] = None,
) -> None:
    """Open napari on the failures of a run, those first whose correction gains most.

    The list at the right can be sorted and filtered; N and Shift+N step through it with the camera
    on the cell, T shows the next model, D two side by side. Q, W and R store a verdict: model
    error, annotation error, ambiguous. K makes the reference ready for painting; saving keeps it
    as a new version of the annotation and scores every model against it. docs/napari.md shows it
    all.
    """
    from workbench.store import open_run
    from workbench.viewers import require_display

    open_run(folder)
    require_display()  # both before anything heavy, so that what is wrong is told at once
    from workbench.look import inspect as look

    look(
        folder, model=model, beside=beside, worst=worst, error=error, slice_name=slice_name,
        cell=cell, screenshot=screenshot,
    )  # fmt: skip


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open the notebooks in JupyterLab.

    Whatever follows goes to JupyterLab, e.g. `workbench lab --no-browser --port 8890`.
    """
    from workbench.studies import notebook_folder

    folder = notebook_folder()
    typer.echo(f"Opening {folder} in JupyterLab; Ctrl-C ends it.")
    arguments = [
        f"--ServerApp.root_dir={folder.parent}",
        f"--LabApp.default_url=/lab/tree/{folder.name}/01_explore.ipynb",
        *context.args,
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container people are root; JupyterLab listens on this machine alone, with a token.
        arguments.insert(0, "--allow-root")
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *arguments])  # noqa: S606
