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


@data_app.command("list")
def list_sets(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One data set.", show_default="all")
    ] = None,
) -> None:
    """List the public data sets that are known by name: task, size, licence, how to obtain them."""
    from workbench.datasets import CARDS, find_card
    from workbench.studies import card_rows, explain_card, print_table

    if name:
        typer.echo(explain_card(find_card(name)))
    else:
        print_table(card_rows(CARDS.values()))
        typer.echo("\n`workbench data list NAME` tells all that is known of one.")


@data_app.command()
def download(
    name: Annotated[str, typer.Argument(metavar="NAME", help="See `workbench data list`.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to.", show_default="data/<name>"),
    ] = None,
) -> None:
    """Download a public data set, or explain how to obtain it.

    What came before an interruption is kept: the same command goes on.
    """
    from workbench.datasets import download_dataset, find_card
    from workbench.studies import show_download, terminal

    card = find_card(name)
    folder = out or Path("data") / card.name
    with show_download(terminal()) as on_progress:
        download_dataset(card, folder, on_progress=on_progress, tell=typer.echo)
    typer.echo(f"Data set: {folder}. Licence: {card.licence}. Cite: {card.citation}")


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
    from workbench.schema import InputError
    from workbench.studies import axes_rows, dataset_lines, print_table

    file = DatasetFile(
        path=source, layout=layout, axes=axes, channels=channels, plane=plane, target=target
    )
    dataset = open_dataset(source, layout=layout, options=file.options)
    if save and dataset.root.suffix in (".yaml", ".yml"):
        msg = f"{dataset.root}: stands for a data set already; to write another, name its data set."
        raise InputError(msg)
    typer.echo("\n".join(dataset_lines(dataset)))
    print_table(axes_rows(dataset))
    if save:
        _refuse_existing(save)
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


@data_app.command()
def fingerprint(
    source: Source,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write it there, for programs.")
    ] = None,
) -> None:
    """Show a data set in numbers: sizes of images and cells, intensities, share of cells."""
    from workbench.analysis import fingerprint as of_tables
    from workbench.datasets import open_dataset
    from workbench.schema import InputError
    from workbench.studies import fingerprint_rows, print_table, survey_dataset

    if out and out.is_dir():
        msg = f"{out}: is a folder; name a file, for example {out / 'fingerprint.json'}."
        raise InputError(msg)
    survey = survey_dataset(open_dataset(source), tell=typer.echo)
    found = of_tables(survey.images, survey.cells)
    print_table(fingerprint_rows(found))
    _list_problems(survey.problems)
    if out:
        from workbench.store import write_text

        write_text(out, found.model_dump_json(indent=2) + "\n")
        typer.echo(f"Written: {out}")


@data_app.command()
def audit(
    source: Source,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write tables and a page with pictures there."),
    ] = None,
    repair: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a repaired copy there; the original stays."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes.", metavar="N", min=1, show_default="number of cores"),
    ] = None,
) -> None:
    """Find what is wrong with images and labels before a GPU-hour is spent on them.

    Labels in pieces, holes, specks, cells cut in two, numbers used twice, masks given as labels,
    overflow, saturation, blur, copies across splits, outliers, and what a repair would change.

    Exit status 1 if there are errors, 0 with warnings and notes alone.
    """
    from workbench.datasets import open_dataset
    from workbench.studies import (
        AUDIT_COLUMNS,
        audit_dataset,
        audit_rows,
        audit_texts,
        duplicates_of,
        print_table,
        repair_dataset,
        write_audit,
    )

    for folder in (out, repair):
        _refuse_file(folder)
    dataset = open_dataset(source)
    found = audit_dataset(
        dataset, duplicates=duplicates_of(dataset), workers=workers, tell=typer.echo
    )
    print_table(audit_rows(found), AUDIT_COLUMNS)
    typer.echo("")
    for text in audit_texts(found):
        typer.echo(text)
    _list_problems(found.problems)
    if out:
        typer.echo(f"Page: {write_audit(found, out)}")
    if repair:
        table = repair_dataset(dataset, found, repair, tell=typer.echo)
        typer.echo(f"Repairs: {len(table):,}, listed in {repair / 'repairs.csv'}")
        typer.echo(f"Repaired copy: {repair}")
    if (found.findings["severity"] == "error").any() or len(found.problems):
        raise typer.Exit(1)


@data_app.command()
def ceilings(
    source: Source,
    *,
    split: Annotated[str, typer.Option(metavar="NAME", help="Of its annotated images.")] = "test",
    workers: Annotated[
        int | None,
        typer.Option(help="Processes.", metavar="N", min=1, show_default="number of cores"),
    ] = None,
) -> None:
    """Measure what each encoding loses of the cells, before a network is trained on it.

    The reference is encoded as training does, decoded as a prediction is, and scored: no network
    can be expected to do better. Decoders have their default settings.
    """
    from workbench.studies import ceiling_rows, encoding_ceilings, print_table

    print_table(ceiling_rows(encoding_ceilings(source, split=split, workers=workers)))


