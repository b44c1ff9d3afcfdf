"""Which column of somebody's table is what: by a list of names, never by guessing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from workbench.metrics import MEASURES
from workbench.schema import InputError
from workbench.studies._score_source_file import (
    UNNAMED,
    FileTable,
    few,
    has_numbers,
    plain_name,
)

ROLE_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "image_id": (
        "image_id", "image", "images", "image_name", "img", "file", "file_name", "filename",
        "name", "names", "sample", "sample_id",
    ),
    "model": ("model", "model_name", "method", "algorithm", "network", "architecture", "tool"),
    "value": ("value", "score", "result"),
    "metric": ("metric", "metric_name", "measure"),
    "threshold": ("threshold", "iou_threshold", "iou_thr", "thr"),
    "seed": ("seed", "repeat", "repetition", "replicate", "trial"),
    "group": ("group", "slide", "slide_id", "plate", "plate_id", "patient", "patient_id",
              "donor", "specimen"),
    "split": ("split", "subset", "partition"),
    "dataset": ("dataset", "data_set", "dataset_name"),
    "convention": ("convention",),
    "status": ("status",),
    "tp": ("tp", "correct_num(tp)", "true_positives"),
    "fp": ("fp", "wrong_num(fp)", "false_positives"),
    "fn": ("fn", "missed_num(fn)", "false_negatives"),
    "n_reference": ("n_reference", "true_num", "n_true", "n_gt", "gt_count", "n_cells"),
    "n_predicted": ("n_predicted", "pred_num", "n_pred", "pred_count"),
}  # fmt: skip
"""What each part of a score is called in tables of others; the first name is ours."""

MEASURE_NAMES: Final[Mapping[str, str]] = {
    "f1_score": "f1",
    "f1score": "f1",
    "f_1": "f1",
    "f_score": "f1",
    "dice_score": "dice",
    "dice_coefficient": "dice",
    "dsc": "dice",
    "pq": "panoptic_quality",
    "sq": "segmentation_quality",
    "rq": "recognition_quality",
    "hd95": "hausdorff95",
    "precision_score": "precision",
    "recall_score": "recall",
}
"""Other names of measures. AP is not among them: it has five definitions; nor is IoU."""

_AT_THRESHOLD: Final = re.compile(r"^(?P<name>.+?)[\s@_(]+(?P<threshold>[01]?[.,]\d+)\)?$")


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are.

    Attributes
    ----------
    roles
        Column by role; roles of :data:`ROLE_NAMES` that the table lacks are absent.
    measures
        (measure, IoU threshold or NaN where the name has none) by column.
    rest
        Columns that are neither.
    """

    roles: Mapping[str, str]
    measures: Mapping[str, tuple[str, float]]
    rest: tuple[str, ...]


def read_columns(table: FileTable, *, metric: str | None = None) -> Columns:
    """Find out what the columns of a table are.

    Parameters
    ----------
    table
        From :func:`read_file_table`.
    metric
        A column of this name is a measure, whatever else it is called.

    Raises
    ------
    InputError
        If no column names the image, or two columns could have the same role.
    """
    names = [str(name) for name in table.frame.columns]
    roles = {role: found for role in ROLE_NAMES if (found := _column_of(table, role, names))}
    if image_column := names_images(table):
        roles["image_id"] = image_column
    else:
        msg = (
            f"{table.path}: no column names the image, expected one of "
            f"{few(ROLE_NAMES['image_id'], 20)}; there are {few(names, 12)}. Rename the one that "
            "does to image_id; the first line of the file must hold the names."
        )
        raise InputError(msg)
    taken = set(roles.values()) | {UNNAMED}
    measures = {
        name: measure
        for name in names
        if name not in taken and (measure := _measure_of(name, metric))
    }
    rest = tuple(name for name in names if name not in taken and name not in measures)
    return Columns(roles, measures, rest)


def names_images(table: FileTable) -> str:
    """Return the column that names the image; "" where there is none, as in published tables.

    Raises
    ------
    InputError
        If several could be it.
    """
    names = [str(name) for name in table.frame.columns]
    if found := _column_of(table, "image_id", names):
        return found
    # As pandas writes an index.
    return UNNAMED if UNNAMED in names and not has_numbers(table, UNNAMED) else ""


def measure_name(name: str) -> str:
    """Return our name of a measure, or the given one in our spelling where we have none.

    Examples
    --------
    >>> measure_name("F1 Score"), measure_name("AP50")
    ('f1', 'ap50')
    """
    plain = plain_name(name)
    return MEASURE_NAMES.get(plain, plain)


def has_threshold(metric: str) -> bool:
    """Return whether a measure is computed at an IoU threshold; no for measures we don't know."""
    return metric in MEASURES and MEASURES[metric].has_threshold


def higher_is_better(metric: str) -> bool:
    """Return the direction of a measure; those we don't know are taken as better when higher."""
    return metric not in MEASURES or MEASURES[metric].higher_is_better is not False


def _column_of(table: FileTable, role: str, names: Iterable[str]) -> str:
    """Return the column that has a role; "" if there is none."""
    candidates = [name for name in names if plain_name(name) in ROLE_NAMES[role]]
    ours = ROLE_NAMES[role][0]
    if len(candidates) > 1 and ours not in candidates:
        msg = (
            f"{table.path}: the columns {' and '.join(candidates)} could both be the {ours}; "
            f"rename the one that is to {ours}."
        )
        raise InputError(msg)
    return ours if ours in candidates else next(iter(candidates), "")


def _measure_of(column: str, metric: str | None) -> tuple[str, float] | None:
    at_threshold = _AT_THRESHOLD.match(column)
    stem = at_threshold["name"] if at_threshold else column
    threshold = float(at_threshold["threshold"].replace(",", ".")) if at_threshold else float("nan")
    name = measure_name(stem)
    if name in MEASURES or (metric is not None and name == metric):
        return name, threshold
    return None
