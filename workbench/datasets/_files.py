"""Image files to arrays: TIFF, PNG, JPEG, BMP, NPY and OME-Zarr; grey, colour, channels."""

from pathlib import Path
from typing import Final

import numpy as np

from workbench.datasets._image_axes import arranged, plane_selection, settled
from workbench.datasets._image_decoders import IMAGE_SUFFIXES, open_image
from workbench.datasets._image_values import WHOLE_FILE, ImageChoice, ImageInfo, ImageRead
from workbench.schema import ImageArray, InputError, LabelImage

LABEL_SUFFIXES: Final = (".tif", ".tiff", ".png", ".npy")
MAX_LABEL: Final = np.iinfo(np.uint32).max


def describe_image(path: Path, choice: ImageChoice = WHOLE_FILE) -> ImageInfo:
    """Return what an image file says of itself; pixels are read only where the format needs it.

    Parameters
    ----------
    path
        As for :func:`read_image`.
    choice
        Its ``axes`` are taken over; the rest is not looked at.

    Raises
    ------
    InputError
        If the file is missing or can't be decoded.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> path = Path(tempfile.mkdtemp()) / "cells.ome.tif"
    >>> tifffile.imwrite(path, np.zeros((2, 4, 6), np.uint16), metadata={"axes": "CYX"})
    >>> describe_image(path).axes, describe_image(path).axes_from
    ('CYX', 'OME-XML')
    """
    with open_image(path) as opened:
        return settled(opened.info, choice)


def read_image(path: Path, choice: ImageChoice = WHOLE_FILE) -> ImageArray:
    """Read a microscopy image.

    Parameters
    ----------
    path
        A .tif, .tiff, .png, .jpg, .jpeg, .bmp or .npy file, or an OME-Zarr folder ending in .zarr.
    choice
        Which axes, planes and channels; needed where the file holds more than one image or
        doesn't say what its axes are.

    Returns
    -------
    ndarray
        Shape (height, width, channels), grey having one channel; uint8, uint16 or float32. An
        alpha channel is dropped.

    Raises
    ------
    InputError
        If the file is missing, can't be decoded, holds more than the one image chosen, or holds
        NaN.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> path = Path(tempfile.mkdtemp()) / "cells.tif"
    >>> tifffile.imwrite(path, np.zeros((4, 6), np.uint16))
    >>> read_image(path).shape
    (4, 6, 1)
    """
    return read_image_file(path, choice).pixels


def read_image_file(path: Path, choice: ImageChoice = WHOLE_FILE) -> ImageRead:
    """Read a microscopy image with its channel names and pixel size; see :func:`read_image`."""
    with open_image(path) as opened:
        info = settled(opened.info, choice)
        selection = plane_selection(info, choice)
        image = arranged(opened.load(selection), info, choice, selection)
    return ImageRead(
        plain_pixels(image.pixels, name=str(path)), image.channel_names, image.pixel_size_um
    )


def plain_pixels(pixels: ImageArray, *, name: str) -> ImageArray:
    """Return pixels as uint8, uint16 or float32.

    Parameters
    ----------
    pixels
        Any shape, numeric or bool.
    name
        What errors call the image.

    Raises
    ------
    InputError
        If values are not finite.
    """
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8)
    values = pixels.astype(np.float32)
    if not np.isfinite(values).all():
        msg = (
            f"{name}: {np.count_nonzero(~np.isfinite(values))} pixels are NaN or infinite; "
            "replace them before segmenting (a constant such as the background level will do)."
        )
        raise InputError(msg)
    return values


def read_labels(path: Path, choice: ImageChoice = WHOLE_FILE) -> LabelImage:
    """Read a label image: 0 for background, one positive integer per cell.

    Parameters
    ----------
    path
        A .tif, .tiff, .png or .npy file of integers (or of floats without a fractional part), or
        an OME-Zarr folder.
    choice
        What was chosen of the image: of a stack of labels the same plane is read. Its channels
        are not looked at.

    Returns
    -------
    ndarray of uint32
        Shape (height, width). An image without cells is all 0.

    Raises
    ------
    InputError
        If the file is missing, can't be decoded, has several channels, or holds negative or
        fractional numbers or labels above 4,294,967,295; or if the brightest value along an axis
        was chosen, which of labels is no cell.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> path = Path(tempfile.mkdtemp()) / "labels.tif"
    >>> tifffile.imwrite(path, np.array([[0, 70_000]], np.uint32))
    >>> read_labels(path)
    array([[    0, 70000]], dtype=uint32)
    """
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES and suffix not in (*LABEL_SUFFIXES, ".zarr"):
        msg = (
            f"{path}: {suffix} changes the numbers of labels when it is written; save labels as "
            "TIFF or PNG."
        )
        raise InputError(msg)
    with open_image(path) as opened:
        own = _choice_of_labels(opened.info, choice)
        info = settled(opened.info, own)
        selection = plane_selection(info, own)
        pixels = arranged(opened.load(selection), info, own, selection).pixels
    return plain_labels(pixels, name=str(path))


def _choice_of_labels(info: ImageInfo, choice: ImageChoice) -> ImageChoice:
    """Return which plane of a label file belongs to the chosen plane of its image."""
    axes = "".join(axis for axis in choice.axes if axis not in "CS")
    n_long = sum(size > 1 for size in info.shape)
    axes = axes if len(axes) in (n_long, len(info.shape)) else ""
    told = settled(info, ImageChoice(axes))
    planes = tuple((axis, place) for axis, place in choice.planes if axis in told.axes)
    for axis, place in planes:
        if place == "max" and told.shape[told.axes.index(axis)] > 1:
            msg = (
                f"{info.path}: holds labels along {axis}, of which the largest number is no cell; "
                f"choose one plane, {axis}=0 for the first."
            )
            raise InputError(msg)
    return ImageChoice(axes, (), planes)


def plain_labels(pixels: ImageArray, *, name: str) -> LabelImage:
    """Return labels as uint32, shape (height, width).

    Parameters
    ----------
    pixels
        Shape (height, width) or (height, width, 1).
    name
        What errors call the label image.

    Raises
    ------
    InputError
        As :func:`read_labels`.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim != 2:
        msg = (
            f"{name}: expected labels of shape (height, width), got {pixels.shape}; a colour "
            "picture of labels must be saved again as one integer per pixel."
        )
        raise InputError(msg)
    if pixels.dtype.kind == "f" and not np.array_equal(pixels, np.round(pixels)):
        msg = (
            f"{name}: labels must be whole numbers, got fractions such as "
            f"{pixels[pixels != np.round(pixels)][0]:g}; is this a probability map?"
        )
        raise InputError(msg)
    if pixels.size and (pixels.min() < 0 or pixels.max() > MAX_LABEL):
        msg = (
            f"{name}: labels must lie between 0 and {MAX_LABEL:,}, got {pixels.min():,} to "
            f"{pixels.max():,}; number the cells again from 1."
        )
        raise InputError(msg)
    return pixels.astype(np.uint32)
