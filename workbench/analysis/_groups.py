"""Groups of images within a data set."""

from typing import Final

import pandas as pd

FAVOURED_COLUMNS: Final = ("modality", "cell_type", "tissue", "stain", "density")
MAX_GROUPS: Final = 12


def main_grouping(images: pd.DataFrame) -> str:
    """Return the column that tells most about a data set: the modality if it is known.

    Parameters
    ----------
    images
        Facts per image, with the column ``split``.

    Returns
    -------
    str
        The first of modality, cell_type, tissue, stain and density with two to twelve values, else
        "split".

    Examples
    --------
    >>> main_grouping(pd.DataFrame({"split": ["test"] * 2, "modality": ["DAPI", "H&E"]}))
    'modality'
    """
    for column in FAVOURED_COLUMNS:
        if column in images and 2 <= images[column].nunique() <= MAX_GROUPS:
            return column
    return "split"


def images_by_group(images: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """Summarise the images of each group and split.

    Parameters
    ----------
    images
        Facts per image, from :func:`workbench.studies.survey_dataset`.
    by
        Column of the groups.

    Returns
    -------
    DataFrame
        One row per group and split: n_images, n_cells (sum), and medians of cells_per_image,
        median_area_px, foreground, height_px, width_px.
    """
    keys = list(dict.fromkeys([by, "split"]))
    table = images.groupby(keys, sort=True).agg(
        n_images=("image_id", "size"),
        n_cells=("n_cells", "sum"),
        cells_per_image=("n_cells", "median"),
        median_area_px=("median_area_px", "median"),
        foreground=("foreground", "median"),
        height_px=("height_px", "median"),
        width_px=("width_px", "median"),
    )
    whole = ["n_cells", "height_px", "width_px"]
    table[whole] = table[whole].astype(int)
    return table.round(3).reset_index()
