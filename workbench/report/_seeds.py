"""Several trainings of a model: what another seed would change, beside what other images would."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis import seed_intervals, variance_shares
from workbench.report._findings import MIN_IMAGES, Findings, rows_of
from workbench.report._numbers import interval, intervals, percent, sentence
from workbench.report._parts import ReportTable, Section

SOURCES: Final = {
    "image": "images: some are harder for every model",
    "model": "models",
    "image x model": "models suit different images",
    "seed": "training again with another seed",
    "residual": "the rest: a seed on an image",
}
"""What varies, in words."""


def seeds_section(found: Findings) -> Section:
    """Return the section on seeds; empty where no model has a second one."""
    of_members = _means_of_members(found)
    if not of_members.index.get_level_values("model").duplicated().any():
        return Section("Seeds")
    intervals_over = seed_intervals(
        found.scores,
        metric=found.metric,
        threshold=found.threshold,
        groups=found.groups,
        n_resamples=found.n_resamples,
        seed=found.seed,
    )
    items = [_table(found, intervals_over.set_index("model").loc[found.models], of_members)]
    texts = ["Scores of a model with several seeds are means over them, image by image."]
    if len(found.models) > 1 and len(found.paired) >= MIN_IMAGES:
        shares = variance_shares(found.scores, metric=found.metric, threshold=found.threshold)
        texts.append(_largest(shares))
        items.append(_shares(found, shares))
    return Section("Seeds", texts, items)


def _means_of_members(found: Findings) -> pd.Series:
    """Return the mean of every model and seed over the paired images."""
    chosen = rows_of(found.scores, found.metric, found.threshold)
    chosen = chosen[chosen["image_id"].isin(found.paired.index)]
    return chosen.groupby(["model", "seed"])["value"].mean()


def _table(found: Findings, over_seeds: pd.DataFrame, of_members: pd.Series) -> ReportTable:
    by_model = of_members.groupby("model").agg(["min", "max"]).loc[found.models]
    frame = pd.DataFrame(
        {
            "Model": found.models,
            "Seeds": over_seeds["n_seeds"].to_numpy(),
            "Mean": over_seeds["mean"].to_numpy(),
            "Lowest and highest seed": [
                f"{low:.3f} to {high:.3f}" if n > 1 else "–"
                for low, high, n in zip(
                    by_model["min"], by_model["max"], over_seeds["n_seeds"], strict=True
                )
            ],
            "Interval over images": intervals(found.described, "ci_low", "ci_high"),
            "Over images and seeds": [
                interval(low, high) if n > 1 else "–"
                for low, high, n in over_seeds[["ci_low", "ci_high", "n_seeds"]].itertuples(
                    index=False
                )
            ],
            "Note": [sentence(notice) if notice else "" for notice in over_seeds["notice"]],
        }
    )
    behind = [found.query(model) for model in found.models]
    return ReportTable(
        "seeds",
        f"Mean {found.measure} with 95 % intervals: over images alone (Student t), which speaks of "
        "these trainings, and over images and seeds (both drawn again), which speaks of what the "
        "model gives when trained again.",
        frame,
        label="corrected",
        queries={"Seeds": behind, "Mean": behind},
    )


def _shares(found: Findings, shares: pd.DataFrame) -> ReportTable:
    frame = pd.DataFrame(
        {
            "What varies": shares["source"].map(SOURCES),
            "SD": np.sqrt(shares["variance"]),
            "Share of variance": shares["share"],
            "Note": [sentence(notice) if notice else "" for notice in shares["notice"]],
        }
    )
    if not shares["notice"].any():
        frame = frame.drop(columns="Note")
    behind = [found.query(*found.models)] * len(frame)
    return ReportTable(
        "variance_shares",
        f"Where the variance of a single {found.measure} comes from (components of variance); SD "
        "in units of the score.",
        frame,
        formats={"Share of variance": percent},
        label="corrected",
        queries={"SD": behind, "Share of variance": behind},
    )


def _largest(shares: pd.DataFrame) -> str:
    known = shares.dropna(subset="share").sort_values("share", ascending=False)
    if known.empty:
        return "All scores are equal, so no variance can be shared out."
    of_seed = known.set_index("source")["share"].get("seed", 0.0)
    first = known.iloc[0]
    return (
        f"Most of the variance comes from {SOURCES[first['source']].partition(':')[0]} "
        f"({percent(first['share'])}); seeds account for {percent(of_seed)}."
    )
