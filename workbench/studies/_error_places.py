"""Crops of an image around the places at which two models differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np
import pandas as pd

from workbench.schema import Member, Overlay
from workbench.studies._view import RunView, load_overlay

SMALLEST_SIDE_PX: Final = 48
MARGIN: Final = 2.0
"""Side of a crop in longer sides of what it shows."""

Value = TypeVar("Value")


def place_overlays(
    view: RunView, first: Member, second: Member, places: pd.DataFrame
) -> list[tuple[Overlay, Overlay]]:
    """Return what two members made of places of the images, as crops around them.

    Parameters
    ----------
    view
        The run.
    first, second
        Whose predictions.
    places
        ``image_id`` and the box ``top_px``, ``left_px``, ``bottom_px``, ``right_px``, such as from
        :func:`workbench.analysis.explain_difference`.

    Returns
    -------
    list
        A pair for each place, in its order.
    """
    whole: dict[str, tuple[Overlay, Overlay]] = {}
    pairs = []
    for place in places.itertuples(index=False):
        image_id = str(place.image_id)
        if image_id not in whole:
            loaded = [load_overlay(view, member, image_id) for member in (first, second)]
            whole[image_id] = (loaded[0], loaded[1])
        box = (int(place.top_px), int(place.left_px), int(place.bottom_px), int(place.right_px))
        one, two = whole[image_id]
        pairs.append((cropped(one, box), cropped(two, box)))
    return pairs


def cropped(overlay: Overlay, box: tuple[int, int, int, int]) -> Overlay:
    """Return the square around a box, as far as the image reaches.

    Parameters
    ----------
    overlay
        Of a whole image.
    box
        Top, left, bottom, right in pixels, half-open.

    Returns
    -------
    Overlay
        With the cells that lie in it. Its scores are still those of the whole image.
    """
    top, left, bottom, right = box
    side = max(SMALLEST_SIDE_PX, round(MARGIN * max(bottom - top, right - left)))
    rows, columns = (
        _window(low, high, side, size)
        for (low, high), size in zip(
            ((top, bottom), (left, right)), overlay.predicted.shape, strict=True
        )
    )
    predicted = overlay.predicted[rows, columns]
    reference = overlay.sample.reference
    there = np.zeros_like(predicted) if reference is None else reference[rows, columns]
    sample = replace(overlay.sample, image=overlay.sample.image[rows, columns], reference=there)
    return replace(
        overlay,
        sample=sample,
        predicted=predicted,
        reference_outcomes=_of_cells(overlay.reference_outcomes, there),
        predicted_outcomes=_of_cells(overlay.predicted_outcomes, predicted),
        reference_details=_of_cells(overlay.reference_details, there),
        predicted_details=_of_cells(overlay.predicted_details, predicted),
    )


def _window(low: int, high: int, side: int, size: int) -> slice:
    """Return the pixels of a side around the middle, moved into the image."""
    side = min(side, size)
    start = min(max((low + high - side) // 2, 0), size - side)
    return slice(start, start + side)


def _of_cells(values: Mapping[int, Value], labels: np.ndarray) -> dict[int, Value]:
    there = set(np.unique(labels).tolist())
    return {cell: value for cell, value in values.items() if cell in there}
