"""One job, executed by papermill in a kernel of its own; runs on a Dask worker."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import psutil

from workbench.studies._cluster import MEMORY_VARIABLES

THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
SAMPLING_INTERVAL_S: Final = 0.2


@dataclass(frozen=True)
class Task:
    """All that a worker must know to execute one job.

    Attributes
    ----------
    job
        Name of the job.
    notebook
        The notebook as written.
    parameters
        All of them, places included.
    staging
        Folder of this job alone; the executed notebook goes here, as does ``output``.
    keeps_staging
        Whether what an interrupted attempt left in ``output`` is of use (a training resumes).
    threads
        For the numeric libraries.
    """

    job: str
    notebook: str
    parameters: Mapping[str, Any]
    staging: str
    keeps_staging: bool
    threads: int


@dataclass(frozen=True)
class Outcome:
    """How an execution ended.

    ``kind`` is "done", "failed" where the notebook raised, or "environment" where the kernel or
    its machine gave way, so that another attempt may succeed.
    """

    kind: Literal["done", "failed", "environment"]
    seconds: float
    peak_memory_mb: float
    host: str
    cell: str = ""
    error: str = ""
    traceback: str = ""


def execute(task: Task, tell: Callable[[str], None]) -> Outcome:
    """Execute a notebook; every end is a value, none an exception.

    Parameters
    ----------
    task
        What to execute.
    tell
        Called with a line of text when a cell starts or prints.
    """
    started = time.monotonic()
    staging = Path(task.staging)
    meter = KernelMeter(staging / "kernel.json")

    def outcome(kind: Literal["done", "failed", "environment"], **what: str) -> Outcome:
        seconds = round(time.monotonic() - started, 3)
        return Outcome(kind, seconds, meter.peak_memory_mb, socket.gethostname(), **what)

    try:
        _prepare(staging, keep_output=task.keeps_staging)
        with meter:
            failure = _execute_notebook(task, staging, meter, tell)
    except Exception as error:  # noqa: BLE001 - whatever it is, the runner must be told
        return outcome("environment", error=f"{type(error).__name__}: {error}")
    return outcome("failed", **failure) if failure else outcome("done")


class KernelMeter:
    """Watches the memory of a kernel and its children, and leaves its address for a successor."""

    def __init__(self, address: Path) -> None:
        self._address = address
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._kernel: psutil.Process | None = None
        self.peak_memory_mb = 0.0

    def __enter__(self) -> KernelMeter:
        """Start watching."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching; the kernel is gone by now."""
        self._stop.set()
        self._thread.join()
        with suppress(FileNotFoundError):
            self._address.unlink()

    def watch(self, pid: int) -> None:
        """Tell which process is the kernel."""
        with suppress(psutil.Error):
            kernel = psutil.Process(pid)
            self._address.write_text(
                json.dumps({"pid": pid, "started": kernel.create_time()}), encoding="utf-8"
            )
            self._kernel = kernel

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLING_INTERVAL_S):
            if self._kernel is None:
                continue
            with suppress(psutil.Error):
                family = [self._kernel, *self._kernel.children(recursive=True)]
                used = sum(process.memory_info().rss for process in family) / 2**20
                self.peak_memory_mb = round(max(self.peak_memory_mb, used), 1)


def _prepare(staging: Path, *, keep_output: bool) -> None:
    """Clear what an earlier attempt left, its kernel first."""
    _end_orphan(staging / "kernel.json")
    if staging.is_dir() and not keep_output:
        shutil.rmtree(staging)
    (staging / "output").mkdir(parents=True, exist_ok=True)


def _end_orphan(address: Path) -> None:
    """End the kernel of an attempt whose worker was killed, if it still runs on this machine."""
    with suppress(OSError, ValueError, KeyError, psutil.Error):
        left = json.loads(address.read_text(encoding="utf-8"))
        kernel = psutil.Process(left["pid"])
        if kernel.create_time() == left["started"]:
            kernel.kill()
            kernel.wait(10)


def _execute_notebook(
    task: Task, staging: Path, meter: KernelMeter, tell: Callable[[str], None]
) -> dict[str, str]:
    """Run papermill; return what went wrong in the notebook, empty if nothing did."""
    from papermill import PapermillExecutionError, execute_notebook
    from papermill.engines import papermill_engines

    from workbench.studies._engine import StudyEngine

    papermill_engines.register(StudyEngine.NAME, StudyEngine)
    try:
        # What the kernel process itself says would run across the terminal's progress.
        with (staging / "kernel.log").open("wb") as log:
            execute_notebook(
                task.notebook,
                staging / "notebook.ipynb",
                parameters=dict(task.parameters),
                engine_name=StudyEngine.NAME,
                kernel_name="python3",
                progress_bar=False,
                start_timeout=180,
                kernel_environment=_kernel_environment(task.threads),
                kernel_log=log,
                resources={"metadata": {"path": str(staging)}},
                on_kernel=meter.watch,
                tell=tell,
            )
    except PapermillExecutionError as error:
        return {
            "cell": f"cell {error.cell_index + 1}",
            "error": f"{error.ename}: {error.evalue}",
            "traceback": ANSI.sub("", "\n".join(error.traceback)),
        }
    return {}


def _kernel_environment(threads: int) -> dict[str, str]:
    # What is set for Dask's workers is not meant for kernels; it can halve the speed of training.
    inherited = {k: v for k, v in os.environ.items() if k not in MEMORY_VARIABLES}
    return {
        **inherited,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        # Threads that wait leave the core to others; spinning ones slow a busy machine tenfold.
        "OMP_WAIT_POLICY": "PASSIVE",
        # Figures as data, without a copy of plotly's library in every notebook.
        "PLOTLY_RENDERER": "plotly_mimetype",
        # Panels as pages that work in the executed copy, where no kernel answers.
        "WORKBENCH_PANELS": "still",
    }
