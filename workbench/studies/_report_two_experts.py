"""What the report says where a second expert annotated the images."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from workbench.datasets import LabelSource
from workbench.figures import expert_disagreement, expert_scores
from workbench.report import Figure, ReportTable, Section, listed, percent
from workbench.schema import ERROR_TYPES, PRIMARY_IOU_THRESHOLD
from workbench.studies._two_experts import (
    EXPERTS,
    FIRST,
    SECOND,
    ExpertComparison,
    compare_experts,
)

N_NAMED: Final = 3
N_IMAGES: Final = 12


def second_annotator_report(
    first: LabelSource,
    second: LabelSource,
    predictions: Mapping[str, LabelSource],
    *,
    iou_threshold: float = PRIMARY_IOU_THRESHOLD,
) -> list[Section]:
    """Return the part of a report on two experts: sentences, tables, figures.

    Parameters
    ----------
    first, second, predictions, iou_threshold
        As :func:`compare_experts` takes them.

    Returns
    -------
    list of Section
        One for the experts and scores, one for the errors.

    Raises
    ------
    InputError
        As :func:`compare_experts`.
    """
    return second_annotator_sections(
        compare_experts(first, second, predictions, iou_threshold=iou_threshold)
    )


def second_annotator_sections(
    found: ExpertComparison, *, picture: Figure | None = None
) -> list[Section]:
    """Return the part of a report on what :func:`compare_experts` found, with a picture of it."""
    shown: list[ReportTable | Figure] = [*_image_tables(found), *([picture] if picture else [])]
    if not len(found.agreed):
        return [Section("Two experts", [_experts_sentence(found)], shown)]
    table = expert_table(found)
    order = list(table["Method"])
    of_methods = found.scores[found.scores["method"] != SECOND]
    errors = found.outcomes[
        found.outcomes["outcome"].isin(ERROR_TYPES) & found.outcomes["method"].isin(order)
    ]
    by_type = errors.groupby(["method", "against", "outcome"], sort=False)
    counts = by_type[["n_cells", "n_disputed"]].sum().reset_index()
    at = f"IoU {found.iou_threshold:g}"
    return [
        Section(
            "Two experts",
            [_experts_sentence(found), *_above_sentence(found, table)],
            [
                expert_rows(found),
                Figure(
                    f"F1 at {at} against either expert; the dashed line is that of the experts "
                    "against each other.",
                    expert_scores(_sorted(of_methods, order), ceiling=found.ceiling),
                ),
                *shown,
            ],
        ),
        Section(
            "Errors, or the experts' disagreement",
            _error_sentences(found, table),
            [
                ReportTable(
                    "two_experts_by_error",
                    "Cells of both sides in errors, by type, and how many of them are disputed.",
                    _by_type(_sorted(counts, order)),
                    max_rows=24,
                ),
                Figure(
                    "Cells in errors against either expert, by type; hatched are those on which "
                    "the experts disagree.",
                    expert_disagreement(_sorted(counts, order)),
                ),
            ],
            level=3,
        ),
    ]


def expert_rows(found: ExpertComparison) -> ReportTable:
    """Return the methods as a table for people, the best against both experts first."""
    table = expert_table(found)
    return ReportTable(
        "two_experts",
        f"F1 at IoU {found.iou_threshold:g} of each method against either expert. Disputed are "
        "lost cells that the other expert has not drawn either, and surplus cells that the other "
        "expert has drawn. Agreed cells are those that both experts drew; backed are predicted "
        "cells that at least one of them drew.",
        table,
        formats=dict.fromkeys((c for c in table if c.endswith("%")), _percent),
    )


def _image_tables(found: ExpertComparison) -> list[ReportTable]:
    """Return the images on which the experts differ most first; nothing for one image."""
    if found.n_images == 1:
        return []
    table = found.images.sort_values("f1", kind="stable", ignore_index=True)
    names = {"image_id": "Image", "n_first": f"Cells, {FIRST}", "n_second": f"Cells, {SECOND}",
             "n_agreed": "Agreed", "f1": "F1"}  # fmt: skip
    return [
        ReportTable(
            "two_experts_by_image",
            f"The experts against each other at IoU {found.iou_threshold:g}, image by image; "
            "where they differ most comes first.",
            table,
            headers=names,
            max_rows=N_IMAGES,
        )
    ]


def expert_table(found: ExpertComparison) -> pd.DataFrame:
    """Return one row per method, the best against both experts first; shares are 0 to 1."""
    scores = found.scores.pivot_table(index="method", columns="against", values="f1", dropna=False)
    rows = []
    for counts in found.agreed.to_dict("records"):
        method = counts["method"]
        row = {"Method": method}
        for expert in EXPERTS:
            row[f"F1, {expert}"] = scores.loc[method, expert]
        for expert in EXPERTS:
            row[f"Disputed, {expert}, %"] = disputed_share(found, method, expert)
        row["Agreed found, %"] = _over(counts["n_found"], counts["n_agreed"])
        row["Backed, %"] = _over(counts["n_backed"], counts["n_predicted"])
        rows.append(row)
    columns = [f"F1, {expert}" for expert in EXPERTS]
    table = pd.DataFrame(rows)
    order = table[columns].mean(axis=1).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def disputed_share(
    found: ExpertComparison, method: str, expert: str, *, errors: bool = True, side: str = ""
) -> float:
    """Return the share of a method's errors (or matched cells) on which the experts disagree.

    Parameters
    ----------
    found
        From :func:`compare_experts`.
    method, expert
        Whose cells, against whom.
    errors
        True for cells in errors, False for matched ones.
    side
        "reference" or "predicted"; "" for both.

    Returns
    -------
    float
        0 to 1; NaN without such cells.
    """
    table = found.outcomes
    chosen = table[(table["method"] == method) & (table["against"] == expert)]
    chosen = chosen[(chosen["outcome"] != "matched") == errors]
    if side:
        chosen = chosen[chosen["side"] == side]
    return _over(chosen["n_disputed"].sum(), chosen["n_cells"].sum())


def _experts_sentence(found: ExpertComparison) -> str:
    (between,) = found.scores[found.scores["method"] == SECOND].to_dict("records")
    n_images = "one image" if found.n_images == 1 else f"{found.n_images} images"
    return (
        f"On {n_images}, {FIRST} drew {between['n_reference']:,} cells and {SECOND} "
        f"{between['n_predicted']:,}; {between['tp']:,} of them are the same at IoU "
        f"{found.iou_threshold:g}. So the experts score F1 = {found.ceiling:.2f} against each "
        "other: a difference in score to a method near this may be a matter of taste, not of error."
    )


def _above_sentence(found: ExpertComparison, table: pd.DataFrame) -> list[str]:
    columns = [f"F1, {expert}" for expert in EXPERTS]
    above = list(table.loc[(table[columns] > found.ceiling).all(axis=1), "Method"])
    if not above:
        return ["No method is closer to both experts than these are to each other."]
    verb = "is" if len(above) == 1 else "are"
    text = (
        f"{listed(above)} {verb} closer to either expert than the experts are to each other; such "
        "scores measure whose habits a method shares as much as how well it sees cells."
    )
    return [text]


def _error_sentences(found: ExpertComparison, table: pd.DataFrame) -> list[str]:
    """Say of the best methods how much of their error the experts would argue about."""
    texts = []
    (between,) = found.scores[found.scores["method"] == SECOND].to_dict("records")
    base = 1 - _over(between["tp"], between["n_reference"])
    for method in table["Method"].head(N_NAMED):
        chosen = found.outcomes[
            (found.outcomes["method"] == method)
            & (found.outcomes["against"] == FIRST)
            & (found.outcomes["outcome"] != "matched")
        ]
        lost = disputed_share(found, method, FIRST, side="reference")
        surplus = disputed_share(found, method, FIRST, side="predicted")
        texts.append(
            f"{method} against {FIRST}: {percent(disputed_share(found, method, FIRST))} of "
            f"{chosen['n_cells'].sum():,} cells in errors are disagreement between the experts "
            f"({percent(lost)} of the lost cells, {percent(surplus)} of the surplus ones); of the "
            "cells it found, "
            f"{percent(disputed_share(found, method, FIRST, errors=False, side='reference'))} are "
            f"disputed, of all cells of {FIRST} {percent(base)}."
        )
    return texts


def _by_type(counts: pd.DataFrame) -> pd.DataFrame:
    named = counts[counts["n_cells"] > 0].rename(
        columns={"method": "Method", "against": "Against", "outcome": "Error", "n_cells": "Cells",
                 "n_disputed": "Disputed"}
    )  # fmt: skip
    return named.reset_index(drop=True)


def _sorted(table: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    place = {method: number for number, method in enumerate(order)}
    return table.sort_values("method", key=lambda names: names.map(place), kind="stable")


def _percent(share: float) -> str:
    return percent(share).removesuffix(" %")


def _over(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
