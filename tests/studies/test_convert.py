"""Conversion: whatever form it takes, nothing is lost on the way there and back."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from workbench.datasets import ImageRead, open_dataset, open_labels, read_sample, write_image
from workbench.schema import InputError, Sample
from workbench.studies import convert_dataset

FORMS = ("manifest", "ome_tiff", "coco", "geojson")
RING = np.array(
    [[0, 0, 0, 0, 0, 0], [0, 9, 9, 9, 0, 4], [0, 9, 0, 9, 4, 0], [0, 9, 9, 9, 70_000, 0]], np.uint32
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two images: two named channels with a hole and corners that touch; colour without labels."""
    folder = tmp_path / "source"
    for room in ("images", "labels"):
        (folder / room).mkdir(parents=True)
    two = np.arange(48, dtype=np.uint16).reshape(4, 6, 2) * 1000
    write_image(folder / "images" / "a.ome.tif", ImageRead(two, ("DAPI", "red"), 0.325))
    tifffile.imwrite(folder / "labels" / "a.tif", RING)
    tifffile.imwrite(folder / "images" / "b.tif", np.full((3, 5, 3), (9, 8, 7), np.uint8))
    (folder / "manifest.csv").write_text(
        "image_id,image,labels,split,tissue,height\n"
        'a,images/a.ome.tif,labels/a.tif,train,"skin, dry",tall\n'
        "b,images/b.tif,,val,,\n"
    )
    return folder


def samples(folder: Path) -> list[tuple[str, Sample]]:
    return [(record.split, read_sample(record)) for record in open_dataset(folder).records]


@pytest.mark.parametrize("form", FORMS)
def test_everything_comes_back(source: Path, tmp_path: Path, form: str) -> None:
    converted = convert_dataset(open_dataset(source), tmp_path / form, form=form, tell=str)

    assert (converted.n_images, converted.n_cells, len(converted.problems)) == (2, 3, 0)
    for (split, before), (split_after, after) in zip(
        samples(source), samples(tmp_path / form), strict=True
    ):
        assert (after.image_id, split_after) == (before.image_id, split)
        assert after.image.dtype == before.image.dtype
        assert np.array_equal(after.image, before.image)
        assert (after.reference is None) == (before.reference is None)
        if before.reference is not None:
            assert np.array_equal(after.reference, before.reference)
        assert after.channel_names == before.channel_names
        assert after.pixel_size_um == pytest.approx(before.pixel_size_um, nan_ok=True)
        told = {name: value for name, value in before.metadata.items() if value}
        assert told.items() <= after.metadata.items()


@pytest.mark.parametrize("form", FORMS)
def test_real_labels_come_back_from_any_chain_of_forms(
    real_data: Path, tmp_path: Path, form: str
) -> None:
    for number, name in enumerate(("axon_sem", "usiigaci_phase", "codex_tissue")):
        first, second = tmp_path / f"{number}", tmp_path / f"{number}-back"
        whole = open_dataset(real_data / name)
        dataset = replace(whole, records=whole.records[:1])
        convert_dataset(dataset, first, form=form, tell=str)
        convert_dataset(open_dataset(first), second, form="manifest", tell=str)
        for before, after in zip(dataset.records, open_dataset(second).records, strict=True):
            original, back = read_sample(before), read_sample(after)
            assert np.array_equal(original.reference, back.reference)
            assert np.array_equal(original.image, back.image)


def test_coco_run_lengths_are_those_of_the_coco_tools(real_data: Path, tmp_path: Path) -> None:
    from pycocotools import mask

    convert_dataset(open_dataset(real_data / "stardist_sample"), tmp_path / "c", form="coco")
    content = json.loads((tmp_path / "c" / "annotations.json").read_text())
    (record,) = open_dataset(real_data / "stardist_sample").records
    labels = read_sample(record).reference
    for annotation in content["annotations"]:
        packed = annotation["segmentation"]
        cell = np.asfortranarray(labels == annotation["cell_id"])
        assert mask.encode(cell.astype(np.uint8))["counts"].decode() == packed["counts"]
        assert (
            mask.toBbox(packed | {"counts": packed["counts"].encode()}).tolist()
            == (annotation["bbox"])
        )


def test_converted_labels_can_be_scored_as_they_are(source: Path, tmp_path: Path) -> None:
    convert_dataset(open_dataset(source), tmp_path / "g", form="geojson", tell=str)
    found = open_labels(tmp_path / "g" / "annotations")
    assert found.kind == "geojson"
    assert np.array_equal(found.read("a", shape=RING.shape).labels, RING)


def test_an_image_that_can_not_be_read_is_listed_and_the_others_go_on(
    source: Path, tmp_path: Path
) -> None:
    (source / "images" / "b.tif").write_bytes(b"no image")
    converted = convert_dataset(open_dataset(source), tmp_path / "out", tell=str)
    assert converted.n_images == 1
    assert converted.problems["image_id"].tolist() == ["b"]
    assert [record.image_id for record in open_dataset(tmp_path / "out").records] == ["a"]


def test_a_folder_that_holds_something_is_never_written_to(source: Path) -> None:
    with pytest.raises(InputError, match="holds something already; name a new folder"):
        convert_dataset(open_dataset(source), source)


def test_an_interrupted_conversion_starts_anew(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (source / "images" / "b.tif").write_bytes(b"")
    (source / "images" / "a.ome.tif").write_bytes(b"")
    with pytest.raises(InputError, match="no image can be read"):
        convert_dataset(open_dataset(source), out, tell=str)
    tifffile.imwrite(source / "images" / "b.tif", np.zeros((3, 5), np.uint8))
    assert convert_dataset(open_dataset(source), out, tell=str).n_images == 1
    assert not (out / ".unfinished").exists()


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "at least three corners"),
        ({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "LineString has no area"),
        ({"type": "Polygon", "coordinates": None}, "is no polygon"),
        (None, "a geometry of type None has no area"),
    ],
)
def test_a_geojson_feature_that_is_no_area_is_named(
    tmp_path: Path, geometry: object, message: str
) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"features": [{"geometry": geometry}]}))
    with pytest.raises(InputError, match=rf"a\.geojson, feature 1: .*{message}"):
        open_labels(path).read("a", shape=(4, 4))


def test_geojson_from_other_tools_is_numbered_in_its_order(tmp_path: Path) -> None:
    square = [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]
    right = [[[2, 0], [4, 0], [4, 2], [2, 2], [2, 0]]]
    features = [{"geometry": {"type": "Polygon", "coordinates": c}} for c in (square, right)]
    (tmp_path / "a.geojson").write_text(json.dumps(features))
    read = open_labels(tmp_path / "a.geojson").read("a", shape=(2, 4))
    assert read.labels.tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]
