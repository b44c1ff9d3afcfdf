"""An audit of a whole data set, what it is written to, and the repaired copy."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy import ndimage

from workbench.datasets import (
    Dataset,
    open_dataset,
    read_sample,
)
from workbench.schema import InputError
from workbench.studies import (
    Audit,
    audit_dataset,
    audit_rows,
    audit_texts,
    duplicate_findings,
    outlier_findings,
    repair_dataset,
    repair_effect,
    write_audit,
)


def quietly(dataset: Dataset, **options: object) -> Audit:
    return audit_dataset(dataset, **{"workers": 1, "tell": lambda _: None} | options)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def faulty(small_dataset: Callable[..., Path]) -> Path:
    """Five images of 16 discs: one with a hole and a number used twice, one that is cut short."""
    root = small_dataset()
    path = root / "labels" / "im1.tif"
    labels = tifffile.imread(path)
    labels[14, 14] = 0
    labels[labels == 16] = 1
    tifffile.imwrite(path, labels)
    broken = root / "labels" / "im3.tif"
    broken.write_bytes(broken.read_bytes()[:100])
    return root


def test_an_unreadable_file_is_a_problem_and_the_others_are_audited(faulty: Path) -> None:
    audit = quietly(open_dataset(faulty))
    assert audit.problems["image_id"].tolist() == ["im3"]
    assert "im3.tif: can't be read" in audit.problems["problem"].iloc[0]
    assert audit.images["image_id"].tolist() == ["im0", "im1", "im2", "im4"]


def test_a_finding_is_a_row_with_a_place_and_a_repair(faulty: Path) -> None:
    findings = quietly(open_dataset(faulty)).findings
    assert findings["image_id"].tolist() == ["im1"] * 2
    assert findings["code"].tolist() == ["repeated_id", "holes"]
    hole = findings.iloc[1]
    assert (hole["split"], hole["cell_ids"], hole["n_cells"]) == ("val", "1", 1)
    assert hole[["top", "left", "bottom", "right"]].tolist() == [14, 14, 15, 15]
    assert hole["repair"] == "fill_holes"


def test_an_image_has_its_counts_and_metadata(faulty: Path) -> None:
    images = quietly(open_dataset(faulty)).images.set_index("image_id")
    assert images["n_cells"].tolist() == [16, 15, 16, 16]
    assert images.loc["im1", ["n_errors", "n_warnings", "n_notes"]].tolist() == [1, 1, 0]
    assert images.loc["im1", "repairs"] == "split_far_pieces fill_holes"
    assert set(images["modality"]) == {"discs"}
    assert images.drop(index="im1")["f1@0.5"].isna().all()


def test_two_processes_find_what_one_finds(small_dataset: Callable[..., Path]) -> None:
    root = small_dataset(splits=("test",) * 20)
    one = quietly(open_dataset(root))
    lines: list[str] = []
    two = audit_dataset(open_dataset(root), workers=2, tell=lines.append)
    pd.testing.assert_frame_equal(one.images, two.images)
    pd.testing.assert_frame_equal(one.findings, two.findings)
    assert lines[-1] == "20 of 20 images audited"


def test_a_data_set_of_which_nothing_can_be_read_is_an_error(faulty: Path) -> None:
    for path in (faulty / "labels").iterdir():
        path.write_bytes(b"")
    with pytest.raises(InputError, match=r"no image can be read\. .*im0\.tif"):
        quietly(open_dataset(faulty))


def test_images_without_labels_are_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", np.zeros((9, 9), np.uint8))
    audit = quietly(open_dataset(tmp_path))
    assert audit.findings["code"].tolist() == ["blank"]
    assert audit.images["n_cells"].isna().all()


def test_what_repairs_would_do_to_a_score_is_counted_by_hand() -> None:
    labels = np.zeros((80, 80), np.uint32)
    for place, (row, column) in enumerate([(2, 2), (2, 70), (70, 2), (70, 70)]):
        labels[row : row + 8, column : column + 8] = place + 1
    labels[labels == 4] = 1
    # Cell 1 is two squares, of which the repaired one is half: IoU 0.5. Two cells are the same.
    effect = repair_effect(labels, ["split_far_pieces"])
    assert effect == pytest.approx({"f1@0.5": 6 / 7, "f1@0.75": 4 / 7, "f1@0.9": 4 / 7})
    assert np.isnan(list(repair_effect(labels, []).values())).all()
    assert np.isnan(list(repair_effect(None, ["fill_holes"]).values())).all()


def test_what_is_measured_becomes_columns_and_is_compared(
    small_dataset: Callable[..., Path],
) -> None:
    root = small_dataset(splits=("test",) * 9)
    sharp = tifffile.imread(root / "images" / "im4.tif")
    blurred = ndimage.gaussian_filter(sharp.astype(float), 6).astype(np.uint8)
    tifffile.imwrite(root / "images" / "im4.tif", blurred)
    audit = quietly(open_dataset(root))
    assert ["im4", "out_of_focus"] in audit.findings[["image_id", "code"]].to_numpy().tolist()
    assert audit.images["focus"].idxmin() == 4
    assert set(audit.findings["image_id"]) == {"im4"}


def table(n: int = 12, **columns: object) -> pd.DataFrame:
    images = pd.DataFrame({"image_id": [f"im{place}" for place in range(n)], "split": "test"})
    return images.assign(height_px=10, width_px=20, modality="phase").assign(**columns)


def flagged(images: pd.DataFrame) -> list[tuple[str, str]]:
    found = outlier_findings(images)
    return [] if found.empty else list(zip(found["image_id"], found["code"], strict=True))


def test_an_image_with_far_more_cells_than_its_kind_is_flagged() -> None:
    counts = [50, 60, 55, 70, 45, 52, 61, 58, 66, 49, 600, 0]
    assert flagged(table(n_cells=counts)) == [("im10", "count_outlier"), ("im11", "count_outlier")]
    text = outlier_findings(table(n_cells=counts))["text"].iloc[0]
    assert text.startswith("cells 600; the median of 12 phase images is 56.5 (+")


def test_images_are_compared_with_their_own_kind() -> None:
    focus = np.r_[np.linspace(9, 10, 10), np.linspace(0.9, 1, 10)]
    kinds = ["phase"] * 10 + ["fluorescence"] * 10
    assert flagged(table(20, focus=focus, modality=kinds)) == []
    focus[3] = 0.9
    assert flagged(table(20, focus=focus, modality=kinds)) == [("im3", "out_of_focus")]


def test_only_the_bad_side_of_a_quality_is_flagged() -> None:
    noise = [30, 31, 33, 32, 29, 30, 34, 31, 30, 32, 2, 900]
    assert flagged(table(dynamic_range_to_noise=noise)) == [("im10", "noisy")]
    contrast = [0.5, 0.52, 0.48, 0.5, 0.51, 0.5, 0.47, 0.5, 0.53, 0.5, 0.01, 3]
    assert flagged(table(contrast=contrast)) == [("im10", "low_contrast")]


def test_images_of_one_series_that_hardly_differ_are_not_flagged() -> None:
    assert flagged(table(focus=[5.0] * 11 + [4.0])) == []
    assert flagged(table(focus=[5.0] * 11 + [1.0])) == [("im11", "out_of_focus")]


def test_few_images_are_not_compared_and_unknown_numbers_not_counted() -> None:
    assert flagged(table(7, focus=[5, 6, 5, 6, 5, 6, 0.1])) == []
    assert flagged(table(12, focus=[5, 6, 5, 6, 5, 6, 0.1, *[np.nan] * 5])) == []


def test_saturation_has_a_fixed_limit() -> None:
    assert flagged(table(3, saturated_fraction=[0, 0.005, 0.2])) == [("im2", "saturated")]


def test_cells_darker_than_around_them_are_inverted_among_bright_ones() -> None:
    contrast = np.r_[np.full(11, 0.4), -0.4]
    assert flagged(table(contrast=contrast)) == [("im11", "inverted")]
    assert flagged(table(contrast=-contrast)) == [("im11", "inverted")]
    mixed = np.r_[np.full(6, 0.4), np.full(6, -0.4)]
    assert flagged(table(contrast=mixed)) == []


def test_the_same_image_in_two_splits_is_an_error_of_either() -> None:
    images = table(3, split=["train", "test", "test"])
    pairs = pd.DataFrame(
        [("im0", "im1", "identical", 1.0), ("im1", "im2", "mirrored", 0.99), ("im2", "x", "", 1.0)],
        columns=["image_id_a", "image_id_b", "kind", "similarity"],
    )
    found = duplicate_findings(pairs, images)
    assert list(zip(found["image_id"], found["code"], strict=True)) == [
        ("im0", "leak"), ("im1", "leak"), ("im1", "duplicate"), ("im2", "duplicate"),
    ]  # fmt: skip
    assert found["text"].iloc[0] == "identical to im1 of split test (1.000 alike)"


def test_duplicates_join_the_findings_of_their_images(faulty: Path) -> None:
    pairs = pd.DataFrame(
        {"image_id_a": ["im0"], "image_id_b": ["im1"], "kind": ["identical"], "similarity": [1.0]}
    )
    findings = quietly(open_dataset(faulty), duplicates=pairs).findings
    assert findings["image_id"].tolist() == ["im0", "im1", "im1", "im1"]
    assert findings["code"].tolist() == ["leak", "repeated_id", "leak", "holes"]


def test_a_repaired_copy_has_the_same_pixels_and_metadata_and_no_fault(
    faulty: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(faulty)
    audit = quietly(dataset)
    before = digests(faulty)
    done = repair_dataset(dataset, audit, tmp_path / "copy", tell=lambda _: None)
    assert digests(faulty) == before
    copy = open_dataset(tmp_path / "copy")
    originals = {record.image_id: record for record in dataset.records}
    assert [record.image_id for record in copy.records] == ["im0", "im1", "im2", "im4"]
    for record in copy.records:
        original = originals[record.image_id]
        assert (record.split, record.metadata) == (original.split, original.metadata)
        mended, given = read_sample(record), read_sample(original)
        assert np.array_equal(mended.image, given.image)
        assert np.array_equal(mended.reference, given.reference) == (record.image_id != "im1")
    assert tifffile.imread(tmp_path / "copy" / "labels" / "im0.tif").dtype == np.uint16
    assert quietly(copy).findings.empty
    assert done["repair"].tolist() == ["split_far_pieces", "fill_holes", "left_out"]
    stored = pd.read_csv(tmp_path / "copy" / "repairs.csv")
    assert stored["image_id"].tolist() == ["im1", "im1", "im3"]
    assert stored["f1@0.9"].iloc[0] == pytest.approx(2 * 14 / (15 + 16))


def test_repairs_may_be_chosen(faulty: Path, tmp_path: Path) -> None:
    dataset = open_dataset(faulty)
    audit = quietly(dataset)
    out = tmp_path / "copy"
    repair_dataset(dataset, audit, out, repairs=["fill_holes"], tell=lambda _: None)
    assert quietly(open_dataset(out)).findings["code"].tolist() == ["repeated_id"]
    with pytest.raises(InputError, match="no repair is called 'polish'"):
        repair_dataset(dataset, audit, tmp_path / "other", repairs=["polish"])


def test_a_copy_never_lands_in_the_data_set_or_on_other_files(faulty: Path, tmp_path: Path) -> None:
    dataset = open_dataset(faulty)
    audit = quietly(dataset)
    before = digests(tmp_path)
    for place, why in (
        (faulty, "lies in the data set"),
        (faulty / "repaired", "lies in the data set"),
        (faulty / ".." / faulty.name / "x", "lies in the data set"),
        (tmp_path, "is there already"),
    ):
        with pytest.raises(InputError, match=why):
            repair_dataset(dataset, audit, place)
    assert digests(tmp_path) == before


def test_the_audit_must_be_of_the_data_set(
    faulty: Path, small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    audit = quietly(open_dataset(faulty))
    other = open_dataset(small_dataset("others", splits=("test",) * 6))
    with pytest.raises(InputError, match="knows no image 'im5'"):
        repair_dataset(other, audit, tmp_path / "copy")


def test_a_copy_that_fails_leaves_nothing_behind(
    faulty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(faulty)
    audit = quietly(dataset)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = digests(tmp_path)
    monkeypatch.setattr("workbench.studies._audit_repair.write_labels", full)
    with pytest.raises(InputError, match="No space left on device"):
        repair_dataset(dataset, audit, tmp_path / "copy", tell=lambda _: None)
    assert digests(tmp_path) == before


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_images_of_any_kind_are_copied_pixel_by_pixel(
    channels: int, kind: type, tmp_path: Path
) -> None:
    image = np.random.default_rng(0).integers(0, 250, (channels, 20, 30)).astype(kind)
    (tmp_path / "data" / "images").mkdir(parents=True)
    axes = {"metadata": {"axes": "CYX"}} if channels > 1 else {}
    path = tmp_path / "data" / "images" / "a.tif"
    tifffile.imwrite(path, image[0] if channels == 1 else image, photometric="minisblack", **axes)
    dataset = open_dataset(tmp_path / "data")
    repair_dataset(dataset, quietly(dataset), tmp_path / "copy", tell=lambda _: None)
    (record,) = open_dataset(tmp_path / "copy").records
    copied = read_sample(record).image
    assert copied.dtype == kind
    assert np.array_equal(copied, np.moveaxis(image, 0, -1))
    assert record.labels is None


def test_the_page_is_one_offline_file_with_a_picture_of_each_flagged_image(
    faulty: Path, tmp_path: Path
) -> None:
    page = write_audit(quietly(open_dataset(faulty)), tmp_path / "audit")
    text = page.read_text()
    assert "<title>discs – audit of an annotated data set</title>" in text
    assert "4 images with 63 cells: 1 with errors, 1 with warnings, 3 with neither." in text
    # The overview, one image, and the pictures that both draw from.
    assert text.count('type="application/json"') == 3
    assert "im1 (val): number 1 stands for 2 cells far apart" in text
    assert "im3.tif: can&#39;t be read" in text
    body = text.split("<script>")[0]
    assert "http://" not in body
    assert "https://" not in body
    stored = pd.read_csv(tmp_path / "audit" / "tables" / "findings.csv")
    assert stored["code"].tolist() == ["repeated_id", "holes"]
    names = {path.stem for path in (tmp_path / "audit" / "tables").iterdir()}
    assert {"images", "findings", "problems", "checks", "repairs", "unreadable"} == names


def test_the_page_says_how_many_pictures_it_leaves_out(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    root = small_dataset()
    for path in (root / "labels").iterdir():
        labels = tifffile.imread(path)
        labels[14, 14] = 0
        tifffile.imwrite(path, labels)
    page = write_audit(quietly(open_dataset(root)), tmp_path, max_pictures=2)
    text = page.read_text()
    assert "2 of 5 images are shown; findings.csv has the others." in text
    assert text.count('type="application/json"') == 4


def test_a_data_set_without_a_fault_has_a_page_that_says_so(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    text = write_audit(quietly(open_dataset(small_dataset())), tmp_path).read_text()
    assert "5 images with 80 cells: 0 with errors, 0 with warnings, 5 with neither." in text
    assert "Nothing was found." in text


def test_the_table_counts_images_and_places_by_check(faulty: Path) -> None:
    audit = quietly(open_dataset(faulty))
    frame = audit_rows(audit).frame
    assert frame["Found"].tolist() == ["number used twice", "holes in a cell"]
    assert frame[["Images", "Places"]].to_numpy().tolist() == [[1, 1], [1, 1]]
    assert frame["Example"].iloc[1].startswith("im1: a hole of 1 px in cell 1 of ")
    texts = audit_texts(audit)
    assert texts[1].startswith("1 image can't be read; the first: ")
    assert texts[2].startswith("Repairs are proposed for 1 image. A prediction equal to")
    assert "least in im1: 0.903 at IoU 0.9" in texts[2]


def test_the_demo_data_set_has_neither_errors_nor_warnings(demo_data: Path) -> None:
    audit = quietly(open_dataset(demo_data))
    assert len(audit.images) == 48
    assert set(audit.findings["severity"]) <= {"note"}


def test_the_phase_contrast_labels_known_to_lie_in_pieces_are_flagged(real_data: Path) -> None:
    audit = quietly(open_dataset(real_data / "usiigaci_phase"))
    pieces = audit.findings[audit.findings["code"].isin(["crumbs", "several_pieces"])]
    assert pieces["image_id"].nunique() == 12
    assert not (audit.images["n_errors"] > 0).any()
    # Crumbs of a few pixels change no match.
    assert (audit.images["f1@0.9"] == 1).all()
