"""Damaged and malicious files end in an error that names them; never a crash, a hang, a traceback.

``scripts/fuzz_readers.py`` looks for more; what it found is kept here.
"""

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.datasets import annotated_sets, folder_sets
from tests.datasets.hostile import (
    COLOUR,
    LABELS,
    OME,
    SEEDLINGS,
    SETS,
    mutated,
    read_set,
    read_whole,
    try_case,
    write_set,
)
from workbench.datasets import (
    LAYOUTS,
    open_dataset,
    open_labels,
    read_image,
    read_labels,
    read_sample,
)
from workbench.datasets._label_runs import ring_runs, run_pixels
from workbench.datasets._tiff_damage import is_sound_lzw
from workbench.datasets._unpack import unpack
from workbench.schema import InputError
from workbench.studies import survey_dataset

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
    ("big.tif", 3996),
    ("lzw.tif", 5018),
    ("lzw.tif", 6373),
    ("lzw.tif", 7212),
]
"""Files that once crashed, hung or ended in another error."""

FOUND_SETS = [
    ("coco", 45030),
    ("livecell", 45030),
    ("manifest frozen", 22543),
    ("manifest frozen", 44689),
]
"""Sets that did so."""


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


@pytest.mark.parametrize(("name", "seed"), FOUND_SETS)
def test_what_fuzzing_found_in_sets_stays_mended(tmp_path: Path, name: str, seed: int) -> None:
    try_case(tmp_path / "hostile", name, seed)


@pytest.mark.parametrize("name", SETS)
def test_whole_sets_of_every_layout_are_read(tmp_path: Path, name: str) -> None:
    assert set(try_case(tmp_path / "hostile", name, None)) == {"read"}


def test_every_layout_is_fuzzed() -> None:
    assert {name.split()[0] for name in SETS} == set(LAYOUTS)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.timeout(120)
def test_sets_with_a_mutated_file_are_read_or_refused_by_name(tmp_path: Path, name: str) -> None:
    for seed in range(1_000_000, 1_000_015):
        try_case(tmp_path / f"hostile{seed}", name, seed)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("share", [0, 0.5])
def test_sets_with_a_truncated_file_are_read_or_refused_by_name(
    tmp_path: Path, name: str, share: float
) -> None:
    whole = write_set(tmp_path / "whole", name)
    files = sorted(path for path in whole.rglob("*") if path.is_file())
    for number, path in enumerate(files[:12]):
        folder = write_set(tmp_path / f"hostile{number}", name)
        cut = folder / path.relative_to(whole)
        cut.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        read_set(folder, name)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_in_place_of_any_file_is_told(tmp_path: Path, name: str) -> None:
    whole = write_set(tmp_path / "whole", name)
    files = sorted(path for path in whole.rglob("*") if path.is_file())
    for number, path in enumerate(files[:12]):
        folder = write_set(tmp_path / f"hostile{number}", name)
        (folder / path.relative_to(whole)).unlink()
        (folder / path.relative_to(whole)).mkdir()
        read_set(folder, name)


# Files that would crash or hang their decoder


@pytest.mark.parametrize(
    "codes",
    [
        pytest.param([256, 300], id="the first code is a word"),
        pytest.param([256, 65, 66, 256, 258], id="so is the first after a second clearing"),
        pytest.param([256, 65, 270], id="a word that comes later"),
    ],
)
def test_lzw_words_that_are_not_written_yet_are_refused(tmp_path: Path, codes: list[int]) -> None:
    bits = "".join(f"{code:09b}" for code in [*codes, 257])
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, iter([data]), shape=(2, 4), dtype=np.uint8, compression="lzw")
    with pytest.raises(InputError, match=r"a\.tif: its LZW compressed pixels are damaged"):
        read_image(path)


@given(st.binary(max_size=30), st.integers(1, 3000))
def test_what_an_encoder_writes_is_sound_lzw(content: bytes, times: int) -> None:
    assert is_sound_lzw(imagecodecs.lzw_encode(content * times))


def test_lzw_of_another_encoder_is_read(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, (300, 400)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.tif", compression="tiff_lzw")
    assert np.array_equal(read_image(tmp_path / "a.tif")[..., 0], pixels)


def test_pixels_that_are_not_stored_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, LABELS, compression="zlib")
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tiff.pages.first.tags["StripByteCounts"].overwrite(0)
    with pytest.raises(InputError, match=r"a\.tif: stores 0 bytes for 15 x 20 pixels"):
        read_image(path)


