"""Which images to train on and which to keep for testing, so that no one has seen the test."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.datasets._split_config import TEST, SplitConfig
from workbench.schema import InputError


def assign_splits(
    images: pd.DataFrame, config: SplitConfig, *, duplicates: pd.DataFrame | None = None
) -> pd.Series:
    """Give every image its split.

    Images are dealt at random, each to the split that still lacks most; groups as wholes, the
    largest first. Without groups and duplicates, each split's number of images is its share
    rounded up or down, in every stratum; with them, it is as near as the greedy order comes.

    Parameters
    ----------
    images
        A row per image: ``image_id`` and the columns the config names. The order of rows changes
        nothing.
    config
        How to divide them.
    duplicates
        Pairs of images that must stay together, columns ``image_id_a`` and ``image_id_b``, from
        :func:`find_duplicates`. Pairs with an image that belongs to no split are passed over.

    Returns
    -------
    Series
        Name "split", index ``image_id`` in the order of the table; only images that the config
        chooses.

    Raises
    ------
    InputError
        If a column or value does not exist, an image_id is repeated, there are fewer images or
        groups than splits, or a group or a pair of duplicates holds both kept and other images.

    Examples
    --------
    >>> images = pd.DataFrame({"image_id": list("abcdefghij"), "stain": ["DAPI", "H&E"] * 5})
    >>> config = SplitConfig(shares={"train": 0.6, "test": 0.4}, stratify_by="stain")
    >>> assign_splits(images, config).groupby(images["stain"].to_numpy()).value_counts().to_dict()
    {('DAPI', 'train'): 3, ('DAPI', 'test'): 2, ('H&E', 'train'): 3, ('H&E', 'test'): 2}
    """
    table = _chosen_images(images, config)
    units = _units(table, config, duplicates)
    kept = _kept_units(table, units, config)
    split = table["split"].to_numpy(object).copy() if config.keep else np.full(len(table), "", "O")
    free = [unit for unit in units if unit not in kept]
    if config.folds:
        names = [str(number) for number in range(config.folds)]
        equal = dict.fromkeys(names, 1 / config.folds)
        parts = _deal(free, equal, seed=[config.seed], parts="folds")
        for unit in parts[str(config.fold)]:
            split[list(unit.places)] = TEST
        free = [unit for name in names if name != str(config.fold) for unit in parts[name]]
    dealt = _deal(free, config.shares, seed=[config.seed, 1 + config.fold], parts="splits")
    for name, members in dealt.items():
        for unit in members:
            split[list(unit.places)] = name
    assigned = pd.Series(split, index=pd.Index(table["image_id"], name="image_id"), name="split")
    return assigned.loc[[i for i in images["image_id"].astype(str) if i in assigned.index]]


def assign_folds(
    images: pd.DataFrame, config: SplitConfig, *, duplicates: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Give every image its split in each fold of a cross-validation.

    Parameters
    ----------
    images, duplicates
        As :func:`assign_splits` takes them.
    config
        With ``folds``; its ``fold`` changes nothing.

    Returns
    -------
    DataFrame
        Index ``image_id``, a column ``fold_0``, ``fold_1``, ... per fold; each image is in the
        test set of exactly one.

    Raises
    ------
    InputError
        As :func:`assign_splits`, or if the config has no folds.

    Examples
    --------
    >>> images = pd.DataFrame({"image_id": list("abcdefgh")})
    >>> folds = assign_folds(images, SplitConfig(folds=4, shares={"train": 1}))
    >>> [int(count) for count in (folds == "test").sum()]
    [2, 2, 2, 2]
    """
    if config.folds is None:
        msg = "the config has no folds; give their number, e.g. folds=5."
        raise InputError(msg)
    return pd.DataFrame(
        {
            f"fold_{fold}": assign_splits(
                images, config.model_copy(update={"fold": fold}), duplicates=duplicates
            )
            for fold in range(config.folds)
        }
    )


@dataclass(frozen=True)
class _Unit:
    """Images that stay together: their places in the table, and how many are in each stratum."""

    places: tuple[int, ...]
    strata: tuple[int, ...]


def _chosen_images(images: pd.DataFrame, config: SplitConfig) -> pd.DataFrame:
    """Return the images to divide, sorted by id, so that the order of rows changes nothing."""
    named = [config.stratify_by, config.group_by, *config.only, "split" if config.keep else None]
    for column in ("image_id", *filter(None, named)):
        if column not in images:
            close = get_close_matches(column, list(images), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            msg = (
                f"the images have no column {column!r}, only {', '.join(map(str, images))}; add "
                f"it to the manifest, or name another{hint}"
            )
            raise InputError(msg)
    table = images.assign(image_id=images["image_id"].astype(str)).sort_values("image_id")
    repeated = table.loc[table["image_id"].duplicated(), "image_id"].unique()
    if len(repeated):
        msg = f"{_some(repeated)} stands more than once; each image needs its own id."
        raise InputError(msg)
    for column, value in config.only.items():
        there = sorted(table[column].astype(str).unique())
        table = table[table[column].astype(str) == value]
        if table.empty:
            msg = f"no image has {column} {value!r}; there are {_some(there, limit=12)}."
            raise InputError(msg)
    if table.empty:
        msg = "there are no images to divide; is this the right table?"
        raise InputError(msg)
    for name in config.keep:
        there = sorted(_texts(table["split"]).unique())
        if name not in there:
            msg = (
                f"no image is in split {name!r}, which is to be kept; there are {_some(there)}. "
                "Leave 'keep' away to divide all images anew."
            )
            raise InputError(msg)
    return table.reset_index(drop=True)


def _units(
    table: pd.DataFrame, config: SplitConfig, duplicates: pd.DataFrame | None
) -> list[_Unit]:
    strata = np.zeros(len(table), int)
    n_strata = 1
    if config.stratify_by:
        values, names = pd.factorize(_texts(table[config.stratify_by]), sort=True)
        strata, n_strata = values, len(names)
    ties = list(_ties(table, config, duplicates))
    first, second = np.array(ties, int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(ties)), (first, second)), shape=(len(table), len(table)))
    _, component = connected_components(graph, directed=False)
    order = np.argsort(component, kind="stable")
    pieces = np.split(order, np.flatnonzero(np.diff(component[order])) + 1)
    return [
        _Unit(
            tuple(map(int, piece)), tuple(np.bincount(strata[piece], minlength=n_strata).tolist())
        )
        for piece in pieces
    ]


