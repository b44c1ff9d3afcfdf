"""Image files to pixels, and what they say of their axes; one function for each format."""

import logging
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile

from workbench.datasets._image_axes import Selection
from workbench.datasets._image_memory import refuse_huge
from workbench.datasets._image_values import ImageInfo
from workbench.datasets._image_zarr import open_zarr
from workbench.datasets._tiff_damage import (
    refuse_broken_lzw,
    refuse_circular_pages,
    refuse_missing_segments,
    refuse_unsafe_metadata,
)
from workbench.schema import InputError

Array = npt.NDArray[Any]

# It warns of everything odd in a file; what matters comes as an error, what doesn't would flood
# the terminal. Whoever sets up logging still gets it.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class OpenImage:
    """A file that says what it holds, and reads it when asked."""

    info: ImageInfo
    load: Callable[[Selection], Array]


@contextmanager
def open_image(path: Path) -> Iterator[OpenImage]:
    """Open an image file of any known format.

    Raises
    ------
    InputError
        If it is missing, of no known format, damaged, empty, or larger than the memory; also for
        what fails while the file is open.
    """
    suffix = path.suffix.lower()
    if suffix not in _OPENERS:
        msg = f"{path}: expected a file ending in {', '.join(_OPENERS)}; convert it to TIFF or PNG."
        raise InputError(msg)
    if not path.exists():
        msg = f"{path}: no such file; correct what names it, or restore the file."
        raise InputError(msg)
    if path.is_dir() != (suffix == ".zarr"):
        kind = "a folder" if path.is_dir() else "a file"
        msg = f"{path}: is {kind}, which {suffix} is not; check the path."
        raise InputError(msg)
    if not (path.is_file() or path.is_dir()):
        # Opening a pipe would wait for ever.
        msg = f"{path}: is a pipe or device, no file; check the path."
        raise InputError(msg)
    try:
        _refuse_wrong_ending(path, _FORMATS[suffix])
        with _OPENERS[suffix](path) as opened:
            _refuse_unusable(opened.info)
            yield OpenImage(opened.info, lambda selection: _load(opened, selection))
    except InputError:
        raise
    except MemoryError:
        msg = f"{path}: the image does not fit into memory; cut it into tiles first."
        raise InputError(msg) from None
    except PermissionError as error:
        msg = f"{path}: can't be opened ({error.strerror}); ask for the right to read it."
        raise InputError(msg) from error
    except Exception as error:
        # Decoders fail in many types (struct.error, IndexError, ImcdError, ...): whatever it
        # is, the file is at fault and the user needs its name.
        msg = (
            f"{path}: can't be read as {_FORMATS[suffix]} ({type(error).__name__}: "
            f"{str(error)[:200]}); the file is corrupt or cut short, export or copy it again."
        )
        raise InputError(msg) from error


def _load(opened: OpenImage, selection: Selection) -> Array:
    kept = [
        size if isinstance(at, slice) else 1
        for size, at in zip(opened.info.shape, selection, strict=True)
    ]
    refuse_huge(opened.info.path, kept, np.dtype(opened.info.dtype).itemsize)
    return opened.load(selection)


def _refuse_unusable(info: ImageInfo) -> None:
    if 0 in info.shape or not info.shape:
        msg = f"{info.path}: the image is empty, its shape is {info.shape}; export it again."
        raise InputError(msg)
    if np.dtype(info.dtype).kind not in "buif":
        msg = (
            f"{info.path}: pixels of type {info.dtype} are not supported; save as uint8 or uint16."
        )
        raise InputError(msg)


def _refuse_wrong_ending(path: Path, expected: str) -> None:
    if path.is_dir():
        return
    with path.open("rb") as file:
        start = file.read(16)
    found = next((name for name, magic in _MAGIC if re.match(magic, start, re.DOTALL)), expected)
    if found != expected:
        msg = f"{path}: ends as {expected}, but by its content it is a {found} file; rename it."
        raise InputError(msg)


@contextmanager
def _open_tiff(path: Path) -> Iterator[OpenImage]:
    with tifffile.TiffFile(path) as tiff:
        refuse_circular_pages(path, tiff)
        first = tiff.pages.first
        refuse_unsafe_metadata(path, str(first.description))
        refuse_missing_segments(path, [first])
        series = tiff.series[0]
        axes_from = "OME-XML" if tiff.is_ome else "ImageJ" if tiff.is_imagej else "TIFF tags"
        names, pixel_size_um = _ome_facts(tiff) if tiff.is_ome else _imagej_facts(tiff)
        info = ImageInfo(
            path,
            series.axes,
            axes_from,
            tuple(series.shape),
            str(series.dtype),
            names,
            pixel_size_um,
            has_alpha="S" in series.axes and _ends_in_alpha(first.extrasamples),
        )
        yield OpenImage(info, lambda selection: _load_tiff(path, series)[selection])


def _load_tiff(path: Path, series: tifffile.TiffPageSeries) -> Array:
    if series.dataoffset is None:  # else its pixels lie as they are in one piece of the file
        pages = [page for page in series.pages if page is not None]
        refuse_missing_segments(path, pages)
        refuse_broken_lzw(path, pages)
    return np.asarray(series.asarray())


def _ends_in_alpha(extrasamples: tuple[int, ...]) -> bool:
    # 1 and 2 are transparency, 0 is a channel of which nobody says what it is.
    return bool(extrasamples) and int(extrasamples[-1]) in (1, 2)


