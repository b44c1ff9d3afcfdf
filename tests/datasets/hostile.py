"""Damaged and malicious files: whole files of every format, mutated by a seed."""

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import imagecodecs
import numpy as np
import tifffile

from workbench.datasets import open_dataset, open_labels, read_image, read_labels, read_sample
from workbench.schema import InputError

LABELS: Final = np.repeat(np.repeat(np.arange(12, dtype=np.uint16).reshape(3, 4), 5, 0), 5, 1)
COLOUR: Final = np.random.default_rng(0).integers(0, 255, (15, 20, 3)).astype(np.uint8)


def _tiff(**options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, LABELS, **options)
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
    "a.ome.tif": _tiff(ome=True, metadata={"axes": "YX", "PhysicalSizeX": 0.5}),
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
}
"""A whole file of each format, by a name with its ending."""


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
                other = rng.choice(list(SEEDLINGS.values()))
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


def zip_bomb(path: Path, n_bytes: int) -> Path:
    """Write an .npz whose array unpacks to far more than the file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("X", "y"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                shape = (n_bytes // 10_000, 100, 100)
                header = {"descr": "|u1", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)
                for _ in range(n_bytes // 1_000_000):
                    member.write(bytes(1_000_000))
    return path
