"""Studies run through the command line, disturbed in many ways."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import psutil
import pytest

from tests.conftest import run_workbench
from workbench.store import latest_entries, read_entries, read_scores

pytestmark = pytest.mark.slow

UNET = (
    "{otsu_watershed: {}, unet: {settings: {channels: [8, 16], residual_units: 1},"
    " training: {epochs: 4, batch_size: 2, crop_px: 64, views_per_image: 4, validate_every: 1},"
    " prediction: {window_px: 64}}}"
)
SCORING = "stages: [train, predict, evaluate]"


def states(run: Path) -> dict[str, str]:
    return {name: entry.state for name, entry in latest_entries(run / "ledger.jsonl").items()}


def executions(run: Path) -> int:
    return sum(entry.state == "running" for entry in read_entries(run / "ledger.jsonl"))


def start(study: Path, run: Path) -> subprocess.Popen[bytes]:
    # Whoever starts the tests in the background has them ignore Ctrl-C, and children inherit it.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = f"{heed}; from workbench.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", command, "run", str(study), "--out", str(run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_for(condition: Callable[[], bool], runner: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 180
    while not condition():
        assert runner.poll() is None, runner.stdout and runner.stdout.read().decode()
        assert time.monotonic() < ends, "waited too long"
        time.sleep(0.02)


def kill(runner: subprocess.Popen[bytes]) -> None:
    runner.send_signal(signal.SIGKILL)
    runner.wait(30)
    if runner.stdout:
        runner.stdout.close()


@pytest.fixture(autouse=True)
def no_orphans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every kernel and worker ends soon after its runner, however that ended."""
    yield
    ours = tmp_path_factory.getbasetemp()
    ends = time.monotonic() + 30
    while left := [p for p in psutil.process_iter(["cmdline"]) if _is_kernel_in(ours, p)]:
        assert time.monotonic() < ends, f"left behind: {left}"
        time.sleep(0.2)


