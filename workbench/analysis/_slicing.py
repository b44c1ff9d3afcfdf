"""Cut the images of a data set into disjoint slices by what is known about them."""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis._images import CELL_COUNT_BINS
from workbench.schema import InputError

UNKNOWN: Final = "not known"
"""Slice of the images about which a fact is not known, so that every image is in one."""


def slice_by(values: pd.Series, *, n_slices: int = 4) -> pd.Series:
    """Cut a column of facts about the images into slices.

    Parameters
    ----------
    values
        A fact per image (index ``image_id``), each image once. Text, and numbers with at most
        ``n_slices`` different values, become slices as they are; other numbers are cut at their
        quantiles, an image at the edge falling below it.
    n_slices
        Of about equally many images each; fewer where many values are equal.

    Returns
    -------
    Series
        Name of the slice of each image, categorical in order; "not known" for NaN and "".

    Raises
    ------
    InputError
        For fewer than 2 slices, or a repeated image.

    Examples
    --------
    >>> slice_by(pd.Series([1, 2, 3, 4.0, 50, 60]), n_slices=2).tolist()
    ['up to 3', 'up to 3', 'up to 3', 'over 3', 'over 3', 'over 3']
    """
    if n_slices < 2:
        msg = f"expected at least 2 slices, got {n_slices}."
        raise InputError(msg)
    if not values.index.is_unique:
        msg = f"image {values.index[values.index.duplicated()][0]!r} stands twice; name it once."
        raise InputError(msg)
    numeric = pd.api.types.is_numeric_dtype(values.dtype)
    known = values[values.notna() & (values != "")]
    if numeric and known.nunique() > n_slices:
        edges = quantile_edges(known.to_numpy(float), n_slices)
        names = _edge_names(edges)
        places = np.searchsorted(edges, values.to_numpy(float), side="left")
        named = pd.Series([names[place] for place in places], index=values.index)
    elif isinstance(values.dtype, pd.CategoricalDtype):
        names = [str(name) for name in values.cat.categories if name in set(known)]
        named = values.astype(object).map(str)
    else:
        named = values.map(_number_name if pd.api.types.is_float_dtype(values.dtype) else str)
        order = known.sort_values() if numeric else known.map(str).sort_values()
        names = list(dict.fromkeys(named.loc[order.index]))
    named = named.where(values.index.isin(known.index), UNKNOWN)
    names = [*names, UNKNOWN] if len(known) < len(values) else names
    return named.astype(pd.CategoricalDtype(names, ordered=True)).rename(values.name)


def slice_by_cell_count(counts: pd.Series) -> pd.Series:
    """Slice the images by their number of reference cells: 0, 1-5, 6-10, ..., over 100.

    Parameters
    ----------
    counts
        Reference cells of each image (index ``image_id``).

    Returns
    -------
    Series
        Name of the slice of each image, categorical with all bins of the published report and one
        for images without cells.

    Raises
    ------
    InputError
        If a number is not whole, or negative.

    Examples
    --------
    >>> slice_by_cell_count(pd.Series([0, 5, 6, 100, 101])).tolist()
    ['0', '1-5', '6-10', '51-100', 'over 100']
    """
    numbers = counts.to_numpy(float)
    wrong = ~((numbers >= 0) & np.isfinite(numbers) & (numbers == np.floor(numbers)))
    if wrong.any():
        msg = (
            f"expected whole numbers of cells, got {counts[wrong].iloc[0]} for image "
            f"{counts.index[wrong][0]!r}; count the reference cells again."
        )
        raise InputError(msg)
    last = [high for _, high in CELL_COUNT_BINS.values()]
    names = list(CELL_COUNT_BINS)
    named = [names[place] for place in np.searchsorted(last, numbers, side="left")]
    dtype = pd.CategoricalDtype(names, ordered=True)
    return pd.Series(named, index=counts.index, name="cells", dtype=dtype)


def quantile_edges(values: npt.NDArray[np.float64], n_slices: int) -> npt.NDArray[np.float64]:
    """Return the last value of each slice but the last, rounded as far as no slice gets empty."""
    distinct = np.unique(values)
    quantiles = np.quantile(values, np.arange(1, n_slices) / n_slices, method="inverted_cdf")
    # Where most images have the largest value, the others are still a slice.
    exact = np.unique(np.minimum(quantiles, distinct[-2]))
    for digits in range(3, 17):
        edges = np.unique([float(f"{edge:.{digits}g}") for edge in exact])
        counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
        if len(edges) == len(exact) and counts.min() > 0:
            return edges
    return exact


def _edge_names(edges: npt.NDArray[np.float64]) -> list[str]:
    texts = [_number_name(edge) for edge in edges]
    middle = [f"over {low} to {high}" for low, high in pairwise(texts)]
    return [f"up to {texts[0]}", *middle, f"over {texts[-1]}"]


def _number_name(value: float) -> str:
    """Return a number without an empty decimal; -0.0 and 0.0 are one value."""
    return repr(float(value) + 0.0).removesuffix(".0")
