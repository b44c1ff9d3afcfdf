"""LIVECell, EVICAN, NPZ stacks, MoNuSeg, NuInsSeg and CryoNuSeg as they are published."""

import dataclasses
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from skimage.draw import polygon2mask

from tests.datasets import annotated_sets as sets
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
from workbench.datasets._cards_annotated import CARDS
from workbench.datasets._coco_index import coco_index
from workbench.datasets._layouts import recognised_layouts
from workbench.datasets._manifest import SAFE_ID
from workbench.schema import InputError

CELLS = ReadingOptions(target="whole_cell")
NUCLEI = ReadingOptions(target="nuclei")
FIRST = ReadingOptions(target="annotator_1")

WRITERS: dict[str, tuple[Callable[[Path], Path], ReadingOptions]] = {
    "livecell": (lambda folder: sets.write_livecell(folder, flat=True), ReadingOptions()),
    "evican": (sets.write_evican, CELLS),
    "npz": (sets.write_tissuenet, CELLS),
    "monuseg": (sets.write_monuseg, ReadingOptions()),
    "nuinsseg": (sets.write_nuinsseg, ReadingOptions()),
    "cryonuseg": (sets.write_cryonuseg, FIRST),
}


def by_id(dataset: Dataset) -> dict[str, Record]:
    return {record.image_id: record for record in dataset.records}


# All of them


@pytest.mark.parametrize("name", WRITERS)
def test_a_published_set_is_recognised_and_read_in_another_process(
    tmp_path: Path, name: str
) -> None:
    write, options = WRITERS[name]
    folder = write(tmp_path / "set")
    # A folder called images/ alone is recognised, too, but comes last.
    found = [layout.name for layout in recognised_layouts(folder)]
    assert [other for other in found if other != "folders"] == found[:1] == [name]
    dataset = open_dataset(folder, options=options)
    assert dataset.layout == name
    assert len(by_id(dataset)) == len(dataset.records)
    for record in dataset.records:
        assert SAFE_ID.fullmatch(record.image_id)
        assert record.split in ("train", "val", "test")
        assert all(isinstance(value, str) and value for value in record.metadata.values())
        sample = read_sample(pickle.loads(pickle.dumps(record)))
        assert sample.reference is not None
        assert sample.reference.shape == sample.image.shape[:2] == sets.SHAPE
        assert sample.reference.max() > 0


def test_every_card_names_a_layout_and_can_be_followed() -> None:
    assert len({card.name for card in CARDS}) == len(CARDS) == 7
    for card in CARDS:
        assert card.layout in LAYOUTS
        assert card.how_to_obtain.endswith(".")
        assert "doi:" in card.citation
        for file in card.downloads:
            assert file.url.startswith("http")
            assert file.file_name == Path(file.file_name).name
            assert bool(file.unpack_to) == file.file_name.endswith(".zip")


def test_a_set_unpacked_as_its_card_says_is_recognised(tmp_path: Path) -> None:
    for card in CARDS:
        folder = tmp_path / card.name
        folder.mkdir()
        for file in card.downloads:
            (folder / (file.unpack_to or file.file_name)).mkdir(exist_ok=True)
            if not file.unpack_to:
                (folder / file.file_name).rmdir()
                (folder / file.file_name).touch()
        if card.downloads:
            assert [layout.name for layout in recognised_layouts(folder)] == [card.layout]


@pytest.mark.parametrize("name", ["livecell", "monuseg", "nuinsseg"])
def test_a_target_that_a_set_lacks_is_refused(tmp_path: Path, name: str) -> None:
    folder = WRITERS[name][0](tmp_path)
    wrong = NUCLEI if name == "livecell" else CELLS
    with pytest.raises(InputError, match=f"got target '{wrong.target}'"):
        open_dataset(folder, options=wrong)


# LIVECell


