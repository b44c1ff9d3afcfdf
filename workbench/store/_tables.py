"""The tidy tables as Parquet: columns and types are those of the schema, or it is an error."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.schema import (
    CELL_COLUMNS,
    ERROR_COLUMNS,
    PIXEL_ERROR_COLUMNS,
    SCORE_COLUMNS,
    InputError,
)
from workbench.store._atomic import atomic_path

NOT_YET: Final = "the run has not scored anything yet (`workbench status`)."
RUN_AGAIN: Final = (
    "an earlier version of the workbench wrote these tables. Run the study again (`workbench run`, "
    "or `workbench score`): only the scoring is repeated."
)
CELL_KEYS: Final = ("dataset", "image_id", "model", "seed", "side", "cell_id")


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


def error_table(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return values by column as an error table, see :data:`workbench.schema.ERROR_COLUMNS`.

    Raises
    ------
    KeyError
        If a column is lacking.
    """
    return _table(columns, ERROR_COLUMNS)


def pixel_error_table(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return values by column as in :data:`workbench.schema.PIXEL_ERROR_COLUMNS`.

    Raises
    ------
    KeyError
        If a column is lacking.
    """
    return _table(columns, PIXEL_ERROR_COLUMNS)


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


def read_errors(path: Path) -> pd.DataFrame:
    """Read an error table.

    Raises
    ------
    InputError
        If the file is missing, damaged, or not an error table.
    """
    return _read(path, ERROR_COLUMNS)


def read_pixel_errors(path: Path) -> pd.DataFrame:
    """Read a table of wrong pixels.

    Raises
    ------
    InputError
        If the file is missing, damaged, or not such a table.
    """
    return _read(path, PIXEL_ERROR_COLUMNS)


def read_features(path: Path) -> pd.DataFrame:
    """Read a table of what is measured of cells, whatever is measured.

    Returns
    -------
    DataFrame
        Columns dataset, image_id, model, seed, side and cell_id, then the features.

    Raises
    ------
    InputError
        If the file is missing, damaged, or not a table of cells.
    """
    table = _open(path)
    _need(path, table, CELL_KEYS)
    return table


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
    table = _open(path)
    _need(path, table, columns)
    return table.astype(dict(columns))[list(columns)]


def _open(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        # A run that an earlier version scored has tables, but fewer.
        cure = RUN_AGAIN if (path.parent / "images.parquet").is_file() else NOT_YET
        msg = f"{path}: no such file; {cure}"
        raise InputError(msg) from None
    except (OSError, ValueError) as error:
        msg = f"{path}: not a Parquet table ({error}); delete it and run the study again."
        raise InputError(msg) from error


def _need(path: Path, table: pd.DataFrame, columns: Iterable[str]) -> None:
    lacking = [name for name in columns if name not in table.columns]
    if not lacking:
        return
    is_ours = set(CELL_KEYS) <= set(table.columns) or "metric" in table.columns
    cure = RUN_AGAIN if is_ours else "it was written by another tool."
    msg = f"{path}: lacks the columns {', '.join(lacking)}; {cure}"
    raise InputError(msg)
