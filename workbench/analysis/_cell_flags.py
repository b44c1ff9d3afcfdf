"""What may make a cell hard to find: it is small, faint, or cut by the border of the image."""

from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._error_events import cells_of
from workbench.schema import OUTCOMES, InputError

SMALL: Final = 0.5
"""A small cell has less than this share of the usual area."""
FAINT: Final = 0.5
"""A faint cell differs from its surroundings by less than so many standard deviations."""
FLAGS: Final = ("small", "at_border", "low_contrast")
_KEYS: Final = ["image_id", "model", "seed", "side", "cell_id"]


def flag_cells(cells: pd.DataFrame, features: pd.DataFrame, *, model: str) -> pd.DataFrame:
    """Say of every cell of a model whether it is small, at the border, or of low contrast.

    Parameters
    ----------
    cells
        Cell table, columns as ``CELL_COLUMNS``.
    features
        Feature table of the same cells; of its columns ``contrast`` and the keys of a cell.
    model
        Whose cells; of several seeds the first counts.

    Returns
    -------
    DataFrame
        The cells that count, with ``small`` (area below half the median of the reference cells of
        its image, or of all images where it has none), ``at_border`` and ``low_contrast`` (mean
        less than half a standard deviation of the image away from the background around it; False
        for a cell without background around it).

    Raises
    ------
    InputError
        If columns or the model are missing.

    Examples
    --------
    >>> cells = pd.DataFrame({"cell_id": [1, 2, 3], "area_px": [40, 10, 44], "image_id": "a"})
    >>> cells = cells.assign(model="unet", seed=0, side="reference", outcome="matched", event=0)
    >>> cells = cells.assign(top_px=0, left_px=0, bottom_px=9, right_px=9, touches_border=False)
    >>> features = cells[["image_id", "model", "seed", "side", "cell_id"]]
    >>> flag_cells(cells, features.assign(contrast=[2.0, 1.9, -0.1]), model="unet")[
    ...     ["small", "low_contrast"]].values.tolist()
    [[False, False], [True, False], [False, True]]
    """
    missing = [name for name in (*_KEYS, "contrast") if name not in features]
    if missing:
        msg = (
            f"the table of features has no column {', '.join(missing)}; evaluate the predictions "
            "again."
        )
        raise InputError(msg)
    own = cells_of(cells, model)
    reference = own[own["side"] == "reference"]
    usual = reference.groupby("image_id")["area_px"].median()
    of_image = own["image_id"].map(usual).fillna(reference["area_px"].median())
    contrast = own[_KEYS].merge(features[[*_KEYS, "contrast"]], on=_KEYS, how="left")["contrast"]
    return own.assign(
        small=own["area_px"] < SMALL * of_image,
        at_border=own["touches_border"].astype(bool),
        low_contrast=contrast.abs().lt(FAINT).to_numpy(),
    )


def flags_by_outcome(flagged: pd.DataFrame) -> pd.DataFrame:
    """Return how many of the cells of each outcome are small, at the border, or faint.

    Parameters
    ----------
    flagged
        From :func:`flag_cells`.

    Returns
    -------
    DataFrame
        A row per side and outcome that there is, matched first: ``side``, ``outcome``,
        ``n_cells``, and the share (0 to 1) with each flag and with ``any_flag``. Where lost cells
        have a flag much more often than matched ones, it goes along with the loss.
    """
    table = flagged.assign(any_flag=flagged[list(FLAGS)].any(axis=1))
    groups = table.groupby(["side", "outcome"])
    shares = groups[[*FLAGS, "any_flag"]].mean()
    shares.insert(0, "n_cells", groups.size())
    order = {name: place for place, name in enumerate(OUTCOMES)}
    found = shares.reset_index()
    places = np.lexsort((found["outcome"].map(order), found["side"] != "reference"))
    return found.iloc[places].reset_index(drop=True)
