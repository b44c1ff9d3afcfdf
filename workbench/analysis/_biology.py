"""Does the biology come out the same? What a study would measure, predicted against reference."""

from typing import Final

import pandas as pd

from workbench.schema import InputError

QUANTITIES: Final = {
    "n_cells": "Number of cells",
    "mean_area_px": "Mean area, px",
    "median_area_px": "Median area, px",
    "mean_elongation": "Mean elongation (1 round, 0 line)",
    "mean_intensity": "Mean intensity of the cells",
    "covered_percent": "Area covered by cells, % of the image",
}
"""What is measured on every image, and how it is called on an axis."""

KEYS: Final = ["image_id", "model", "seed"]


def image_biology(
    cells: pd.DataFrame,
    features: pd.DataFrame | None = None,
    *,
    images: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return what the cells of each image come to, by the reference and by each model.

    Parameters
    ----------
    cells
        Cell table.
    features
        Feature table of the same cells; without it there are no elongation and intensity.
    images
        One row per image: ``image_id``, ``height`` and ``width`` in pixels; without it there is no
        covered area.
    scores
        Score table: images on which neither side has a cell are known from it alone.

    Returns
    -------
    DataFrame
        One row per model, seed, image and quantity: ``model``, ``seed``, ``image_id``,
        ``quantity`` (a key of ``QUANTITIES``), ``reference``, ``predicted``. Means over the cells
        of a side without cells are NaN; their number and the area they cover are 0.

    Raises
    ------
    InputError
        For an empty cell table.

    Examples
    --------
    >>> sides = ["reference", "reference", "predicted"]
    >>> cells = pd.DataFrame({"side": sides, "area_px": [10, 30, 38], "cell_id": [1, 2, 1]})
    >>> cells = cells.assign(image_id="a", model="unet", seed=0)
    >>> image_biology(cells)[["quantity", "reference", "predicted"]].values.tolist()
    [['n_cells', 2.0, 1.0], ['mean_area_px', 20.0, 38.0], ['median_area_px', 20.0, 38.0]]
    """
    if not len(cells):
        msg = "the cell table is empty; score at least one image with cells."
        raise InputError(msg)
    table = cells
    if features is not None:
        keys = [*KEYS, "side", "cell_id"]
        table = cells.merge(features[[*keys, "elongation", "intensity_mean"]], on=keys, how="left")
    groups = table.groupby([*KEYS, "side"], sort=False)
    found = pd.DataFrame({"n_cells": groups.size().astype(float)})
    found["mean_area_px"] = groups["area_px"].mean()
    found["median_area_px"] = groups["area_px"].median()
    if features is not None:
        found["mean_elongation"] = groups["elongation"].mean()
        found["mean_intensity"] = groups["intensity_mean"].mean()
    if images is not None:
        sizes = images.set_index("image_id")[["height", "width"]].prod(axis=1)
        covered = 100 * groups["area_px"].sum()
        found["covered_percent"] = covered / sizes.reindex(covered.index, level="image_id")
    whole = _with_empty_sides(found, table if scores is None else scores)
    long = whole.reset_index().melt([*KEYS, "side"], var_name="quantity")
    reference, predicted = (
        long[long["side"] == side].drop(columns="side").rename(columns={"value": side})
        for side in ("reference", "predicted")
    )
    joined = reference.merge(predicted, on=[*KEYS, "quantity"])
    return joined[["model", "seed", "image_id", "quantity", "reference", "predicted"]]


def _with_empty_sides(found: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Add the sides on which an image has no cells."""
    images = known[KEYS].drop_duplicates()
    sides = images.merge(pd.DataFrame({"side": ["reference", "predicted"]}), how="cross")
    whole = found.reindex(pd.MultiIndex.from_frame(sides))
    none = whole["n_cells"].isna()
    counted = [name for name in ("n_cells", "covered_percent") if name in whole]
    whole.loc[none, counted] = 0.0
    return whole