@data_app.command()
def prepare(
    source: Source,
    *,
    out: NewFolder,
    preparation: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="percentiles_1_99, eighteen_methods (0.1-99.9, CLAHE) or as_is."
        ),
    ] = "percentiles_1_99",
    pixel_size_um: Annotated[
        float | None,
        typer.Option(metavar="UM", help="Resample to this pixel size.", show_default="leave"),
    ] = None,
    window_px: Annotated[
        int | None,
        typer.Option(metavar="PX", help="Cut into windows of this side.", show_default="whole"),
    ] = None,
    step_px: Annotated[
        int | None,
        typer.Option(metavar="PX", help="From window to window.", show_default="3/4 of it"),
    ] = None,
    image_type: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="uint8, uint16 or float32.")
    ] = "uint16",
    three_class: Annotated[
        bool, typer.Option("--three-class", help="Also background, interior, boundary as images.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes.", metavar="N", min=1, show_default="number of cores"),
    ] = None,
) -> None:
    """Write a prepared data set: normalised, equalised, resampled, cut into windows.

    What is prepared already is not prepared again, also after an interruption.
    """
    from workbench.studies import free_cores, prepare_dataset, read_prepare_config

    config = read_prepare_config(
        preparation=preparation,
        pixel_size_um=pixel_size_um,
        window_px=window_px,
        step_px=step_px,
        image_type=image_type,
        three_class=three_class,
    )
    parts = prepare_dataset(source, out, config, workers=workers or free_cores(), tell=typer.echo)
    vanished = int(parts["n_vanished"].sum())
    typer.echo(
        f"Images: {parts['n_images'].sum():,} from {len(parts):,} "
        f"({parts['reused'].sum():,} prepared before), cells: {parts['n_cells'].sum():,}"
        f"{f', too small for the new pixel size: {vanished:,}' if vanished else ''}. "
        f"Data set: {out}"
    )
    _list_problems(parts[parts["problem"] != ""])


@data_app.command()
def split(
    source: Source,
    *,
    out: NewFolder,
    shares: Annotated[
        str,
        typer.Option(metavar="SPLIT=SHARE,...", help="Of the images that are divided."),
    ] = "",
    keep: Annotated[
        str,
        typer.Option(
            metavar="SPLITS",
            help="Stay as they are, e.g. `test`: the others give 10 % for validation.",
        ),
    ] = "",
    folds: Annotated[
        int | None, typer.Option(metavar="K", help="K-fold: a K-th of the images is the test set.")
    ] = None,
    fold: Annotated[int, typer.Option(metavar="N", help="Which fold is the test set.")] = 0,
    stratify_by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The same mixture in every split.")
    ] = None,
    group_by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Never parted, e.g. `group`, `plate`.")
    ] = None,
    only: Annotated[str, typer.Option(metavar="COLUMN=VALUE", help="Of these images alone.")] = "",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the random choice.")] = 0,
) -> None:
    """Divide a data set into train, val and test, without leaks, and freeze it.

    Near-duplicates stay together. DIR becomes a data set of its own that names the images where
    they are: `dataset.yaml`, the frozen `split.json` with the hash of every image, and
    `duplicates.csv`.
    """
    from workbench.datasets import open_dataset
    from workbench.studies import count_rows, print_table, read_split_config, split_dataset

    config = read_split_config(
        shares=shares, keep=keep, folds=folds, fold=fold, stratify_by=stratify_by,
        group_by=group_by, only=only, seed=seed,
    )  # fmt: skip
    _refuse_file(out)
    summary = split_dataset(open_dataset(source), config, out)
    print_table(count_rows(summary))
    typer.echo(f"\nPairs of near-duplicates, kept together: {len(summary.duplicates)}")
    typer.echo(f"Data set: {out}, frozen as {summary.frozen.digest[:12]}")


@data_app.command()
def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="That `workbench data split` has written.")
    ],
) -> None:
    """Check that the images of a frozen split are as they were, and that nothing leaks."""
    from workbench.datasets import check_leakage, find_duplicates, open_dataset
    from workbench.studies import FROZEN_SPLIT, read_frozen, signatures_of, verify_split

    dataset = open_dataset(folder)
    changes = verify_split(dataset, read_frozen(folder))
    for change in changes.itertuples():
        typer.echo(f"{change.image_id}: {change.change}", err=True)
    if len(changes):
        typer.echo(f"Not as frozen in {folder / FROZEN_SPLIT}: {len(changes)}", err=True)
        raise typer.Exit(1)
    signatures = signatures_of(dataset)
    check_leakage(signatures.images, find_duplicates(signatures.by_id))
    typer.echo(f"All {len(dataset.records):,} images are as they were frozen, and none leaks.")


def _refuse_existing(path: Path) -> None:
    """Keep a file, such as the one of a frozen split, from being overwritten."""
    from workbench.schema import InputError

    if path.exists():
        msg = f"{path}: is there already; delete it first, or name another file."
        raise InputError(msg)


def _refuse_file(folder: Path | None) -> None:
    """Say that a folder can't be made where a file is, before images are read for it."""
    from workbench.schema import InputError

    if folder and folder.is_file():
        msg = f"{folder}: is a file; name a new folder."
        raise InputError(msg)


def _list_problems(problems: pd.DataFrame) -> None:
    """Name the images that could not be used, on the error stream."""
    if problems.empty:
        return
    typer.echo(f"Left out, since they can't be used: {len(problems)}", err=True)
    for problem in problems["problem"].head(10):
        typer.echo(f"  {problem}", err=True)
    if len(problems) > 10:
        typer.echo(f"  ... and {len(problems) - 10} more", err=True)
