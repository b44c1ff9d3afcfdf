"""Two models, cell by cell: who finds what, and which cells make the difference in F1."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._error_events import MATCHED, cells_of
from workbench.analysis._mcnemar import mcnemar_by_image
from workbench.analysis._paired import MIN_IMAGES, group_codes
from workbench.analysis._slices import FEW_IMAGES, _groups_within, benjamini_hochberg
from workbench.analysis._slicing import UNKNOWN, slice_by, slice_by_cell_count
from workbench.schema import InputError

ALL_CELLS: Final = "all cells"
SIZE: Final = "cell area, px²"
DENSITY: Final = "cells in the image"
N_CLASSES: Final = 4
_CELL: Final = ["image_id", "cell_id"]
_KEYS: Final = ("dataset", "image_id", "model", "seed", "side", "cell_id")


def duel(
    cells: pd.DataFrame,
    first: str,
    second: str,
    *,
    features: pd.DataFrame | None = None,
    slices: pd.Series | None = None,
    groups: pd.Series | None = None,
    n_classes: int = N_CLASSES,
    seed: int = 0,
) -> pd.DataFrame:
    """Count which reference cells two models find, in all and by what the cells are like.

    Parameters
    ----------
    cells
        Cell table, columns as ``CELL_COLUMNS``; matched means at IoU 0.5. Of a model with several
        seeds the first counts.
    first, second
        Models.
    features
        What is measured of each cell, columns as ``FEATURE_COLUMNS``; each is one more way to
        class the cells.
    slices
        ``image_id`` to the kind of its image (modality, tissue), named as it shall be called.
    groups
        ``image_id`` to group (slide, plate).
    n_classes
        Of about equally many cells, for numbers.
    seed
        Of the random signs of the test.

    Returns
    -------
    DataFrame
        One row per class of cells: ``by`` ("all cells", "cell area, px²", "cells in the image",
        then features and slices), ``stratum``, ``n_images``, ``n_cells``; ``both``,
        ``first_only``, ``second_only`` and ``neither``, which sum to ``n_cells``; ``difference``
        (first_only - second_only) / n_cells; ``p`` of :func:`mcnemar_by_image`, ``p_bh`` (adjusted
        over all classes by Benjamini and Hochberg, "all cells" aside) and ``few``, whether they
        lie in fewer than 10 images. The classes of each ``by`` together hold every cell once.
        p is NaN for fewer than 3 images or groups.

    Raises
    ------
    InputError
        If columns or a model are missing, the two have no reference cell in common, or an image
        is in no slice.
    """
    paired = paired_cells(cells, first, second)
    rows = []
    for by, of_cell in _classes(paired, features, slices, n_classes):
        named = of_cell.astype(object)
        names = of_cell.cat.categories if hasattr(of_cell, "cat") else sorted(set(named), key=str)
        for name in names:
            inside = paired[(named == name).to_numpy()]
            if len(inside):
                rows.append({"by": by, "stratum": str(name)} | _agreement(inside, groups, seed))
    table = pd.DataFrame(rows)
    of_class = (table["by"] != ALL_CELLS).to_numpy()
    p_values = table["p"].to_numpy(float)
    adjusted = p_values.copy()
    adjusted[of_class] = benjamini_hochberg(p_values[of_class])
    table.insert(table.columns.get_loc("p") + 1, "p_bh", adjusted)
    return table


def duel_cells(
    cells: pd.DataFrame,
    first: str,
    second: str,
    *,
    features: pd.DataFrame | None = None,
    slices: pd.Series | None = None,
    n_classes: int = N_CLASSES,
) -> pd.DataFrame:
    """List the cells behind the counts of a duel.

    Parameters
    ----------
    cells, first, second, features, slices, n_classes
        As for :func:`duel`.

    Returns
    -------
    DataFrame
        One row per way of classing and reference cell: ``by``, ``stratum``, ``image_id``,
        ``cell_id`` and ``found`` ("both", "first_only", "second_only" or "neither", as the columns
        of :func:`duel` are called).

    Raises
    ------
    InputError
        As :func:`duel`.
    """
    paired = paired_cells(cells, first, second)
    one, two = paired["first_matched"], paired["second_matched"]
    found = np.select(
        [one & two, one & ~two, ~one & two], ["both", "first_only", "second_only"], "neither"
    )
    parts = [
        paired[_CELL].assign(by=by, stratum=of_cell.astype(object).map(str), found=found)
        for by, of_cell in _classes(paired, features, slices, n_classes)
    ]
    return pd.concat(parts, ignore_index=True)


def paired_cells(cells: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return each reference cell once, with what became of it under either model.

    Returns
    -------
    DataFrame
        The columns of the reference cells, with ``first_outcome``, ``second_outcome``,
        ``first_event``, ``second_event`` (0 if in none), ``first_matched`` and ``second_matched``;
        by image and cell.

    Raises
    ------
    InputError
        If columns or a model are missing, both are one model, or they share no cell.
    """
    if first == second:
        msg = f"a duel is between two models, got {first!r} twice."
        raise InputError(msg)
    sides = {}
    for name, model in (("first", first), ("second", second)):
        own = cells_of(cells, model)
        own = own[own["side"] == "reference"].set_index(_CELL).sort_index()
        sides[name] = own
    one, two = sides["first"], sides["second"]
    shared = one.index.intersection(two.index)
    if shared.empty:
        msg = (
            f"{first!r} and {second!r} have no reference cell in common; score both on the same "
            "images."
        )
        raise InputError(msg)
    paired = one.loc[shared].copy()
    for name, own in sides.items():
        paired[f"{name}_outcome"] = own.loc[shared, "outcome"]
        paired[f"{name}_event"] = own.loc[shared, "event"]
        paired[f"{name}_matched"] = paired[f"{name}_outcome"] == MATCHED
    return paired.reset_index()


