"""Intensities: what every model sees, whatever camera took the image."""

import numpy as np

from workbench.schema import FloatImage, ImageArray, InputError


def normalise_percentiles(
    image: ImageArray, *, low_percent: float = 1.0, high_percent: float = 99.8
) -> FloatImage:
    """Stretch each channel between two of its percentiles to 0 and 1, cutting off beyond.

    The upper default is high on purpose: in a field with few cells the 99th percentile lies in
    the camera noise, and stretching by it turns noise into cells.

    Parameters
    ----------
    image
        Shape (height, width, channels), any numeric type.
    low_percent, high_percent
        Percentiles that become 0 and 1.

    Returns
    -------
    ndarray of float32
        Same shape, values in [0, 1]; a constant channel becomes 0.

    Examples
    --------
    >>> normalise_percentiles(np.array([[[10], [20]], [[20], [30]]]), low_percent=0,
    ...                       high_percent=100)[..., 0]
    array([[0. , 0.5],
           [0.5, 1. ]], dtype=float32)
    """
    values = image.astype(np.float32)
    low, high = np.percentile(values, (low_percent, high_percent), axis=(0, 1))
    span = np.where(high > low, high - low, np.inf)
    stretched: FloatImage = np.clip((values - low) / span, 0, 1).astype(np.float32)
    return stretched


def to_three_channels(image: FloatImage) -> FloatImage:
    """Give a network the three channels it expects.

    Parameters
    ----------
    image
        Shape (height, width, channels), one to three channels.

    Returns
    -------
    ndarray
        Shape (height, width, 3): grey is repeated, a missing third channel is 0.

    Raises
    ------
    InputError
        For more than three channels.

    Examples
    --------
    >>> to_three_channels(np.ones((4, 6, 1), np.float32)).shape
    (4, 6, 3)
    """
    channels = image.shape[2]
    if channels == 1:
        return np.repeat(image, 3, axis=2)
    if channels > 3:
        msg = (
            f"networks here take one to three channels, got {channels}; save the channels to "
            "use (for example nuclei and membrane) as an image of their own."
        )
        raise InputError(msg)
    return np.pad(image, ((0, 0), (0, 0), (0, 3 - channels)))


def to_grey(image: FloatImage) -> FloatImage:
    """Return the mean over channels, shape (height, width).

    Examples
    --------
    >>> to_grey(np.ones((4, 6, 3), np.float32)).shape
    (4, 6)
    """
    grey: FloatImage = image.mean(axis=2, dtype=np.float32)
    return grey
