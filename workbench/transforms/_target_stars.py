"""How far a cell reaches from each of its pixels, in 32 directions."""

from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage, LabelImage
from workbench.transforms._compiled import compiled

N_RAYS: Final = 32


def ray_directions() -> npt.NDArray[np.float64]:
    """Return unit vectors (row, column) of the rays, shape (32, 2).

    The first points along the row to the right, the next ones turn towards rising rows, as
    StarDist counts them.

    Examples
    --------
    >>> ray_directions()[[0, 8, 16]].round()
    array([[ 0.,  1.],
           [ 1.,  0.],
           [ 0., -1.]])
    """
    angles = 2 * np.pi * np.arange(N_RAYS) / N_RAYS
    return np.stack([np.sin(angles), np.cos(angles)], axis=1)


def star_target(labels: LabelImage) -> FloatImage:
    """Return how far its cell reaches from each pixel, in pixels.

    A ray runs from pixel to pixel, one row or one column further each time, whichever it crosses
    faster, and ends half a step before the first pixel that is not of its cell. StarDist walks in
    steps of length 1 instead, which gives the same to within a pixel [1]_.

    Parameters
    ----------
    labels
        Label image, shape (height, width).

    Returns
    -------
    ndarray of float32
        Shape (height, width, 32); 0 outside cells. Rays end at the edge of the image.

    References
    ----------
    .. [1] U. Schmidt, M. Weigert, C. Broaddus and G. Myers, MICCAI 2018.

    Examples
    --------
    >>> star_target(np.array([[0, 1, 1, 1, 0]]))[0, :, [0, 16]].T
    array([[0. , 0. ],
           [2.5, 0.5],
           [1.5, 1.5],
           [0.5, 2.5],
           [0. , 0. ]], dtype=float32)
    """
    height, width = labels.shape
    directions = ray_directions()
    steps = directions / np.abs(directions).max(axis=1, keepdims=True)
    # Rounded, so that rays that are turned into each other have the same length to the last bit.
    lengths = np.hypot(*steps.T).round(6).astype(np.float32)
    # Around the image lies a frame of background: no ray leaves it.
    framed = np.pad(np.ascontiguousarray(labels, np.int32), 1)
    reach = np.arange(max(height, width) + 1)[:, np.newaxis]
    rows, columns = ((reach * steps[:, axis]).round().astype(np.int64).T for axis in (0, 1))
    offsets = np.ascontiguousarray(rows * framed.shape[1] + columns)
    return _cast(framed, offsets, lengths)


@compiled
def _cast(
    framed: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    height, width = framed.shape[0] - 2, framed.shape[1] - 2
    flat = framed.ravel()
    n_rays = len(lengths)
    result = np.zeros((height, width, n_rays), np.float32)
    for row in range(height):
        for column in range(width):
            place = (row + 1) * (width + 2) + column + 1
            label = flat[place]
            if label <= 0:
                continue
            for ray in range(n_rays):
                step = 1
                while flat[place + offsets[ray, step]] == label:
                    step += 1
                result[row, column, ray] = (step - np.float32(0.5)) * lengths[ray]
    return result
