"""`workbench score` and `workbench measures`: labels of any tool to tables."""

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from pycocotools import mask as coco_mask

from tests.conftest import REPOSITORY, discs, run_workbench
from workbench.metrics import (
    DEFAULT_IOU_THRESHOLDS,
    MEASURES,
    coco_matches,
    coco_scores,
    label_overlap,
)
from workbench.schema import InputError
from workbench.studies import (
    ScoreResult,
    ScoringConfig,
    measures_page,
    problem_rows,
    score_to_folder,
    summary_rows,
)

F1 = ScoringConfig(measures=("f1",), iou_thresholds=(0.5,))


def score(reference: Path, predicted: Path, **options: object) -> tuple[ScoreResult, Path]:
    out = predicted.parent / "out"
    options = {"config": F1, "tell": lambda _: None} | options
    return score_to_folder(reference, predicted, out, **options), out


def f1_of(out: Path) -> pd.DataFrame:
    scores = pd.read_parquet(out / "images.parquet")
    return scores[(scores["metric"] == "f1") & (scores["threshold"] == 0.5)].set_index("image_id")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two images: one predicted well, one badly."""
    labels = np.zeros((40, 40), np.uint16)
    labels[5:15, 5:15], labels[20:35, 20:35] = 1, 2
    worse = np.where(labels == 2, 0, labels)
    reference, predicted = tmp_path / "reference", tmp_path / "predicted"
    for folder in (reference, predicted):
        folder.mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(reference / f"{name}_label.tif", labels)
    tifffile.imwrite(predicted / "a.tif", labels)
    tifffile.imwrite(predicted / "b.tif", worse)
    return reference, predicted


def test_two_folders_of_labels_are_scored(folders: tuple[Path, Path], tmp_path: Path) -> None:
    reference, predicted = folders
    out = tmp_path / "out"
    result = run_workbench(
        "score", "--reference", reference, "--predicted", predicted, "--out", out
    )
    assert f1_of(out)["value"].to_dict() == pytest.approx({"a": 1.0, "b": 2 / 3})
    assert set(f1_of(out)["model"]) == {"predicted"}
    scored = set(pd.read_parquet(out / "images.parquet")["metric"])
    assert scored == {m.name for m in MEASURES.values() if m.kind != "data set"}
    assert len(pd.read_parquet(out / "cells.parquet")) == 4 + 3
    errors = pd.read_parquet(out / "errors.parquet").query("threshold == 0.5 and n_events > 0")
    assert errors[["image_id", "error", "reference_cells"]].to_numpy().tolist() == [
        ["b", "missed", 1]
    ]
    pixels = pd.read_parquet(out / "pixel_errors.parquet").query("n_pixels > 0")
    assert set(pixels["error"]) == {"missing"}
    summary = pd.read_csv(out / "summary.csv").set_index(["metric", "threshold"])
    assert summary.loc[("f1", 0.5), "macro"].item() == pytest.approx(5 / 6)
    assert summary.loc[("f1", 0.5), "micro"].item() == pytest.approx(6 / 7)
    assert len(pd.read_csv(out / "images.csv")) == len(pd.read_parquet(out / "images.parquet"))
    assert "F1 @ 0.5" in result.stdout
    assert "0.833" in result.stdout
    assert "Usable predictions: 2 of 2 images." in result.stdout
    assert not (out / ".parts").exists()


def test_json_is_all_that_standard_output_gets(folders: tuple[Path, Path], tmp_path: Path) -> None:
    reference, predicted = folders
    result = run_workbench(
        "score", "--reference", reference, "--predicted", predicted, "--out", tmp_path / "out",
        "--measures", "f1,segmentation_quality", "--json",
    )  # fmt: skip
    told = json.loads(result.stdout)
    assert {row["metric"] for row in told["summary"]} == {"f1", "segmentation_quality"}
    assert told["n_images"] == told["n_scored"] == 2


def test_counts_are_shown_as_counts_whatever_is_computed(folders: tuple[Path, Path]) -> None:
    shown = summary_rows(score(*folders)[0].summary)
    (row,) = shown.rows()
    assert dict(zip(shown.header(), row, strict=True))["Undefined"] == "0"


def test_measures_of_the_data_set_can_be_asked_for_alone(folders: tuple[Path, Path]) -> None:
    config = ScoringConfig(measures=("average_recall_coco_50",))
    result, out = score(*folders, config=config)
    (row,) = result.summary.to_dict("records")
    assert (row["model"], row["n_images"], row["micro"]) == ("predicted", 2, 0.75)
    assert (result.n_images, result.n_scored) == (2, 2)
    assert pd.read_parquet(out / "images.parquet").empty
    everything = score(*folders, config=ScoringConfig())[0].summary
    assert everything.dtypes.equals(result.summary.dtypes)


def test_missing_and_unusable_predictions_count_as_empty_and_are_listed(
    folders: tuple[Path, Path],
) -> None:
    reference, predicted = folders
    (predicted / "b.tif").write_bytes(b"broken")
    labels = tifffile.imread(reference / "a_label.tif")
    for name in ("c", "d"):
        tifffile.imwrite(reference / f"{name}_label.tif", labels)
    tifffile.imwrite(predicted / "d.tif", np.ones((9, 9), np.uint16))
    tifffile.imwrite(predicted / "z.tif", labels)

    result, out = score(reference, predicted)

    assert f1_of(out)["status"].to_dict() == {
        "a": "ok", "b": "unreadable", "c": "missing", "d": "shape_mismatch",
    }  # fmt: skip
    assert f1_of(out)["value"].mean() == 0.25
    assert (result.n_scored, result.n_images) == (1, 4)
    problems = pd.read_csv(out / "problems.csv").set_index("image_id")
    assert problems["problem"].to_dict() == {
        "b": "unreadable", "c": "missing", "d": "shape_mismatch", "z": "extra",
    }  # fmt: skip
    assert "b.tif" in problems.loc["b", "detail"]


def test_an_unreadable_reference_has_no_score_and_is_counted(folders: tuple[Path, Path]) -> None:
    reference, predicted = folders
    (reference / "b_label.tif").write_bytes(b"broken")
    result, out = score(reference, predicted)
    assert f1_of(out)["status"].to_dict() == {"a": "ok", "b": "reference_unreadable"}
    assert math.isnan(f1_of(out).loc["b", "value"])
    row = result.summary.iloc[0]
    assert (row["macro"], row["n_images"], row["n_undefined"]) == (1.0, 2, 1)


def test_folders_without_a_common_name_are_refused(folders: tuple[Path, Path]) -> None:
    reference, predicted = folders
    for path in predicted.iterdir():
        path.rename(path.with_stem(f"x{path.stem}"))
    with pytest.raises(InputError, match="for example 'xa' beside 'a'"):
        score(reference, predicted)


def test_two_files_belong_together_whatever_they_are_called(folders: tuple[Path, Path]) -> None:
    reference, predicted = folders
    _, out = score(reference / "a_label.tif", predicted / "b.tif")
    assert f1_of(out)["value"].to_dict() == pytest.approx({"a": 2 / 3})


def test_a_binary_mask_is_converted_and_said_to_be(folders: tuple[Path, Path]) -> None:
    reference, predicted = folders
    for path in predicted.iterdir():
        tifffile.imwrite(path, (tifffile.imread(path) > 0).astype(np.uint8) * 255)
    result, out = score(reference, predicted)
    assert f1_of(out)["value"].to_dict() == pytest.approx({"a": 1.0, "b": 2 / 3})
    noted = result.problems[result.problems["image_id"] == "a"]
    assert noted["detail"].str.contains("binary mask").all()
    assert len(noted) == 1


@pytest.mark.parametrize("index", ["", "manifest.csv"])
def test_a_split_of_a_data_set_is_scored_alone(
    small_dataset: Callable[..., Path], index: str
) -> None:
    dataset = small_dataset()
    _, out = score(dataset / index, dataset / "labels", split="test")
    assert f1_of(out).index.tolist() == ["im2", "im3", "im4"]


def test_problems_of_one_kind_are_told_once_with_an_example_where_they_differ() -> None:
    found = [
        *(("", "predicted", "left_out", f"{name}.txt: no label file") for name in "abcd"),
        *((name, "predicted", "extra", "no reference of that name") for name in "efgh"),
        *((name, "reference", "pieces", f"{n} of 9 cells") for n, name in enumerate("ij", 1)),
    ]
    problems = pd.DataFrame(found, columns=["image_id", "side", "problem", "detail"])
    assert problem_rows(problems).rows() == [
        ["predicted", "left_out", "4", "", "e.g. a.txt: no label file"],
        ["predicted", "extra", "4", "e, f, g and 1 more", "no reference of that name"],
        ["reference", "pieces", "2", "i, j", "e.g. i: 1 of 9 cells"],
    ]


def test_a_split_without_labels_is_refused(small_dataset: Callable[..., Path]) -> None:
    dataset = small_dataset()
    manifest = dataset / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("labels/im1.tif", ""))
    with pytest.raises(InputError, match="no image of split 'val' has labels"):
        score(dataset, dataset / "labels", split="val")


def test_confidences_of_coco_json_rank_the_cells(folders: tuple[Path, Path]) -> None:
    reference, predicted = folders
    labels = tifffile.imread(reference / "a_label.tif")
    spurious = [[0.0, 0.0, 3.0, 0.0, 3.0, 3.0, 0.0, 3.0]]
    cell = [[5.0, 5.0, 15.0, 5.0, 15.0, 15.0, 5.0, 15.0]]
    annotations = [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": spurious, "score": 0.9},
        {"id": 2, "image_id": 1, "category_id": 1, "segmentation": cell, "score": 0.4},
    ]
    images = [{"id": 1, "file_name": "a.png", "height": 40, "width": 40}]
    path = predicted.parent / "found.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations}))
    (reference / "b_label.tif").unlink()

    result, out = score(reference, path, config=ScoringConfig())

    cells = pd.read_parquet(out / "cells.parquet").query("side == 'predicted'")
    assert cells["confidence"].tolist() == [0.9, 0.4]
    drawn = np.zeros_like(labels)
    drawn[0:3, 0:3], drawn[5:15, 5:15] = 1, 2
    expected = coco_scores([coco_matches(label_overlap(labels, drawn), {1: 0.9, 2: 0.4})])
    row = result.summary.set_index("metric").loc["average_precision_coco_50"]
    assert row["micro"] == pytest.approx(expected.ap50)
    assert 0 < expected.ap50 < 0.5, "the more confident detection is the wrong one"


def as_coco(images: dict[str, np.ndarray], path: Path) -> Path:
    """Write every cell as COCO's own tools pack it."""
    listed, annotations = [], []
    for number, (name, labels) in enumerate(images.items(), start=1):
        height, width = labels.shape
        listed.append({"id": number, "file_name": f"{name}.png", "height": height, "width": width})
        for cell in np.unique(labels)[1:]:
            runs = coco_mask.encode(np.asfortranarray(labels == cell, np.uint8))
            found = {"size": [height, width], "counts": runs["counts"].decode()}
            annotations.append(
                {"id": len(annotations) + 1, "image_id": number, "segmentation": found}
            )
    path.write_text(json.dumps({"images": listed, "annotations": annotations}))
    return path