@pytest.mark.parametrize("flat", [True, False])
def test_livecell_has_its_splits_and_what_names_tell(tmp_path: Path, flat: bool) -> None:
    dataset = open_dataset(sets.write_livecell(tmp_path, flat=flat))
    records = by_id(dataset)
    assert [record.split for record in dataset.records] == ["train", "train", "val", "test"]
    assert records["SkBr3_Phase_E3_2_01d16h00m_4"].metadata == {
        "modality": "phase contrast",
        "cell_type": "SkBr3",
        "well": "E3",
        "location": "2",
        "time": "01d16h00m",
        "group": "SkBr3_E3",
    }
    sample = read_sample(records["A172_Phase_A7_1_00d00h00m_1"])
    name = "A172_Phase_A7_1_00d00h00m_1.tif"
    assert np.array_equal(sample.image[..., 0], sets.picture(len(name)))
    assert np.array_equal(sample.reference, sets.CELLS)
    assert sum("is not used" in note for note in dataset.notes) == 2


def test_livecell_of_one_cell_type_has_its_own_splits(tmp_path: Path) -> None:
    folder = sets.write_livecell(tmp_path, flat=True) / "annotations"
    single = open_dataset(folder / "LIVECell_single_cells/a172")
    assert [record.split for record in single.records] == ["train", "val"]
    # Its annotations are listed under their ids, not one after another.
    assert np.array_equal(read_reference(single.records[0]), sets.CELLS)
    one = open_dataset(folder / "LIVECell_single_cells/a172/val.json")
    assert [record.split for record in one.records] == ["val"]
    few = open_dataset(folder / "LIVECell_dataset_size_split/0_train2percent.json")
    assert [record.split for record in few.records] == ["train"]


def test_labels_of_overlapping_polygons_agree_with_pycocotools(tmp_path: Path) -> None:
    sets.write_livecell(tmp_path, flat=True)
    rng = np.random.default_rng(5)
    path = tmp_path / "annotations/LIVECell/livecell_coco_test.json"
    content = json.loads(path.read_text())
    # Those of another image stand between them.
    content["images"].append({"id": 2, "file_name": "x.tif", "height": 8, "width": 10})
    content["annotations"] = [
        {
            "id": number,
            "image_id": 1 + number % 2,
            "category_id": 1,
            "iscrowd": 0,
            "area": 1,
            "segmentation": [(rng.random((6, 2)) * [10, 8]).ravel().round(2).tolist()],
        }
        for number in range(2, 90)
    ]
    path.write_text(json.dumps(content))
    truth = COCO(str(path))
    expected = np.zeros(sets.SHAPE, np.uint32)
    for item in reversed(content["annotations"]):
        if item["image_id"] == 1:
            expected[truth.annToMask(item) > 0] = item["id"] // 2
    labels = read_reference(open_dataset(path).records[0])
    assert np.array_equal(labels, expected)


