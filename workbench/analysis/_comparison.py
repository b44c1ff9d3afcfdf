"""All tests on one paired table, or the reason why there are none."""

from dataclasses import asdict, dataclass

import pandas as pd

from workbench.analysis._omnibus import friedman, kruskal_wallis, one_way_anova
from workbench.analysis._pairs import compare_pairs

MIN_IMAGES = 3


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the paired scores say about the models.

    Attributes
    ----------
    tests
        One row per test over all models, the paired one first; columns as
        :class:`OmnibusTest`.
    pairs
        From :func:`compare_pairs`.
    note
        Why both tables are empty; "" where they are not.
    """

    tests: pd.DataFrame
    pairs: pd.DataFrame
    note: str


def compare_models(paired: pd.DataFrame) -> Comparison:
    """Test all models at once and pair by pair.

    Parameters
    ----------
    paired
        Images x models, from :func:`paired_scores`.

    Returns
    -------
    Comparison
        Without tests, but with a note that says why, for fewer than 3 images or 2 models.

    Examples
    --------
    >>> compare_models(pd.DataFrame({"unet": [0.5, 0.6, 0.7]})).note
    'no test: needs at least 3 images and 2 models, there are 3 images and 1 models'
    """
    n_images, n_models = paired.shape
    if n_images < MIN_IMAGES or n_models < 2:
        note = (
            f"no test: needs at least {MIN_IMAGES} images and 2 models, there are {n_images} "
            f"images and {n_models} models"
        )
        return Comparison(pd.DataFrame(), pd.DataFrame(), note)
    tests = [friedman(paired), one_way_anova(paired), kruskal_wallis(paired)]
    return Comparison(pd.DataFrame([asdict(test) for test in tests]), compare_pairs(paired), "")
