"""Label images of any tool to tables, without a study: side by side, resumable, any number."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.analysis import add_sums, measure_summary, measure_sums
from workbench.datasets import LabelSource, open_dataset, open_labels, pair_labels
from workbench.metrics import (
    MEASURES,
    CocoMatches,
    CocoScores,
    Score,
    coco_scores,
    dataset_score,
    is_compiled,
)
from workbench.schema import (
    FAILED_STATUSES,
    PRIMARY_IOU_THRESHOLD,
    STATUSES,
    InputError,
    Member,
)
from workbench.store import atomic_path, lock_run, move_folder, remove_folder, write_table
from workbench.studies._cluster import dask_client
from workbench.studies._code import source_digest
from workbench.studies._measure_texts import better, measure_title
from workbench.studies._progress_text import Milestones
from workbench.studies._report_parts import ReportTable, interval
from workbench.studies._scoring import (
    DEFAULT_CONVENTION,
    PROBLEM_COLUMNS,
    Scored,
    ScoringConfig,
    ScoringTask,
    score_images,
)

if TYPE_CHECKING:
    import pyarrow as pa

BATCH: Final = 32
PARTS: Final = ".parts"
N_PROBLEMS_SHOWN: Final = 20
WEIGHTS: Final = {m.name: m.weights for m in MEASURES.values() if m.weights}
COCO_VALUES: Final[Mapping[str, Callable[[CocoScores], float]]] = {
    "average_precision_coco": lambda coco: coco.ap,
    "average_precision_coco_50": lambda coco: coco.ap50,
    "average_precision_coco_75": lambda coco: coco.ap75,
    "average_recall_coco_50": lambda coco: coco.ar50,
    "average_recall_coco_75": lambda coco: coco.ar75,
    "average_false_negative_ratio": lambda coco: coco.afnr,
}


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


@dataclass(frozen=True, eq=False)
class ScoreResult:
    """What scoring came to.

    Attributes
    ----------
    summary
        From :func:`measure_summary`, with the COCO measures of the data set.
    problems
        Columns image_id, side, problem, detail.
    n_images, n_scored
        Reference images, and those of them whose prediction could be used.
    """

    summary: pd.DataFrame
    problems: pd.DataFrame
    n_images: int
    n_scored: int


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
        Gets ``images.parquet``, ``cells.parquet``, ``images.csv``, ``summary.csv`` and
        ``problems.csv``. A scoring that was killed goes on from what is there.
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
        If a side can't be used at all, no name is on both sides, or the tables can't be written.
    """
    if not is_compiled():
        tell("Compiling the measures, once after an installation: about 20 s ...")
    request, surplus = _request(reference, predicted, channel, split, config)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with lock_run(out):
            parts = _score_parts(request, out, workers=workers, scheduler=scheduler, tell=tell)
            result = _join(parts, out, config, surplus)
            remove_folder(out / PARTS)
    except OSError as error:
        msg = f"{out}: can't write there ({error.strerror}); choose another folder with --out."
        raise InputError(msg) from error
    return result


def summary_rows(summary: pd.DataFrame) -> ReportTable:
    """Return the summary as people read it: matching measures at IoU 0.5 alone."""
    at_primary = np.isclose(summary["threshold"], PRIMARY_IOU_THRESHOLD)
    shown = summary[summary["threshold"].isna() | at_primary]
    frame = pd.DataFrame(
        {
            "Measure": [
                _measure_title(*row) for row in shown[["metric", "threshold"]].itertuples(False)
            ],
            "Macro": shown["macro"].to_numpy(),
            "95 % interval": [
                interval(*row) for row in shown[["ci_low", "ci_high"]].itertuples(index=False)
            ],
            "Micro": shown["micro"].to_numpy(),
            "Undefined": shown["n_undefined"].to_numpy(),
            "Better": [_direction(metric) for metric in shown["metric"]],
        }
    )
    if "by_convention" in shown:
        frame.insert(4, "By the convention", shown["by_convention"].to_numpy())
    return ReportTable(
        "measures",
        "Macro: mean over images; micro: all cells or pixels together. Undefined: images without a "
        "value. `workbench measures NAME` explains a measure.",
        frame,
    )


def measure_overview(scores: pd.DataFrame) -> pd.DataFrame:
    """Return every measure of one member, as :func:`summary_rows` shows it."""
    return summary_rows(measure_summary(measure_sums(scores, WEIGHTS))).frame


