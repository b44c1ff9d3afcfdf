"""`workbench data ...` as a user meets it: what is written, what is told, what is refused."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import tifffile

from tests.conftest import run_workbench
from workbench.analysis import DataFingerprint
from workbench.cli import main
from workbench.datasets import CARDS, Dataset, open_dataset, read_dataset_file, read_sample
from workbench.schema import InputError
from workbench.studies import RunResult, _run_study, find_leaks, read_study, run_study

SPLITS = ("train",) * 4 + ("val",) + ("test",) * 3
FORMS = ("manifest", "ome_tiff", "coco", "geojson")


class Ended(NamedTuple):
    """How a command ended, and what it told."""

    status: int
    text: str
    errors: str


Command = Callable[..., Ended]


@pytest.fixture
def data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `workbench data` in this process, in a folder of its own; only its own exits pass."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["workbench", "data", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        if isinstance(ended.value.code, str):  # the interpreter prints it
            return Ended(1, told.out, told.err + ended.value.code)
        return Ended(ended.value.code or 0, told.out, told.err)

    return run


@pytest.fixture
def discs(small_dataset: Callable[..., Path]) -> Path:
    """Eight images of discs in the folder "discs", no two of them alike."""
    root = small_dataset(splits=SPLITS)
    rng = np.random.default_rng(1)
    for path in sorted((root / "images").iterdir()):
        spots = np.kron(rng.integers(0, 60, (12, 12)), np.ones((8, 8), int))
        tifffile.imwrite(path, (tifffile.imread(path) // 2 + spots).astype(np.uint8))
    return root


def copy_image(root: Path, source: str, copy: str) -> None:
    """Put the pixels of one image in the place of another."""
    tifffile.imwrite(root / "images" / copy, tifffile.imread(root / "images" / source))


def splits_of(path: Path) -> dict[str, str]:
    return {record.image_id: record.split for record in open_dataset(path).records}


def assert_same_content(one: Dataset, two: Dataset) -> None:
    assert splits_of(one.root) == splits_of(two.root)
    by_id = {record.image_id: record for record in two.records}
    for record in one.records:
        mine, other = read_sample(record), read_sample(by_id[record.image_id])
        np.testing.assert_array_equal(mine.image, other.image)
        np.testing.assert_array_equal(mine.reference, other.reference)
        assert other.metadata["modality"] == "discs"


# What is missing, empty, or something else


@pytest.mark.parametrize(
    "command",
    [
        ("show",),
        ("convert", "--out", "new"),
        ("fingerprint",),
        ("audit", "--workers", "1"),
        ("prepare", "--out", "new"),
        ("split", "--out", "new"),
        ("verify",),
    ],
)
def test_what_is_no_data_set_is_refused_with_the_cure(data: Command, command: tuple) -> None:
    name, *options = command
    Path("empty").mkdir()
    Path("text.txt").write_text("nothing")
    for path, message in {
        "nowhere": "data set nowhere: no such folder or file; . holds empty",
        "empty": "data set empty: found neither manifest.csv, nor a folder images/",
        "text.txt": "data set text.txt: found neither manifest.csv",
    }.items():
        ended = data(name, path, *options)
        assert ended.status == 1
        assert ended.errors.startswith(f"error: {message}")
    assert not Path("new").exists()


def test_a_mistake_ends_a_process_with_its_message_alone(tmp_path: Path) -> None:
    result = run_workbench("data", "show", "nowhere", cwd=tmp_path, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "error: data set nowhere: no such folder or file; . holds no folders.\n"


def test_an_output_that_is_not_named_is_asked_for(data: Command, discs: Path) -> None:
    for command in ("convert", "prepare", "split"):
        ended = data(command, discs)
        assert ended.status == 2
        assert "Missing option '--out'" in ended.errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("convert", "discs", "--out", "full"), "full: holds something already; name a new folder"),
        (("convert", "discs", "--out", "file"), "file: is a file; name a new folder"),
        (("convert", "discs", "--out", "discs"), "discs: holds something already"),
        (("prepare", "discs", "--out", "full"), "full holds files that are no prepared data set"),
        (("prepare", "discs", "--out", "file"), "file is a file; name a new folder"),
        (("prepare", "discs", "--out", "discs"), "needs a folder of its own"),
        (("split", "discs", "--out", "file"), "file: is a file; name a new folder"),
        (("split", "discs", "--out", "discs"), "discs is a data set already; name a new folder"),
        (("audit", "discs", "--out", "file"), "file: is a file; name a new folder"),
        (("audit", "discs", "--repair", "file"), "file: is a file; name a new folder"),
        (("audit", "discs", "--workers", "1", "--repair", "full"), "full: is there already"),
        (("audit", "discs", "--workers", "1", "--repair", "discs"), "needs its own folder"),
        (("fingerprint", "discs", "--out", "full"), "name a file, for example full/fingerprint"),
        (("show", "discs", "--save", "file"), "file: is there already"),
    ],
)
def test_what_is_there_is_not_written_over(
    data: Command, discs: Path, arguments: tuple[str, ...], message: str
) -> None:
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    Path("file").write_text("mine")
    before = sorted(map(str, discs.rglob("*")))
    ended = data(*arguments)
    assert ended.status == 1
    assert ended.errors.startswith("error: ")
    assert message in ended.errors
    assert sorted(map(str, discs.rglob("*"))) == before
    assert [path.read_text() for path in (Path("full/mine.txt"), Path("file"))] == ["mine"] * 2
    assert len(list(Path("full").iterdir())) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "--layout", "stardst"), "no such layout; did you mean stardist?"),
        (("show", "--axes", "YY"), "axes 'YY': expected one letter for each axis"),
        (("show", "--channels", "DAPI,,2"), "expected names or numbers separated by commas"),
        (("show", "--plane", "Z"), "plane 'Z': expected an axis with its index or max"),
        (("convert", "--to", "cocoa"), "'cocoa': no such form; there are manifest, ome_tiff"),
        (("prepare", "--preparation", "clahe"), "named ones are percentiles_1_99, eighteen"),
        (("prepare", "--type", "uint9"), "'uint8', 'uint16' or 'float32', got 'uint9'"),
        (("prepare", "--window-px", "0"), "window_px: Input should be greater than or equal to 1"),
        (("prepare", "--step-px", "9"), "step_px must be at most window_px"),
        (("prepare", "--pixel-size-um", "0"), "pixel_size_um: Input should be greater than 0"),
        (("prepare", "--pixel-size-um", "nan"), "pixel_size_um: Input should be a finite number"),
        (("prepare", "--pixel-size-um", "0.5", "--workers", "1"), "give the manifest a column"),
        (("split", "--shares", "train=0.5"), "shares must add up to 1"),
        (("split", "--shares", "train"), "--shares 'train': expected name=value"),
        (("split", "--shares", "train=all"), "shares.train: Input should be a valid number"),
        (("split", "--keep", "tset"), "no image is in split 'tset'"),
        (("split", "--keep", "test", "--folds", "2"), "give folds or keep, not both"),
        (("split", "--folds", "1"), "folds: Input should be greater than or equal to 2"),
        (("split", "--folds", "9"), "8 images can't fill 9 folds"),
        (("split", "--fold", "3"), "fold 3 needs more than 3 folds"),
        (("split", "--group-by", "plate"), "the images have no column 'plate'"),
        (("split", "--group-by", "modality"), "8 images in 1 groups that stay together"),
        (("split", "--stratify-by", "plate"), "the images have no column 'plate'"),
        (("split", "--only", "modality"), "--only 'modality': expected name=value"),
        (("split", "--only", "modality=rings"), "no image has modality 'rings'; there are discs"),
    ],
)
def test_names_and_numbers_that_can_not_be_meant_are_refused_by_name(
    data: Command, discs: Path, arguments: tuple[str, ...], message: str
) -> None:
    command, *options = arguments
    out = () if command == "show" else ("--out", "new")
    ended = data(command, discs, *options, *out)
    assert ended.status == 1
    assert ended.errors.startswith("error: ")
    assert message in ended.errors
    assert not Path("new/manifest.csv").is_file() or len(Path("new/manifest.csv").read_text()) < 99
    assert not Path("new/split.json").exists()


@pytest.mark.parametrize(
    "arguments",
    [("audit", "--workers", "0"), ("prepare", "--out", "new", "--workers", "-1"),
     ("split", "--out", "new", "--seed", "-1"), ("split", "--out", "new", "--folds", "two")],
)  # fmt: skip
def test_a_number_that_is_none_is_refused_with_the_option(
    data: Command, discs: Path, arguments: tuple[str, ...]
) -> None:
    command, *options = arguments
    ended = data(command, discs, *options)
    assert ended.status == 2
    assert f"Invalid value for '{options[-2]}'" in ended.errors


# list, download


def test_public_sets_are_listed_and_told(data: Command) -> None:
    assert all(name in data("list").text for name in CARDS)
    one = data("list", "stardist").text
    assert CARDS["stardist"].citation in one
    assert CARDS["stardist"].downloads[0].url in one
    for command in ("list", "download"):
        unknown = data(command, "livecel")
        assert unknown.status == 1
        assert unknown.errors.endswith("did you mean livecell?")


def test_a_set_that_comes_by_hand_alone_is_explained(data: Command) -> None:
    ended = data("download", "tissuenet")
    assert ended.status == 1
    assert "can't be downloaded by a program. Make an account" in ended.errors
    assert CARDS["tissuenet"].address in ended.errors
    assert not Path("data/tissuenet/manifest.csv").exists()


# show


def test_how_a_data_set_is_read_is_shown_and_saved(data: Command, discs: Path) -> None:
    plain = data("show", discs).text
    for fact in ("layout manifest", "Images: 8, 8 of them annotated", "train 4, val 1, test 3"):
        assert fact in plain
    assert "96 x 96, uint8" in plain

    saved = data("show", discs, "--layout", "folders", "--axes", "YX", "--save", "mine.yaml")
    assert (saved.status, saved.errors) == (0, "")
    assert "Written: mine.yaml" in saved.text
    file = read_dataset_file(Path("mine.yaml"))
    assert (file.path, file.layout, file.axes) == (Path("discs"), "folders", "YX")
    again = data("show", "mine.yaml").text
    assert "layout folders" in again
    assert "Told by" in again
    assert "given" in again, "the axes are the user's"
    assert splits_of(Path("mine.yaml")) == {f"im{place}": "test" for place in range(8)}


def test_a_file_that_stands_for_a_data_set_is_not_described_by_another(
    data: Command, discs: Path
) -> None:
    data("show", discs, "--save", "mine.yaml")
    ended = data("show", "mine.yaml", "--save", "other.yaml")
    assert ended.status == 1
    assert "mine.yaml: stands for a data set already" in ended.errors
    assert not Path("other.yaml").exists()
    assert "says itself how it is read" in data("show", "mine.yaml", "--axes", "YX").errors


# convert


@pytest.mark.parametrize("form", FORMS)
def test_a_converted_data_set_holds_the_same(data: Command, discs: Path, form: str) -> None:
    ended = data("convert", discs, "--to", form, "--out", "new")
    assert ended.status == 0
    assert "Images: 8, cells: 128. Data set: new" in ended.text
    assert_same_content(open_dataset(discs), open_dataset(Path("new")))


def test_an_image_that_can_not_be_read_is_named_by_every_command(
    data: Command, discs: Path
) -> None:
    (discs / "images" / "im3.tif").write_bytes(b"broken")
    for command, status in {
        ("convert", discs, "--out", "converted"): 0,
        ("fingerprint", discs): 0,
        ("audit", discs, "--workers", "1"): 1,
        ("prepare", discs, "--out", "prepared", "--workers", "1"): 0,
    }.items():
        ended = data(*command)
        assert ended.status == status, command
        assert "Left out, since they can't be used: 1" in ended.errors
        assert "im3.tif" in ended.errors
    ended = data("split", discs, "--out", "new")
    assert ended.status == 1
    assert "1 images can't be read, so they can't be divided" in ended.errors
    assert list(splits_of(Path("converted"))) == [f"im{n}" for n in range(8) if n != 3]


def test_of_many_problems_the_first_ten_are_told(
    data: Command, small_dataset: Callable[..., Path]
) -> None:
    root = small_dataset(splits=("test",) * 14)
    for place in range(1, 14):
        (root / "images" / f"im{place}.tif").write_bytes(b"broken")
    errors = data("fingerprint", root).errors
    assert "Left out, since they can't be used: 13" in errors
    assert errors.count(": can't be read") == 10
    assert errors.rstrip().endswith("... and 3 more")


# fingerprint, audit


def test_a_fingerprint_is_shown_and_written_for_programs(data: Command, discs: Path) -> None:
    ended = data("fingerprint", discs, "--out", "facts/print.json")
    assert ended.status == 0
    assert "8 images, 8 annotated, 128 cells" in ended.text
    found = DataFingerprint.model_validate_json(Path("facts/print.json").read_text())
    assert (found.n_images, found.n_cells, found.height_px.median) == (8, 128, 96)


def test_a_clean_data_set_passes_and_a_faulty_one_fails_and_is_repaired(
    data: Command, discs: Path
) -> None:
    assert data("audit", discs, "--workers", "1").status == 0
    path = discs / "labels" / "im1.tif"
    labels = tifffile.imread(path)
    labels[labels == 16] = 1  # one number for two cells
    tifffile.imwrite(path, labels)

    ended = data("audit", discs, "--workers", "1", "--out", "page", "--repair", "mended")
    assert ended.status == 1
    assert "8 images with 127 cells: 1 with errors" in ended.text
    assert "Repairs: 1, listed in mended/repairs.csv" in ended.text
    assert "im1" in Path("page/audit.html").read_text()
    assert pd.read_csv("mended/repairs.csv")["image_id"].tolist() == ["im1"]
    assert np.unique(tifffile.imread("mended/labels/im1.tif")).size == 17
    np.testing.assert_array_equal(tifffile.imread(path), labels)
    assert data("audit", "mended", "--workers", "1").status == 0


# prepare


def test_windows_are_cut_once(data: Command, discs: Path) -> None:
    command = ("prepare", discs, "--out", "new", "--window-px", "48", "--step-px", "48",
               "--type", "uint8", "--workers", "1")  # fmt: skip
    assert "Images: 32 from 8 (0 prepared before), cells: 128. Data set: new" in data(*command).text
    assert "Images: 32 from 8 (8 prepared before), cells: 128" in data(*command).text
    records = open_dataset(Path("new")).records
    assert {read_sample(record).image.shape for record in records} == {(48, 48, 1)}
    assert {record.metadata["group"] for record in records} == {f"im{n}" for n in range(8)}

    copy_image(discs, "im0.tif", "im1.tif")
    assert "(7 prepared before)" in data(*command).text


# split, verify


def test_a_data_set_is_divided_and_frozen(data: Command, discs: Path) -> None:
    ended = data("split", discs, "--out", "new", "--shares", "train=0.5,val=0.25,test=0.25")
    assert ended.status == 0
    assert "Pairs of near-duplicates, kept together: 0" in ended.text
    assert sorted(splits_of(Path("new")).values()) == ["test"] * 2 + ["train"] * 4 + ["val"] * 2
    assert find_leaks(open_dataset(Path("new"))).empty
    repeated = ("split", discs, "--out", "new", "--shares", "train=0.5,val=0.25,test=0.25")
    assert data(*repeated).text == ended.text
    other = data(*repeated, "--seed", "1")
    assert other.status == 1
    assert "new/split.json: holds another frozen split" in other.errors


def test_test_images_that_are_kept_stay(data: Command, discs: Path) -> None:
    command = ("split", discs, "--keep", "test", "--shares", "train=0.6,val=0.4", "--out", "new")
    assert data(*command).status == 0
    after = splits_of(Path("new"))
    assert {name for name, split in after.items() if split == "test"} == {"im5", "im6", "im7"}
    assert list(after.values()).count("val") == 2


def test_folds_test_every_image_once(data: Command, discs: Path) -> None:
    tested = []
    for fold in range(4):
        ended = data("split", discs, "--folds", "4", "--fold", f"{fold}", "--out", f"fold{fold}")
        assert ended.status == 0
        splits = splits_of(Path(f"fold{fold}"))
        tested += [name for name, split in splits.items() if split == "test"]
    assert sorted(tested) == [f"im{place}" for place in range(8)]


def test_groups_stay_whole_and_only_some_are_taken(data: Command, discs: Path) -> None:
    lines = (discs / "manifest.csv").read_text().splitlines()
    rows = [f"{line},{'AABBCCDD'[place]}" for place, line in enumerate(lines[1:])]
    (discs / "manifest.csv").write_text("\n".join([f"{lines[0]},plate", *rows]) + "\n")
    shares = ("--shares", "train=0.5,test=0.5")
    assert data("split", discs, *shares, "--group-by", "plate", "--out", "new").status == 0
    splits = list(splits_of(Path("new")).values())
    assert splits[::2] == splits[1::2]
    assert sorted(splits) == ["test"] * 4 + ["train"] * 4

    ended = data("split", discs, "--only", "plate=B", *shares, "--out", "some")
    assert "6 images are in no split" in ended.text
    assert sorted(splits_of(Path("some"))) == ["im2", "im3"]


def test_a_kept_test_image_that_is_learned_from_is_refused(data: Command, discs: Path) -> None:
    copy_image(discs, "im0.tif", "im7.tif")
    ended = data("split", discs, "--keep", "test", "--out", "new")
    assert ended.status == 1
    assert "im0 (train), im7 (test) belong together" in ended.errors
    assert not Path("new").exists()
    together = data("split", discs, "--out", "new")
    assert "Pairs of near-duplicates, kept together: 1" in together.text
    splits = splits_of(Path("new"))
    assert splits["im0"] == splits["im7"]


def test_a_frozen_split_is_verified(data: Command, discs: Path) -> None:
    data("split", discs, "--out", "new")
    unchanged = data("verify", "new")
    assert (unchanged.status, unchanged.errors) == (0, "")
    assert "All 8 images are as they were frozen, and none leaks." in unchanged.text

    image = tifffile.imread(discs / "images" / "im3.tif")
    image[0, 0] += 1
    tifffile.imwrite(discs / "images" / "im3.tif", image)
    changed = data("verify", "new")
    assert changed.status == 1
    assert changed.errors == "im3: image changed\nNot as frozen in new/split.json: 1\n"
    assert "All" not in changed.text

    (discs / "images" / "im3.tif").unlink()
    assert "names 1 files that don't exist" in data("verify", "new").errors


def test_what_is_no_frozen_split_is_not_verified(data: Command, discs: Path) -> None:
    assert "discs: holds no split.json; name a folder made by" in data("verify", "discs").errors
    data("split", discs, "--out", "new")
    Path("new/split.json").write_text("{")
    broken = data("verify", "new")
    assert broken.status == 1
    assert broken.errors.startswith("error: new/split.json")


# Studies on leaking data


@pytest.fixture
def trained(discs: Path, small_study: Callable[..., Path]) -> Path:
    """A study that would train on the discs."""
    return small_study(models="[unet]")


@pytest.fixture
def no_jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let no job start; return the list that names those which would."""
    started: list[str] = []

    def run_plan(plan: object, **_: object) -> RunResult:
        started.extend(job.name for job in plan.jobs)
        return RunResult((), (), (), {})

    monkeypatch.setattr(_run_study, "run_plan", run_plan)
    monkeypatch.setattr(_run_study, "update_report", lambda _: None)
    return started