def _is_kernel_in(folder: Path, process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        is_kernel = "ipykernel_launcher" in " ".join(process.cmdline())
        return is_kernel and Path(process.cwd()).is_relative_to(folder)
    return False


def test_a_study_leaves_all_its_results_and_a_second_run_does_nothing(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study, run = small_study(), tmp_path / "run"
    first = run_workbench("run", study, "--out", run)

    assert set(states(run).values()) == {"done"}
    assert {path.name.split("-")[0] for path in (run / "notebooks").iterdir()} == {
        "explore", "predict", "evaluate", "compare", "errors",
    }  # fmt: skip
    assert len(list((run / "predictions" / "otsu_watershed-0").glob("*.tif"))) == 3
    assert "otsu_watershed" in first.stdout
    assert f"Report: {run / 'report' / 'report.html'}" in first.stdout
    record = json.loads((run / "predictions" / "otsu_watershed-0" / "job.json").read_text())
    assert record["seconds"] > 0
    assert record["peak_memory_mb"] > 50
    provenance = json.loads((run / "provenance.json").read_text())
    assert provenance["packages"]["numpy"]
    assert len(provenance["data_sha256"]) == 64
    assert not list((run / ".staging").iterdir())

    before, report = executions(run), (run / "report" / "report.html").stat().st_mtime_ns
    second = run_workbench("run", study, "--out", run)
    assert "0 jobs done, 5 done before" in second.stdout
    assert executions(run) == before
    assert (run / "report" / "report.html").stat().st_mtime_ns == report


def test_a_changed_parameter_reruns_what_depends_on_it_and_back_reruns_nothing(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    study = small_study("stages: [predict, evaluate]")
    run_workbench("run", study, "--out", run)
    original = read_scores(run / "scores" / "images.parquet")

    changed = run_workbench("run", study, "--out", run, "--set", "iou_thresholds=[0.5, 0.6]")
    assert "1 jobs done, 1 done before" in changed.stdout
    assert set(read_scores(run / "scores" / "images.parquet")["threshold"].dropna()) == {0.5, 0.6}

    back = run_workbench("run", study, "--out", run)
    assert "0 jobs done, 2 done before" in back.stdout
    pd.testing.assert_frame_equal(read_scores(run / "scores" / "images.parquet"), original)


def test_a_deleted_prediction_is_made_again(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    run, study = tmp_path / "run", small_study("stages: [predict, evaluate]")
    run_workbench("run", study, "--out", run)
    (run / "predictions" / "otsu_watershed-0" / "im3.tif").unlink()
    again = run_workbench("run", study, "--out", run)
    assert "1 jobs done, 1 done before" in again.stdout
    assert (run / "predictions" / "otsu_watershed-0" / "im3.tif").is_file()


def test_a_failing_job_stops_only_what_depends_on_it(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study, run = small_study(SCORING, models=UNET), tmp_path / "run"
    image = tmp_path / "discs" / "images" / "im0.tif"
    shutil.copy(image, tmp_path / "kept.tif")
    image.write_bytes(b"broken")

    result = run_workbench("run", study, "--out", run, check=False)

    assert result.returncode == 1
    assert states(run) == {
        "predict/otsu_watershed-0": "done",
        "evaluate/otsu_watershed-0": "done",
        "train/unet-0": "failed",
        "predict/unet-0": "blocked",
        "evaluate/unet-0": "blocked",
    }
    (failed,) = (run / "notebooks").glob("*.failed.ipynb")
    assert f"notebook: {failed}" in result.stdout
    assert "failed: train/unet-0, cell 6: InputError" in result.stdout
    assert "im0.tif: can't be read as TIFF" in result.stdout
    assert "'epochs': 4" in result.stdout
    assert "not started: predict/unet-0 needs train/unet-0" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert "im0.tif" in failed.with_suffix(".txt").read_text()
    assert executions(run) == 3, "a notebook that raises is not tried again"
    assert "train/unet-0" in (run / "report" / "report.md").read_text()

    shutil.copy(tmp_path / "kept.tif", image)
    run_workbench("run", study, "--out", run)
    assert set(states(run).values()) == {"done"}
    assert not list((run / "notebooks").glob("*.failed.*"))


def test_a_killed_kernel_is_tried_once_more(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study, run = small_study("stages: [predict]"), tmp_path / "run"
    runner = start(study, run)
    addresses = lambda: list((run / ".staging").glob("*/kernel.json"))  # noqa: E731
    wait_for(lambda: bool(addresses()) and addresses()[0].read_text().endswith("}"), runner)
    os.kill(json.loads(addresses()[0].read_text())["pid"], signal.SIGKILL)
    output = runner.communicate(timeout=180)[0].decode()
    assert runner.returncode == 0, output
    history = [entry.state for entry in read_entries(run / "ledger.jsonl")]
    assert history == ["pending", "running", "pending", "running", "done"]
    assert "DeadKernelError" in output


def test_a_kernel_killed_twice_is_a_failure(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study, run = small_study("stages: [predict]"), tmp_path / "run"
    runner = start(study, run)
    killed: set[int] = set()
    ends = time.monotonic() + 180
    while runner.poll() is None and time.monotonic() < ends:
        for address in (run / ".staging").glob("*/kernel.json"):
            with suppress(OSError, ValueError):
                pid = json.loads(address.read_text())["pid"]
                if pid not in killed:
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
        time.sleep(0.02)
    output = runner.communicate(timeout=30)[0].decode()
    assert (runner.returncode, len(killed)) == (1, 2), output
    assert states(run) == {"predict/otsu_watershed-0": "failed"}
    assert "DeadKernelError" in output


def test_an_interrupted_run_says_how_to_go_on(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study, run = small_study("stages: [predict]"), tmp_path / "run"
    runner = start(study, run)
    wait_for(lambda: "running" in states(run).values(), runner)
    runner.send_signal(signal.SIGINT)
    output = runner.communicate(timeout=60)[0].decode()
    assert runner.returncode == 130, output
    assert "the same command goes on" in output
    assert "Traceback" not in output
    run_workbench("run", study, "--out", run)
    assert states(run) == {"predict/otsu_watershed-0": "done"}


def test_a_second_runner_is_refused(small_study: Callable[..., Path], tmp_path: Path) -> None:
    study, run = small_study("stages: [predict]"), tmp_path / "run"
    runner = start(study, run)
    wait_for(lambda: "running" in states(run).values(), runner)
    second = run_workbench("run", study, "--out", run, check=False)
    assert second.returncode == 1
    assert f"is in use by process {runner.pid} on host {os.uname().nodename}" in second.stderr
    assert "Traceback" not in second.stderr
    runner.communicate(timeout=180)
    assert runner.returncode == 0


@pytest.mark.timeout(900)
def test_a_run_killed_in_three_stages_ends_with_the_same_tables(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study = small_study(SCORING, models=UNET)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    run_workbench("run", study, "--out", undisturbed)

    def staged(pattern: str) -> bool:
        return any((disturbed / ".staging").glob(pattern))

    moments: dict[str, Callable[[], bool]] = {
        "train": lambda: staged("train-*/output/last.ckpt"),
        "predict": lambda: staged("predict-unet-*/output/*.tif"),
        "evaluate": lambda: states(disturbed).get("evaluate/unet-0") == "running",
    }
    for stage, reached in moments.items():
        runner = start(study, disturbed)
        wait_for(reached, runner)
        kill(runner)
        assert states(disturbed)[f"{stage}/unet-0"] == "running", stage
        interrupted = run_workbench("status", disturbed)
        assert "interrupted" in interrupted.stdout
    run_workbench("run", study, "--out", disturbed)

    for table in ("images", "cells"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(undisturbed / "scores" / f"{table}.parquet"),
            pd.read_parquet(disturbed / "scores" / f"{table}.parquet"),
        )
    started = [e.job for e in read_entries(disturbed / "ledger.jsonl") if e.state == "running"]
    assert started.count("predict/otsu_watershed-0") == 1, "what was done was done again"
    assert started.count("train/unet-0") == 2


def test_jobs_go_to_a_running_scheduler(small_study: Callable[..., Path], tmp_path: Path) -> None:
    from distributed import LocalCluster

    study, run = small_study("stages: [predict, evaluate]"), tmp_path / "run"
    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:
        run_workbench("run", study, "--out", run, "--scheduler", cluster.scheduler_address)
    assert set(states(run).values()) == {"done"}


def test_a_scheduler_that_does_not_answer_is_named(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    result = run_workbench(
        "run", small_study(), "--out", tmp_path / "run", "--scheduler", "tcp://127.0.0.1:9",
        check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in result.stderr
    assert "Traceback" not in result.stderr
