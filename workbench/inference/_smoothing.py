"""A Gaussian over a landscape, before its summits are looked for."""

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage
from workbench.transforms import compiled


def smoothed(landscape: FloatImage, sd_px: float, *, reach_sd: float = 4) -> FloatImage:
    """Return a landscape smoothed by a Gaussian, mirrored at its edges.

    As ``scipy.ndimage.gaussian_filter`` does but for rounding, in a fifth of its time, as numbers
    stay 32-bit: a fifth of what a watershed takes was spent there.

    Parameters
    ----------
    landscape
        Shape (height, width).
    sd_px
        Standard deviation; 0 leaves the landscape as it is.
    reach_sd
        Where the Gaussian is cut off, in standard deviations.

    Examples
    --------
    >>> smoothed(np.array([[0, 0, 1, 0, 0]], np.float32), 1, reach_sd=1).round(2)
    array([[0.  , 0.27, 0.45, 0.27, 0.  ]], dtype=float32)
    """
    radius = int(reach_sd * sd_px + 0.5)
    if radius == 0:
        return landscape
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sd_px) ** 2)
    framed = np.pad(np.asarray(landscape, np.float32), radius, mode="symmetric")
    return _blurred(framed, (weights / weights.sum()).astype(np.float32))


@compiled
def _blurred(
    framed: npt.NDArray[np.float32], weights: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Blur along rows, then along columns; loops over columns inside, for they vectorise."""
    reach = len(weights) - 1
    height, width = framed.shape[0] - reach, framed.shape[1] - reach
    along_rows = np.zeros((framed.shape[0], width), np.float32)
    for row in range(framed.shape[0]):
        for place in range(len(weights)):
            for column in range(width):
                along_rows[row, column] += weights[place] * framed[row, column + place]
    blurred = np.zeros((height, width), np.float32)
    for row in range(height):
        for place in range(len(weights)):
            for column in range(width):
                blurred[row, column] += weights[place] * along_rows[row + place, column]
    return blurred
