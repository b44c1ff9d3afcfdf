"""Columns of a table as they travel to the browser, and how they are called there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.schema import column_label

FEW_NAMES: Final = 12
MANY_NAMES: Final = 200
LOG_FROM: Final = 100.0
"""An axis becomes logarithmic where positive values span more than this ratio."""

NOT_GIVEN: Final = "not given"

Kind = Literal["number", "id", "category", "text"]


@dataclass(frozen=True, eq=False)
class Column:
    """One column as it travels to the browser.

    Attributes
    ----------
    name, label
        In the table, and as read by people.
    kind
        "number" can be an axis, "category" a filter; "id" and "text" are shown and sorted by.
    data
        Numbers as float32, identifiers as uint32, places in ``names`` as the smallest unsigned
        integers that hold them.
    names
        Of categories and texts, sorted.
    is_log
        Whether an axis of this column is logarithmic.
    """

    name: str
    label: str
    kind: Kind
    data: npt.NDArray[Any]
    names: tuple[str, ...] = ()
    is_log: bool = False


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length, by name."""

    columns: Mapping[str, Column]
    n_rows: int

    def of_kind(self, kind: Kind) -> tuple[str, ...]:
        """Return the names of the columns of one kind, in order."""
        return tuple(name for name, column in self.columns.items() if column.kind == kind)


def encode_table(frame: pd.DataFrame) -> Table:
    """Sort the columns of a table into numbers, categories, identifiers and texts.

    Parameters
    ----------
    frame
        Any columns. Texts that repeat become categories; texts that are all numbers, with more
        than twelve different ones, become numbers; truth values become "yes" and "no".

    Returns
    -------
    Table
        Numbers that are infinite count as missing.

    Examples
    --------
    >>> table = encode_table(pd.DataFrame({"image_id": ["a", "b"], "area_px": [10, 2000]}))
    >>> [(column.label, column.kind, column.is_log) for column in table.columns.values()]
    [('Image id', 'text', False), ('Area, px', 'number', True)]
    """
    columns = {str(name): _encode(str(name), frame[name]) for name in frame.columns}
    return Table(columns, len(frame))


def _encode(name: str, values: pd.Series) -> Column:
    if pd.api.types.is_bool_dtype(values):
        codes, texts = _texts(values.map({True: "yes", False: "no"}))
        return _named(name, codes, texts, "category")
    if pd.api.types.is_numeric_dtype(values):
        if name.endswith("_id") and values.notna().all() and values.between(0, 2**32 - 1).all():
            return Column(name, column_label(name), "id", values.to_numpy(np.uint32))
        return _number(name, values)
    # What is asked of texts is asked once of each: few of many thousand cells differ.
    codes, texts = _texts(values)
    if name != "image_id":
        numbers = pd.to_numeric(pd.Series(texts).where(texts != NOT_GIVEN), errors="coerce")
        if len(texts) > FEW_NAMES and (numbers.notna() | (texts == NOT_GIVEN)).all():
            return _number(name, numbers.iloc[codes])
        if len(texts) <= FEW_NAMES or len(texts) <= min(MANY_NAMES, len(codes) // 2):
            return _named(name, codes, texts, "category")
    return _named(name, codes, texts, "text")


def _texts(values: pd.Series) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
    """Return the different values as texts, and for each row which of them it has."""
    found, unique = pd.factorize(values, use_na_sentinel=False)
    told = [NOT_GIVEN if pd.isna(value) or value == "" else str(value) for value in unique]
    again, texts = pd.factorize(np.array(told, dtype=object))
    return again[found], texts


def _number(name: str, values: pd.Series) -> Column:
    numbers = values.to_numpy(np.float32, na_value=np.nan)
    numbers = np.where(np.isfinite(numbers), numbers, np.nan).astype(np.float32)
    finite = numbers[np.isfinite(numbers)]
    is_log = bool(finite.size and finite.min() > 0 and finite.max() > LOG_FROM * finite.min())
    return Column(name, column_label(name), "number", numbers, is_log=is_log)


def _named(name: str, codes: npt.NDArray[np.intp], texts: npt.NDArray[Any], kind: Kind) -> Column:
    names = sorted(texts.tolist(), key=_natural)
    place_of = {text: place for place, text in enumerate(names)}
    small = np.min_scalar_type(max(0, len(names) - 1))
    places = np.array([place_of[text] for text in texts], small)
    return Column(name, column_label(name), kind, places[codes], tuple(names))


def _natural(text: str) -> tuple[int, float, str]:
    """Return a sorting key by which "9" comes before "10"."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text
