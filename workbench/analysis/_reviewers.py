"""Whether people who judged the same cells agree."""

from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

MIN_SHARED: Final = 10
"""Of fewer cells that both judged, nothing is said of two reviewers."""
CELL: Final = ["image_id", "side", "cell_id", "whose", "annotation"]


def reviewer_agreement(verdicts: pd.DataFrame, *, min_cells: int = MIN_SHARED) -> pd.DataFrame:
    """Return how far reviewers agree on the cells that both judged.

    Parameters
    ----------
    verdicts
        The last verdict of each cell by each reviewer: columns image_id, side, cell_id, member,
        annotation, judgement, reviewer.
    min_cells
        Pairs of reviewers with fewer cells in common are left out.

    Returns
    -------
    DataFrame
        One row per pair of reviewers, by name: ``first``, ``second``, ``n_cells`` that both
        judged, ``agreed`` (share of them with the same judgement, 0 to 1) and ``kappa``, NaN where
        both gave one and the same judgement throughout: then chance alone would agree as well.

    Notes
    -----
    Cohen's kappa [1]_ is (p_o - p_e) / (1 - p_e), with p_o the share that agrees and p_e what
    would agree by chance: the sum over judgements of the product of how often either gave it. All
    disagreements weigh the same. A reference cell is one cell, whichever model led to it.

    References
    ----------
    .. [1] J. Cohen, Educ. Psychol. Meas. 20:37-46, 1960.

    Examples
    --------
    >>> rows = [(n, who, "ambiguous" if n < split else "model error")
    ...         for who, split in (("Ada", 2), ("Bo", 1)) for n in range(4)]
    >>> verdicts = pd.DataFrame(rows, columns=["cell_id", "reviewer", "judgement"]).assign(
    ...     image_id="a", side="reference", member="unet-0", annotation=0)
    >>> reviewer_agreement(verdicts, min_cells=4).to_dict("records")
    [{'first': 'Ada', 'second': 'Bo', 'n_cells': 4, 'agreed': 0.75, 'kappa': 0.5}]
    """
    whose = verdicts["member"].where(verdicts["side"] == "predicted", "")
    wide = verdicts.assign(whose=whose).pivot_table(
        index=CELL, columns="reviewer", values="judgement", aggfunc="last"
    )
    rows = []
    for first, second in combinations(sorted(wide.columns), 2):
        both = wide[[first, second]].dropna()
        if len(both) >= max(1, min_cells):
            agreed = float((both[first] == both[second]).mean())
            kappa = _kappa(both[first], both[second], agreed)
            rows.append((first, second, len(both), agreed, kappa))
    return pd.DataFrame(rows, columns=["first", "second", "n_cells", "agreed", "kappa"])


def _kappa(first: pd.Series, second: pd.Series, agreed: float) -> float:
    shares = first.value_counts(normalize=True), second.value_counts(normalize=True)
    by_chance = float(shares[0].mul(shares[1], fill_value=0).sum())
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else np.nan
