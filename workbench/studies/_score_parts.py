"""Parts of a scoring on disk, and how they become the tables of the whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis import add_sums, measure_summary, measure_sums
from workbench.metrics import (
    MEASURES,
    CocoMatches,
    CocoScores,
    Score,
    coco_scores,
    dataset_score,
)
from workbench.schema import FAILED_STATUSES, STATUSES, Member
from workbench.store import atomic_path, join_tables, move_folder, write_table
from workbench.studies._scoring import (
    DEFAULT_CONVENTION,
    Scored,
    ScoringConfig,
)

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


def save_part(part: Path, scored: Scored) -> None:
    """Write what some images came to into a folder that appears when it is whole."""
    staging = part.with_name(f".{part.name}-{os.getpid()}")
    staging.mkdir(parents=True, exist_ok=True)
    write_table(staging / "images.parquet", scored.scores)
    write_table(staging / "cells.parquet", scored.cells)
    write_table(staging / "errors.parquet", scored.errors)
    write_table(staging / "pixel_errors.parquet", scored.pixel_errors)
    write_table(staging / "problems.parquet", scored.problems)
    write_table(staging / "sums.parquet", measure_sums(scored.scores, WEIGHTS).reset_index())
    _save_coco(staging / "coco.npz", scored)
    move_folder(staging, part)


def join_parts(
    parts: Sequence[Path],
    out: Path,
    *,
    member: Member,
    n_images: int,
    config: ScoringConfig,
    surplus: pd.DataFrame,
) -> ScoreResult:
    """Write the tables of all parts as one, a part in memory at a time."""
    for name in ("images", "cells", "errors", "pixel_errors"):
        join_tables([part / f"{name}.parquet" for part in parts], out / f"{name}.parquet")
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
        tables = [summary, _coco_rows(coco, member, n_images, config)]
        # Beside an empty table, counts would become floats.
        summary = pd.concat([table for table in tables if len(table)], ignore_index=True)
    problems = pd.concat([pd.read_parquet(part / "problems.parquet") for part in parts])
    problems = pd.concat([problems, surplus])
    for name, table in (("summary", summary), ("problems", problems)):
        with atomic_path(out / f"{name}.csv") as partial:
            table.to_csv(partial, index=False)
    unusable = problems["problem"].isin([s for s in STATUSES if s not in ("ok", "undefined")])
    n_unusable = problems.loc[unusable, "image_id"].nunique()
    return ScoreResult(summary, problems.reset_index(drop=True), n_images, n_images - n_unusable)


def _coco_rows(
    coco: CocoScores, member: Member, n_images: int, config: ScoringConfig
) -> pd.DataFrame:
    """Return the rows of the measures that belong to the data set as a whole."""
    return pd.DataFrame(
        [
            {
                "model": member.model,
                "seed": member.seed,
                "metric": name,
                "threshold": np.nan,
                "macro": np.nan,
                "ci_low": np.nan,
                "ci_high": np.nan,
                "micro": value(coco),
                "n_images": n_images,
                "n_undefined": 0,
            }
            for name, value in COCO_VALUES.items()
            if config.wants([name])
        ]
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


def _join_csv(parts: Sequence[Path], target: Path) -> None:
    import pyarrow.csv
    import pyarrow.parquet as pq

    with (
        atomic_path(target) as partial,
        pyarrow.csv.CSVWriter(partial, pq.read_schema(parts[0])) as writer,
    ):
        for part in parts:
            writer.write_table(pq.read_table(part))
