"""Models on the same images, in two or more modalities: does the best depend on the modality."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._group_means import averaged_text, group_means
from workbench.analysis._omnibus import greenhouse_geisser
from workbench.analysis._p_values import above_zero
from workbench.analysis._paired import check_paired, group_codes
from workbench.schema import InputError

FloatArray = npt.NDArray[np.float64]
_ROUNDING = 1e-12  # of a share of the total sum of squares


def two_way(long: pd.DataFrame, *, factor: str, groups: pd.Series | None = None) -> pd.DataFrame:
    """Analysis of variance of models (on the same images) and a factor (between images).

    Parameters
    ----------
    long
        One row per image and model: ``image_id``, ``model``, ``value`` and the factor, a word or
        number that is the same for all rows of an image (modality, stain, cell type).
    factor
        Name of its column.
    groups
        ``image_id`` to what the image shares with others, from :func:`image_groups`: the images of
        a group are averaged first, see :func:`group_means`, and the notes say so.

    Returns
    -------
    DataFrame
        One row per ``source``: "model", the factor, and "model x factor" (does the difference
        between models depend on it?). ``df`` and ``df_error``, ``F``, ``p``, ``effect`` (partial
        eta squared) and a ``note``. F and p are NaN where nothing is left to compare with.

    Raises
    ------
    InputError
        If a column is missing, an image lacks a model, a value or a level or has two, or there
        are fewer than 2 models, 2 levels, 3 images (groups), or not more of them than levels; also
        if a group has images of several levels, as it is then none of them.

    Notes
    -----
    A split-plot design: images are random, nested in the levels of the factor, and every model
    has seen every image. The factor is tested on the image means, against how images of one level
    differ. Model and interaction are tested within images, against how the order of models varies
    between images of one level, their degrees of freedom times Greenhouse and Geisser's epsilon of
    the covariance within levels. Levels may have any number of images; means of models are over
    images, so a level counts as much as it has images, and the sums of squares add up.

    References
    ----------
    .. [1] B. J. Winer, D. R. Brown and K. M. Michels, Statistical Principles in Experimental
       Design, 3rd ed., chapter 7, 1991.

    Examples
    --------
    >>> values = {"a": [0.1, 0.2, 0.7, 0.9], "b": [0.3, 0.3, 0.6, 0.9]}
    >>> paired = pd.DataFrame(values, index=pd.Index(list("wxyz"), name="image_id"))
    >>> long = paired.reset_index().melt("image_id", var_name="model")
    >>> long["modality"] = np.where(long["image_id"] < "y", "dark", "light")
    >>> two_way(long, factor="modality")["source"].to_list()
    ['model', 'modality', 'model x modality']
    """
    values, levels, n_images_all = _laid_out(long, factor, groups)
    codes, named = pd.factorize(levels)
    n_images, n_models = values.shape
    n_levels = len(named)
    sizes = np.bincount(codes)
    centred = values - values.mean()
    of_models, of_images = centred.mean(axis=0), centred.mean(axis=1)
    of_levels = np.bincount(codes, weights=of_images) / sizes
    level_means = np.stack([values[codes == level].mean(axis=0) for level in range(n_levels)])
    of_both = level_means - values.mean() - of_levels[:, None] - of_models
    left = values - level_means[codes]
    images_left = left.mean(axis=1)
    between = n_models * (images_left**2).sum()
    within = (left**2).sum() - between
    epsilon = greenhouse_geisser(left.T @ left)
    df_images, df_models = n_images - n_levels, n_models - 1
    sums = pd.DataFrame(
        {
            "source": ["model", factor, f"model x {factor}"],
            "explained": [
                n_images * (of_models**2).sum(),
                n_models * (sizes * of_levels**2).sum(),
                (sizes[:, None] * of_both**2).sum(),
            ],
            "error": [within, between, within],
            "df": np.array([df_models, n_levels - 1, df_models * (n_levels - 1)], dtype=float),
            "df_error": np.array([df_models * df_images, df_images, df_models * df_images], float),
        }
    )
    inside = np.array([True, False, True])
    sums.loc[inside, ["df", "df_error"]] *= epsilon
    table = _tested(sums, total=float((centred**2).sum()))
    spherical = f"Within images; degrees of freedom times epsilon {epsilon:.3f}."
    counts = f"Between images: {_sizes_text(levels)}."
    told = averaged_text(n_images_all, n_images)
    notes = [f"{note} {told}".rstrip() for note in np.where(inside, spherical, counts)]
    return table.assign(note=notes)


def _tested(sums: pd.DataFrame, *, total: float) -> pd.DataFrame:
    """Return F, p and effect of sums of squares; NaN where the error is but rounding."""
    error = sums["error"].where(sums["error"] > _ROUNDING**2 + _ROUNDING * total)
    f_values = sums["explained"] / sums["df"] / (error / sums["df_error"])
    return pd.DataFrame(
        {
            "source": sums["source"],
            "df": sums["df"],
            "df_error": sums["df_error"],
            "F": f_values,
            "p": above_zero(stats.f.sf(f_values, sums["df"], sums["df_error"])),
            "effect": sums["explained"] / (sums["explained"] + error),
        }
    )


def _laid_out(
    long: pd.DataFrame, factor: str, groups: pd.Series | None
) -> tuple[FloatArray, pd.Series, int]:
    """Return scores, shape (units, models), the level of each unit, and the number of images."""
    columns = ("image_id", "model", "value", factor)
    missing = [name for name in columns if name not in long]
    if missing:
        msg = (
            f"a two-way table has the columns {', '.join(columns)}; {', '.join(missing)} is "
            f"missing, there are {', '.join(map(str, long.columns))}."
        )
        raise InputError(msg)
    if long.duplicated(["image_id", "model"]).any():
        image_id, model = long[long.duplicated(["image_id", "model"])].iloc[0][
            ["image_id", "model"]
        ]
        msg = (
            f"each model has one score on each image, but {model!r} has several on {image_id!r}; "
            "take one measure, and the mean over seeds."
        )
        raise InputError(msg)
    wide = long.pivot_table(  # every combination once
        index="image_id", columns="model", values="value", sort=False, dropna=False
    )
    check_paired(wide)
    levels = long.groupby("image_id")[factor].agg(["nunique", "first"]).reindex(wide.index)
    wrong = levels.index[levels["nunique"] != 1]
    if len(wrong):
        n_levels = int(levels.loc[wrong[0], "nunique"])
        msg = (
            f"each image has one {factor}, but {wrong[0]!r} has {n_levels} ({len(wrong)} such "
            "images); leave them out or correct the column."
        )
        raise InputError(msg)
    units = group_means(wide, groups)
    _refuse_split_groups(levels["first"], factor, groups)
    of_units = levels["first"].reindex(units.index)
    n_levels = of_units.nunique()
    if n_levels < 2 or len(units) <= n_levels:
        what = "images" if len(units) == len(wide) else "groups of images"
        msg = (
            f"a comparison by {factor} needs at least 2 levels and more {what} than levels, got "
            f"{n_levels} levels on {len(units)} {what}; choose another factor or join levels."
        )
        raise InputError(msg)
    return units.to_numpy(float), of_units, len(wide)


def _refuse_split_groups(levels: pd.Series, factor: str, groups: pd.Series | None) -> None:
    codes = group_codes(levels.index, groups)
    several = levels.groupby(codes).nunique()
    if (several > 1).any():
        image = levels.index[codes == several.index[several > 1][0]][0]
        msg = (
            f"each group of images (slide, patient) has one {factor}, but that of {image!r} has "
            f"{several[several > 1].iloc[0]} ({(several > 1).sum()} such); leave such groups out, "
            "or part the images by something else."
        )
        raise InputError(msg)


def _sizes_text(levels: pd.Series) -> str:
    counts = levels.value_counts(sort=False)
    return ", ".join(f"{count} of {level}" for level, count in counts.items())
