"""Damage in TIFF files that would hang or crash their decoder, found before it runs."""

import re
import struct
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path, PureWindowsPath
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tifffile

from workbench.datasets._image_memory import MAX_COMPRESSION
from workbench.schema import InputError

_LZW: Final = 5
_CLEAR, _END, _FIRST_FREE = 256, 257, 258
_LONGEST_RUN: Final = 5120
"""Codes that fill the decoder's table, at which it gives up; encoders clear theirs before 4096."""


def refuse_circular_pages(path: Path, tiff: tifffile.TiffFile) -> None:
    """Raise if a page points back to an earlier one: reading would never end."""
    form, file = tiff.tiff, tiff.filehandle
    file.seek(form.offsetsize if form.is_bigtiff else 4)
    seen: set[int] = set()
    while len(start := file.read(form.offsetsize)) == form.offsetsize:
        (offset,) = struct.unpack(form.offsetformat, start)
        if offset == 0 or offset >= file.size:
            return
        if offset in seen:
            msg = f"{path}: its pages point at each other in a circle; export or copy it again."
            raise InputError(msg)
        seen.add(offset)
        file.seek(offset)
        (n_tags,) = struct.unpack(form.tagnoformat, file.read(form.tagnosize))
        file.seek(offset + form.tagnosize + n_tags * form.tagsize)


def refuse_unsafe_metadata(path: Path, description: str) -> None:
    """Raise if OME-XML declares entities or names files outside the folder.

    An XML parser expands entities, a few lines into gigabytes; no microscope writes any. The
    planes of an OME-TIFF may lie in other files beside it, which are opened by the names given.
    """
    text = description[:10_000_000]
    if re.search(r"<!(DOCTYPE|ENTITY)", text):
        msg = f"{path}: its metadata declare XML entities, which is not safe; export it again."
        raise InputError(msg)
    for name in re.findall(r"""\bFileName\s*=\s*["']([^"']*)""", text):
        if PureWindowsPath(name).name != name:
            msg = (
                f"{path}: its metadata name planes in the file {name!r}, which lies outside its "
                "folder; put the file beside it and export again."
            )
            raise InputError(msg)


def refuse_missing_segments(path: Path, pages: Iterable[Any]) -> None:
    """Raise if pages claim more than they store: millions of tiles or pixels would take hours.

    A tile without offset and bytes is background to some slide scanners; one that has a place but
    no bytes, or a page without any, is damage.
    """
    for page in pages:
        listed, claimed = len(page.dataoffsets), prod(page.keyframe.chunked)
        if listed < claimed:
            msg = (
                f"{path}: lists {listed} of {claimed:,} parts of its pixels; export or copy it "
                "again."
            )
            raise InputError(msg)
        counts = page.databytecounts
        stored = min(sum(counts), page.parent.filehandle.size)
        emptied = any(at and not n for at, n in zip(page.dataoffsets, counts, strict=False))
        n_bytes = prod(page.keyframe.shape) * np.dtype(page.keyframe.dtype).itemsize
        if emptied or n_bytes > MAX_COMPRESSION * stored:
            msg = (
                f"{path}: stores {stored:,} bytes for {' x '.join(map(str, page.keyframe.shape))} "
                "pixels; parts of them are missing or its header is damaged, export or copy it "
                "again."
            )
            raise InputError(msg)


def refuse_broken_lzw(path: Path, pages: Iterable[Any]) -> None:
    """Raise if LZW data point at words that are not written yet.

    The decoder takes the first code after each clearing of its table for a letter without looking
    (imagecodecs 2026.3.6, imcd_lzw_decode): a larger one makes it copy from, and by, whatever
    stands in memory where the table has no entry yet.
    """
    for page in pages:
        if page.keyframe.compression != _LZW:
            continue
        file = page.parent.filehandle
        for offset, n_bytes in zip(page.dataoffsets, page.databytecounts, strict=False):
            file.seek(offset)
            if not is_sound_lzw(file.read(n_bytes)):
                msg = f"{path}: its LZW compressed pixels are damaged; export or copy it again."
                raise InputError(msg)


def is_sound_lzw(data: bytes) -> bool:
    """Whether each code of LZW data is a letter, or a word that was written before it.

    Parameters
    ----------
    data
        A strip or tile of a TIFF file. Codes of 9 to 12 bits, the highest bit first and one code
        early to lengthen ([1]_, section 13); or, in files older than that, the lowest first.

    References
    ----------
    .. [1] TIFF revision 6.0, Aldus Corporation, 1992.

    Examples
    --------
    >>> import imagecodecs
    >>> is_sound_lzw(imagecodecs.lzw_encode(b"abababab"))
    True
    >>> is_sound_lzw(bytes([0b10000000, 0b01000000, 0b11000000]))  # clear, then word 259
    False
    """
    lowest_first = data[:1] == b"\0" and data[1:2] != b"" and bool(data[1] & 1)
    return all(_is_sound_run(codes) for codes in _lzw_runs(data, lowest_first))


def _is_sound_run(codes: npt.NDArray[np.int64]) -> bool:
    """Whether codes since a clearing are known: the k-th may use words up to the (k - 1)-th."""
    known = _FIRST_FREE - 1 + np.arange(codes.size)
    return codes.size == 0 or bool(codes[0] < _CLEAR and (codes <= known).all())


def _lzw_runs(data: bytes, lowest_first: bool) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the codes between clearings, up to the end; their lengths follow from their places."""
    late = 1 if lowest_first else 0
    # The table has one word more with each code but the first.
    words = _FIRST_FREE + np.maximum(np.arange(_LONGEST_RUN) - 1, 0)
    widths = 9 + np.searchsorted([511 + late, 1023 + late, 2047 + late], words, side="right")
    starts = np.cumsum(widths) - widths
    padded = np.frombuffer(data + bytes(4), np.uint8).astype(np.int64)
    at = 0
    while True:
        first = at + starts
        there = first + widths <= 8 * len(data)
        first, width = first[there], widths[there]
        byte, shift = first >> 3, first & 7
        window = [padded[byte + k] << 8 * (k if lowest_first else 2 - k) for k in range(3)]
        if lowest_first:  # The decoder leaves out a third byte so near to the end.
            window[2] = np.where(first + 24 <= 8 * len(data), window[2], 0)
        bits = window[0] | window[1] | window[2]
        codes = (bits >> (shift if lowest_first else 24 - shift - width)) & ((1 << width) - 1)
        marks = np.flatnonzero((codes == _CLEAR) | (codes == _END))
        if not marks.size:
            yield codes
            return
        end = int(marks[0])
        yield codes[:end]
        if codes[end] == _END:
            return
        at += int(starts[end] + widths[end])
