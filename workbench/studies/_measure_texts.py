"""What the registry knows of measures and conventions, in words: for terminals and the docs."""

from collections.abc import Iterable

import pandas as pd

from workbench.metrics import CONVENTIONS, MEASURES, Measure
from workbench.report import ReportTable, better

KIND_TITLES = {
    "matching": "Matched cells, at each IoU threshold",
    "cells": "Cells and their best partners",
    "pixels": "Foreground pixels",
    "partition": "The whole partition",
    "distance": "Distances",
    "data set": "The data set at once (COCO)",
}
PAGE_HEAD = """\
# Measures

Made by `make docs` from the registry in [workbench/metrics](../workbench/metrics/_measures.py);
`workbench measures NAME` says the same in a terminal.

R is the reference, P the prediction. An undefined value is NaN: left out of means and counted.
"""
CONVENTIONS_HEAD = """\
## Conventions

The same prediction under the rules of others: `workbench score --convention NAME`. Notebook 04
shows why they differ on your images.
"""


def measure_rows(measures: Iterable[Measure]) -> ReportTable:
    """Return measures as a table, a line each."""
    frame = pd.DataFrame(
        [
            {"Name": m.name, "Range": _range(m), "Better": better(m.name), "Formula": m.formula}
            for m in measures
        ]
    )
    return ReportTable(
        "measures", "R is the reference, P the prediction. More: workbench measures NAME", frame
    )


def explain_measure(measure: Measure) -> str:
    """Return all that is known of a measure as text."""
    facts = {
        "Formula": measure.formula,
        "Range": _range(measure),
        "Better": better(measure.name),
        "Undefined": measure.undefined,
        "Does not see": measure.blind_spot,
        "Pooled (micro)": _pooling(measure),
        "Source": measure.source,
    }
    width = max(map(len, facts))
    lines = [f"{name:<{width}}  {value}" for name, value in facts.items()]
    return "\n".join([f"{measure.title} ({measure.name})", *lines])


def measures_page() -> str:
    """Return the page of all measures and conventions, as Markdown."""
    lines = [PAGE_HEAD]
    for kind, title in KIND_TITLES.items():
        lines += [
            f"## {title}",
            "",
            "| name | formula | range | better | undefined when | does not see | source |",
            "|---|---|---|---|---|---|---|",
            *(_row(m) for m in MEASURES.values() if m.kind == kind),
            "",
        ]
    return "\n".join([*lines, *_conventions()])


def _conventions() -> list[str]:
    lines = [CONVENTIONS_HEAD]
    for convention in CONVENTIONS.values():
        rules = [f"- {name}: {text}" for name, text in convention.rules.items()]
        lines += [f"### {convention.title} (`{convention.name}`)", "", *rules, ""]
        lines += [f"Source: {convention.source}", ""]
    return lines


def _row(measure: Measure) -> str:
    cells = [
        f"`{measure.name}`",
        measure.formula,
        _range(measure),
        better(measure.name),
        measure.undefined,
        measure.blind_spot,
        measure.source,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _range(measure: Measure) -> str:
    high = "unbounded" if measure.high == float("inf") else f"{measure.high:g}"
    return f"{measure.low:g} to {high}" + (f" {measure.unit}" if measure.unit else "")


def _pooling(measure: Measure) -> str:
    if measure.kind == "data set":
        return "always: it belongs to the data set"
    if measure.weights is None:
        return "not defined; use the mean over images"
    names = ("TP", "FP", "FN", "reference cells")
    parts = [
        name if weight == 1 else f"{weight:g} {name}"
        for weight, name in zip(measure.weights, names, strict=True)
        if weight
    ]
    return f"mean over images weighted by {' + '.join(parts)}"
