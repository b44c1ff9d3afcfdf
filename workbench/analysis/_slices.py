"""Whether a finding holds for every kind of image: scores by disjoint slices of the data."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.analysis._intervals import mean_interval
from workbench.analysis._paired import check_paired, group_codes
from workbench.analysis._permutation import sign_flip_p
from workbench.analysis._resampling import group_sums
from workbench.analysis._slicing import UNKNOWN, slice_by
from workbench.schema import InputError

FEW_IMAGES: Final = 10


def slice_scores(
    paired: pd.DataFrame,
    slices: pd.Series,
    *,
    groups: pd.Series | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Return the mean of every model in every slice of the images.

    Parameters
    ----------
    paired
        Images x models, without NaN.
    slices
        Name of the slice of each image (index ``image_id``), from :func:`slice_by` or any column
        of the manifest; an image with NaN or "" falls into "not known". The categories of a
        categorical series are all shown, in their order.
    groups
        ``image_id`` to group (slide, plate), from :func:`image_groups`; the interval allows for
        images of one group being alike.
    alpha
        1 minus the coverage of the interval.

    Returns
    -------
    DataFrame
        One row per slice and model: ``slice``, ``model``, ``n`` images, ``mean``, ``ci_low``,
        ``ci_high`` (Student t) and ``few``, whether there are fewer than 10 images. The ``n`` of a
        model sum to the images. The mean of an empty slice is NaN, and so is the interval of
        fewer than 3 images or groups.

    Raises
    ------
    InputError
        If an image has no entry in ``slices``, or more than one.

    Examples
    --------
    >>> paired = pd.DataFrame({"unet": [0.9, 0.8, 0.4]}, index=["a", "b", "c"])
    >>> slices = pd.Series({"a": "sparse", "b": "sparse", "c": "dense"})
    >>> slice_scores(paired, slices)[["slice", "n", "mean"]].values.tolist()
    [['dense', 1, 0.4], ['sparse', 2, 0.8500000000000001]]
    """
    check_paired(paired, min_images=1, min_models=1)
    rows = []
    for name, inside in _images_by_slice(paired, slices):
        for model in paired.columns:
            values = inside[model]
            low, high = _interval(values, groups, alpha)
            rows.append(
                {
                    "slice": name,
                    "model": model,
                    "n": len(values),
                    "mean": values.mean() if len(values) else np.nan,
                    "ci_low": low,
                    "ci_high": high,
                    "few": len(values) < FEW_IMAGES,
                }
            )
    return pd.DataFrame(rows)


