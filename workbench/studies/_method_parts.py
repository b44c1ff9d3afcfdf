"""The parts of the eighteen-methods study's ranking, as far as scores and a run give them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from workbench.analysis import (
    USABILITY_SCORES,
    SchemePart,
    main_grouping,
    paired_scores,
    slice_by_cell_count,
)
from workbench.schema import InputError, column_label
from workbench.studies._comparison_view import ComparisonView
from workbench.studies._method_facts import untrained_models
from workbench.studies._report_costs import cost_table
from workbench.studies._score_source_file import few
from workbench.studies._view import RunView

STUDY_METRICS: Final = {
    "map": ("mean_average_precision_dsb", math.nan),
    "ap50": ("average_precision_dsb", 0.5),
    "ap75": ("average_precision_dsb", 0.75),
    "ar50": ("recall", 0.5),
    "ar75": ("recall", 0.75),
}
"""What stands for the study's five accuracies. Its average precision is COCO's, ours is
TP / (TP + FP + FN), since most methods give no confidences."""

ACCURACY: Final = "accuracy"
ROBUSTNESS: Final = "robustness"
USABILITY: Final = "usability"
MIN_SLICE: Final = 5
"""Images of a kind; the worst of fewer is chance."""

COST_PARTS: Final = {
    "scalability": ("standardised_min", "training time, to batches of 8 and 50 passes"),
    "speed": ("s_per_image", "seconds per test image"),
    "memory": ("train_memory_mb", "peak memory of the training"),
}


class Values(NamedTuple):
    """What is known of each model, and what parts of a ranking are made of it.

    Attributes
    ----------
    frame
        A row per model.
    parts
        Of a scheme; they take its columns.
    readings
        What each part is, and which are left out.
    """

    frame: pd.DataFrame
    parts: tuple[SchemePart, ...] = ()
    readings: tuple[str, ...] = ()


def model_values(
    comparison: ComparisonView,
    kinds: pd.Series | None,
    typed: pd.DataFrame | None,
    *,
    lower_is_better: Sequence[str] = (),
) -> Values:
    """Return the numbers that a ranking of the models is made of.

    Parameters
    ----------
    comparison
        Scores, and the run they are of if there is one.
    kinds
        Kind of each image, for an accuracy per kind as in the study; None for one of all images.
    typed
        Further numbers, a row per model. The columns code_maintenance, ease_of_use and
        hardware_support make the part "usability" together, any other is a part by itself.
    lower_is_better
        Typed columns of which less is better.

    Raises
    ------
    InputError
        If a typed column is called as a part that is there already, or one of which less is better
        was not typed.
    """
    measured = _measured(comparison)
    given = [
        _accuracies(comparison, measured, kinds),
        _worst_slice(comparison, measured),
        *(_costs(view) for view in comparison.source.views[:1]),
    ]
    if typed is not None:
        given.append(_typed(typed, lower_is_better, [p.name for g in given for p in g.parts]))
    elif lower_is_better:
        raise InputError(_not_typed(lower_is_better[0], ()))
    models = comparison.paired.columns
    return Values(
        pd.concat([values.frame.loc[models] for values in given], axis=1),
        tuple(part for values in given for part in values.parts),
        tuple(text for values in given for text in values.readings),
    )


def _measured(comparison: ComparisonView) -> dict[str, pd.DataFrame]:
    """Return images x models for each accuracy of the study that was scored, else for ours."""
    scores, found = comparison.scores, {}
    for name, (metric, threshold) in STUDY_METRICS.items():
        at = scores.loc[scores["metric"] == metric, "threshold"]
        if (at.isna() if math.isnan(threshold) else np.isclose(at, threshold)).any():
            found[name] = paired_scores(scores, metric=metric, threshold=threshold)
    return found or {comparison.job.metric: comparison.paired}


def _accuracies(
    comparison: ComparisonView, measured: Mapping[str, pd.DataFrame], kinds: pd.Series | None
) -> Values:
    columns, parts = {}, []
    names = [""] if kinds is None else sorted(kinds.unique())
    # Scores from 0 to 1 enter as they are; a distance has to be brought there.
    as_they_are = _are_accuracies(comparison, measured)
    for kind in names:
        part = f"{ACCURACY} {kind}".strip()
        for name, paired in measured.items():
            of_kind = paired if kinds is None else paired[paired.index.map(kinds) == kind]
            columns[f"{part}_{name}"] = of_kind.mean()
        parts.append(
            SchemePart(
                name=part,
                metrics=tuple((f"{part}_{name}",) for name in measured),
                normalised=not as_they_are,
                lower_is_better=not as_they_are and comparison.job.lower_is_better,
            )
        )
    what = "each kind of images" if kinds is not None else "all images"
    text = f"{ACCURACY}: mean of {', '.join(map(_title, measured))}, over {what}"
    return Values(pd.DataFrame(columns), tuple(parts), (text,))


def _are_accuracies(comparison: ComparisonView, measured: Mapping[str, pd.DataFrame]) -> bool:
    """Return whether all values lie within 0 and 1, and more is better."""
    lower = comparison.job.lower_is_better and comparison.job.metric in measured
    within = all(((paired >= 0) & (paired <= 1)).to_numpy().all() for paired in measured.values())
    return within and not lower


def _title(name: str) -> str:
    metric, threshold = STUDY_METRICS.get(name, (name, math.nan))
    return metric if math.isnan(threshold) else f"{metric} at IoU {threshold:g}"


def _worst_slice(comparison: ComparisonView, measured: Mapping[str, pd.DataFrame]) -> Values:
    """Return each model's accuracy on the kind of images on which it is lowest."""
    models = comparison.paired.columns
    by, slices = _kinds(comparison)
    sizes = slices.value_counts()
    large = list(sizes.index[sizes >= MIN_SLICE])
    why = ""
    if not _are_accuracies(comparison, measured):
        why = "the scores are no accuracies from 0 to 1"
    elif len(large) < 2:
        why = f"fewer than two kinds (by {by.lower()}) have {MIN_SLICE} images"
    if why:
        return Values(pd.DataFrame(index=models), readings=(f"{ROBUSTNESS}: left out, {why}",))
    means = [paired.groupby(slices).mean().loc[large] for paired in measured.values()]
    lowest = pd.concat(means).groupby(level=0).mean().min().rename(ROBUSTNESS)
    kinds = ", ".join(f"{kind} ({sizes[kind]})" for kind in large)
    told = f"{ROBUSTNESS}: accuracy on the kind of images ({by.lower()}) with the lowest: {kinds}"
    part = SchemePart(name=ROBUSTNESS, metrics=((ROBUSTNESS,),))
    return Values(lowest.to_frame(), (part,), (told,))