def as_runs(images: dict[str, np.ndarray], path: Path) -> Path:
    """Write every cell as a row of the Data Science Bowl: first pixel and length, by column."""
    rows = []
    for name, labels in images.items():
        for cell in np.unique(labels)[1:]:
            mask = np.pad(labels.T.ravel() == cell, 1).astype(int)
            first, end = np.flatnonzero(np.diff(mask) == 1), np.flatnonzero(np.diff(mask) == -1)
            runs = np.column_stack([first + 1, end - first]).ravel()
            rows.append({"ImageId": name, "EncodedPixels": " ".join(map(str, runs))})
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def as_npz(images: dict[str, np.ndarray], path: Path) -> Path:
    """Write all images as one array, as TissueNet does."""
    np.savez_compressed(path, y=np.stack(list(images.values()))[..., np.newaxis])
    return path


@pytest.mark.parametrize(
    ("write", "name"), [(as_coco, "found.json"), (as_runs, "found.csv"), (as_npz, "found.npz")]
)
def test_real_labels_in_another_form_are_the_same_cells(
    real_data: Path,
    tmp_path: Path,
    write: Callable[[dict[str, np.ndarray], Path], Path],
    name: str,
) -> None:
    files = sorted((real_data / "dsb2018" / "labels").iterdir())[:10]
    images = {path.stem: tifffile.imread(path) for path in files}
    if write is as_npz:  # which has one size for all, and names nobody
        size = np.max([labels.shape for labels in images.values()], axis=0)
        images = {
            str(place): np.pad(labels, [(0, more) for more in size - labels.shape])
            for place, labels in enumerate(images.values())
        }
    reference = tmp_path / "reference"
    reference.mkdir()
    for image_id, labels in images.items():
        tifffile.imwrite(reference / f"{image_id}.tif", labels)

    out = tmp_path / "out"
    run_workbench(
        "score", "--reference", reference, "--predicted", write(images, tmp_path / name),
        "--out", out, "--measures", "f1,segmentation_quality", "--workers", "1",
    )  # fmt: skip

    scores = pd.read_parquet(out / "images.parquet")
    assert len(scores) == 10 * len(DEFAULT_IOU_THRESHOLDS) * 2
    assert (scores["value"] == 1).all()
    assert (scores["status"] == "ok").all()


