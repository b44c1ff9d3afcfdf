"""The command ``workbench errors``: why cells were lost, what it cost, and where to look first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

errors_app = typer.Typer(rich_markup_mode="markdown")


@errors_app.command()
def errors(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="Folder of a run, e.g. `runs/demo`.", show_default=False
        ),
    ],
    *,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The model to look at by itself.", show_default="the best"
        ),
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B", help="The two models to compare.", show_default="the best two"
        ),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(
            metavar="IOU", min=0, max=1,
            help="IoU of the costs; all that is about single cells is at IoU 0.5.",
        ),
    ] = 0.5,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the report on errors there: HTML, PDF, Markdown, tables."
        ),
    ] = None,
) -> None:  # fmt: skip
    """Say why cells were lost, what each type of error costs, and what to look at first.

    Prints the F1 that every model lost by type of error, the groups of cells that fail, what
    correcting the first errors brings, and the cells that explain the difference of two models.
    `--out` writes the same with pictures; each number there opens the list of its cells.
    """
    from workbench.studies import open_errors, open_view, print_errors

    found = open_errors(open_view(run), model=model, compare=compare, threshold=threshold)
    print_errors(found)
    if out is not None:
        from workbench.studies import write_errors

        typer.echo(f"\nReport: {write_errors(found, out)}")
