"""Large images in parts and by level of resolution, for whoever looks at one part at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Final

import tifffile

from workbench.datasets._image_axes import Selection, channel_places, plane_selection, settled
from workbench.datasets._image_decoders import open_image
from workbench.datasets._image_values import WHOLE_FILE, ImageChoice, ImageInfo
from workbench.datasets._image_zarr import zarr_levels
from workbench.datasets._layout_values import ImageFile
from workbench.schema import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.datasets._records import Record

LARGE_PX: Final = 2**22
"""Images of fewer pixels are read whole: that is as quick."""


@dataclass(frozen=True, eq=False)
class ImageLevels:
    """An image of which parts are read when they are looked at.

    Attributes
    ----------
    levels
        Dask arrays, shape (height, width, channels), the largest first; each about half as high
        and wide as the one before.
    channel_names
        One for each channel, or empty.
    pixel_size_um
        Of the first level; NaN if unknown.
    """

    levels: tuple[Any, ...]
    channel_names: tuple[str, ...] = ()
    pixel_size_um: float = float("nan")


def image_levels(record: Record, *, large_px: int = LARGE_PX) -> ImageLevels | None:
    """Return the levels of a large image that can be read in parts.

    Parameters
    ----------
    record
        The image: an OME-Zarr, or a TIFF in tiles or strips, perhaps with smaller levels.
    large_px
        From how many pixels on an image counts as large.

    Returns
    -------
    ImageLevels or None
        None for images that are small, or can only be read whole.

    Raises
    ------
    InputError
        If the file can't be read, or holds more than the one image chosen.
    """
    reader = record.image_reader
    if reader is not None and not isinstance(reader, ImageFile):
        return None
    path = record.image if reader is None else reader.path
    choice = WHOLE_FILE if reader is None else reader.choice
    if path.suffix.lower() not in (".zarr", ".tif", ".tiff"):
        return None
    with open_image(path) as opened:
        info = settled(opened.info, choice)
        sides = [size for axis, size in zip(info.axes, info.shape, strict=True) if axis in "YX"]
        if prod(sides) < large_px or any(place == "max" for _, place in choice.planes):
            return None
        selection = plane_selection(info, choice)
    levels = _zarr_parts(path) if path.suffix.lower() == ".zarr" else _tiff_parts(path)
    shown = tuple(_arranged(level, info, selection, choice) for level in levels)
    names = info.channel_names if len(info.channel_names) == shown[0].shape[2] else ()
    return ImageLevels(shown, names, info.pixel_size_um)


def _zarr_parts(path: Path) -> list[Any]:
    import dask.array

    return [dask.array.from_array(level, chunks=level.chunks) for level in zarr_levels(path)]


def _tiff_parts(path: Path) -> list[Any]:
    import dask.array
    import zarr

    try:
        node: Any = zarr.open(tifffile.imread(path, aszarr=True), mode="r")
        arrays = [node]
        if not isinstance(node, zarr.Array):
            places = [level["path"] for level in node.attrs["multiscales"][0]["datasets"]]
            arrays = [node[place] for place in places]
        return [dask.array.from_array(array, chunks=array.chunks) for array in arrays]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        msg = f"{path}: can't be read in parts ({error}); export it again as OME-TIFF in tiles."
        raise InputError(msg) from error


def _arranged(level: Any, info: ImageInfo, selection: Selection, choice: ImageChoice) -> Any:
    """Return (height, width, channels) of a level, as reading the whole image would."""
    axes = [axis for axis, at in zip(info.axes, selection, strict=True) if isinstance(at, slice)]
    pixels = level[selection]
    if "C" in axes and "S" in axes and pixels.shape[axes.index("C")] == 1:
        pixels = pixels.squeeze(axis=axes.index("C"))
        axes.remove("C")
    last = [axis for axis in axes if axis in "CS"]
    pixels = pixels.transpose([axes.index(axis) for axis in ("Y", "X", *last)])
    if not last:
        pixels = pixels[..., None]
    if "S" in axes and info.has_alpha:
        pixels = pixels[..., :-1]
    places = channel_places(info, info.channel_names, pixels.shape[2], choice.channels)
    return pixels if places is None else pixels[..., places]
