"""What people bring labels in."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from pycocotools import mask as coco_mask

from workbench.datasets import LabelSource, open_labels, pair_labels, read_labels
from workbench.schema import InputError

CELLS = np.zeros((6, 8), np.uint16)
CELLS[0:2, 0:3] = 1
CELLS[3:6, 4:8] = 2
"""Two cells that do not touch."""


def save(path: Path, array: np.ndarray = CELLS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        path.write_bytes(imagecodecs.png_encode(array))
    elif path.suffix == ".npy":
        np.save(path, array)
    else:
        tifffile.imwrite(path, array, photometric="minisblack")
    return path


def save_json(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def packed(mask: np.ndarray) -> dict[str, object]:
    """Encode a mask as pycocotools does."""
    runs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(runs["size"]), "counts": runs["counts"].decode()}


def plain(mask: np.ndarray) -> dict[str, object]:
    """Encode a mask as a list of run lengths."""
    column = mask.T.ravel()
    edges = [0, *np.flatnonzero(np.diff(column, prepend=False)).tolist(), column.size]
    return {"size": list(mask.shape), "counts": np.diff(edges).tolist()}


def kaggle(mask: np.ndarray) -> str:
    """Encode a mask as the Data Science Bowl does."""
    edges = np.flatnonzero(np.diff(mask.T.ravel(), prepend=False, append=False))
    return " ".join(f"{a + 1} {b - a}" for a, b in edges.reshape(-1, 2))


BOXES = ([0, 0, 3, 0, 3, 2, 0, 2], [4, 3, 8, 3, 8, 6, 4, 6])
"""The two cells as polygons: x and y of the corners."""

IMAGE = {"id": 7, "file_name": "plates/a.png", "height": 6, "width": 8}


def annotations(*segmentations: object, **more: object) -> list[dict[str, object]]:
    return [
        {"id": n, "image_id": 7, "category_id": 1, "segmentation": segmentation} | more
        for n, segmentation in enumerate(segmentations, start=1)
    ]


def only_read(source: LabelSource) -> np.ndarray:
    (image_id,) = source.image_ids
    return source.read(image_id).labels


# Folders and files


def test_a_folder_of_any_label_files_is_read_by_stem(tmp_path: Path) -> None:
    names = ["a_label.tif", "b-masks.png", "c_img_cp_masks.npy", "d_seg.ome.tiff", "e.tif"]
    names += ["g-img.tif", "_mask.tif"]
    for name in names:
        save(tmp_path / name)
    (tmp_path / "f_seg.npy").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".DS_Store").touch()
    source = open_labels(tmp_path)
    assert (source.kind, sorted(source.image_ids)) == (
        "folder",
        ["_mask", "a", "b", "c", "d", "e", "g"],
    )
    assert all(np.array_equal(source.read(name).labels, CELLS) for name in source.image_ids)
    assert source.left_out == (
        "f_seg.npy: Cellpose's own file; export its masks as TIFF or PNG",
        "notes.txt: no label file (.tif, .tiff, .png, .npy)",
    )


def test_a_folder_may_hold_its_files_in_labels(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.tif")
    save(tmp_path / "labels" / "a.tif")
    assert open_labels(tmp_path).image_ids == ("a",)


def test_two_files_for_one_image_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a_img.png")
    save(tmp_path / "a_masks.png")
    with pytest.raises(InputError, match=r"a_img\.png and a_masks\.png both stand for 'a'"):
        open_labels(tmp_path)


def test_nothing_to_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no label images itself; expected a folder of"):
        open_labels(tmp_path)
    (tmp_path / "masks.jpg").touch()
    with pytest.raises(InputError, match=r"found masks\.jpg: no label file"):
        open_labels(tmp_path)
    with pytest.raises(InputError, match=r"masks\.jpg: expected labels as a folder of .tif"):
        open_labels(tmp_path / "masks.jpg")
    with pytest.raises(InputError, match=r"gone\.tif: no such file or folder"):
        open_labels(tmp_path / "gone.tif")
    (tmp_path / "truth").mkdir()
    with pytest.raises(InputError, match=r"did you mean .*truth\?"):
        open_labels(tmp_path / "truht")


def test_a_folder_of_folders_names_them(tmp_path: Path) -> None:
    for name in ("stage1_train", "stage1_test", ".cache"):
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=r"give one of its folders \(stage1_test, stage1_train\)"):
        open_labels(tmp_path)


@pytest.mark.parametrize("suffix", ["tif", "tiff", "png", "npy"])
def test_one_file_is_one_image(tmp_path: Path, suffix: str) -> None:
    source = open_labels(save(tmp_path / f"a_mask.{suffix}"))
    assert (source.kind, source.image_ids) == ("file", ("a",))
    assert np.array_equal(only_read(source), CELLS)


def test_notes_come_with_the_labels(tmp_path: Path) -> None:
    read = open_labels(save(tmp_path / "a.png", np.uint8(255) * (CELLS > 0))).read("a")
    assert np.array_equal(read.labels, CELLS)
    assert [note.code for note in read.notes] == ["binary_mask"]
    torn = open_labels(save(tmp_path / "b.png", np.array([[4, 9, 4]], np.uint8)))
    assert [note.code for note in torn.read("b").notes] == ["pieces"]
    assert torn.read("b", check_pieces=False).notes == ()


@pytest.mark.parametrize(("axis", "order"), [(0, "separate"), (2, "contig")])
def test_colours_of_a_tiff_are_one_label_image(tmp_path: Path, axis: int, order: str) -> None:
    path = tmp_path / "a.tif"
    rgb = np.stack([CELLS.astype(np.uint8)] * 3, axis=axis)
    tifffile.imwrite(path, rgb, photometric="rgb", planarconfig=order)
    assert np.array_equal(only_read(open_labels(path)), CELLS)


def test_a_volume_is_read_and_a_movie_or_five_channels_are_refused(tmp_path: Path) -> None:
    volume = np.stack([CELLS] * 5)
    assert only_read(open_labels(save(tmp_path / "a.tif", volume))).shape == (5, 6, 8)
    for axes in ("TYX", "CYX"):
        path = tmp_path / f"{axes}.tif"
        tifffile.imwrite(path, volume, metadata={"axes": axes}, imagej=True)
        with pytest.raises(InputError, match=rf"{axes}\.tif: expected .* got {axes} of shape"):
            only_read(open_labels(path))


def test_a_real_volume_is_read(real_data: Path) -> None:
    labels = only_read(open_labels(real_data / "stardist_sample3d" / "mask3d.tif"))
    assert (labels.shape, np.unique(labels).size) == ((31, 61, 57), 52)


@pytest.mark.parametrize("suffix", ["tif", "png", "npy"])
@pytest.mark.parametrize("content", [b"", b"not an image at all", None])
def test_a_damaged_file_spoils_its_own_image_only(
    tmp_path: Path, suffix: str, content: bytes | None
) -> None:
    save(tmp_path / "good.tif")
    noise = np.random.default_rng(0).integers(0, 9, (64, 64)).astype(np.uint8)
    broken = save(tmp_path / f"broken.{suffix}", noise)
    broken.write_bytes(broken.read_bytes()[:2000] if content is None else content)
    source = open_labels(tmp_path)
    assert set(source.image_ids) == {"broken", "good"}
    assert np.array_equal(source.read("good").labels, CELLS)
    with pytest.raises(InputError, match=rf"broken\.{suffix}: can't be read .* again"):
        source.read("broken")


def test_an_array_shorter_than_its_header_says_is_named(tmp_path: Path) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (2**30, 2**30)}
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(InputError, match=r"a\.npy: can't be read as NPY .* cut short"):
        only_read(open_labels(tmp_path))


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array({"masks": CELLS}, dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"a\.npy: can't be read"):
        only_read(open_labels(tmp_path))


def test_an_id_that_is_not_there_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"no labels for 'b'; there are 1 images: a\."):
        open_labels(tmp_path).read("b")


# Manifests


def test_a_manifest_names_the_label_files(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset()
    for path in (folder, folder / "manifest.csv"):
        source = open_labels(path)
        assert (source.kind, source.image_ids) == ("manifest", tuple(f"im{i}" for i in range(5)))
        expected = read_labels(folder / "labels" / "im3.tif")
        assert np.array_equal(source.read("im3").labels, expected)


def test_a_manifest_needs_no_images_and_a_missing_file_is_found_when_read(tmp_path: Path) -> None:
    save(tmp_path / "a.tif")
    (tmp_path / "mine.csv").write_text("image_id,labels\na,a.tif\nb,b.tif\nc,\nd,d.jpg\n")
    source = open_labels(tmp_path / "mine.csv")
    assert source.image_ids == ("a", "b", "d")
    assert source.left_out == ("c: has no labels",)
    with pytest.raises(InputError, match=r"b\.tif: no such file"):
        source.read("b")
    with pytest.raises(InputError, match=r"d\.jpg: expected a file ending in \.tif"):
        source.read("d")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a CSV file"),
        ("image_id,labels\n", "is empty"),
        ("image_id,labels\na,\n", "names labels for none of its 1 images"),
        ("image_id,labels\na,a.tif\na,b.tif\n", "a stands more than once"),
        ("image_id,labels\n,a.tif\n", "line 2: the image_id is empty"),
        ("image_id,labels\na,a.tif,b\n", "not a CSV file.*saw 3"),
        ("image,label\na,a.tif\n", "expected the columns image_id and labels .* got image, label"),
    ],
)
def test_a_faulty_csv_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(InputError, match=rf"manifest\.csv.*{message}"):
        open_labels(tmp_path)


# COCO


@pytest.mark.parametrize(
    "segmentations",
    [
        [[box] for box in BOXES],
        [packed(CELLS == 1), packed(CELLS == 2)],
        [plain(CELLS == 1), plain(CELLS == 2)],
    ],
    ids=["polygons", "packed", "plain"],
)
def test_coco_annotations_become_labels(tmp_path: Path, segmentations: list[object]) -> None:
    empty = {"id": 8, "file_name": "plates/b.png", "height": 4, "width": 4}
    content = {"images": [IMAGE, empty], "annotations": annotations(*segmentations)}
    source = open_labels(save_json(tmp_path / "x.json", content))
    assert (source.kind, source.image_ids) == ("coco", ("a", "b"))
    read = source.read("a")
    assert np.array_equal(read.labels, CELLS)
    assert (read.notes, read.confidences) == ((), None)
    assert source.read("b").labels.tolist() == [[0] * 4] * 4


def test_parts_of_a_polygon_are_one_cell_and_its_pieces_are_noted(tmp_path: Path) -> None:
    content = {"images": [IMAGE], "annotations": annotations(list(BOXES))}
    read = open_labels(save_json(tmp_path / "x.json", content)).read("a")
    assert np.array_equal(read.labels, CELLS > 0)
    assert [note.code for note in read.notes] == ["pieces"]


def test_overlapping_annotations_are_counted_and_the_first_keeps_its_pixels(
    tmp_path: Path,
) -> None:
    wide, narrow = np.zeros((6, 8), bool), np.zeros((6, 8), bool)
    wide[2, 0:6] = True
    narrow[2, 4:8] = True
    content = {"images": [IMAGE], "annotations": annotations(packed(wide), packed(narrow))}
    read = open_labels(save_json(tmp_path / "x.json", content)).read("a")
    assert read.labels[2].tolist() == [1, 1, 1, 1, 1, 1, 2, 2]
    assert read.notes[0].text.startswith("2 pixels belong to several cells")


def test_scores_become_confidences_and_the_surer_cell_keeps_its_pixels(tmp_path: Path) -> None:
    wide, narrow = np.zeros((6, 8), bool), np.zeros((6, 8), bool)
    wide[2, 0:6] = True
    narrow[2, 4:8] = True
    found = annotations(packed(wide), packed(narrow))
    found[0]["score"], found[1]["score"] = 0.25, 0.75
    read = open_labels(save_json(tmp_path / "x.json", {"images": [IMAGE], "annotations": found}))
    assert read.read("a").labels[2].tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
    assert read.read("a").confidences == {1: 0.25, 2: 0.75}
    del found[1]["score"]
    bare = open_labels(save_json(tmp_path / "y.json", found)).read("7")
    assert bare.confidences is None
    assert bare.notes[0].text == "1 of 2 cells have no score: no confidences"


def test_results_of_a_detector_belong_to_images_by_number(tmp_path: Path) -> None:
    # The file called 7.png is not the image numbered 7.
    images = [{**IMAGE, "id": 6, "file_name": "7.png"}, {**IMAGE, "file_name": "a.png"}]
    truth = save_json(tmp_path / "truth.json", {"images": images, "annotations": []})
    found = save_json(tmp_path / "found.json", annotations(packed(CELLS == 1), score=0.5))
    reference, predicted = open_labels(truth), open_labels(found)
    assert (predicted.kind, predicted.image_ids) == ("coco_results", ("7",))
    assert pair_labels(reference, predicted).pairs == (("7", None), ("a", "7"))
    assert np.array_equal(predicted.read("7").labels, CELLS == 1)


def test_results_of_polygons_take_the_size_of_the_reference(tmp_path: Path) -> None:
    source = open_labels(save_json(tmp_path / "x.json", annotations(*[[box] for box in BOXES])))
    assert np.array_equal(source.read("7", shape=(6, 8)).labels, CELLS)
    with pytest.raises(InputError, match="doesn't say how large image '7' is"):
        source.read("7")
    images = [{"id": 7, "file_name": "a.png"}]
    content = {"images": images, "annotations": annotations(*[[box] for box in BOXES])}
    unsized = open_labels(save_json(tmp_path / "y.json", content))
    assert np.array_equal(unsized.read("a", shape=(6, 8)).labels, CELLS)


def test_a_number_written_as_a_float_is_the_same_number(tmp_path: Path) -> None:
    content = {"images": [IMAGE], "annotations": annotations([BOXES[0]], image_id=7.0)}
    source = open_labels(save_json(tmp_path / "x.json", content))
    assert np.array_equal(source.read("a").labels, CELLS == 1)


def test_crowds_are_no_cells(tmp_path: Path) -> None:
    marked = annotations(plain(CELLS == 1)) + annotations(plain(CELLS == 2), iscrowd=1)
    content = {"images": [IMAGE], "annotations": marked}
    read = open_labels(save_json(tmp_path / "x.json", content)).read("a")
    assert np.array_equal(read.labels, CELLS == 1)
    assert [note.code for note in read.notes] == ["crowd"]


def test_images_of_the_same_stem_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    other = {**IMAGE, "id": 8, "file_name": "more\\a.png"}
    lost = annotations([BOXES[0]], image_id=9)
    content = {"images": [IMAGE, other], "annotations": lost}
    source = open_labels(save_json(tmp_path / "x.json", content))
    assert source.image_ids == ("plates__a", "more__a")
    assert source.left_out == ("1 annotations belong to images that are not listed",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a JSON file"),
        ("{}", "expected COCO.* got nothing"),
        ("[]", "lists no images"),
        ("3", "expected COCO.* got int"),
        ('{"images": [], "annotations": []}', "lists no images"),
        ('{"shapes": [], "version": 1}', "expected COCO.* got shapes, version"),
        ('{"images": [3], "annotations": []}', "expected COCO"),
        ('{"images": [{"id": 1}, {"id": 1.0}], "annotations": []}', "1 stands more than once"),
        ('{"images": [{"id": 1, "height": "x"}], "annotations": []}', "has height 'x' and width"),
    ],
)
def test_json_that_is_no_coco_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputError, match=rf"x\.json: .*{message}"):
        open_labels(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (
            {"segmentation": packed(np.ones((5, 8)))},
            r"a mask of size \[5, 8\] in an image of 6 x 8",
        ),
        ({"segmentation": {"counts": [40, 9]}}, "cover 49 pixels, but the image of 6 x 8 has 48"),
        ({"segmentation": {"size": [6, 8]}}, "cover 0 pixels"),
        ({"segmentation": []}, "has no segmentation; a box alone"),
        ({"bbox": [0, 0, 3, 3]}, "has no segmentation; a box alone"),
        ({"segmentation": [[1, 2]]}, "at least three corners"),
        ({"segmentation": [[*BOXES[0]], 5]}, "at least three corners"),
        ({"segmentation": [BOXES[0]], "score": "high"}, "the score 'high' is no finite number"),
    ],
)
def test_a_faulty_annotation_spoils_its_own_image_only(
    tmp_path: Path, annotation: dict[str, object], message: str
) -> None:
    good = {**IMAGE, "id": 8, "file_name": "b.png"}
    content = {"images": [IMAGE, good], "annotations": [{"image_id": 7, "id": 5} | annotation]}
    source = open_labels(save_json(tmp_path / "x.json", content))
    assert source.read("b").labels.shape == (6, 8)
    with pytest.raises(InputError, match=rf"x\.json, image a.*{message}"):
        source.read("a")


def test_a_file_written_anew_is_read_anew(tmp_path: Path) -> None:
    content = {"images": [IMAGE], "annotations": annotations([BOXES[0]])}
    path = save_json(tmp_path / "x.json", content)
    source = open_labels(path)
    assert source.read("a").labels.max() == 1
    save_json(path, {"images": [IMAGE], "annotations": annotations([BOXES[0]], [BOXES[1]])})
    assert source.read("a").labels.max() == 2
    path.unlink()
    with pytest.raises(InputError, match=r"x\.json: can't be read any more"):
        source.read("a")


# Data Science Bowl 2018


def test_runs_of_the_data_science_bowl_become_labels(tmp_path: Path) -> None:
    path = tmp_path / "solution.csv"
    rows = [f"a,{kaggle(CELLS == 1)},6,8,Public", f"a,{kaggle(CELLS == 2)},6,8,Public"]
    header = "ImageId,EncodedPixels,Height,Width,Usage"
    path.write_text("\n".join([header, *rows, "none,,3,3,Ignored"]) + "\n")
    source = open_labels(path)
    assert (source.kind, source.image_ids) == ("rle_csv", ("a", "none"))
    assert np.array_equal(source.read("a").labels, CELLS)
    assert source.read("none").labels.tolist() == [[0] * 3] * 3


def test_runs_without_sizes_take_the_size_of_the_reference(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_text(f"ImageId,EncodedPixels\na,{kaggle(CELLS == 1)}\na,{kaggle(CELLS == 2)}\n")
    source = open_labels(path)
    assert np.array_equal(source.read("a", shape=(6, 8)).labels, CELLS)
    with pytest.raises(InputError, match="Height and Width"):
        source.read("a")
    with pytest.raises(InputError, match=r"submission\.csv, image a, mask 2: a run leaves"):
        source.read("a", shape=(6, 6))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,1 1,6,x", "line 2: Height '6' and Width 'x' are no size"),
        ("a,1 1,6,8\na,1 1,6,9", "line 3: image 'a' had another size"),
        (",1 1,6,8", "line 2: the ImageId is empty"),
    ],
)
def test_a_faulty_table_of_runs_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "x.csv").write_text(f"ImageId,EncodedPixels,Height,Width\n{rows}\n")
    with pytest.raises(InputError, match=rf"x\.csv.*{message}"):
        open_labels(tmp_path / "x.csv")


def test_folders_of_one_mask_per_nucleus_become_labels(tmp_path: Path) -> None:
    save(tmp_path / "a" / "masks" / "1.png", np.uint8(255) * (CELLS == 1))
    opaque = np.full(CELLS.shape, 255, np.uint8)
    second = np.uint8(255) * (CELLS == 2)
    save(tmp_path / "a" / "masks" / "2.png", np.dstack([second] * 3 + [opaque]))
    (tmp_path / "empty" / "masks").mkdir(parents=True)
    save(tmp_path / "empty" / "images" / "empty.png", np.zeros((4, 5, 3), np.uint8))
    save(tmp_path / "test" / "images" / "test.png", np.zeros((4, 5, 3), np.uint8))
    source = open_labels(tmp_path)
    assert (source.kind, source.image_ids) == ("mask_folders", ("a", "empty"))
    assert source.left_out == ("test: a folder without masks/",)
    assert np.array_equal(source.read("a").labels, CELLS)
    assert source.read("empty").labels.shape == (4, 5)
    shutil.rmtree(tmp_path / "empty" / "images")
    with pytest.raises(InputError, match="there is no image to tell the size"):
        source.read("empty")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (np.ones((6, 7), np.uint8), r"b\.png: a mask of 6 x 7 pixels beside others of 6 x 8"),
        (CELLS, r"b\.png: expected the mask of one nucleus"),
    ],
)
def test_masks_that_cannot_belong_together_are_refused(
    tmp_path: Path, second: np.ndarray, message: str
) -> None:
    save(tmp_path / "x" / "masks" / "a.png", np.uint8(255) * (CELLS == 1))
    save(tmp_path / "x" / "masks" / "b.png", second)
    with pytest.raises(InputError, match=message):
        open_labels(tmp_path).read("x")


def test_an_empty_mask_is_noted(tmp_path: Path) -> None:
    save(tmp_path / "x" / "masks" / "a.png", np.zeros((6, 8), np.uint8))
    read = open_labels(tmp_path).read("x")
    assert read.labels.max() == 0
    assert [note.code for note in read.notes] == ["no_pixels"]


def test_the_published_layout_gives_the_labels_of_the_data_set(real_data: Path) -> None:
    source = open_labels(real_data / "dsb2018_original_layout" / "stage1_train")
    assert len(source.image_ids) == 4
    for image_id in source.image_ids:
        read = source.read(image_id)
        known = read_labels(real_data / "dsb2018" / "labels" / f"{image_id[:16]}.tif")
        # Numbers differ; cells must not: each pair of numbers occurs for one cell alone.
        pairs = np.unique(np.stack([read.labels.ravel(), known.ravel()]), axis=1)
        assert pairs.shape[1] == np.unique(known).size == np.unique(read.labels).size


# NPZ


@pytest.mark.parametrize("save_npz", [np.savez, np.savez_compressed])
def test_tissuenet_needs_a_channel(tmp_path: Path, save_npz: Callable[..., None]) -> None:
    path = tmp_path / "tissuenet.npz"
    cells = np.stack([np.roll(CELLS, shift, axis=1) for shift in range(12)]).astype(np.int32)
    nuclei = np.where(cells == 2, 2, 0)
    save_npz(path, X=np.zeros((12, 6, 8, 2), np.float32), y=np.stack([cells, nuclei], axis=3))
    with pytest.raises(InputError, match=r'2 channels .* got channel None; give channel="whole_'):
        open_labels(path)
    with pytest.raises(InputError, match="got channel 'membrane'"):
        open_labels(path, channel="membrane")
    source = open_labels(path, channel="whole_cell")
    assert (source.kind, source.image_ids[0], source.image_ids[-1]) == ("npz", "00", "11")
    for image_id in ("03", "11", "00", "05"):
        assert np.array_equal(source.read(image_id).labels, cells[int(image_id)])
    for channel in ("nuclear", 1, "1"):
        assert np.array_equal(open_labels(path, channel=channel).read("04").labels, nuclei[4])


def test_dynamicnuclearnet_has_one_channel(tmp_path: Path) -> None:
    path = tmp_path / "dnn.npz"
    meta = np.array([{"a": 1}], dtype=object)
    np.savez_compressed(
        path, X=np.zeros((2, 6, 8, 1)), y=np.stack([CELLS] * 2)[..., None], meta=meta
    )
    source = open_labels(path, channel="whole_cell")
    assert source.image_ids == ("0", "1")
    assert np.array_equal(source.read("1").labels, CELLS)


def test_a_stack_without_channels_under_any_name_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", np.stack([CELLS] * 2))
    assert np.array_equal(open_labels(tmp_path / "x.npz").read("1").labels, CELLS)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": CELLS, "b": CELLS}, "expected an array 'y' of labels, got a, b"),
        ({"y": CELLS}, r"got uint16 of shape \(6, 8\)"),
        ({"y": np.asfortranarray(np.stack([CELLS] * 2))}, "stored columns first"),
        ({"y": np.array([{}, {}])}, "got object of shape"),
        ({"y": np.zeros((2, 6, 8, 3), int)}, "has 3 channels .* give channel=0 to 2"),
    ],
)
def test_an_npz_without_label_images_is_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(InputError, match=rf"x\.npz: .*{message}"):
        open_labels(tmp_path / "x.npz")


def test_a_damaged_npz_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    noise = np.random.default_rng(0).integers(0, 9, (20, 64, 64)).astype(np.uint8)
    np.savez_compressed(path, y=noise)
    whole = bytearray(path.read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"x\.npz: can't be read as NPZ"):
        open_labels(path)
    whole[len(whole) // 2 : len(whole) // 2 + 500] = bytes(500)
    path.write_bytes(whole)
    source = open_labels(path)
    with pytest.raises(InputError, match=r"x\.npz: can't be read as NPZ"):
        source.read("19")
    path.unlink()
    with pytest.raises(InputError, match=r"x\.npz: can't be read any more"):
        source.read("19")


# All of them


def test_every_source_can_be_sent_to_a_worker(tmp_path: Path) -> None:
    save(tmp_path / "folder" / "a.tif")
    (tmp_path / "folder2").mkdir()
    (tmp_path / "folder2" / "manifest.csv").write_text("image_id,labels\na,../folder/a.tif\n")
    save(tmp_path / "kaggle" / "a" / "masks" / "1.png", np.uint8(255) * (CELLS == 1))
    save(tmp_path / "kaggle" / "a" / "masks" / "2.png", np.uint8(255) * (CELLS == 2))
    runs = [f"a,{kaggle(n == CELLS)},6,8\n" for n in (1, 2)]
    (tmp_path / "a.csv").write_text("ImageId,EncodedPixels,Height,Width\n" + "".join(runs))
    masks = [packed(CELLS == 1), packed(CELLS == 2)]
    save_json(tmp_path / "a.json", {"images": [IMAGE], "annotations": annotations(*masks)})
    save_json(tmp_path / "b.json", annotations(*masks))
    np.savez(tmp_path / "a.npz", y=CELLS[None])
    names = ["folder", "folder2", "folder/a.tif", "kaggle", "a.csv", "a.json", "b.json", "a.npz"]
    sources = [open_labels(tmp_path / name) for name in names]
    assert len({source.kind for source in sources}) == 8
    for source in sources:
        sent = pickle.dumps(source)
        assert len(sent) < 2000
        assert np.array_equal(only_read(pickle.loads(sent)), CELLS), source.kind


def test_labels_are_paired_by_id_then_by_id_without_endings(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    rows = "".join(f"{image_id},x.tif\n" for image_id in ("man_seg", "b", "b_img", "c", "d"))
    (tmp_path / "truth" / "manifest.csv").write_text(f"image_id,labels\n{rows}")
    for name in ("man_seg.tif", "b.tif", "c_cp_masks.tif", "other.tif"):
        save(tmp_path / "found" / name)
    pairs = pair_labels(open_labels(tmp_path / "truth"), open_labels(tmp_path / "found"))
    assert dict(pairs.pairs) == {"man_seg": "man", "b": "b", "b_img": None, "c": "c", "d": None}
    assert pairs.extra == ("other",)


def test_endings_that_make_two_ids_one_pair_nothing(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("image_id,labels\na_img,x.tif\na_seg,x.tif\nb,x.tif\n")
    for name in ("a.tif", "b.tif"):
        save(tmp_path / "found" / name)
    pairs = pair_labels(open_labels(tmp_path / "truth.csv"), open_labels(tmp_path / "found"))
    assert dict(pairs.pairs) == {"a_img": None, "a_seg": None, "b": "b"}
    assert pairs.extra == ("a",)


def test_sources_that_have_nothing_in_common_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "truth" / "a.tif")
    save(tmp_path / "found" / "b.tif")
    with pytest.raises(InputError, match=r"no image of .*found .* 'b' beside 'a'"):
        pair_labels(open_labels(tmp_path / "truth"), open_labels(tmp_path / "found"))


def test_two_files_belong_together_whatever_their_names(tmp_path: Path) -> None:
    truth, found = open_labels(save(tmp_path / "a.tif")), open_labels(save(tmp_path / "b.png"))
    assert pair_labels(truth, found).pairs == (("a", "b"),)


def test_truth_and_outputs_of_cellbindb_are_paired(real_data: Path) -> None:
    for folder in sorted((real_data / "cellbindb_demo").glob("*/output/*")):
        truth = open_labels(folder.parents[1] / "gt")
        ((reference, predicted),) = pair_labels(truth, open_labels(folder)).pairs
        assert reference == predicted
        assert not reference.endswith(("mask", "img"))


def test_experts_and_methods_of_codex_are_read(real_data: Path) -> None:
    folder = real_data / "codex_tissue"
    truth = open_labels(folder)
    assert np.unique(truth.read("R001_X003_Y004").labels).size == 3_431 + 1
    methods = sorted((folder / "predictions").iterdir())
    assert len(methods) == 11
    for method in methods:
        predicted = open_labels(method)
        assert pair_labels(truth, predicted).pairs == (("R001_X003_Y004",) * 2,)
        read = predicted.read("R001_X003_Y004")
        assert {note.code for note in read.notes} <= {"pieces"}
        assert np.array_equal(read.labels, read_labels(method / "R001_X003_Y004.tif"))
