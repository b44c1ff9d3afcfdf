"""Damaged and malicious files end in an error that names them; never a crash, a hang, a traceback.

``scripts/fuzz_readers.py`` looks for more; what it found is kept here.
"""

import struct
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile

from tests.datasets.hostile import COLOUR, SEEDLINGS, mutated, read_whole
from workbench.datasets import read_image
from workbench.schema import InputError

FOUND = [
    ("big.tif", 12),
    ("zstd-tiled.tif", 23),
    ("dataset.yaml", 54),
    ("zstd-tiled.tif", 55),
    ("dataset.yaml", 57),
    ("lzw.tif", 62),
    ("plain.tif", 75),
    ("zstd-tiled.tif", 106),
    ("zstd-tiled.tif", 694),
    ("colour.bmp", 775),
    ("lzw.tif", 953),
]
"""Files that once crashed, hung or ended in another error."""


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / "hostile" / name
    path.parent.mkdir(exist_ok=True)
    (path.parent / "a.png").write_bytes(SEEDLINGS["grey.png"])
    (path.parent / "manifest.csv").write_bytes(SEEDLINGS["manifest.csv"])
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", SEEDLINGS)
def test_whole_files_of_every_format_are_read(tmp_path: Path, name: str) -> None:
    assert "read" in read_whole(write(tmp_path, name, SEEDLINGS[name]))


@pytest.mark.parametrize(("name", "seed"), FOUND)
@pytest.mark.timeout(60)
def test_what_fuzzing_found_stays_mended(tmp_path: Path, name: str, seed: int) -> None:
    read_whole(write(tmp_path, name, mutated(SEEDLINGS[name], seed)))


@pytest.mark.parametrize("name", SEEDLINGS)
@pytest.mark.timeout(120)
def test_mutated_files_are_read_or_refused_by_name(tmp_path: Path, name: str) -> None:
    for seed in range(1_000_000, 1_000_040):
        read_whole(write(tmp_path, name, mutated(SEEDLINGS[name], seed)))


@pytest.mark.parametrize("name", SEEDLINGS)
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9])
def test_truncated_files_are_read_or_refused_by_name(
    tmp_path: Path, name: str, share: float
) -> None:
    content = SEEDLINGS[name]
    read_whole(write(tmp_path, name, content[: int(share * len(content))]))


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg", "bmp", "npy"])
def test_an_empty_file_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, f"empty.{suffix}", b"")
    with pytest.raises(InputError, match=rf"empty\.{suffix}: can't be read .* again"):
        read_image(path)


def test_pages_in_a_circle_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((4, 4), np.uint8), metadata=None)
    with tifffile.TiffFile(path) as tiff:
        first, n_tags = tiff.pages.first.offset, len(tiff.pages.first.tags)
    content = bytearray(path.read_bytes())
    end = first + 2 + 12 * n_tags
    content[end : end + 4] = struct.pack("<I", first)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.tif: its pages point at each other in a circle"):
        read_image(path)


def test_a_bitmap_that_claims_more_pixels_than_it_has_is_told(tmp_path: Path) -> None:
    content = bytearray(imagecodecs.bmp_encode(COLOUR))
    content[18:22] = struct.pack("<i", 4_000_000)
    (tmp_path / "a.bmp").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.bmp: is shorter than its 15 x 4000000 pixels"):
        read_image(tmp_path / "a.bmp")
