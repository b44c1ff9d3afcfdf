"""Damaged and malicious files: whole files and small sets of every format, mutated by a seed."""

import io
import json
import random
import re
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import imagecodecs
import numpy as np
import pandas as pd
import tifffile

from tests.datasets import annotated_sets, folder_sets
from workbench.datasets import (
    ReadingOptions,
    freeze_split,
    frozen_split_json,
    labels_geojson,
    open_dataset,
    open_labels,
    read_image,
    read_labels,
    read_sample,
)
from workbench.schema import InputError

LABELS: Final = np.repeat(np.repeat(np.arange(12, dtype=np.uint16).reshape(3, 4), 5, 0), 5, 1)
COLOUR: Final = np.random.default_rng(0).integers(0, 255, (15, 20, 3)).astype(np.uint8)


OME: Final = {
    "axes": "YX",
    "PhysicalSizeX": 0.5,
    "UUID": "urn:uuid:00000000-0000-0000-0000-000000000000",
}


def _tiff(array: np.ndarray = LABELS, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, LABELS)
    return file.getvalue()


def _npz(compressed: bool) -> bytes:
    file = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(file, X=COLOUR[None], y=LABELS[None, ..., None])
    return file.getvalue()


def _coco() -> bytes:
    square = [[0, 0, 4, 0, 4, 4, 0, 4]]
    runs = {"size": [15, 20], "counts": [3, 5, 292]}
    images = [{"id": 1, "file_name": "a.png", "height": 15, "width": 20}]
    annotations = [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": square, "iscrowd": 0},
        {"id": 2, "image_id": 1, "category_id": 1, "segmentation": runs, "score": 0.5},
    ]
    return json.dumps({"images": images, "annotations": annotations}).encode()


def _geojson() -> bytes:
    ring = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


SEEDLINGS: Final[dict[str, bytes]] = {
    "plain.tif": _tiff(),
    "lzw.tif": _tiff(compression="lzw"),
    "zstd-tiled.tif": _tiff(compression="zstd", tile=(16, 16)),
    "big.tif": _tiff(bigtiff=True, compression="zlib"),
    "a.ome.tif": _tiff(ome=True, metadata=OME),
    "imagej.tif": _tiff(imagej=True),
    "grey.png": imagecodecs.png_encode(LABELS),
    "colour.png": imagecodecs.png_encode(COLOUR),
    "colour.jpg": imagecodecs.jpeg_encode(COLOUR),
    "colour.bmp": imagecodecs.bmp_encode(COLOUR),
    "a.npy": _npy(),
    "stored.npz": _npz(compressed=False),
    "packed.npz": _npz(compressed=True),
    "coco.json": _coco(),
    "a.geojson": _geojson(),
    "manifest.csv": b"image_id,image,labels,split\na,a.png,a.png,test\nb,a.png,,train\n",
    "runs.csv": b"ImageId,EncodedPixels,Height,Width\na,1 3 20 4,15,20\na,200 2,15,20\n",
    "dataset.yaml": b"path: .\nlayout: manifest\nchannels: '0'\naxes: YX\n",
    "predictor.tif": _tiff(LABELS.astype(np.float32), compression="zlib", predictor=True),
    "lzw-stack.tif": _tiff(np.stack([LABELS, LABELS]), compression="lzw", metadata=None),
    "packbits.tif": _tiff(compression="packbits"),
    "jpeg.tif": _tiff(COLOUR, compression="jpeg", tile=(16, 16)),
    "lzma.tif": _tiff(compression="lzma", rowsperstrip=4),
}
"""A whole file of each format, by a name with its ending."""

DONORS: Final = tuple(SEEDLINGS.values())[:18]
"""What parts are taken from; with others, all seeds would mean other files."""


