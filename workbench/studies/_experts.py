"""The command ``workbench experts``: labels of two experts and of methods, wherever they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.datasets import LabelSource, open_labels, short_id
from workbench.report import Report, Section, listed
from workbench.schema import InputError
from workbench.studies._experts_picture import dispute_figure
from workbench.studies._report import write_report
from workbench.studies._report_two_experts import (
    expert_rows,
    expert_table,
    second_annotator_sections,
)
from workbench.studies._terminal import print_table, terminal
from workbench.studies._two_experts import EXPERTS, ExpertComparison, shared_images

N_PICTURED: Final = 3
N_NAMED: Final = 3
TITLE: Final = "Annotators and methods"


@dataclass(frozen=True, eq=False)
class ExpertLabels:
    """What two experts and a few methods drew.

    Attributes
    ----------
    first, second
        Labels of the experts.
    predictions
        Labels of each method by its name.
    images
        Folder or data set of the microscopy images; None where nobody said.
    notes
        What is left out or counts as empty, one sentence each.
    """

    first: LabelSource
    second: LabelSource
    predictions: Mapping[str, LabelSource]
    images: Path | None
    notes: tuple[str, ...]


def read_experts(
    first: Path,
    second: Path,
    predictions: Sequence[Path] = (),
    *,
    images: Path | None = None,
    channel: str | None = None,
) -> ExpertLabels:
    """Find the labels of two experts and of methods; nothing is read yet.

    Parameters
    ----------
    first, second
        What :func:`workbench.datasets.open_labels` opens.
    predictions
        The same, one for each method, named by folder or file; a folder of nothing but folders
        stands for all of them.
    images
        Folder or data set of the microscopy images; by default those of ``first``, if that is a
        data set.
    channel
        Of files with several label images per image.

    Returns
    -------
    ExpertLabels
        With a note for images that only one expert annotated and for those that a method lacks.

    Raises
    ------
    InputError
        If labels can't be opened, both experts are the same, they share no image, or two methods
        have one name.
    """
    if first.resolve() == second.resolve():
        msg = f"both experts are {first}; give the labels of two."
        raise InputError(msg)
    one, two = (open_labels(path, channel=channel) for path in (first, second))
    methods: dict[str, LabelSource] = {}
    for path in _each(predictions):
        name = path.resolve().name if path.is_dir() else short_id(path.stem)
        if name in methods:
            msg = (
                f"two methods are called {name!r}, {methods[name].path} and {path}; rename one of "
                "the folders."
            )
            raise InputError(msg)
        methods[name] = open_labels(path, channel=channel)
    if images is None and one.kind == "manifest":
        images = first
    return ExpertLabels(one, two, methods, images, tuple(_notes(one, two, methods)))


def print_experts(found: ExpertComparison, labels: ExpertLabels) -> None:
    """Show in the terminal what the experts and methods come to."""
    console = terminal()
    sections = second_annotator_sections(found)
    for text in (*labels.notes, *sections[0].texts):
        console.print(text, soft_wrap=True)
    if labels.predictions:
        print_table(expert_rows(found))
        console.print()
        for text in sections[1].texts:
            console.print(f"- {text}", soft_wrap=True)


def write_experts(found: ExpertComparison, labels: ExpertLabels, folder: Path) -> Path:
    """Write the report on two experts: HTML, PDF, Markdown, text, LaTeX, tables as CSV.

    Parameters
    ----------
    found
        From :func:`compare_experts`, of these labels.
    labels
        From :func:`read_experts`.
    folder
        Gets the files of :func:`write_report`.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    InputError
        If the microscopy image to show isn't there, or is not of the size of its labels.
    """
    best = list(expert_table(found)["Method"].head(N_PICTURED)) if labels.predictions else []
    picture = dispute_figure(
        found,
        labels.first,
        labels.second,
        {name: labels.predictions[name] for name in best},
        images=labels.images,
    )
    sources = [
        f"{expert}: {source.path}" for expert, source in zip(EXPERTS, _both(labels), strict=True)
    ]
    sections = [
        *second_annotator_sections(found, picture=picture),
        Section("Whose labels", [*sources, *labels.notes], level=3),
    ]
    return write_report(Report(TITLE, sections, kind="Labels compared"), folder)


def _both(labels: ExpertLabels) -> tuple[LabelSource, LabelSource]:
    return labels.first, labels.second


def _each(paths: Sequence[Path]) -> list[Path]:
    """Return the labels of each method; a folder of nothing but folders is one of methods."""
    found = []
    for path in paths:
        inner = sorted(path.glob("[!.]*")) if path.is_dir() else []
        holds_methods = all(
            each.is_dir() and each.name != "labels" and not (each / "masks").is_dir()
            for each in inner
        )
        found += inner if inner and holds_methods else [path]
    return found


def _notes(
    first: LabelSource, second: LabelSource, methods: Mapping[str, LabelSource]
) -> list[str]:
    shared = set(shared_images(first, second))
    notes = []
    for expert, source in zip(EXPERTS, (first, second), strict=True):
        if alone := [name for name in source.image_ids if name not in shared]:
            notes.append(
                f"Left out, since {expert} alone annotated them: {_some(alone)}, of "
                f"{len(source.image_ids)} images."
            )
    for method, source in methods.items():
        if lacking := sorted(shared.difference(source.image_ids)):
            notes.append(
                f"{method} lacks {_some(lacking)}, of {len(shared)} images; they count as empty."
            )
    return notes


def _some(names: Sequence[str]) -> str:
    more = len(names) - N_NAMED
    return listed([*names[:N_NAMED], *([f"{more} more"] if more > 0 else [])])
