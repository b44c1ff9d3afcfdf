"""The commands ``workbench models ...``: what is trained, what can be, and passing models on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

models_app = typer.Typer(
    name="models",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="List, show, export and import trained models.",
)

Gallery = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of models that belong to no run.")
]
ModelFolder = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="Folder of a model, e.g. `runs/demo/models/unet-0`.",
        show_default=False,
    ),
]  # fmt: skip


@models_app.command("list")
def list_models(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]...", help="Runs, or folders of runs.", show_default="runs"
        ),
    ] = None,
    *,
    gallery: Gallery = Path("models"),
    architectures: Annotated[
        bool,
        typer.Option("--architectures", help="Instead, what can be trained or run in a study."),
    ] = False,
) -> None:
    """List the trained models of runs and of the gallery, with what is known of each."""
    from workbench.schema import InputError
    from workbench.studies import (
        architecture_rows,
        damaged_cards,
        find_models,
        model_rows,
        print_table,
    )

    if architectures:
        print_table(architecture_rows())
        return
    for folder in folders or ():
        if not folder.is_dir():
            msg = f"{folder}: no such folder."
            raise InputError(msg)
    looked_in = [*(folders or [Path("runs")]), gallery]
    models = find_models(looked_in)
    if models:
        print_table(model_rows(models))
        typer.echo("\n`workbench models show MODEL` tells all that is known of one.")
    else:
        typer.echo(
            f"No trained models in {', '.join(map(str, looked_in))}. `workbench run` trains some, "
            "`workbench models import` brings those of others."
        )
    for problem in damaged_cards(looked_in):
        typer.echo(problem, err=True)


@models_app.command()
def show(model: ModelFolder) -> None:
    """Show what is known of a model: settings, data it saw, scores, versions, files."""
    from workbench.schema import InputError
    from workbench.studies import explain_model, group_rows, open_model, print_table

    trained = open_model(model)
    typer.echo(explain_model(trained))
    try:
        groups = group_rows(trained)
    except InputError as error:
        typer.echo(f"\nScores by cell type need the data set of the run: {error}", err=True)
        return
    if groups is not None:
        print_table(groups)


@models_app.command()
def export(
    model: ModelFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    *,
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORM", help="folder (our own), torchscript, onnx or bioimageio."
        ),
    ] = "folder",
    licence: Annotated[
        str,
        typer.Option(
            metavar="SPDX", help="Licence of the weights, e.g. `CC-BY-4.0`.",
            show_default="of the card",
        ),
    ] = "",
    cite: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="What to cite, with its DOI or address.",
            show_default="of the card",
        ),
    ] = "",
    author: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="For bioimageio; may be given several times."),
    ] = None,
) -> None:  # fmt: skip
    """Write a model to one file for others.

    `folder` is what `workbench models import` reads; `torchscript` and `onnx` are the network
    alone; `bioimageio` is a package for the BioImage Model Zoo and the programs that read it.
    Each exported network is compared with the original before it is written.
    """
    from workbench.inference import EXPORT_FORMS, export_model, read_card
    from workbench.schema import InputError

    if form not in EXPORT_FORMS:
        msg = f"--format {form}: no such form; there are {', '.join(EXPORT_FORMS)}."
        raise InputError(msg)
    card = read_card(model)
    card = card.model_copy(
        update={"licence": licence or card.licence, "citation": cite or card.citation}
    )
    written = export_model(model, out, form=form, card=card, authors=author or ())
    typer.echo(f"Written: {written.path}, {written.path.stat().st_size:,} bytes")
    for note in written.notes:
        typer.echo(note)


@models_app.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="ZIP or folder of a model, a bioimage.io package, or an .onnx."
        ),
    ],
    *,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What to call it.", show_default="as its card does")
    ] = "",
    gallery: Gallery = Path("models"),
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="For ONNX: what its channels mean.")
    ] = "",
    output: Annotated[
        str, typer.Option(metavar="KIND", help="For ONNX: probabilities or logits.")
    ] = "probabilities",
    preparation: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="For ONNX: how images are prepared.",
            show_default="as the package says",
        ),
    ] = "",
) -> None:  # fmt: skip
    """Put a model that somebody sent into the gallery; nothing in the file is executed.

    A study then uses it by `checkpoint: models/NAME`.
    """
    from workbench.studies import OnnxChoices, import_model

    onnx = OnnxChoices(encoding=encoding, output=output, preparation=preparation)
    folder = import_model(source, gallery, name=name, onnx=onnx)
    typer.echo(f"Imported: {folder}. In a study: `checkpoint: {folder}`.")
