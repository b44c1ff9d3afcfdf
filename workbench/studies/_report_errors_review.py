"""What the report says of where to look first: hard images, disputed cells, groups that fail."""

from __future__ import annotations

from typing import Final

from workbench import figures
from workbench.analysis import review_sentence
from workbench.report import Figure, ReportTable, Section, listed
from workbench.studies._error_tables import (
    disputed_table,
    hard_table,
    review_table,
    slices_table,
    swing_table,
)
from workbench.studies._run_errors import RunErrors

TITLE: Final = "What to look at first"
MOST_NAMED: Final = 3
OLD: Final = (
    "Only area and border of the cells were searched: an earlier version scored this run and "
    "measured no more of them."
)


def review_sections(found: RunErrors) -> list[Section]:
    """Return a heading, and below it the queue, groups that fail, hard images, disputed cells."""
    parts = [_queue_section(found), _slices_section(found), _images_section(found)]
    text = f"Of {found.model}, in the order in which looking pays."
    return [Section(TITLE, [text]), *parts]


def _queue_section(found: RunErrors) -> Section:
    title = "Errors in the order to correct them"
    if reason := found.why_not("queue"):
        return Section(title, [reason], level=3)
    texts = [review_sentence(found.queue, found.correction)]
    if found.queue.events.empty:
        return Section(title, texts, level=3)
    rise = found.correction
    return Section(
        title,
        texts,
        [
            Figure(
                "Mean F1 at IoU 0.5 as errors are corrected in the order of the table below, with "
                "95 % intervals over images; dashed, as many corrections in any order.",
                figures.review_curve(found.progress, model=found.model),
                f"{rise.n_events} corrections: from {rise.before:.3f} to {rise.after:.3f}.",
            ),
            review_table(found),
        ],
        level=3,
    )


def _slices_section(found: RunErrors) -> Section:
    title = "Groups of cells that fail"
    if reason := found.why_not("slices"):
        return Section(title, [reason], level=3)
    texts = [found.slices.note]
    if found.features is None:
        texts.append(OLD)
    table = found.slices.table
    if table.empty:
        return Section(title, texts, level=3)
    texts += list(table["sentence"].head(MOST_NAMED))
    return Section(
        title,
        texts,
        [
            Figure(
                f"How much more {found.model} loses in each group than elsewhere; circles are the "
                "half of the images on which a group was found, diamonds the half held out.",
                figures.failure_forest(table),
                f"{listed(list(table['description']), at_most=MOST_NAMED)}.",
            ),
            slices_table(found),
        ],
        level=3,
    )


def _images_section(found: RunErrors) -> Section:
    title = "Hard images and disputed cells"
    texts: list[str] = []
    items: list[ReportTable | Figure] = []
    if reason := found.why_not("difficulty"):
        texts.append(reason)
    elif found.pair is not None:
        n_hard = int(found.difficulty["hard_for_all"].sum())
        texts.append(
            f"{n_hard} of {len(found.difficulty)} images are hard for all models: even the best "
            "model scores less there than the weakest does on average."
        )
        items += [
            Figure(
                "Images that are hard for all models lie on the left, those on which the models "
                "differ most on top.",
                figures.difficulty_map(found.difficulty),
            ),
            hard_table(found),
            swing_table(found),
        ]
    if not found.why_not("disputed"):
        texts.append(_disputes(found))
        if len(found.disputed):
            items.append(disputed_table(found))
    return Section(title, texts, items, level=3)


def _disputes(found: RunErrors) -> str:
    n_cells = len(found.disputed)
    if not n_cells:
        return "Nowhere do the models agree against the reference."
    counts = found.disputed["image_id"].value_counts()
    return (
        f"At {n_cells} {'cell' if n_cells == 1 else 'cells'} the models agree against the "
        f"reference, most of all on {counts.index[0]} ({counts.iloc[0]}): look at its annotation."
    )
