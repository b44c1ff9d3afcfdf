"""OME-Zarr: images as folders of chunks, versions 0.4 (Zarr 2) and 0.5 (Zarr 3)."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.datasets._image_axes import Selection
from workbench.datasets._image_memory import refuse_huge
from workbench.datasets._image_values import ImageInfo
from workbench.schema import InputError

_TO_UM = {"micrometer": 1.0, "nanometer": 1e-3, "millimeter": 1e3}


def open_zarr(path: Path) -> tuple[ImageInfo, Callable[[Selection], npt.NDArray[Any]]]:
    """Return what the full resolution of an OME-Zarr holds, and a function that reads part of it.

    Parameters
    ----------
    path
        Folder ending in .zarr: an OME-Zarr group, or a bare array, whose axes nobody tells.

    Raises
    ------
    InputError
        If the group lacks what the format asks for, or points outside its folder.

    References
    ----------
    .. [1] J. Moore et al., Nat. Methods 18:1496, 2021; ngff.openmicroscopy.org, 0.4 and 0.5.
    """
    import zarr

    node: Any = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        _refuse_unsafe(path, node)
        info = ImageInfo(path, _unknown_axes(node.ndim), "Zarr", node.shape, str(node.dtype))
        return info, lambda selection: np.asarray(node[selection])
    attributes: dict[str, Any] = dict(node.attrs)
    ome: Any = attributes.get("ome", attributes)
    try:
        scales = ome["multiscales"][0]
        place = str(scales["datasets"][0]["path"])
    except (KeyError, IndexError, TypeError) as error:
        msg = f"{path}: is Zarr without the 'multiscales' of OME-Zarr; export it as OME-Zarr."
        raise InputError(msg) from error
    if PurePosixPath(place).is_absolute() or ".." in PurePosixPath(place).parts:
        msg = f"{path}: its metadata point outside its folder ({place}); export it again."
        raise InputError(msg)
    array = node[place]
    if not isinstance(array, zarr.Array):
        msg = f"{path}: its metadata name {place!r} as the image, which is none; export it again."
        raise InputError(msg)
    _refuse_unsafe(path, array)
    axes, units = _axes(scales.get("axes"), array.ndim)
    info = ImageInfo(
        path,
        axes,
        "OME-Zarr",
        array.shape,
        str(array.dtype),
        _channel_names(ome),
        _pixel_size_um(scales["datasets"][0], axes, units),
    )
    return info, lambda selection: np.asarray(array[selection])


def _refuse_unsafe(path: Path, array: Any) -> None:
    """Raise before a chunk is decoded: pickles can run any program, huge chunks fill the memory."""
    kind = np.dtype(array.dtype).kind
    if kind not in "buif" or "pickle" in str(array.metadata.to_dict()).lower():
        msg = (
            f"{path}: holds {array.dtype}, or Python objects, which can run any program when they "
            "are read; export it again as numbers."
        )
        raise InputError(msg)
    refuse_huge(path, list(array.chunks), np.dtype(array.dtype).itemsize)


def _axes(declared: Any, n_axes: int) -> tuple[str, tuple[str, ...]]:
    if not isinstance(declared, list) or len(declared) != n_axes:
        return _unknown_axes(n_axes), ("",) * n_axes
    named = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in declared]
    letters = "".join(str(axis.get("name", "q"))[:1].upper() for axis in named)
    return letters, tuple(str(axis.get("unit", "")) for axis in named)


def _unknown_axes(n_axes: int) -> str:
    return "QIJKLMN"[: max(0, n_axes - 2)] + "YX"[-n_axes:]


def _channel_names(ome: Mapping[str, Any]) -> tuple[str, ...]:
    channels = (ome.get("omero") or {}).get("channels") or []
    names = tuple(str(channel.get("label") or "") for channel in channels)
    return names if all(names) else ()


def _pixel_size_um(level: Mapping[str, Any], axes: str, units: tuple[str, ...]) -> float:
    for transform in level.get("coordinateTransformations") or []:
        if transform.get("type") == "scale" and "X" in axes:
            place = axes.index("X")
            return float(transform["scale"][place]) * _TO_UM.get(units[place], float("nan"))
    return float("nan")


def zarr_levels(path: Path) -> list[Any]:
    """Return the arrays of an OME-Zarr, the full resolution first; of a bare array itself.

    Raises
    ------
    InputError
        As :func:`open_zarr`, of any level.
    """
    import zarr

    info, _ = open_zarr(path)
    node: Any = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        return [node]
    attributes: dict[str, Any] = dict(node.attrs)
    places = [
        PurePosixPath(str(level["path"]))
        for level in attributes.get("ome", attributes)["multiscales"][0]["datasets"]
    ]
    inside = [place for place in places if not place.is_absolute() and ".." not in place.parts]
    arrays = [node[str(place)] for place in inside]
    levels = [one for one in arrays if isinstance(one, zarr.Array) and one.ndim == len(info.shape)]
    for level in levels:
        _refuse_unsafe(path, level)
    return levels
