"""Arrays of many images in an NPZ file, read one image after another; nothing is unpickled."""

import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import IO, Final

import numpy as np

from workbench.datasets._image_memory import refuse_huge
from workbench.datasets._label_files import file_stamp
from workbench.datasets._label_values import Array
from workbench.schema import InputError

MAX_IMAGES: Final = 1_000_000
MAX_TEXT_BYTES: Final = 2**26
DEFLATE_LIMIT: Final = 1032
"""No byte of a deflated file becomes more than this many."""

_NPZ_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, struct.error,
    NotImplementedError, RuntimeError,
)  # fmt: skip


class ImageStack:
    """The images of one array of an NPZ file.

    A compressed array can only be unpacked from its beginning: reading in order unpacks it once,
    stepping back starts anew. Of an array stored uncompressed any image is read directly. Never
    more than one image is in memory.

    Attributes
    ----------
    shape
        (images, height, width) or (images, height, width, channels).
    dtype
        Of the pixels.
    is_compressed
        Whether stepping back is slow.
    """

    def __init__(self, path: Path, name: str, what: str) -> None:
        self._lock = Lock()
        self._archive = zipfile.ZipFile(path)
        info = self._archive.getinfo(f"{name}.npy")
        member = self._archive.open(info)
        self.shape, columns_first, self.dtype = _read_header(member)
        start = member.tell()
        if len(self.shape) not in (3, 4) or 0 in self.shape or self.dtype.kind not in "buif":
            msg = (
                f"{path}: expected {what} {name} of shape (images, height, width, channels), got "
                f"{self.dtype} of shape {self.shape}."
            )
            raise InputError(msg)
        if columns_first:
            msg = (
                f"{path}: {name} is stored columns first; save np.ascontiguousarray({name}) "
                "instead."
            )
            raise InputError(msg)
        self._image_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        _refuse_false_size(path, info, start + self.shape[0] * self._image_bytes, name)
        if self.shape[0] > MAX_IMAGES:
            msg = f"{path}: {name} says that it holds {self.shape[0]:,} images; is it one image?"
            raise InputError(msg)
        refuse_huge(path, list(self.shape[1:]), self.dtype.itemsize)
        self.is_compressed = info.compress_type != zipfile.ZIP_STORED
        self._member: IO[bytes] = member if self.is_compressed else path.open("rb")
        self._start = start if self.is_compressed else start + _first_byte(self._member, info)

    def image(self, index: int) -> Array:
        """Return one image, shape (height, width) or (height, width, channels)."""
        with self._lock:
            self._member.seek(self._start + index * self._image_bytes)
            content = self._member.read(self._image_bytes)
        return np.frombuffer(content, self.dtype).reshape(self.shape[1:])


def open_stack(path: Path, name: str, what: str = "images") -> ImageStack:
    """Open an array of an NPZ file; stays open for the images that follow.

    Parameters
    ----------
    path
        The NPZ file.
    name
        Of the array, without ".npy".
    what
        What errors call its content.

    Raises
    ------
    InputError
        If it is no stack of numeric images, or its size is not what the archive says.
    """
    # A forked process shares the file's position with its parent: it needs its own.
    with damage_named(path):
        return _cached_stack(path, name, what, file_stamp(path), os.getpid())


def array_names(path: Path) -> list[str]:
    """Return the names of the arrays in an NPZ file."""
    with damage_named(path), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return [name.removesuffix(".npy") for name in names if name.endswith(".npy")]


def text_array(path: Path, name: str) -> Array | None:
    """Return an array of texts of an NPZ file, None if it is no such array.

    Arrays of Python objects are pickles, which can run any program when they are read.

    Raises
    ------
    InputError
        If it is damaged, or larger than texts about images are.
    """
    with damage_named(path), zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"{name}.npy")
        with archive.open(info) as member:
            shape, columns_first, dtype = _read_header(member)
            if dtype.kind not in "US":
                return None
            n_bytes = math.prod(shape) * dtype.itemsize
            _refuse_false_size(path, info, member.tell() + n_bytes, name)
            if n_bytes > MAX_TEXT_BYTES:
                msg = f"{path}: {name} holds {n_bytes:,} bytes of text; is the file damaged?"
                raise InputError(msg)
            values = np.frombuffer(member.read(n_bytes), dtype)
    return values.reshape(shape, order="F" if columns_first else "C").astype(str)


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn what a damaged archive raises into an error that names it."""
    try:
        yield
    except InputError:
        raise
    except _NPZ_ERRORS as error:
        msg = f"{path}: can't be read as NPZ ({type(error).__name__}: {error}); download it again."
        raise InputError(msg) from error


@lru_cache(maxsize=12)
def _cached_stack(
    path: Path, name: str, what: str, stamp: tuple[int, int], process: int
) -> ImageStack:
    del stamp, process  # They tell versions and processes apart.
    return ImageStack(path, name, what)


def _read_header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(member)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, columns_first, dtype = read(member)
    return shape, columns_first, dtype


def _refuse_false_size(path: Path, info: zipfile.ZipInfo, n_bytes: int, name: str) -> None:
    """Raise unless header, archive and what compression can do agree on an array's size."""
    limit = DEFLATE_LIMIT if info.compress_type == zipfile.ZIP_DEFLATED else None
    if info.file_size != n_bytes or (limit and n_bytes > limit * (info.compress_size + 1)):
        msg = (
            f"{path}: {name} says that it holds {n_bytes:,} bytes, which its {info.file_size:,} "
            f"({info.compress_size:,} compressed) in the archive can't be; download it again."
        )
        raise InputError(msg)


def _first_byte(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Return where an uncompressed member begins; its own header may be longer than the list's."""
    file.seek(info.header_offset + 26)
    n_name, n_extra = struct.unpack("<HH", file.read(4))
    return info.header_offset + 30 + int(n_name) + int(n_extra)
