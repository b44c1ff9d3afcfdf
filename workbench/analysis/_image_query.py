"""Where a number comes from."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class ImageQuery:
    """Which scores a number comes from, so that they can be listed.

    Attributes
    ----------
    models
        Names.
    metric, threshold
        The measure; threshold NaN for one that has none.
    slice_column, slice_name
        "" for all images.
    image_ids
        The images; of two models, those first on which the first did worst against the second.
    """

    models: tuple[str, ...]
    metric: str
    threshold: float
    slice_column: str
    slice_name: str
    image_ids: tuple[str, ...]


def worst_first(gains: pd.DataFrame, first: str, second: str) -> tuple[str, ...]:
    """Return the images, those first on which ``first`` did worst against ``second``.

    Parameters
    ----------
    gains
        Images x models, turned so that more is better.
    first, second
        Models.
    """
    return tuple((gains[first] - gains[second]).sort_values(kind="stable").index)