def test_labels_of_one_image_are_read_without_the_rest_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(sets.write_livecell(tmp_path, flat=True))

    def refuse(*arguments: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr("workbench.datasets._coco_index._read_through", refuse)
    monkeypatch.setattr("workbench.datasets._label_coco.coco_index", refuse)
    coco_index.__globals__["_index"].cache_clear()
    assert all(np.array_equal(read_reference(record), sets.CELLS) for record in dataset.records)


def test_a_json_changed_after_opening_is_refused(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_livecell(tmp_path, flat=True))
    path = tmp_path / "annotations/LIVECell/livecell_coco_train.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(InputError, match=r"livecell_coco_train\.json: was changed after"):
        read_reference(dataset.records[0])


def test_livecell_without_images_or_annotations_says_what_lacks(tmp_path: Path) -> None:
    (tmp_path / "a/images/livecell_test_images").mkdir(parents=True)
    with pytest.raises(InputError, match=r"no livecell_coco_train\.json"):
        open_dataset(tmp_path / "a")
    sets.write_coco(tmp_path / "b/livecell_coco_train.json", ["x.tif"])
    with pytest.raises(InputError, match="none of the folders livecell_train_val_images"):
        open_dataset(tmp_path / "b")
    (tmp_path / "b/livecell_train_val_images").mkdir()
    with pytest.raises(InputError, match=r"train\.json: none of its 1 images is there, .* x\.tif"):
        open_dataset(tmp_path / "b")


def test_missing_images_are_noted_and_repeated_ones_refused(tmp_path: Path) -> None:
    folder = sets.write_livecell(tmp_path, flat=True)
    (folder / "images/livecell_train_val_images" / sets.LIVECELL_NAMES["train"][1]).unlink()
    dataset = open_dataset(folder)
    assert len(dataset.records) == 3
    assert any("train.json: 1 images are not there: SkBr3_" in note for note in dataset.notes)
    again = folder / "annotations/LIVECell/livecell_coco_val.json"
    sets.write_coco(again, sets.LIVECELL_NAMES["train"][:1])
    with pytest.raises(InputError, match=r"A172_.* is in the split val and in train"):
        open_dataset(folder)


@pytest.mark.parametrize("name", ["../../secret.tif", "/etc/secret.tif", "..\\secret.tif"])
def test_a_json_must_not_name_files_elsewhere(tmp_path: Path, name: str) -> None:
    folder = sets.write_livecell(tmp_path, flat=True)
    sets.write_coco(folder / "annotations/LIVECell/livecell_coco_test.json", [name])
    with pytest.raises(InputError, match=r"test\.json: names the file .* lies outside"):
        open_dataset(folder)


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        ([1, 1, 3, 1], "annotation 1: expected x and y of at least three corners"),
        ([0, 0, 3e9, 0, 3, 3], r"annotation 1: a corner at 3e\+09 in an image of 8 x 10"),
        ("text", "annotation 1: has no segmentation"),
    ],
)
def test_a_polygon_that_is_none_is_named(tmp_path: Path, polygon: object, message: str) -> None:
    folder = sets.write_livecell(tmp_path, flat=True)
    path = folder / "annotations/LIVECell/livecell_coco_test.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["segmentation"] = [polygon] if isinstance(polygon, list) else polygon
    path.write_text(json.dumps(content))
    dataset = open_dataset(path)
    with pytest.raises(InputError, match=rf"test\.json, image SHSY5Y_.*{message}"):
        read_reference(dataset.records[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"images": [], "annotations": [{"image_id": 1', "not a JSON file"),
        ('{"images": [] "annotations": []}', "not a JSON file .expected ','"),
        ('{"images": [], "annotations": []} and more', "not a JSON file .more follows"),
        ('{"images": ' + "[" * 100_000, "not a JSON file"),
        ('{"images": [], "annotations": {"1": 5}}', "expected COCO"),
        ("", "not a JSON file"),
    ],
)
def test_a_broken_json_is_named(tmp_path: Path, text: str, message: str) -> None:
    folder = sets.write_livecell(tmp_path, flat=True)
    (folder / "annotations/LIVECell/livecell_coco_val.json").write_text(text)
    with pytest.raises(InputError, match=rf"coco_val\.json: {message}"):
        open_dataset(folder)


def test_annotations_are_found_whichever_way_json_is_written(tmp_path: Path) -> None:
    # Blanks, braces and quotes in texts, ids as texts beyond ASCII, nested objects, a BOM.
    runs = {"size": [2, 2], "counts": [1, 1, 2]}
    content = {
        "info": {"annotations": '} " { [', "images": 5},
        "annotations": [
            {
                "note": '"image_id": 3, }{',
                "image_id": "é中",
                "category_id": 1,
                "segmentation": runs,
            },
            {"image_id": "é中", "segmentation": runs, "nested": {"image_id": 9}},
            {"id": "x", "image_id": 4.0, "category_id": 1, "segmentation": runs},
        ],
        "images": [
            {"id": "é中", "file_name": "é.tif", "height": 2, "width": 2},
            {"id": 4, "file_name": "b.tif", "height": 2, "width": 2},
        ],
    }
    for ascii_only, indent in ((True, None), (False, 3)):
        path = tmp_path / f"{ascii_only}.json"
        text = json.dumps(content, ensure_ascii=ascii_only, indent=indent)
        path.write_text(text, encoding="utf-8-sig")
        images = coco_index(path).images
        assert {name: len(image.spans) for name, image in images.items()} == {"é": 2, "b": 1}


# EVICAN


def test_evican_has_its_splits_difficulties_and_two_targets(tmp_path: Path) -> None:
    folder = sets.write_evican(tmp_path)
    cells, nuclei = (open_dataset(folder, options=options) for options in (CELLS, NUCLEI))
    records = by_id(cells)
    assert list(records) == [
        "train_1_A549", "train_2_Caki", "val_1_A549", "test_1_A549", "test_2_Caki",
    ]  # fmt: skip
    assert records["test_2_Caki"].metadata == {"difficulty": "difficult", "cell_type": "Caki"}
    assert records["test_2_Caki"].split == "test"
    assert np.array_equal(read_reference(records["val_1_A549"]), sets.CELLS == 1)
    assert np.array_equal(read_reference(by_id(nuclei)["val_1_A549"]), sets.CELLS == 2)
    assert "partially annotated" in " ".join(cells.notes)
    assert "1 images have no Cell annotated: 3_Background.jpg" in " ".join(cells.notes)
    assert "instances_val2019_EVICAN60.json: not used" in cells.notes


def test_evican_needs_a_target(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got target ''; give target nuclei or whole_cell"):
        open_dataset(sets.write_evican(tmp_path))


def test_one_file_of_evican_is_its_split(tmp_path: Path) -> None:
    folder = sets.write_evican(tmp_path)
    easy = folder / "annotations_EVICAN2/instances_eval2019_easy_EVICAN2.json"
    dataset = open_dataset(easy, options=CELLS)
    assert list(by_id(dataset)) == ["test_1_A549"]
    assert dataset.notes == ()
    many = folder / "annotations_EVICAN60/instances_val2019_EVICAN60.json"
    with pytest.raises(InputError, match="needs annotations such as instances_train2019_EVICAN2"):
        open_dataset(many, options=CELLS)


def test_evican_without_its_images_or_categories_says_so(tmp_path: Path) -> None:
    path = tmp_path / "instances_val2019.json"
    sets.write_coco(path, ["1_A549.jpg"])
    with pytest.raises(InputError, match="found no folder EVICAN_val2019"):
        open_dataset(tmp_path, options=CELLS)
    sets.write_image(tmp_path / "val2019/1_A549.jpg", sets.picture(0, 3))
    assert open_dataset(tmp_path, options=CELLS).records[0].image_id == "val_1_A549"
    with pytest.raises(InputError, match="has no annotations of 'Nucleus', only of cell"):
        open_dataset(tmp_path, options=NUCLEI)
    sets.write_coco(path, ["../1_A549.jpg"])
    with pytest.raises(InputError, match="lies outside"):
        open_dataset(tmp_path, options=CELLS)


# NPZ


def test_tissuenet_names_channels_tissues_and_splits(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_tissuenet(tmp_path), options=CELLS)
    records = by_id(dataset)
    assert list(records)[:2] == ["train_00", "train_01"]
    assert list(records)[-4:] == ["val_1", "test_0", "test_1", "test_2"]
    assert records["train_07"].metadata == {"tissue": "gi", "platform": "codex"}
    images, labels = sets.stacks(11)
    sample = read_sample(records["train_07"])
    assert sample.channel_names == ("nuclear", "membrane")
    assert np.array_equal(sample.image, images[7])
    assert np.array_equal(sample.reference, labels[7, ..., 0])
    nuclei = by_id(open_dataset(tmp_path, options=NUCLEI))["train_07"]
    assert np.array_equal(read_reference(nuclei), labels[7, ..., 1])
    assert sum("slow to read" in note for note in dataset.notes) == 1


def test_a_table_of_texts_becomes_metadata_and_pickles_are_passed_over(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_tissuenet(tmp_path / "a", "1.1"), options=CELLS)
    assert dataset.records[3].metadata == {"group": "run3", "specimen": "breast"}
    images, labels = sets.stacks(2)

    class Trap:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return (Path.touch, (tmp_path / "sprung",))

    meta = np.array([Trap(), Trap()], dtype=object)
    np.savez(tmp_path / "x.npz", X=images, y=labels, meta=meta, wide=np.array([["a"] * 3]))
    dataset = open_dataset(tmp_path / "x.npz", options=CELLS)
    assert [record.metadata for record in dataset.records] == [{}, {}]
    assert [note.split(" ")[0] for note in dataset.notes] == ["meta", "wide"]
    assert not (tmp_path / "sprung").exists()


def test_channels_are_chosen_by_name_or_index(tmp_path: Path) -> None:
    sets.write_tissuenet(tmp_path)
    images, _ = sets.stacks(2, seed=1)
    for channels in ("membrane", "1"):
        options = ReadingOptions(read_choice(channels=channels), "nuclei")
        record = by_id(open_dataset(tmp_path, options=options))["val_1"]
        sample = read_sample(record)
        assert sample.channel_names == ("membrane",)
        assert np.array_equal(sample.image, images[1, ..., 1:])
    options = ReadingOptions(read_choice(channels="DAPI"), "nuclei")
    record = open_dataset(tmp_path, options=options).records[0]
    with pytest.raises(InputError, match="no channel 'DAPI'; there are nuclear, membrane"):
        read_sample(record)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_images_are_read_in_any_order(tmp_path: Path, save: Callable[..., None]) -> None:
    images, labels = sets.stacks(12)
    save(tmp_path / "any.npz", X=images, y=labels)
    records = by_id(open_dataset(tmp_path / "any.npz", options=CELLS))
    assert {record.split for record in records.values()} == {"test"}
    for index in (3, 11, 0, 11, 5):
        sample = read_sample(records[f"{index:02d}"])
        assert np.array_equal(sample.image, images[index])
        assert np.array_equal(sample.reference, labels[index, ..., 0])


def test_dynamicnuclearnet_needs_no_target(tmp_path: Path) -> None:
    images, labels = sets.stacks(2)
    for split in ("train", "val", "test"):
        np.savez(tmp_path / f"{split}.npz", X=images[..., :1], y=labels[..., 1:])
    np.savez(tmp_path / "data-source.npz", train=np.array([["a"]]))
    dataset = open_dataset(tmp_path)
    assert [record.split for record in dataset.records] == [
        "train", "train", "val", "val", "test", "test",
    ]  # fmt: skip
    sample = read_sample(dataset.records[5])
    assert sample.channel_names == ()
    assert np.array_equal(sample.reference, labels[1, ..., 1])
    assert dataset.notes == ("data-source.npz: not used, no split in the name; open it by itself",)


@pytest.mark.parametrize(
    ("arrays", "target", "message"),
    [
        ({"y": 3}, "", r"expected arrays X \(images\) and y \(labels\), got y"),
        ({"X": 3, "y": 2}, "whole_cell", r"X of shape \(3, .* and y of shape \(2, .* belong"),
        ({"X": 3, "y": 3}, "", "got target ''; give target whole_cell or nuclei"),
        ({"X": 3, "y": 3}, "cell", "got target 'cell'; give target whole_cell or nuclei"),
    ],
)
def test_an_npz_that_is_no_data_set_is_refused(
    tmp_path: Path, arrays: dict[str, int], target: str, message: str
) -> None:
    stacks = dict(zip("Xy", sets.stacks(3), strict=True))
    np.savez(tmp_path / "x.npz", **{name: stacks[name][:n] for name, n in arrays.items()})
    with pytest.raises(InputError, match=rf"x\.npz: .*{message}"):
        open_dataset(tmp_path / "x.npz", options=ReadingOptions(target=target))


def test_two_files_for_one_split_are_refused(tmp_path: Path) -> None:
    sets.write_tissuenet(tmp_path, "1.0")
    sets.write_tissuenet(tmp_path, "1.1")
    with pytest.raises(InputError, match=r"all stand for the split 't"):
        open_dataset(tmp_path, options=CELLS)


def test_pickled_images_are_refused(tmp_path: Path) -> None:
    _, labels = sets.stacks(2)
    np.savez(tmp_path / "x.npz", X=np.array([{}, {}]), y=labels)
    with pytest.raises(InputError, match=r"x\.npz: expected images X .* got object"):
        open_dataset(tmp_path / "x.npz", options=CELLS)


def test_a_truncated_npz_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    images, labels = sets.stacks(9)
    np.savez_compressed(path, X=images, y=labels)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"x\.npz: can't be read as NPZ"):
        open_dataset(path, options=CELLS)
    damaged = bytearray(whole)
    damaged[len(whole) // 3 : len(whole) // 3 + 400] = bytes(400)
    path.write_bytes(damaged)
    dataset = open_dataset(path, options=CELLS)
    with pytest.raises(InputError, match=r"x\.npz: can't be read as NPZ"):
        read_sample(dataset.records[8])


def claiming(shape: tuple[int, ...], content: bytes) -> bytes:
    """Return an .npy file that says it has a shape, whatever follows."""
    header = repr({"descr": "|u1", "fortran_order": False, "shape": shape}).encode()
    header += b" " * (53 - (len(header) + 10) % 64 + 10) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    ("shape", "content", "message"),
    [
        ((2, 2**20, 2**20), b"0", r"X says that it holds 2,199,0.* can't be"),
        ((2, 8, 10), bytes(159), r"X says that it holds 288 bytes, which its 287 .* can't be"),
        ((2_000_000, 1, 1), bytes(2_000_000), "X says that it holds 2,000,000 images"),
    ],
)
def test_an_array_that_claims_too_much_is_refused(
    tmp_path: Path, shape: tuple[int, ...], content: bytes, message: str, compression: int
) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", compression) as archive:
        archive.writestr("X.npy", claiming(shape, content))
        archive.writestr("y.npy", claiming(shape, content))
    with pytest.raises(InputError, match=rf"x\.npz: {message}"):
        open_dataset(tmp_path / "x.npz")


def test_a_bomb_of_zeros_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    claimed = 2**41
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", claiming((2, 2**20, 2**20), b"0"))
        archive.writestr("y.npy", claiming((2, 2**20, 2**20), b"0"))
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        for info in archive.infolist():  # The list at the end of the archive lies as well.
            info.file_size += claimed - 1
    assert sizes["X.npy"] < 300
    with pytest.raises(InputError, match=r"x\.npz: X says that it holds 2,199,.* can't be"):
        open_dataset(path)


# MoNuSeg


def test_monuseg_has_splits_patients_and_organs(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_monuseg(tmp_path))
    assert {record.image_id: record.split for record in dataset.records} == {
        "TCGA-18-5592-01Z-00-DX1": "train",
        "TCGA-A7-A13E-01Z-00-DX1": "train",
        "TCGA-2Z-A9J9-01A-01-TS1": "test",
    }
    assert by_id(dataset)["TCGA-A7-A13E-01Z-00-DX1"].metadata == {
        "modality": "brightfield",
        "stain": "H&E",
        "group": "TCGA-A7-A13E",
        "tissue": "breast",
        "pixel_size_um": "0.252",
    }
    sample = read_sample(dataset.records[0])
    assert sample.image.shape == (*sets.SHAPE, 3)
    assert np.array_equal(sample.reference, sets.CELLS)


def test_one_archive_of_monuseg_knows_its_split_by_its_name(tmp_path: Path) -> None:
    sets.write_monuseg(tmp_path)
    for folder, split in (("MoNuSeg 2018 Training Data", "train"), ("MoNuSegTestData", "test")):
        assert {record.split for record in open_dataset(tmp_path / folder).records} == {split}
    unnamed = (tmp_path / "MoNuSeg 2018 Training Data").rename(tmp_path / "mine")
    assert {record.split for record in open_dataset(unnamed).records} == {"test"}


def outlined(folder: Path, xml: str) -> Record:
    sets.write_monuseg(folder)
    path = folder / "MoNuSegTestData/TCGA-2Z-A9J9-01A-01-TS1.xml"
    path.write_text(xml)
    return open_dataset(path.parent).records[0]


def test_outlines_with_parts_of_pixels_hold_the_pixels_whose_centre_is_inside(
    tmp_path: Path,
) -> None:
    # Corners at fifths of pixels: COCO's grid, on which filling is exact.
    triangle = [1.2, 0.6, 8.4, 2.2, 3.2, 7.4]
    record = outlined(tmp_path, sets.imagescope(triangle))
    points = np.array(triangle).reshape(-1, 2)[:, ::-1]
    # Pixel centres lie at halves; scikit-image has them at whole numbers.
    expected = polygon2mask(sets.SHAPE, points - 0.5)
    assert np.count_nonzero(expected) == 22
    assert np.array_equal(read_reference(record), expected)


def test_the_first_of_overlapping_nuclei_keeps_its_pixels(tmp_path: Path) -> None:
    boxes = (2, 2, 4, 4), (4, 3, 4, 4)
    record = outlined(tmp_path, sets.imagescope(*map(sets.corners, boxes)))
    assert np.array_equal(read_reference(record), sets.boxed(*boxes))


def test_outlines_of_two_corners_and_cut_out_regions_are_no_nuclei(tmp_path: Path) -> None:
    hole = (
        '<Region Id="9" NegativeROA="1"><Vertices><Vertex X="0" Y="0"/><Vertex X="9" Y="0"/>'
        '<Vertex X="9" Y="7"/></Vertices></Region>'
    )
    first, second = map(sets.corners, sets.BOXES)
    xml = sets.imagescope(first, [1, 1, 2, 2], second, [], tail=hole)
    assert np.array_equal(read_reference(outlined(tmp_path, xml)), sets.CELLS)


def test_an_image_without_nuclei_has_empty_labels(tmp_path: Path) -> None:
    assert not read_reference(outlined(tmp_path, sets.imagescope())).any()


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><Annotations>&i;</Annotations>"
)


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (BOMB, "EntitiesForbidden"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', "EntitiesForbidden"),
        ("<Annotations><Region>", "ParseError"),
        (sets.imagescope([1, 1, 3, "x", 2, 2]), "ValueError"),
        ('<Region><Vertices><Vertex X="1"/></Vertices></Region>', "none"),
        (sets.imagescope([1, 1, 3, 1, 2e7, 2]), r"nucleus 1: a corner at 2e\+07 in an image"),
        (sets.imagescope([1, 1, 3, 1, "inf", 2]), "nucleus 1: expected x and y"),
    ],
)
def test_broken_outlines_are_named(tmp_path: Path, xml: str, message: str) -> None:
    record = outlined(tmp_path, xml)
    if message == "none":
        assert not read_reference(record).any()
        return
    with pytest.raises(InputError, match=rf"TS1\.xml.*{message}"):
        read_reference(record)


