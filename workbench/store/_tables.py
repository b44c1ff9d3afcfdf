"""The tidy tables as Parquet: columns and types are those of the schema, or it is an error."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.schema import CELL_COLUMNS, SCORE_COLUMNS, InputError
from workbench.store._atomic import atomic_path


def score_table(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return values by column as a score table, see :data:`workbench.schema.SCORE_COLUMNS`.

    Raises
    ------
    KeyError
        If a column is lacking.
    """
    return _table(columns, SCORE_COLUMNS)


def cell_table(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return values by column as a cell table, see :data:`workbench.schema.CELL_COLUMNS`.

    Raises
    ------
    KeyError
        If a column is lacking.
    """
    return _table(columns, CELL_COLUMNS)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all."""
    with atomic_path(path) as partial:
        table.to_parquet(partial, index=False)


def read_scores(path: Path) -> pd.DataFrame:
    """Read a score table.

    Raises
    ------
    InputError
        If the file is missing, damaged, or not a score table.
    """
    return _read(path, SCORE_COLUMNS)


def read_cells(path: Path) -> pd.DataFrame:
    """Read a cell table.

    Raises
    ------
    InputError
        If the file is missing, damaged, or not a cell table.
    """
    return _read(path, CELL_COLUMNS)


def join_tables(parts: Sequence[Path], target: Path) -> None:
    """Write the rows of Parquet files of the same columns as one, in the order given.

    One file is in memory at a time.
    """
    import pyarrow.parquet as pq

    with (
        atomic_path(target) as partial,
        pq.ParquetWriter(partial, pq.read_schema(parts[0])) as writer,
    ):
        for part in parts:
            writer.write_table(pq.read_table(part))


def _table(values: Mapping[str, Sequence[Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series(values[name], dtype=kind) for name, kind in columns.items()}
    )


def _read(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError:
        msg = f"{path}: no such file; the run has not scored anything yet (`workbench status`)."
        raise InputError(msg) from None
    except (OSError, ValueError) as error:
        msg = f"{path}: not a Parquet table ({error}); delete it and run the study again."
        raise InputError(msg) from error
    lacking = [name for name in columns if name not in table.columns]
    if lacking:
        msg = f"{path}: lacks the columns {', '.join(lacking)}; it was written by another tool."
        raise InputError(msg)
    return table.astype(dict(columns))[list(columns)]