@pytest.fixture
def volumes(tmp_path: Path) -> tuple[Path, Path]:
    """A cell in a volume, predicted as it is."""
    volume = np.zeros((4, 20, 20), np.uint16)
    volume[1:3, 5:9, 5:9] = 7
    files = tmp_path / "nuclei.tif", tmp_path / "predicted.tif"
    for path in files:
        tifffile.imwrite(path, volume, imagej=True, metadata={"axes": "ZYX"})
    return files


def test_volumes_are_scored_where_the_measures_are_defined(volumes: tuple[Path, Path]) -> None:
    result, out = score(*volumes, config=ScoringConfig())
    assert f1_of(out)["value"].tolist() == [1.0]
    kinds = {MEASURES[name].kind for name in pd.read_parquet(out / "images.parquet")["metric"]}
    assert kinds == {"matching", "cells", "pixels", "partition"}
    assert pd.read_parquet(out / "cells.parquet").empty
    problem = result.problems.iloc[0]
    assert problem[["image_id", "problem"]].tolist() == ["nuclei", "volume"]
    assert problem["detail"].startswith("distance measures and the table of cells")
    assert result.n_scored == 1, "it is no unusable prediction"


@pytest.mark.parametrize("options", [{"convention": "neurips_cellseg"}, {"border": "match_aware"}])
def test_rules_on_the_border_are_refused_to_a_volume_by_name(
    volumes: tuple[Path, Path], options: dict[str, str]
) -> None:
    with pytest.raises(InputError, match=r"^image 'nuclei': .* got 3 dimensions; score plane by"):
        score(*volumes, config=ScoringConfig(**options))


