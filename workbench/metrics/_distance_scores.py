"""The distance measures of one image, as scores."""

from collections.abc import Collection
from typing import Final

import numpy as np

from workbench.metrics._matching import match_overlap
from workbench.metrics._overlap import FloatArray, Overlap
from workbench.metrics._scores import NAN, Score
from workbench.metrics._surfaces import best_partner_hausdorff, boundary_f, surface_scores
from workbench.schema import PRIMARY_IOU_THRESHOLD, LabelImage

PARTNER_MEASURES: Final = ("mhd", "mhd_symmetric")
SURFACE_MEASURES: Final = ("hausdorff", "hausdorff95", "normalised_surface_distance")
BOUNDARY_TOLERANCES_PX: Final = {f"boundary_f_{px}px": px for px in (1, 2, 3)}
DISTANCE_MEASURES: Final = (*PARTNER_MEASURES, *SURFACE_MEASURES, *BOUNDARY_TOLERANCES_PX)


def distance_scores(
    reference: LabelImage,
    predicted: LabelImage,
    overlap: Overlap,
    *,
    measures: Collection[str] = (),
) -> list[Score]:
    """Score one image by the measures of kind "distance" in :data:`MEASURES`.

    Parameters
    ----------
    reference, predicted
        Label images, shape (height, width).
    overlap
        Their overlap table, from :func:`label_overlap`.
    measures
        What is wanted, to save the time of the rest; none named means all.

    Returns
    -------
    list of Score
        Distances in pixels; NaN where a side has no cells or nothing matches at IoU 0.5.

    Raises
    ------
    ValueError
        If the images are not two-dimensional.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> a, b = np.zeros((2, 5, 5), int)
    >>> a[1:4, 1:3], b[1:4, 2:4] = 1, 1
    >>> score = distance_scores(a, b, label_overlap(a, b))[0]
    >>> score.metric, score.value
    ('mhd', 1.0)
    """
    wanted = set(measures or DISTANCE_MEASURES)
    values: dict[str, float] = {}
    if not wanted.isdisjoint(PARTNER_MEASURES):
        of_reference, of_predicted = best_partner_hausdorff(reference, predicted, overlap)
        means = _mean(of_reference), _mean(of_predicted)
        values |= dict(zip(PARTNER_MEASURES, (means[0], max(means)), strict=True))
    if not wanted.isdisjoint(SURFACE_MEASURES):
        pairs = match_overlap(overlap, iou_threshold=PRIMARY_IOU_THRESHOLD).pairs
        surfaces = surface_scores(reference, predicted, pairs)
        found = (
            surfaces.hausdorff_px,
            surfaces.hausdorff95_px,
            surfaces.normalised_surface_distance,
        )
        values |= dict(zip(SURFACE_MEASURES, map(_mean, found), strict=True))
    if not wanted.isdisjoint(BOUNDARY_TOLERANCES_PX):
        tolerances_px = tuple(BOUNDARY_TOLERANCES_PX.values())
        boundary = boundary_f(reference, predicted, tolerances_px=tolerances_px)
        values |= dict(zip(BOUNDARY_TOLERANCES_PX, boundary, strict=True))
    return [Score(metric, NAN, value) for metric, value in values.items() if metric in wanted]


def _mean(values: FloatArray) -> float:
    return float(np.mean(values)) if len(values) else NAN
