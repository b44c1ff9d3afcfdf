"""Descriptives and tests: each published table, and beside it what the data support."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from workbench import figures
from workbench.analysis import model_residuals
from workbench.report._descriptive_tables import descriptive_tables
from workbench.report._findings import Findings
from workbench.report._numbers import (
    NOTHING,
    four_decimals,
    p_text,
    plain,
    sentence,
    short,
    signed,
)
from workbench.report._pair_tables import ALPHA, pair_items
from workbench.report._parts import Figure, Label, ReportTable, Section

PAIRED: Final = (
    "All models were scored on the same images, so tests compare them image by image. Published "
    "reports often test them as if each model had seen images of its own; those tables are shown "
    "too, with their label."
)
DIFFERENT: Final = (
    "Is there any difference between the models? These tests take the images of each model for "
    "different images."
)
IMAGE_BY_IMAGE: Final = "Is there any difference between the models, image by image?"


def statistics_section(found: Findings) -> Section:
    """Return the section on statistics."""
    items: list[ReportTable | Figure] = [*descriptive_tables(found, found.metric)]
    if found.metric != "dice" and found.values("dice", math.nan) is not None:
        items += descriptive_tables(found, "dice")
    texts = [PAIRED]
    if found.compared.note:
        return Section("Statistics", [*texts, sentence(found.compared.note)], items)
    items += [*_omnibus(found), *pair_items(found)]
    if len(found.compared.assumptions):
        items += [_assumptions(found), _residuals(found)]
    return Section("Statistics", texts, items)


def _omnibus(found: Findings) -> list[ReportTable]:
    compared = found.compared
    return [
        _tests(found, "omnibus_as_published", "as published", compared.published_tests, DIFFERENT),
        _tests(found, "omnibus", "corrected", compared.tests, IMAGE_BY_IMAGE),
    ]


def _tests(
    found: Findings, name: str, label: Label, tests: pd.DataFrame, caption: str
) -> ReportTable:
    behind = [found.query(*found.models)] * len(tests)
    return ReportTable(
        name,
        caption,
        _test_rows(tests, published=label == "as published"),
        formats={"p": p_text},
        label=label,
        queries={"Statistic": behind, "p": behind},
    )


def _test_rows(tests: pd.DataFrame, *, published: bool) -> pd.DataFrame:
    rows = []
    for test in tests.itertuples():
        degrees = ", ".join(f"{value:.4g}" for value in test.degrees_of_freedom)
        given = f"({degrees})" if degrees else ""
        row = {
            "Test": test.name,
            "Statistic": f"{test.statistic_name}{given} = {_digits(test.statistic)}"
            if not published
            else f"{test.statistic_name} = {four_decimals(test.statistic)}",
            "p": test.p_value,
            "Effect": f"{test.effect_name} = {plain(test.effect)}" if test.effect_name else NOTHING,
        }
        if published:
            row["Significant"] = "yes" if test.p_value < ALPHA else "no"
        else:
            row["Note"] = test.note
        rows.append(row)
    return pd.DataFrame(rows)


def _digits(statistic: float) -> str:
    """Return a statistic that can be read back: without marks between thousands."""
    return short(statistic).replace(",", "")


def _assumptions(found: Findings) -> ReportTable:
    return ReportTable(
        "assumptions",
        "Checks of what the parametric tests assume; shown, and never used to switch tests.",
        found.compared.assumptions,
        headers={"check": "Check", "statistic": "Statistic", "p_value": "p", "note": "Note"},
        formats={"p_value": p_text},
    )


def _residuals(found: Findings) -> Figure:
    residuals = model_residuals(found.paired)
    widest = residuals.loc[residuals["residual"].abs().idxmax()]
    return Figure(
        "Q-Q figure of the residuals: what is left of each score beside its image's mean and its "
        "model's. Points on the line are normal residuals; ends that turn off it are a few images "
        "on which models do much better or worse than elsewhere.",
        figures.residual_quantiles(residuals),
        f"The largest residual is {signed(widest['residual'])}, of {widest['model']} on "
        f"{widest['image_id']}.",
    )