def _kinds(comparison: ComparisonView) -> tuple[str, pd.Series]:
    """Return what parts the images, such as their modality, else the number of cells."""
    images = comparison.source.metadata.set_index("image_id")
    column = main_grouping(comparison.source.metadata)
    if column in images:
        return column_label(column), images[column].reindex(comparison.paired.index)
    counts = comparison.scores.groupby("image_id")["n_reference"].max()
    found = slice_by_cell_count(counts.reindex(comparison.paired.index))
    return "Cells in the reference", found.cat.remove_unused_categories()


def _costs(view: RunView) -> Values:
    """Return what a run says of time and memory, where it says it of every model."""
    table = cost_table(view)
    models = table["model"].map({member.name: member.model for member in view.members})
    table["s_per_image"] = 1 / table["images_per_s"]
    costs = table.groupby(models)[[column for column, _ in COST_PARTS.values()]].mean()
    # What is never trained takes no training.
    untrained = costs.index.isin(untrained_models(view.study))
    costs.loc[untrained, ["standardised_min", "train_memory_mb"]] = 0.0
    devices = {text.split(",")[0] for text in table["predicted_on"]}
    if len(devices) > 1:
        costs["s_per_image"] = math.nan
    parts, readings = [], []
    for name, (column, what) in COST_PARTS.items():
        unknown = costs.index[costs[column].isna()]
        if len(unknown):
            why = f"unknown of {few(unknown)}"
            if column == "s_per_image" and len(devices) > 1:
                why = f"timed on different devices ({few(sorted(devices))})"
            readings.append(f"{name}: left out, {why}")
            continue
        parts.append(
            SchemePart(name=name, metrics=((column,),), normalised=True, lower_is_better=True)
        )
        readings.append(f"{name}: {what}, less is better")
    return Values(costs, tuple(parts), tuple(readings))


def _typed(typed: pd.DataFrame, lower_is_better: Sequence[str], there: Sequence[str]) -> Values:
    for name in lower_is_better:
        if name not in typed or name in USABILITY_SCORES:
            own = [name for name in typed if name not in USABILITY_SCORES]
            raise InputError(_not_typed(name, own))
    usability = tuple((name,) for name in USABILITY_SCORES if name in typed)
    parts = []
    if usability:
        parts.append(SchemePart(name=USABILITY, metrics=usability, normalised=True))
    for name in map(str, typed):
        if name in (*there, USABILITY):
            msg = (
                f"a typed column is called {name!r}, as a part that is there already; give it "
                f"another name, and the weight 0 to the part {name!r} if yours is to replace it."
            )
            raise InputError(msg)
        if name not in USABILITY_SCORES:
            is_cost = name in lower_is_better
            parts.append(
                SchemePart(name=name, metrics=((name,),), normalised=True, lower_is_better=is_cost)
            )
    return Values(typed, tuple(parts))


def _not_typed(name: str, columns: Sequence[str]) -> str:
    there = f"only {few(columns)}" if columns else "and no column that could be"
    return f"lower_is_better: no typed column {name!r}, {there}; the table `parts` has the columns."