def problem_rows(problems: pd.DataFrame) -> ReportTable:
    """Return what was wrong or converted as people read it, one line per kind."""
    rows = []
    for (side, problem), group in problems.groupby(["side", "problem"], sort=False):
        names = list(group["image_id"])
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        first = group["detail"].iloc[0]
        rows.append(
            {
                "Side": side,
                "Problem": problem,
                "Images": len(names),
                "Which": ", ".join(filter(None, names[:3])) + more,
                "What it means": STATUSES.get(problem, first),
            }
        )
    return ReportTable(
        "problems",
        "What was wrong or converted; problems.csv has a line for each image.",
        pd.DataFrame(rows[:N_PROBLEMS_SHOWN]),
    )


def _measure_title(metric: str, threshold: float) -> str:
    # Some conventions have scores of their own beside the registered measures.
    measure = MEASURES.get(metric)
    title = measure_title(measure) if measure else metric.replace("_", " ").capitalize()
    return title + ("" if np.isnan(threshold) else f" @ {threshold:g}")


def _direction(metric: str) -> str:
    return better(MEASURES[metric]) if metric in MEASURES else ""


def _request(
    reference: Path,
    predicted: Path,
    channel: str | None,
    split: str | None,
    config: ScoringConfig,
) -> tuple[ScoreRequest, pd.DataFrame]:
    """Return what to score, and what lies there and is not scored, as problems."""
    truth = open_labels(reference, channel=channel)
    answers = open_labels(predicted, channel=channel)
    found = pair_labels(truth, answers)
    pairs = dict(found.pairs)
    if split is not None:
        chosen = {record.image_id for record in open_dataset(reference).split(split)}
        pairs = {name: partner for name, partner in pairs.items() if name in chosen}
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
        shared = client.scatter(request, broadcast=True)
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
    """Score some images into a folder that appears when it is whole."""
    scored = score_images(
        tasks,
        request.reference,
        request.predicted,
        dataset=request.dataset,
        member=request.member,
        config=request.config,
    )
    staging = part.with_name(f".{part.name}-{os.getpid()}")
    staging.mkdir(parents=True, exist_ok=True)
    write_table(staging / "images.parquet", scored.scores)
    write_table(staging / "cells.parquet", scored.cells)
    write_table(staging / "problems.parquet", scored.problems)
    write_table(staging / "sums.parquet", measure_sums(scored.scores, WEIGHTS).reset_index())
    _save_coco(staging / "coco.npz", scored)
    move_folder(staging, part)


def _join(
    parts: Sequence[Path], out: Path, config: ScoringConfig, surplus: pd.DataFrame
) -> ScoreResult:
    """Write the tables of all parts as one, a part in memory at a time."""
    for name in ("images", "cells"):
        _join_parquet([part / f"{name}.parquet" for part in parts], out / f"{name}.parquet")
    _join_csv([part / "images.parquet" for part in parts], out / "images.csv")
    keys = ["model", "seed", "metric", "threshold"]
    summary = measure_summary(
        add_sums(pd.read_parquet(part / "sums.parquet").set_index(keys) for part in parts)
    )
    coco = coco_scores(_load_coco(parts))
    if config.convention != DEFAULT_CONVENTION:
        own = _own_values(out / "images.parquet", config.convention, coco)
        keys_of = zip(summary["metric"], summary["threshold"].map(str), strict=True)
        summary["by_convention"] = [own.get(key, np.nan) for key in keys_of]
    elif config.border == "keep":
        summary = pd.concat([summary, _coco_rows(coco, summary, config)], ignore_index=True)
    problems = pd.concat([pd.read_parquet(part / "problems.parquet") for part in parts])
    problems = pd.concat([problems, surplus])
    for name, table in (("summary", summary), ("problems", problems)):
        with atomic_path(out / f"{name}.csv") as partial:
            table.to_csv(partial, index=False)
    unusable = problems["problem"].isin([s for s in STATUSES if s not in ("ok", "undefined")])
    n_images = int(summary["n_images"].max()) if len(summary) else 0
    n_unusable = problems.loc[unusable, "image_id"].nunique()
    return ScoreResult(summary, problems.reset_index(drop=True), n_images, n_images - n_unusable)


