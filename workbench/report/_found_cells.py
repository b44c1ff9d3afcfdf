"""Cells that one model finds and another misses."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from workbench.analysis import compare_found_cells
from workbench.report._findings import Findings
from workbench.report._numbers import p_text, percent, sentence
from workbench.report._parts import Query, ReportTable, Section
from workbench.schema import InputError

TITLE: Final = "Do two models find the same cells?"
MOST_MODELS: Final = 12
ALPHA: Final = 0.05


def found_cells_section(found: Findings) -> Section:
    """Return which cells the best model finds and the others don't; empty without cells."""
    if found.cells is None or len(found.models) < 2:
        return Section(TITLE, level=3)
    cells = found.cells[found.cells["image_id"].isin(found.paired.index)]
    try:
        compared = compare_found_cells(
            cells,
            found.models[:MOST_MODELS],
            threshold=found.cell_threshold,
            groups=found.groups,
            seed=found.seed,
        )
    except InputError as error:
        return Section(TITLE, [sentence(str(error))], level=3)
    images = pd.Index(cells.loc[cells["side"] == "reference", "image_id"].unique())
    texts = [_sentence(compared.iloc[0])]
    return Section(TITLE, texts, [_table(found, compared, images)], level=3)


def _sentence(row: Any) -> str:
    """Return what the best two find, in words."""
    found = row["both"] + row["first_only"]
    return (
        f"Of {row['n_cells']:,} cells, {row['first']} and {row['second']} both find "
        f"{row['both']:,}, {row['first']} alone {row['first_only']:,}, {row['second']} alone "
        f"{row['second_only']:,}, and neither {row['neither']:,}: {row['first']} finds "
        f"{percent(found / row['n_cells'])} of them, at least one of the two "
        f"{percent((found + row['second_only']) / row['n_cells'])}."
    )


def _table(found: Findings, compared: pd.DataFrame, images: pd.Index) -> ReportTable:
    frame = pd.DataFrame(
        {
            "Pair": compared["first"] + " − " + compared["second"],
            "Both": compared["both"],
            "First only": compared["first_only"],
            "Second only": compared["second_only"],
            "Neither": compared["neither"],
            "More found": compared["difference"],
            "p by image (Holm)": compared["p_holm"],
            "Verdict": [_verdict(row) for row in compared.itertuples()],
        }
    )
    pairs = compared[["first", "second"]].itertuples(index=False)
    behind: list[Query | None] = [found.query(*pair, images=images) for pair in pairs]
    n_cells, n_images = compared["n_cells"].iloc[0], len(images)
    several = " Of a model with several seeds, those of its first seed." if found.has_seeds else ""
    return ReportTable(
        "found_cells",
        f"Reference cells that models match at IoU {found.cell_threshold:g}: {n_cells:,} cells of "
        f"{n_images} images. McNemar's question, whether one finds more of them than the other, is "
        "answered by images (signs flipped by image or group), as cells of one image are no "
        f"independent evidence.{several}",
        frame,
        formats={
            "More found": _signed_percent,
            "p by image (Holm)": p_text,
        },
        label="corrected",
        queries=dict.fromkeys(
            ("Both", "First only", "Second only", "Neither", "More found", "p by image (Holm)"),
            behind,
        ),
    )


def _signed_percent(share: float) -> str:
    return f"{100 * share:+.1f} %"


def _verdict(row: Any) -> str:
    if row.p_holm < ALPHA:
        return f"{row.first if row.difference > 0 else row.second} finds more"
    return "not told apart"
