"""A planned study to results: the graph of notebook jobs on dask.distributed."""

from __future__ import annotations

import hashlib
import json
import os
import queue
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from workbench.datasets import open_dataset, write_synthetic_dataset
from workbench.schema import InputError
from workbench.store import (
    FileHashes,
    LedgerEntry,
    Run,
    State,
    append_entries,
    join_tables,
    latest_entries,
    write_text,
)
from workbench.studies._cluster import dask_client
from workbench.studies._config import StudyConfig, study_yaml
from workbench.studies._execution import Outcome, Task, execute
from workbench.studies._graph import JOB_CONFIGS, NOTEBOOKS, Job, notebook_folder, plan_jobs
from workbench.studies._parameters import check_parameters
from workbench.studies._provenance import provenance
from workbench.studies._results import is_done, keep_failure, publish, set_run_in_order

if TYPE_CHECKING:
    from distributed import Client, Future

SCORE_TABLES: Final = ("images", "cells", "errors", "pixel_errors", "features")
TOPIC: Final = "workbench-progress"
ATTEMPTS: Final = 2
LISTENING_INTERVAL_S: Final = 0.2


class Listener(Protocol):
    """Whoever wants to follow a run."""

    def changed(self, job: str, state: State, detail: str) -> None:
        """Hear that a job has entered a state."""

    def told(self, job: str, text: str) -> None:
        """Hear what a running job says."""


@dataclass(frozen=True)
class Plan:
    """What a study comes to: jobs in order, and which of them are done already."""

    study: StudyConfig
    run: Run
    jobs: tuple[Job, ...]
    done: frozenset[str]
    data_digest: str


