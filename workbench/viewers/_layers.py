"""One overlay as napari layers; works on anything with napari's ``add_`` methods."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.schema import (
    ERROR_TYPES,
    OUTCOME_COLOURS,
    OUTCOMES,
    LabelImage,
    Outcome,
    Overlay,
)
from workbench.transforms import normalise_percentiles

IMAGE: Final = "image"
OUTCOME_LAYER: Final = "outcomes"
REFERENCE: Final = "reference"
PREDICTED: Final = "predicted"

CODES: Final[Mapping[Outcome, int]] = {name: code for code, name in enumerate(OUTCOMES, start=1)}
REFERENCE_COLOUR: Final = "#00A676"
PREDICTED_COLOUR: Final = "#FFFFFF"


def show_overlay(viewer: Any, overlay: Overlay) -> None:
    """Replace the layers of a viewer by those of an overlay.

    Parameters
    ----------
    viewer
        A napari viewer or viewer model.
    overlay
        What to show: the image, every cell filled by its outcome, and outlines of both label
        images.
    """
    viewer.layers.clear()
    _add_image(viewer, overlay)
    outcomes = viewer.add_labels(outcome_codes(overlay), name=OUTCOME_LAYER, opacity=0.35)
    outcomes.colormap = _colours({code: OUTCOME_COLOURS[name] for name, code in CODES.items()})
    reference = overlay.sample.reference
    if reference is not None:
        _add_outlines(viewer, reference, REFERENCE, REFERENCE_COLOUR)
    _add_outlines(viewer, overlay.predicted, PREDICTED, PREDICTED_COLOUR)
    viewer.reset_view()


def outcome_codes(overlay: Overlay) -> npt.NDArray[np.uint8]:
    """Return the outcome of each pixel's cell: its place in ``OUTCOMES`` from 1, 0 for no cell.

    Lost reference cells lie over matched cells, and predicted cells that are wrong over both: so
    every error shows, a cell swallowed by a matched one too. Outlines of all cells are drawn.
    """
    codes = np.zeros(overlay.predicted.shape, np.uint8)
    _paint(codes, overlay.predicted, overlay.predicted_outcomes, ("matched", "ignored"))
    if overlay.sample.reference is not None:
        _paint(codes, overlay.sample.reference, overlay.reference_outcomes, ERROR_TYPES)
    _paint(codes, overlay.predicted, overlay.predicted_outcomes, ERROR_TYPES)
    return codes


def _paint(
    codes: npt.NDArray[np.uint8],
    labels: LabelImage,
    outcomes: Mapping[int, Outcome],
    chosen: Sequence[Outcome],
) -> None:
    for outcome in chosen:
        cells = [cell for cell, what in outcomes.items() if what == outcome]
        codes[np.isin(labels, cells)] = CODES[outcome]


def _add_image(viewer: Any, overlay: Overlay) -> None:
    stretched = normalise_percentiles(overlay.sample.image)
    channels = stretched.shape[2]
    if channels == 1:
        viewer.add_image(stretched[..., 0], name=IMAGE, colormap="gray", contrast_limits=(0, 1))
        return
    shown = np.pad(stretched[..., :3], ((0, 0), (0, 0), (0, max(0, 3 - channels))))
    viewer.add_image(shown, name=IMAGE, rgb=True)


def _add_outlines(viewer: Any, labels: LabelImage, name: str, colour: str) -> None:
    layer = viewer.add_labels(labels.astype(np.int32), name=name, opacity=0.9)
    layer.colormap = _colours({None: colour})
    layer.contour = 1


def _colours(colours: Mapping[int | None, str]) -> Any:
    from napari.utils import DirectLabelColormap

    # None is the colour of every label not named, 0 the background.
    return DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", **colours})