@pytest.mark.parametrize("name", ["../other.ome.tif", "/other.ome.tif", "..\\other.ome.tif"])
def test_ome_xml_must_not_name_files_elsewhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "set").mkdir()
    tifffile.imwrite(tmp_path / "other.ome.tif", LABELS, metadata=OME)
    path = tmp_path / "set" / "a.ome.tif"
    tifffile.imwrite(path, LABELS, metadata=OME)
    with tifffile.TiffFile(path) as tiff:
        xml = tiff.ome_metadata.replace(
            '<TiffData IFD="0" PlaneCount="1"/>',
            '<TiffData IFD="0" PlaneCount="1">'
            f'<UUID FileName="{name}">urn:uuid:1</UUID></TiffData>',
        )
    assert name in xml
    tifffile.imwrite(path, LABELS, description=xml, metadata=None)
    with pytest.raises(InputError, match=r"a\.ome\.tif: its metadata name planes in the file"):
        read_image(path)


def test_an_external_entity_in_ome_xml_is_refused(tmp_path: Path) -> None:
    xml = '<!DOCTYPE OME [<!ENTITY a SYSTEM "file:///etc/passwd">]><OME>&a;</OME>'
    tifffile.imwrite(tmp_path / "a.ome.tif", LABELS, description=xml, metadata=None)
    with pytest.raises(InputError, match=r"a\.ome\.tif: its metadata declare XML entities"):
        read_image(tmp_path / "a.ome.tif")


def test_a_small_picture_in_the_metadata_does_not_hide_a_huge_jpeg(tmp_path: Path) -> None:
    whole = imagecodecs.jpeg_encode(COLOUR)
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + len(whole)) + whole
    content = whole[:2] + thumbnail + whole[2:]
    (tmp_path / "a.jpg").write_bytes(content)
    assert read_image(tmp_path / "a.jpg").shape == (15, 20, 3)
    frame = content.rindex(b"\xff\xc0")
    huge = content[: frame + 5] + b"\xff\xff\xff\xff" + content[frame + 9 :]
    (tmp_path / "a.jpg").write_bytes(huge)
    with pytest.raises(InputError, match=r"a\.jpg: says that it holds 65535 x 65535 pixels"):
        read_image(tmp_path / "a.jpg")