def compare_slices(
    paired: pd.DataFrame,
    slices: pd.Series,
    *,
    first: str,
    second: str,
    groups: pd.Series | None = None,
    alpha: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare two models in every slice of the images.

    Parameters
    ----------
    paired, slices, groups, alpha
        As for :func:`slice_scores`.
    first, second
        Models; differences are first minus second.
    seed
        Of the random signs.

    Returns
    -------
    DataFrame
        One row per slice: ``slice``, ``n`` images, ``mean_difference``, ``ci_low``, ``ci_high``
        (paired Student t), ``p`` (sign-flip permutation of the mean, as in
        :func:`compare_pairs`), ``p_bh`` (adjusted over the
        slices by Benjamini and Hochberg) and ``few``, whether there are fewer than 10 images. NaN
        in an empty slice, which does not count as a test.

    Raises
    ------
    InputError
        As :func:`slice_scores`, and if a model is not in the table.
    """
    check_paired(paired, min_images=1)
    for model in (first, second):
        if model not in paired:
            msg = f"no scores of {model!r}, only of {', '.join(map(str, paired.columns))}."
            raise InputError(msg)
    rows = []
    for name, inside in _images_by_slice(paired, slices):
        difference = inside[first] - inside[second]
        low, high = _interval(difference, groups, alpha)
        rows.append(
            {
                "slice": name,
                "n": len(difference),
                "mean_difference": difference.mean() if len(difference) else np.nan,
                "ci_low": low,
                "ci_high": high,
                "p": _sign_flip_p(difference, groups, seed),
                "few": len(difference) < FEW_IMAGES,
            }
        )
    table = pd.DataFrame(rows)
    table.insert(table.columns.get_loc("p") + 1, "p_bh", benjamini_hochberg(table["p"]))
    return table


def discover_slices(
    paired: pd.DataFrame,
    facts: pd.DataFrame,
    *,
    first: str,
    second: str,
    n_slices: int = 4,
    groups: pd.Series | None = None,
    alpha: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare two models in every slice by every fact, to find where one of them is better.

    Parameters
    ----------
    paired, first, second, groups, alpha, seed
        As for :func:`compare_slices`.
    facts
        Facts about the images (index ``image_id``), each cut by :func:`slice_by`.
    n_slices
        Of each fact.

    Returns
    -------
    DataFrame
        ``fact`` and the columns of :func:`compare_slices`, ``p_bh`` adjusted over all slices of all
        facts, since looking into more of them finds more by chance.

    Raises
    ------
    InputError
        As :func:`compare_slices`, and without facts.
    """
    if not len(facts.columns):
        msg = "no facts to slice the images by; give at least one column."
        raise InputError(msg)
    parts = []
    for fact in facts.columns:
        part = compare_slices(
            paired, slice_by(facts[fact], n_slices=n_slices), first=first, second=second,
            groups=groups, alpha=alpha, seed=seed,
        )  # fmt: skip
        part.insert(0, "fact", fact)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    return table.assign(p_bh=benjamini_hochberg(table["p"]))


def benjamini_hochberg(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Adjust p-values for the rate of false discoveries; NaN stays NaN and is not counted.

    References
    ----------
    .. [1] Y. Benjamini and Y. Hochberg, J. R. Stat. Soc. B 57:289, 1995.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.5, float("nan"), 0.02]).round(3).tolist()
    [0.03, 0.5, nan, 0.03]
    """
    p = np.asarray(p_values, float)
    adjusted = np.full_like(p, np.nan)
    tested = ~np.isnan(p)
    if tested.any():
        adjusted[tested] = stats.false_discovery_control(p[tested])
    return adjusted


def _images_by_slice(paired: pd.DataFrame, slices: pd.Series) -> list[tuple[str, pd.DataFrame]]:
    """Return the images of each slice, every image in exactly one."""
    absent = paired.index.difference(slices.index)
    if len(absent):
        msg = (
            f"{len(absent)} images have no slice, such as {absent[0]!r}; give every image an "
            "entry (NaN if it is not known)."
        )
        raise InputError(msg)
    if slices.index.has_duplicates:
        twice = slices.index[slices.index.duplicated()][0]
        msg = f"image {twice!r} has more than one slice; give each image one entry."
        raise InputError(msg)
    of_image = slices.reindex(paired.index)
    named = of_image.astype(object).where(of_image.notna() & (of_image != ""), UNKNOWN)
    known = of_image.cat.categories if hasattr(of_image, "cat") else sorted(set(named), key=str)
    names = [name for name in known if name != UNKNOWN]
    if (named == UNKNOWN).any():
        names.append(UNKNOWN)
    return [(str(name), paired[(named == name).to_numpy()]) for name in names]


def _interval(values: pd.Series, groups: pd.Series | None, alpha: float) -> tuple[float, float]:
    if values.empty:
        return np.nan, np.nan
    found = mean_interval(values, groups=_groups_within(values, groups), alpha=alpha)
    return found.low, found.high


def _groups_within(values: pd.Series, groups: pd.Series | None) -> pd.Series | None:
    """Return the groups of these images; None if each stands alone."""
    if groups is None:
        return None
    inside = groups[groups.index.isin(values.index)]
    return inside if len(inside) else None


def _sign_flip_p(difference: pd.Series, groups: pd.Series | None, seed: int) -> float:
    if difference.empty:
        return float("nan")
    codes = group_codes(difference.index, _groups_within(difference, groups))
    sums = group_sums(difference.to_numpy(float)[:, None], codes)
    return float(sign_flip_p(sums, seed=seed)[0])
