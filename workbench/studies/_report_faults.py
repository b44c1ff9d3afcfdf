"""What the report says of broken runs, before it ranks anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.report import ReportTable, Section, listed, plain
from workbench.schema import Member
from workbench.studies._faults import RunFaults, run_faults
from workbench.studies._view import RunView

NAMES: Final = {
    "transposed": "transposed",
    "mirrored": "mirrored",
    "rotated": "rotated",
    "shifted": "shifted",
    "rescaled": "rescaled",
    "inverted": "inverted",
    "foreground_only": "foreground instead of cells",
    "label_overflow": "label overflow",
    "boundary_as_cells": "boundary instead of cells",
    "empty": "empty",
    "below_baseline": "below the trivial baseline",
}
"""How causes are called."""

NOT_UNDONE: Final = ("empty", "below_baseline")

HEADERS: Final = {
    "model": "Model",
    "cause": "What happened",
    "evidence": "Evidence",
    "n_images": "Images",
    "f1_as_is": "F1 as is",
    "f1_if_cured": "F1 if cured",
    "cure": "What to do",
}


def faults_section(view: RunView) -> Section:
    """Return the section on broken runs: what was looked for, and what was found."""
    found = run_faults(view)
    texts = [_looked_at(found)]
    if found.faults.empty:
        return Section("Broken runs", [*texts, "No model shows a fault of this kind."])
    table = found.faults.assign(model=_members(found), cause=found.faults["cause"].map(NAMES))[
        list(HEADERS)
    ]
    caption = (
        "Models whose predictions were spoilt in the same way on most images. F1 at IoU 0.5, mean "
        "over the images that show the fault; for a model below the baseline, the second is the "
        "baseline's. The ranking below takes predictions as they are."
    )
    return Section("Broken runs", texts, [ReportTable("faults", caption, table, headers=HEADERS)])


def fault_warnings(view: RunView) -> list[str]:
    """Return a sentence for the first page per broken model; none for a sound run."""
    found = run_faults(view)
    return [
        _warning(name, fault)
        for name, fault in zip(_members(found), found.faults.to_dict("records"), strict=True)
    ]


def _warning(name: str, fault: Mapping[str, Any]) -> str:
    before, after = plain(fault["f1_as_is"]), plain(fault["f1_if_cured"])
    if fault["cause"] == "below_baseline":
        return (
            f"{name} is clearly below the trivial baseline (F1 {before} against {after}): its run "
            "may be broken."
        )
    undone = f", {after} once undone" if fault["cause"] != "empty" else ""
    return (
        f"Broken run: {name}, {NAMES[fault['cause']]}, on {fault['n_images']} images (F1 {before}"
        f"{undone}); mend and score it again before models are compared."
    )


def _members(found: RunFaults) -> list[str]:
    return [Member(row.model, row.seed).name for row in found.faults.itertuples()]


def _looked_at(found: RunFaults) -> str:
    examined = found.examined
    suspicious = int(examined["n_suspicious"].sum())
    return (
        f"Before models are ranked, predictions with F1 below 0.6 at IoU 0.5 ({suspicious:,} of "
        f"{int(examined['n_images'].sum()):,} looked at) are scored again with each of these "
        f"undone: {listed([NAMES[c] for c in NAMES if c not in NOT_UNDONE], at_most=9)}. "
        "A model counts as broken if undoing one of these raises F1 by at least 0.2 on more than "
        "half of these images; a model that is just weak has no such cure."
    )
