"""Tables that users type about methods, images or kinds of images: a row for each, numbers only."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from workbench.schema import InputError
from workbench.studies._score_source_file import few, numbers, read_file_table


class TypedTable(NamedTuple):
    """Numbers that somebody typed.

    Attributes
    ----------
    frame
        A row per name asked for, in their order; all finite.
    readings
        How the file was read, and which of its rows were not asked for.
    """

    frame: pd.DataFrame
    readings: tuple[str, ...]


def read_typed_table(path: Path, names: Sequence[str], *, what: str) -> TypedTable:
    """Read a table whose first column names its rows and whose other columns are numbers.

    Parameters
    ----------
    path
        CSV, TSV or Parquet.
    names
        Rows that are needed; others may stand there too.
    what
        A row is, such as "model", for messages.

    Raises
    ------
    InputError
        If the file can't be read, has no further column, names a row twice, lacks one, or holds
        what is no number; the message says where.
    """
    table = read_file_table(path)
    key, *columns = map(str, table.frame.columns)
    if not columns:
        msg = (
            f"{path}: holds the column {key!r} alone; expected the name of a {what} in the first "
            "column and a number in each further one."
        )
        raise InputError(msg)
    rows = pd.Index(table.frame[key].astype(str).str.strip(), name=what)
    twice = rows[rows.duplicated()]
    if len(twice):
        msg = f"{path}: {what} {twice[0]!r} has several rows; keep one."
        raise InputError(msg)
    absent = [name for name in names if name not in rows]
    if absent:
        raise InputError(_lacking(path, absent, list(rows), what))
    frame = pd.DataFrame({name: numbers(table, name).to_numpy() for name in columns}, index=rows)
    frame = frame.loc[list(names)]
    empty = np.argwhere(frame.isna().to_numpy())
    if len(empty):
        row, column = frame.index[empty[0][0]], frame.columns[empty[0][1]]
        msg = f"{path}: {column!r} of {what} {row!r} is empty; give it, or leave the column out."
        raise InputError(msg)
    others = [name for name in rows if name not in set(names)]
    readings = [f"{path.name}: {', '.join(columns)} of each {what}", *table.readings]
    if others:
        readings.append(f"{path.name}: not used, since not scored: {few(others)}")
    return TypedTable(frame, tuple(readings))


def _lacking(path: Path, absent: Sequence[str], there: Sequence[str], what: str) -> str:
    close = get_close_matches(absent[0], there, n=1)
    cure = f"is {close[0]!r} meant?" if close else f"it has {few(there)}."
    n_more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
    return f"{path}: has no row for {what} {absent[0]!r}{n_more}; {cure}"
