"""A published table of means and standard deviations, and what can be rebuilt from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.schema import InputError
from workbench.studies._score_source_checks import texts, whole_numbers
from workbench.studies._score_source_file import few, numbers, plain_name, read_file_table

SUMMARY_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "model": ("model", "model_name", "method", "algorithm", "network"),
    "n": ("n", "n_images", "images", "count", "total_samples", "number_of_images"),
    "mean": ("mean", "mean_f1", "mean_score", "average"),
    "sd": ("sd", "std", "std_f1", "stdev", "standard_deviation"),
}
"""What the columns of a published table may be called; the first name is ours."""


def read_summary(path: Path) -> pd.DataFrame:
    """Read number of images, mean and standard deviation of each model.

    Parameters
    ----------
    path
        CSV, TSV or Parquet with the columns model, n, mean and sd (ddof=1), or other names of
        :data:`SUMMARY_NAMES`.

    Returns
    -------
    DataFrame
        Columns model, n, mean, sd.

    Raises
    ------
    InputError
        If a column is lacking or unclear, a model stands twice, n is below 2 or sd negative.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "published.csv"
    >>> _ = path.write_text("Model,Images,Mean F1,SD" + chr(10) + "UNET,101,0.3341,0.2376")
    >>> read_summary(path).to_dict("records")
    [{'model': 'UNET', 'n': 101, 'mean': 0.3341, 'sd': 0.2376}]
    """
    table = read_file_table(path)
    there = {plain_name(name): str(name) for name in table.frame.columns}
    found = {
        role: [there[name] for name in names if name in there]
        for role, names in SUMMARY_NAMES.items()
    }
    for role, columns in found.items():
        if len(columns) != 1:
            what = f"{few(columns)} could all be it" if columns else "there is none"
            msg = (
                f"{path}: expected one column {role} ({', '.join(SUMMARY_NAMES[role])}), but "
                f"{what}; the columns are {few(table.frame.columns, 12)}."
            )
            raise InputError(msg)
    summary = pd.DataFrame(
        {
            "model": texts(table, found["model"][0], required=True),
            "n": whole_numbers(table, found["n"][0]),
            "mean": numbers(table, found["mean"][0]),
            "sd": numbers(table, found["sd"][0]),
        }
    )
    wrong = (
        summary["model"].duplicated()
        | (summary["n"] < 2)
        | summary["mean"].isna()
        | ~(summary["sd"] >= 0)
    )
    if wrong.any():
        msg = (
            f"{path}, {table.counted} {summary.index[wrong][0]}: expected each model once, with n "
            "of at least 2, a mean and an sd of at least 0; correct the line."
        )
        raise InputError(msg)
    return summary.reset_index(drop=True)
