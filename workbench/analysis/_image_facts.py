"""What is known about images besides their scores, as columns to slice them by."""

from typing import Final

import pandas as pd

MOST_NAMES: Final = 12
CELLS: Final = "n_cells"
NO_FACTS: Final = ("image_id", "split", "group")


def image_facts(
    images: pd.Index,
    *,
    metadata: pd.DataFrame | None = None,
    counts: pd.Series | None = None,
) -> pd.DataFrame:
    """Return the facts by which images can be sliced.

    Parameters
    ----------
    images
        Ids of the images.
    metadata
        One row per image: ``image_id`` and further columns, texts or numbers; "" is not known.
    counts
        Number of reference cells of each image; stands for a column ``n_cells`` of the metadata.

    Returns
    -------
    DataFrame
        Index ``images``; a column of numbers where all that is known is a number, else of texts.
        Columns with one value, and texts of more than 12 or all different, part no images and are
        left out, as are ``split`` and ``group``.

    Examples
    --------
    >>> table = pd.DataFrame({"image_id": list("abc"), "stain": ["H&E", "H&E", "DAPI"],
    ...     "um": ["0.5", "", "0.25"], "file": ["1.tif", "2.tif", "3.tif"]})
    >>> facts = image_facts(pd.Index(list("abc")), metadata=table)
    >>> facts.columns.to_list(), facts["um"].to_list()
    (['stain', 'um'], [0.5, nan, 0.25])
    """
    table = pd.DataFrame(index=images)
    if metadata is not None:
        by_image = metadata.drop_duplicates("image_id").set_index("image_id").reindex(images)
        table = by_image.drop(columns=[name for name in NO_FACTS if name in by_image])
    if counts is not None:
        table[CELLS] = counts.reindex(images)
    facts = {str(name): _as_numbers(values) for name, values in table.items()}
    return pd.DataFrame({name: fact for name, fact in facts.items() if _parts(fact)}, index=images)


def _as_numbers(values: pd.Series) -> pd.Series:
    """Return numbers where all that is known is one, else texts, both with NaN."""
    known = values.mask(values.isna() | (values.astype(str).str.strip() == ""))
    numbers = pd.to_numeric(known, errors="coerce").astype(float)
    return numbers if numbers.notna().sum() == known.notna().sum() else known.astype(object)


def _parts(fact: pd.Series) -> bool:
    n_values, n_known = int(fact.nunique()), int(fact.notna().sum())
    if pd.api.types.is_numeric_dtype(fact.dtype):
        return n_values > 1
    return 1 < n_values <= MOST_NAMES and n_values < n_known