@dataclass(frozen=True)
class Failure:
    """A job that failed: what a person needs to find out why."""

    job: Job
    outcome: Outcome
    notebook: Path


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes
    ----------
    executed, reused
        Names of the jobs that ran, and of those that were done before.
    failures
        Jobs that failed.
    blocked
        Jobs that were not started, each with the failed job it waits for.
    """

    executed: tuple[str, ...]
    reused: tuple[str, ...]
    failures: tuple[Failure, ...]
    blocked: Mapping[str, str]


def plan_study(study: StudyConfig, out: Path, *, remember: bool = True) -> Plan:
    """Expand a study and find out what is done; make its synthetic data set if it has one.

    Parameters
    ----------
    study
        From :func:`read_study`.
    out
        Run folder; need not exist.
    remember
        Whether to write hashes of the data into the run folder, so that the next plan is faster.

    Raises
    ------
    InputError
        If the data set can't be used, or a notebook does not take a parameter or its value.
    """
    run = Run(out.resolve())
    if study.dataset.synthetic and not study.dataset.path.exists():
        write_synthetic_dataset(study.dataset.path, study.dataset.synthetic)
    dataset = open_dataset(study.dataset.path)
    hashes = FileHashes(run.root / ".hashes.json")
    jobs = plan_jobs(study, run, dataset, hashes)
    for job in jobs:
        check_parameters(
            notebook_folder() / NOTEBOOKS[job.stage],
            _parameters(job, run.staging / job.slug),
            JOB_CONFIGS[job.stage],
        )
    files = sorted(path for r in dataset.records for path in (r.image, r.labels) if path)
    digest = hashlib.sha256("".join(hashes.of(path) for path in files).encode()).hexdigest()
    if remember and run.root.is_dir():
        hashes.save()
    done = frozenset(job.name for job in jobs if is_done(job, run))
    return Plan(study, run, tuple(jobs), done, digest)


def make_run_folder(run: Run) -> None:
    """Make the run folder, or say why it can't be written to.

    Raises
    ------
    InputError
        If the folder can't be made or nothing can be written into it.
    """
    try:
        run.root.mkdir(parents=True, exist_ok=True)
        write_text(run.root / ".writable", "")
    except OSError as error:
        msg = f"{run.root}: can't write there ({error.strerror}); choose another folder with --out."
        raise InputError(msg) from error


def run_plan(
    plan: Plan,
    *,
    workers: int,
    scheduler: str | None = None,
    listener: Listener,
) -> RunResult:
    """Execute what is not done yet.

    Parameters
    ----------
    plan
        From :func:`plan_study`; the run folder exists and is locked by this process.
    workers
        Jobs side by side on this machine; a training takes them all.
    scheduler
        Address of a running Dask scheduler whose workers see the same files; jobs then go there,
        as many at once as its workers take.
    listener
        Is told of every change.

    Raises
    ------
    InputError
        If the scheduler can't be reached.
    """
    run = plan.run
    _write_study(plan)
    set_run_in_order(plan.jobs, run)
    done = {job.name for job in plan.jobs if is_done(job, run)}
    todo = [job for job in plan.jobs if job.name not in done]
    append_entries(
        run.ledger_file,
        [
            LedgerEntry(job.name, job.key, "done" if job.name in done else "pending")
            for job in plan.jobs
            if job.name not in done or not _in_ledger(run, job)
        ],
    )
    for job in plan.jobs:
        listener.changed(job.name, "done" if job.name in done else "pending", "")
    if not todo:
        join_scores(plan, done)
        return RunResult((), tuple(job.name for job in plan.jobs), (), {})
    with dask_client(workers, scheduler) as client:
        execution = _Execution(plan, client, listener, workers, done, remote=bool(scheduler))
        return execution.run()


def join_scores(plan: Plan, done: set[str]) -> None:
    """Write the tables of all members that are scored as one each."""
    run = plan.run
    folders = [
        job.output
        for job in plan.jobs
        if job.stage == "evaluate" and job.name in done and job.output
    ]
    keys = json.dumps(
        [job.key for job in plan.jobs if job.stage == "evaluate" and job.name in done]
    )
    stamp = run.root / "scores" / ".joined.json"
    if not folders or (stamp.is_file() and stamp.read_text(encoding="utf-8") == keys):
        return
    for name in SCORE_TABLES:
        parts = [folder / f"{name}.parquet" for folder in folders]
        joined = run.scores_file.with_name(f"{name}.parquet")
        if all(part.is_file() for part in parts):
            join_tables(parts, joined)
        else:
            joined.unlink(missing_ok=True)
    write_text(stamp, keys)


class _Execution:
    """The loop over jobs: starts what is ready, takes in what ends."""

    def __init__(
        self,
        plan: Plan,
        client: Client,
        listener: Listener,
        workers: int,
        done: set[str],
        *,
        remote: bool,
    ) -> None:
        self.plan = plan
        self.run_folder = plan.run
        self.client = client
        self.listener = listener
        self.workers = workers
        self.remote = remote
        self.reused = tuple(job.name for job in plan.jobs if job.name in done)
        self.done = set(done)
        self.waiting = [job for job in plan.jobs if job.name not in done]
        self.running: dict[str, Job] = {}
        self.attempts: dict[str, int] = {}
        self.executed: list[str] = []
        self.failures: list[Failure] = []
        self.blocked: dict[str, str] = {}
        self.ended: queue.Queue[tuple[Job, Future]] = queue.Queue()

    def run(self) -> RunResult:
        """Work until nothing is left that can be done."""
        self.client.subscribe_topic(TOPIC, self._hear)
        while True:
            self._start_ready()
            if not self.running:
                break
            try:
                job, future = self.ended.get(timeout=LISTENING_INTERVAL_S)
            except queue.Empty:
                continue
            self._take_in(job, _outcome_of(future))
        join_scores(self.plan, self.done)
        return RunResult(
            tuple(self.executed), self.reused, tuple(self.failures), dict(self.blocked)
        )

    def _start_ready(self) -> None:
        for job in list(self.waiting):
            broken = next((name for name in job.needs if self._is_lost(name)), None)
            if broken:
                self._block(job, self.blocked.get(broken, broken))
            elif self.done.issuperset(job.needs) and self._has_room(job):
                self._start(job)

    def _is_lost(self, name: str) -> bool:
        return name in self.blocked or any(name == failure.job.name for failure in self.failures)

    def _has_room(self, job: Job) -> bool:
        """Whether the machine takes one more: a training wants all cores, others one share each."""
        if self.remote:
            return True
        if any(_is_exclusive(other) for other in self.running.values()):
            return False
        return not self.running if _is_exclusive(job) else len(self.running) < self.workers

    def _start(self, job: Job) -> None:
        if job.stage in ("compare", "errors"):
            join_scores(self.plan, self.done)
        self.waiting.remove(job)
        self.running[job.name] = job
        self.attempts[job.name] = self.attempts.get(job.name, 0) + 1
        staging = self.run_folder.staging / job.slug
        task = Task(
            job=job.name,
            notebook=str(notebook_folder() / NOTEBOOKS[job.stage]),
            parameters=_parameters(job, staging),
            staging=str(staging),
            keeps_staging=job.stage == "train",
            threads=0 if self.remote else _threads(job, self.workers),
        )
        self._enter(job, "running")
        future = self.client.submit(
            _on_worker, task, key=f"{job.slug}-{self.attempts[job.name]}-{os.getpid()}", pure=False
        )
        future.add_done_callback(lambda ended: self.ended.put((job, ended)))

    def _take_in(self, job: Job, outcome: Outcome) -> None:
        del self.running[job.name]
        if outcome.kind == "done":
            publish(job, self.run_folder, outcome)
            self.done.add(job.name)
            self.executed.append(job.name)
            self._enter(job, "done", outcome)
        elif outcome.kind == "environment" and self.attempts[job.name] < ATTEMPTS:
            self.waiting.insert(0, job)
            self._enter(job, "pending", outcome)
        else:
            kept = keep_failure(job, self.run_folder, outcome)
            self.failures.append(Failure(job, outcome, kept))
            self._enter(job, "failed", outcome)

    def _block(self, job: Job, cause: str) -> None:
        self.waiting.remove(job)
        self.blocked[job.name] = cause
        append_entries(
            self.run_folder.ledger_file, [LedgerEntry(job.name, job.key, "blocked", detail=cause)]
        )
        self.listener.changed(job.name, "blocked", f"needs {cause}")

    def _enter(self, job: Job, state: State, outcome: Outcome | None = None) -> None:
        entry = LedgerEntry(job.name, job.key, state)
        if outcome:
            entry = LedgerEntry(
                job.name, job.key, state, outcome.seconds, outcome.peak_memory_mb, outcome.error
            )
        append_entries(self.run_folder.ledger_file, [entry])
        self.listener.changed(job.name, state, entry.detail)

    def _hear(self, event: Any) -> None:
        _, message = event
        self.listener.told(message["job"], message["text"])


def _on_worker(task: Task) -> Outcome:
    """Execute a task on a Dask worker and report its progress to whoever subscribed."""
    from distributed import get_worker

    worker = get_worker()
    if not task.threads:
        share = (os.cpu_count() or 1) // max(1, worker.state.nthreads)
        task = replace(task, threads=max(1, share))
    return execute(
        task, lambda text: worker.log_event(TOPIC, {"job": task.job, "text": text[:200]})
    )


def _outcome_of(future: Future) -> Outcome:
    try:
        outcome: Outcome = future.result()
    except Exception as error:  # noqa: BLE001 - a lost worker shows in many types
        return Outcome("environment", 0.0, 0.0, "", error=f"{type(error).__name__}: {error}")
    return outcome


def _is_exclusive(job: Job) -> bool:
    return job.stage == "train"


def _threads(job: Job, workers: int) -> int:
    cores = os.cpu_count() or 1
    return cores if _is_exclusive(job) else max(1, cores // workers)


def _parameters(job: Job, staging: Path) -> dict[str, Any]:
    places = {
        name: [str(path) for path in place] if isinstance(place, tuple) else str(place)
        for name, place in job.places.items()
    }
    output = {"output": str(staging / "output")} if job.output else {}
    return {**job.parameters, **places, **output}


def _in_ledger(run: Run, job: Job) -> bool:
    entry = latest_entries(run.ledger_file).get(job.name)
    return entry is not None and entry.key == job.key and entry.state == "done"


def _write_study(plan: Plan) -> None:
    write_text(plan.run.study_file, study_yaml(plan.study))
    facts = provenance(list(plan.jobs), plan.data_digest)
    write_text(plan.run.provenance_file, json.dumps(facts, indent=1) + "\n")