def _classes(
    paired: pd.DataFrame, features: pd.DataFrame | None, slices: pd.Series | None, n_classes: int
) -> Iterator[tuple[str, pd.Series]]:
    """Yield the ways to class the cells, each with the class of every cell."""
    yield ALL_CELLS, pd.Series(ALL_CELLS, index=paired.index)
    yield SIZE, slice_by(paired["area_px"], n_slices=n_classes)
    in_image = paired.groupby("image_id")["cell_id"].transform("size")
    yield DENSITY, slice_by_cell_count(in_image)
    if features is not None:
        of_cells = _features_of(paired, features)
        for name in of_cells.columns:
            yield str(name), slice_by(of_cells[name], n_slices=n_classes)
    if slices is not None:
        yield str(slices.name or "kind of image"), _slice_of_cells(paired, slices)


def _features_of(paired: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    own = features[features["side"] == "reference"].drop_duplicates(_CELL).set_index(_CELL)
    names = [name for name in own.columns if name not in _KEYS]
    return own[names].reindex(pd.MultiIndex.from_frame(paired[_CELL])).set_axis(paired.index)


def _slice_of_cells(paired: pd.DataFrame, slices: pd.Series) -> pd.Series:
    absent = sorted(set(paired["image_id"]) - set(slices.index))
    if absent or slices.index.has_duplicates:
        twice = slices.index[slices.index.duplicated()]
        what = f"{absent[0]!r} has none" if absent else f"{twice[0]!r} has more than one"
        msg = f"every image has one slice, but {what}; give each image one entry (NaN if unknown)."
        raise InputError(msg)
    of_cell = slices.reindex(paired["image_id"]).set_axis(paired.index)
    if hasattr(of_cell, "cat"):
        return slice_by(of_cell)
    named = of_cell.astype(object).where(of_cell.notna() & (of_cell != ""), UNKNOWN)
    return named.map(str)


def _agreement(
    inside: pd.DataFrame, groups: pd.Series | None, seed: int
) -> dict[str, float | int | bool]:
    found_first, found_second = inside["first_matched"], inside["second_matched"]
    first_only = int((found_first & ~found_second).sum())
    second_only = int((~found_first & found_second).sum())
    both = int((found_first & found_second).sum())
    images = pd.Series(0, index=pd.Index(inside["image_id"].unique()))
    within = _groups_within(images, groups)
    p = np.nan
    if len(np.unique(group_codes(images.index, within))) >= MIN_IMAGES:
        p = mcnemar_by_image(inside, groups=within, seed=seed).p_by_image
    return {
        "n_images": len(images),
        "n_cells": len(inside),
        "both": both,
        "first_only": first_only,
        "second_only": second_only,
        "neither": len(inside) - both - first_only - second_only,
        "difference": (first_only - second_only) / len(inside),
        "p": p,
        "few": len(images) < FEW_IMAGES,
    }
