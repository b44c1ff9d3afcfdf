"""Image files to arrays: TIFF and PNG, grey and colour, 8 and 16 bit and float."""

from pathlib import Path
from typing import Any, Final

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile

from workbench.schema import ImageArray, InputError, LabelImage

IMAGE_SUFFIXES: Final = (".tif", ".tiff", ".png")
MAX_LABEL: Final = np.iinfo(np.uint32).max
MAX_CHANNELS: Final = 16


def read_image(path: Path) -> ImageArray:
    """Read a microscopy image.

    Parameters
    ----------
    path
        A TIFF or PNG file with one two-dimensional image, grey or with channels.

    Returns
    -------
    ndarray
        Shape (height, width, channels), grey having one channel; uint8, uint16 or float32. An
        alpha channel is dropped.

    Raises
    ------
    InputError
        If the file is missing, can't be decoded, isn't one two-dimensional image, or holds NaN.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> path = Path(tempfile.mkdtemp()) / "cells.tif"
    >>> tifffile.imwrite(path, np.zeros((4, 6), np.uint16))
    >>> read_image(path).shape
    (4, 6, 1)
    """
    pixels, has_alpha = _decode(path)
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    if has_alpha:
        pixels = pixels[..., :-1]
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8)
    values = pixels.astype(np.float32)
    if not np.isfinite(values).all():
        msg = (
            f"{path}: {np.count_nonzero(~np.isfinite(values))} pixels are NaN or infinite; "
            "replace them before segmenting (a constant such as the background level will do)."
        )
        raise InputError(msg)
    return values


def read_labels(path: Path) -> LabelImage:
    """Read a label image: 0 for background, one positive integer per cell.

    Parameters
    ----------
    path
        A TIFF or PNG file of integers (or of floats without a fractional part).

    Returns
    -------
    ndarray of uint32
        Shape (height, width). An image without cells is all 0.

    Raises
    ------
    InputError
        If the file is missing, can't be decoded, has several channels, or holds negative or
        fractional numbers or labels above 4,294,967,295.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> path = Path(tempfile.mkdtemp()) / "labels.tif"
    >>> tifffile.imwrite(path, np.array([[0, 70_000]], np.uint32))
    >>> read_labels(path)
    array([[    0, 70000]], dtype=uint32)
    """
    pixels, _ = _decode(path)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim != 2:
        msg = (
            f"{path}: expected labels of shape (height, width), got {pixels.shape}; a colour "
            "picture of labels must be saved again as one integer per pixel."
        )
        raise InputError(msg)
    if pixels.dtype.kind == "f" and not np.array_equal(pixels, np.round(pixels)):
        msg = (
            f"{path}: labels must be whole numbers, got fractions such as "
            f"{pixels[pixels != np.round(pixels)][0]:g}; is this a probability map?"
        )
        raise InputError(msg)
    if pixels.size and (pixels.min() < 0 or pixels.max() > MAX_LABEL):
        msg = (
            f"{path}: labels must lie between 0 and {MAX_LABEL:,}, got {pixels.min():,} to "
            f"{pixels.max():,}; number the cells again from 1."
        )
        raise InputError(msg)
    return pixels.astype(np.uint32)


def _decode(path: Path) -> tuple[npt.NDArray[Any], bool]:
    """Return pixels of shape (height, width) or (height, width, channels), and "last is alpha"."""
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        expected = ", ".join(IMAGE_SUFFIXES)
        msg = f"{path}: expected a file ending in {expected}; convert it to TIFF or PNG."
        raise InputError(msg)
    if not path.is_file():
        msg = f"{path}: no such file; check the manifest's path, or restore the file."
        raise InputError(msg)
    decode = _decode_png if path.suffix.lower() == ".png" else _decode_tiff
    try:
        pixels, has_alpha = decode(path)
    except InputError:
        raise
    except MemoryError:
        msg = f"{path}: the image does not fit into memory; cut it into tiles first."
        raise InputError(msg) from None
    except Exception as error:
        # Decoders fail in many types (struct.error, IndexError, ImcdError, ...): whatever it
        # is, the file is at fault and the user needs its name.
        msg = (
            f"{path}: can't be read as {'PNG' if decode is _decode_png else 'TIFF'} "
            f"({type(error).__name__}: {error}); the file is corrupt or cut short, export or copy "
            "it again."
        )
        raise InputError(msg) from error
    if 0 in pixels.shape:
        msg = f"{path}: the image is empty, its shape is {pixels.shape}; export it again."
        raise InputError(msg)
    if pixels.dtype.kind not in "buif":
        msg = f"{path}: pixels of type {pixels.dtype} are not supported; save as uint8 or uint16."
        raise InputError(msg)
    return pixels, has_alpha


def _decode_png(path: Path) -> tuple[npt.NDArray[Any], bool]:
    pixels = np.asarray(imagecodecs.png_decode(path.read_bytes()))
    return pixels, pixels.ndim == 3 and pixels.shape[2] in (2, 4)


def _decode_tiff(path: Path) -> tuple[npt.NDArray[Any], bool]:
    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        axes, shape = series.axes, series.shape
        has_alpha = len(tiff.pages) == 1 and bool(tiff.pages.first.extrasamples)
        pixels = series.asarray()
    kept = [i for i, size in enumerate(shape) if size > 1 or axes[i] in "YX"]
    axes = "".join(axes[i] for i in kept)
    pixels = pixels.reshape([shape[i] for i in kept])
    if axes in ("SYX", "CYX"):
        pixels, axes = np.moveaxis(pixels, 0, -1), "YXS"
    if axes not in ("YX", "YXS", "YXC") or (pixels.ndim == 3 and pixels.shape[2] > MAX_CHANNELS):
        msg = (
            f"{path}: expected one image with axes YX (grey) or YXS / CYX (channels), got "
            f"{series.axes} of shape {shape}; save each plane or time point as a file of its own."
        )
        raise InputError(msg)
    return pixels, has_alpha
