"""From the axes of a file to one image: which planes and channels, in which order."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from workbench.datasets._image_values import AXES, ImageChoice, ImageInfo, ImageRead
from workbench.schema import InputError

MAX_CHANNELS: Final = 16
"""An axis of channels longer than this is rather something else; naming channels lifts it."""

Selection: TypeAlias = tuple[int | slice, ...]


def settled(info: ImageInfo, choice: ImageChoice) -> ImageInfo:
    """Return what is known of an image once the user's axes are taken over.

    Raises
    ------
    InputError
        If they are not as many as the file's.
    """
    if not choice.axes:
        return info
    axes = choice.axes
    if len(axes) < len(info.shape):
        # Files have axes of length 1 of which people don't know.
        long = [place for place, size in enumerate(info.shape) if size > 1]
        if len(long) == len(axes):
            spread = ["Q"] * len(info.shape)
            for place, letter in zip(long, axes, strict=True):
                spread[place] = letter
            axes = "".join(spread)
    if len(axes) != len(info.shape):
        msg = (
            f"{info.path}: axes {choice.axes} for an image of shape {info.shape}; give one letter "
            "for each axis."
        )
        raise InputError(msg)
    return ImageInfo(
        info.path, axes, "given", info.shape, info.dtype,
        info.channel_names if "C" in axes else (), info.pixel_size_um, info.has_alpha,
    )  # fmt: skip


def plane_selection(info: ImageInfo, choice: ImageChoice) -> Selection:
    """Return the index of every axis that leaves one image with its channels.

    Axes of which the brightest value is wanted stay whole, as do rows, columns and channels.

    Raises
    ------
    InputError
        If an axis is longer than 1 and nothing says which of it is the image.
    """
    planes = dict(choice.planes)
    _refuse_absent_axes(info, planes)
    selection: list[int | slice] = []
    for axis, size in zip(info.axes, info.shape, strict=True):
        if axis in "YX" or (axis in "CS" and axis not in planes) or planes.get(axis) == "max":
            selection.append(slice(None))
        elif axis in planes or size == 1:
            place = planes.get(axis, 0)
            if not isinstance(place, int) or not 0 <= place < size:
                msg = f"{info.path}: has {axis} from 0 to {size - 1}, got {axis}={place}."
                raise InputError(msg)
            selection.append(place)
        else:
            raise InputError(_several_planes(info, axis, size))
    return tuple(selection)


def arranged(
    pixels: npt.NDArray[Any], info: ImageInfo, choice: ImageChoice, selection: Selection
) -> ImageRead:
    """Turn the selected part of a file into (height, width, channels).

    Raises
    ------
    InputError
        If rows, columns or a named channel are not there, or channels are too many.
    """
    axes = [axis for axis, at in zip(info.axes, selection, strict=True) if isinstance(at, slice)]
    brightest = tuple(place for place, axis in enumerate(axes) if axis not in "YXCS")
    if brightest:
        pixels = pixels.max(axis=brightest)
        axes = [axis for axis in axes if axis in "YXCS"]
    if axes.count("Y") != 1 or axes.count("X") != 1:
        msg = f"{info.path}: expected rows and columns among the axes, got {info.axes}."
        raise InputError(msg)
    if "S" in axes and info.has_alpha:
        pixels = np.take(pixels, range(pixels.shape[axes.index("S")] - 1), axis=axes.index("S"))
    if "C" in axes and "S" in axes:
        single = next((axis for axis in "CS" if pixels.shape[axes.index(axis)] == 1), None)
        if single is None:
            msg = (
                f"{info.path}: has {info.shape[info.axes.index('C')]} channels of colours (axes "
                f"{info.axes}); choose one by plane C=0."
            )
            raise InputError(msg)
        pixels = np.squeeze(pixels, axis=axes.index(single))
        axes.remove(single)
    last = [axis for axis in axes if axis in "CS"]
    pixels = np.transpose(pixels, [axes.index(axis) for axis in ("Y", "X", *last)])
    if not last:
        pixels = pixels[..., np.newaxis]
    names = info.channel_names if len(info.channel_names) == pixels.shape[2] else ()
    places = channel_places(info, names, pixels.shape[2], choice.channels)
    if places is not None:
        pixels, names = pixels[..., places], tuple(names[place] for place in places if names)
    elif pixels.shape[2] > MAX_CHANNELS:
        there = f" ({', '.join(names)})" if names else ""
        msg = (
            f"{info.path}: expected one image with at most {MAX_CHANNELS} channels, got "
            f"{info.axes} of shape {info.shape}; name the channels to use"
            f"{there}, or correct the axes."
        )
        raise InputError(msg)
    return ImageRead(np.ascontiguousarray(pixels), names, info.pixel_size_um)


def channel_places(
    info: ImageInfo, names: Sequence[str], n_channels: int, wanted: Sequence[str | int]
) -> list[int] | None:
    """Return the indices of the wanted channels; None if all are."""
    if not wanted:
        return None
    by_name = {name.casefold(): place for place, name in enumerate(names)}
    places = []
    for channel in wanted:
        place = by_name.get(str(channel).casefold(), channel)
        if not isinstance(place, int) or not 0 <= place < n_channels:
            there = ", ".join(names) or f"0 to {n_channels - 1}, without names"
            msg = f"{info.path}: has no channel {channel!r}; there are {there}."
            raise InputError(msg)
        places.append(place)
    return places


def _refuse_absent_axes(info: ImageInfo, planes: Mapping[str, int | Literal["max"]]) -> None:
    absent = [axis for axis in planes if axis not in info.axes]
    if absent:
        msg = f"{info.path}: has the axes {info.axes}, no {', '.join(absent)} to choose a plane of."
        raise InputError(msg)


def _several_planes(info: ImageInfo, axis: str, size: int) -> str:
    what = AXES.get(axis, "planes of which the file doesn't say what they are")
    others = "".join(
        letter for letter, length in zip(info.axes, info.shape, strict=True) if length > 1
    )
    meaning = "" if axis in AXES else f"axes {others.replace(axis, 'C')} if they are channels, or "
    return (
        f"{info.path}: expected one image with axes YX (grey) or with channels, got {info.axes} of "
        f"shape {info.shape}: {size} {what}; give {meaning}the one to take, plane {axis}=0 to "
        f"{axis}={size - 1} or {axis}=max."
    )
