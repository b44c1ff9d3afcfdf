"""The commands ``workbench compare``, ``audit``, ``claim`` and ``experts``: what scores support."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

compare_app = typer.Typer(rich_markup_mode="markdown")

Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN_OR_TABLE]...",
        help="Run folders, what `workbench score` wrote, CSV, TSV or Parquet files; several are "
        "joined by image.",
        show_default=False,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The measure, declared before looking; also what the values of a table without such "
        "a column are.",
        show_default="f1",
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        metavar="IOU", min=0, max=1, help="IoU threshold of the measure.", show_default="0.5"
    ),
]
Margin = Annotated[
    float,
    typer.Option(metavar="SIZE", help="Differences up to this one do not matter to you."),
]
Split = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of tables with a column split, this one alone."),
]


@compare_app.command()
def compare(
    sources: Sources = None,
    *,
    metric: Metric = None,
    threshold: Threshold = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Compare all others with it, instead of all pairs."),
    ] = None,
    margin: Margin = 0.02,
    split: Split = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Instead of scores, a published table as CSV: model, n, mean, sd.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the report there: HTML, PDF, Markdown, tables."),
    ] = None,
) -> None:
    """Compare models on the same images, from scores of any origin.

    Prints how the scores were read, the models with intervals and ranks, the tests, all pairs,
    and what the data support and what they don't. A table has a line per score (image, model,
    value), a column per measure, or a column per model (then say `--metric`).
    """
    from workbench.schema import InputError

    if (summary is None) == (not sources):
        msg = "give run folders or tables of scores, or `--summary FILE` alone."
        raise InputError(msg)
    if summary is not None:
        from workbench.studies import print_summary, read_summary

        print_summary(read_summary(summary), name=summary.name)
        return
    from workbench.studies import compare_scores, print_comparison, read_score_source

    source = read_score_source(sources or (), metric=metric, threshold=threshold, split=split)
    compared = compare_scores(
        source, metric=metric, threshold=threshold, reference=reference, margin=margin
    )
    print_comparison(compared)
    if out is not None:
        from workbench.studies import write_compared

        typer.echo(f"\nReport: {write_compared(compared, out, reference=reference)}")


@compare_app.command()
def audit(
    subject: Annotated[
        Path,
        typer.Argument(
            metavar="FILE_OR_RUN",
            help="Somebody's report (text, Markdown, HTML), a table of scores, or a run.",
            show_default=False,
        ),
    ],
    *,
    metric: Metric = None,
    threshold: Threshold = None,
    split: Split = None,
) -> None:
    """Find what is wrong with a report or a table of scores, and what would mend it.

    Looks for percentiles called confidence intervals, independent tests on the same images, p
    printed as 0, two kinds of standard deviation, missing images or models, models so low that
    their run is probably broken, and more.

    Exit status 1 if something serious was found, 0 otherwise.
    """
    from workbench.studies import audit_subject, print_audit

    found = audit_subject(subject, metric=metric, threshold=threshold, split=split)
    print_audit(found)
    if found.is_serious:
        raise typer.Exit(1)


@compare_app.command()
def claim(
    text: Annotated[
        str,
        typer.Argument(
            metavar="CLAIM", help='For example "A better than B on dense images".',
            show_default=False,
        ),
    ],
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN_OR_TABLE...", help="As for `workbench compare`.", show_default=False
        ),
    ],
    *,
    metric: Metric = None,
    threshold: Threshold = None,
    margin: Margin = 0.02,
    split: Split = None,
) -> None:  # fmt: skip
    """Say what the data support of a claim, with difference, interval, adjusted p and effect.

    Exit status 1 if the claim is not supported.
    """
    from workbench.studies import claim_from_scores, print_claim, read_score_source

    source = read_score_source(sources, metric=metric, threshold=threshold, split=split)
    found = claim_from_scores(text, source, metric=metric, threshold=threshold, margin=margin)
    print_claim(found, source)
    if not found.supported:
        raise typer.Exit(1)


@compare_app.command()
def experts(
    predictions: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PREDICTIONS]...",
            help="Label images of each method, or a folder with a folder for each.",
            show_default=False,
        ),
    ] = None,
    *,
    first: Annotated[
        Path, typer.Option(metavar="PATH", help="Labels of one expert.", show_default=False)
    ],
    second: Annotated[
        Path, typer.Option(metavar="PATH", help="Labels of another.", show_default=False)
    ],
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The microscopy images, a folder or a data set, for the report's picture.",
            show_default="those of the first expert's data set",
        ),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(metavar="IOU", min=0, max=1, help="From which on two cells are the same."),
    ] = 0.5,
    channel: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of files with several label images per image."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the report there: HTML, PDF, Markdown, tables."),
    ] = None,
) -> None:
    """Say how far two experts agree, and how much of a method's error they would argue about.

    An error against one expert is disputed if the other would not call it one. Labels may come in
    any form that `workbench score` reads, and belong together by their stems.
    """
    from workbench.studies import compare_experts, print_experts, read_experts, write_experts

    labels = read_experts(first, second, predictions or (), images=images, channel=channel)
    found = compare_experts(
        labels.first, labels.second, labels.predictions, iou_threshold=threshold
    )
    print_experts(found, labels)
    if out is not None:
        typer.echo(f"\nReport: {write_experts(found, labels, out)}")
