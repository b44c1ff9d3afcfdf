"""Do two models find the same cells? McNemar's question, asked of images instead of cells."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from workbench.analysis._p_values import above_zero
from workbench.analysis._paired import MIN_IMAGES, group_codes
from workbench.analysis._permutation import sign_flip_p
from workbench.schema import InputError

COLUMNS = ("image_id", "cell_id", "first_matched", "second_matched")


@dataclass(frozen=True)
class CellAgreement:
    """Which reference cells two models find.

    Attributes
    ----------
    n_images, n_cells
        On which it rests.
    both, first_only, second_only, neither
        Number of cells matched by whom; they add up to ``n_cells``.
    difference
        (first_only - second_only) / n_cells: share of all cells that the first finds more.
    p_by_image
        Two-sided, from flipping the signs of images (or of their groups): the one to read.
    p_naive
        Of McNemar's exact test, which takes cells of one image for independent evidence.
    """

    n_images: int
    n_cells: int
    both: int
    first_only: int
    second_only: int
    neither: int
    difference: float
    p_by_image: float
    p_naive: float


def mcnemar_by_image(
    table: pd.DataFrame, *, groups: pd.Series | None = None, seed: int = 0
) -> CellAgreement:
    """Test whether one of two models finds more of the cells than the other.

    Parameters
    ----------
    table
        One row per reference cell: ``image_id``, ``cell_id``, and whether each model matched it,
        ``first_matched`` and ``second_matched`` (True and False, or 1 and 0).
    groups
        ``image_id`` to what the image shares with others; the signs of a group flip together.
    seed
        Of the random signs, from 21 images on.

    Returns
    -------
    CellAgreement
        Both p are 1 where both models find the same cells.

    Raises
    ------
    InputError
        If columns are missing, a cell stands twice, a value is neither true nor false, or there
        are fewer than 3 images or groups.

    Notes
    -----
    Cells of one image share its focus, its stain and its annotator. McNemar's test over cells
    counts each as new evidence, and finds differences where there are none.

    References
    ----------
    .. [1] Q. McNemar, Psychometrika 12:153, 1947.

    Examples
    --------
    >>> cells = pd.DataFrame({"image_id": [1, 1, 2, 2, 3, 3], "cell_id": [1, 2, 1, 2, 1, 2]})
    >>> cells = cells.assign(first_matched=True, second_matched=[True, False] * 3)
    >>> agreement = mcnemar_by_image(cells)
    >>> agreement.first_only, agreement.p_by_image
    (3, 0.25)
    """
    first, second = _checked(table)
    per_image = (first - second).groupby(table["image_id"].to_numpy()).sum()
    codes = group_codes(per_image.index, groups)
    sums = np.bincount(codes, weights=per_image.to_numpy()).astype(np.float64)
    if len(sums) < MIN_IMAGES:
        msg = (
            f"cells of at least {MIN_IMAGES} images or groups are needed, got {len(sums)}; score "
            "more images."
        )
        raise InputError(msg)
    first_only = int(((first == 1) & (second == 0)).sum())
    second_only = int(((first == 0) & (second == 1)).sum())
    both = int(((first == 1) & (second == 1)).sum())
    tail = stats.binom.cdf(min(first_only, second_only), first_only + second_only, 0.5)
    return CellAgreement(
        n_images=len(per_image),
        n_cells=len(table),
        both=both,
        first_only=first_only,
        second_only=second_only,
        neither=len(table) - both - first_only - second_only,
        difference=(first_only - second_only) / len(table),
        p_by_image=float(sign_flip_p(sums[:, None], seed=seed)[0]),
        p_naive=float(above_zero(min(2 * tail, 1))),
    )


def _checked(table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        msg = (
            f"a table of matched cells has the columns {', '.join(COLUMNS)}; "
            f"{', '.join(missing)} is missing, there are {', '.join(map(str, table.columns))}."
        )
        raise InputError(msg)
    repeats = table[table.duplicated(["image_id", "cell_id"])]
    if len(repeats):
        image_id, cell_id = repeats.iloc[0][["image_id", "cell_id"]]
        msg = (
            f"each reference cell stands once, but cell {cell_id} of image {image_id!r} repeats "
            f"({len(repeats)} such rows); keep the cells of one seed and one side."
        )
        raise InputError(msg)
    for name in COLUMNS[2:]:
        wrong = table.loc[~table[name].isin([True, False]), name]
        if len(wrong):
            msg = (
                f"{name} must say true or false of every cell, got {wrong.iloc[0]!r} "
                f"({len(wrong)} such rows); a cell that was not matched is False."
            )
            raise InputError(msg)
    return table["first_matched"].astype(int), table["second_matched"].astype(int)