def test_images_without_outlines_are_passed_over(tmp_path: Path) -> None:
    folder = sets.write_monuseg(tmp_path) / "MoNuSeg 2018 Training Data"
    (folder / "Annotations/TCGA-18-5592-01Z-00-DX1.xml").unlink()
    dataset = open_dataset(folder)
    assert len(dataset.records) == 1
    assert "no outlines for TCGA-18-5592-01Z-00-DX1.tif" in dataset.notes[0]
    (folder / "Annotations/TCGA-A7-A13E-01Z-00-DX1.xml").unlink()
    with pytest.raises(InputError, match=r"none of MoNuSeg's images has an \.xml file"):
        open_dataset(folder)


# NuInsSeg and CryoNuSeg


def test_nuinsseg_reads_the_labels_to_evaluate_with(tmp_path: Path) -> None:
    dataset = open_dataset(sets.write_nuinsseg(tmp_path))
    assert list(by_id(dataset)) == ["human_bladder_01", "mouse_fat_01"]
    assert dataset.records[1].metadata == {
        "modality": "brightfield",
        "stain": "H&E",
        "species": "mouse",
        "tissue": "fat (white and brown)_subscapula",
        "group": "mouse fat (white and brown)_subscapula",
    }
    assert {record.split for record in dataset.records} == {"test"}
    assert np.array_equal(read_reference(dataset.records[0]), sets.CELLS)
    assert len(dataset.notes) == 1
    assert "vague areas of human bladder" in dataset.notes[0]


