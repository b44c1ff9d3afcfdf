"""Label images stacked in an NPZ file, as TissueNet and DynamicNuclearNet have them."""

import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from workbench.datasets._label_files import file_stamp
from workbench.datasets._label_forms import recognise_labels
from workbench.datasets._label_values import Array, LabelRead, LabelSource, Shape
from workbench.schema import InputError

CHANNELS: Final = {"whole_cell": 0, "nuclear": 1}
"""Channels of ``y`` in TissueNet."""

_NPZ_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, struct.error,
    NotImplementedError, RuntimeError,
)  # fmt: skip


def open_npz(path: Path, channel: str | int | None) -> LabelSource:
    """List the images of an NPZ file by their index."""
    with _damage_named(path):
        n_images, _, _, *channels = _open_stack(path).shape
    digits = len(str(n_images - 1))
    image_ids = tuple(f"{index:0{digits}d}" for index in range(n_images))
    chosen = _choose_channel(path, channels[0], channel) if channels else None
    return LabelSource(path, "npz", image_ids, reader=_Stack(path, chosen))


@dataclass(frozen=True)
class _Stack:
    path: Path
    channel: int | None

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        del shape  # The array knows it.
        with _damage_named(self.path):
            pixels = _open_stack(self.path).image(int(image_id))
        pixels = pixels if self.channel is None else pixels[..., self.channel]
        name = f"{self.path}, image {image_id}"
        return LabelRead(*recognise_labels(pixels, name=name, check_pieces=check_pieces))


class _ImageStack:
    """The images of an open .npz, unpacked one after another.

    A compressed array can only be read from its beginning: reading in order unpacks it once,
    stepping back starts anew.
    """

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self._archive = zipfile.ZipFile(path)
        names = [name.removesuffix(".npy") for name in self._archive.namelist()]
        if "y" not in names and len(names) != 1:
            msg = (
                f"{path}: expected an array 'y' of labels, got {', '.join(names) or 'none'}; "
                "save the labels under the name y."
            )
            raise InputError(msg)
        name = "y" if "y" in names else names[0]
        self._member = self._archive.open(f"{name}.npy")
        version = np.lib.format.read_magic(self._member)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        self.shape, columns_first, self.dtype = read_header(self._member)
        self._start = self._member.tell()
        if len(self.shape) not in (3, 4) or 0 in self.shape or self.dtype.kind not in "buif":
            msg = (
                f"{path}: expected labels {name} of shape (images, height, width, channels), got "
                f"{self.dtype} of shape {self.shape}."
            )
            raise InputError(msg)
        if columns_first:
            msg = f"{path}: {name} is stored columns first; save np.ascontiguousarray(y) instead."
            raise InputError(msg)

    def image(self, index: int) -> Array:
        """Return one image, shape (height, width) or (height, width, channels)."""
        n_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        with self._lock:
            self._member.seek(self._start + index * n_bytes)
            content = self._member.read(n_bytes)
        return np.frombuffer(content, self.dtype).reshape(self.shape[1:])


def _open_stack(path: Path) -> _ImageStack:
    # A forked process shares the file's position with its parent: it needs its own.
    return _cached_stack(path, file_stamp(path), os.getpid())


@lru_cache(maxsize=4)
def _cached_stack(path: Path, stamp: tuple[int, int], process: int) -> _ImageStack:
    del stamp, process  # They tell versions and processes apart.
    return _ImageStack(path)


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Turn what a damaged archive raises into an error that names it."""
    try:
        yield
    except InputError:
        raise
    except _NPZ_ERRORS as error:
        msg = f"{path}: can't be read as NPZ ({type(error).__name__}: {error}); download it again."
        raise InputError(msg) from error


def _choose_channel(path: Path, n_channels: int, channel: str | int | None) -> int:
    if n_channels == 1:
        return 0
    index = CHANNELS.get(str(channel), -1) if n_channels == 2 else -1
    if str(channel).isdecimal():
        index = int(str(channel))
    if not 0 <= index < n_channels:
        there = (
            'channel="whole_cell" (0) or "nuclear" (1), as in TissueNet'
            if n_channels == 2
            else f"channel=0 to {n_channels - 1}"
        )
        msg = f"{path}: has {n_channels} channels of labels, got channel {channel!r}; give {there}."
        raise InputError(msg)
    return index
