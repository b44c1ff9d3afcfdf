"""From somebody's table to ours: long, wide, a column per measure, or the challenge's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from workbench.schema import SCORE_COLUMNS, STATUSES, InputError
from workbench.studies._score_source_checks import (
    check_values,
    texts,
    whole_numbers,
    without_repeats,
)
from workbench.studies._score_source_columns import (
    Columns,
    measure_name,
    read_columns,
)
from workbench.studies._score_source_file import (
    FileTable,
    few,
    has_numbers,
    numbers,
    read_file_table,
)
from workbench.studies._score_source_thresholds import (
    CHALLENGE_FILE,
    TableOptions,
    fill_thresholds,
    stated_threshold,
    takes_threshold,
)

_COUNTS: Final = ("tp", "fp", "fn", "n_reference", "n_predicted")


@dataclass(frozen=True, eq=False)
class TableScores:
    """Scores of one file.

    Attributes
    ----------
    scores
        Score table.
    readings
        What was read as what.
    problems
        What a reader of results must know.
    metadata
        ``image_id`` and further columns that hold one text per image.
    has_splits
        Whether a column names splits.
    """

    scores: pd.DataFrame
    readings: tuple[str, ...]
    problems: tuple[str, ...]
    metadata: pd.DataFrame
    has_splits: bool


def read_table_scores(path: Path, options: TableOptions) -> TableScores:
    """Read the scores in a CSV, TSV or Parquet file.

    Raises
    ------
    InputError
        If a column is lacking or unclear, a value is no number or out of its measure's range, or a
        score stands twice; the message names file and line.
    """
    table = read_file_table(path)
    columns = read_columns(table, metric=options.metric)
    table, readings = _of_split(table, columns, options.split)
    common = _common(table, columns)
    parts, rest = _parts(table, columns, options, readings)
    metadata = _facts_of_images(table, columns, rest)
    if len(metadata.columns) > 1:
        readings.append(f"facts of images: {few(metadata.columns[1:], 12)}")
    if passed := [name for name in rest if name not in metadata]:
        readings.append(f"columns passed over: {few(passed, 12)}")
    scores = pd.concat([common.loc[part.index].assign(**part) for part in parts])
    scores["stated"] = stated_threshold(scores, table, columns)
    scores["threshold"] = scores["stated"].where(takes_threshold(scores))
    fill_thresholds(scores, table, options, readings)
    problems = [*_count_cells(scores, columns), *check_values(scores, table)]
    scores = without_repeats(scores, table)
    undefined = scores["value"].isna() & (scores["status"] == "ok")
    scores.loc[undefined, "status"] = "undefined"
    frame = pd.DataFrame(
        {name: scores[name].astype(kind).to_numpy() for name, kind in SCORE_COLUMNS.items()}
    )
    return TableScores(
        frame,
        (*readings, *table.readings),
        tuple(problems),
        metadata,
        "split" in columns.roles,
    )


def _of_split(table: FileTable, columns: Columns, split: str | None) -> tuple[FileTable, list[str]]:
    """Return the rows of one split; a table without splits as it is."""
    if "split" not in columns.roles:
        return table, []
    values = table.frame[columns.roles["split"]].astype(str).str.strip()
    there = list(dict.fromkeys(values))
    if split is None:
        if len(there) > 1:
            msg = (
                f"{table.path}: holds the splits {few(there)}; scores of training and test images "
                f"must not be mixed, so choose one, e.g. `--split {there[-1]}`."
            )
            raise InputError(msg)
        return table, []
    if split not in there:
        msg = f"{table.path}: no row is of split {split!r}, only of {few(there)}."
        raise InputError(msg)
    chosen = table.frame[values == split]
    return (
        FileTable(table.path, chosen, table.readings),
        [f"split {split!r}: {len(chosen)} of {len(table.frame)} rows"],
    )


def _common(table: FileTable, columns: Columns) -> pd.DataFrame:
    """Return what all scores of a row share; index is that of the table."""
    roles = columns.roles
    frame = pd.DataFrame(index=table.frame.index)
    frame["image_id"] = texts(table, roles["image_id"], required=True)
    frame["seed"] = whole_numbers(table, roles["seed"]) if "seed" in roles else 0
    for role in ("dataset", "group", "convention"):
        frame[role] = texts(table, roles[role]) if role in roles else ""
    status = texts(table, roles["status"]) if "status" in roles else ""
    frame["status"] = status
    frame["status"] = frame["status"].where(frame["status"].isin(list(STATUSES)), "ok")
    for role in _COUNTS:
        frame[role] = whole_numbers(table, roles[role]) if role in roles else 0
    if _is_challenge(columns):
        frame["convention"] = "neurips_cellseg"
    return frame


def _parts(
    table: FileTable, columns: Columns, options: TableOptions, readings: list[str]
) -> tuple[list[pd.DataFrame], tuple[str, ...]]:
    """Return model, metric, threshold and value of every row, once per column that holds values.

    Also the columns that hold something else.
    """
    roles, rest = columns.roles, columns.rest
    as_value = roles.get("value", "")
    if as_value and columns.measures and as_value.lower() != "value":
        as_value, rest = "", (*rest, as_value)  # "score" beside F1 is something else
    if as_value:
        model = _models(table, columns, readings)
        metric = _metric(table, columns, options)
        readings.insert(0, _told("a score per line", table, roles, f"values from {as_value!r}"))
        part = _part(model, metric, np.nan, numbers(table, as_value))
        return [part], (*rest, *columns.measures)
    if columns.measures:
        model = _models(table, columns, readings)
        what = ", ".join(f"{of} from {column!r}" for column, (of, _) in columns.measures.items())
        readings.insert(0, _told("a column per measure", table, roles, what))
        return [
            _part(model, name, threshold, numbers(table, column))
            for column, (name, threshold) in columns.measures.items()
        ], rest
    models = [name for name in rest if has_numbers(table, name)]
    _refuse_unclear_wide(table, columns, models)
    metric = _metric(table, columns, options)
    readings.insert(0, _told("a column per model", table, roles, f"models {few(models, 60)}"))
    return (
        [_part(name, metric, np.nan, numbers(table, name)) for name in models],
        tuple(name for name in rest if name not in models),
    )


def _facts_of_images(table: FileTable, columns: Columns, rest: Sequence[str]) -> pd.DataFrame:
    """Return the columns that hold one text for every image, however many lines it has."""
    facts = pd.DataFrame({"image_id": texts(table, columns.roles["image_id"])})
    facts = facts.assign(**{name: texts(table, name) for name in rest})
    by_image = facts.groupby("image_id", sort=False)
    constant = [name for name in rest if by_image[name].nunique().le(1).all()]
    return facts[["image_id", *constant]].drop_duplicates("image_id").reset_index(drop=True)


def _part(
    model: pd.Series | str, metric: pd.Series | str, threshold: float, value: pd.Series
) -> pd.DataFrame:
    return pd.DataFrame(
        {"model": model, "metric": metric, "threshold": threshold, "value": value},
        index=value.index,
    )


def _told(form: str, table: FileTable, roles: Mapping[str, str], what: str) -> str:
    renamed = [
        f"{role} from {column!r}" for role, column in roles.items() if role not in (column, "value")
    ]
    n = len(table.frame)
    return f"{n} {table.counted}{'s' if n > 1 else ''}, {form}: {', '.join([*renamed, what])}"


def _models(table: FileTable, columns: Columns, readings: list[str]) -> pd.Series | str:
    if "model" in columns.roles:
        return texts(table, columns.roles["model"], required=True)
    found = CHALLENGE_FILE.match(table.path.stem)
    model = found["model"] if found else table.path.stem
    readings.append(f"no column names the model, so it is called as the file: {model}")
    return model


def _metric(table: FileTable, columns: Columns, options: TableOptions) -> pd.Series | str:
    if "metric" in columns.roles:
        return texts(table, columns.roles["metric"], required=True).map(measure_name)
    if options.metric is None:
        msg = (
            f"{table.path}: no column says what the values measure; say it, e.g. `--metric f1` "
            "(`workbench measures` lists the names)."
        )
        raise InputError(msg)
    return options.metric


def _refuse_unclear_wide(table: FileTable, columns: Columns, models: Sequence[str]) -> None:
    if models and "model" not in columns.roles:
        return
    there = few([str(name) for name in table.frame.columns], 12)
    what = (
        "a column 'value' or one named after a measure (f1, dice, ...)"
        if "model" in columns.roles
        else "columns with scores"
    )
    msg = (
        f"{table.path}: expected {what} beside the images, there are {there}; rename the column "
        "that holds the scores, or name it with `--metric`."
    )
    raise InputError(msg)


def _is_challenge(columns: Columns) -> bool:
    """Return whether a table has the columns that the script of the challenge writes."""
    return {"names", "correct_num(TP)", "missed_num(FN)"} <= set(columns.roles.values())


def _count_cells(scores: pd.DataFrame, columns: Columns) -> list[str]:
    """Correct missed and spurious cells of the challenge's files; return what was corrected."""
    if not _is_challenge(columns) or not {"n_reference", "n_predicted"} <= set(columns.roles):
        return []
    missed = scores["n_reference"] - scores["tp"]
    spurious = scores["n_predicted"] - scores["tp"]
    wrong = scores.loc[missed != scores["fn"], "image_id"].unique()
    scores["fn"], scores["fp"] = missed, spurious
    if not len(wrong):
        return []
    text = f"counts no missed cells where nothing was predicted ({few(wrong)}); true_num less TP is"
    return [f"{text} taken"]
