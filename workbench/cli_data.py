"""The commands ``workbench data ...``: from images on disk to a data set that can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

data_app = typer.Typer(
    name="data",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Find, read, check, prepare, divide and convert data sets.",
)

Source = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Folder or file of a data set in any layout, or a `dataset.yaml`.",
        show_default=False,
    ),
]
NewFolder = Annotated[Path, typer.Option(metavar="DIR", help="A new folder.", show_default=False)]


@data_app.command()
def show(
    source: Source,
    *,
    layout: Annotated[
        str, typer.Option(metavar="NAME", help="Layout.", show_default="recognised")
    ] = "",
    axes: Annotated[
        str, typer.Option(metavar="LETTERS", help="Axes of the files, e.g. `CYX`.")
    ] = "",
    channels: Annotated[
        str, typer.Option(metavar="NAMES", help="Channels by name or number from 0: `DAPI,2`.")
    ] = "",
    plane: Annotated[
        str, typer.Option(metavar="AXIS=N", help="Of stacks, e.g. `Z=3` or `Z=max`.")
    ] = "",
    target: Annotated[
        str, typer.Option(metavar="NAME", help="Of several annotations: `nuclei`, `whole_cell`.")
    ] = "",
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml",
            help="Write these choices to a file that stands for the data set everywhere: "
            "in studies, notebooks and the other commands.",
        ),
    ] = None,
) -> None:
    """Show what a data set is and how it is read: layout, splits, axes, channels, pixel size."""
    from workbench.datasets import DatasetFile, open_dataset, write_dataset_file
    from workbench.studies import axes_rows, dataset_lines, print_table

    file = DatasetFile(
        path=source, layout=layout, axes=axes, channels=channels, plane=plane, target=target
    )
    dataset = open_dataset(source, layout=layout, options=file.options)
    typer.echo("\n".join(dataset_lines(dataset)))
    print_table(axes_rows(dataset))
    if save:
        write_dataset_file(save, file)
        typer.echo(f"\nWritten: {save}")


@data_app.command()
def convert(
    source: Source,
    *,
    to: Annotated[
        str, typer.Option(metavar="FORM", help="manifest, ome_tiff, coco or geojson (for QuPath).")
    ] = "manifest",
    out: NewFolder,
) -> None:
    """Write a data set anew in a form that other tools open, without loss.

    Pixels, cell numbers, splits and metadata are kept; images that can't be read are listed.
    """
    from workbench.datasets import open_dataset
    from workbench.studies import convert_dataset

    converted = convert_dataset(open_dataset(source), out, form=to, tell=typer.echo)
    typer.echo(f"Images: {converted.n_images:,}, cells: {converted.n_cells:,}. Data set: {out}")
    _list_problems(converted.problems)


def _list_problems(problems: pd.DataFrame) -> None:
    """Name the images that could not be used, on the error stream."""
    if problems.empty:
        return
    typer.echo(f"Left out, since they can't be used: {len(problems)}", err=True)
    for problem in problems["problem"].head(10):
        typer.echo(f"  {problem}", err=True)
    if len(problems) > 10:
        typer.echo(f"  ... and {len(problems) - 10} more", err=True)
