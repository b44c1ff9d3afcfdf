"""Folders to data sets."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from workbench.datasets import (
    find_label_files,
    open_dataset,
    read_examples,
    read_sample,
)
from workbench.schema import InputError


def test_a_manifest_gives_ids_splits_and_metadata(small_dataset: Callable[..., Path]) -> None:
    dataset = open_dataset(small_dataset())
    assert dataset.name == "discs"
    assert [record.image_id for record in dataset.split("test")] == ["im2", "im3", "im4"]
    assert dataset.records[0].metadata == {"modality": "discs"}
    sample = read_sample(dataset.records[0])
    assert sample.image.shape == (96, 96, 1)
    assert sample.reference is not None
    assert sample.reference.max() == 16


def test_a_plain_pair_of_folders_is_a_data_set(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset()
    (folder / "manifest.csv").unlink()
    (folder / "labels" / "im3.tif").rename(folder / "labels" / "im3_label.tif")
    dataset = open_dataset(folder)
    assert [record.split for record in dataset.records] == ["test"] * 5
    assert dataset.records[3].labels == folder / "labels" / "im3_label.tif"


def test_images_without_labels_are_allowed_where_the_manifest_says_so(
    small_dataset: Callable[..., Path],
) -> None:
    folder = small_dataset()
    (folder / "manifest.csv").write_text("image_id,image\nonly,images/im0.tif\n")
    (record,) = open_dataset(folder).records
    assert record.labels is None
    assert read_sample(record).reference is None


def test_a_missing_folder_is_named_with_its_likely_name(
    small_dataset: Callable[..., Path],
) -> None:
    folder = small_dataset()
    with pytest.raises(InputError, match=r"dics: no such folder or file; did you mean .*discs\?"):
        open_dataset(folder.with_name("dics"))


def test_an_empty_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found neither manifest\.csv, nor a folder images/"):
        open_dataset(tmp_path)
    (tmp_path / "manifest.csv").write_text("image_id,image\n")
    with pytest.raises(InputError, match="is empty"):
        open_dataset(tmp_path)
    (tmp_path / "manifest.csv").unlink()
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match="is empty"):
        open_dataset(tmp_path)


def test_a_missing_label_is_named(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset()
    (folder / "labels" / "im1.tif").unlink()
    with pytest.raises(InputError, match=r"names 1 files that don't exist: .*im1\.tif"):
        open_dataset(folder)
    (folder / "manifest.csv").unlink()
    with pytest.raises(InputError, match=r"no label file for im1\.tif"):
        open_dataset(folder)


def test_sizes_that_differ_are_named(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset()
    tifffile.imwrite(folder / "labels" / "im0.tif", np.zeros((95, 96), np.uint16))
    with pytest.raises(InputError, match=r"im0\.tif: labels of 95 x 96 .* 96 x 96"):
        read_sample(open_dataset(folder).records[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_id,picture\na,b\n", "lacks the column image; it has image_id, picture"),
        ("image_id,image\na,\n", "line 2: the image is empty"),
        ("image_id,image\n../a,images/im0.tif\n", "line 2: image_id '../a' can't be a file name"),
        ("image_id,image\na,images/im0.tif\na,images/im1.tif\n", "a stands more than once"),
    ],
)
def test_a_faulty_manifest_is_named_with_its_line(
    small_dataset: Callable[..., Path], text: str, message: str
) -> None:
    folder = small_dataset()
    (folder / "manifest.csv").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        open_dataset(folder)
    assert "manifest.csv" in str(caught.value)


def test_a_manifest_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        open_dataset(tmp_path)


def test_a_manifest_from_excel_is_read(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset()
    text = "image_id,image,labels,split\r\na,images/im0.tif,labels/im0.tif,test\r\n"
    (folder / "manifest.csv").write_bytes(text.encode("utf-8-sig"))
    assert open_dataset(folder).records[0].image_id == "a"


def test_an_unknown_split_lists_those_there_are(small_dataset: Callable[..., Path]) -> None:
    dataset = open_dataset(small_dataset())
    with pytest.raises(InputError, match=r"split 'valid', only test \(3\), train \(1\), val \(1\)"):
        dataset.split("valid")


def test_label_files_are_found_by_id(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset() / "labels"
    (folder / "im0.tif").rename(folder / "im0_label.tif")
    assert set(find_label_files(folder)) == {f"im{i}" for i in range(5)}
    shutil.copy(folder / "im1.tif", folder / "im1_labels.tif")
    with pytest.raises(InputError, match="both stand for 'im1'"):
        find_label_files(folder)


def test_examples_come_from_every_group(demo_data: Path) -> None:
    examples = read_examples(open_dataset(demo_data), by="modality", n=6)
    assert [sample.metadata["modality"] for sample in examples] == [
        "fluorescence", "fluorescence", "histology", "histology", "phase_contrast",
        "phase_contrast",
    ]  # fmt: skip


@pytest.mark.parametrize("with_manifest", [True, False])
def test_records_travel_to_other_processes(
    small_dataset: Callable[..., Path], with_manifest: bool
) -> None:
    folder = small_dataset(splits=("test",))
    if not with_manifest:
        (folder / "manifest.csv").unlink()
    dataset = open_dataset(folder)
    assert pickle.loads(pickle.dumps(dataset)) == dataset
