"""From a perfect score down to that of a model: how much is lost at each step."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._intervals import mean_interval
from workbench.schema import InputError

SCORE: Final = "score"
REST: Final = "network"


def waterfall_steps(levels: pd.DataFrame) -> pd.DataFrame:
    """Return what each step from 1 to the score costs, on average over images.

    Parameters
    ----------
    levels
        A row per image (index ``image_id``). Columns in the order in which things are lost: the
        score that is left after each step, "score" last. A column of NaN alone was not measured
        and is left out; what it would have taken falls to the last step. Images with another NaN
        are left out.

    Returns
    -------
    DataFrame
        A row per step: step (the last one, "network", is all that the others don't explain),
        before, after, loss (before - after; negative where something was won), ci_low, ci_high
        (95 %, Student's t over images; NaN for one image) and n_images. The losses add up to one
        minus the mean score.

    Raises
    ------
    InputError
        If there is no column "score" at the end, or no image is left.

    Examples
    --------
    >>> levels = pd.DataFrame({"outlines": [1.0, 0.9], "score": [0.8, 0.5]}, index=["a", "b"])
    >>> waterfall_steps(levels)[["step", "before", "after", "loss"]].round(2).values.tolist()
    [['outlines', 1.0, 0.95, 0.05], ['network', 0.95, 0.65, 0.3]]
    """
    if not len(levels.columns) or levels.columns[-1] != SCORE:
        msg = f"the last column must be {SCORE!r}, got {', '.join(map(str, levels.columns))}."
        raise InputError(msg)
    measured = levels.loc[:, levels.notna().any()].dropna()
    if measured.empty or SCORE not in measured:
        msg = "no image has a score and all levels above it; an image without cells has none."
        raise InputError(msg)
    values = measured.to_numpy(float)
    before = np.column_stack([np.ones(len(values)), values[:, :-1]])
    rows = []
    for place, column in enumerate(measured.columns):
        loss = before[:, place] - values[:, place]
        interval = mean_interval(pd.Series(loss, index=measured.index))
        rows.append(
            {
                "step": REST if column == SCORE else str(column),
                "before": float(before[:, place].mean()),
                "after": float(values[:, place].mean()),
                "loss": float(loss.mean()),
                "ci_low": interval.low,
                "ci_high": interval.high,
                "n_images": len(values),
            }
        )
    return pd.DataFrame(rows)
