"""What is wrong with an annotated data set, before a GPU-hour is spent on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.datasets import (
    CHECKS,
    SEVERITIES,
    Dataset,
    Finding,
    Record,
    audit_image,
    read_sample,
    repair_labels,
)
from workbench.metrics import image_quality, is_compiled, label_overlap, match_overlap
from workbench.schema import InputError, LabelImage, Sample
from workbench.studies._audit_outliers import duplicate_findings, outlier_findings
from workbench.studies._processes import mapped
from workbench.studies._progress_text import Milestones

REPAIR_THRESHOLDS: Final = (0.5, 0.75, 0.9)
REPAIR_COLUMNS: Final = tuple(f"f1@{threshold:g}" for threshold in REPAIR_THRESHOLDS)
FINDING_COLUMNS: Final = (
    "image_id",
    "split",
    "code",
    "severity",
    "text",
    "n_cells",
    "cell_ids",
    "top",
    "left",
    "bottom",
    "right",
    "repair",
)


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit of a data set came to.

    Attributes
    ----------
    dataset
        What was looked at.
    images
        One row per readable image: image_id, split, the metadata columns, height_px, width_px,
        n_cells (NaN without labels), n_errors, n_warnings, n_notes, repairs (names, a blank
        between), f1@0.5, f1@0.75 and f1@0.9 of the labels as repaired against the labels as they
        are (NaN where no repair is proposed), and
        the numbers of :class:`workbench.metrics.ImageQuality`, which are compared between images
        of the same kind.
    findings
        One row per finding: image_id, split, code, severity, text, n_cells, cell_ids (a blank
        between), top, left, bottom, right (the box to look at, half-open), repair (empty if there
        is none). In the order of the images, gravest first.
    problems
        One row per image that can't be read: image_id, split, problem.
    """

    dataset: Dataset
    images: pd.DataFrame
    findings: pd.DataFrame
    problems: pd.DataFrame


def audit_dataset(
    dataset: Dataset,
    *,
    workers: int | None = None,
    duplicates: pd.DataFrame | None = None,
    by: str = "modality",
    tell: Callable[[str], None] = print,
) -> Audit:
    """Read every image once and list what looks wrong with it and its labels.

    Parameters
    ----------
    dataset
        From :func:`workbench.datasets.open_dataset`; may be larger than memory.
    workers
        Processes; None takes the cores that are free.
    duplicates
        Images that are the same: image_id_a, image_id_b, kind, similarity.
    by
        Metadata column that says which images are of the same kind; without it all are.
    tell
        Called with a line of text now and then.

    Returns
    -------
    Audit
        Images that can't be read are listed as problems; the others go on.

    Raises
    ------
    InputError
        If not one image can be read.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> from pathlib import Path
    >>> from workbench.datasets import open_dataset
    >>> folder = Path(tempfile.mkdtemp())
    >>> for room, pixel in (("images", 200), ("labels", 1)):
    ...     (folder / room).mkdir()
    ...     ring = np.pad(np.full((3, 3), pixel, np.uint8), 2)
    ...     ring[3, 3] = 0
    ...     tifffile.imwrite(folder / room / "ring.tif", ring)
    >>> audit = audit_dataset(open_dataset(folder), workers=1)
    1 of 1 images audited
    >>> audit.findings[["image_id", "text", "repair"]].to_numpy().tolist()
    [['ring', 'a hole of 1 px in cell 1 of 8 px', 'fill_holes']]
    """
    if not is_compiled():
        tell("Compiling the measures, once after an installation: about 20 s ...")
    milestones = Milestones(len(dataset.records), "images audited", tell)
    whole: list[_Part] = []
    with mapped(_audit_record, dataset.records, workers=workers) as parts:
        for part in parts:
            whole.append(part)
            milestones.step()
    problems = _table((row for part in whole for row in part.problems), PROBLEM_COLUMNS)
    images = pd.DataFrame([row for part in whole for row in part.images])
    if images.empty:
        msg = f"data set {dataset.root}: no image can be read. {problems['problem'].iloc[0]}"
        raise InputError(msg)
    tables = [
        _table((row for part in whole for row in part.findings), FINDING_COLUMNS),
        outlier_findings(images, by=by),
    ]
    if duplicates is not None:
        tables.append(duplicate_findings(duplicates, images))
    findings = _in_order(pd.concat([t for t in tables if len(t)] or tables[:1]), images)
    return Audit(dataset, _with_counts(images, findings), findings, problems)