def test_distances_asked_for_by_name_are_refused_to_a_volume(volumes: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match=r"^image 'nuclei': mhd: .*; leave them out of the"):
        score(*volumes, config=ScoringConfig(measures=("f1", "mhd")))


def test_conventions_name_their_own_value_of_the_data_set(folders: tuple[Path, Path]) -> None:
    reference, predicted = folders
    config = ScoringConfig(convention="stardist", iou_thresholds=(0.5,))
    result, out = score(reference, predicted, config=config)
    row = result.summary.set_index("metric").loc["f1"]
    assert row["macro"] == pytest.approx(5 / 6)
    assert row["by_convention"] == pytest.approx(6 / 7), "StarDist pools"
    assert set(f1_of(out)["convention"]) == {"stardist"}


def test_a_missing_prediction_is_dropped_by_neurips_alone(folders: tuple[Path, Path]) -> None:
    reference, predicted = folders
    (predicted / "b.tif").unlink()
    config = ScoringConfig(convention="neurips_cellseg", iou_thresholds=(0.5,))
    row = score(reference, predicted, config=config)[0].summary.set_index("metric").loc["f1"]
    assert (row["macro"], row["by_convention"]) == (0.5, 1.0)


def test_cells_at_the_border_are_left_out_by_match(tmp_path: Path) -> None:
    labels = np.zeros((20, 20), np.uint16)
    labels[0:5, 0:5], labels[10:15, 10:15] = 1, 2
    for name, image in (("reference", labels), ("predicted", np.where(labels == 1, 0, labels))):
        (tmp_path / name).mkdir()
        tifffile.imwrite(tmp_path / name / "a.tif", image)
    sides = tmp_path / "reference", tmp_path / "predicted"
    _, out = score(*sides)
    assert f1_of(out)["value"].tolist() == pytest.approx([2 / 3])
    _, out = score(*sides, config=F1.model_copy(update={"border": "match_aware"}))
    assert f1_of(out)["value"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--measures", "dice,f_1"], "no measure is called 'f_1'; did you mean 'f1'?"),
        (["--convention", "stardst"], "no convention is called 'stardst'"),
        (["--border", "strip"], "no border rule is called 'strip'; there are keep, match_aware"),
        (["--measures", "f1", "--convention", "ctc"], "ctc has measures of its own"),
        (["--border", "match_aware", "--convention", "coco"], "coco has a border rule of its own"),
        (["--border", "match_aware", "--measures", "f1,mhd"], "no border rule is known for mhd"),
    ],
)
def test_an_unknown_name_is_told_before_anything_is_read(
    tmp_path: Path, options: list[str], message: str
) -> None:
    result = run_workbench(
        "score", "--reference", tmp_path, "--predicted", tmp_path, "--out", tmp_path, *options,
        check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_a_running_scheduler_gives_the_same_tables_wherever_its_workers_were_started(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    here, remote = tmp_path / "here", tmp_path / "remote"
    score_to_folder(*folders, here, config=ScoringConfig(), tell=lambda _: None)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        monkeypatch.chdir(tmp_path)
        score_to_folder(
            Path("reference"), Path("predicted"), remote, config=ScoringConfig(),
            scheduler=cluster.scheduler_address, tell=lambda _: None,
        )  # fmt: skip
    for name in ("images.parquet", "cells.parquet", "images.csv", "summary.csv", "problems.csv"):
        assert (here / name).read_bytes() == (remote / name).read_bytes()


@pytest.mark.slow
def test_a_scheduler_without_workers_is_named(folders: tuple[Path, Path]) -> None:
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, dashboard_address=None) as cluster,
        pytest.raises(InputError, match=f"{cluster.scheduler_address} has no workers; start some"),
    ):
        score(*folders, scheduler=cluster.scheduler_address)


