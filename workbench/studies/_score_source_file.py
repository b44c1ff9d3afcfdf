"""A table in a file, whatever program wrote it, with the number of every line kept."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.schema import InputError

UNNAMED: Final = "unnamed"
SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_SEPARATOR_LINE: Final = re.compile(r"^sep=(.)\r?\n", re.IGNORECASE)
_DECIMAL_COMMA: Final = re.compile(r"^[+-]?\d*,\d+(?:[eE][+-]?\d+)?$")
_LONG_LINE: Final = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_NO_NAME: Final = re.compile(r"^(unnamed: \d+|index|level_0)$", re.IGNORECASE)
_NO_VALUE: Final = {"", "nan", "na", "n/a", "null", "none", "-", "–", "#n/a"}
_FOREIGN: Final = {
    b"PK\x03\x04": "a spreadsheet or ZIP file; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save the sheet as CSV",
    b"\x1f\x8b": "compressed; unpack it",
    b"%PDF": "a PDF; copy its text or table into a text file",
}


@dataclass(frozen=True, eq=False)
class FileTable:
    """A table as a file holds it.

    Attributes
    ----------
    path
        The file.
    frame
        From text files all cells are texts. The index is the number of the line in the file (of
        the row in Parquet, from 1).
    readings
        What had to be decided to read it.
    """

    path: Path
    frame: pd.DataFrame
    readings: tuple[str, ...] = ()

    @property
    def counted(self) -> str:
        """What the index counts: "line" or "row"."""
        return "line" if self.frame.index.name == "line" else "row"


def read_file_table(path: Path) -> FileTable:
    """Read CSV, TSV or Parquet; encoding, separator and decimal comma are found out and said.

    Raises
    ------
    InputError
        If there is no such file, it is empty or no table, a line has more cells than the first, or
        two columns have one name.
    """
    data = _content(path)
    if data.startswith(b"PAR1"):
        return _read_parquet(path)
    text, encoding = _decoded(path, data)
    if not text.strip():
        msg = f"{path}: is empty; expected a table with column names in its first line."
        raise InputError(msg)
    return _read_text(path, text, encoding)


def read_text_file(path: Path) -> str:
    """Return the text of a file, whatever its encoding.

    Raises
    ------
    InputError
        If there is no such file, or it holds no text.
    """
    return _decoded(path, _content(path))[0]


def numbers(table: FileTable, column: str) -> pd.Series:
    """Return a column as float; NaN where it has no value.

    Raises
    ------
    InputError
        If a value is no finite number; the message names its line.
    """
    values = table.frame[column]
    if pd.api.types.is_numeric_dtype(values.dtype):
        result = values.astype("float64")
        texts = values.astype(str)
    else:
        texts = values.fillna("").astype(str).str.strip()
        pointed = texts.where(~texts.str.match(_DECIMAL_COMMA), texts.str.replace(",", "."))
        absent = texts.str.lower().isin(_NO_VALUE)
        result = pd.to_numeric(pointed.mask(absent), errors="coerce").astype("float64")
        wrong = result.isna() & ~absent
        if wrong.any():
            raise InputError(_no_number(table, column, texts[wrong]))
    endless = result.abs() == float("inf")
    if endless.any():
        raise InputError(_no_number(table, column, texts[endless]))
    return result


def has_numbers(table: FileTable, column: str) -> bool:
    """Return whether at least one cell of a column reads as a number."""
    values = table.frame[column]
    if pd.api.types.is_numeric_dtype(values.dtype):
        return bool(values.notna().any())
    texts = values.fillna("").astype(str).str.strip().str.replace(",", ".")
    return bool(pd.to_numeric(texts, errors="coerce").notna().any())


def few(names: Iterable[object], limit: int = 5) -> str:
    """Return the first names and how many there are besides.

    Examples
    --------
    >>> few(["a", "b", "c"], limit=2)
    'a, b and 1 more'
    """
    texts = [str(name) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def plain_name(name: object) -> str:
    """Return a column name in lower case, words joined by underscores.

    Examples
    --------
    >>> plain_name(" F1 Score"), plain_name("correct_num(TP)"), plain_name("Mean-Dice")
    ('f1_score', 'correct_num(tp)', 'mean_dice')
    """
    return re.sub(r"[\s\-.]+(?!\d)", "_", str(name).strip().lower())


def _no_number(table: FileTable, column: str, wrong: pd.Series) -> str:
    place, value = wrong.index[0], wrong.iloc[0]
    more = f" ({len(wrong)} such values)" if len(wrong) > 1 else ""
    return (
        f"{table.path}, {table.counted} {place}: column {column!r} holds {value!r}, expected a "
        f"number{more}; correct it, or leave the cell empty where there is no score."
    )


def _read_parquet(path: Path) -> FileTable:
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        msg = f"{path}: not a Parquet table ({error}); write it again."
        raise InputError(msg) from error
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    frame.columns = _column_names(path, list(frame.columns))
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return _filled(path, frame, ())


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        msg = f"{path}: no such file or folder; check the path."
        raise InputError(msg) from None
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            msg = f"{path}: is {what}."
            raise InputError(msg)
    return data


def _decoded(path: Path, data: bytes) -> tuple[str, str]:
    """Return the text of a file and, where it is not UTF-8, its encoding."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\x00" in data:
        msg = f"{path}: is no text; expected a table (CSV, TSV, Parquet) or a text."
        raise InputError(msg)
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding), "" if encoding == "utf-8-sig" else encoding
        except UnicodeDecodeError:
            continue
    msg = f"{path}: the text is neither UTF-8 nor Windows-1252; save it as CSV UTF-8."
    raise InputError(msg)


