"""The command line, as a user meets it."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from tests.conftest import run_workbench

COMMANDS = ("run", "status", "report", "score", "inspect", "lab")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    text = run_workbench(command, "--help").stdout
    assert f"Usage: -c {command}" in text
    assert len(text) > 300


def test_importing_the_package_or_the_command_line_loads_nothing_heavy() -> None:
    code = (
        "import sys, workbench, workbench.cli, workbench.studies, workbench.store\n"
        "heavy = {'numpy', 'pandas', 'torch', 'monai', 'scipy', 'plotly', 'dask', 'napari'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_reading_a_study_file_loads_neither_torch_nor_pandas() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom workbench.studies import read_study\n"
        "read_study(Path('studies/demo.yaml'))\n"
        "print(sorted({'pandas', 'torch', 'monai', 'plotly', 'dask'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert result.stdout.strip() == "[]"


def test_a_dry_run_shows_the_jobs_and_writes_nothing(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    text = run_workbench("run", small_study(), "--out", out, "--dry-run").stdout
    assert "predict/otsu_watershed-0" in text
    assert "5 jobs, 5 to do" in text
    assert not out.exists()


def test_a_dry_run_does_not_make_the_synthetic_data_either(tmp_path: Path) -> None:
    study = tmp_path / "s.yaml"
    study.write_text(
        "name: s\ndataset: {path: made, synthetic: {n_images: 12}}\nmodels: [otsu_watershed]\n"
    )
    text = run_workbench("run", study, "--dry-run", cwd=tmp_path).stdout
    assert "will be made first" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.yaml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "none.yaml"), "none.yaml: no such study file"),
        (("status", "none"), "none: no such folder"),
        (("report", "none"), "none: no such folder"),
        (("inspect", "none"), "none: no such folder"),
        (
            ("score", "--reference", "none", "--predicted", "none", "--out", "out"),
            "none: no such folder",
        ),
    ],
)
def test_a_wrong_path_ends_in_a_message(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run_workbench(*arguments, cwd=tmp_path, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ("name: s\ndataset: none\nmodels: [otsu_watershed]\n", "none: no such folder"),
        ("name: s\ndataset: .\nmodels: [unnet]\n", "did you mean 'unet'?"),
        ("name: s\ndataset: .\nmodels: [unet]\nsedes: [1]\n", "did you mean 'seeds'?"),
    ],
)
def test_a_mistake_in_a_study_ends_in_a_message(tmp_path: Path, study: str, message: str) -> None:
    (tmp_path / "s.yaml").write_text(study)
    result = run_workbench("run", "s.yaml", cwd=tmp_path, check=False)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_cannot_be_written_is_named(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    result = run_workbench("run", small_study(), "--out", tmp_path / "file" / "run", check=False)
    assert result.returncode == 1
    assert "can't write there (Not a directory); choose another folder with --out" in result.stderr
    assert "Traceback" not in result.stderr


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


def score(reference: Path, predicted: Path, *, check: bool = True):
    out = predicted.parent / "out"
    arguments = ("--reference", reference, "--predicted", predicted, "--out", out)
    return run_workbench("score", *arguments, check=check), out


def test_two_folders_of_labels_are_scored(folders: tuple[Path, Path]) -> None:
    result, out = score(*folders)
    scores = pd.read_parquet(out / "images.parquet")
    f1 = scores[(scores["metric"] == "f1") & (scores["threshold"] == 0.5)]
    assert dict(zip(f1["image_id"], f1["value"], strict=True)) == pytest.approx(
        {"a": 1.0, "b": 2 / 3}
    )
    assert set(f1["model"]) == {"predicted"}
    assert len(pd.read_parquet(out / "cells.parquet")) == 4 + 3
    assert "0.833" in result.stdout
    assert (out / "images.csv").is_file()
    assert pd.read_csv(out / "summary.csv")["f1@0.5"].tolist() == pytest.approx([5 / 6])


def test_missing_and_unusable_predictions_count_as_empty_and_are_listed(
    folders: tuple[Path, Path],
) -> None:
    reference, predicted = folders
    (predicted / "b.tif").write_bytes(b"broken")
    for name, content in (("c", None), ("d", np.zeros((9, 9), np.uint16))):
        labels = tifffile.imread(reference / "a_label.tif")
        tifffile.imwrite(reference / f"{name}_label.tif", labels)
        if content is not None:
            tifffile.imwrite(predicted / f"{name}.tif", content)
    result, out = score(reference, predicted)
    scores = pd.read_parquet(out / "images.parquet")
    f1 = scores[(scores["metric"] == "f1") & (scores["threshold"] == 0.5)].set_index("image_id")
    assert f1["status"].to_dict() == {
        "a": "ok", "b": "unreadable", "c": "missing", "d": "shape_mismatch",
    }  # fmt: skip
    assert f1["value"].mean() == 0.25
    assert "no prediction file: scored as an empty" in " ".join(result.stdout.split())


def test_folders_without_a_common_name_are_refused(folders: tuple[Path, Path]) -> None:
    reference, predicted = folders
    for path in predicted.iterdir():
        path.rename(path.with_stem(f"x{path.stem}"))
    result, _ = score(reference, predicted, check=False)
    assert result.returncode == 1
    assert "xa.tif beside a_label.tif" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no displays by name on Windows")
def test_inspect_without_a_display_says_how_to_proceed(demo_run: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from workbench.cli import main; main()", "inspect", demo_run],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
        timeout=120,
        check=False,
    )
    assert result.returncode == 1
    assert "no display" in result.stderr
    assert "xvfb-run" in result.stderr


def test_lab_hands_its_options_to_jupyterlab() -> None:
    result = run_workbench("lab", "--version")
    assert "notebooks in JupyterLab" in result.stdout
    assert re.search(r"^\d+\.\d+\.\d+$", result.stdout, re.MULTILINE)
