"""Labels of a data set in any layout, as a source of labels to be scored."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.datasets.folder_sets import (
    TWO_CELLS,
    write_dsb2018,
    write_image,
    write_neurips,
    write_stardist,
)
from workbench.datasets import DatasetFile, open_any_labels, open_labels, write_dataset_file
from workbench.schema import InputError


def test_folders_of_stardist_give_their_masks(tmp_path: Path) -> None:
    folder = write_stardist(tmp_path / "set")
    assert open_labels(folder).image_ids == ("test", "train"), "as if its masks were nuclei"
    source = open_any_labels(folder)
    assert (source.kind, source.path) == ("dataset", folder)
    assert source.image_ids == ("a", "b")
    for name in source.image_ids:
        np.testing.assert_array_equal(source.read(name).labels, TWO_CELLS)
    with pytest.raises(InputError, match=r"has no labels for 'c'; there are 2 images: a, b"):
        source.read("c")


def test_folders_of_nuclei_stay_the_images_that_they_are(tmp_path: Path) -> None:
    folder = write_dsb2018(tmp_path / "set") / "stage1_train"
    source = open_any_labels(folder)
    assert (source.kind, source.image_ids) == ("mask_folders", ("aa",))
    np.testing.assert_array_equal(source.read("aa").labels > 0, TWO_CELLS > 0)


def test_the_neurips_challenge_gives_the_labels_of_all_its_parts(tmp_path: Path) -> None:
    source = open_any_labels(write_neurips(tmp_path / "set"))
    assert len(source.image_ids) == 4
    for name in source.image_ids:
        np.testing.assert_array_equal(source.read(name).labels, TWO_CELLS)
    assert any("WSI" in note for note in source.left_out)


def test_images_without_labels_are_counted_and_left_out(
    small_dataset: Callable[..., Path],
) -> None:
    manifest = small_dataset() / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("labels/im4.tif", ""))
    write_dataset_file(manifest.with_name("dataset.yaml"), DatasetFile(path=manifest))
    source = open_any_labels(manifest.parent)
    assert source.image_ids == ("im0", "im1", "im2", "im3")
    assert source.left_out == ("1 images have no labels",)


def test_a_data_set_without_labels_is_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "a.tif")
    (tmp_path / "dataset.yaml").write_text("layout: folders\n")
    with pytest.raises(InputError, match="no image of this data set has labels"):
        open_any_labels(tmp_path)


@pytest.mark.parametrize("name", ["set.yaml", "set.yml", "inside/dataset.yaml"])
def test_a_dataset_yaml_says_which_labels(tmp_path: Path, name: str) -> None:
    data = write_stardist(tmp_path / "cells")
    file = tmp_path / name
    write_dataset_file(file, DatasetFile(path=data, layout="stardist"))
    for path in {file, file.parent if name.startswith("inside") else file}:
        source = open_any_labels(path)
        assert (source.kind, source.image_ids) == ("dataset", ("a", "b"))
        np.testing.assert_array_equal(source.read("b").labels, TWO_CELLS)


def test_a_dataset_yaml_beside_label_images_decides(tmp_path: Path) -> None:
    data = write_stardist(tmp_path / "cells")
    write_image(tmp_path / "mine" / "other.tif", TWO_CELLS)
    assert open_any_labels(tmp_path / "mine").image_ids == ("other",)
    write_dataset_file(tmp_path / "mine" / "dataset.yaml", DatasetFile(path=data))
    assert open_any_labels(tmp_path / "mine").image_ids == ("a", "b")


def test_a_folder_of_label_images_is_one_as_before(tmp_path: Path) -> None:
    write_image(tmp_path / "a_masks.png", TWO_CELLS)
    write_image(tmp_path / "b.tif", TWO_CELLS)
    source, before = open_any_labels(tmp_path), open_labels(tmp_path)
    assert (source.kind, source.image_ids) == ("folder", ("a", "b"))
    assert source == before


def test_a_manifest_is_one_as_before(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset()
    assert open_any_labels(folder).kind == open_any_labels(folder / "manifest.csv").kind
    assert open_any_labels(folder) == open_labels(folder)


def test_the_channel_chooses_among_the_annotations_of_a_set(tmp_path: Path) -> None:
    masks = {"nuclei": np.where(TWO_CELLS == 1, 1, 0), "whole_cell": TWO_CELLS}
    stack = np.stack([masks["whole_cell"], masks["nuclei"]], axis=-1)[np.newaxis]
    for split in ("train", "val", "test"):
        np.savez(tmp_path / f"tissuenet_v1.1_{split}.npz", X=np.zeros((1, 4, 4, 2)), y=stack)
    for channel, labels in masks.items():
        source = open_any_labels(tmp_path, channel=channel)
        assert len(source.image_ids) == 3
        np.testing.assert_array_equal(source.read(source.image_ids[0]).labels, labels)
    with pytest.raises(InputError, match="nuclei"):
        open_any_labels(tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "empty", "text.txt", "full"])
def test_where_nothing_fits_the_error_is_that_of_labels(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("nothing")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.docx").write_text("nothing")
    with pytest.raises(InputError) as before:
        open_labels(tmp_path / name)
    with pytest.raises(InputError) as now:
        open_any_labels(tmp_path / name)
    assert str(now.value) == str(before.value)


def test_a_dataset_yaml_that_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: no such folder or file"):
        open_any_labels(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("pth: cells\n")
    with pytest.raises(InputError, match=r"bad\.yaml: pth: .*it may hold path, layout"):
        open_any_labels(tmp_path / "bad.yaml")


def test_a_source_goes_to_other_processes(tmp_path: Path) -> None:
    source = open_any_labels(write_neurips(tmp_path / "set"))
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    for name in source.image_ids:
        np.testing.assert_array_equal(copy.read(name).labels, TWO_CELLS)


def test_cells_in_pieces_are_noted_where_asked(tmp_path: Path) -> None:
    folder = write_stardist(tmp_path / "set")
    labels = TWO_CELLS.copy()
    labels[0, 3] = 1
    tifffile.imwrite(folder / "train" / "masks" / "a.tif", labels)
    source = open_any_labels(folder)
    assert [note.code for note in source.read("a").notes] == ["pieces"]
    assert source.read("a", check_pieces=False).notes == ()
    assert source.read("b").notes == ()
