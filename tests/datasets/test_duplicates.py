"""Copies are found whatever was done to them; different images are not taken for copies."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile

from workbench.datasets import (
    SyntheticConfig,
    find_duplicates,
    image_signature,
    open_dataset,
    pixels_sha256,
    read_image,
    read_sample,
    synthetic_samples,
)
from workbench.schema import ImageArray


def as_shares(image: ImageArray) -> np.ndarray:
    return image.astype(np.float32) / max(1, image.max())


def in_8_bit(shares: np.ndarray) -> ImageArray:
    return (shares.clip(0, 1) * 255).round().astype(np.uint8)


def jpeg(image: ImageArray, quality: int) -> ImageArray:
    eight = in_8_bit(as_shares(image))
    colour = eight if eight.shape[2] == 3 else np.repeat(eight, 3, axis=2)
    _, data = cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def resized(image: ImageArray, factor: float) -> ImageArray:
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small if small.ndim == 3 else small[..., np.newaxis]


def noisy(image: ImageArray) -> ImageArray:
    noise = np.random.default_rng(0).normal(0, 0.01, image.shape)
    return in_8_bit(as_shares(image) + noise)


PROCESSING: dict[str, Callable[[ImageArray], ImageArray]] = {
    "in 16 bit": lambda image: (as_shares(image) * 65535).round().astype(np.uint16),
    "as float": as_shares,
    "darker": lambda image: in_8_bit(0.5 * as_shares(image)),
    "less contrast": lambda image: in_8_bit(0.2 + 0.6 * as_shares(image)),
    "gamma 1/2": lambda image: in_8_bit(as_shares(image) ** 0.5),
    "gamma 2": lambda image: in_8_bit(as_shares(image) ** 2),
    "JPEG, quality 50": lambda image: jpeg(image, 50),
    "a tenth smaller": lambda image: resized(image, 0.9),
    "half the size": lambda image: resized(image, 0.5),
    "noise": noisy,
    "red, green and blue": lambda image: (
        np.repeat(image[..., :1], 3, axis=2)
        if image.shape[2] == 1
        else image.mean(axis=2, keepdims=True).round().astype(image.dtype)
    ),
}

TURNS: dict[str, Callable[[ImageArray], ImageArray]] = {
    "mirrored left to right": lambda image: image[:, ::-1],
    "mirrored top to bottom": lambda image: image[::-1],
    "turned by 180°": lambda image: np.rot90(image, 2),
    "mirrored at the diagonal": lambda image: image.transpose(1, 0, 2),
    "turned by 90° clockwise": lambda image: np.rot90(image, -1),
    "turned by 90° anticlockwise": lambda image: np.rot90(image, 1),
    "mirrored at the other diagonal": lambda image: np.rot90(image, 2).transpose(1, 0, 2),
}


def pairs(**images: ImageArray) -> pd.DataFrame:
    return find_duplicates({name: image_signature(image) for name, image in images.items()})


@pytest.fixture(scope="module")
def cells() -> dict[str, ImageArray]:
    """Twelve images, each modality in each density."""
    config = SyntheticConfig(n_images=12)
    return {sample.image_id: sample.image for sample in synthetic_samples(config)}


@pytest.mark.parametrize("processing", PROCESSING)
def test_a_processed_copy_is_found_and_nothing_else(
    cells: dict[str, ImageArray], processing: str
) -> None:
    copies = {f"{name}_copy": PROCESSING[processing](image) for name, image in cells.items()}
    found = pairs(**cells, **copies)
    near = set(zip(found["image_id_a"], found["image_id_b"], strict=True))
    assert near == {(name, f"{name}_copy") for name in cells}
    assert set(found["orientation"]) == {"same"}


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_copy_is_found_and_its_turn_named(cells: dict[str, ImageArray], turn: str) -> None:
    image = next(iter(cells.values()))[:, :200]  # not square
    (pair,) = pairs(a=image, b=TURNS[turn](image)).itertuples()
    assert (pair.kind, pair.orientation) == ("near", turn)
    assert pair.similarity == pytest.approx(1, abs=1e-5)


def test_the_same_pixels_in_another_file_format_are_identical(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 65535, (40, 50, 3), np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), pixels[..., ::-1])
    tifffile.imwrite(tmp_path / "b.tif", pixels, photometric="rgb", byteorder=">")
    (pair,) = pairs(a=read_image(tmp_path / "a.png"), b=read_image(tmp_path / "b.tif")).itertuples()
    assert (pair.kind, pair.similarity) == ("identical", 1)


def test_pixels_of_another_type_shape_or_value_have_another_hash() -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    others = [pixels.astype(np.uint16), pixels.reshape(3, 2), pixels[::-1], pixels]
    hashes = [pixels_sha256(other) for other in others]
    assert len(set(hashes)) == 4
    assert pixels_sha256(np.asfortranarray(pixels)) == pixels_sha256(pixels.astype(">u1"))
    assert pixels_sha256(pixels.astype(">u2")) == hashes[0]


def test_the_light_of_one_microscope_makes_no_duplicates() -> None:
    rows, columns = np.mgrid[-1:1:256j, -1:1:256j]
    light = 20000 * (1 - 0.3 * (rows**2 + columns**2) - 0.2 * rows)
    rng = np.random.default_rng(0)
    fields = [rng.poisson(light + 0.05 * light * rng.random(light.shape)) for _ in range(6)]
    images = {str(i): field.astype(np.uint16)[..., np.newaxis] for i, field in enumerate(fields)}
    whole = [image.ravel() for image in images.values()]
    assert np.corrcoef(whole).min() > 0.9, "pixel by pixel they are much alike"
    assert pairs(**images).empty


def test_images_without_detail_are_identical_or_nothing() -> None:
    black, white = np.zeros((64, 64, 1), np.uint8), np.full((64, 64, 1), 255, np.uint8)
    greys = {f"grey{value}": np.full((57, 91, 3), value, np.uint8) for value in (33, 66, 132)}
    found = pairs(a=black, b=white, c=white.copy(), **greys)
    assert found[["image_id_a", "image_id_b", "kind"]].to_numpy().tolist() == [
        ["b", "c", "identical"]
    ]


def test_a_stretched_image_and_a_crop_are_not_found(cells: dict[str, ImageArray]) -> None:
    image = cells["histology_dense_00"]
    stretched = cv2.resize(image, (256, 320), interpolation=cv2.INTER_AREA)
    assert pairs(a=image, b=stretched.reshape(320, 256, -1)).empty
    assert pairs(a=image, b=image[30:, 30:]).empty


def test_copies_among_many_are_found_as_by_comparing_all() -> None:
    """More images than a block holds; the slow way compares every pair in every orientation."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (32, 32, 1), np.uint8) for _ in range(600)]
    for copy, original in ((3, 580), (255, 256), (301, 310), (599, 0)):
        images[copy] = np.rot90(images[original], copy % 4)
    signatures = {f"{i:03d}": image_signature(image) for i, image in enumerate(images)}
    found = find_duplicates(signatures)
    turned = [np.stack([s.thumbnail for s in signatures.values()])]
    turned = [np.rot90(turned[0], turns, axes=(1, 2)) for turns in range(4)]
    turned += [part[:, ::-1] for part in turned]
    flat = turned[0].reshape(600, -1)
    best = np.max([flat @ part.reshape(600, -1).T for part in turned], axis=0)
    expected = np.argwhere(np.triu(best, 1) >= 0.8)
    assert len(expected) == 4
    assert sorted(zip(found["image_id_a"], found["image_id_b"], strict=True)) == [
        (f"{a:03d}", f"{b:03d}") for a, b in expected
    ]


