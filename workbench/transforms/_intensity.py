"""Intensities: what every model sees, whatever camera took the image."""

from typing import Final, Literal, TypeAlias

import numpy as np

from workbench.schema import FloatImage, ImageArray, InputError

STRIP_PX: Final = 512

EqualiseBy: TypeAlias = Literal["channel", "luminance"]
"""Each channel on its own, or the luminance of a colour image with its colours kept."""


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

    Notes
    -----
    Published works take 1 and 99 or 0.1 and 99.9 and leave what lies beyond above 1. Here it is
    always cut off: a speck ten times as bright as every cell would otherwise take the range that
    equalisation, stored integers and augmentation have for the cells.

    Examples
    --------
    >>> normalise_percentiles(np.array([[[10], [20]], [[20], [30]]]), low_percent=0,
    ...                       high_percent=100)[..., 0]
    array([[0. , 0.5],
           [0.5, 1. ]], dtype=float32)
    """
    stretched = np.empty(image.shape, np.float32)
    for channel in range(image.shape[2]):
        plane = image[..., channel].astype(np.float32)
        low, high = np.percentile(plane, (low_percent, high_percent), overwrite_input=True)
        span = high - low if high > low else np.inf
        # In strips, so that an image of 10,000 x 10,000 pixels is never held in double precision.
        for start in range(0, len(image), STRIP_PX):
            rows = slice(start, start + STRIP_PX)
            values = image[rows, :, channel].astype(np.float32)
            stretched[rows, :, channel] = np.clip((values - low) / span, 0, 1)
    return stretched


def to_unit_range(image: ImageArray) -> FloatImage:
    """Take an image that is normalised already as numbers from 0 to 1.

    Parameters
    ----------
    image
        Shape (height, width, channels): floats from 0 to 1, or unsigned integers, of which the
        largest that their type can hold becomes 1.

    Returns
    -------
    ndarray of float32
        Same shape.

    Raises
    ------
    InputError
        If floats lie outside 0 to 1.

    Examples
    --------
    >>> to_unit_range(np.array([[[0], [255]]], np.uint8))[..., 0]
    array([[0., 1.]], dtype=float32)
    """
    if image.dtype.kind == "u":
        return (image / np.float32(np.iinfo(image.dtype).max)).astype(np.float32)
    values = image.astype(np.float32)
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        msg = (
            "an image that is taken as normalised holds uint8, uint16 or numbers from 0 to 1, got "
            f"{values.min():g} to {values.max():g}; normalise it (normalise: true)."
        )
        raise InputError(msg)
    return values


def equalise_adaptive(
    image: FloatImage,
    *,
    by: EqualiseBy = "channel",
    tile_px: int = 128,
    clip_limit: float = 0.01,
) -> FloatImage:
    """Even out contrast place by place: contrast-limited adaptive histogram equalisation.

    Parameters
    ----------
    image
        Normalised, shape (height, width, channels), values in [0, 1].
    by
        "channel" equalises each on its own, as stains in channels of their own need it;
        "luminance" equalises the lightness L* of a colour image and leaves its hues, as
        transmitted light through stained tissue needs it. The one channel of a grey image is its
        luminance.
    tile_px
        Side of the square regions within which histograms are taken. It is in pixels, not a share
        of the image, so that a cell looks alike in a small and in a large image; an image smaller
        than a tile is mirrored up to one.
    clip_limit
        Share of a tile's pixels that one of 256 grey levels may have at most; what is above is
        spread over all levels. Higher gives more contrast, and more noise.

    Returns
    -------
    ndarray of float32
        Same shape, values in [0, 1]; a constant channel stays what it was.

    Raises
    ------
    InputError
        For the luminance of an image with two or more than three channels.

    Notes
    -----
    CLAHE [1]_ as scikit-image computes it.

    References
    ----------
    .. [1] K. Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV,
       474-485, 1994.

    Examples
    --------
    >>> dim = np.linspace(0, 0.2, 32 * 32, dtype=np.float32).reshape(32, 32, 1)
    >>> bool(np.ptp(equalise_adaptive(dim)) > 0.9)
    True
    """
    channels = image.shape[2]
    if by == "luminance" and channels != 1:
        if channels != 3:
            msg = (
                f"only images with one or three channels have a luminance, got {channels} "
                "channels; equalise by channel."
            )
            raise InputError(msg)
        return _equalise_luminance(image, tile_px, clip_limit)
    planes = [_equalise_plane(image[..., c], tile_px, clip_limit) for c in range(channels)]
    return np.stack(planes, axis=2)


def _equalise_luminance(image: FloatImage, tile_px: int, clip_limit: float) -> FloatImage:
    from skimage.color import lab2rgb, rgb2lab

    lab = rgb2lab(image)
    lab[..., 0] = 100 * _equalise_plane(lab[..., 0] / 100, tile_px, clip_limit)
    return np.asarray(lab2rgb(lab).clip(0, 1), dtype=np.float32)


def _equalise_plane(plane: FloatImage, tile_px: int, clip_limit: float) -> FloatImage:
    from skimage.exposure import equalize_adapthist

    if plane.size == 0 or plane.min() == plane.max():
        return plane.astype(np.float32)  # scikit-image would turn it white
    equal = equalize_adapthist(np.clip(plane, 0, 1), kernel_size=tile_px, clip_limit=clip_limit)
    return np.asarray(equal, dtype=np.float32)


def to_three_channels(image: FloatImage) -> FloatImage:
    """Give a network the three channels it expects.

    Parameters
    ----------
    image
        Shape (height, width, channels), one to three channels.

    Returns
    -------
    ndarray
        Shape (height, width, 3): grey is repeated, a missing third channel is 0. An image that has
        three is returned itself.

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
    if channels == 3:
        return image
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