def _read_text(path: Path, text: str, encoding: str) -> FileTable:
    readings = [f"the text is {encoding}, not UTF-8"] if encoding else []
    declared = _SEPARATOR_LINE.match(text)
    if declared:
        text = "\n" + text[declared.end() :]  # so that lines keep their numbers
    lines = text.splitlines()
    first = next(place for place, line in enumerate(lines) if line.strip())
    separator = (
        declared[1] if declared else max(SEPARATORS, key=lambda s: len(_cells(lines[first], s)))
    )
    if separator != ",":
        readings.append(f"cells are separated by {SEPARATORS.get(separator, repr(separator))}")
    names = _column_names(path, _cells(lines[first], separator))
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            names=range(len(names)),
            index_col=False,
            dtype=str,
            na_filter=False,
            skip_blank_lines=False,
        )
    except (pd.errors.ParserError, csv.Error) as error:
        raise InputError(_no_table(path, error)) from error
    frame.columns = names
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="line")
    frame = frame.iloc[first + 1 :]
    if any(frame[name].str.match(_DECIMAL_COMMA).any() for name in names):
        readings.append("decimal commas are read as points")
    return _filled(path, frame, tuple(readings))


def _filled(path: Path, frame: pd.DataFrame, readings: tuple[str, ...]) -> FileTable:
    """Return the table without empty lines and unnamed empty columns."""
    texts = frame.astype(str) if len(frame) else frame
    frame = frame[~texts.eq("").all(axis=1)] if len(frame) else frame
    if frame.empty:
        msg = f"{path}: holds column names and no line below them; expected a line per score."
        raise InputError(msg)
    if UNNAMED in frame and frame[UNNAMED].astype(str).eq("").all():
        frame = frame.drop(columns=UNNAMED)
    return FileTable(path, frame, readings)


def _cells(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _column_names(path: Path, names: Sequence[object]) -> list[str]:
    texts = [str(name).strip() for name in names]
    # Spreadsheets and pandas leave the column of row numbers or of the index without a name.
    texts = [UNNAMED if not name or _NO_NAME.match(name) else name for name in texts]
    twice = [name for name, n in Counter(texts).items() if n > 1]
    if twice:
        msg = f"{path}: {few(twice)} stands more than once among the columns; rename one of them."
        raise InputError(msg)
    return texts


def _no_table(path: Path, error: Exception) -> str:
    if found := _LONG_LINE.search(str(error)):
        expected, line, seen = found.groups()
        return (
            f"{path}, line {line}: {seen} cells where the first line names {expected} columns; a "
            "decimal comma in a table separated by commas does this: save with semicolons."
        )
    return f"{path}: is no table ({str(error).rpartition('error: ')[2].strip()}); save it as CSV."