def test_no_images_hold_no_duplicates() -> None:
    assert list(find_duplicates({}).columns) == [
        "image_id_a", "image_id_b", "kind", "similarity", "orientation",
    ]  # fmt: skip


def test_a_similar_pair_counts_from_the_given_similarity_on(cells: dict[str, ImageArray]) -> None:
    signature = image_signature(next(iter(cells.values())))
    other = np.random.default_rng(0).normal(size=(32, 32)).astype(np.float32)
    other -= (other * signature.thumbnail).sum() * signature.thumbnail
    mixed = 0.7 * signature.thumbnail + np.sqrt(1 - 0.49) * other / np.linalg.norm(other)
    both = {"a": signature, "b": replace(signature, thumbnail=mixed, pixels_sha256="")}
    assert find_duplicates(both).empty
    (pair,) = find_duplicates(both, min_similarity=0.69).itertuples()
    assert pair.similarity == pytest.approx(0.7, abs=1e-5)


def test_the_data_science_bowl_holds_one_pair_two_frames_of_one_embryo(real_data: Path) -> None:
    records = open_dataset(real_data / "dsb2018").records
    images = {record.image_id: read_sample(record).image for record in records}
    (pair,) = pairs(**images).itertuples()
    assert (pair.image_id_a, pair.image_id_b) == ("20b20ab049372d18", "cb4df20a83b2f38b")
    assert (pair.kind, round(pair.similarity, 2)) == ("near", 0.95)


def test_a_processed_copy_of_a_real_image_is_found(real_data: Path) -> None:
    records = open_dataset(real_data / "dsb2018").records[::20]
    images = {record.image_id: read_sample(record).image for record in records}
    for processing in ("gamma 1/2", "gamma 2", "JPEG, quality 50", "a tenth smaller", "noise"):
        copies = {f"{i}_copy": PROCESSING[processing](image) for i, image in images.items()}
        found = pairs(**images, **copies)
        assert set(found["image_id_b"]) == set(copies), processing
        assert len(found) == len(copies), processing
