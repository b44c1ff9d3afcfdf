"""What a table of scores must hold to be compared: numbers in range, each score once."""

from __future__ import annotations

from typing import Final

import pandas as pd

from workbench.metrics import MEASURES
from workbench.schema import InputError
from workbench.studies._score_source_file import FileTable, few, numbers

KEYS: Final = ("dataset", "image_id", "model", "seed", "metric", "threshold")


def check_values(scores: pd.DataFrame, table: FileTable) -> list[str]:
    """Refuse values out of their measure's range; return which measures we don't know."""
    for name, rows in scores.groupby("metric", sort=False):
        measure = MEASURES.get(str(name))
        if measure is None:
            continue
        wrong = rows[~rows["value"].between(measure.low - 1e-9, measure.high + 1e-9)]
        wrong = wrong[wrong["value"].notna()]
        if len(wrong):
            row = wrong.iloc[0]
            hint = (
                "divide percentages by 100"
                if 1 < row["value"] <= 100
                else "if the column is no model's, remove it; else correct the value"
            )
            msg = (
                f"{table.path}, {table.counted} {wrong.index[0]}: {name} {row['value']:g} of model "
                f"{row['model']!r}, expected {measure.low:g} to {measure.high:g} "
                f"(values out of range: {len(wrong)}); {hint}."
            )
            raise InputError(msg)
    unknown = [name for name in scores["metric"].unique() if name not in MEASURES]
    if unknown:
        unchecked = "its range is not checked, and higher is taken as better"
        return [f"{few(unknown)} is no measure of the workbench; {unchecked}"]
    return []


def without_repeats(scores: pd.DataFrame, table: FileTable) -> pd.DataFrame:
    """Return each score once; a measure without threshold may stand beside every threshold."""
    _refuse_repeats(scores, [*KEYS[:-1], "stated"], table)
    scores = scores[~scores.duplicated([*KEYS, "value"])]
    _refuse_repeats(scores, list(KEYS), table)
    return scores


def _refuse_repeats(scores: pd.DataFrame, keys: list[str], table: FileTable) -> None:
    repeated = scores.duplicated(keys, keep=False)
    if not repeated.any():
        return
    row = scores[repeated].iloc[0]
    same = (scores[keys].fillna(-1) == row[keys].fillna(-1)).all(axis=1)
    places = few(scores.index[same], 4)
    msg = (
        f"{table.path}, {table.counted}s {places}: image {row['image_id']!r} of model "
        f"{row['model']!r} has {same.sum()} scores ({row['metric']}, seed {row['seed']}); keep "
        "one, or number repeated trainings in a column 'seed'."
    )
    raise InputError(msg)


def texts(table: FileTable, column: str, *, required: bool = False) -> pd.Series:
    """Return a column as texts without spaces around them.

    Raises
    ------
    InputError
        If a cell is empty that must not be; the message names its line.
    """
    cells = table.frame[column].astype(str).str.strip()
    cells = cells.mask(table.frame[column].isna(), "")
    if required and cells.eq("").any():
        place = cells.index[cells.eq("")][0]
        msg = f"{table.path}, {table.counted} {place}: column {column!r} is empty; fill it in."
        raise InputError(msg)
    return cells


def whole_numbers(table: FileTable, column: str) -> pd.Series:
    """Return a column as whole numbers, 0 where it is empty.

    Raises
    ------
    InputError
        If a value is no whole number; the message names its line.
    """
    values = numbers(table, column).fillna(0)
    broken = values != values.round()
    if broken.any():
        place = values.index[broken][0]
        msg = (
            f"{table.path}, {table.counted} {place}: column {column!r} holds {values[place]:g}, "
            "expected a whole number."
        )
        raise InputError(msg)
    return values.astype("int64")
