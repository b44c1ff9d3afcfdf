"""What the report shows of images: hard, middling and easy ones, and each model's extremes."""

from __future__ import annotations

from typing import Final

from workbench import figures
from workbench.analysis import hardest_images
from workbench.report import Figure, ReportTable, Section
from workbench.schema import Member
from workbench.studies._overlays import extreme_overlays
from workbench.studies._view import RunView, images_worst_first, load_overlay

N_EXTREMES: Final = 5
SAMPLE_QUANTILES: Final = (0.1, 0.5, 0.9)


def samples_section(view: RunView) -> Section:
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
            )
        )
    return Section(
        "Samples",
        ["A hard, a middling and an easy image by the mean F1 of all models."],
        items,
    )


def extremes_section(view: RunView, member: Member) -> Section:
    ranked = images_worst_first(view, member).dropna(subset="value")
    if ranked.empty:
        return Section(f"Images of {member.name}")
    n_shown = min(N_EXTREMES, len(ranked))
    items: list[ReportTable | Figure] = []
    for kind, chosen in (
        ("worst", ranked.head(n_shown)),
        ("best", ranked.tail(n_shown).iloc[::-1]),
    ):
        overlays = extreme_overlays(view, member, n=n_shown, worst=kind == "worst")
        items += [
            Figure(f"The {n_shown} {kind} images of {member.name}.", figures.overlay_row(overlays)),
            ReportTable(
                f"{kind}_{member.name}",
                f"The {n_shown} {kind} images of {member.name} by F1 at IoU 0.5.",
                chosen[["image_id", "value", "tp", "fp", "fn", "n_reference", "n_predicted"]],
                headers={
                    "image_id": "Image",
                    "value": "F1",
                    "tp": "Matched",
                    "fp": "Spurious",
                    "fn": "Missed",
                    "n_reference": "Reference cells",
                    "n_predicted": "Predicted cells",
                },
            ),
        ]
    return Section(f"Best and worst images of {member.name}", items=items)