def test_one_organ_of_nuinsseg_is_a_data_set(tmp_path: Path) -> None:
    folder = sets.write_nuinsseg(tmp_path) / "human bladder"
    assert by_id(open_dataset(folder))["human_bladder_01"].metadata["tissue"] == "bladder"
    for path in (folder / "label masks modify").iterdir():
        path.unlink()
    (folder / "label masks modify").rmdir()
    dataset = open_dataset(folder)
    assert np.array_equal(read_reference(dataset.records[0]), sets.CELLS * 3)
    assert "overlaps of nuclei have numbers of their own" in dataset.notes[0]
    for path in (folder / "label masks").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="none of NuInsSeg's images has labels"):
        open_dataset(folder)


@pytest.mark.parametrize("place", range(3))
def test_cryonuseg_reads_the_chosen_annotator(tmp_path: Path, place: int) -> None:
    target = list(sets.ANNOTATORS)[place]
    options = ReadingOptions(target=target)
    dataset = open_dataset(sets.write_cryonuseg(tmp_path), options=options)
    labels = read_reference(dataset.records[0])
    assert np.array_equal(labels, np.roll(sets.CELLS, place, axis=0))
    assert [record.metadata["tissue"] for record in dataset.records] == ["adrenal gland", "skin"]
    others = [name for name in sets.ANNOTATORS if name != target]
    assert dataset.notes == (
        f"the labels of {', '.join(others)} are not used; the target chooses them",
    )


