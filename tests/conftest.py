"""What tests share: real images where there are any, small data sets, and one finished demo run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from hypothesis import settings

from scripts.browser import find_chromium

if TYPE_CHECKING:
    from workbench.studies import RunView

# The first call compiles; how long an example takes is no claim. The same examples each time, so
# that a change is judged by what it changes; HYPOTHESIS_PROFILE=default draws new ones.
settings.register_profile("workbench", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "workbench"))

REPOSITORY = Path(__file__).parents[1]
REAL_DATA = Path(os.environ.get("WORKBENCH_REAL_DATA", REPOSITORY.parent / "shared" / "data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares expensive fixtures: the demo run's tests, and those of a file."""
    for item in items:
        with_run = "demo_run" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("demo_run" if with_run else str(item.path)))


def run_workbench(
    *arguments: str | Path, cwd: Path = REPOSITORY, check: bool = True, hash_seed: str = "random"
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a user does."""
    result = subprocess.run(
        [sys.executable, "-c", "from workbench.cli import main; main()", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if check:
        assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.fixture
def real_data() -> Path:
    """Annotated real images; tests that need them are skipped where they are absent."""
    if not (REAL_DATA / "dsb2018" / "manifest.csv").is_file():
        pytest.skip(f"real images are not at {REAL_DATA} (set WORKBENCH_REAL_DATA)")
    return REAL_DATA


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo data set."""
    from workbench.datasets import SyntheticConfig, write_synthetic_dataset

    folder = tmp_path_factory.mktemp("data") / "demo"
    write_synthetic_dataset(folder, SyntheticConfig())
    return folder


@pytest.fixture(scope="session")
def demo_run(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the demo study, its trainings cut short."""
    folder = tmp_path_factory.mktemp("runs") / "demo"
    run_workbench(
        "run", REPOSITORY / "studies" / "demo.yaml", "--out", folder,
        "--set", f"dataset.path={demo_data}",
        "--set", "models.unet.training={epochs: 6, views_per_image: 2, validate_every: 3}",
        "--set", "models.unet_small.training={epochs: 2, validate_every: 2}",
    )  # fmt: skip
    return folder


@pytest.fixture
def small_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a data set of bright discs on a dark ground."""

    def write(
        folder: str = "discs", *, splits: tuple[str, ...] = ("train", "val", "test", "test", "test")
    ) -> Path:
        root = tmp_path / folder
        rng = np.random.default_rng(0)
        lines = ["image_id,image,labels,split,modality"]
        for place, split in enumerate(splits):
            labels = discs(rng)
            image = rng.normal(40 + 120 * (labels > 0), 12).clip(0, 255).astype(np.uint8)
            for room, array in (("images", image), ("labels", labels)):
                (root / room).mkdir(parents=True, exist_ok=True)
                tifffile.imwrite(root / room / f"im{place}.tif", array)
            lines.append(f"im{place},images/im{place}.tif,labels/im{place}.tif,{split},discs")
        (root / "manifest.csv").write_text("\n".join(lines) + "\n")
        return root

    return write


@pytest.fixture
def small_study(tmp_path: Path, small_dataset: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that writes a study on the discs, with extra lines."""

    def write(*lines: str, models: str = "[otsu_watershed]") -> Path:
        dataset = tmp_path / "discs"
        if not dataset.exists():
            small_dataset()
        path = tmp_path / "study.yaml"
        text = [f"name: discs\ndataset: {dataset}\nmodels: {models}", *lines]
        path.write_text("\n".join(text) + "\n")
        return path

    return write


def small_view(study_file: Path, folder: Path) -> RunView:
    """Predict and score a study of methods without kernels, in a second; return its run, opened."""
    from workbench.store import Run, join_tables, write_text
    from workbench.studies import (
        EvaluateJob,
        PredictJob,
        evaluate,
        open_view,
        predict,
        read_study,
    )

    study, run = read_study(study_file), Run(folder)
    write_text(run.study_file, study_file.read_text(encoding="utf-8"))
    for member in study.members:
        told = {"dataset": study.dataset.path, "model": member.model, "seed": member.seed}
        found = run.prediction_folder(member)
        model = study.models[member.model]
        how = {"architecture": model.architecture, "settings": model.settings, "output": found}
        predict(PredictJob(**told, **how), lambda _: None)
        scores = run.score_folder(member)
        evaluate(EvaluateJob(**told, predictions=found, output=scores), lambda _: None)
    tables = (run.scores_file, run.cells_file, run.errors_file, run.pixel_errors_file)
    for target in (*tables, run.features_file):
        parts = [run.score_folder(member) / target.name for member in study.members]
        join_tables(parts, target)
    return open_view(folder)


def discs(rng: np.random.Generator, size_px: int = 96) -> np.ndarray:
    """Return labels of discs on a grid, radii drawn at random."""
    labels = np.zeros((size_px, size_px), np.uint16)
    rows, columns = np.ogrid[:size_px, :size_px]
    centres = [(r, c) for r in range(14, size_px, 24) for c in range(14, size_px, 24)]
    for label, (row, column) in enumerate(centres, start=1):
        radius = rng.uniform(5, 9)
        labels[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = label
    return labels


@pytest.fixture
def needs_chromium() -> None:
    """Skip the test where there is no Chromium."""
    if find_chromium() is None:
        pytest.skip("no Chromium found; scripts/system_packages.sh names the package")