@pytest.mark.slow
def test_a_killed_scoring_goes_on_and_ends_with_the_same_tables(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for room in ("reference", "predicted"):
        (tmp_path / room).mkdir()
    for place in range(400):
        labels = discs(rng, 192)
        tifffile.imwrite(tmp_path / "reference" / f"{place:03d}.tif", labels)
        tifffile.imwrite(tmp_path / "predicted" / f"{place:03d}.tif", np.roll(labels, 2, 0))
    arguments = ["--reference", tmp_path / "reference", "--predicted", tmp_path / "predicted"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run_workbench("score", *arguments, "--out", whole, "--workers", "1")

    command = [sys.executable, "-c", "from workbench.cli import main; main()", "score"]
    process = subprocess.Popen([*command, *arguments, "--out", killed, "--workers", "2"])
    ends = time.monotonic() + 120
    while not list(killed.glob(".parts/*/0*")):
        assert process.poll() is None, "ended before it could be killed"
        assert time.monotonic() < ends
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert not (killed / "images.parquet").exists()

    again = run_workbench("score", *arguments, "--out", killed, "--workers", "2")
    assert "images were scored before" in again.stdout
    for name in ("images", "cells"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(whole / f"{name}.parquet"), pd.read_parquet(killed / f"{name}.parquet")
        )
    pd.testing.assert_frame_equal(
        pd.read_csv(whole / "summary.csv"), pd.read_csv(killed / "summary.csv")
    )


def test_measures_are_listed_and_explained() -> None:
    everything = run_workbench("measures").stdout
    assert all(name in everything for name in MEASURES)
    one = run_workbench("measures", "mhd").stdout
    for fact in ("mean over R of the smallest Hausdorff distance", "px", "lower", "spurious cells"):
        assert fact in one
    unknown = run_workbench("measures", "mdhice", check=False)
    assert "did you mean 'mdice'?" in unknown.stderr


def test_the_page_of_measures_is_the_one_the_registry_makes() -> None:
    page = (REPOSITORY / "docs" / "measures.md").read_text(encoding="utf-8")
    assert page == measures_page(), "run `make docs`"
