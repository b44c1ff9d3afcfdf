"""Labels as another careful annotator might have drawn them: outlines moved a little, smoothly."""

from typing import Final

import numpy as np

from workbench.schema import InputError, LabelImage

SMOOTHNESS_PX: Final = 8.0


def jitter_labels(
    labels: LabelImage,
    *,
    amplitude_px: float,
    rng: np.random.Generator,
    smoothness_px: float = SMOOTHNESS_PX,
) -> LabelImage:
    """Move the outlines of cells by a smooth random displacement.

    Neighbours that touch move their common outline together, so that no pixel is claimed twice.

    Parameters
    ----------
    labels
        Shape (height, width).
    amplitude_px
        Standard deviation of the displacement along rows and along columns, and so along any
        normal of an outline; 0 changes nothing.
    rng
        Source of all randomness: equal generators give equal labels.
    smoothness_px
        Standard deviation of the Gaussian that smooths the displacement: outlines further apart
        than about three times this move independently.

    Returns
    -------
    ndarray
        Same shape, type and ids; cells of a few pixels may vanish.

    Raises
    ------
    InputError
        If the amplitude is negative, or above half the smoothness: cells would be torn.

    Examples
    --------
    >>> labels = np.zeros((40, 40), np.int32)
    >>> labels[10:30, 10:30] = 7
    >>> moved = jitter_labels(labels, amplitude_px=1, rng=np.random.default_rng(0))
    >>> np.unique(moved).tolist(), bool((moved != labels).any())
    ([0, 7], True)
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    if not 0 <= amplitude_px <= smoothness_px / 2:
        msg = (
            f"amplitude_px must lie between 0 and half of smoothness_px ({smoothness_px / 2:g}), "
            f"got {amplitude_px:g}; more would tear cells."
        )
        raise InputError(msg)
    noise = rng.standard_normal((2, *labels.shape))
    # Wrapped, the filter leaves the same spread at the edges as in the middle.
    smooth = gaussian_filter(noise, (0, smoothness_px, smoothness_px), mode="wrap")
    smooth *= amplitude_px / max(float(smooth.std()), np.finfo(float).tiny)
    places = np.indices(labels.shape) + smooth
    moved: LabelImage = map_coordinates(labels, places, order=0, mode="nearest")
    return moved
