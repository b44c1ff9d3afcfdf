"""Labels to training targets."""

from typing import Final

import numpy as np
import numpy.typing as npt
import scipy

from workbench.schema import LabelImage

BACKGROUND: Final = 0
INTERIOR: Final = 1
BOUNDARY: Final = 2


def three_class_target(labels: LabelImage) -> npt.NDArray[np.uint8]:
    """Class of each pixel: background 0, interior 1, boundary 2.

    The boundary is the outermost ring of each cell, one pixel wide (8-neighbourhood), so cells
    that touch are kept apart by two pixels of it.

    Parameters
    ----------
    labels
        Label image, shape (height, width).

    Returns
    -------
    ndarray of uint8
        Same shape; all 0 without cells. The edge of the image is not a boundary.

    Examples
    --------
    >>> three_class_target(np.pad(np.ones((3, 3), int), 1))
    array([[0, 0, 0, 0, 0],
           [0, 2, 2, 2, 0],
           [0, 2, 1, 2, 0],
           [0, 2, 2, 2, 0],
           [0, 0, 0, 0, 0]], dtype=uint8)
    """
    highest = scipy.ndimage.maximum_filter(labels, size=3, mode="nearest")
    lowest = scipy.ndimage.minimum_filter(labels, size=3, mode="nearest")
    target = np.where(labels > 0, INTERIOR, BACKGROUND).astype(np.uint8)
    target[(labels > 0) & (highest != lowest)] = BOUNDARY
    return target