def _ties(
    table: pd.DataFrame, config: SplitConfig, duplicates: pd.DataFrame | None
) -> Iterator[tuple[int, int]]:
    """Yield places of images that stay together: neighbours in a group, pairs of duplicates."""
    if config.group_by:
        texts = _texts(table[config.group_by])
        for group, places in texts.groupby(texts).indices.items():
            if group:
                yield from pairwise(places)
    if duplicates is not None:
        place = {image_id: i for i, image_id in enumerate(table["image_id"])}
        for a, b in zip(duplicates["image_id_a"], duplicates["image_id_b"], strict=True):
            if a in place and b in place:
                yield place[a], place[b]


def _kept_units(table: pd.DataFrame, units: list[_Unit], config: SplitConfig) -> set[_Unit]:
    if not config.keep:
        return set()
    kept = table["split"].isin(config.keep).to_numpy()
    for unit in units:
        inside = kept[list(unit.places)]
        splits = set(table["split"].iloc[list(unit.places)])
        if inside.any() and (not inside.all() or len(splits) > 1):
            ids = [f"{table['image_id'][i]} ({table['split'][i]})" for i in unit.places]
            msg = (
                f"{_some(ids, limit=6)} belong together (one group, or near-duplicates), but some "
                f"are in a split that is to be kept ({', '.join(config.keep)}) and others are "
                "not; take one side out of the data set, or divide all images anew without 'keep'."
            )
            raise InputError(msg)
    return {unit for unit in units if kept[unit.places[0]]}


def _deal(
    units: Sequence[_Unit], shares: Mapping[str, float], *, seed: Sequence[int], parts: str
) -> dict[str, list[_Unit]]:
    """Deal units to splits in these shares, each to the split that lacks most of what it holds."""
    if len(units) < len(shares):
        n_images = sum(len(unit.places) for unit in units)
        grouped = f" in {len(units)} groups that stay together" if n_images > len(units) else ""
        msg = (
            f"{n_images} images{grouped} can't fill {len(shares)} {parts} ({', '.join(shares)}); "
            f"add images, ask for fewer {parts}, or group by something smaller."
        )
        raise InputError(msg)
    # Equal configs give equal splits, in whatever order they name the shares.
    names = sorted(shares, key=lambda name: (-shares[name], name))
    held = np.array([unit.strata for unit in units])
    lacking = _targets(held.sum(axis=0), [shares[name] for name in names])
    shuffled = np.random.default_rng(list(seed)).permutation(len(units))
    # The largest first: small ones then fill what is left.
    order = sorted(shuffled, key=lambda unit: -len(units[unit].places))
    dealt: dict[str, list[_Unit]] = {name: [] for name in names}
    for n_dealt, unit in enumerate(order):
        empty = [place for place, name in enumerate(names) if not dealt[name]]
        n_left = len(units) - n_dealt
        gain = lacking @ held[unit]
        chosen = max(empty if n_left <= len(empty) else range(len(names)), key=gain.__getitem__)
        dealt[names[chosen]].append(units[unit])
        lacking[chosen] -= held[unit]
    return dealt


def _targets(counts: npt.NDArray[np.int_], shares: Sequence[float]) -> npt.NDArray[np.int_]:
    """Return how many images of each stratum each split is to get, shape (splits, strata).

    By largest remainders (Hamilton's method). What a split got too little in one stratum counts
    for it in the next, so that many small strata do not leave the smallest split empty.
    """
    targets = np.zeros((len(shares), len(counts)), int)
    owed = np.zeros(len(shares))
    for stratum in np.argsort(-counts, kind="stable"):
        # Rounded: 0.7 * 10 must not lie below 7.
        quota = np.round(np.array(shares) * counts[stratum], 9)
        whole = np.floor(quota)
        claim = np.where(quota > whole, quota - whole + owed, -np.inf)
        seats = np.argsort(-claim, kind="stable")[: round(counts[stratum] - whole.sum())]
        whole[seats] += 1
        owed += quota - whole
        targets[:, stratum] = whole
    return targets


def _texts(column: pd.Series) -> pd.Series:
    """Return values as text, nothing as empty."""
    return column.astype(object).where(column.notna(), "").astype(str).reset_index(drop=True)


def _some(names: Sequence[Any] | npt.NDArray[Any], limit: int = 3) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(str, names[:limit])) + more
