"""Public data sets in a terminal: the list, one card in full, and a download as it comes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pandas as pd
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from workbench.datasets import LAYOUTS, Card, DownloadStep, ProgressListener
from workbench.report import ReportTable

UNKNOWN = "–"


def card_rows(cards: Iterable[Card]) -> ReportTable:
    """Return public data sets as a table, a line each."""
    frame = pd.DataFrame(
        [
            {
                "Name": card.name,
                "Title": card.title,
                "Task": card.task,
                "Images": _count(card.n_images),
                "Cells": _count(card.n_cells),
                "Size": card.size or UNKNOWN,
                "Licence": card.licence,
                "Obtained": "download" if card.downloads else "by hand",
            }
            for card in cards
        ]
    )
    return ReportTable("datasets", "Public data sets; – is not published or unknown", frame)


def explain_card(card: Card) -> str:
    """Return all that is known of a public data set as text."""
    facts = {
        "Task": card.task,
        "Modality": card.modality,
        "Images": _count(card.n_images),
        "Cells": _count(card.n_cells),
        "Size": card.size or UNKNOWN,
        "Licence": card.licence,
        "Cite": card.citation,
        "Page": card.address,
        "Obtained": ("download: " if card.downloads else "by hand: ") + card.how_to_obtain,
        "Layout": card.layout,
    }
    width = max(map(len, facts))
    lines = [f"{name:<{width}}  {value}" for name, value in facts.items()]
    lines += [f"{'File':<{width}}  {download.url}" for download in card.downloads]
    tree = LAYOUTS[card.layout].tree if card.layout in LAYOUTS else ""
    shown = ["", "On disk", *(f"  {line}" for line in tree.splitlines())] if tree else []
    return "\n".join([f"{card.title} ({card.name})", *lines, *shown])


@contextmanager
def show_download(console: Console) -> Iterator[ProgressListener]:
    """Show a bar for every file that comes while the block runs; a line each without a terminal."""
    if not console.is_terminal:
        yield _PlainDownload(console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        tasks = {}

        def show(step: DownloadStep) -> None:
            if step.file_name not in tasks:
                tasks[step.file_name] = progress.add_task(step.file_name, total=None)
            progress.update(tasks[step.file_name], completed=step.n_bytes, total=step.total_bytes)

        yield show


class _PlainDownload:
    """A line whenever a file begins."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen: set[str] = set()

    def __call__(self, step: DownloadStep) -> None:
        if step.file_name not in self._seen:
            self._seen.add(step.file_name)
            size = f", {step.total_bytes:,} bytes" if step.total_bytes else ""
            self._console.print(f"{step.file_name}{size}", soft_wrap=True)


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def datasets_page(cards: Iterable[Card]) -> str:
    """Return the page of the public data sets as Markdown."""
    parts = [
        "# Public data sets",
        "",
        "`workbench data list` shows them in short, `workbench data list NAME` one of them, and",
        "`workbench data download NAME` fetches a set or says how to obtain it. A folder that was",
        "downloaded is opened as it is.",
        "",
        "The readers were tried on small sets that tests write in each layout. Of the sets below,",
        "images of the Data Science Bowl 2018 and of CellBinDB were read as they were published;",
        "none was downloaded, since no address could be reached where this was written.",
        "",
    ]
    for card in cards:
        layout = LAYOUTS[card.layout]
        facts = {
            "Task": f"{card.task}; {card.modality}",
            "Size": _size(card),
            "Licence": card.licence,
            "Cite": card.citation,
            "Page": f"<{card.address}>",
            "Obtain": card.how_to_obtain,
        }
        parts += [f"## {card.title} (`{card.name}`)", ""]
        parts += [f"- {name}: {value}" for name, value in facts.items() if value]
        parts += ["", f"Layout `{layout.name}`:", "", "```", *layout.tree.splitlines(), "```", ""]
    return "\n".join(parts).rstrip() + "\n"


def _size(card: Card) -> str:
    counts = ((card.n_images, "images"), (card.n_cells, "cells"))
    told = [f"{number:,} {what}" for number, what in counts if number]
    return ", ".join([*told, *([card.size] if card.size else [])])