def test_a_pipe_is_no_image(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"a\.tif: is a pipe or device"):
        read_image(tmp_path / "a.tif")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_it_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "grey.png", SEEDLINGS["grey.png"])
    path.chmod(0)
    with pytest.raises(InputError, match=r"grey\.png: can't be opened .* right to read"):
        read_image(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("suffix", ["tif", "npy"])
def test_labels_and_images_that_are_not_finite_are_refused(
    tmp_path: Path, value: float, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    pixels = LABELS.astype(np.float32)
    pixels[0, 0] = value
    np.save(path, pixels) if suffix == "npy" else tifffile.imwrite(path, pixels)
    for read in (read_image, read_labels, lambda path: open_labels(path).read("a")):
        with pytest.raises(InputError, match=rf"a\.{suffix}: .*(NaN|nan|inf)"):
            read(path)


@pytest.mark.parametrize("suffix", ["tif", "npy"])
def test_labels_above_32_bits_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    pixels = LABELS.astype(np.uint64)
    pixels[0, 0] = 2**32
    np.save(path, pixels) if suffix == "npy" else tifffile.imwrite(path, pixels)
    for read in (read_labels, lambda path: open_labels(path).read("a")):
        with pytest.raises(InputError, match=rf"a\.{suffix}: labels must lie .*4,294,967,29"):
            read(path)


# Pickles


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trap = np.array([Trap(sprung)], object)
    np.save(tmp_path / "a.npy", trap, allow_pickle=True)
    np.savez(tmp_path / "a.npz", X=trap, y=trap)
    np.savez(tmp_path / "b.npz", X=COLOUR[None], y=LABELS[None], tissue_list=trap)
    for name in ("a.npy", "a.npz", "b.npz"):
        for read in (read_image, read_labels, open_dataset, _first_labels):
            with suppress(InputError):
                read(tmp_path / name)
    pickle.loads(pickle.dumps(trap))
    assert sprung.exists(), "the trap itself must work"
    sprung.unlink()
    read_sample(open_dataset(tmp_path / "b.npz").records[0])
    assert not sprung.exists()


def _first_labels(path: Path) -> None:
    source = open_labels(path)
    source.read(source.image_ids[0])


@pytest.mark.parametrize("first", [[], [{"id": "vlen-utf8"}]])
def test_zarr_chunks_that_are_pickles_are_refused(
    tmp_path: Path, first: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Earlier versions of numcodecs have no such switch and unpickle.
    monkeypatch.setattr("numcodecs.pickles.ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    folder = write_set(tmp_path, "ome_zarr")
    array = folder / "a.zarr/labels/cells/0"
    about = json.loads((array / ".zarray").read_text())
    about |= {"dtype": "|O", "compressor": None, "fill_value": ""}
    about["filters"] = [*first, {"id": "pickle", "protocol": 5}]
    (array / ".zarray").write_text(json.dumps(about))
    (array / "0.0").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(InputError, match="labels/cells: "):
        read_sample(open_dataset(folder).records[0])
    assert not (tmp_path / "sprung").exists()


def test_zarr_chunks_larger_than_the_memory_are_refused(tmp_path: Path) -> None:
    folder = write_set(tmp_path, "ome_zarr")
    about = json.loads((folder / "a.zarr/0/.zarray").read_text())
    (folder / "a.zarr/0/.zarray").write_text(json.dumps(about | {"chunks": [2**20, 2**20]}))
    with pytest.raises(InputError, match=r"a\.zarr: says that it holds 1048576 x 1048576 pixels"):
        read_image(folder / "a.zarr")


# Archives


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    for name, content in {"a.npz": SEEDLINGS["stored.npz"], "a.zip": _zipped()}.items():
        locked = bytearray(content)
        for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = -1
            while (at := locked.find(magic, at + 1)) >= 0:
                locked[at + flags] |= 1
        (tmp_path / name).write_bytes(locked)
    with pytest.raises(InputError, match=r"a\.npz: can't be read as NPZ .*encrypted"):
        open_dataset(tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"a\.zip: is damaged .*encrypted"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def _zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "text")
    return file.getvalue()


def test_a_member_that_holds_more_than_it_says_stops_at_what_it_says(tmp_path: Path) -> None:
    content = bytearray(_zipped_zeros(2**24))
    # Both the member and the list at the end say that it holds 10 bytes.
    content[22:26] = content[content.rindex(b"PK\x01\x02") + 24 :][:4] = struct.pack("<I", 10)
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", 10)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.zip: is damaged"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert sum(path.stat().st_size for path in (tmp_path / "out").rglob("*")) <= 2**20


def _zipped_zeros(n_bytes: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", bytes(n_bytes))
    return file.getvalue()


# Annotations

SQUARE = [0, 0, 4, 0, 4, 4, 0, 4]


def coco(path: Path, *segmentations: object, height: int = 100, width: int = 100) -> Path:
    image = {"id": 1, "file_name": "a.png", "height": height, "width": width}
    items = [
        {"id": number, "image_id": 1, "category_id": 1, "segmentation": segmentation}
        for number, segmentation in enumerate(segmentations, start=1)
    ]
    path.write_text(json.dumps({"images": [image], "annotations": items}))
    return path


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ([[0, 0, 4, 4]], "annotation 1: expected x and y of at least three corners"),
        ([[0, 0, float("nan"), 0, 4, 4]], "annotation 1: expected x and y of at least"),
        ([[0, 0, 1e300, 0, 4, 4]], r"annotation 1: a corner at 1e\+300"),
        ([[0, 0, 999, 999] * 9000], "annotation 1: its outline takes .* steps"),
        ({"size": [100, 100], "counts": [2**62] * 4 + [10_000]}, "annotation 1: the run lengths"),
        ({"size": [100, 100], "counts": [1e400]}, "annotation 1: run lengths must be whole"),
    ],
)
def test_coco_made_to_do_harm_is_refused(
    tmp_path: Path, segmentation: object, message: str
) -> None:
    with pytest.raises(InputError, match=rf"a\.json, image a, {message}"):
        open_labels(coco(tmp_path / "a.json", segmentation)).read("a")


def test_an_image_with_a_size_of_a_thousand_digits_is_refused(tmp_path: Path) -> None:
    path = coco(tmp_path / "a.json", [SQUARE], height=10**1000)
    with pytest.raises(InputError, match=r"a\.json: says that it holds .* far too many GiB"):
        open_labels(path).read("a")


def test_thousands_of_cells_that_each_cover_the_image_are_refused(tmp_path: Path) -> None:
    whole = {"size": [2000, 2000], "counts": [0, 4_000_000]}
    path = coco(tmp_path / "a.json", *[whole] * 5000, height=2000, width=2000)
    with pytest.raises(InputError, match=r"a\.json, image a: its 5,000 cells cover the image"):
        open_labels(path).read("a")


@pytest.mark.parametrize(
    ("runs", "size", "message"),
    [
        ("10000 2", "100,100", "mask 1: a run leaves the image"),
        (f"{2**63 - 1} {2**63 - 1}", "100,100", "mask 1: a run leaves the image"),
        ("1 2", "10000000,10000000", "says that it holds 10000000 x 10000000"),
    ],
)
def test_runs_made_to_do_harm_are_refused(
    tmp_path: Path, runs: str, size: str, message: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"ImageId,EncodedPixels,Height,Width\na,{runs},{size}\n")
    with pytest.raises(InputError, match=rf"a\.csv.*{message}"):
        open_labels(path).read("a")


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        ({"type": "Polygon", "coordinates": [[[0, 0], [1e300, 0], [0, 1]]]}, r"at 1e\+300"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [9999, 9]] * 90_000]}, "outline takes"),
        ([1], "has no area"),
    ],
)
def test_geojson_made_to_do_harm_is_refused(tmp_path: Path, geometry: object, message: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"geometry": geometry, "properties": [1]}))
    with pytest.raises(InputError, match=rf"a\.geojson, feature 1: .*{message}"):
        open_labels(path).read("a", shape=(500, 500))


