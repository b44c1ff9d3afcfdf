"""Where probabilities are judged: everywhere, on cells, or where cells end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy

from workbench.schema import LabelImage

BAND_SHARE: Final = 0.05
"""Width of the boundary band, of a cell's diameter."""


def boundary_band(labels: LabelImage) -> npt.NDArray[np.bool_]:
    """Return the pixels near the outline of a cell, on either side of it.

    Parameters
    ----------
    labels
        Shape (height, width).

    Returns
    -------
    ndarray of bool
        Pixels whose centre lies at most d - 1 from one with a 4-neighbour in another cell or in
        the background, where d = max(1, round(0.05 times the median equivalent diameter)): for
        small cells the ring on either side. All False without cells. The edge of the image is no
        outline.

    Examples
    --------
    >>> boundary_band(np.array([[0, 0, 0, 1, 1, 1]])).astype(int)
    array([[0, 0, 1, 1, 0, 0]])
    """
    differs = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        first = _along(axis, slice(None, -1))
        second = _along(axis, slice(1, None))
        changes = labels[first] != labels[second]
        differs[first] |= changes
        differs[second] |= changes
    width_px = band_width_px(labels)
    if width_px == 1 or not differs.any():
        return differs
    near: npt.NDArray[np.bool_] = scipy.ndimage.distance_transform_edt(~differs) <= width_px - 1
    return near


def band_width_px(labels: LabelImage) -> int:
    """Return how wide the boundary band is on either side of an outline; 1 without cells.

    Examples
    --------
    >>> disc = np.hypot(*np.mgrid[-40:41, -40:41]) < 40
    >>> band_width_px(disc.astype(int))
    4
    """
    areas = np.unique(labels[labels > 0], return_counts=True)[1]
    if not areas.size:
        return 1
    diameter = float(np.median(2 * np.sqrt(areas / np.pi)))
    return max(1, round(BAND_SHARE * diameter))


def calibration_regions(labels: LabelImage) -> Mapping[str, npt.NDArray[np.bool_]]:
    """Return the pixels on which calibration is measured.

    Parameters
    ----------
    labels
        Reference, shape (height, width).

    Returns
    -------
    mapping of str to ndarray of bool
        "all" pixels, most of which are easy background; "cells", the reference's foreground with
        the :func:`boundary_band`; and the "band" alone.

    Examples
    --------
    >>> regions = calibration_regions(np.array([[0, 0, 0, 1, 1, 1]]))
    >>> {name: int(where.sum()) for name, where in regions.items()}
    {'all': 6, 'cells': 4, 'band': 2}
    """
    band = boundary_band(labels)
    return {"all": np.ones(labels.shape, bool), "cells": band | (labels > 0), "band": band}


def _along(axis: int, part: slice) -> tuple[Any, ...]:
    return (part, slice(None)) if axis == 0 else (slice(None), part)
