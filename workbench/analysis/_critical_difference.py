"""The models by mean rank, and which of them the data do not tell apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._group_means import group_means
from workbench.analysis._p_values import holm
from workbench.analysis._paired import check_paired
from workbench.analysis._paired_t import paired_means
from workbench.analysis._signed_rank import signed_rank_p
from workbench.schema import InputError


@dataclass(frozen=True, eq=False)
class CriticalDifference:
    """What a critical-difference diagram shows.

    Attributes
    ----------
    mean_ranks
        Model to its mean rank over images, the best (lowest) first.
    distance
        From :func:`nemenyi_distance`: drawn as a scale, not decided on.
    cliques
        Groups of models next to each other in the order, no two of which are told apart; the
        largest such groups, from two models on, the best first.
    """

    mean_ranks: pd.Series
    distance: float
    cliques: tuple[tuple[str, ...], ...]


def critical_difference(
    paired: pd.DataFrame, *, alpha: float = 0.05, groups: pd.Series | None = None
) -> CriticalDifference:
    """Rank the models on each image and join those that are not told apart.

    Parameters
    ----------
    paired
        Images x models, at least 3 x 2, without NaN. The highest score has rank 1; give ``-paired``
        for a measure of which less is better.
    alpha
        Level of Wilcoxon's signed-rank tests, adjusted by Holm over all pairs.
    groups
        ``image_id`` to what the image shares with others: models are then ranked, and compared,
        on :func:`group_means`, as ranks within images of one slide are no independent evidence.

    Returns
    -------
    CriticalDifference
        Ranks are averaged where models are tied on an image.

    Raises
    ------
    InputError
        For fewer than 3 images, groups or 2 models, repeated ids, or NaN.

    Notes
    -----
    The cliques are not made by distances of mean ranks, since whether two models differ would then
    depend on which others are compared [2]_.

    References
    ----------
    .. [1] J. Demšar, J. Mach. Learn. Res. 7:1, 2006.
    .. [2] A. Benavoli, G. Corani and F. Mangili, J. Mach. Learn. Res. 17:1, 2016.

    Examples
    --------
    >>> low = np.arange(8) / 10
    >>> wave = 0.01 * (-1) ** np.arange(8)
    >>> scores = pd.DataFrame({"a": low, "b": low + 0.2, "c": low + 0.2 + wave})
    >>> found = critical_difference(scores)
    >>> found.mean_ranks.to_dict(), found.cliques
    ({'b': 1.5, 'c': 1.5, 'a': 3.0}, (('b', 'c'),))
    """
    units = group_means(paired, groups)
    values = check_paired(units)
    ranks = pd.Series(stats.rankdata(-values, axis=1).mean(axis=0), index=paired.columns)
    ranks = ranks.sort_values(kind="stable")
    ordered = units[ranks.index].to_numpy(float)
    first, second = np.triu_indices(len(ranks), k=1)
    pairs = np.stack([first, second], axis=1)
    differences = paired_means(ordered, pairs, np.arange(len(units))).differences
    alike = np.ones((len(ranks), len(ranks)), dtype=bool)
    alike[first, second] = alike[second, first] = holm(signed_rank_p(differences)) >= alpha
    names = [str(name) for name in ranks.index]
    return CriticalDifference(
        mean_ranks=ranks,
        distance=nemenyi_distance(len(ranks), len(units), alpha),
        cliques=tuple(tuple(names[start:stop]) for start, stop in _runs(alike)),
    )


def nemenyi_distance(n_models: int, n_images: int, alpha: float = 0.05) -> float:
    """Return by how much mean ranks must differ for Nemenyi's test to tell two models apart.

    Parameters
    ----------
    n_models, n_images
        Number of models, at least 2, and of images, at least 1.
    alpha
        Level, for all pairs together.

    Returns
    -------
    float
        q / sqrt(2) * sqrt(k(k+1) / (6N)), q being the upper quantile of the studentised range of k
        models with infinitely many degrees of freedom.

    Raises
    ------
    InputError
        For fewer than 2 models or 1 image.

    References
    ----------
    .. [1] J. Demšar, J. Mach. Learn. Res. 7:1, 2006.

    Examples
    --------
    >>> round(nemenyi_distance(7, 101, 0.05), 4)
    0.8963
    """
    if n_models < 2 or n_images < 1:
        msg = f"mean ranks need 2 models and 1 image at least, got {n_models} and {n_images}."
        raise InputError(msg)
    quantile = stats.studentized_range.ppf(1 - alpha, n_models, np.inf)
    return float(quantile / np.sqrt(2) * np.sqrt(n_models * (n_models + 1) / (6 * n_images)))


def _runs(alike: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the longest runs of models, half-open, in which each is alike to every other."""
    runs: list[tuple[int, int]] = []
    reached = 0
    for start in range(len(alike)):
        stop = start + 1
        while stop < len(alike) and alike[start:stop, stop].all():
            stop += 1
        if stop - start > 1 and stop > reached:
            runs.append((start, stop))
            reached = stop
    return runs
