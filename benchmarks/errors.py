"""What labelling the errors of a pair of label images adds to scoring it.

Both run on the same pairs in this one run, on one core; what counts is the ratio.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from page import machine, markdown_table, rounded, write_section
from pairs import synthetic_pair
from scoring import TILE, TISSUE, Pair, median_ms, tissue_pair

from workbench.metrics import (
    boundary_offsets,
    cell_columns,
    distance_scores,
    error_counts,
    image_scores,
    label_errors,
    label_overlap,
    pixel_errors,
)

HOW = """Milliseconds of processor time on one core, label images in memory, compilation not
counted. Scoring is the overlap table, all overlap measures at ten IoU thresholds and exact
distances. Labelling tells every cell's outcome at one threshold from the overlap table; counting
does it at ten; wrong pixels and boundary offsets go back to the label images."""


def main() -> None:
    """Write the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pairs = {"512 x 512 px, synthetic": Pair(*(x.astype(np.int32) for x in synthetic_pair()))}
    if (TISSUE / "labels" / TILE).is_file():
        pairs["CODEX tissue"] = tissue_pair()
    rows = [row for name, pair in pairs.items() for row in _rows(name, pair)]
    header = ["", "ms", "share of scoring"]
    write_section(
        "Errors of cells",
        "\n\n".join([HOW, machine("numpy", "numba", "scipy"), markdown_table(header, rows)]),
    )


def _rows(name: str, pair: Pair) -> list[list[str]]:
    reference, predicted = pair.reference, pair.predicted
    overlap = label_overlap(reference, predicted)
    errors = label_errors(overlap)
    steps: dict[str, Callable[[], Any]] = {
        "labelling": lambda: label_errors(overlap),
        "counting at ten thresholds": lambda: error_counts(overlap),
        "wrong pixels": lambda: pixel_errors(reference, predicted, overlap, errors),
        "boundary offsets": lambda: boundary_offsets(reference, predicted, overlap, errors),
    }

    def score() -> None:
        table = label_overlap(reference, predicted)
        image_scores(table)
        distance_scores(reference, predicted, table)
        cell_columns(table, errors=errors)

    score()  # compiles
    score_ms = median_ms(score)
    n_reference, n_predicted = pair.counts()
    rows = [[f"{name}, {n_reference:,} and {n_predicted:,} cells: scoring", rounded(score_ms), ""]]
    for step, run in steps.items():
        time_ms = median_ms(run)
        rows.append([f"{name}: {step}", rounded(time_ms), f"{time_ms / score_ms:.1%}"])
    return rows


if __name__ == "__main__":
    main()