@given(
    st.lists(
        st.tuples(st.integers(-40, 240), st.integers(-40, 240)).map(
            lambda corner: (corner[0] / 10 + 0.03, corner[1] / 10 + 0.03)
        ),
        min_size=3,
        max_size=8,
    )
)
def test_rings_hold_the_pixels_whose_centre_is_inside(corners: list[tuple[float, float]]) -> None:
    # No corner has the coordinate of a centre, so that only centres on slanted edges are unsure.
    pixels = np.zeros(20 * 20, bool)
    pixels[run_pixels(ring_runs([corners], (20, 20)))] = True
    centres = np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(-1, 2) + 0.5
    for filled, (x, y) in zip(pixels.reshape(20, 20).T.ravel(), centres, strict=True):
        if not on_outline(corners, x, y):
            assert filled == even_odd(corners, x, y)


def on_outline(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    edges = zip(corners, corners[1:] + corners[:1], strict=True)
    return any(
        abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) < 1e-6 for (x0, y0), (x1, y1) in edges
    )


def even_odd(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    """Whether a line to the far right passes the outline an odd number of times."""
    inside = False
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside


@pytest.mark.parametrize("suffix", ["json", "geojson"])
def test_json_nested_too_deeply_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_text('{"annotations": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(InputError, match=rf"a\.{suffix}: not a JSON file"):
        open_labels(path).read("a", shape=(4, 4))


# Names


@pytest.mark.parametrize("name", ["../a.png", "/etc/a.png", "images/../../a.png", "..\\a.png"])
def test_a_coco_file_must_not_name_files_elsewhere(tmp_path: Path, name: str) -> None:
    folder = write_set(tmp_path / "set", "coco")
    text = (folder / "annotations.json").read_text()
    (folder / "annotations.json").write_text(text.replace('"a.png"', json.dumps(name)))
    with pytest.raises(InputError, match=r"annotations\.json: names the file .* outside"):
        open_dataset(folder)


@pytest.mark.parametrize("name", ["a" * 5000 + ".png", "a\0.png"])
def test_names_that_no_file_has_are_refused(tmp_path: Path, name: str) -> None:
    folder = write_set(tmp_path / "set", "coco")
    text = (folder / "annotations.json").read_text()
    (folder / "annotations.json").write_text(text.replace('"a.png"', json.dumps(name)))
    with pytest.raises(InputError, match=r"annotations\.json: names the file .* no file is called"):
        open_dataset(folder)


def test_links_that_lie_in_the_folder_are_followed(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", "coco")
    (folder / "images/a.png").rename(tmp_path / "elsewhere.png")
    (folder / "images/a.png").symlink_to(tmp_path / "elsewhere.png")
    assert read_set(folder, "coco") == ["read", "read"]


@pytest.mark.parametrize("stem", ["it's", 'a "b"', "line\nbreak", "Zelle_ß_細胞_é", "-rf", "a;b&c"])
def test_odd_file_names_are_read_or_refused_by_name(tmp_path: Path, stem: str) -> None:
    folder = tmp_path / "hostile"
    for room, suffix in (("images", "tif"), ("labels", "png")):
        write_set(folder, "folders")
        path = folder / room / f"{stem}.{suffix}"
        folder_sets.write_image(path, folder_sets.TWO_CELLS)
    assert read_set(folder, "folders") == ["read"] * 3


# One hostile image among five


def _broken(suffix: str, content: bytes) -> Callable[[Path], Path]:
    def put(path: Path) -> Path:
        path.with_suffix(suffix).write_bytes(content)
        return path.with_suffix(suffix)

    return put


def _made(write_it: Callable[[Path], object], suffix: str = ".tif") -> Callable[[Path], Path]:
    def put(path: Path) -> Path:
        write_it(path.with_suffix(suffix))
        return path.with_suffix(suffix)

    return put


HOSTILE_IMAGES: dict[str, Callable[[Path], Path]] = {
    "empty": _broken(".tif", b""),
    "truncated": _broken(".png", SEEDLINGS["colour.png"][:300]),
    "wrong ending": _broken(".tif", SEEDLINGS["grey.png"]),
    "LZW before its words": _broken(".tif", mutated(SEEDLINGS["lzw.tif"], 5018)),
    "no pixels stored": _broken(".tif", mutated(SEEDLINGS["big.tif"], 3996)),
    "pickle": _made(lambda path: np.save(path, np.array([{}])), ".npy"),
    "folder": _made(Path.mkdir),
    "pipe": _made(os.mkfifo),
    "NaN": _made(lambda path: np.save(path, np.full((15, 20), np.nan)), ".npy"),
    "complex": _made(lambda path: np.save(path, np.ones((15, 20), complex)), ".npy"),
}


@pytest.mark.parametrize("kind", HOSTILE_IMAGES)
@pytest.mark.parametrize("part", ["image", "labels"])
def test_one_hostile_file_of_five_is_listed_and_the_others_are_read(
    tmp_path: Path, kind: str, part: str
) -> None:
    lines = ["image_id,image,labels"]
    for number in range(5):
        for name in ("image", "labels"):
            (tmp_path / f"{name}{number}.png").write_bytes(SEEDLINGS["grey.png"])
        names = {"image": f"image{number}.png", "labels": f"labels{number}.png"}
        if number == 2:
            (tmp_path / names[part]).unlink()
            names[part] = HOSTILE_IMAGES[kind](tmp_path / names[part]).name
        lines.append(f"im{number},{names['image']},{names['labels']}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))

    survey = survey_dataset(open_dataset(tmp_path), workers=1)

    assert survey.images["image_id"].tolist() == ["im0", "im1", "im3", "im4"]
    assert survey.problems["image_id"].tolist() == ["im2"]
    assert f"{part}2" in survey.problems["problem"][0]


def test_one_hostile_annotation_of_five_is_listed_and_the_others_are_read(tmp_path: Path) -> None:
    names = [f"im{number}.png" for number in range(5)]
    for name in names:
        annotated_sets.write_image(tmp_path / "images" / name, annotated_sets.picture(0))
    index = annotated_sets.write_coco(tmp_path / "annotations.json", names)
    content = json.loads(index.read_text())
    next(item for item in content["annotations"] if item["image_id"] == 3)["segmentation"] = [
        [0, 0, 4, 4]
    ]
    index.write_text(json.dumps(content))

    survey = survey_dataset(open_dataset(tmp_path), workers=1)

    assert survey.images["image_id"].tolist() == ["im0", "im1", "im3", "im4"]
    assert survey.problems["image_id"].tolist() == ["im2"]
    assert "annotations.json, image im2" in survey.problems["problem"][0]