def test_a_study_is_refused_if_a_test_image_was_learned_from(
    discs: Path, trained: Path, tmp_path: Path, no_jobs: list[str]
) -> None:
    copy_image(discs, "im0.tif", "im7.tif")
    with pytest.raises(InputError, match=r"im0 \(train\) and im7 \(test\), identical"):
        run_study(read_study(trained), tmp_path / "run", workers=1)
    copy_image(discs, "im1.tif", "im0.tif")
    copy_image(discs, "im4.tif", "im7.tif")
    with pytest.raises(InputError, match=r"im4 \(val\) and im7 \(test\), identical"):
        run_study(read_study(trained), tmp_path / "run", workers=1)
    assert no_jobs == []


def test_a_study_goes_on_with_a_note_if_training_and_validation_share_an_image(
    discs: Path,
    trained: Path,
    tmp_path: Path,
    no_jobs: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_study(read_study(trained), tmp_path / "before", workers=1)
    assert "copies of training images" not in capsys.readouterr().out
    copy_image(discs, "im0.tif", "im4.tif")
    run_study(read_study(trained), tmp_path / "run", workers=1)
    note = "validation images that are copies of training images: 1 (im0 and im4)"
    assert note in capsys.readouterr().out
    assert "train/unet-0" in no_jobs


def test_a_model_that_learns_nothing_may_be_tested_on_any_image(
    discs: Path, small_study: Callable[..., Path], tmp_path: Path, no_jobs: list[str]
) -> None:
    copy_image(discs, "im0.tif", "im7.tif")
    run_study(read_study(small_study()), tmp_path / "run", workers=1)
    assert "predict/otsu_watershed-0" in no_jobs


def test_the_command_refuses_a_leaking_study_with_the_cure(
    discs: Path, trained: Path, tmp_path: Path
) -> None:
    copy_image(discs, "im0.tif", "im7.tif")
    result = run_workbench("run", trained, "--out", tmp_path / "run", check=False)
    assert result.returncode == 1
    assert "error: 1 pair of duplicate images lies in different splits" in result.stderr
    assert "Divide the images anew with their duplicates kept together" in result.stderr
    assert "Traceback" not in result.stderr
