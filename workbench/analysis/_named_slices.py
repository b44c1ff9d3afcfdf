"""Sets of images that have a name: by the number of cells, and by the columns of a metadata table."""

from typing import Final

import pandas as pd

from workbench.analysis._claim_text import named
from workbench.schema import InputError

COUNT_COLUMN: Final = "cell_count"
THIRDS: Final = ("sparse", "medium", "dense")
MAX_SLICES: Final = 60


def named_slices(
    scores: pd.DataFrame, images: pd.Index, *, metadata: pd.DataFrame | None = None
) -> dict[str, pd.Series]:
    """Return the ways in which images fall into named slices.

    Parameters
    ----------
    scores
        Score table.
    images
        Ids of the images to place.
    metadata
        One row per image: ``image_id`` and further columns.

    Returns
    -------
    dict of str to Series
        For each column the slice of each image (index ``image_id``; images without a value are left
        out). "cell_count" has the thirds by number of reference cells, of :func:`cell_count_thirds`;
        the columns ``dataset`` and ``group`` of the scores count where they have several values.
        A column in which every image has a value of its own, or with more than 60, makes no slices.

    Raises
    ------
    InputError
        If the metadata have no column ``image_id``, or an image twice.
    """
    slices = {}
    if "n_reference" in scores:
        slices[COUNT_COLUMN] = cell_count_thirds(reference_counts(scores, images))
    tables = [scores.drop_duplicates("image_id")[[c for c in ("image_id", "dataset", "group") if c in scores]]]
    if metadata is not None:
        tables.append(_checked(metadata))
    for place, table in enumerate(tables):
        facts = table.set_index("image_id").reindex(images)
        for column in facts.columns:
            values = facts[column].replace("", pd.NA).dropna().astype(str)
            several = values.nunique() > (1 if place == 0 else 0)
            if several and values.nunique() < max(len(values), 2) and values.nunique() <= MAX_SLICES:
                slices[str(column)] = values
    return slices


def reference_counts(scores: pd.DataFrame, images: pd.Index) -> pd.Series:
    """Return the number of reference cells of each image."""
    return scores.groupby("image_id")["n_reference"].max().reindex(images)


def cell_count_thirds(counts: pd.Series) -> pd.Series:
    """Place images in thirds by their number of reference cells.

    Parameters
    ----------
    counts
        Number of cells, index ``image_id``.

    Returns
    -------
    Series
        "dense" for more cells than the 2/3 quantile, "sparse" for fewer than the 1/3 quantile, else
        "medium". Equal counts share a slice, so with many ties dense and sparse hold less than a
        third.

    Examples
    --------
    >>> cell_count_thirds(pd.Series([3, 50, 10], index=["a", "b", "c"])).to_dict()
    {'a': 'sparse', 'b': 'dense', 'c': 'medium'}
    """
    low, high = counts.quantile([1 / 3, 2 / 3])
    thirds = pd.Series("medium", index=counts.index)
    thirds[counts < low] = "sparse"
    thirds[counts > high] = "dense"
    return thirds


def find_slice(slices: dict[str, pd.Series], column: str, name: str) -> tuple[str, str]:
    """Return the column and the name of the slice that is meant.

    Parameters
    ----------
    slices
        From :func:`named_slices`.
    column, name
        As a user wrote them; column "" to look in all.

    Raises
    ------
    InputError
        If none or several may be meant; the message names those there are.
    """
    if column:
        found = named(column, list(slices), "metadata column")
        return found, named(name, _names(slices[found]), f"value of {found}")
    holding = [c for c, values in slices.items() if name.casefold() in map(str.casefold, _names(values))]
    if len(holding) == 1:
        return holding[0], named(name, _names(slices[holding[0]]), holding[0])
    if holding:
        choices = " or ".join(f'"where {c} is {name}"' for c in holding)
        msg = f"images called {name!r} may be meant in several ways: write {choices}."
    else:
        there = "; ".join(f"{c}: {', '.join(_names(values))}" for c, values in slices.items())
        cure = there or "there are none, as the scores have no cell counts and no metadata were given"
        msg = f"no images are called {name!r}; those with names are {cure}."
    raise InputError(msg)


def _names(values: pd.Series) -> list[str]:
    return sorted(values.unique())


def _checked(metadata: pd.DataFrame) -> pd.DataFrame:
    table = metadata if "image_id" in metadata else metadata.reset_index()
    if "image_id" not in table:
        columns = ", ".join(map(str, metadata.columns))
        msg = f"metadata need a column image_id, there are {columns}; name the column of the images so."
        raise InputError(msg)
    twice = table["image_id"][table["image_id"].duplicated()]
    if not twice.empty:
        msg = f"metadata have image {twice.iloc[0]!r} more than once; keep one row per image."
        raise InputError(msg)
    return table
