"""The errors of a run: everything that reports, notebook and command line show of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis import (
    Correction,
    FailureSlices,
    ReviewQueue,
    biology_agreement,
    budget_by_threshold,
    compare_budgets,
    disputed_cells,
    duel,
    duel_cells,
    error_budget,
    expected_f1_after,
    explain_difference,
    find_failure_slices,
    image_biology,
    image_difficulty,
    image_facts,
    image_groups,
    image_overview,
    lost_cells,
    review_progress,
    review_queue,
)
from workbench.schema import (
    PRIMARY_IOU_THRESHOLD,
    InputError,
    Member,
    Overlay,
)
from workbench.studies._error_places import place_overlays
from workbench.studies._score_source import known_of_images
from workbench.studies._view import RunView, find_member

N_PLACES: Final = 10
N_CORRECTIONS: Final = 30
N_CURVES: Final = 1_000
"""Resamples of the intervals along curves, which are drawn and not read as numbers."""


@dataclass(frozen=True, eq=False)
class RunErrors:
    """What went wrong in a run; each part is computed when it is asked for.

    Attributes
    ----------
    view
        The run.
    model
        The model that is looked at by itself.
    pair
        The two that are compared; None if the run has one model.
    threshold
        IoU of the budgets. All that is about single cells is at IoU 0.5.
    n_corrections
        Errors of the review queue whose correction is foretold.

    Notes
    -----
    A part that a run cannot have raises InputError, which says why; :meth:`why_not` gives that
    sentence.
    """

    view: RunView
    model: str
    pair: tuple[str, str] | None
    threshold: float = PRIMARY_IOU_THRESHOLD
    n_corrections: int = N_CORRECTIONS

    def why_not(self, part: str) -> str:
        """Return why a part can't be shown, "" if it can."""
        try:
            getattr(self, part)
        except InputError as error:
            text = str(error).rstrip(".")
            return f"{text[:1].upper()}{text[1:]}."
        return ""

    @cached_property
    def groups(self) -> pd.Series | None:
        """What images share (slide, plate), by image; None where each stands alone."""
        return image_groups(self.view.errors)

    @cached_property
    def models(self) -> list[str]:
        """Models, best mean F1 at IoU 0.5 first."""
        return ranked_models(self.view)

    @cached_property
    def member(self) -> Member:
        """The first seed of the model."""
        return find_member(self.view, self.model)

    @property
    def first(self) -> str:
        """The first of the pair."""
        return self._both[0]

    @property
    def second(self) -> str:
        """The second of the pair."""
        return self._both[1]

    @cached_property
    def budget(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.error_budget`; best model first."""
        found = error_budget(self.view.errors, threshold=self.threshold, groups=self.groups)
        return self._in_order(found)

    @cached_property
    def by_threshold(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.budget_by_threshold`; best model first."""
        found = budget_by_threshold(self.view.errors, groups=self.groups, n_resamples=N_CURVES)
        return self._in_order(found)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """Cells of each model by side and outcome: ``model``, ``side``, ``outcome``, ``n``."""
        cells = self.view.cells
        if cells.empty:
            msg = "there are no cells on any image, so none went wrong."
            raise InputError(msg)
        counted = cells.groupby(["model", "side", "outcome"]).size().rename("n").reset_index()
        return self._in_order(counted)

    @cached_property
    def pixels(self) -> pd.DataFrame:
        """Wrong pixels by kind, mean per seed: ``model``, ``error``, ``n_pixels``, ``share``."""
        table = self.view.pixel_errors
        n_seeds = table.groupby("model")["seed"].nunique()
        sums = table.groupby(["model", "error"], sort=False)["n_pixels"].sum().reset_index()
        sums["n_pixels"] = sums["n_pixels"] / sums["model"].map(n_seeds)
        totals = sums.groupby("model")["n_pixels"].transform("sum")
        return self._in_order(sums.assign(share=sums["n_pixels"] / totals.replace(0, np.nan)))

    @cached_property
    def difference(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.compare_budgets`."""
        return compare_budgets(
            self.view.errors,
            first=self.first,
            second=self.second,
            threshold=self.threshold,
            groups=self.groups,
        )

    @cached_property
    def places(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.explain_difference`."""
        first, second = self._both
        found = explain_difference(self.view.cells, first, second)
        if found.empty:
            msg = f"{first} and {second} differ at no cell."
            raise InputError(msg)
        return found

    @cached_property
    def place_overlays(self) -> list[tuple[Overlay, Overlay]]:
        """Crops around the first ten of :attr:`places`."""
        first, second = (find_member(self.view, model) for model in self._both)
        return place_overlays(self.view, first, second, self.places.head(N_PLACES))

    @property
    def place_outcomes(self) -> list[tuple[str, str]]:
        """What either model made of the first ten of :attr:`places`."""
        shown = self.places.head(N_PLACES)
        return list(zip(shown["first_outcome"], shown["second_outcome"], strict=True))

    @cached_property
    def duel(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.duel`; by size, crowd, contrast and kind of image."""
        first, second = self._both
        return duel(
            self.view.cells,
            first,
            second,
            features=self._contrast,
            groups=self.groups,
        )

    @cached_property
    def duel_cells(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.duel_cells`: the cells behind :attr:`duel`."""
        first, second = self._both
        return duel_cells(self.view.cells, first, second, features=self._contrast)

    @cached_property
    def difficulty(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.image_difficulty`."""
        return image_difficulty(self.view.scores)

    @cached_property
    def disputed(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.disputed_cells`."""
        return disputed_cells(self.view.cells)

    @cached_property
    def slices(self) -> FailureSlices:
        """See :func:`workbench.analysis.find_failure_slices`."""
        losses = lost_cells(
            self.view.cells, self.features, model=self.model, images=self.known_of_images
        )
        return find_failure_slices(losses, groups=self.groups)

    @cached_property
    def queue(self) -> ReviewQueue:
        """See :func:`workbench.analysis.review_queue`."""
        return review_queue(self.view.cells, model=self.model)

    @cached_property
    def correction(self) -> Correction:
        """What correcting the first errors of the queue brings."""
        return expected_f1_after(self.queue, self.n_corrections, groups=self.groups)

    @cached_property
    def progress(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.review_progress`."""
        return review_progress(self.queue, groups=self.groups, n_resamples=N_CURVES)

    @cached_property
    def biology(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.image_biology`; best model first."""
        found = image_biology(
            self.view.cells, self.features, images=self._sizes, scores=self.view.scores
        )
        return self._in_order(found)

    @cached_property
    def agreement(self) -> pd.DataFrame:
        """See :func:`workbench.analysis.biology_agreement`."""
        return biology_agreement(self.biology)

    @cached_property
    def features(self) -> pd.DataFrame | None:
        """What is measured of every cell; None if an earlier version scored the run."""
        return self.view.features if self.view.run.features_file.is_file() else None

    @cached_property
    def known_of_images(self) -> pd.DataFrame:
        """By what the images can be parted: ``image_id`` and a column per fact."""
        scored = pd.Index(self.view.scores["image_id"].unique())
        counts = self.view.scores.groupby("image_id")["n_reference"].max()
        facts = image_facts(scored, metadata=known_of_images(self.view), counts=counts)
        return facts.rename_axis("image_id").reset_index()

    @property
    def _both(self) -> tuple[str, str]:
        if self.pair is None:
            msg = f"a comparison takes two models, and this run has {self.model} alone."
            raise InputError(msg)
        return self.pair

    @property
    def _contrast(self) -> pd.DataFrame | None:
        keys = ["image_id", "model", "seed", "side", "cell_id"]
        named = {"contrast": "contrast", "touching_fraction": "share of the outline that touches"}
        if self.features is None:
            return None
        return self.features[[*keys, *named]].rename(columns=named)

    @property
    def _sizes(self) -> pd.DataFrame | None:
        known = known_of_images(self.view)
        sides = ["height", "width"]
        if not set(sides) <= set(known):
            return None
        sizes = known[["image_id", *sides]].copy()
        sizes[sides] = sizes[sides].apply(pd.to_numeric, errors="coerce")
        return None if sizes[sides].isna().any(axis=None) else sizes

    def _in_order(self, table: pd.DataFrame) -> pd.DataFrame:
        place = {model: number for number, model in enumerate(self.models)}
        return table.sort_values(
            "model", key=lambda models: models.map(place), kind="stable", ignore_index=True
        )


def open_errors(
    view: RunView,
    *,
    model: str | None = None,
    compare: tuple[str, str] | None = None,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    n_corrections: int = N_CORRECTIONS,
) -> RunErrors:
    """Return what went wrong in a run.

    Parameters
    ----------
    view
        From :func:`open_view`.
    model
        The model to look at by itself, or one of its seeds; None for the best.
    compare
        The two models to compare; None for the best two.
    threshold
        IoU of the budgets; all that is about single cells is at IoU 0.5.
    n_corrections
        Errors of the review queue whose correction is foretold.

    Raises
    ------
    InputError
        If a model is not in the run, both of a pair are the same, or nothing was scored at the
        threshold.
    """
    ranked = ranked_models(view)
    pair = (ranked[0], ranked[1]) if len(ranked) > 1 else None
    if compare is not None:
        first, second = (find_member(view, name).model for name in compare)
        if first == second:
            msg = f"a comparison is between two models, got {first!r} twice."
            raise InputError(msg)
        pair = (first, second)
    there = sorted(view.errors["threshold"].unique())
    if not np.isclose(there, threshold).any():
        listed = ", ".join(f"{value:g}" for value in there)
        msg = f"{view.run.root}: nothing was scored at IoU {threshold:g}, only at {listed}."
        raise InputError(msg)
    chosen = ranked[0] if model is None else find_member(view, model).model
    return RunErrors(view, chosen, pair, threshold, n_corrections)


def ranked_models(view: RunView) -> list[str]:
    """Return the models of a run by mean F1 at IoU 0.5, the best first."""
    means = image_overview(view.scores).groupby("model", sort=False)["value"].mean()
    return [str(name) for name in means.sort_values(ascending=False, kind="stable").index]
