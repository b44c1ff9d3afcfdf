"""What to correct first: errors in the order in which mending them raises F1 most."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.analysis._error_events import cells_of, error_events, image_totals
from workbench.analysis._greedy_order import greedy_order
from workbench.analysis._lost_f1 import f1_of_counts
from workbench.schema import InputError


@dataclass(frozen=True, eq=False)
class ReviewQueue:
    """Errors of one model, the most rewarding first.

    Attributes
    ----------
    model, seed
        Whose.
    events
        As :func:`error_events`, in the order of correction, with ``place`` from 1; ``gain`` is
        here what correcting it adds to the F1 of its image after those above it are corrected,
        and ``mean_f1`` the mean over images when this far is done.
    images
        Index ``image_id``: matched pairs ``tp`` and cells of both sides ``n_cells``, of all
        images with cells.
    """

    model: str
    seed: int
    events: pd.DataFrame
    images: pd.DataFrame


def review_queue(cells: pd.DataFrame, *, model: str, seed: int | None = None) -> ReviewQueue:
    """Order the errors of a model by what correcting them gains.

    Parameters
    ----------
    cells
        Cell table, columns as ``CELL_COLUMNS``.
    model
        Whose errors.
    seed
        Of the model; None for its first.

    Returns
    -------
    ReviewQueue
        Without events where all is matched. Equal gains go by image and event.

    Raises
    ------
    InputError
        If columns, the model or its seed are missing, or there is no cell.

    Notes
    -----
    An event with g reference cells, p predicted cells and m pairs already matched adds g - m to
    TP and g - p to the number of predicted cells when corrected. The queue takes at each step the
    event that now raises the mean F1 over images most, so an image with few cells comes early: each
    of its cells counts for more.
    """
    own = cells_of(cells, model, seed)
    if own.empty:
        msg = f"{model!r} has no cell that counts, so there is nothing to review."
        raise InputError(msg)
    images = image_totals(own)
    events = error_events(own, model=model)
    order, gains = greedy_order(events, images)
    queue = events.iloc[order].reset_index(drop=True).assign(gain=gains)
    queue.insert(0, "place", np.arange(1, len(queue) + 1))
    before = f1_of_counts(images["tp"], images["n_cells"]).mean()
    queue["mean_f1"] = before + np.cumsum(gains) / len(images)
    return ReviewQueue(model, int(own["seed"].iloc[0]), queue, images)
