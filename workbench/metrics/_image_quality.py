"""How good an image is to segment: brightness, clipping, focus, noise, contrast of its cells."""

from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np

from workbench.metrics._intensities import GreyImage, check_same_size, grey_image
from workbench.schema import ImageArray, LabelImage

PERCENTILES: Final = (0.1, 1, 50, 99, 99.9)
# Camera noise is finer than what an objective can resolve, so a little blur parts them.
FOCUS_BLUR_PX: Final = 1.0


@dataclass(frozen=True)
class ImageQuality:
    """Numbers on one image; intensities in its own units, on the mean over its channels.

    Attributes
    ----------
    intensity_p0_1, intensity_p1, intensity_p50, intensity_p99, intensity_p99_9
        Percentiles; 0.1 and 99.9 instead of minimum and maximum, which single pixels decide.
    intensity_mean, intensity_sd
        Mean and standard deviation over the pixels.
    saturated_fraction
        Share of pixels that have a channel at the largest value of the image's type; NaN for
        floating types, which have none.
    at_maximum_fraction
        Share of pixels that have a channel at the largest value of the image. More than a few
        pixels tell of clipping below the type's limit, as with 12-bit data in 16 bits. 1 for an
        image of one value.
    dark_fraction
        Share of pixels that are 0 or less in all channels.
    focus
        Variance of the Laplacian [1]_ over variance, both after a blur of 1 px. Falls as an image
        gets blurred; brightness and contrast do not change it. Compare images of the same kind of
        cells and magnification; noise alone has high focus, so look at
        ``dynamic_range_to_noise`` too. NaN for an image of one value, or with a side below 3.
    noise_sd
        Standard deviation of the noise [2]_. Fine structure counts as noise, so in a sharp picture
        of a fine texture it is too high; noise that is the same in neighbouring pixels, as after
        JPEG compression or resizing, is missed. NaN with a side below 3.
    dynamic_range_to_noise
        Percentile 99.9 minus percentile 0.1, over ``noise_sd``: 6.2 for Gaussian noise alone, so an
        image near 6 shows nothing. NaN without noise.
    signal_to_noise
        Mean inside cells minus mean outside, over ``noise_sd``; negative where cells are darker.
        NaN without labels, cells, background or noise.
    contrast
        The same difference over the standard deviation outside the cells, so that background which
        varies counts against it. NaN without labels, cells or background, or where all of it has
        one value.
    """

    intensity_p0_1: float
    intensity_p1: float
    intensity_p50: float
    intensity_p99: float
    intensity_p99_9: float
    intensity_mean: float
    intensity_sd: float
    saturated_fraction: float
    at_maximum_fraction: float
    dark_fraction: float
    focus: float
    noise_sd: float
    dynamic_range_to_noise: float
    signal_to_noise: float
    contrast: float


def image_quality(image: ImageArray, labels: LabelImage | None = None) -> ImageQuality:
    """Measure brightness, clipping, focus, noise and, with labels, the contrast of the cells.

    Parameters
    ----------
    image
        Shape (height, width, channels), any integer or floating type. All is measured on the mean
        over the channels, but for clipping, which is looked for in each. For one channel, give
        ``image[..., [k]]``.
    labels
        Label image, shape (height, width), 0 for background; of the same image.

    Returns
    -------
    ImageQuality
        Its docstring defines each number, and says when one is NaN.

    Raises
    ------
    InputError
        If the shapes do not fit together, or the image has values that are no numbers.

    Notes
    -----
    Focus is LAPV of [1]_, made independent of contrast by dividing by the variance: the mean fourth
    power of spatial frequency, weighted by the power spectrum. Noise is [2]_: the mean absolute
    response to a filter that straight edges and gradients leave alone.

    References
    ----------
    .. [1] S. Pertuz, D. Puig and M. A. Garcia, Pattern Recognit. 46:1415, 2013, after J. L.
       Pech-Pacheco et al., Int. Conf. Pattern Recognit. 3:314, 2000.
    .. [2] J. Immerkaer, Comput. Vis. Image Underst. 64:300, 1996.

    Examples
    --------
    >>> image = np.random.default_rng(0).normal(100, 5, (64, 64, 1)).round().astype(np.uint8)
    >>> image[20:40, 20:40] += 50
    >>> labels = np.zeros((64, 64), int)
    >>> labels[20:40, 20:40] = 1
    >>> quality = image_quality(image, labels)
    >>> round(quality.noise_sd, 1), round(quality.contrast), quality.saturated_fraction
    (5.1, 10, 0.0)
    """
    grey = grey_image(image)
    p0_1, p1, p50, p99, p99_9 = (float(value) for value in np.percentile(grey, PERCENTILES))
    noise = _noise_sd(grey)
    # Of each pixel, its brightest channel; channel by channel is faster than along the last axis.
    brightest = reduce(np.maximum, np.moveaxis(image, 2, 0))
    limit = None if image.dtype.kind == "f" else np.iinfo(image.dtype).max
    difference, outside_sd = _cells_against_background(grey, labels)
    return ImageQuality(
        intensity_p0_1=p0_1,
        intensity_p1=p1,
        intensity_p50=p50,
        intensity_p99=p99,
        intensity_p99_9=p99_9,
        intensity_mean=float(grey.mean(dtype=np.float64)),
        intensity_sd=float(grey.std(dtype=np.float64)),
        saturated_fraction=np.nan if limit is None else float((brightest == limit).mean()),
        at_maximum_fraction=float((brightest == brightest.max()).mean()),
        dark_fraction=float((brightest <= 0).mean()),
        focus=_focus(grey),
        noise_sd=noise,
        dynamic_range_to_noise=_over(p99_9 - p0_1, noise),
        signal_to_noise=_over(difference, noise),
        contrast=_over(difference, outside_sd),
    )


def _focus(grey: GreyImage) -> float:
    """Return the variance of the Laplacian over that of the image, both after a little blur."""
    from scipy.ndimage import gaussian_filter

    if min(grey.shape) < 3:
        return float("nan")
    # Around 0, where floating numbers are densest.
    blurred = gaussian_filter(grey - grey.mean(), FOCUS_BLUR_PX)
    laplacian = blurred[:-2, 1:-1] + blurred[2:, 1:-1]
    laplacian += blurred[1:-1, :-2]
    laplacian += blurred[1:-1, 2:]
    laplacian -= 4 * blurred[1:-1, 1:-1]
    return _over(float(laplacian.var(dtype=np.float64)), float(blurred.var(dtype=np.float64)))


def _noise_sd(grey: GreyImage) -> float:
    if min(grey.shape) < 3:
        return float("nan")
    response = np.diff(np.diff(grey, n=2, axis=0), n=2, axis=1)
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(response, out=response).mean(dtype=np.float64))


def _cells_against_background(grey: GreyImage, labels: LabelImage | None) -> tuple[float, float]:
    """Return mean inside minus mean outside, and the standard deviation outside."""
    if labels is None:
        return float("nan"), float("nan")
    check_same_size(grey, labels)
    is_cell = labels > 0
    if is_cell.all() or not is_cell.any():
        return float("nan"), float("nan")
    inside, outside = grey[is_cell], grey[~is_cell]
    difference = inside.mean(dtype=np.float64) - outside.mean(dtype=np.float64)
    return float(difference), float(outside.std(dtype=np.float64))


def _over(value: float, divisor: float) -> float:
    """Return the quotient, NaN if the divisor is 0 or NaN."""
    return value / divisor if divisor > 0 else float("nan")
