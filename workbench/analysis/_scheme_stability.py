"""How far a ranking by a scheme hangs on the weights of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.analysis._ranking_scheme import checked_models, weight_shares
from workbench.analysis._ranks import (
    mean_kendall_tau,
    rank_distribution,
    rank_rows,
    rank_summary,
)
from workbench.analysis._resampling import N_RESAMPLES
from workbench.schema import InputError


@dataclass(frozen=True, eq=False)
class SchemeStability:
    """How far a ranking by a scheme hangs on its weights.

    Attributes
    ----------
    table
        One row per model, best first: ``model``, ``overall`` and ``rank`` with the given weights,
        ``rank_low`` to ``rank_high``, between which the rank lies in 95 % of the drawn weights (the
        rank itself included), and ``p_best``, the share of them that put the model first.
    distribution
        Models (index, best first) x ranks 1 to k (columns): share of the drawn weights.
    kendall_tau
        Mean Kendall's tau-b between the ranking by drawn weights and by the given ones.
    """

    table: pd.DataFrame
    distribution: pd.DataFrame
    kendall_tau: float


def scheme_stability(
    parts: pd.DataFrame,
    *,
    weights: Mapping[str, float] | None = None,
    concentration: float | None = None,
    alpha: float = 0.05,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> SchemeStability:
    """Rank the models again and again, with weights drawn around the given ones.

    Parameters
    ----------
    parts, weights
        As for :func:`rank_by_scheme`.
    concentration
        How close to the given weights they are drawn: a share w of the weight has the standard
        deviation sqrt(w (1 - w) / (concentration + 1)). None: as many as there are parts with a
        weight, which for equal weights makes every set of weights equally likely.
    alpha
        1 minus the share of draws within the rank interval.
    n_resamples, seed
        Draws of weights, and the seed of the draws.

    Returns
    -------
    SchemeStability
        A part of weight 0 keeps it.

    Raises
    ------
    InputError
        As :func:`rank_by_scheme`, and for a concentration that is not above 0.

    Notes
    -----
    Weights are drawn from the Dirichlet distribution whose mean are the given ones. This says how
    much of the ranking is the scheme's, not how sure the parts themselves are.

    Examples
    --------
    >>> parts = pd.DataFrame({"accuracy": [0.5, 0.4], "speed": [0.9, 0.8]}, index=["unet", "otsu"])
    >>> float(scheme_stability(parts).table.loc[0, "p_best"])  # better in every part
    1.0
    """
    numbers = checked_models(parts).to_numpy()
    shares = weight_shares(parts.columns, weights)
    weighted = shares > 0
    strength = float(weighted.sum()) if concentration is None else concentration
    if not 0 < strength < np.inf:
        msg = f"expected a concentration above 0, got {concentration}."
        raise InputError(msg)
    rng = np.random.default_rng(seed)
    drawn_shares = rng.dirichlet(strength * shares[weighted], size=n_resamples)
    drawn = rank_rows(drawn_shares @ numbers[:, weighted].T)
    ranks = rank_rows((numbers @ shares)[None])[0]
    order = np.argsort(ranks, kind="stable")
    table = rank_summary(parts.index, ranks, drawn, alpha=alpha)
    table.insert(1, "overall", (numbers @ shares)[order])
    return SchemeStability(
        table=table,
        distribution=rank_distribution(drawn, parts.index).iloc[order],
        kendall_tau=mean_kendall_tau(ranks, drawn),
    )
