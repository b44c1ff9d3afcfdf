"""Broken runs: the predictions of every member tried under the cures of common faults."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.datasets import Record, read_labels, read_record_image, read_reference
from workbench.inference import ModelDescription, PredictionConfig, segment_image
from workbench.metrics import (
    Fault,
    PredictionCheck,
    check_prediction,
    match_instances,
    prediction_faults,
)
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, LabelImage, Member
from workbench.store import FileHashes, write_text
from workbench.studies._code import source_digest
from workbench.studies._processes import mapped
from workbench.studies._progress_text import Milestones
from workbench.studies._view import RunView

FAULTS: Final = "faults.json"
BASELINE: Final = "otsu_watershed"
N_IMAGES: Final = 200
UNREADABLE: Final = ("missing", "unreadable", "reference_unreadable")
"""Images that say nothing of faults: the report lists them elsewhere."""


@dataclass(frozen=True, eq=False)
class RunFaults:
    """What was found in a run.

    Attributes
    ----------
    faults
        A row per member and fault: model, seed, and the fields of
        :class:`workbench.metrics.Fault`. Without rows for a sound run.
    examined
        A row per member: model, seed, n_images (with cells, looked at) and n_suspicious (F1 below
        0.6, tried under all cures).
    """

    faults: pd.DataFrame
    examined: pd.DataFrame


def run_faults(
    view: RunView,
    *,
    n_images: int = N_IMAGES,
    workers: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> RunFaults:
    """Look for what may have spoilt all predictions of a member, before members are ranked.

    Images with a good score are not read. The result is kept in the run's folder ``scores`` and
    taken from there while scores and code are the same.

    Parameters
    ----------
    view
        From :func:`open_view`.
    n_images
        Of more images, so many are looked at, evenly spread over their ids.
    workers
        Processes; by default as many as there are free cores.
    tell
        Called with a line of text now and then.

    Returns
    -------
    RunFaults
        See :func:`workbench.metrics.prediction_faults` for when a fault is named.
    """
    kept = view.run.scores_file.with_name(FAULTS)
    key = _key(view, n_images)
    if (stored := _read(kept, key)) is not None:
        return stored
    tables = {member: _scores_of(view, member, n_images) for member in view.members}
    records = {record.image_id: record for record in view.dataset.records}
    tasks = [
        _Task(records[row.image_id], view.run.prediction_file(member, row.image_id), place)
        for place, (member, table) in enumerate(tables.items())
        for row in table[table["is_suspicious"]].itertuples()
    ]
    milestones = Milestones(len(tasks), "suspicious predictions tried", tell or (lambda _: None))
    checked: dict[tuple[int, str], PredictionCheck] = {}
    with mapped(_check, tasks, workers=workers) as results:
        for task, check in zip(tasks, results, strict=True):
            checked[task.place, task.record.image_id] = check
            milestones.step()
    faults, examined = [], []
    for place, (member, table) in enumerate(tables.items()):
        checks = [
            checked.get((place, row.image_id))
            or PredictionCheck(int(row.n_reference), int(row.n_predicted), row.value, int(row.tp))
            for row in table.itertuples()
        ]
        who = {"model": member.model, "seed": member.seed}
        baseline = _baseline_f1(view, tables, table, records, workers=workers)
        faults += [who | asdict(one) for one in prediction_faults(checks, baseline_f1=baseline)]
        examined.append(
            who | {"n_images": len(table), "n_suspicious": int(table["is_suspicious"].sum())}
        )
    found = _as_tables(faults, examined)
    # A run that is read only is examined anew each time.
    with suppress(OSError):
        write_text(kept, json.dumps({"key": key, "faults": faults, "examined": examined}))
    return found


@dataclass(frozen=True)
class _Task:
    """A prediction to be tried, of the member at a place."""

    record: Record
    prediction: Path
    place: int


def _check(task: _Task) -> PredictionCheck:
    return check_prediction(read_reference(task.record), read_labels(task.prediction))


def _scores_of(view: RunView, member: Member, n_images: int) -> pd.DataFrame:
    """Return the F1 of a member on images with cells, at the threshold nearest to 0.5."""
    scores = view.scores
    of_member = scores[
        (scores["model"] == member.model)
        & (scores["seed"] == member.seed)
        & (scores["metric"] == PRIMARY_METRIC)
        & (scores["n_reference"] > 0)
        & ~scores["status"].isin(UNREADABLE)
    ].sort_values("image_id", ignore_index=True)
    distance = (of_member["threshold"] - PRIMARY_IOU_THRESHOLD).abs()
    table = of_member[distance == distance.min()]
    if len(table) > n_images:
        table = table.iloc[np.linspace(0, len(table) - 1, n_images).round().astype(int)]
    suspicious = [
        PredictionCheck(row.n_reference, row.n_predicted, row.value, row.tp).is_suspicious
        for row in table.itertuples()
    ]
    return table.assign(is_suspicious=suspicious).reset_index(drop=True)


def _baseline_f1(
    view: RunView,
    tables: dict[Member, pd.DataFrame],
    table: pd.DataFrame,
    records: dict[str, Record],
    *,
    workers: int | None,
) -> list[float] | None:
    """Return what a method without training reaches on the images of a weak member.

    None for a member that is not weak, or is that method itself.
    """
    methods = {name: model.architecture for name, model in view.study.models.items()}
    if 2 * table["is_suspicious"].sum() <= len(table):
        return None
    if methods.get(str(table["model"].iloc[0])) == BASELINE:
        return None
    for member, scores in tables.items():
        if methods.get(member.model) == BASELINE:
            known = scores.set_index("image_id")["value"]
            return [float(known.get(image_id, np.nan)) for image_id in table["image_id"]]
    with mapped(
        baseline_f1_of, [records[i] for i in table["image_id"]], workers=workers
    ) as results:
        return list(results)


def baseline_f1_of(record: Record, *, iou_threshold: float = PRIMARY_IOU_THRESHOLD) -> float:
    """Return the F1 of Otsu's threshold and a watershed on one image with labels."""
    image = read_record_image(record)
    found = segment_image(
        image.pixels,
        networks=(),
        description=ModelDescription(architecture=BASELINE),
        config=PredictionConfig(),
    )
    return f1_of(read_reference(record), found.labels, iou_threshold=iou_threshold)


def f1_of(reference: LabelImage, predicted: LabelImage, *, iou_threshold: float) -> float:
    """Return the F1 of one prediction; NaN where neither side has a cell."""
    matches = match_instances(reference, predicted, iou_threshold=iou_threshold)
    n_cells = 2 * matches.tp + matches.fp + matches.fn
    return 2 * matches.tp / n_cells if n_cells else float("nan")


def _key(view: RunView, n_images: int) -> str:
    """Return a hash of what the result depends on."""
    code = source_digest(["from workbench.studies._faults import run_faults"], with_drawing=False)
    scores = FileHashes().of(view.run.scores_file)
    return hashlib.sha256(f"{scores} {code} {n_images}".encode()).hexdigest()


def _read(path: Path, key: str) -> RunFaults | None:
    """Return the stored result; None where there is none, or one of other scores."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["key"] != key:
            return None
        return _as_tables(content["faults"], content["examined"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _as_tables(faults: Sequence[dict[str, Any]], examined: Sequence[dict[str, Any]]) -> RunFaults:
    names = ["model", "seed", *(field.name for field in fields(Fault))]
    return RunFaults(
        pd.DataFrame(faults, columns=names),
        pd.DataFrame(examined, columns=["model", "seed", "n_images", "n_suspicious"]),
    )
