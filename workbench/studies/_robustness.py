"""A member of a run on images made worse: degrade, find the cells again, score."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from workbench.datasets import ImageRead, Record, read_record_image, read_reference
from workbench.metrics import error_counts, label_overlap
from workbench.schema import (
    ERROR_TYPES,
    PRIMARY_IOU_THRESHOLD,
    InputError,
    LabelImage,
    Member,
    Sample,
)
from workbench.store import write_table
from workbench.studies._evaluate import annotated
from workbench.studies._job_configs import JobConfig
from workbench.studies._progress_text import Milestones
from workbench.studies._segmenter import Segmenter, open_segmenter, sample_records
from workbench.studies._view import RunView
from workbench.transforms import (
    DEGRADATION_KINDS,
    DEGRADATIONS,
    DegradationKind,
    check_level,
    degrade_image,
    is_stained,
    resample_labels,
)

ROBUSTNESS: Final = "robustness.parquet"
SEARCHED: Final = 8
"""Stained images are looked for among so many times the images that are wanted."""

COLUMNS: Final = (
    "model",
    "seed",
    "kind",
    "level",
    "clean",
    "image_id",
    "f1",
    "n_reference",
    "n_predicted",
    *ERROR_TYPES,
)


class RobustnessJob(JobConfig):
    """``10_robustness.ipynb``: broken runs, the waterfall, and images made worse.

    Attributes
    ----------
    run
        Folder of a run.
    member
        Such as ``unet-0``, or ``unet`` for its first seed; None for the best.
    kinds
        Names in :data:`workbench.transforms.DEGRADATIONS`; none named means all.
    levels
        Levels by kind, in place of the usual ones.
    n_images
        Test images to predict at each level, evenly spread.
    """

    run: Path
    member: str | None = None
    kinds: tuple[DegradationKind, ...] = ()
    levels: dict[DegradationKind, tuple[float, ...]] = {}
    n_images: int = Field(12, ge=1)

    @field_validator("levels")
    @classmethod
    def _make_sense(
        cls, levels: dict[DegradationKind, tuple[float, ...]]
    ) -> dict[DegradationKind, tuple[float, ...]]:
        for kind, values in levels.items():
            for level in values:
                check_level(kind, level)
        return levels

    @model_validator(mode="after")
    def _levels_are_of_kinds(self) -> RobustnessJob:
        idle = [kind for kind in self.levels if self.kinds and kind not in self.kinds]
        if idle:
            msg = f"levels of {', '.join(idle)}: not among kinds; add it there or leave it away"
            raise ValueError(msg)
        return self


def robustness(
    view: RunView,
    member: Member,
    *,
    kinds: Sequence[DegradationKind] = (),
    levels: Mapping[DegradationKind, Sequence[float]] | None = None,
    n_images: int = 12,
    iou_threshold: float = PRIMARY_IOU_THRESHOLD,
    seed: int = 0,
    tell: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Let a member find the cells of images made worse, and score what it finds.

    The table is also kept beside the member's scores, as ``robustness.parquet``; a later call
    replaces it.

    Parameters
    ----------
    view
        From :func:`open_view`.
    member
        One that the study trained or ran itself.
    kinds, levels
        What to do to images, see :class:`RobustnessJob`.
    n_images
        Images with labelled cells, evenly spread over the test split; for "stain", as many
        bright-field colour images, if there are.
    iou_threshold
        A cell is found if its IoU is at least this.
    seed
        Of the noise.
    tell
        Called with a line of text now and then.

    Returns
    -------
    DataFrame
        A row per kind, level and image: model, seed, kind, level, clean (the level that changes
        nothing), image_id, f1, n_reference, n_predicted, and the events of each of
        :data:`workbench.schema.ERROR_TYPES`. Kinds that suit no image are left out.

    Raises
    ------
    InputError
        If the member can't be run again, a kind is unknown, a level makes no sense, or no image
        has cells.
    """
    wanted = _levels(kinds, levels or {})
    segmenter = open_segmenter(view, member)
    tasks = _tasks(annotated(view.dataset.split(view.study.dataset.test)), wanted, n_images)
    milestones = Milestones(len(tasks), "images predicted at all levels", tell)
    rows: list[dict[str, Any]] = []
    for record, kinds_of_image in tasks:
        rows += _of_image(record, segmenter, kinds_of_image, iou_threshold=iou_threshold, seed=seed)
        milestones.step()
    table = pd.DataFrame(rows).assign(model=member.model, seed=member.seed)
    order = {kind: place for place, kind in enumerate(wanted)}
    place = {
        (kind, level): place
        for kind, levels in wanted.items()
        for place, level in enumerate(levels)
    }
    table["place"] = [place[row.kind, row.level] for row in table.itertuples()]
    table["order"] = table["kind"].map(order)
    table = table.sort_values(["order", "place"], kind="stable")
    table = table.reset_index(drop=True)[list(COLUMNS)]
    if lacking := [kind for kind in wanted if kind not in set(table["kind"])]:
        tell(f"{', '.join(lacking)}: left out, no bright-field colour image was found.")
    try:
        write_table(view.run.score_folder(member) / ROBUSTNESS, table)
    except OSError as error:
        tell(f"The table could not be kept with the run ({error}).")
    return table


