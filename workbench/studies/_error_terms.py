"""The errors of a member as others count them, for comparison with published numbers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import pandas as pd

from workbench.metrics import ErrorTerm, error_terms, label_overlap
from workbench.schema import Member
from workbench.studies._view import RunView, images_worst_first, load_overlay

SCORES: Final = ("DET",)
"""Terms that are no counts: their mean over images is told."""


def terms_of_others(view: RunView, member: Member, *, n_images: int | None = None) -> pd.DataFrame:
    """Count the errors of a member in the terms of TIDE, Caicedo 2019, deepcell and the CTC.

    Parameters
    ----------
    view
        The run; its label images are read again, since these counts need overlaps that no table
        holds.
    member
        Whose errors.
    n_images
        The worst so many images; None for all.

    Returns
    -------
    DataFrame
        A row per term: ``scheme``, ``term``, ``value`` and ``meaning``. Counts are summed over the
        images, scores such as DET averaged over those that have one.
    """
    images = images_worst_first(view, member)["image_id"].head(n_images or len(view.scores))
    terms: list[ErrorTerm] = []
    for image_id in images:
        overlay = load_overlay(view, member, str(image_id))
        reference = overlay.sample.reference
        if reference is not None:
            terms += error_terms(label_overlap(reference, overlay.predicted))
    table = pd.DataFrame(map(asdict, terms), columns=["scheme", "term", "value", "meaning"])
    values = table.groupby(["scheme", "term", "meaning"], sort=False)["value"]
    found = values.sum().reset_index()
    is_score = found["term"].isin(SCORES)
    found.loc[is_score, "value"] = values.mean().to_numpy()[is_score]
    return found[["scheme", "term", "value", "meaning"]]
