"""What a report says of a score table, whoever made it."""

from __future__ import annotations

import pandas as pd

from workbench.analysis import image_groups
from workbench.report._cell_counts import cell_count_section
from workbench.report._findings import Findings
from workbench.report._found_cells import found_cells_section
from workbench.report._measures import measures_section
from workbench.report._model_details import model_sections
from workbench.report._overview import overview_section
from workbench.report._parts import Section
from workbench.report._ranking import ranking_section
from workbench.report._recommended import recommendation_section
from workbench.report._seeds import seeds_section
from workbench.report._slices import slices_section
from workbench.report._statistics import statistics_section
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC


def score_sections(
    scores: pd.DataFrame,
    *,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    reference: str | None = None,
    margin: float = 0.02,
    groups: pd.Series | None = None,
    cells: pd.DataFrame | None = None,
    metadata: pd.DataFrame | None = None,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> list[Section]:
    """Return all that a report says of a score table: each published table, the right one beside.

    Parameters
    ----------
    scores
        Score table with at least image_id, model, seed, metric, threshold and value. What needs
        further measures, counts or statuses is left out where they are missing.
    metric, threshold
        The measure that was declared; threshold NaN for one that has none.
    reference
        A model to compare all others with; None compares all pairs.
    margin
        Differences within it count as equivalent.
    groups
        Name of the group of each image (index ``image_id``); None takes the table's own.
    cells
        Cell table; None leaves out which model finds which cells.
    metadata
        What is known of images (``image_id`` and further columns), to slice them by.
    n_resamples, seed
        Of bootstrap and permutations.

    Returns
    -------
    list of Section
        Executive summary, scores, statistics, cells found, ranking, seeds, by number of cells,
        kinds of images, each model, recommendations; those with nothing to say are empty.

    Raises
    ------
    InputError
        If the measure or the reference is not in the table, or no image has a score of every
        model.
    """
    found = Findings(
        scores=scores,
        metric=metric,
        threshold=threshold,
        reference=reference,
        margin=margin,
        groups=image_groups(scores) if groups is None else groups,
        n_resamples=n_resamples,
        seed=seed,
        cells=cells,
        metadata=metadata,
    )
    return [
        overview_section(found),
        measures_section(found),
        statistics_section(found),
        found_cells_section(found),
        ranking_section(found),
        seeds_section(found),
        cell_count_section(found),
        slices_section(found),
        *model_sections(found),
        recommendation_section(found),
    ]
