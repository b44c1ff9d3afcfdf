"""Two folders of label images to tables, without a study."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from workbench.metrics import DEFAULT_IOU_THRESHOLDS
from workbench.schema import STATUSES, InputError
from workbench.store import atomic_path, write_table
from workbench.studies._evaluate import failed_images, score_folders
from workbench.studies._report_parts import ReportTable
from workbench.studies._report_sections import summary_table


def score_to_folder(
    reference: Path, predicted: Path, out: Path, *, tell: Callable[[str], None]
) -> list[ReportTable]:
    """Score a folder of predictions and write the tables.

    Parameters
    ----------
    reference, predicted
        Folders of label images that share their stems.
    out
        Gets ``images.parquet``, ``cells.parquet``, ``images.csv`` and ``summary.csv``.
    tell
        Called with a line of text now and then.

    Returns
    -------
    list of ReportTable
        The summary and, where there are any, the predictions that were unusable.

    Raises
    ------
    InputError
        If a folder can't be used or the tables can't be written.
    """
    scores, cells = score_folders(
        reference, predicted, iou_thresholds=DEFAULT_IOU_THRESHOLDS, tell=tell
    )
    summary = summary_table(scores)
    try:
        write_table(out / "images.parquet", scores)
        write_table(out / "cells.parquet", cells)
        _write_csv(out / "images.csv", scores)
        _write_csv(out / "summary.csv", summary.frame)
    except OSError as error:
        msg = f"{out}: can't write there ({error.strerror}); choose another folder with --out."
        raise InputError(msg) from error
    failed = failed_images(scores)
    if failed.empty:
        return [summary]
    words = failed[["image_id"]].assign(problem=failed["status"].map(STATUSES))
    return [summary, ReportTable("unusable", "Unusable predictions.", words)]


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    with atomic_path(path) as partial:
        table.to_csv(partial, index=False)
