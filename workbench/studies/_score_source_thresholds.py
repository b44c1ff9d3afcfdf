"""At which IoU threshold scores were computed: what a table says, or its file name, or the user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.metrics import MEASURES
from workbench.schema import PRIMARY_IOU_THRESHOLD, InputError
from workbench.studies._score_source_columns import Columns, has_threshold
from workbench.studies._score_source_file import FileTable, few, numbers

CHALLENGE_FILE: Final = re.compile(r"^(?P<model>.+)_metrics-(?P<threshold>[01]?\.\d+)$")
"""Stem of the files that the benchmark study keeps: one per model and IoU threshold."""


@dataclass(frozen=True)
class TableOptions:
    """What a table may leave unsaid.

    Attributes
    ----------
    metric
        The measure of values that no column names.
    threshold
        IoU threshold of values that no column or file name gives one.
    split
        Take the rows of this split alone.
    """

    metric: str | None = None
    threshold: float | None = None
    split: str | None = None


def stated_threshold(
    scores: pd.DataFrame, table: FileTable, columns: Columns
) -> npt.NDArray[np.float64]:
    """Return the threshold that a column's name gives, or else the row; NaN where neither does."""
    of_column: npt.NDArray[np.float64] = scores["threshold"].to_numpy(dtype=np.float64)
    if "threshold" not in columns.roles:
        return of_column
    of_row = numbers(table, columns.roles["threshold"]).loc[scores.index].to_numpy()
    return np.where(np.isnan(of_column), of_row, of_column)


def fill_thresholds(
    scores: pd.DataFrame, table: FileTable, options: TableOptions, readings: list[str]
) -> None:
    """Give measures that need an IoU threshold the one that the file or the user names."""
    needs = {name: has_threshold(name) for name in scores["metric"].unique()}
    lacks = scores["metric"].map(needs) & scores["threshold"].isna()
    if lacks.any():
        named = CHALLENGE_FILE.match(table.path.stem)
        measures = few(dict.fromkeys(scores.loc[lacks, "metric"]))
        if named:
            threshold = float(named["threshold"])
            readings.append(f"IoU threshold {threshold:g} from the file's name, for {measures}")
        else:
            threshold = options.threshold or PRIMARY_IOU_THRESHOLD
            why = "as given" if options.threshold else "assumed, since nothing says it"
            readings.append(f"IoU threshold {threshold:g} for {measures}: {why}")
        scores.loc[lacks, "threshold"] = threshold
    wrong = scores["threshold"].notna() & ~scores["threshold"].between(0, 1)
    if wrong.any():
        msg = (
            f"{table.path}, {table.counted} {scores.index[wrong][0]}: IoU threshold "
            f"{scores.loc[wrong, 'threshold'].iloc[0]:g}, expected one between 0 and 1."
        )
        raise InputError(msg)


def takes_threshold(scores: pd.DataFrame) -> pd.Series:
    """Return which rows may have a threshold: not those of measures that have none."""
    return scores["metric"].map(
        {name: name not in MEASURES or has_threshold(name) for name in scores["metric"].unique()}
    )
