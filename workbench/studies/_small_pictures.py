"""Small pictures of images and cells, as JPEG, with or without outlines of the labels."""

from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.schema import ImageArray, LabelImage
from workbench.transforms import normalise_percentiles

Pixels = npt.NDArray[np.uint8]

OUTLINE_COLOUR: Final = (0, 214, 143)
CHOSEN_COLOUR: Final = (255, 176, 0)
GROUND: Final = (128, 128, 128)
JPEG_QUALITY: Final = 85
CROP_MARGIN: Final = 1.8
SMALLEST_CROP_PX: Final = 32


def shrunk_picture(image: ImageArray, *, size_px: int) -> Pixels:
    """Shrink an image by area means, then stretch its contrast.

    Parameters
    ----------
    image
        Shape (height, width, channels); of more than three channels the first three are shown.
    size_px
        The longer side of the picture; an image that is smaller keeps its size.

    Returns
    -------
    ndarray of uint8
        Shape (height, width, 3), the image's proportions kept.

    Examples
    --------
    >>> shrunk_picture(np.zeros((40, 80, 1), np.uint8), size_px=20).shape
    (10, 20, 3)
    """
    shape = fitted_shape(image.shape, size_px=min(size_px, max(image.shape[:2])))
    values = image[..., :3].astype(np.float32)
    for axis, (size, wanted) in enumerate(zip(image.shape, shape, strict=False)):
        edges = np.arange(wanted + 1) * size // wanted
        sums = np.add.reduceat(values, edges[:-1], axis=axis)
        values = sums / np.diff(edges).reshape([-1 if a == axis else 1 for a in range(3)])
    return _red_green_blue(normalise_percentiles(values))


