"""What readers of images share: what a file says of itself, which part of it to read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from workbench.schema import ImageArray, InputError

AXES: Final = {
    "T": "time points",
    "Z": "focal planes",
    "C": "channels",
    "Y": "rows",
    "X": "columns",
    "S": "samples of a colour",
}
"""Axes of image files by their usual letters; any other letter says that nobody told."""


@dataclass(frozen=True)
class ImageInfo:
    """What an image file says of itself, without its pixels.

    Attributes
    ----------
    path
        The file.
    axes
        One letter for each axis in the order of the file, see :data:`AXES`. "Q" and "I" stand for
        axes of which the file doesn't say what they are.
    axes_from
        Where the axes were read: "OME-XML", "ImageJ", "TIFF tags", "OME-Zarr", "PNG", "given", ...
    shape
        Length of each axis.
    dtype
        Type of the pixels.
    channel_names
        As far as the file names them, in its order; else empty.
    pixel_size_um
        Distance between the centres of neighbouring pixels in micrometres; NaN if the file
        doesn't say it (the dots per inch of a photograph are not taken for it).
    has_alpha
        Whether the last sample is transparency, which reading drops.
    """

    path: Path
    axes: str
    axes_from: str
    shape: tuple[int, ...]
    dtype: str
    channel_names: tuple[str, ...] = ()
    pixel_size_um: float = float("nan")
    has_alpha: bool = False


@dataclass(frozen=True)
class ImageChoice:
    """Which part of an image file is the image.

    Attributes
    ----------
    axes
        The file's axes, where it doesn't say them or says them wrongly; "" believes the file.
    channels
        Names or indices (from 0) of the channels to take, in this order; empty takes all.
    planes
        For each further axis its index (from 0), or "max" for the brightest value along it.
    """

    axes: str = ""
    channels: tuple[str | int, ...] = ()
    planes: tuple[tuple[str, int | Literal["max"]], ...] = ()


WHOLE_FILE: Final = ImageChoice()


@dataclass(frozen=True, eq=False)
class ImageRead:
    """An image as it was read.

    Attributes
    ----------
    pixels
        Shape (height, width, channels); uint8, uint16 or float32.
    channel_names
        One for each channel, or empty.
    pixel_size_um
        NaN if unknown.
    """

    pixels: ImageArray
    channel_names: tuple[str, ...] = ()
    pixel_size_um: float = float("nan")


ImageReader: TypeAlias = Callable[[], ImageRead]
"""Reads one image; a small frozen value that can be pickled."""


def read_choice(*, axes: str = "", channels: str = "", plane: str = "") -> ImageChoice:
    """Return which part of image files to read, from the texts of a user.

    Parameters
    ----------
    axes
        For example "CYX".
    channels
        Names or indices from 0, separated by commas: "DAPI,2".
    plane
        For each further axis an index from 0, or max: "Z=max,T=0".

    Returns
    -------
    ImageChoice
        Empty texts leave the choice to the file.

    Raises
    ------
    InputError
        If a text has another form.

    Examples
    --------
    >>> read_choice(channels="DAPI,2", plane="Z=max")
    ImageChoice(axes='', channels=('DAPI', 2), planes=(('Z', 'max'),))
    """
    axes = axes.strip().upper()
    if axes and (not axes.isalpha() or len(set(axes)) < len(axes) or not {"Y", "X"} <= set(axes)):
        msg = f"axes {axes!r}: expected one letter for each axis with Y and X, for example CYX."
        raise InputError(msg)
    names = [name.strip() for name in channels.split(",")] if channels.strip() else []
    if "" in names:
        msg = f"channels {channels!r}: expected names or numbers separated by commas."
        raise InputError(msg)
    return ImageChoice(
        axes,
        tuple(int(name) if name.isdecimal() else name for name in names),
        tuple(_plane(part) for part in plane.split(",") if part.strip()),
    )


def _plane(text: str) -> tuple[str, int | Literal["max"]]:
    found = re.fullmatch(r"\s*([A-Za-z])\s*=\s*(max|\d+)\s*", text)
    if not found:
        msg = f"plane {text!r}: expected an axis with its index or max, for example Z=3 or Z=max."
        raise InputError(msg)
    axis, place = found[1].upper(), found[2]
    return axis, "max" if place == "max" else int(place)
