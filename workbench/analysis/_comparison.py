"""All tests on one paired table, or the reason why there are none."""

from dataclasses import asdict, dataclass

import pandas as pd

from workbench.analysis._as_published import pairs_as_published
from workbench.analysis._assumptions import check_assumptions
from workbench.analysis._group_means import group_means
from workbench.analysis._omnibus import omnibus_tests
from workbench.analysis._paired import MIN_IMAGES, group_codes
from workbench.analysis._pairs import MARGIN, compare_pairs
from workbench.analysis._resampling import N_RESAMPLES


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the paired scores say about the models.

    Attributes
    ----------
    tests
        One row per test over all models that is made for paired scores, the first being the one
        declared; columns as :class:`OmnibusTest`.
    published_tests
        The same of the tests that published reports use.
    pairs
        From :func:`compare_pairs`.
    published_pairs
        From :func:`pairs_as_published`.
    assumptions
        From :func:`check_assumptions`.
    note
        Why all tables are empty; "" where they are not.
    """

    tests: pd.DataFrame
    published_tests: pd.DataFrame
    pairs: pd.DataFrame
    published_pairs: pd.DataFrame
    assumptions: pd.DataFrame
    note: str


def compare_models(
    paired: pd.DataFrame,
    *,
    reference: str | None = None,
    margin: float = MARGIN,
    alpha: float = 0.05,
    groups: pd.Series | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Test all models at once and pair by pair.

    Parameters
    ----------
    paired
        Images x models, from :func:`paired_scores`.
    reference, margin, alpha, groups, n_resamples, seed
        Of :func:`compare_pairs`. With a reference the published pairs are those with it, too;
        with groups the tests over all models and the checks are made of :func:`group_means`.

    Returns
    -------
    Comparison
        Without tests, but with a note that says why, for fewer than 3 images, 3 groups or 2
        models.

    Raises
    ------
    InputError
        For repeated ids, NaN, an unknown reference, or a margin or alpha out of range.

    Examples
    --------
    >>> compare_models(pd.DataFrame({"unet": [0.5, 0.6, 0.7]})).note
    'no test: needs at least 3 images and 2 models, there are 3 images and 1 models'
    """
    note = _why_not(paired, groups)
    if note:
        nothing = pd.DataFrame()
        return Comparison(nothing, nothing, nothing, nothing, nothing, note)
    pairs = compare_pairs(
        paired,
        reference=reference,
        margin=margin,
        alpha=alpha,
        groups=groups,
        n_resamples=n_resamples,
        seed=seed,
    )
    tests = pd.DataFrame([asdict(test) for test in omnibus_tests(paired, groups=groups)])
    return Comparison(
        tests=tests[~tests["as_published"]].reset_index(drop=True),
        published_tests=tests[tests["as_published"]].reset_index(drop=True),
        pairs=pairs,
        published_pairs=pairs_as_published(paired, reference=reference),
        assumptions=check_assumptions(group_means(paired, groups)),
        note="",
    )


def _why_not(paired: pd.DataFrame, groups: pd.Series | None) -> str:
    n_images, n_models = paired.shape
    if n_images < MIN_IMAGES or n_models < 2:
        return (
            f"no test: needs at least {MIN_IMAGES} images and 2 models, there are {n_images} "
            f"images and {n_models} models"
        )
    n_groups = int(group_codes(paired.index, groups).max()) + 1
    if n_groups < MIN_IMAGES:
        return (
            f"no test: needs images of at least {MIN_IMAGES} groups, there are {n_groups}; images "
            "of one group are no independent evidence"
        )
    return ""