def enlarged(pixels: Pixels, *, size_px: int) -> Pixels:
    """Enlarge a picture until its longer side is ``size_px``, bilinearly.

    Examples
    --------
    >>> enlarged(np.zeros((2, 4, 3), np.uint8), size_px=8).shape
    (4, 8, 3)
    """
    values = pixels.astype(np.float32)
    for axis, wanted in enumerate(fitted_shape(pixels.shape, size_px=size_px)):
        last = pixels.shape[axis] - 1
        at = ((np.arange(wanted) + 0.5) * (last + 1) / wanted - 0.5).clip(0, last)
        low = at.astype(int)
        share = (at - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        below, above = values.take(low, axis), values.take(np.minimum(low + 1, last), axis)
        values = below + share * (above - below)
    return values.round().astype(np.uint8)


def with_outlines(
    pixels: Pixels,
    labels: LabelImage,
    *,
    colour: tuple[int, int, int] = OUTLINE_COLOUR,
    finer: int = 1,
) -> Pixels:
    """Draw the border of every cell over a picture of the labelled image.

    Parameters
    ----------
    pixels
        Shape (height, width, 3).
    labels
        Of the same field of view, any size.
    colour
        Red, green and blue from 0 to 255.
    finer
        Lines are two pixels wide on a grid so much finer than the picture: two in a large picture,
        and one, smooth, in a thumbnail at ``finer=2``.
    """
    height, width = pixels.shape[:2]
    rows, columns = (
        ((np.arange(finer * wanted) + 0.5) * size / (finer * wanted)).astype(int)
        for size, wanted in zip(labels.shape, (height, width), strict=True)
    )
    borders = _borders(labels[np.ix_(rows, columns)])
    parts = borders.reshape(height, finer, width, finer, 1)
    share: npt.NDArray[np.float32] = parts.mean(axis=(1, 3), dtype=np.float32)
    return np.rint(pixels + share * (np.array(colour, np.float32) - pixels)).astype(np.uint8)


def crossed_tile(size_px: int) -> Pixels:
    """Return a grey square with a cross, which stands for an image that can't be read.

    Examples
    --------
    >>> crossed_tile(9)[0, 0].max() < crossed_tile(9)[0, 4].min()
    np.True_
    """
    rows, columns = np.ogrid[:size_px, :size_px]
    near = max(1, size_px // 48)
    cross = (abs(rows - columns) < near) | (abs(rows + columns - size_px + 1) < near)
    tile: Pixels = np.where(cross[..., np.newaxis], 70, np.array(GROUND)).astype(np.uint8)
    return tile


def crop_around(
    pixels: Pixels, labels: LabelImage, cell_id: int, *, size_px: int, outlined: bool
) -> Pixels | None:
    """Cut the square around a cell out of a picture.

    Parameters
    ----------
    pixels
        Picture of the whole image at its own size, shape (height, width, 3).
    labels
        Shape (height, width).
    cell_id
        The cell in the middle.
    size_px
        Side of the crop as shown: smaller fields are enlarged, larger ones stay.
    outlined
        Whether to outline the cell, and its neighbours in another colour.

    Returns
    -------
    ndarray of uint8 or None
        Shape (size_px, size_px, 3) or larger, grey beyond the image's border; None if the labels
        do not hold the cell.

    Examples
    --------
    >>> pixels, labels = np.zeros((50, 60, 3), np.uint8), np.zeros((50, 60), int)
    >>> labels[0:4, 0:4] = 7
    >>> crop = crop_around(pixels, labels, 7, size_px=64, outlined=False)
    >>> crop.shape, crop[0, 0].tolist(), crop[32, 32].tolist()
    ((64, 64, 3), [128, 128, 128], [0, 0, 0])
    """
    rows, columns = np.nonzero(labels == cell_id)
    if not len(rows):
        return None
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    side = max(SMALLEST_CROP_PX, int(CROP_MARGIN * longer))
    window = [(at.min() + at.max() + 1 - side) // 2 + np.arange(side) for at in (rows, columns)]
    inside = [(at >= 0) & (at < size) for at, size in zip(window, labels.shape, strict=True)]
    clipped = [at.clip(0, size - 1) for at, size in zip(window, labels.shape, strict=True)]
    beyond = ~(inside[0][:, np.newaxis] & inside[1])
    field, cells = pixels[np.ix_(*clipped)], labels[np.ix_(*clipped)]
    field[beyond], cells[beyond] = GROUND, 0
    shown = enlarged(field, size_px=max(size_px, side))
    if not outlined:
        return shown
    shown = with_outlines(shown, np.where(cells == cell_id, 0, cells))
    return with_outlines(shown, cells == cell_id, colour=CHOSEN_COLOUR)


def as_jpeg(pixels: Pixels) -> bytes:
    """Encode a picture of shape (height, width, 3)."""
    import imagecodecs

    # Colour at full resolution: halved, as is usual, thin outlines turn grey.
    encoded: bytes = imagecodecs.jpeg8_encode(
        np.ascontiguousarray(pixels), level=JPEG_QUALITY, subsampling="444"
    )
    return encoded


def fitted_shape(shape: tuple[int, ...], *, size_px: int) -> tuple[int, int]:
    """Return height and width in proportion, the longer side ``size_px``.

    Examples
    --------
    >>> fitted_shape((300, 600, 3), size_px=100)
    (50, 100)
    """
    scale = size_px / max(shape[:2])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _borders(labels: LabelImage) -> npt.NDArray[np.bool_]:
    """Return the pixels on either side of every change of label."""
    borders = np.zeros(labels.shape, bool)
    for line, along in ((borders, labels), (borders.T, labels.T)):
        changes = along[1:] != along[:-1]
        line[1:] |= changes
        line[:-1] |= changes
    return borders


def _red_green_blue(values: npt.NDArray[np.float32]) -> Pixels:
    stretched: Pixels = (values * 255).round().astype(np.uint8)
    if stretched.shape[2] == 1:
        return np.repeat(stretched, 3, axis=2)
    return np.pad(stretched, ((0, 0), (0, 0), (0, 3 - stretched.shape[2])))
