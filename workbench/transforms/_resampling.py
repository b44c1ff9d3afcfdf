"""Resampling: the same field of view with pixels of another size."""

from dataclasses import dataclass

import numpy as np

from workbench.schema import FloatImage, ImageArray, InputError, LabelImage


@dataclass(frozen=True, eq=False)
class ResampledLabels:
    """Labels with pixels of another size.

    Attributes
    ----------
    labels
        Same type and ids as before.
    vanished
        Ids of cells that no pixel is left of, ascending.
    """

    labels: LabelImage
    vanished: tuple[int, ...]


def resampled_size(size_px: tuple[int, int], *, from_um: float, to_um: float) -> tuple[int, int]:
    """Return height and width after resampling: the nearest whole number, at least 1.

    Finer pixels and back again give the first size; coarser ones need not, and the way back must
    be told the size it leads to.

    Parameters
    ----------
    size_px
        Height and width.
    from_um, to_um
        Side of a pixel before and after.

    Raises
    ------
    InputError
        If a pixel size is not a positive number.

    Examples
    --------
    >>> resampled_size((100, 75), from_um=0.5, to_um=1)
    (50, 38)
    """
    for size_um in (from_um, to_um):
        if not (np.isfinite(size_um) and size_um > 0):
            msg = f"a pixel size is a positive number of micrometres, got {size_um}."
            raise InputError(msg)
    # Halves are rounded up, so that a row and a column of one length never part.
    height, width = (max(1, int(np.floor(n * from_um / to_um + 0.5))) for n in size_px)
    return height, width


def resample_image(
    image: ImageArray, *, from_um: float, to_um: float, size_px: tuple[int, int] | None = None
) -> FloatImage:
    """Give an image pixels of another size.

    Intensities are interpolated linearly. Before it shrinks, an image is blurred by a Gaussian
    with a standard deviation of (shrinkage - 1) / 2 pixels, so that what is finer than the new
    pixels does not turn into patterns (scikit-image's rule).

    Parameters
    ----------
    image
        Shape (height, width, channels), any numeric type.
    from_um, to_um
        Side of a pixel before and after.
    size_px
        Height and width of the result where they are known, as on the way back; by default those
        of :func:`resampled_size`.

    Returns
    -------
    ndarray of float32
        Values in the image's own range; equal to the image if its size does not change.

    Raises
    ------
    InputError
        If a pixel size is not a positive number.

    Examples
    --------
    >>> resample_image(np.ones((100, 75, 3), np.uint8), from_um=0.5, to_um=1).shape
    (50, 38, 3)
    """
    from skimage.transform import resize

    before = image.shape[:2]
    after = size_px or resampled_size(before, from_um=from_um, to_um=to_um)
    values = image.astype(np.float32)
    if after == before:
        return values
    shrinks = after[0] < before[0] or after[1] < before[1]
    resized = resize(
        values, after, order=1, mode="symmetric", anti_aliasing=shrinks, preserve_range=True
    )
    return np.asarray(resized, dtype=np.float32)


def resample_labels(
    labels: LabelImage, *, from_um: float, to_um: float, size_px: tuple[int, int] | None = None
) -> ResampledLabels:
    """Give a label image pixels of another size.

    Each new pixel takes the label at its centre, so ids stay and no cell grows at the cost of
    another. A cell that has a square of ``to_um / from_um`` pixels, rounded up, somewhere inside
    stays for certain; smaller or thinner ones may fall between the new centres and are named.

    Parameters
    ----------
    labels
        Shape (height, width).
    from_um, to_um, size_px
        See :func:`resample_image`.

    Returns
    -------
    ResampledLabels
        Labels in register with :func:`resample_image`, and the cells that vanished.

    Raises
    ------
    InputError
        If a pixel size is not a positive number.

    Examples
    --------
    >>> result = resample_labels(np.array([[7, 7, 8, 0], [7, 7, 0, 9]]), from_um=1, to_um=2)
    >>> result.labels, result.vanished
    (array([[7, 9]]), (8,))
    """
    before = labels.shape
    after = size_px or resampled_size((before[0], before[1]), from_um=from_um, to_um=to_um)
    # The centre of new pixel i lies at (i + 1/2) * before / after, in whole numbers.
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new) for old, new in zip(before, after, strict=True)
    )
    resampled = labels[np.ix_(rows, columns)]
    vanished = np.setdiff1d(labels, np.append(resampled, 0))
    return ResampledLabels(resampled, tuple(vanished.tolist()))