_MICROMETRES: Final[Mapping[str, float]] = {
    "µm": 1, "μm": 1, "um": 1, "micron": 1, "microns": 1, "micrometer": 1, "micrometre": 1,
    "\\u00b5m": 1, "nm": 1e-3, "nanometer": 1e-3, "mm": 1e3, "millimeter": 1e3,
}  # fmt: skip


def _ome_facts(tiff: tifffile.TiffFile) -> tuple[tuple[str, ...], float]:
    """Return channel names and pixel size from OME-XML."""
    ome = tifffile.xml2dict(tiff.ome_metadata or "<OME/>").get("OME") or {}
    images = _as_list(ome.get("Image"))
    pixels = images[0].get("Pixels", {}) if images else {}
    channels = _as_list(pixels.get("Channel"))
    names = tuple(str(channel.get("Name") or channel.get("Fluor") or "") for channel in channels)
    unit = _MICROMETRES.get(str(pixels.get("PhysicalSizeXUnit", "µm")).casefold(), np.nan)
    size = float(pixels.get("PhysicalSizeX", np.nan)) * unit
    return names if all(names) else (), size if size > 0 else float("nan")


def _imagej_facts(tiff: tifffile.TiffFile) -> tuple[tuple[str, ...], float]:
    """Return channel names and pixel size from ImageJ's metadata."""
    found = tiff.imagej_metadata or {}
    labels = found.get("Labels")
    unit = _MICROMETRES.get(str(found.get("unit", "")).casefold())
    resolution = tiff.pages.first.tags.get("XResolution")
    size = float("nan")
    if unit and resolution and resolution.value[0]:
        size = unit * resolution.value[1] / resolution.value[0]
    return tuple(map(str, _as_list(labels))), size


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


@contextmanager
def _open_png(path: Path) -> Iterator[OpenImage]:
    content = path.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    refuse_huge(path, [height, width], 8)
    yield _raster(path, "PNG", np.asarray(imagecodecs.png_decode(content)))


@contextmanager
def _open_jpeg(path: Path) -> Iterator[OpenImage]:
    content = path.read_bytes()
    at = 2
    # Segments are a marker and their length. The frame's, marker C0 to CF but for C4, C8 and CC,
    # holds precision, height and width; metadata before it may hold whole small pictures.
    while segment := re.match(rb"\xff+([^\x00\xff])(..)", content[at : at + 64], re.DOTALL):
        if re.match(rb"[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]", segment[1]):
            height, width = struct.unpack(">HH", content[at + segment.end() + 1 :][:4])
            refuse_huge(path, [height, width], 3)
            break
        at += segment.end() - 2 + int.from_bytes(segment[2])
    yield _raster(path, "JPEG", np.asarray(imagecodecs.jpeg_decode(content)))


@contextmanager
def _open_bmp(path: Path) -> Iterator[OpenImage]:
    content = path.read_bytes()
    width, height, _, bits, packing = struct.unpack("<iihhI", content[18:34])
    # The decoder trusts these numbers and would read past the end; 4 and 5 are JPEG and PNG.
    if packing not in (4, 5) and abs(width * height) * bits // 8 > len(content):
        msg = f"{path}: is shorter than its {abs(height)} x {abs(width)} pixels; copy it again."
        raise InputError(msg)
    yield _raster(path, "BMP", np.asarray(imagecodecs.bmp_decode(content)))


@contextmanager
def _open_npy(path: Path) -> Iterator[OpenImage]:
    # Never unpickle: a pickle can run any program.
    pixels = np.load(path, allow_pickle=False, mmap_mode="r")
    axes = {2: "YX"}.get(pixels.ndim, "QIJKLMN"[: max(0, pixels.ndim - 2)] + "YX")
    info = ImageInfo(path, axes, "NPY", pixels.shape, str(pixels.dtype))
    yield OpenImage(info, lambda selection: np.array(pixels[selection]))


def _raster(path: Path, name: str, pixels: Array) -> OpenImage:
    axes = "YX" if pixels.ndim == 2 else "YXS"
    has_alpha = pixels.ndim == 3 and pixels.shape[2] in (2, 4)
    info = ImageInfo(path, axes, name, pixels.shape, str(pixels.dtype), has_alpha=has_alpha)
    return OpenImage(info, lambda selection: pixels[selection])


@contextmanager
def _open_zarr(path: Path) -> Iterator[OpenImage]:
    yield OpenImage(*open_zarr(path))


_OPENERS: Final[Mapping[str, Callable[[Path], AbstractContextManager[OpenImage]]]] = {
    ".tif": _open_tiff,
    ".tiff": _open_tiff,
    ".png": _open_png,
    ".jpg": _open_jpeg,
    ".jpeg": _open_jpeg,
    ".bmp": _open_bmp,
    ".npy": _open_npy,
    ".zarr": _open_zarr,
}
_FORMATS: Final[Mapping[str, str]] = {
    ".tif": "TIFF", ".tiff": "TIFF", ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG",
    ".bmp": "BMP", ".npy": "NPY", ".zarr": "OME-Zarr",
}  # fmt: skip
_MAGIC: Final = (
    ("TIFF", rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]"),
    ("PNG", rb"\x89PNG"),
    ("JPEG", rb"\xff\xd8\xff"),
    ("BMP", rb"BM.{4}\x00\x00\x00\x00"),
    ("NPY", rb"\x93NUMPY"),
    ("ZIP or NPZ", rb"PK\x03\x04"),
)
IMAGE_SUFFIXES: Final = tuple(_OPENERS)
