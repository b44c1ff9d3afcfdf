"""Cells cut out of an image, all of one size, to lay side by side or into a table."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from workbench.schema import FloatImage, ImageArray, InputError, LabelImage
from workbench.transforms._intensity import normalise_percentiles, to_grey


def cell_crops(
    image: ImageArray, labels: LabelImage, *, size_px: int = 32
) -> npt.NDArray[np.float32]:
    """Cut a square around the centroid of every cell, from the grey image stretched to 0 and 1.

    The whole image is stretched at once (:func:`normalise_percentiles`), so that a bright and a
    dim cell of one image still differ; neighbours that reach into the square are kept.

    Parameters
    ----------
    image
        Shape (height, width, channels), any numeric type; channels are averaged.
    labels
        Shape (height, width).
    size_px
        Side of the squares. What lies beyond the image is its reflection at the border.

    Returns
    -------
    ndarray of float32
        Shape (n, size_px, size_px), by cell id; pixel ``size_px // 2`` of either axis is the one
        nearest to the centroid. n is 0 without cells.

    Raises
    ------
    InputError
        If image and labels differ in size, or ``size_px`` is below 1.

    Examples
    --------
    >>> labels = np.zeros((40, 40), int)
    >>> labels[10:14, 10:14], labels[30:34, 20:24] = 1, 2
    >>> cell_crops(labels[..., np.newaxis] > 0, labels, size_px=8).shape
    (2, 8, 8)
    """
    if image.shape[:2] != labels.shape:
        msg = (
            f"image and labels must be of one size, got {image.shape[:2]} and {labels.shape}; "
            "are they of the same field?"
        )
        raise InputError(msg)
    if size_px < 1:
        msg = f"size_px must be at least 1, got {size_px}; 32 holds most nuclei."
        raise InputError(msg)
    grey = to_grey(normalise_percentiles(image))
    ids = np.unique(labels[labels > 0])
    if not len(ids):
        return np.empty((0, size_px, size_px), np.float32)
    centroids = np.array(ndimage.center_of_mass(labels > 0, labels, ids))
    corners = np.floor(centroids + 0.5).astype(int)
    return _squares(grey, corners, size_px)


def _squares(
    grey: FloatImage, centres: npt.NDArray[np.int_], size_px: int
) -> npt.NDArray[np.float32]:
    padded = np.pad(grey, size_px, mode="symmetric")
    first = centres + size_px - size_px // 2
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size_px, size_px))
    squares: npt.NDArray[np.float32] = windows[first[:, 0], first[:, 1]]
    return squares
