"""What the tests say about each pair of models, adjusted over all that was looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from workbench.analysis._p_values import holm
from workbench.analysis._paired import MIN_IMAGES, group_codes
from workbench.analysis._pairs import MARGIN, compare_pairs


@dataclass(frozen=True)
class PairEvidence:
    """Two models on the same images, and what the tests say of them.

    Attributes
    ----------
    first, second, slice_name
        Models, and the images meant ("" for all).
    n
        Images.
    gain, low, high
        Mean of first minus second, turned so that positive favours ``first`` whatever the measure,
        with its interval (paired t).
    p_raw, p
        Of the sign-flip permutation test, two-sided; before and after adjustment.
    p_equivalence
        Of the two one-sided tests at the declared margin, adjusted likewise; NaN without a margin.
    d_z
        Mean over standard deviation of the differences; NaN if these do not vary.
    detectable
        The smallest true difference found with 80 % power.
    images_needed
        To find a true difference as large as ``gain`` with 80 % power.
    identical
        Whether both score the same on every image.
    n_comparisons
        Over how many comparisons p is adjusted by Holm.
    n_slices
        Over how many slices by Benjamini and Hochberg after it; 1 for none.
    """

    first: str
    second: str
    slice_name: str
    n: int
    gain: float
    low: float
    high: float
    p_raw: float
    p: float
    p_equivalence: float
    d_z: float
    detectable: float
    images_needed: float
    identical: bool
    n_comparisons: int
    n_slices: int = 1

    def seen_from(self, model: str) -> "PairEvidence":
        """Return the same with ``model`` as the first of the two."""
        if model == self.first:
            return self
        return replace(
            self, first=self.second, second=self.first,
            gain=-self.gain, low=-self.high, high=-self.low, d_z=-self.d_z,
        )  # fmt: skip

    def winner(self, alpha: float) -> str:
        """Return the model that is better, "" if they are not told apart.

        Both are asked for: an adjusted p of at most ``alpha`` and an interval that excludes 0.
        """
        if self.p > alpha or self.low <= 0 <= self.high:
            return ""
        return self.first if self.gain > 0 else self.second


def pair_evidence(
    gains: pd.DataFrame,
    *,
    slices: pd.Series | None = None,
    reference: str | None = None,
    margin: float | None = None,
    alpha: float = 0.05,
    groups: pd.Series | None = None,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> list[PairEvidence]:
    """Test all pairs of models, or those with a reference model, on all images or in each slice.

    Parameters
    ----------
    gains
        Images x models, turned so that more is better.
    slices
        Slice of each image: the pairs are tested in each that holds 3 images (groups) or more.
    reference
        A model: only the pairs with it are tested.
    margin
        For equivalence; None where none was declared.
    alpha, groups, n_resamples, seed
        As in :func:`compare_pairs`.

    Returns
    -------
    list of PairEvidence
        One per pair, or per slice and pair; p adjusted as in :func:`adjusted_p`.
    """
    parts = [("", gains)] if slices is None else _parts(gains, slices, groups)
    tables = []
    for name, part in parts:
        table = compare_pairs(
            part,
            reference=reference,
            margin=MARGIN if margin is None else margin,
            alpha=alpha,
            groups=within(groups, part.index),
            n_resamples=n_resamples,
            seed=seed,
        )
        tables.append(table.assign(slice_name=name))
    if not tables:
        return []
    rows = pd.concat(tables, ignore_index=True)
    rows["p"] = adjusted_p(rows, rows["p_permutation"])
    rows["p_equivalence"] = np.nan if margin is None else adjusted_p(rows, rows["p_tost"])
    return [_evidence(row, len(tables[0]), len(tables)) for _, row in rows.iterrows()]


def adjusted_p(pairs: pd.DataFrame, p_values: pd.Series) -> pd.Series:
    """Adjust p by Holm over the pairs in each slice, then by Benjamini-Hochberg over the slices.

    The second step is made for each pair on its own: a model that fails everywhere must not make
    the claims about others easier. A p that is not defined counts as 1.

    Parameters
    ----------
    pairs
        Columns first, second, slice_name.
    p_values
        One per row.
    """
    by_slice = p_values.fillna(1.0).groupby(pairs["slice_name"]).transform(holm)
    same_pair = [pairs["first"], pairs["second"]]
    return by_slice.groupby(same_pair).transform(stats.false_discovery_control)


def within(groups: pd.Series | None, images: pd.Index) -> pd.Series | None:
    """Return the groups of some of the images, None where these have none."""
    if groups is None:
        return None
    here = groups[groups.index.isin(images)]
    return None if here.empty else here


def place_of(
    evidence: Sequence[PairEvidence], first: str, second: str, slice_name: str = ""
) -> int:
    """Return where the evidence of two models stands, whichever of them is the first."""
    return next(
        place
        for place, seen in enumerate(evidence)
        if {seen.first, seen.second} == {first, second} and seen.slice_name == slice_name
    )


def n_units(images: pd.Index, groups: pd.Series | None) -> int:
    """Return the number of images, those of one group counted once."""
    return len(np.unique(group_codes(images, within(groups, images)))) if len(images) else 0


def _parts(
    gains: pd.DataFrame, slices: pd.Series, groups: pd.Series | None
) -> list[tuple[str, pd.DataFrame]]:
    placed = slices.reindex(gains.index)
    parts = [(name, gains[placed == name]) for name in sorted(placed.dropna().unique())]
    return [(name, part) for name, part in parts if n_units(part.index, groups) >= MIN_IMAGES]


def _evidence(row: pd.Series, n_comparisons: int, n_slices: int) -> PairEvidence:
    return PairEvidence(
        first=row["first"],
        second=row["second"],
        slice_name=row["slice_name"],
        n=int(row["n"]),
        gain=float(row["mean_difference"]),
        low=float(row["ci_low"]),
        high=float(row["ci_high"]),
        p_raw=float(row["p_permutation"]),
        p=float(row["p"]),
        p_equivalence=float(row["p_equivalence"]),
        d_z=float(row["d_z"]),
        detectable=float(row["minimum_detectable_difference"]),
        images_needed=float(row["images_needed"]),
        identical=bool(row["ties"] == row["n"]),
        n_comparisons=n_comparisons,
        n_slices=n_slices,
    )