def _coco_rows(coco: CocoScores, summary: pd.DataFrame, config: ScoringConfig) -> pd.DataFrame:
    """Return the rows of the measures that belong to the data set as a whole."""
    rows = [
        {"metric": name, "threshold": np.nan, "micro": value(coco)}
        for name, value in COCO_VALUES.items()
        if config.wants([name])
    ]
    about = summary.iloc[0][["model", "seed", "n_images"]].to_dict()
    table = pd.DataFrame([about | {"macro": np.nan, "n_undefined": 0} | row for row in rows])
    return table.reindex(columns=summary.columns).astype(
        {"macro": float, "ci_low": float, "ci_high": float}
    )


def _own_values(table: Path, convention: str, coco: CocoScores) -> Mapping[tuple[str, str], float]:
    """Return what a convention makes of all images, by measure and threshold."""
    if convention == "coco":
        return {(name, "nan"): value(coco) for name, value in COCO_VALUES.items()}
    fields = ["metric", "threshold", "value", "tp", "fp", "fn"]
    scores = pd.read_parquet(table, columns=["image_id", "status", *fields])
    unusable = ["reference_unreadable"]
    if convention == "neurips_cellseg":
        unusable += FAILED_STATUSES  # dropped there, whatever that does to the mean
    usable = scores[~scores["status"].isin(unusable)]
    images = [
        [Score(*row) for row in image[fields].itertuples(index=False)]
        for _, image in usable.groupby("image_id", sort=False)
    ]
    pooled = dataset_score(images, convention=convention)
    return {(score.metric, str(score.threshold)): score.value for score in pooled}


def _key(request: ScoreRequest) -> str:
    """Return a hash of all that the parts depend on: files, options and our own code."""
    facts = [
        [str(request.reference.path), str(request.predicted.path)],
        list(request.tasks),
        request.config.model_dump_json(),
        [_fingerprint(source) for source in (request.reference, request.predicted)],
        source_digest(["from workbench.studies._scoring import score_images"], with_drawing=False),
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _fingerprint(source: LabelSource) -> list[tuple[str, int, int]]:
    path = source.path
    root = path.parent if path.name == "manifest.csv" else path
    files = sorted(root.rglob("*")) if root.is_dir() else [root]
    stats = [(str(file), file.stat()) for file in files if file.is_file()]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


def _save_coco(path: Path, scored: Scored) -> None:
    found = scored.coco
    np.savez(
        path,
        thresholds=found[0].iou_thresholds if found else np.empty(0),
        confidences=np.concatenate([np.empty(0), *(image.confidences for image in found)]),
        matched=np.concatenate([image.matched for image in found], axis=1)
        if found
        else np.empty((0, 0), bool),
        n_detections=np.array([len(image.confidences) for image in found], np.int64),
        n_reference=np.array([image.n_reference for image in found], np.int64),
    )


def _load_coco(parts: Sequence[Path]) -> Iterator[CocoMatches]:
    for part in parts:
        with np.load(part / "coco.npz", allow_pickle=False) as stored:
            values = {name: stored[name] for name in stored.files}
        ends = np.cumsum(values["n_detections"])
        for place, end in enumerate(ends):
            chosen = slice(end - values["n_detections"][place], end)
            yield CocoMatches(
                tuple(map(float, values["thresholds"])),
                values["confidences"][chosen],
                values["matched"][:, chosen],
                int(values["n_reference"][place]),
            )


def _join_parquet(parts: Sequence[Path], target: Path) -> None:
    import pyarrow.parquet as pq

    with (
        atomic_path(target) as partial,
        pq.ParquetWriter(partial, pq.read_schema(parts[0])) as writer,
    ):
        for part in parts:
            writer.write_table(pq.read_table(part))


def _join_csv(parts: Sequence[Path], target: Path) -> None:
    import pyarrow.csv
    import pyarrow.parquet as pq

    def tables() -> Iterator[pa.Table]:
        return (pq.read_table(part) for part in parts)

    with (
        atomic_path(target) as partial,
        pyarrow.csv.CSVWriter(partial, pq.read_schema(parts[0])) as writer,
    ):
        for table in tables():
            writer.write_table(table)


def result_json(result: ScoreResult) -> str:
    """Return the summary and the problems as JSON; undefined values are null."""
    summary: list[dict[str, Any]] = json.loads(
        result.summary.to_json(orient="records", double_precision=15)
    )
    problems: list[dict[str, Any]] = json.loads(result.problems.to_json(orient="records"))
    return json.dumps(
        {
            "n_images": result.n_images,
            "n_scored": result.n_scored,
            "summary": summary,
            "problems": problems,
        },
        indent=1,
    )
