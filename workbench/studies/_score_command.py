"""Label images of any tool to tables, without a study: side by side, resumable, any number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.datasets import LabelSource, open_any_labels, open_dataset, pair_labels
from workbench.metrics import is_compiled
from workbench.schema import InputError, Member
from workbench.store import lock_run, remove_folder
from workbench.studies._cluster import dask_client
from workbench.studies._code import source_digest
from workbench.studies._progress_text import Milestones
from workbench.studies._score_parts import ScoreResult, join_parts, save_part
from workbench.studies._scoring import (
    PROBLEM_COLUMNS,
    ScoringConfig,
    ScoringTask,
    score_images,
)

BATCH: Final = 32
PARTS: Final = ".parts"
MANIFEST: Final = "manifest.csv"


@dataclass(frozen=True, eq=False)
class ScoreRequest:
    """What to score, and how; small, so that it can travel to workers.

    Attributes
    ----------
    reference, predicted
        Where the label images come from.
    tasks
        The images.
    dataset, member
        For the tables.
    config
        How.
    """

    reference: LabelSource
    predicted: LabelSource
    tasks: tuple[ScoringTask, ...]
    dataset: str
    member: Member
    config: ScoringConfig

    def batches(self) -> list[tuple[ScoringTask, ...]]:
        """Return the tasks in portions."""
        return [self.tasks[at : at + BATCH] for at in range(0, len(self.tasks), BATCH)]


def score_to_folder(
    reference: Path,
    predicted: Path,
    out: Path,
    *,
    config: ScoringConfig,
    channel: str | None = None,
    split: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    tell: Callable[[str], None] = print,
) -> ScoreResult:
    """Score predicted label images against reference label images and write the tables.

    Parameters
    ----------
    reference, predicted
        Whatever :func:`workbench.datasets.open_labels` reads; files belong together by their
        stems.
    out
        Gets ``images.parquet``, ``cells.parquet``, ``errors.parquet``,
        ``pixel_errors.parquet``, ``images.csv``, ``summary.csv`` and ``problems.csv``. A scoring
        that was killed goes on from what is there.
    config
        How to score.
    channel
        Of files that hold several label images.
    split
        Score this split of the reference alone, which then is a data set with a manifest.
    workers, scheduler
        Processes on this machine, or the address of a running Dask scheduler.
    tell
        Called with a line of text now and then.

    Returns
    -------
    ScoreResult
        Reference images without a usable prediction count as predicted empty, and are listed.

    Raises
    ------
    InputError
        If a side or the scheduler can't be used at all, no name is on both sides, or the tables
        can't be written.
    """
    if not is_compiled():
        tell("Compiling the measures, once after an installation: about 20 s ...")
    request, surplus = _request(reference, predicted, channel, split, config)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with lock_run(out):
            parts = _score_parts(request, out, workers=workers, scheduler=scheduler, tell=tell)
            result = join_parts(
                parts,
                out,
                member=request.member,
                n_images=len(request.tasks),
                config=config,
                surplus=surplus,
            )
            remove_folder(out / PARTS)
    except OSError as error:
        msg = f"{out}: can't write there ({error.strerror}); choose another folder with --out."
        raise InputError(msg) from error
    return result


def _request(
    reference: Path,
    predicted: Path,
    channel: str | None,
    split: str | None,
    config: ScoringConfig,
) -> tuple[ScoreRequest, pd.DataFrame]:
    """Return what to score, and what lies there and is not scored, as problems."""
    # Workers may have been started in another folder.
    truth = open_any_labels(reference.absolute(), channel=channel)
    answers = open_any_labels(predicted.absolute(), channel=channel)
    found = pair_labels(truth, answers)
    pairs = dict(found.pairs)
    if split is not None:
        folder = reference.parent if reference.name == MANIFEST else reference
        chosen = {record.image_id for record in open_dataset(folder).split(split)}
        pairs = {name: partner for name, partner in pairs.items() if name in chosen}
        if not pairs:
            msg = f"{reference}: no image of split {split!r} has labels; choose another split."
            raise InputError(msg)
    request = ScoreRequest(
        truth,
        answers,
        tuple(ScoringTask(name, partner) for name, partner in pairs.items()),
        dataset=reference.resolve().parent.name,
        member=Member(predicted.resolve().stem, 0),
        config=config,
    )
    surplus = [
        *((name, "predicted", "extra", "no reference of that name") for name in found.extra),
        *(("", "reference", "left_out", reason) for reason in truth.left_out),
        *(("", "predicted", "left_out", reason) for reason in answers.left_out),
    ]
    return request, pd.DataFrame(surplus, columns=list(PROBLEM_COLUMNS))


def _score_parts(
    request: ScoreRequest,
    out: Path,
    *,
    workers: int,
    scheduler: str | None,
    tell: Callable[[str], None],
) -> list[Path]:
    """Score what an earlier attempt has not; return the folders of all parts in order."""
    folder = out.resolve() / PARTS / _key(request)
    batches = request.batches()
    parts = [folder / f"{place:06d}" for place in range(len(batches))]
    for other in (out / PARTS).glob("*"):
        if other.name != folder.name:
            remove_folder(other)
    todo = [place for place, part in enumerate(parts) if not part.is_dir()]
    if len(todo) < len(parts):
        n_done = sum(len(batches[place]) for place in range(len(parts)) if place not in todo)
        tell(f"{n_done} images were scored before")
    milestones = Milestones(sum(len(batches[place]) for place in todo), "images scored", tell)

    def took(place: int) -> None:
        for _ in batches[place]:
            milestones.step()

    if scheduler or (workers > 1 and len(todo) > 1):
        jobs = {place: (batches[place], parts[place]) for place in todo}
        for place in _on_cluster(request, jobs, workers=workers, scheduler=scheduler):
            took(place)
    # Here too: what was lost with a worker.
    for place in todo:
        if not parts[place].is_dir():
            _score_part(request, batches[place], parts[place])
            took(place)
    return parts


def _on_cluster(
    request: ScoreRequest,
    jobs: Mapping[int, tuple[tuple[ScoringTask, ...], Path]],
    *,
    workers: int,
    scheduler: str | None,
) -> Iterator[int]:
    """Score parts on Dask; yield the number of each that is done."""
    from distributed import as_completed

    with dask_client(workers, scheduler) as client:
        try:
            shared = client.scatter(request, broadcast=True)
        except TimeoutError:
            msg = (
                f"the Dask scheduler at {scheduler} has no workers; start some, for example with "
                f"`dask worker {scheduler}`."
            )
            raise InputError(msg) from None
        futures = {
            client.submit(_score_part, shared, tasks, part, pure=False): place
            for place, (tasks, part) in jobs.items()
        }
        for future in as_completed(futures):
            if future.status == "error" and isinstance(future.exception(), (InputError, OSError)):
                future.result()
            if future.status == "finished":
                yield futures[future]


def _score_part(request: ScoreRequest, tasks: Sequence[ScoringTask], part: Path) -> None:
    """Score some images; the folder of the part appears when it is whole."""
    scored = score_images(
        tasks,
        request.reference,
        request.predicted,
        dataset=request.dataset,
        member=request.member,
        config=request.config,
    )
    save_part(part, scored)


def _key(request: ScoreRequest) -> str:
    """Return a hash of all that the parts depend on: files, options and our own code."""
    facts = [
        [str(request.reference.path), str(request.predicted.path)],
        list(request.tasks),
        request.config.model_dump_json(),
        [_fingerprint(source) for source in (request.reference, request.predicted)],
        source_digest(["from workbench.studies._score_parts import save_part"], with_drawing=False),
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _fingerprint(source: LabelSource) -> list[tuple[str, int, int]]:
    path = source.path
    root = path.parent if path.name == MANIFEST else path
    files = sorted(root.rglob("*")) if root.is_dir() else [root]
    stats = [(str(file), file.stat()) for file in files if file.is_file()]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
