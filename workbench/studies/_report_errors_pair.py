"""What the report says of two models: the cells that explain their difference, shown."""

from __future__ import annotations

from typing import Final

from workbench import figures
from workbench.report import Figure, ReportTable, Section, short, signed
from workbench.studies._error_tables import difference_table, duel_table, places_table
from workbench.studies._run_errors import RunErrors

TITLE: Final = "Where the best two differ"
NOT_SHOWN: Final = "Notebook 06 shows each of them in its image, beside the other models."


def pair_section(found: RunErrors) -> Section:
    """Return the cells that explain most of the difference between two models, and why."""
    if found.pair is None:
        return Section(TITLE)
    first, second = found.pair
    title = TITLE if found.pair == tuple(found.models[:2]) else f"{first} against {second}"
    texts: list[str] = []
    items: list[ReportTable | Figure] = []
    if reason := found.why_not("places"):
        texts.append(reason)
    else:
        texts.append(f"{_sentence(found)} {NOT_SHOWN}")
        items += [
            Figure(
                f"The places that explain most of the difference, as {first} (left) and {second} "
                "(right) see them, in the order of the table. Thin lines are cells of the "
                "reference that were not found.",
                figures.difference_places(found.place_overlays, made=found.place_outcomes),
                _spoken(found),
            ),
            places_table(found),
        ]
    if reason := found.why_not("difference"):
        texts.append(reason)
    else:
        items += [
            Figure(
                f"By which types of error {first} is ahead of {second} (right of 0) or behind, at "
                f"IoU {found.threshold:g}, with paired 95 % intervals.",
                figures.budget_difference(found.difference, first=first, second=second),
            ),
            difference_table(found),
        ]
    if reason := found.why_not("duel"):
        texts.append(reason)
    else:
        items += [
            Figure(
                "Cells that one of the two alone finds, by what they are like; a filled diamond "
                "has an adjusted p below 0.05, pale rows lie in fewer than 10 images.",
                figures.duel_bars(found.duel, first=first, second=second),
            ),
            duel_table(found),
        ]
    return Section(title, list(dict.fromkeys(texts)), items)


def _sentence(found: RunErrors) -> str:
    table = found.places
    total, shown = table["contribution"].sum(), table.head(len(found.place_outcomes))
    ahead, behind = (found.first, found.second) if total >= 0 else (found.second, found.first)
    return (
        f"{ahead} is ahead of {behind} by {short(abs(total))} in mean F1 at IoU 0.5. They differ "
        f"at {len(table)} places; the {len(shown)} that speak most for {ahead} make "
        f"{signed(abs(shown['contribution'].sum()))}."
    )


def _spoken(found: RunErrors) -> str:
    parts = [
        f"{number}. {row.image_id}: {row.first_outcome} against {row.second_outcome}"
        for number, row in enumerate(found.places.head(10).itertuples(), start=1)
    ]
    return f"{'; '.join(parts)}."
