"""How bright an image is, as one number per pixel, and how bright each cell."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from workbench.metrics._borders import RankImage, cell_ranks
from workbench.metrics._cells import Columns
from workbench.metrics._morphology import label_places
from workbench.metrics._overlap import FloatArray
from workbench.schema import ImageArray, InputError, LabelImage

GreyImage: TypeAlias = npt.NDArray[np.float32]
"""Mean over the channels, shape (height, width)."""


def cell_intensity(image: ImageArray, labels: LabelImage) -> Columns:
    """Measure how bright each cell is, on the mean over the channels.

    Parameters
    ----------
    image
        Shape (height, width, channels), any integer or floating type. For one channel, give
        ``image[..., [k]]``.
    labels
        Label image, shape (height, width); 0 is background.

    Returns
    -------
    dict of str to ndarray
        ``cell_id``, ``intensity_mean`` and ``intensity_sd`` (of all the cell's pixels, so 0 for a
        single one), in the units of the image; one entry per cell in the order of
        :func:`cell_morphology`, empty arrays without cells.

    Raises
    ------
    InputError
        If the shapes do not fit together, the labels are not integers or negative, or the image
        has values that are no numbers.

    Examples
    --------
    >>> image = np.array([[[10], [20], [90]]], np.uint8)
    >>> cell_intensity(image, np.array([[4, 4, 0]]))["intensity_mean"]
    array([15.])
    """
    grey = grey_image(image)
    check_same_size(grey, labels)
    ids = label_places(labels)["cell_id"]
    means, deviations = intensities(grey, cell_ranks(labels, ids), len(ids))
    return {"cell_id": ids, "intensity_mean": means, "intensity_sd": deviations}


def intensities(grey: GreyImage, ranks: RankImage, n_cells: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation over the pixels of each cell."""
    places = np.flatnonzero(ranks)
    owners = ranks.ravel()[places] - 1
    values = grey.ravel()[places].astype(np.float64)
    areas = np.bincount(owners, minlength=n_cells)
    means: FloatArray = np.bincount(owners, values, minlength=n_cells) / areas
    squares = np.bincount(owners, (values - means[owners]) ** 2, minlength=n_cells)
    return means, np.sqrt(squares / areas)


def grey_image(image: ImageArray) -> GreyImage:
    """Return the mean over the channels.

    Raises :class:`~workbench.schema.InputError` if this is no image.
    """
    if image.ndim != 3 or not image.size:
        msg = (
            f"an image needs the shape (height, width, channels), got {image.shape}; add an axis "
            "to a grey one with image[..., None]."
        )
        raise InputError(msg)
    if image.dtype.kind not in "uif":
        msg = f"an image needs integers or floating numbers, got {image.dtype}; convert it first."
        raise InputError(msg)
    # Channel by channel, which is faster than along the last axis.
    grey: GreyImage = image[..., 0].astype(np.float32)
    for channel in range(1, image.shape[2]):
        grey += image[..., channel]
    grey /= np.float32(image.shape[2])
    if not np.isfinite(grey).all():
        msg = "the image has NaN or infinite values; replace them, for example with np.nan_to_num."
        raise InputError(msg)
    return grey


def check_same_size(grey: GreyImage, labels: LabelImage) -> None:
    """Raise :class:`~workbench.schema.InputError` unless labels and image have the same size."""
    if labels.shape != grey.shape:
        msg = (
            f"the labels need the image's height and width {grey.shape}, got {labels.shape}; give "
            "the labels of this image, uncropped."
        )
        raise InputError(msg)
