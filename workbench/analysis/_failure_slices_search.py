"""Groups that fail more on one half of the images, and whether they do on the other."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._failure_slices_tables import Losses
from workbench.analysis._failure_slices_tests import (
    Contrasts,
    contrast_groups,
    find_conditions,
    meets,
)
from workbench.analysis._failure_slices_words import Condition, describe_group
from workbench.analysis._p_values import above_zero
from workbench.analysis._paired import group_codes
from workbench.analysis._slices import benjamini_hochberg

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Place = tuple[int, int]
"""A group by the numbers of its two conditions, the same number twice for a single one."""

MIN_IMAGES: Final = 10
MIN_CELLS: Final = 30
MIN_HELD_OUT: Final = 5
"""Images of a group that must be among those held out, to check it on."""
ALIKE: Final = 0.5
"""Groups that share so much of what either has are one."""
WITHIN: Final = 0.8
"""A group with so large a share in another one must fail more than that one, to be told."""
WORSE: Final = 1.5
"""Namely with so many times its odds; and a pair of facts with so many times those of each."""


@dataclass(frozen=True, eq=False)
class Halves:
    """Every group against the rest, on the half where groups are sought and on the other.

    Attributes
    ----------
    losses, conditions
        What was compared.
    inside
        Which cells meet which condition, shape (cells, conditions).
    held_out
        Which cells are in the half that groups are checked on.
    sought, checked
        The comparisons.
    """

    losses: Losses
    conditions: tuple[Condition, ...]
    inside: BoolArray
    held_out: BoolArray
    sought: Contrasts
    checked: Contrasts

    @property
    def loss(self) -> FloatArray:
        """Of each cell."""
        return np.asarray(self.losses.table["loss"], np.float64)

    def cells(self, place: Place) -> BoolArray:
        """Return which cells are in a group."""
        return np.asarray(self.inside[:, place[0]] & self.inside[:, place[1]])

    def words(self, place: Place) -> str:
        """Return a group in words."""
        group = tuple(self.conditions[k] for k in dict.fromkeys(place))
        return describe_group(self.losses.noun, group)


def compare_halves(losses: Losses, groups: pd.Series | None) -> Halves | None:
    """Compare every group with the rest, half by half; None where there is nothing to compare."""
    table = losses.table
    conditions = find_conditions(table, losses.facts)
    held_out, clusters, images = _parted(table["image_id"], groups)
    if not conditions or len(np.unique(clusters)) < MIN_IMAGES:
        return None
    inside = np.column_stack([meets(table, condition) for condition in conditions])
    loss = table["loss"].to_numpy(float)
    sought, checked = (
        contrast_groups(inside[half], loss[half], images[half], clusters[half])
        for half in (~held_out, held_out)
    )
    return Halves(losses, conditions, inside, held_out, sought, checked)


def _parted(image_ids: pd.Series, groups: pd.Series | None) -> tuple[BoolArray, IntArray, IntArray]:
    """Return which cells are held out, and the numbers of their clusters and of their images."""
    images, of_image = np.unique(image_ids.to_numpy(str), return_inverse=True)
    codes = group_codes(pd.Index(images), groups)
    # A group is named by its first image, so that adding others moves as few as possible.
    names = pd.Series(images).groupby(codes).first()
    order = sorted(names.index, key=lambda code: sha256(names[code].encode()).hexdigest())
    second = np.isin(codes, order[len(order) // 2 :])
    return second[of_image], codes[of_image], of_image.astype(np.int64)


def candidates(halves: Halves) -> list[Place]:
    """Return the groups of one fact and of two that are large enough to be looked at."""
    sought, checked, conditions = halves.sought, halves.checked, halves.conditions
    n_seeds = halves.losses.table["seed"].nunique()
    min_cells = 0 if halves.losses.noun == "images" else MIN_CELLS * n_seeds
    enough = (sought.n_images >= MIN_IMAGES) & (sought.n_outside >= MIN_IMAGES)
    enough &= (checked.n_images >= MIN_HELD_OUT) & (checked.n_outside >= MIN_HELD_OUT)
    enough &= (sought.n_cells >= min_cells) & ~np.isnan(sought.p)
    pairs = [
        (first, second)
        for first, second in combinations(range(len(conditions)), 2)
        if conditions[first].fact != conditions[second].fact
    ]
    every = [*((k, k) for k in range(len(conditions))), *pairs]
    return [place for place in every if enough[place]]


def adjusted_p(contrasts: Contrasts, places: list[Place]) -> dict[Place, float]:
    """Return the p of each group, adjusted over all."""
    adjusted = benjamini_hochberg([contrasts.p[place] for place in places])
    return dict(zip(places, adjusted.tolist(), strict=True))


def distinct(halves: Halves, found: list[Place]) -> list[tuple[Place, list[Place]]]:
    """Return groups of different cells, clearest first, each with those of nearly the same cells.

    Groups of one fact come before those of two, since they are simpler to act on.
    """
    contrasts, loss = halves.sought, halves.loss
    order = sorted(found, key=lambda place: (place[0] != place[1], -contrasts.t[place]))
    kept: list[tuple[Place, BoolArray, float, list[Place]]] = []
    for place in order:
        if not _adds_to_its_parts(contrasts, place):
            continue
        mask = halves.cells(place)
        odds = _odds(float(loss[mask].mean()))
        for _, other, other_odds, alike in kept:
            shared = (mask & other).sum()
            if shared >= ALIKE * (mask | other).sum():
                alike.append(place)
                break
            if shared >= WITHIN * mask.sum() and odds < WORSE * other_odds:
                break
        else:
            kept.append((place, mask, odds, []))
    kept.sort(key=lambda group: -contrasts.t[group[0]])
    return [(place, alike) for place, _, _, alike in kept]


def checked_p(contrasts: Contrasts, places: list[Place]) -> FloatArray:
    """Return the one-sided p of groups failing more, adjusted over them; 1 if it is undefined."""
    p = [stats.t.sf(contrasts.t[place], contrasts.degrees[place]) for place in places]
    return above_zero(benjamini_hochberg(np.nan_to_num(p, nan=1.0)))


def _adds_to_its_parts(contrasts: Contrasts, place: Place) -> bool:
    """Whether a pair of conditions fails clearly more than either alone; a single one does."""
    rates = contrasts.mean_inside
    alone = [_odds(rates[k, k]) for k in place if place[0] != place[1]]
    return all(_odds(rates[place]) >= WORSE * odds for odds in alone)


def _odds(rate: float) -> float:
    return rate / (1 - rate) if rate < 1 else np.inf


def _one_sided(contrasts: Contrasts, places: list[Place]) -> list[float]:
    """Return the adjusted p of groups failing more; 1 where nothing can be said."""
    p = [stats.t.sf(contrasts.t[place], contrasts.degrees[place]) for place in places]
    return [
        max(value, np.finfo(float).tiny) for value in benjamini_hochberg(np.nan_to_num(p, nan=1.0))
    ]
