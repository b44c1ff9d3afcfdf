"""What the report shows of images: hard, middling and easy ones, and each model's extremes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from workbench import figures
from workbench.analysis import hardest_images
from workbench.report import Figure, Section, plain
from workbench.schema import Member, Overlay
from workbench.studies._overlays import extreme_overlays
from workbench.studies._view import RunView, images_worst_first, load_overlay

N_EXTREMES: Final = 5
SAMPLE_QUANTILES: Final = (0.1, 0.5, 0.9)


def samples_section(view: RunView) -> Section:
    """Return a hard, a middling and an easy image with what every model found."""
    hard = hardest_images(view.scores)
    if hard.empty:
        return Section("Samples")
    places = sorted({round(q * (len(hard) - 1)) for q in SAMPLE_QUANTILES})
    items = []
    for place in places:
        image_id = str(hard["image_id"].iloc[place])
        overlays = [load_overlay(view, member, image_id) for member in view.members]
        items.append(
            Figure(
                f"{image_id}: the image, its {hard['n_reference'].iloc[place]} reference cells and "
                f"every model; number {place + 1} of {len(hard)} from hard to easy.",
                figures.overlay_row(overlays, with_reference=True),
                f"F1 at IoU 0.5: {_scores(overlays)}.",
            )
        )
    return Section(
        "Samples",
        ["A hard, a middling and an easy image by the mean F1 of all models."],
        items,
    )


def extremes_sections(view: RunView) -> list[Section]:
    """Return a heading, and the best and worst images of every member."""
    text = "Each model's best and worst images, with what became of every cell."
    return [
        Section("Best and worst images", [text]),
        *(_extremes(view, member) for member in view.members),
    ]


def _scores(overlays: Sequence[Overlay]) -> str:
    return ", ".join(f"{o.member.name} {plain(o.scores.get('f1', math.nan))}" for o in overlays)


def _extremes(view: RunView, member: Member) -> Section:
    ranked = images_worst_first(view, member).dropna(subset="value")
    if ranked.empty:
        return Section(member.name, level=3)
    n_shown = min(N_EXTREMES, len(ranked))
    items = []
    for kind, chosen in (
        ("worst", ranked.head(n_shown)),
        ("best", ranked.tail(n_shown).iloc[::-1]),
    ):
        overlays = extreme_overlays(view, member, n=n_shown, worst=kind == "worst")
        scores = ", ".join(
            f"{row.image_id} {row.value:.3f}" for row in chosen.itertuples(index=False)
        )
        items.append(
            Figure(
                f"The {n_shown} {kind} images of {member.name}.",
                figures.overlay_row(overlays),
                f"F1 at IoU 0.5: {scores}.",
            )
        )
    return Section(member.name, items=items, level=3)
