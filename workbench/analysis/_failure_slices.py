"""Where does a model fail? Groups of cells or images that fail more, found and then checked."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from workbench.analysis._failure_slices_search import (
    MIN_HELD_OUT,
    MIN_IMAGES,
    Halves,
    Place,
    adjusted_p,
    candidates,
    checked_p,
    compare_halves,
    distinct,
)
from workbench.analysis._failure_slices_tables import Losses
from workbench.analysis._wording import p_text

MOST_ALIKE: Final = 3
"""So many groups of nearly the same cells are named."""
COLUMNS: Final = (
    "slice", "description", "n_images", "n_cells", "rate", "rate_elsewhere", "difference",
    "ci_low", "ci_high", "p", "p_bh", "held_out_n_images", "held_out_n_cells", "held_out_rate",
    "held_out_rate_elsewhere", "held_out_difference", "held_out_ci_low", "held_out_ci_high",
    "held_out_p", "share_of_losses", "also", "sentence",
)  # fmt: skip
MEMBER_COLUMNS: Final = ("slice", "image_id", "seed", "cell_id", "loss", "held_out")


@dataclass(frozen=True, eq=False)
class FailureSlices:
    """Groups that fail more than the rest.

    Attributes
    ----------
    table
        A row per group, the largest difference on held-out images first. ``slice`` is its number
        from 1; ``n_images``, ``n_cells``, ``rate`` (mean loss), ``rate_elsewhere``,
        ``difference``, ``ci_low``, ``ci_high`` and ``p`` are of the half on which it was found;
        ``p_bh`` is adjusted over all candidates. Columns ``held_out_...`` are of the other half,
        its p adjusted over the groups checked there. ``share_of_losses`` is how much of all loss
        lies in the group; ``also`` names groups of nearly the same cells; ``sentence`` says it all.
    members
        A row per cell (or image) of each group, both halves: ``slice``, ``image_id``, ``seed``,
        ``cell_id`` (0 for images), ``loss``, ``held_out``; those that failed first.
    n_candidates, n_found
        Groups tested, and different ones that stood out before the check on held-out images.
    note
        In words, what was searched and what came out.
    """

    table: pd.DataFrame
    members: pd.DataFrame
    n_candidates: int
    n_found: int
    note: str


def find_failure_slices(
    losses: Losses,
    *,
    groups: pd.Series | None = None,
    alpha: float = 0.05,
    max_slices: int = 10,
) -> FailureSlices:
    """Search facts, and pairs of facts, for groups in which a model fails more than elsewhere.

    Parameters
    ----------
    losses
        From :func:`lost_cells` or :func:`lost_images`.
    groups
        ``image_id`` to what images share (slide, plate); those of a group stay in one half, and
        count as one.
    alpha
        Level of both tests; intervals hold 1 - alpha.
    max_slices
        At most so many groups are checked on held-out images, the clearest first.

    Returns
    -------
    FailureSlices
        Empty tables where nothing stands out, or with too few images: a group needs 10 images and
        30 cells (per seed) in the half where it is found and 5 images in the other, and as many
        images with cells outside of it.

    Notes
    -----
    The images are parted in two by the hash of their names, so always in the same way. On one half
    all groups are compared with the rest of the cells; p allows for cells of one image being alike
    (:func:`contrast_groups`) and is adjusted over all groups by Benjamini and Hochberg [1]_. Those
    with a positive difference and adjusted p up to ``alpha`` are found. Of groups with nearly the
    same cells one is kept, that of one fact before those of two. It is told if the other half shows
    it again, by a one-sided test adjusted over those that are checked.

    References
    ----------
    .. [1] Y. Benjamini and Y. Hochberg, J. R. Stat. Soc. B 57:289, 1995.

    Examples
    --------
    >>> table = pd.DataFrame({"image_id": np.repeat([f"im{i}" for i in range(40)], 10), "seed": 0})
    >>> table["cell_id"] = np.tile(np.arange(1, 11), 40)
    >>> table["area_px"] = 100 * table["cell_id"]
    >>> table["loss"] = (table["area_px"] < 500).astype(float)
    >>> table.loc[::7, "loss"] = 0.0
    >>> losses = Losses(table, ("area_px",), "cells", "lost")
    >>> find_failure_slices(losses).table["description"].tolist()
    ['small cells (area up to 500 px)']
    """
    halves = compare_halves(losses, groups)
    places = candidates(halves) if halves else []
    if halves is None or not places:
        return _nothing(losses, 0, 0)
    p_bh = adjusted_p(halves.sought, places)
    clear = [p for p in places if p_bh[p] <= alpha and halves.sought.difference[p] > 0]
    found = distinct(halves, clear)
    chosen = found[:max_slices]
    held_out_p = checked_p(halves.checked, [place for place, _ in chosen])
    rows, members = [], []
    for (place, alike), p in zip(chosen, held_out_p.tolist(), strict=True):
        if p <= alpha:
            row = _numbers(halves, place, alpha) | {"p_bh": p_bh[place], "held_out_p": p}
            also = "; ".join(map(halves.words, alike[:MOST_ALIKE]))
            rows.append(row | {"description": halves.words(place), "also": also})
            members.append(_members(halves, place))
    return _told(losses, rows, members, len(places), len(found))


def _numbers(halves: Halves, place: Place, alpha: float) -> dict[str, Any]:
    """Return what a row says of both halves and of all cells."""
    numbers: dict[str, Any] = {}
    for prefix, half in (("", halves.sought), ("held_out_", halves.checked)):
        difference = half.difference[place]
        reach = stats.t.ppf(1 - alpha / 2, half.degrees[place]) * half.error[place]
        numbers |= {
            f"{prefix}n_images": int(half.n_images[place]),
            f"{prefix}n_cells": int(half.n_cells[place]),
            f"{prefix}rate": half.mean_inside[place],
            f"{prefix}rate_elsewhere": half.mean_outside[place],
            f"{prefix}difference": difference,
            f"{prefix}ci_low": difference - reach,
            f"{prefix}ci_high": difference + reach,
        }
    loss = halves.loss
    share = loss[halves.cells(place)].sum() / loss.sum()
    return numbers | {"p": halves.sought.p[place], "share_of_losses": share}


def _members(halves: Halves, place: Place) -> pd.DataFrame:
    chosen = halves.cells(place)
    cells = halves.losses.table.loc[chosen, ["image_id", "seed", "cell_id", "loss"]]
    return cells.assign(held_out=halves.held_out[chosen])


def _told(
    losses: Losses,
    rows: list[dict[str, Any]],
    members: list[pd.DataFrame],
    n_candidates: int,
    n_found: int,
) -> FailureSlices:
    """Return the groups that held, numbered and in words."""
    if not rows:
        return _nothing(losses, n_candidates, n_found)
    table = pd.DataFrame(rows)
    order = table["held_out_difference"].sort_values(ascending=False, kind="stable").index
    table = table.loc[order].reset_index(drop=True)
    table.insert(0, "slice", np.arange(1, len(table) + 1))
    table["sentence"] = [_sentence(losses, row) for row in table.to_dict("records")]
    listed = [members[old].assign(slice=new) for new, old in enumerate(order, start=1)]
    joined = pd.concat(listed).sort_values(
        ["slice", "loss"], ascending=[True, False], kind="stable"
    )
    return FailureSlices(
        table[list(COLUMNS)],
        joined[list(MEMBER_COLUMNS)].reset_index(drop=True),
        n_candidates,
        n_found,
        _note(losses, n_candidates, n_found, len(table)),
    )


def _nothing(losses: Losses, n_candidates: int, n_found: int) -> FailureSlices:
    return FailureSlices(
        pd.DataFrame(columns=list(COLUMNS)),
        pd.DataFrame(columns=list(MEMBER_COLUMNS)),
        n_candidates,
        n_found,
        _note(losses, n_candidates, n_found, 0),
    )


def _note(losses: Losses, n_candidates: int, n_found: int, n_held: int) -> str:
    if not n_candidates:
        return (
            f"No group of {losses.noun} is large enough to be looked at: that takes {MIN_IMAGES} "
            f"images in one half of the images and {MIN_HELD_OUT} in the other; there are "
            f"{losses.table['image_id'].nunique()} images in all."
        )
    if not n_found:
        return (
            f"Of {n_candidates:,} groups of {losses.noun}, none fails clearly more than the rest."
        )
    return (
        f"Of {n_candidates:,} groups of {losses.noun}, {n_found} different ones stood out on one "
        f"half of the images; of the clearest, {n_held} did so again on the other half."
    )


def _sentence(losses: Losses, row: dict[str, Any]) -> str:
    name = row["description"]
    first, second = (
        _rates(losses, row[f"{half}rate"], row[f"{half}rate_elsewhere"])
        for half in ("", "held_out_")
    )
    return (
        f"{name[:1].upper()}{name[1:]}: {first} elsewhere ({row['n_images']} images, adjusted "
        f"{p_text(row['p_bh'])}); on held-out images {second} ({row['held_out_n_images']} images, "
        f"{p_text(row['held_out_p'])})."
    )


def _rates(losses: Losses, inside: float, outside: float) -> str:
    if losses.noun == "images":
        return f"mean F1 {1 - inside:.2f} against {1 - outside:.2f}"
    return f"{100 * inside:.0f} % {losses.went_wrong} against {100 * outside:.0f} %"
