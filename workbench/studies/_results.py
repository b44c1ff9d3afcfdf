"""Results of jobs in the run folder: when one counts as done, how it gets there, how it leaves.

A job's result is its executed notebook and, for most, a folder with a ``job.json`` that names the
key. Both arrive by a rename, so a result is whole or not there. Results of other parameters are not
deleted but set aside, and come back with their parameters.
"""

import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from workbench.store import Run, move_folder, write_text
from workbench.studies._execution import Outcome
from workbench.studies._graph import Job

RECORD: Final = "job.json"


def is_done(job: Job, run: Run) -> bool:
    """Whether the result of this very job, key included, is in its place and complete."""
    return _notebook(job, run).is_file() and (job.output is None or _holds(job.output, job))


def publish(job: Job, run: Run, outcome: Outcome) -> None:
    """Move a job's result from staging to its place."""
    staged = run.staging / job.slug
    if job.output is not None:
        _write_record(job, staged / "output", outcome)
        move_folder(staged / "output", job.output)
    run.notebooks.mkdir(parents=True, exist_ok=True)
    _forget_failure(job, run)
    # Last: the notebook's presence says that all of the result is in place.
    (staged / "notebook.ipynb").replace(_notebook(job, run))
    shutil.rmtree(staged, ignore_errors=True)


def keep_failure(job: Job, run: Run, outcome: Outcome) -> Path:
    """Keep the notebook of a failed job beside its error, under a name that says so."""
    run.notebooks.mkdir(parents=True, exist_ok=True)
    kept = run.notebooks / f"{job.slug}.failed.ipynb"
    with suppress(FileNotFoundError):
        (run.staging / job.slug / "notebook.ipynb").replace(kept)
    write_text(
        kept.with_suffix(".txt"),
        "\n".join(filter(None, (outcome.cell, outcome.error, outcome.traceback))) + "\n",
    )
    return kept


def set_run_in_order(jobs: Iterable[Job], run: Run) -> None:
    """Set aside the results that are not of these jobs; bring back those that are.

    Staging folders of other jobs are deleted.
    """
    current = {job.slug: job for job in jobs}
    for folder in _result_folders(run):
        slug = _record(folder).get("slug", f"unknown-{folder.name}")
        if slug not in current:
            move_folder(folder, run.superseded / slug / "output")
    for notebook in run.notebooks.glob("*.ipynb"):
        slug = notebook.name.removesuffix(".ipynb").removesuffix(".failed")
        if slug not in current:
            _set_aside(notebook, run.superseded / slug)
            _set_aside(notebook.with_suffix(".txt"), run.superseded / slug)
    for slug, job in current.items():
        kept = run.superseded / slug
        if job.output is not None and (kept / "output").is_dir() and not job.output.exists():
            move_folder(kept / "output", job.output)
        if (kept / f"{slug}.ipynb").is_file():
            run.notebooks.mkdir(parents=True, exist_ok=True)
            (kept / f"{slug}.ipynb").replace(_notebook(job, run))
    for staged in run.staging.glob("*"):
        if staged.name not in current:
            shutil.rmtree(staged, ignore_errors=True)


def _notebook(job: Job, run: Run) -> Path:
    return run.notebooks / f"{job.slug}.ipynb"


def _forget_failure(job: Job, run: Run) -> None:
    for suffix in (".failed.ipynb", ".failed.txt"):
        (run.notebooks / f"{job.slug}{suffix}").unlink(missing_ok=True)


def _write_record(job: Job, folder: Path, outcome: Outcome) -> None:
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    record = {
        "slug": job.slug,
        "job": job.name,
        "key": job.key,
        "parameters": dict(job.parameters),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": outcome.seconds,
        "peak_memory_mb": outcome.peak_memory_mb,
        "host": outcome.host,
        "files": files,
    }
    write_text(folder / RECORD, json.dumps(record, indent=1) + "\n")


def _holds(folder: Path, job: Job) -> bool:
    record = _record(folder)
    if record.get("slug") != job.slug:
        return False
    try:
        return all((folder / name).stat().st_size == size for name, size in record["files"].items())
    except FileNotFoundError:
        return False


def _record(folder: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record


def _result_folders(run: Run) -> list[Path]:
    return [
        folder
        for room in ("models", "predictions", "scores", "calibration")
        for folder in sorted((run.root / room).glob("*"))
        if folder.is_dir() and not folder.name.startswith(".")
    ]


def _set_aside(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        file.replace(folder / file.name)