def mutated(content: bytes, seed: int) -> bytes:
    """Return a file with one to eight faults: bytes changed, cut out, repeated, or cut short."""
    rng = random.Random(seed)
    data = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(data)) if data else 0
        match rng.randrange(6):
            case 0:
                data[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                data[place : place + 4] = rng.choice(
                    (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff", b"9999")
                )
            case 2:
                del data[place : place + rng.randint(1, 16)]
            case 3:
                data[place:place] = data[place : place + rng.randint(1, 64)]
            case 4:
                del data[rng.randrange(len(data) + 1) :]
            case 5:
                other = rng.choice(DONORS)
                start = rng.randrange(len(other))
                data[place : place + 8] = other[start : start + 8]
    return bytes(data)


def read_whole(path: Path) -> str:
    """Read a file in every way its ending allows; return what it came to.

    Anything but success or an error that names the file is a fault of ours and is raised.
    """
    readers: list[Callable[[], object]] = [lambda: open_labels(path).read(
        open_labels(path).image_ids[0], shape=(15, 20))]  # fmt: skip
    if path.suffix in (".tif", ".png", ".jpg", ".bmp", ".npy"):
        readers += [lambda: read_image(path), lambda: read_labels(path)]
    if path.suffix in (".npz", ".json", ".csv", ".yaml"):
        readers += [lambda: [read_sample(record) for record in open_dataset(path).records]]
    outcomes = []
    for reader in readers:
        try:
            reader()
        except InputError as error:
            outcomes.append("refused" if path.parent.name in str(error) else f"not named: {error}")
        else:
            outcomes.append("read")
    unnamed = [outcome for outcome in outcomes if outcome.startswith("not named")]
    assert not unnamed, unnamed
    return ", ".join(outcomes)


def _write_manifest(folder: Path) -> None:
    for name in ("a", "b"):
        folder_sets.write_image(folder / f"images/{name}.tif")
        folder_sets.write_image(folder / f"labels/{name}.png", folder_sets.TWO_CELLS)
    (folder / "manifest.csv").write_text(
        "image_id,image,labels,split,image_channels,stain\n"
        "a,images/a.tif,labels/a.png,train,0,DAPI\nb,images/b.tif,labels/b.png,test,,\n"
    )


def _write_frozen(folder: Path) -> None:
    _write_manifest(folder)
    rows = [
        (name, split, "00" * 32, "11" * 32)
        for name, split in zip("ab", ("train", "test"), strict=True)
    ]
    images = pd.DataFrame(rows, columns=["image_id", "split", "image_sha256", "labels_sha256"])
    (folder / "split.json").write_text(frozen_split_json(freeze_split(images, dataset="mine")))
    (folder / "dataset.yaml").write_text("layout: manifest\nsplit_file: split.json\n")


def _write_folders(folder: Path) -> None:
    for name in ("a", "b"):
        folder_sets.write_image(folder / f"images/{name}.tif")
    folder_sets.write_image(folder / "labels/a.tif", folder_sets.TWO_CELLS)
    (folder / "labels/b.geojson").write_text(labels_geojson(folder_sets.TWO_CELLS))


def _write_coco(folder: Path) -> None:
    for name in ("a.png", "b.png"):
        annotated_sets.write_image(folder / "images" / name, annotated_sets.picture(0))
    annotated_sets.write_coco(folder / "annotations.json", ("a.png", "b.png"))


def _write_npz(folder: Path) -> None:
    images, labels = annotated_sets.stacks(2)
    np.savez(folder / "own_train.npz", X=images, y=labels, tissue_list=np.array(["a", "b"]))


def _write_zarr(folder: Path, version: str) -> None:
    cells = {"cells": folder_sets.TWO_CELLS}
    folder_sets.write_zarr(folder / "a.zarr", cells, version=version)


SETS: Final[dict[str, tuple[Callable[[Path], object], str]]] = {
    "manifest": (_write_manifest, ""),
    "folders": (_write_folders, ""),
    "coco": (_write_coco, ""),
    "npz": (annotated_sets.write_tissuenet, "whole_cell"),
    "livecell": (lambda folder: annotated_sets.write_livecell(folder, flat=True), ""),
    "evican": (annotated_sets.write_evican, "nuclei"),
    "monuseg": (annotated_sets.write_monuseg, ""),
    "nuinsseg": (annotated_sets.write_nuinsseg, ""),
    "cryonuseg": (annotated_sets.write_cryonuseg, "annotator_1"),
    "neurips_cellseg": (folder_sets.write_neurips, ""),
    "dsb2018": (folder_sets.write_dsb2018, ""),
    "stardist": (folder_sets.write_stardist, ""),
    "cellpose": (folder_sets.write_cellpose, ""),
    "bbbc039": (folder_sets.write_bbbc039, ""),
    "bbbc006": (folder_sets.write_bbbc006, ""),
    "ctc": (folder_sets.write_ctc, "gold"),
    "cellbindb": (folder_sets.write_cellbindb, ""),
    "ome_zarr": (lambda folder: _write_zarr(folder, "0.4"), ""),
    "ome_zarr 0.5": (lambda folder: _write_zarr(folder, "0.5"), ""),
    "npz 1.1": (lambda folder: annotated_sets.write_tissuenet(folder, "1.1"), "nuclei"),
    "npz stored": (_write_npz, "whole_cell"),
    "manifest frozen": (_write_frozen, ""),
}
"""What writes a small set, and its target; the first word of its name is the layout."""

_IMAGES: Final = (".tif", ".tiff", ".png", ".jpg", ".bmp")


_TEXTS: Final = (".json", ".geojson", ".zattrs", ".zarray", ".zgroup", ".csv", ".xml", ".txt")
_ODD: Final = (
    None, True, -1, 0, 3.5, 10**30, 2**63 - 1, 1e308, float("nan"), "", "x", "../../x", "/etc/x",
    "a\0b", "\ud800", "x" * 5000, [], {}, [[]], [None], {"a": 1}, [[[[1]]]], "NaN", [1, "a"],
)  # fmt: skip
"""What nobody expects in place of a name, a number or a list."""


def _confused(content: bytes, seed: int) -> bytes:
    """Return a text with one or two of its values replaced by odd ones."""
    rng = random.Random(seed)
    text = content.decode()
    for _ in range(rng.randint(1, 2)):
        odd = rng.choice(_ODD)
        if text.startswith(("{", "[")):
            # Values, never keys: they stand before a comma or a closing bracket.
            places = list(re.finditer(r'("[^"]*"|[-\w.]+)(?=\s*[,}\]])', text))
            new = json.dumps(odd)
        else:
            places = list(re.finditer(r'[^\s,"<>=]+', text))
            new = str(odd)
        if not places:
            break
        place = rng.choice(places)
        if text.startswith(("{", "[")) and rng.random() < 0.5:
            place = _around(text, place.start(), rng) or place
        begin, end = place if isinstance(place, tuple) else place.span()
        text = text[:begin] + new + text[end:]
    return text.encode("utf-8", "surrogatepass")


def _around(text: str, at: int, rng: random.Random) -> tuple[int, int] | None:
    """Return where a list or object around a place begins and ends."""
    depths = [place for place in range(at) if text[place] in "[{"]
    rng.shuffle(depths)
    for begin in depths:
        try:
            return begin, json.JSONDecoder().raw_decode(text, begin)[1]
        except ValueError:
            continue
    return None


def write_set(folder: Path, name: str, seed: int | None = None) -> Path:
    """Write a small set; with a seed, one of its files mutated, an index rather than an image."""
    content = dict(_files_of(name))
    if seed is not None:
        rng = random.Random(seed)
        indices = [path for path in content if Path(path).suffix not in _IMAGES]
        chosen = rng.choice(indices if indices and rng.random() < 0.8 else list(content))
        change = _confused if chosen.endswith(_TEXTS) and rng.random() < 0.5 else mutated
        content[chosen] = change(content[chosen], seed)
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@lru_cache
def _files_of(name: str) -> tuple[tuple[str, bytes], ...]:
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder) / name
        inside.mkdir()
        SETS[name][0](inside)
        found = sorted(path for path in inside.rglob("*") if path.is_file())
        return tuple((str(path.relative_to(inside)), path.read_bytes()) for path in found)


def read_set(folder: Path, name: str) -> list[str]:
    """Read all of a set; return what each image, or the set as a whole, came to.

    Anything but success or an error that names a file of the set is a fault of ours and is raised.
    """
    records, refused = _told(lambda: open_dataset(folder, options=_options(name)).records, folder)
    if records is None:
        return [refused]
    return [_told(lambda record=record: read_sample(record), folder)[1] for record in records]


def _told(action: Callable[[], object], folder: Path) -> tuple[object, str]:
    """Return what comes of reading, "read" or "refused"; an error must name what it is about."""
    try:
        return action(), "read"
    except InputError as error:
        message = str(error)
    assert folder.name in message, message
    return None, "refused"


def _options(name: str) -> ReadingOptions:
    return ReadingOptions(target=SETS[name][1])


def try_case(folder: Path, name: str, seed: int | None) -> object:
    """Write and read a mutated file or set in an empty folder; without a seed, a whole one."""
    if name in SETS:
        return read_set(write_set(folder, name, seed), name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.png").write_bytes(SEEDLINGS["grey.png"])
    (folder / "manifest.csv").write_bytes(SEEDLINGS["manifest.csv"])
    content = SEEDLINGS[name]
    (folder / name).write_bytes(content if seed is None else mutated(content, seed))
    return read_whole(folder / name)