def stored_robustness(view: RunView) -> pd.DataFrame:
    """Return what :func:`robustness` has kept of all members; without rows if it never ran."""
    files = [view.run.score_folder(member) / ROBUSTNESS for member in view.members]
    tables = [pd.read_parquet(file) for file in files if file.is_file()]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def degraded_examples(view: RunView, job: RobustnessJob) -> list[Sample]:
    """Return a test image, and beside it the same at the hardest level of each kind.

    Returns
    -------
    list of Sample
        The level stands in place of the image's id; kinds that don't suit it are left out.
    """
    (record,) = _with_cells(annotated(view.dataset.split(view.study.dataset.test)), 1)
    image = read_record_image(record).pixels
    samples = [Sample("clean", image)]
    for kind, levels in _levels(job.kinds, job.levels).items():
        if kind != "stain" or is_stained(image):
            way = DEGRADATIONS[kind]
            hardest = next((px for px in reversed(levels) if px != way.clean), way.clean)
            rng = _rng(0, record.image_id, kind, hardest)
            worse = degrade_image(image, kind, hardest, rng=rng)
            samples.append(Sample(f"{way.title} {hardest:g}", worse))
    return samples


def _levels(
    kinds: Sequence[DegradationKind], levels: Mapping[DegradationKind, Sequence[float]]
) -> dict[DegradationKind, list[float]]:
    """Return the levels of each kind, the clean one in its place, from mild to hard or upwards."""
    wanted = {}
    for kind in kinds or DEGRADATION_KINDS:
        check_level(kind, DEGRADATIONS[kind].clean if kind in DEGRADATIONS else 0.0)
        way = DEGRADATIONS[kind]
        chosen = {float(level) for level in levels.get(kind, way.levels)} | {float(way.clean)}
        for level in chosen:
            check_level(kind, level)
        # Where clean is the largest there can be, smaller is harder.
        wanted[kind] = sorted(chosen, reverse=way.clean == way.high)
    return wanted


def _tasks(
    records: Sequence[Record],
    wanted: Mapping[DegradationKind, Sequence[float]],
    n_images: int,
) -> list[tuple[Record, dict[DegradationKind, Sequence[float]]]]:
    """Return the images to degrade, each with the kinds and levels that suit it."""
    usual: dict[DegradationKind, Sequence[float]] = {
        kind: levels for kind, levels in wanted.items() if kind != "stain"
    }
    sampled = _with_cells(records, n_images)
    tasks = {record.image_id: (record, dict(usual)) for record in sampled if usual}
    if "stain" in wanted:
        spread = sample_records(records, SEARCHED * n_images)
        chosen = {record.image_id for record in sampled}
        first = [*sampled, *(record for record in spread if record.image_id not in chosen)]
        stained = (
            record
            for record in first
            if is_stained(read_record_image(record).pixels) and read_reference(record).any()
        )
        for record in islice(stained, n_images):
            known = tasks.setdefault(record.image_id, (record, {}))[1]
            known["stain"] = wanted["stain"]
    if not tasks:
        msg = "no test image is a bright-field colour image; leave the kind 'stain' away."
        raise InputError(msg)
    return list(tasks.values())


def _of_image(
    record: Record,
    segmenter: Segmenter,
    wanted: Mapping[DegradationKind, Sequence[float]],
    *,
    iou_threshold: float,
    seed: int,
) -> list[dict[str, Any]]:
    """Return the rows of one image; clean, it is predicted once."""
    image, reference = read_record_image(record), read_reference(record)
    clean = _scored(reference, _found(segmenter, image, record), iou_threshold)
    rows = []
    for kind, levels in wanted.items():
        for level in levels:
            row: dict[str, Any] = {"kind": kind, "level": level, "image_id": record.image_id}
            is_clean = level == DEGRADATIONS[kind].clean
            if is_clean:
                rows.append(row | {"clean": True} | clean)
                continue
            rng = _rng(seed, record.image_id, kind, level)
            worse = degrade_image(image.pixels, kind, level, rng=rng)
            found = _found(segmenter, image, record, pixels=worse)
            rows.append(row | {"clean": False} | _scored(reference, found, iou_threshold))
    return rows


def _found(
    segmenter: Segmenter, image: ImageRead, record: Record, *, pixels: Any = None
) -> LabelImage:
    """Return the cells of an image, or of what it was made to, in the image's own frame."""
    seen = image.pixels if pixels is None else pixels
    labels = segmenter.find(seen, record.metadata, pixel_size_um=image.pixel_size_um)
    size_px = (image.pixels.shape[0], image.pixels.shape[1])
    if labels.shape == size_px:
        return labels
    return resample_labels(labels, from_um=1, to_um=1, size_px=size_px).labels


def _scored(
    reference: LabelImage, predicted: LabelImage, iou_threshold: float
) -> dict[str, float | int]:
    counts = error_counts(label_overlap(reference, predicted), iou_thresholds=[iou_threshold])
    tp, n_reference, n_predicted = (
        int(counts[name][0]) for name in ("tp", "n_reference", "n_predicted")
    )
    n_cells = n_reference + n_predicted
    return {
        "f1": 2 * tp / n_cells if n_cells else float("nan"),
        "n_reference": n_reference,
        "n_predicted": n_predicted,
        **dict(zip(ERROR_TYPES, (int(n) for n in counts["n_events"]), strict=True)),
    }


def _with_cells(records: Sequence[Record], n_images: int) -> list[Record]:
    """Return so many records with cells, evenly spread, and no more files read than needed."""
    found: list[Record] = []
    spread = sample_records(records, n_images)
    chosen = {record.image_id for record in spread}
    for record in [*spread, *(r for r in records if r.image_id not in chosen)]:
        if len(found) == n_images:
            break
        if read_reference(record).any():
            found.append(record)
    if not found:
        msg = "no test image has labelled cells; without them there is nothing to score."
        raise InputError(msg)
    return found


def _rng(seed: int, image_id: str, kind: str, level: float) -> np.random.Generator:
    """Return the same noise for the same image and level, whatever else is asked for."""
    return np.random.default_rng([seed, zlib.crc32(f"{image_id} {kind} {level:g}".encode())])