PROBLEM_COLUMNS: Final = ("image_id", "split", "problem")


@dataclass(frozen=True)
class _Part:
    """What some images came to, as rows of the three tables."""

    images: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    problems: list[dict[str, Any]]


def _audit_record(record: Record) -> _Part:
    about = {"image_id": record.image_id, "split": record.split}
    try:
        sample = read_sample(record)
    except InputError as error:
        return _Part([], [], [about | {"problem": str(error)}])
    found = audit_image(sample.image, sample.reference)
    quality = asdict(image_quality(sample.image, sample.reference))
    facts = about | dict(record.metadata) | _image_facts(sample, found) | quality
    return _Part([facts], [about | _row(finding) for finding in found], [])


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "text": finding.text,
        "n_cells": len(finding.cell_ids),
        "cell_ids": " ".join(map(str, finding.cell_ids)),
        **dict(zip(("top", "left", "bottom", "right"), finding.box, strict=True)),
        "repair": finding.repair or "",
    }


def _image_facts(sample: Sample, found: Sequence[Finding]) -> dict[str, Any]:
    labels = sample.reference
    height, width = sample.image.shape[:2]
    repairs = list(dict.fromkeys(finding.repair for finding in found if finding.repair))
    return {
        "height_px": height,
        "width_px": width,
        "n_cells": np.nan if labels is None else np.unique(labels[labels > 0]).size,
        "repairs": " ".join(repairs),
        **repair_effect(labels, repairs),
    }


def repair_effect(labels: LabelImage | None, repairs: Sequence[str]) -> dict[str, float]:
    """Score the labels as repaired against the labels as they are.

    Parameters
    ----------
    labels
        Shape (height, width); None where there are none.
    repairs
        Names of the repairs.

    Returns
    -------
    dict
        F1 at IoU 0.5, 0.75 and 0.9 by column name: the score of a prediction equal to the repaired
        labels. NaN where there is nothing to repair, or no cell before and after.
    """
    if labels is None or not repairs:
        return dict.fromkeys(REPAIR_COLUMNS, np.nan)
    overlap = label_overlap(labels, repair_labels(labels, repairs)[0])
    scores = {}
    for column, threshold in zip(REPAIR_COLUMNS, REPAIR_THRESHOLDS, strict=True):
        matches = match_overlap(overlap, iou_threshold=threshold)
        n_cells = 2 * matches.tp + matches.fp + matches.fn
        scores[column] = 2 * matches.tp / n_cells if n_cells else np.nan
    return scores


def _table(rows: Iterator[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns))


def _in_order(findings: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Sort findings by image as in the data set, then by check."""
    image = findings["image_id"].map({name: i for i, name in enumerate(images["image_id"])})
    check = findings["code"].map({code: i for i, code in enumerate(CHECKS)})
    return findings.iloc[np.lexsort((check, image))].reset_index(drop=True)


def _with_counts(images: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Add how many findings of each severity an image has."""
    counted = images.copy()
    place = list(images.columns).index("n_cells") + 1
    for severity in reversed(SEVERITIES):
        numbers = findings.loc[findings["severity"] == severity, "image_id"].value_counts()
        counted.insert(
            place, f"n_{severity}s", images["image_id"].map(numbers).fillna(0).astype(int)
        )
    return counted
