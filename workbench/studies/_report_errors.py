"""What the report says of errors: what became of each cell, and what that cost."""

from __future__ import annotations

from typing import Final

from workbench import figures
from workbench.report import Figure, ReportTable, Section, percent
from workbench.schema import InputError
from workbench.studies._error_tables import (
    budget_table,
    gain_table,
    outcome_table,
    pixel_table,
)
from workbench.studies._report_errors_biology import biology_section, robustness_section
from workbench.studies._report_errors_pair import pair_section
from workbench.studies._report_errors_review import review_sections
from workbench.studies._run_errors import RunErrors, open_errors
from workbench.studies._view import RunView

TITLE: Final = "Errors"
HOW: Final = (
    "Every cell has one fate, at IoU 0.5: matched; boundary (about there, but its outline is too "
    "far off); missed; spurious; split; merge; or catastrophe (several on both sides). What a type "
    "costs is what putting it right adds to F1, averaged over all orders in which the six types "
    "could be put right (Shapley), so the six sum to all that is lost."
)


def errors_sections(view: RunView) -> list[Section]:
    """Return the sections on errors; one that says why where there is nothing to tell."""
    try:
        found = open_errors(view)
    except InputError as error:
        return [Section(TITLE, [str(error)])]
    return error_report_sections(found)


def error_report_sections(found: RunErrors) -> list[Section]:
    """Return the sections on errors, of the model and the pair that were asked for."""
    return [
        _costs_section(found),
        pair_section(found),
        *review_sections(found),
        biology_section(found),
        robustness_section(found.view),
    ]


def _costs_section(found: RunErrors) -> Section:
    """Return what became of cells and pixels, and what each type of error costs."""
    items: list[ReportTable | Figure] = []
    texts = []
    if reason := found.why_not("budget"):
        texts.append(reason)
    else:
        texts.append(_sentence(found))
        items += [
            Figure(
                f"F1 lost at IoU {found.threshold:g} by type of error; a bar ends at 1 − F1.",
                figures.error_budget_bars(found.budget),
                _spoken(found),
            ),
            budget_table(found),
            gain_table(found),
            Figure(
                "F1 lost over the IoU threshold. With a stricter threshold nearly good cells "
                "become boundary errors; the other types hardly move.",
                figures.budget_over_thresholds(found.by_threshold),
            ),
        ]
    texts.append(HOW)
    if reason := found.why_not("outcomes"):
        texts.append(reason)
    else:
        items.insert(1 if items else 0, outcome_table(found))
    if not found.why_not("pixels") and not found.pixels.empty:
        items.append(pixel_table(found))
    return Section(TITLE, texts, items)


def _sentence(found: RunErrors) -> str:
    own = found.budget[found.budget["model"] == found.model]
    f1 = own["f1"].iloc[0]
    worst = own.loc[own["lost"].idxmax()]
    if worst["lost"] <= 0:
        return f"{found.model} lost nothing of F1 at IoU {found.threshold:g}."
    return (
        f"{found.model} has a mean F1 of {f1:.3f} at IoU {found.threshold:g}. Of the "
        f"{1 - f1:.3f} that it lost, most went to {worst['error']} errors: {worst['lost']:.3f}, or "
        f"{percent(worst['fraction'])}."
    )


def _spoken(found: RunErrors) -> str:
    own = found.budget[found.budget["model"] == found.model]
    parts = ", ".join(f"{row.error} {row.lost:.3f}" for row in own.itertuples())
    return f"{found.model} lost: {parts}."
