"""What the report says of calibration: of cells wherever they have confidences, of pixels too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench import figures
from workbench.analysis import (
    image_groups,
    images_in_bin,
    instance_calibration,
    instance_reliability,
    risk_coverage,
)
from workbench.report import Figure, Query, ReportTable, Section
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, Member
from workbench.studies._calibration_bins import bins_for_people
from workbench.studies._calibration_record import (
    REGIONS,
    Calibration,
    calibration_folder,
    read_calibration,
)
from workbench.studies._calibration_tables import (
    REGION_TITLES,
    reliability_series,
    temperature_text,
    variant_values,
)
from workbench.studies._cell_confidences import CELL_TITLES, cell_overview
from workbench.studies._view import RunView, find_member

PIXEL_MEASURES: Final = {"ece": "ECE", "brier": "Brier", "nll": "NLL"}
REGION: Final = "cells"
MOST_LINES: Final = 7
"""More models than this are told apart in the table, and the best of them drawn."""

CELLS_TEXT: Final = (
    "A predicted cell is true if it is matched at IoU 0.5. D-ECE is the mean distance between "
    "confidence and the share of cells that is true, in bins of at least 30; AUROC and AUPRC say "
    "how well confidence tells true from false; the area under the risk-coverage curve is lower "
    "where false cells come last. None of them sees a missed cell, so recall stands beside them. "
    "Intervals (95 %) draw images again."
)
PIXELS_TEXT: Final = (
    "A temperature was chosen on the validation images, over all their pixels, and measured on "
    "the images of the report. It keeps the most probable class of each pixel, but not the cells "
    "that a decoder finds, so F1 is scored again. Over all pixels the easy background decides: "
    "cells with the band around their outlines, and the band alone, stand beside. ECE (15 bins, "
    "lower is better) says nothing of how much is known: Brier score and NLL do."
)


def calibration_sections(view: RunView) -> list[Section]:
    """Return the sections on calibration; none where no model says how sure it is."""
    cells = _cell_items(view)
    found = [
        (member, calibration)
        for member in view.members
        if (calibration := read_calibration(calibration_folder(view.run, member)))
    ]
    measured = [(member, one) for member, one in found if not one.note]
    if not cells and not found:
        return []
    notes = [one.note for _, one in found if one.note]
    sections = [Section("Calibration", [CELLS_TEXT] if cells else [], cells)]
    if measured:
        sections.append(
            Section("Pixels", [PIXELS_TEXT, *notes], _pixel_items(view, measured), level=3)
        )
    elif notes:
        sections.append(Section("Pixels", notes, level=3))
    return sections


def _cell_items(view: RunView) -> list[ReportTable | Figure]:
    """Return table and figures on the confidences of cells."""
    groups = image_groups(view.scores)
    measures = instance_calibration(view.cells, groups=groups)
    sure = measures[measures["n_predicted"] > 0]
    if sure.empty:
        return []
    members = _members(measures)
    table = cell_overview(measures).assign(Model=[member.name for member in members])
    drawn = _drawn(view, sure)
    curves = [
        instance_reliability(_cells_of(view, member), groups=groups).assign(series=member.name)
        for member in drawn
    ]
    risks = [risk_coverage(_cells_of(view, m)).assign(series=m.name) for m in drawn]
    items: list[ReportTable | Figure] = [
        ReportTable(
            "calibration_cells",
            "Confidence of predicted cells, with 95 % intervals over images.",
            table.rename(columns={"Cells": "Cells with confidence"}),
            queries={"Recall": [_recall(view, member) for member in members]},
        )
    ]
    filled = pd.concat(curves, ignore_index=True)
    if len(filled):
        items.append(
            Figure(
                "Share of predicted cells that is true against their confidence, in bins of equal "
                "mass; below the dashed line a model is too sure. Bands are 95 % intervals over "
                "images.",
                figures.reliability_diagram(filled, of="cells"),
                _spoken(sure, "d_ece"),
            )
        )
    items.append(
        Figure(
            "If only the surest cells are kept, how many of them are false: a curve that rises "
            "late puts the false ones last.",
            figures.risk_coverage_curve(pd.concat(risks, ignore_index=True)),
            _spoken(sure, "risk_coverage_area"),
        )
    )
    return items


def _pixel_items(
    view: RunView, measured: Sequence[tuple[Member, Calibration]]
) -> list[ReportTable | Figure]:
    """Return the table before and after, and the diagram of the best member with its images."""
    rows = [_pixel_row(*pair, region) for pair in measured for region in REGIONS]
    names = [member.name for member, _ in measured]
    best = find_member(view).name
    member, found = measured[names.index(best) if best in names else 0]
    series = reliability_series(found, REGION)
    before = series[(series["variant"] == "before") & (series["n"] > 0)].sort_values("low")
    bins = found.bins[(found.bins["region"] == REGION) & (found.bins["variant"] == "before")]
    return [
        ReportTable(
            "calibration_pixels",
            "Probabilities of pixels before and after temperature scaling.",
            pd.DataFrame(rows),
        ),
        Figure(
            f"{member.name}: share of pixels that is right against the confidence in their most "
            f"probable class, {REGION_TITLES[REGION]}. {temperature_text(found)}",
            figures.reliability_diagram(series),
        ),
        bins_for_people(
            before,
            of="Pixels",
            caption=f"{member.name}, before: the bins of the diagram. A number of pixels opens the "
            "images behind it.",
            name="calibration_bins",
            queries=[_images(bins, member, row.low, row.high) for row in before.itertuples()],
        ),
    ]


def _pixel_row(member: Member, found: Calibration, region: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "Model": member.name,
        "Pixels": REGION_TITLES[region],
        "Temperature": found.temperature,
    }
    for measure, title in PIXEL_MEASURES.items():
        for variant, value in variant_values(found, measure, region).items():
            row[f"{title} {variant}"] = value
    at_primary = found.f1[np.isclose(found.f1["threshold"], PRIMARY_IOU_THRESHOLD)]
    for variant in ("before", "after"):
        # The cells of an image are the same whatever part of its pixels is judged.
        values = at_primary.loc[at_primary["variant"] == variant, "f1"]
        row[f"F1 {variant}"] = values.mean() if region == "all" else np.nan
    return row


def _images(bins: pd.DataFrame, member: Member, low: float, high: float) -> Query:
    """Return the images behind a bin, with their scores."""
    images = images_in_bin(bins, low=low, high=high)["image_id"]
    return Query((member.model,), PRIMARY_METRIC, PRIMARY_IOU_THRESHOLD, tuple(map(str, images)))


def _drawn(view: RunView, sure: pd.DataFrame) -> list[Member]:
    """Return the members with confidences, the first few by their scores where there are many."""
    members = _members(sure)
    if len(members) <= MOST_LINES:
        return members
    scores = view.scores[view.scores["metric"] == PRIMARY_METRIC]
    chosen = scores[np.isclose(scores["threshold"], PRIMARY_IOU_THRESHOLD)]
    means = chosen.groupby(["model", "seed"])["value"].mean()
    return sorted(members, key=lambda m: -float(means[(m.model, m.seed)]))[:MOST_LINES]


def _cells_of(view: RunView, member: Member) -> pd.DataFrame:
    is_model, is_seed = view.cells["model"] == member.model, view.cells["seed"] == member.seed
    return view.cells[is_model & is_seed]


def _recall(view: RunView, member: Member) -> Query | None:
    """Return the recalls behind a row; None where those of other seeds would be among them."""
    n_seeds = sum(other.model == member.model for other in view.members)
    return Query((member.model,), "recall", PRIMARY_IOU_THRESHOLD) if n_seeds == 1 else None


def _members(measures: pd.DataFrame) -> list[Member]:
    keys = measures[["model", "seed"]].drop_duplicates().itertuples(index=False)
    return [Member(str(row.model), int(row.seed)) for row in keys]


def _spoken(measures: pd.DataFrame, name: str) -> str:
    of = measures[(measures["measure"] == name) & measures["value"].notna()].head(MOST_LINES)
    values = ", ".join(f"{row.model} {row.value:.3f}" for row in of.itertuples())
    return f"{CELL_TITLES[name]}: {values}." if values else ""
