"""What the report says of cells that people judged, and of scores without the disputed ones."""

from __future__ import annotations

from typing import Final

import pandas as pd

from workbench.report import Query, ReportTable, Section, listed, signed
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC
from workbench.studies._reviews import ReviewScores, review_scores, reviewer_names
from workbench.studies._view import RunView

TITLE: Final = "Cells judged by eye"


def reviews_section(view: RunView) -> Section:
    """Return scores with and without disputed cells; an empty section where nobody has judged."""
    found = review_scores(view)
    if found is None:
        return Section(TITLE)
    return Section(
        TITLE,
        [_judged_sentence(found), _whose_sentence(found), *found.agreement_sentences],
        [change_table(found)],
    )


def change_table(found: ReviewScores) -> ReportTable:
    """Return a row per model: mean F1 with all cells and without disputed ones.

    Behind each difference are the images with a disputed cell.
    """
    changes = found.changes
    frame = pd.DataFrame(
        {
            "Model": changes["member"],
            "F1, all cells": changes["f1"],
            "F1, without disputed": changes["f1_without"],
            "Change": changes["change"],
            "Low": changes["low"],
            "High": changes["high"],
            "Cells left out": changes["n_disputed"],
            "In images": changes["n_touched"],
        }
    )
    # Scores of several seeds are looked up as their mean, so a seed alone has no list.
    once = changes["model"].value_counts()
    models = [model if once[model] == 1 else None for model in changes["model"]]
    touched = [found.touched.get(member, ()) for member in changes["member"]]
    every = [_query(model, None) for model in models]
    few = [_query(model, images) for model, images in zip(models, touched, strict=True)]
    return ReportTable(
        "disputed_cells",
        "Mean F1 at IoU 0.5 over images, with all cells and without those that people judged to "
        "be an annotation error or ambiguous. Low and high: 95 % interval of the change, paired "
        "by image (BCa bootstrap).",
        frame,
        formats={"Change": signed, "Low": signed, "High": signed},
        queries={"F1, all cells": every, "Change": few, "In images": few},
    )


def _query(model: str | None, images: tuple[str, ...] | None) -> Query | None:
    if model is None or images == ():
        return None
    return Query((model,), PRIMARY_METRIC, PRIMARY_IOU_THRESHOLD, images)


def _judged_sentence(found: ReviewScores) -> str:
    n = len(found.verdicts)
    counts = ", ".join(f"{number:,} {judgement}" for judgement, number in found.counts.items())
    return (
        f"{n:,} {'cell was' if n == 1 else 'cells were'} judged by "
        f"{reviewer_names(found.verdicts)}: {counts}. Annotation errors and ambiguous cells are "
        "disputed; the ranking counts them like all others."
    )


def _whose_sentence(found: ReviewScores) -> str:
    """Say that a review of one model's errors favours this model."""
    members = list(dict.fromkeys(found.verdicts["member"]))
    return (
        f"The cells were looked at as results of {listed(members)}. A model whose errors were "
        "looked at more can lose more of them as disputed, so the scores without disputed cells "
        "tell how sure a score is; they are no ranking."
    )
