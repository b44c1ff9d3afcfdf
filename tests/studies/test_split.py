"""Data sets are divided without leaks, and held to the split they were frozen with."""

import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import tifffile

from workbench.datasets import (
    SplitConfig,
    open_dataset,
    read_frozen_split,
    read_labels,
)
from workbench.schema import InputError
from workbench.studies import (
    Signatures,
    _signatures,
    find_leaks,
    signatures_of,
    split_dataset,
    verify_split,
)


@pytest.fixture
def discs(small_dataset: Callable[..., Path]) -> Path:
    """Ten images of discs, each of its own; im9, of the test split, is a darker copy of im0."""
    root = small_dataset(splits=("train",) * 6 + ("val",) + ("test",) * 3)
    rng = np.random.default_rng(1)
    for path in sorted((root / "images").iterdir()):
        image = tifffile.imread(path)
        spots = np.kron(rng.integers(0, 60, (12, 12)), np.ones((8, 8), int))
        tifffile.imwrite(path, (image // 2 + spots).astype(np.uint8))
    copy = tifffile.imread(root / "images" / "im0.tif").astype(np.uint16) * 99
    tifffile.imwrite(root / "images" / "im9.tif", copy)
    return root


def n_read(dataset_folder: Path, cache: Path) -> tuple[int, Signatures]:
    """How many images are read for their signatures."""
    with patch.object(_signatures, "read_sample", wraps=_signatures.read_sample) as read:
        signatures = signatures_of(open_dataset(dataset_folder), cache=cache)
    return read.call_count, signatures


def same(one: Signatures, two: Signatures) -> bool:
    return (
        one.images.equals(two.images)
        and one.by_id.keys() == two.by_id.keys()
        and all(
            np.array_equal(one.by_id[i].thumbnail, two.by_id[i].thumbnail)
            and one.by_id[i].perceptual_hash == two.by_id[i].perceptual_hash
            for i in one.by_id
        )
    )


def test_a_leak_between_train_and_test_is_found(discs: Path) -> None:
    (leak,) = find_leaks(open_dataset(discs)).itertuples()
    assert (leak.image_id_a, leak.split_a) == ("im0", "train")
    assert (leak.image_id_b, leak.split_b) == ("im9", "test")
    assert find_leaks(open_dataset(discs), splits=["train", "val"]).empty


def test_a_divided_data_set_opens_without_leaks(discs: Path, tmp_path: Path) -> None:
    out = tmp_path / "split"
    summary = split_dataset(open_dataset(discs), SplitConfig(stratify_by="modality"), out)
    divided = open_dataset(out)
    assert find_leaks(divided).empty
    splits = {record.image_id: record.split for record in divided.records}
    assert splits["im0"] == splits["im9"]
    assert summary.counts.loc["discs"].to_dict() == {"train": 7, "val": 1, "test": 2}
    assert divided.records[3].metadata == {"modality": "discs"}
    assert divided.records[3].labels == (discs / "labels" / "im3.tif").resolve()
    assert pd.read_csv(out / "duplicates.csv")["image_id_b"].tolist() == ["im9"]
    assert read_frozen_split(out / "split.json") == summary.frozen


def test_one_group_of_images_is_divided_and_the_others_left_out(
    discs: Path, tmp_path: Path
) -> None:
    manifest = (discs / "manifest.csv").read_text().splitlines()
    lines = [manifest[0], *(line.replace(",discs", ",rings") for line in manifest[1:4])]
    (discs / "manifest.csv").write_text("\n".join([*lines, *manifest[4:]]) + "\n")
    config = SplitConfig(only={"modality": "discs"}, shares={"train": 0.5, "test": 0.5})
    summary = split_dataset(open_dataset(discs), config, tmp_path / "split")
    assert summary.n_left_out == 3
    assert summary.duplicates.empty, "im0 is left out, so im9 has no partner"
    ids = [record.image_id for record in open_dataset(tmp_path / "split").records]
    assert ids == [f"im{place}" for place in range(3, 10)]


def test_kept_test_images_with_copies_in_training_are_refused(discs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"im0 \(train\), im9 \(test\) belong together"):
        split_dataset(open_dataset(discs), SplitConfig(keep=("test",)), tmp_path / "split")
    assert not (tmp_path / "split").exists()


def test_two_kept_splits_that_leak_are_refused(discs: Path, tmp_path: Path) -> None:
    image = tifffile.imread(discs / "images" / "im8.tif")
    tifffile.imwrite(discs / "images" / "im6.tif", image)
    (discs / "images" / "im9.tif").unlink()
    lines = (discs / "manifest.csv").read_text().splitlines()
    (discs / "manifest.csv").write_text("\n".join(lines[:-1]) + "\n")
    config = SplitConfig(keep=("test", "val"), shares={"train": 1})
    with pytest.raises(InputError, match=r"im6 \(val\), im8 \(test\) belong together"):
        split_dataset(open_dataset(discs), config, tmp_path / "split")


def test_a_split_inside_its_data_set_moves_with_it(discs: Path, tmp_path: Path) -> None:
    split_dataset(open_dataset(discs), SplitConfig(), discs / "splits" / "first")
    discs.rename(tmp_path / "elsewhere")
    records = open_dataset(tmp_path / "elsewhere" / "splits" / "first").records
    assert len(records) == 10


def test_a_frozen_split_is_not_replaced_by_another(discs: Path, tmp_path: Path) -> None:
    dataset, out = open_dataset(discs), tmp_path / "split"
    first = split_dataset(dataset, SplitConfig(), out)
    assert split_dataset(dataset, SplitConfig(), out).frozen == first.frozen
    with pytest.raises(InputError, match="holds another frozen split"):
        split_dataset(dataset, SplitConfig(seed=1), out)
    with pytest.raises(InputError, match="is a data set already"):
        split_dataset(dataset, SplitConfig(), discs)


def test_an_unreadable_image_is_named_and_not_divided(discs: Path, tmp_path: Path) -> None:
    (discs / "images" / "im4.tif").write_bytes(b"nothing")
    signatures = signatures_of(open_dataset(discs))
    assert signatures.problems["image_id"].tolist() == ["im4"]
    assert "im4" not in signatures.by_id
    with pytest.raises(InputError, match=r"1 images can't be read.*im4\.tif"):
        split_dataset(open_dataset(discs), SplitConfig(), tmp_path / "split")


def test_the_same_data_in_another_format_are_as_they_were_frozen(
    discs: Path, tmp_path: Path
) -> None:
    import cv2

    frozen = split_dataset(open_dataset(discs), SplitConfig(), tmp_path / "split").frozen
    copy = tmp_path / "png"
    shutil.copytree(discs, copy)
    for path in sorted((copy / "images").iterdir()):
        cv2.imwrite(str(path.with_suffix(".png")), tifffile.imread(path))
        path.unlink()
    manifest = (copy / "manifest.csv").read_text()
    names = {image.image_id: image.split for image in frozen.images}
    for name, split in names.items():
        old = next(line for line in manifest.splitlines() if line.startswith(f"{name},"))
        parts = old.split(",")
        parts[1], parts[3] = f"images/{name}.png", split
        manifest = manifest.replace(old, ",".join(parts))
    (copy / "manifest.csv").write_text(manifest)
    assert open_dataset(copy).records[0].image.suffix == ".png"
    assert verify_split(open_dataset(copy), frozen).empty


def test_what_changed_since_the_freezing_is_named(discs: Path, tmp_path: Path) -> None:
    out = tmp_path / "split"
    frozen = split_dataset(open_dataset(discs), SplitConfig(), out).frozen
    labels = read_labels(discs / "labels" / "im2.tif")
    labels[labels == 3] = 0
    tifffile.imwrite(discs / "labels" / "im2.tif", labels)
    (discs / "images" / "im5.tif").write_bytes(b"nothing")
    changes = verify_split(open_dataset(out), frozen)
    assert changes.to_numpy().tolist() == [["im2", "labels changed"], ["im5", "unreadable"]]


def test_signatures_are_remembered_until_a_file_changes(discs: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "signatures.parquet"
    first, signatures = n_read(discs, cache)
    again, remembered = n_read(discs, cache)
    assert (first, again) == (10, 0)
    assert same(signatures, remembered)
    tifffile.imwrite(discs / "labels" / "im2.tif", np.ones((96, 96), np.uint16))
    changed, after = n_read(discs, cache)
    assert changed == 1
    assert after.images["labels_sha256"][2] != signatures.images["labels_sha256"][2]
    assert after.images["image_sha256"][2] == signatures.images["image_sha256"][2]


def test_a_split_of_the_same_files_is_not_read_again(discs: Path, tmp_path: Path) -> None:
    cache = tmp_path / "signatures.parquet"
    split_dataset(open_dataset(discs), SplitConfig(), tmp_path / "split", cache=cache)
    assert n_read(tmp_path / "split", cache)[0] == 0


def test_a_broken_cache_is_made_anew(discs: Path, tmp_path: Path) -> None:
    cache = tmp_path / "signatures.parquet"
    cache.write_bytes(b"nothing")
    assert n_read(discs, cache)[0] == 10
    assert n_read(discs, cache)[0] == 0


def test_images_without_labels_have_signatures_too(discs: Path, tmp_path: Path) -> None:
    (discs / "manifest.csv").write_text("image_id,image\na,images/im0.tif\nb,images/im1.tif\n")
    cache = tmp_path / "signatures.parquet"
    signatures = signatures_of(open_dataset(discs), cache=cache)
    assert signatures.images["labels_sha256"].isna().all()
    assert n_read(discs, cache)[1].images["labels_sha256"].isna().all()


def test_two_processes_find_what_one_finds_and_every_image_is_told(
    small_dataset: Callable[..., Path],
) -> None:
    dataset = open_dataset(small_dataset(splits=("train",) * 20))
    steps: list[None] = []
    both = signatures_of(dataset, workers=2, step=lambda: steps.append(None))
    assert same(both, signatures_of(dataset))
    assert len(steps) == 20


def test_the_data_science_bowl_leaks_one_embryo_from_train_to_val(real_data: Path) -> None:
    (leak,) = find_leaks(open_dataset(real_data / "dsb2018")).itertuples()
    assert (leak.image_id_a, leak.split_a) == ("20b20ab049372d18", "train")
    assert (leak.image_id_b, leak.split_b) == ("cb4df20a83b2f38b", "val")


def test_the_data_science_bowl_is_divided_in_equal_proportions(
    real_data: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(real_data / "dsb2018")
    summary = split_dataset(dataset, SplitConfig(stratify_by="modality"), tmp_path / "split")
    assert summary.counts.to_numpy().tolist() == [[9, 1, 2], [224, 32, 64], [14, 2, 4], [42, 6, 12]]
    assert find_leaks(open_dataset(tmp_path / "split")).empty
