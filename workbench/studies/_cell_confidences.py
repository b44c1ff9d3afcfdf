"""How sure a member is of its cells, by each definition of confidence that was stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis import (
    image_groups,
    instance_calibration,
    instance_reliability,
    risk_coverage,
)
from workbench.store import read_cells, read_scores
from workbench.studies._adopted import CONFIDENCES
from workbench.studies._calibrate import CalibrateJob
from workbench.studies._calibration_tables import with_interval
from workbench.studies._evaluate import PRIMARY_CONFIDENCES

CELL_TITLES: Final = {
    "recall": "Recall",
    "precision": "Precision",
    "d_ece": "D-ECE",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "risk_coverage_area": "Risk-coverage area",
    "spearman_iou": "Spearman with IoU",
}


@dataclass(frozen=True, eq=False)
class CellConfidences:
    """The confidences of a member's cells, by definition.

    Attributes
    ----------
    cells
        Cell table of the member, ``confidence`` that by which its cells are ranked.
    by_definition
        The same, one under the other for each definition of confidence, whose name stands in the
        column ``model``.
    groups
        ``image_id`` to group, None where images stand alone.
    """

    cells: pd.DataFrame
    by_definition: pd.DataFrame
    groups: pd.Series | None

    @property
    def measures(self) -> pd.DataFrame:
        """Every measure of each definition, with 95 % intervals over images, as text."""
        return cell_overview(instance_calibration(self.by_definition, groups=self.groups)).rename(
            columns={"Model": "Confidence"}
        )

    @property
    def reliability(self) -> pd.DataFrame:
        """Reliability bins of the definition by which cells are ranked."""
        return instance_reliability(self.cells, groups=self.groups)

    @property
    def risk(self) -> pd.DataFrame:
        """Risk against coverage of each definition."""
        return risk_coverage(self.by_definition)


def cell_confidences(job: CalibrateJob) -> CellConfidences:
    """Read how sure a member is of its cells, and which of them are true.

    Raises
    ------
    InputError
        If the member was not scored yet.
    """
    cells = read_cells(job.scores / "cells.parquet")
    groups = image_groups(read_scores(job.scores / "images.parquet"))
    path = job.predictions / CONFIDENCES
    if not path.is_file():
        return CellConfidences(cells, cells.assign(model="none stored"), groups)
    stored = pd.read_parquet(path)
    names = [str(name) for name in stored.columns if name not in ("image_id", "cell_id")]
    names.sort(key=lambda name: name not in PRIMARY_CONFIDENCES)
    parts = []
    for name in names:
        keyed = stored.set_index(["image_id", "cell_id"])[name]
        of_cell = pd.MultiIndex.from_frame(cells[["image_id", "cell_id"]])
        values = keyed.reindex(of_cell).to_numpy(float)
        values = np.where(cells["side"] == "predicted", values, np.nan)
        parts.append(cells.assign(model=name, confidence=values))
    return CellConfidences(cells, pd.concat(parts, ignore_index=True), groups)


def cell_overview(measures: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`workbench.analysis.instance_calibration` with a row per model, as text."""
    rows = []
    for (model, _), part in measures.groupby(["model", "seed"], sort=False):
        texts = {row.measure: with_interval(row, digits=2) for row in part.itertuples()}
        rows.append(
            {"Model": model, "Cells": int(part["n_predicted"].iloc[0])}
            | {title: texts[name] for name, title in CELL_TITLES.items()}
            | {"Notice": part["notice"].iloc[0]}
        )
    return pd.DataFrame(rows, columns=["Model", "Cells", *CELL_TITLES.values(), "Notice"])
