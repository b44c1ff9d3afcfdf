"""The command line, as a user meets it."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import run_workbench

COMMANDS = ("run", "status", "report", "score", "measures", "inspect", "lab")


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
    assert f"Study discs: otsu_watershed; results in {out}" in text
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
            "none: no such file or folder",
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
