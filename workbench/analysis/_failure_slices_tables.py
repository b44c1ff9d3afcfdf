"""What went wrong with each cell, or image, beside what is known about it."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from workbench.analysis._paired import select_scores
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, InputError

CELL_FACTS: Final = ("area_px", "touches_border")
"""Facts in the cell table itself."""
KEYS: Final = ("dataset", "image_id", "model", "seed", "side", "cell_id")
MAX_NAMES: Final = 20
"""A column with more different names than this makes no groups."""
WENT_WRONG: Final = {
    "missed": "missed",
    "spurious": "spurious",
    "boundary": "off in outline",
    "split": "split",
    "merge": "merged",
    "catastrophe": "in a tangle of splits and merges",
}


@dataclass(frozen=True, eq=False)
class Losses:
    """Cells or images of one model, what went wrong with them, and what is known about them.

    Attributes
    ----------
    table
        A row each: ``image_id``, ``seed``, ``cell_id`` (0 for images), ``loss`` (0 to 1; of a cell
        1 if it went wrong), and the facts.
    facts
        Columns to search: numbers, names, or true and false. NaN and "" are not known.
    noun
        "cells", "predicted cells" or "images".
    went_wrong
        What a loss is, in words: "lost"; "" for images, whose loss is 1 - F1.
    """

    table: pd.DataFrame
    facts: tuple[str, ...]
    noun: str
    went_wrong: str


def lost_cells(
    cells: pd.DataFrame,
    features: pd.DataFrame | None = None,
    *,
    model: str,
    side: Literal["reference", "predicted"] = "reference",
    error: str | None = None,
    images: pd.DataFrame | None = None,
) -> Losses:
    """Return which cells of one side have no partner, to search for groups among them.

    Parameters
    ----------
    cells
        Cell table. Cells whose ``outcome`` is "ignored" are left out.
    features
        Feature table of the same cells; without it only area and border are searched.
    model
        Of all its seeds; a cell counts once for each.
    side
        "reference" for cells that were lost, "predicted" for cells that are none.
    error
        Only this type of error counts, which needs the column ``outcome``; None for all.
    images
        One row per image: ``image_id`` and metadata; columns of numbers and of up to 20 names are
        searched.

    Returns
    -------
    Losses
        At IoU 0.5.

    Raises
    ------
    InputError
        If the model has no cells, no error is called so, the features are of other cells, or the
        metadata name an image twice.
    """
    if error is not None and error not in WENT_WRONG:
        msg = f"no type of error is called {error!r}; there are {', '.join(WENT_WRONG)}."
        raise InputError(msg)
    chosen = cells[(cells["model"] == model) & (cells["side"] == side)]
    if "outcome" in chosen:
        chosen = chosen[chosen["outcome"] != "ignored"]
    if not len(chosen):
        there = ", ".join(map(str, cells["model"].unique()))
        msg = f"no {side} cells of {model!r}; there are cells of {there or 'no model'}."
        raise InputError(msg)
    if error is None:
        loss = ~(chosen["matched_iou"] >= PRIMARY_IOU_THRESHOLD)
    elif "outcome" in chosen:
        loss = chosen["outcome"] == error
    else:
        msg = f"the cell table says nothing of types of errors such as {error!r}; score it again."
        raise InputError(msg)
    facts = [name for name in CELL_FACTS if name in chosen]
    table = chosen[[*KEYS, *facts]].assign(loss=loss.astype(float))
    if features is not None:
        table = _with_features(table, features)
        facts += [name for name in features.columns if name not in KEYS and name not in facts]
    table, more = with_metadata(table, images)
    whose = "cells" if side == "reference" else "predicted cells"
    plain = "lost" if side == "reference" else "without a reference cell"
    went_wrong = WENT_WRONG[error] if error else plain
    return Losses(table.reset_index(drop=True), (*facts, *more), whose, went_wrong)


def lost_images(
    scores: pd.DataFrame,
    cells: pd.DataFrame | None = None,
    features: pd.DataFrame | None = None,
    *,
    model: str,
    images: pd.DataFrame | None = None,
) -> Losses:
    """Return how far each image lies below F1 = 1, to search for groups among them.

    Parameters
    ----------
    scores
        Score table; F1 at IoU 0.5, of several seeds the mean.
    cells, features
        Cell and feature table; medians over the reference cells of each image become facts.
    model
        Whose scores.
    images
        As for :func:`lost_cells`.

    Returns
    -------
    Losses
        Images without a score are left out.

    Raises
    ------
    InputError
        If the model has no scores, or the metadata name an image twice.
    """
    chosen = select_scores(scores, PRIMARY_METRIC, PRIMARY_IOU_THRESHOLD)
    chosen = chosen[chosen["model"] == model].dropna(subset="value")
    if not len(chosen):
        there = ", ".join(map(str, scores["model"].unique()))
        msg = f"no F1 at IoU 0.5 of {model!r}; there are scores of {there}."
        raise InputError(msg)
    table = (
        chosen.groupby("image_id")
        .agg(value=("value", "mean"), n_cells=("n_reference", "first"))
        .assign(loss=lambda means: 1 - means["value"], seed=-1, cell_id=0)
        .drop(columns="value")
    )
    facts = ["n_cells"]
    if cells is not None:
        of_reference = cells[cells["side"] == "reference"].drop_duplicates(["image_id", "cell_id"])
        medians = of_reference.groupby("image_id")[["area_px"]].median()
        if features is not None:
            names = [name for name in features.columns if name not in KEYS]
            described = features[features["side"] == "reference"]
            described = described.drop_duplicates(["image_id", "cell_id"])
            medians = medians.join(described.groupby("image_id")[names].median())
        medians = medians.add_prefix("median_")
        table, facts = table.join(medians), [*facts, *medians.columns]
    table, more = with_metadata(table.reset_index(), images)
    return Losses(table, (*facts, *more), "images", "")


def with_metadata(
    table: pd.DataFrame, images: pd.DataFrame | None
) -> tuple[pd.DataFrame, list[str]]:
    """Join what is known about the images; return the table and the columns that make groups."""
    if images is None:
        return table, []
    twice = images["image_id"][images["image_id"].duplicated()]
    if len(twice):
        msg = f"metadata have image {twice.iloc[0]!r} more than once; keep one row per image."
        raise InputError(msg)
    known = images[images["image_id"].isin(table["image_id"])]
    names = [str(name) for name in known.columns if name not in table and _parts(known[name])]
    return table.merge(known[["image_id", *names]], on="image_id", how="left"), names


def _parts(values: pd.Series) -> bool:
    """Whether a column can part images into groups: numbers, or a few names."""
    n_names = len(values.dropna().unique())
    return n_names > 1 and (pd.api.types.is_numeric_dtype(values) or n_names <= MAX_NAMES)


def _with_features(table: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in features.columns if name not in table]
    joined = table.merge(features[[*KEYS, *names]], on=list(KEYS), how="left", indicator=True)
    n_lacking = int((joined["_merge"] != "both").sum())
    if len(joined) != len(table) or n_lacking:
        msg = (
            f"{n_lacking or len(joined) - len(table)} of {len(table)} cells have no row of their "
            "own in the feature table; score the run again, so that both come from one place."
        )
        raise InputError(msg)
    return joined.drop(columns="_merge").replace([np.inf, -np.inf], np.nan)
