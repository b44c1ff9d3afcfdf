"""Sets of images with a name: by their number of cells, by the columns of a metadata table."""

from typing import Final

import numpy as np
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
        For each column the slice of each image (index ``image_id``; images without a value are
        left out). "cell_count" has the thirds of :func:`cell_count_thirds`; ``dataset`` and
        ``group`` are those of the scores. A column in which every image has a value of its own,
        or with more than 60, makes no slices.

    Raises
    ------
    InputError
        If the metadata have no column ``image_id``, or an image twice.
    """
    slices = {}
    # Tables without counts come with 0 in their place.
    if "n_reference" in scores and scores["n_reference"].any():
        slices[COUNT_COLUMN] = cell_count_thirds(reference_counts(scores, images))
    own = [column for column in ("dataset", "group") if column in scores]
    facts = [scores.drop_duplicates("image_id").set_index("image_id")[own]]
    if metadata is not None:
        facts.append(_checked(metadata).set_index("image_id"))
    for column, values in pd.concat(facts, axis=1).reindex(images).items():
        known = values.replace("", np.nan).dropna().astype(str)
        n_names = len(known.unique())
        if 0 < n_names <= MAX_SLICES and (n_names < len(known) or len(known) == 1):
            slices[str(column)] = known
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
        whole = named(column, list(slices), "metadata column")
        return whole, named(name, _names(slices[whole]), f"value of {whole}")
    for meant in (str.__eq__, str.startswith):
        found = [
            (c, value)
            for c, values in slices.items()
            for value in _names(values)
            if meant(value.casefold(), name.casefold())
        ]
        if len(found) == 1:
            return found[0]
        if found:
            choices = " or ".join(f'"where {c} is {value}"' for c, value in found)
            msg = f"several sets of images may be called {name!r}: write {choices}."
            raise InputError(msg)
    there = "; ".join(f"{c}: {', '.join(_names(values))}" for c, values in slices.items())
    cure = there or "none, as the scores hold no cell counts and no metadata were given"
    msg = f"no images are called {name!r}; those with names are {cure}."
    raise InputError(msg)


def slice_phrase(scores: pd.DataFrame, images: pd.Index, column: str, name: str) -> str:
    """Return the words for a slice, with a blank in front and what "dense" means.

    Parameters
    ----------
    scores
        Score table.
    images
        Ids of the images in the slice, at least one.
    column, name
        From :func:`find_slice`.
    """
    if column != COUNT_COLUMN:
        return f" on images whose {column} is {name}"
    counts = reference_counts(scores, images)
    low, high = int(counts.min()), int(counts.max())
    meaning = {
        "dense": f"{low} reference cells or more: the upper third",
        "medium": f"{low} to {high} reference cells: the middle third",
        "sparse": f"{high} reference cells or fewer: the lower third",
    }
    return f" on {name} images ({meaning[name]})"


def _names(values: pd.Series) -> list[str]:
    return sorted(values.unique())


def _checked(metadata: pd.DataFrame) -> pd.DataFrame:
    table = metadata if "image_id" in metadata else metadata.reset_index()
    if "image_id" not in table:
        columns = ", ".join(map(str, metadata.columns))
        msg = f"metadata need a column image_id, there are {columns}; rename that of the images."
        raise InputError(msg)
    twice = table["image_id"][table["image_id"].duplicated()]
    if not twice.empty:
        msg = f"metadata have image {twice.iloc[0]!r} more than once; keep one row per image."
        raise InputError(msg)
    return table
