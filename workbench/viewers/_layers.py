"""One overlay as napari layers; works on anything with napari's ``add_`` methods."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.schema import OUTCOME_COLOURS, OUTCOMES, LabelImage, Outcome, Overlay
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
        What to show: the image, every cell filled by its outcome (missed cells where the reference
        has them, the others where they were predicted), and outlines of both label images.
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

    Where a missed cell and a predicted one overlap, the predicted one shows: its outline is drawn
    too, and so is that of the missed cell.
    """
    codes = np.zeros(overlay.predicted.shape, np.uint8)
    if overlay.sample.reference is not None:
        missed = [cell for cell, what in overlay.reference_outcomes.items() if what == "missed"]
        codes[np.isin(overlay.sample.reference, missed)] = CODES["missed"]
    for outcome in OUTCOMES:
        cells = [cell for cell, what in overlay.predicted_outcomes.items() if what == outcome]
        codes[np.isin(overlay.predicted, cells)] = CODES[outcome]
    return codes


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
