"""Public sets that lie in folders, in the layouts of their publishers."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.datasets import folder_sets as sets
from tests.datasets.folder_sets import GREY, TWO_CELLS, write_image
from workbench.datasets import (
    LAYOUTS,
    Dataset,
    ReadingOptions,
    Record,
    open_dataset,
    read_choice,
    read_reference,
    read_sample,
)
from workbench.schema import InputError

WRITERS: dict[str, Callable[[Path], Path]] = {
    "neurips_cellseg": sets.write_neurips,
    "dsb2018": sets.write_dsb2018,
    "stardist": sets.write_stardist,
    "cellpose": sets.write_cellpose,
    "bbbc039": sets.write_bbbc039,
    "bbbc006": sets.write_bbbc006,
    "ctc": sets.write_ctc,
    "cellbindb": sets.write_cellbindb,
    "ome_zarr": lambda root: sets.write_zarr(root / "a.zarr", {"cells": TWO_CELLS}).parent,
}


def ids_and_splits(dataset: Dataset) -> dict[str, str]:
    return {record.image_id: record.split for record in dataset.records}


def record(dataset: Dataset, image_id: str) -> Record:
    return next(record for record in dataset.records if record.image_id == image_id)


def targeting(target: str) -> ReadingOptions:
    return ReadingOptions(target=target)


@pytest.mark.parametrize("name", WRITERS)
def test_each_set_is_recognised_as_itself_alone(tmp_path: Path, name: str) -> None:
    folder = WRITERS[name](tmp_path)
    of_sets = [other for other in WRITERS if LAYOUTS[other].recognise(folder)]
    assert of_sets == [name]


@pytest.mark.parametrize("name", WRITERS)
def test_no_set_is_recognised_where_there_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    write_image(tmp_path / "mine" / "images" / "a.tif")
    write_image(tmp_path / "mine" / "labels" / "a_label.tif", TWO_CELLS)
    for folder in ("empty", "file", "mine", "absent"):
        assert not LAYOUTS[name].recognise(tmp_path / folder)
    with pytest.raises(InputError, match="expected"):
        LAYOUTS[name].listing(tmp_path / "mine", ReadingOptions())


@pytest.mark.parametrize("name", WRITERS)
def test_records_can_be_sent_to_another_process_and_read_there(tmp_path: Path, name: str) -> None:
    options = targeting("gold") if name == "ctc" else ReadingOptions()
    for each in open_dataset(WRITERS[name](tmp_path), options=options).records:
        sample = read_sample(pickle.loads(pickle.dumps(each)))
        assert sample.image.shape[:2] == (4, 4)
        assert each.labels is not None
        assert each.labels.exists()
        assert np.unique(sample.reference[sample.reference > 0]).size in (1, 2, 3)


def test_neurips_has_its_splits_and_leaves_out_what_has_no_labels(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_neurips(tmp_path))
    assert ids_and_splits(dataset) == {
        "train_cell_00001": "train",
        "train_cell_00002": "train",
        "val_cell_00001": "val",
        "test_OpenTest_001": "test",
    }
    assert np.array_equal(read_reference(record(dataset, "val_cell_00001")), TWO_CELLS)
    assert read_sample(record(dataset, "train_cell_00002")).image.dtype == np.uint16
    assert any("WSI: 1 images are not used" in note for note in dataset.notes)
    assert any("1 images without labels" in note for note in dataset.notes)


def test_hidden_images_alone_can_be_opened_to_be_segmented(tmp_path: Path) -> None:
    write_image(tmp_path / "Testing" / "Hidden" / "images" / "a.png")
    (only,) = open_dataset(tmp_path).records
    assert (only.image_id, only.labels) == ("hidden_a", None)


def test_neurips_notes_a_label_without_image(tmp_path: Path) -> None:
    sets.write_neurips(tmp_path)
    (tmp_path / "Tuning" / "images" / "cell_00001.jpg").unlink()
    write_image(tmp_path / "Tuning" / "images" / "cell_00009.jpg")
    notes = open_dataset(tmp_path).notes
    assert any("1 label files without an image: cell_00001_label.tiff" in note for note in notes)


def test_two_images_of_one_stem_are_refused(tmp_path: Path) -> None:
    sets.write_neurips(tmp_path)
    write_image(tmp_path / "Training-labeled" / "images" / "cell_00001.png")
    with pytest.raises(InputError, match=r"cell_00001\.bmp and cell_00001\.png both stand for"):
        open_dataset(tmp_path)


def test_the_bowl_has_masks_for_training_and_runs_for_testing(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_dsb2018(tmp_path))
    assert ids_and_splits(dataset) == {"aa": "train", "bb": "test", "dd": "test"}
    expected = np.where(TWO_CELLS == 7, 2, TWO_CELLS)
    assert np.array_equal(read_reference(record(dataset, "aa")), expected)
    assert np.array_equal(read_reference(record(dataset, "bb")), expected)
    assert record(dataset, "dd").metadata == {"stage": "stage2_test_final"}
    assert record(dataset, "dd").labels == tmp_path / "stage2_solution_final.csv"
    assert any("usage Ignored left out: ee" in note for note in dataset.notes)
    assert any("1 images without labels" in note and "cc.png" in note for note in dataset.notes)


def test_runs_without_a_size_take_it_from_the_image(tmp_path: Path) -> None:
    image = write_image(tmp_path / "stage1_train" / "aa" / "images" / "aa.png", GREY[:, :3])
    (tmp_path / "stage1_train_labels.csv").write_text("ImageId,EncodedPixels\naa,9 2\n")
    (only,) = open_dataset(tmp_path).records
    labels = read_reference(only)
    assert labels.shape == (4, 3)
    assert np.flatnonzero(labels.T).tolist() == [8, 9]
    assert only.image == image


def test_a_stage_of_the_bowl_can_be_opened_by_itself(tmp_path: Path) -> None:
    sets.write_dsb2018(tmp_path)
    assert ids_and_splits(open_dataset(tmp_path / "stage1_train")) == {"aa": "train"}
    assert ids_and_splits(open_dataset(tmp_path / "stage1_test")) == {"bb": "test"}


def test_a_damaged_table_of_the_bowl_is_named(tmp_path: Path) -> None:
    sets.write_dsb2018(tmp_path)
    table = tmp_path / "stage1_solution.csv"
    table.write_text("Id,Runs\nbb,1 2\n")
    with pytest.raises(InputError, match=r"stage1_solution\.csv: expected the columns ImageId"):
        open_dataset(tmp_path)
    table.write_text("ImageId,EncodedPixels,Height,Width\nbb,15 9,4,4\n")
    with pytest.raises(InputError, match=r"stage1_solution\.csv.*a run leaves the image"):
        read_reference(record(open_dataset(tmp_path), "bb"))


def test_a_folder_of_the_bowl_without_its_image_is_noted(tmp_path: Path) -> None:
    sets.write_dsb2018(tmp_path)
    (tmp_path / "stage1_test" / "cc" / "images" / "cc.png").unlink()
    assert any("cc.png: no such image" in note for note in open_dataset(tmp_path).notes)


def test_the_real_bowl_has_as_many_nuclei_as_its_converted_copy(real_data: Path) -> None:
    dataset = open_dataset(real_data / "dsb2018_original_layout")
    assert (dataset.layout, len(dataset.records)) == ("dsb2018", 4)
    counts = [np.unique(read_sample(each).reference).size - 1 for each in dataset.records]
    assert counts == [44, 12, 6, 5]
    masks = [len(list(each.labels.glob("*.png"))) for each in dataset.records if each.labels]
    assert counts == masks


def test_stardist_is_found_in_the_folder_of_its_archive(tmp_path: Path) -> None:
    sets.write_stardist(tmp_path / "dsb2018")
    dataset = open_dataset(tmp_path)
    assert ids_and_splits(dataset) == {"a": "train", "b": "test"}
    assert np.array_equal(read_reference(record(dataset, "b")), TWO_CELLS)


def test_names_that_repeat_between_splits_are_told_apart(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_stardist(tmp_path, {"train": "a", "test": "a"}))
    assert ids_and_splits(dataset) == {"train_a": "train", "test_a": "test"}


def test_cellpose_pictures_name_their_documented_channels(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_cellpose(tmp_path))
    assert ids_and_splits(dataset) == {
        "train_000": "train",
        "train_cyto2_000": "train",
        "test_000": "test",
    }
    sample = read_sample(record(dataset, "test_000"))
    assert sample.channel_names == ("nuclei", "cytoplasm", "blue")
    assert np.array_equal(sample.image[..., 1], GREY + 100)
    assert np.array_equal(sample.reference, TWO_CELLS)


def test_cellpose_channels_can_be_chosen_by_name(tmp_path: Path) -> None:
    sets.write_cellpose(tmp_path)
    options = ReadingOptions(read_choice(channels="cytoplasm,nuclei"))
    sample = read_sample(open_dataset(tmp_path, options=options).records[0])
    assert sample.channel_names == ("cytoplasm", "nuclei")
    assert np.array_equal(sample.image, np.dstack([GREY + 100, GREY]))
    wrong = ReadingOptions(read_choice(channels="membrane"))
    with pytest.raises(InputError, match=r"000_img\.png: has no channel 'membrane'"):
        read_sample(open_dataset(tmp_path, options=wrong).records[0])


def test_own_images_in_the_manner_of_cellpose_get_no_channel_names(tmp_path: Path) -> None:
    write_image(tmp_path / "well7.png", np.dstack([GREY] * 3))
    write_image(tmp_path / "well7_masks.tif", TWO_CELLS)
    write_image(tmp_path / "well7_flows.tif")
    (tmp_path / "well7_seg.npy").touch()
    dataset = open_dataset(tmp_path)
    assert ids_and_splits(dataset) == {"well7": "test"}
    assert dataset.notes == ()
    assert read_sample(dataset.records[0]).channel_names == ()


def test_drawn_and_predicted_masks_of_cellpose_are_never_mixed(tmp_path: Path) -> None:
    sets.write_cellpose(tmp_path)
    write_image(tmp_path / "test" / "000_img_cp_masks.png", TWO_CELLS[::-1])
    with pytest.raises(InputError, match=r"holds the labels cp_masks, masks; choose one"):
        open_dataset(tmp_path)
    drawn = open_dataset(tmp_path, options=targeting("masks"))
    assert np.array_equal(read_reference(record(drawn, "test_000")), TWO_CELLS)
    (predicted,) = open_dataset(tmp_path, options=targeting("cp_masks")).records
    assert np.array_equal(read_reference(predicted), TWO_CELLS[::-1])
    with pytest.raises(InputError, match="target 'nuclei' is not there"):
        open_dataset(tmp_path, options=targeting("nuclei"))


def test_bbbc039_has_published_splits_and_separates_touching_nuclei(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_bbbc039(tmp_path))
    assert [each.split for each in dataset.records] == ["train", "val", "test", "test"]
    first = dataset.records[0]
    assert first.metadata["group"] == "A01"
    assert first.metadata["cell_type"] == "U2OS"
    # Two nuclei touch; one goes on at a corner; the number 2 comes back in another nucleus.
    assert read_reference(first).tolist() == [
        [0, 1, 2, 2], [0, 1, 2, 0], [1, 0, 0, 0], [0, 0, 0, 3],
    ]  # fmt: skip
    assert any("1 images in no list, split test: IXMtest_C04" in note for note in dataset.notes)


def test_an_image_in_two_splits_is_refused(tmp_path: Path) -> None:
    sets.write_bbbc039(tmp_path)
    (tmp_path / "metadata" / "test.txt").write_text("../x/IXMtest_A01_s1_w1051D.png\n")
    with pytest.raises(InputError, match=r"test\.txt: IXMtest_A01.* already has the split train"):
        open_dataset(tmp_path)


def test_without_lists_bbbc039_is_all_test(tmp_path: Path) -> None:
    sets.write_bbbc039(tmp_path)
    for path in (tmp_path / "metadata").iterdir():
        path.unlink()
    dataset = open_dataset(tmp_path)
    assert {each.split for each in dataset.records} == {"test"}
    assert any("no lists of splits" in note for note in dataset.notes)


def test_bbbc006_is_read_in_focus_and_in_the_channel_of_nuclei(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_bbbc006(tmp_path))
    (only,) = dataset.records
    assert only.image_id == "mcf-z-stacks-03212011_a01_s2"
    assert only.metadata["group"] == "a01"
    assert np.array_equal(read_sample(only).image[..., 0], GREY + 1)
    assert any("phalloidin" in note for note in dataset.notes)
    assert any("1 focal planes out of focus" in note for note in dataset.notes)


def test_the_tracking_challenge_asks_which_truth(tmp_path: Path) -> None:
    sets.write_ctc(tmp_path)
    with pytest.raises(InputError, match=r"choose one by target gold or silver"):
        open_dataset(tmp_path)
    gold = open_dataset(tmp_path, options=targeting("gold"))
    assert ids_and_splits(gold) == {"DIC-C2DH-HeLa_01_t001": "train"}
    assert np.array_equal(read_reference(gold.records[0]), TWO_CELLS)
    silver = open_dataset(tmp_path / "DIC-C2DH-HeLa", options=targeting("silver"))
    assert [each.image_id[-4:] for each in silver.records] == ["t000", "t001"]
    assert np.array_equal(read_reference(silver.records[1]), TWO_CELLS + 1)
    with pytest.raises(InputError, match="has no 'bronze' segmentation truth; there is gold, silv"):
        open_dataset(tmp_path, options=targeting("bronze"))


def test_sequences_are_groups_and_frames_without_truth_are_counted(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_ctc(tmp_path, silver=False))
    (only,) = dataset.records
    assert only.metadata == {
        "sequence": "01",
        "frame": "001",
        "truth": "gold",
        "modality": "differential interference contrast",
        "cell_type": "HeLa",
        "target": "whole_cell",
        "group": "DIC-C2DH-HeLa_01",
    }
    assert any("01: 2 of 3 frames without gold labels" in note for note in dataset.notes)
    assert any("02: 3 of 3 frames" in note for note in dataset.notes)
    assert any("need not annotate every cell" in note for note in dataset.notes)


def test_exact_truth_of_simulated_sequences_bears_no_warning(tmp_path: Path) -> None:
    folder = sets.write_ctc(tmp_path, name="Fluo-N2DH-SIM+", silver=False)
    assert not any("need not annotate" in note for note in open_dataset(folder).notes)


def test_gold_planes_of_a_volume_are_images_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "Fluo-N3DH-CE"
    volume = np.stack([GREY, GREY + 50, GREY + 100])
    write_image(folder / "01" / "t007.tif", volume)
    write_image(folder / "01_GT" / "SEG" / "man_seg_007_002.tif", TWO_CELLS)
    write_image(folder / "01_GT" / "SEG" / "man_seg007.tif", np.stack([TWO_CELLS] * 3))
    dataset = open_dataset(folder)
    (only,) = dataset.records
    assert only.image_id == "Fluo-N3DH-CE_01_t007_z002"
    assert np.array_equal(read_sample(only).image[..., 0], GREY + 100)
    assert any("1 volumes labelled as a whole left out" in note for note in dataset.notes)
    (folder / "01_GT" / "SEG" / "man_seg_007_002.tif").unlink()
    with pytest.raises(InputError, match=r"no frame can be used.*1 volumes labelled as a whole"):
        open_dataset(folder)


def test_test_sequences_without_truth_are_all_listed(tmp_path: Path) -> None:
    write_image(tmp_path / "PhC-C2DL-PSC" / "01" / "t0000.tif")
    write_image(tmp_path / "PhC-C2DL-PSC" / "01" / "t0001.tif")
    records = open_dataset(tmp_path).records
    assert [(each.split, each.labels) for each in records] == [("test", None)] * 2


def test_truth_without_its_frame_is_noted(tmp_path: Path) -> None:
    folder = sets.write_ctc(tmp_path, silver=False)
    write_image(folder / "01_GT" / "SEG" / "man_seg009.tif", TWO_CELLS)
    notes = open_dataset(folder).notes
    assert any("1 files without a frame left out: man_seg009.tif" in note for note in notes)


def test_cellbindb_prefers_instances_and_splits_a_mask_alone(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_cellbindb(tmp_path))
    first, second = dataset.records
    assert first.image_id == "10×Genomics_HE_Xenium_V1_human_Lung_he_image_530"
    assert first.metadata == {
        "stain": "H&E",
        "platform": "10x Genomics",
        "species": "human",
        "group": "Xenium_V1_human_Lung_he_image",
    }
    assert read_reference(first).max() == 2
    assert second.metadata == {"stain": "DAPI", "group": "abc"}
    assert np.array_equal(read_reference(second), TWO_CELLS)
    assert any("1 images have a mask alone" in note for note in dataset.notes)


def test_the_demo_of_cellbindb_has_710_cells_and_six_stains(real_data: Path) -> None:
    dataset = open_dataset(real_data / "cellbindb_demo")
    samples = [read_sample(each) for each in dataset.records]
    assert sum(np.unique(sample.reference).size - 1 for sample in samples) == 710
    assert [sample.metadata["stain"] for sample in samples] == [
        "DAPI", "H&E", "DAPI", "H&E", "mIF", "ssDNA",
    ]  # fmt: skip
    assert len(dataset.notes) == 3


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_holds_its_labels_inside(tmp_path: Path, version: str) -> None:
    sets.write_zarr(tmp_path / "a.ome.zarr", {"cells": TWO_CELLS}, version=version)
    sets.write_zarr(tmp_path / "b.zarr", {"cells": TWO_CELLS * 2}, version=version)
    dataset = open_dataset(tmp_path)
    assert ids_and_splits(dataset) == {"a": "test", "b": "test"}
    assert np.array_equal(read_reference(dataset.records[1]), TWO_CELLS * 2)
    assert ids_and_splits(open_dataset(tmp_path / "b.zarr")) == {"b": "test"}


def test_several_labels_of_a_picture_are_chosen_by_name(tmp_path: Path) -> None:
    labels = {"nuclei": TWO_CELLS, "cells": TWO_CELLS[::-1]}
    sets.write_zarr(tmp_path / "a.zarr", labels)
    sets.write_zarr(tmp_path / "b.zarr", {"cells": TWO_CELLS})
    with pytest.raises(InputError, match=r"a\.zarr: has the labels nuclei, cells; choose one"):
        open_dataset(tmp_path)
    dataset = open_dataset(tmp_path, options=targeting("nuclei"))
    assert np.array_equal(read_reference(dataset.records[0]), TWO_CELLS)
    assert ids_and_splits(dataset) == {"a": "test"}
    assert any("labels 'cells' of 2 images" in note for note in dataset.notes)
    assert any("1 images without labels" in note for note in dataset.notes)


def test_labels_follow_the_plane_of_their_picture(tmp_path: Path) -> None:
    stack = np.stack([TWO_CELLS, TWO_CELLS[::-1]])
    image = np.stack([GREY, GREY + 50])
    sets.write_zarr(tmp_path / "a.zarr", {"cells": stack}, image=image)
    options = ReadingOptions(read_choice(plane="Z=1"))
    sample = read_sample(open_dataset(tmp_path, options=options).records[0])
    assert np.array_equal(sample.image[..., 0], GREY + 50)
    assert np.array_equal(sample.reference, TWO_CELLS[::-1])
    brightest = ReadingOptions(read_choice(plane="Z=max"))
    with pytest.raises(
        InputError, match="labels have no brightest Z; choose one plane, Z=0 to Z=1"
    ):
        read_reference(open_dataset(tmp_path, options=brightest).records[0])


def test_labels_outside_their_picture_are_refused(tmp_path: Path) -> None:
    folder = sets.write_zarr(tmp_path / "a.zarr", {"cells": TWO_CELLS})
    index = folder / "labels" / ".zattrs"
    index.write_text(json.dumps({"labels": ["../../secret"]}))
    with pytest.raises(InputError, match=r"names the file '\.\./\.\./secret', which lies outside"):
        open_dataset(tmp_path)
    index.write_text(json.dumps({"labels": ["gone"]}))
    with pytest.raises(InputError, match=r"names the labels 'gone', which are not there"):
        open_dataset(tmp_path)
    for broken in ("[1, 2]", "{", '{"labels": 3}'):
        index.write_text(broken)
        with pytest.raises(InputError, match=r"\.zattrs: "):
            open_dataset(tmp_path)


def test_a_damaged_label_chunk_is_named(tmp_path: Path) -> None:
    folder = sets.write_zarr(tmp_path / "a.zarr", {"cells": TWO_CELLS})
    (folder / "labels" / "cells" / "0" / "0.0").write_bytes(b"no chunk")
    with pytest.raises(InputError, match=r"labels/cells: can't be read as OME-Zarr"):
        read_reference(open_dataset(folder).records[0])


def test_a_label_image_of_another_size_is_named(tmp_path: Path) -> None:
    sets.write_stardist(tmp_path)
    tifffile.imwrite(tmp_path / "test" / "masks" / "b.tif", TWO_CELLS[:3])
    with pytest.raises(InputError, match=r"masks/b\.tif: labels of 3 x 4 .* 4 x 4"):
        read_sample(record(open_dataset(tmp_path), "b"))