def test_cryonuseg_needs_a_target_only_where_several_annotated(tmp_path: Path) -> None:
    folder = sets.write_cryonuseg(tmp_path)
    several = "annotator_1 or annotator_1_second_round or annotator_2"
    for options in (ReadingOptions(), NUCLEI):
        with pytest.raises(InputError, match=f"give target {several}"):
            open_dataset(folder, options=options)
    for name in ("annotator_1", "annotator_1_second_round"):
        (folder / sets.ANNOTATORS[name]).rename(folder / name)
    assert open_dataset(folder).notes == ()


def test_images_that_an_annotator_left_out_are_passed_over(tmp_path: Path) -> None:
    folder = sets.write_cryonuseg(tmp_path)
    masks = folder / sets.ANNOTATORS["annotator_1"] / "label masks modify"
    (masks / "Human_Skin_03.tif").unlink()
    dataset = open_dataset(folder, options=FIRST)
    assert [record.image_id for record in dataset.records] == ["Human_AdrenalGland_01"]
    assert "no labels for Human_Skin_03.tif" in dataset.notes[0]
    (masks / "Human_AdrenalGland_01.tif").unlink()
    with pytest.raises(InputError, match="no image of tissue images has labels"):
        open_dataset(folder, options=FIRST)


def test_records_know_the_files_that_results_depend_on(tmp_path: Path) -> None:
    for name, (write, options) in WRITERS.items():
        for record in open_dataset(write(tmp_path / name), options=options).records:
            assert record.image.exists()
            assert record.labels is not None
            assert record.labels.exists()
            plain = dataclasses.replace(record, image_reader=None, label_reader=None)
            assert plain == record
