"""What the stage calibrate measures of a member, and its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.schema import InputError, Member
from workbench.store import Run, write_table, write_text

SUMMARY: Final = "calibration.json"
TABLES: Final = ("bins", "images", "f1", "measures", "reliability")
VARIANTS: Final = ("before", "after")
REGIONS: Final = ("all", "cells", "band")


def calibration_folder(run: Run, member: Member) -> Path:
    """Return the folder in which a run keeps the calibration of a member."""
    return run.root / "calibration" / member.name


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was measured of one member; tables are empty where ``note`` says why.

    Attributes
    ----------
    temperature
        Chosen on the validation images; NaN where there are no probabilities.
    n_images, n_pixels, nll_before, nll_after
        What it was chosen on, and the mean -ln of the true class's probability there.
    note
        Why pixels can't be calibrated; "" where they can.
    problems
        Images that could not be used, a line each.
    bins
        Columns variant, region, image_id, target, bin, count, confidence, correct.
    images
        Columns variant, region, image_id, group, n_pixels, brier, nll (sums).
    f1
        Columns variant, image_id, group, threshold, f1, tp, n_reference, n_predicted: of the cells
        that the decoder finds in the maps.
    measures
        As :func:`workbench.analysis.pixel_calibration_measures`, by variant and region.
    reliability
        As :func:`workbench.analysis.reliability_bins`, by variant and region.
    """

    temperature: float
    n_images: int
    n_pixels: int
    nll_before: float
    nll_after: float
    note: str
    problems: tuple[str, ...]
    bins: pd.DataFrame
    images: pd.DataFrame
    f1: pd.DataFrame
    measures: pd.DataFrame
    reliability: pd.DataFrame


def not_calibrated(note: str) -> Calibration:
    """Return empty tables and why they are empty."""
    nan = float("nan")
    keys = ["variant", "region"]
    of_image = ["image_id", "group"]
    limits = ["ci_low", "ci_high"]
    of_bin = ["low", "high", "n", "share", "n_images", "confidence", "accuracy"]
    columns: dict[str, list[str]] = {
        "bins": [*keys, "image_id", "target", "bin", "count", "confidence", "correct"],
        "images": [*keys, *of_image, "n_pixels", "brier", "nll"],
        "f1": ["variant", *of_image, "threshold", "f1", "tp", "n_reference", "n_predicted"],
        "measures": [*keys, "measure", "value", *limits, "image_mean", "n_images"],
        "reliability": [*keys, *of_bin, *limits, "gap"],
    }
    tables = {name: pd.DataFrame(columns=columns[name]) for name in TABLES}
    return Calibration(nan, 0, 0, nan, nan, note, (), **tables)


def write_calibration(folder: Path, found: Calibration, facts: Mapping[str, Any]) -> None:
    """Write ``calibration.json`` and a Parquet file for each table into an existing folder.

    Parameters
    ----------
    folder, found
        Where to, and what.
    facts
        Written to ``calibration.json`` too.
    """
    for name in TABLES:
        write_table(folder / f"{name}.parquet", getattr(found, name))
    summary = {
        name: None if isinstance(value, float) and np.isnan(value) else value
        for name, value in vars(found).items()
        if name not in TABLES
    }
    write_text(folder / SUMMARY, json.dumps({**facts, **summary}, indent=1) + "\n")


def read_calibration(folder: Path) -> Calibration | None:
    """Return what the stage wrote into a folder; None if it did not run.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    if not (folder / SUMMARY).is_file():
        return None
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
        numbers = {
            name: float("nan") if summary[name] is None else summary[name]
            for name in ("temperature", "nll_before", "nll_after")
        }
        return Calibration(
            **numbers,
            n_images=int(summary["n_images"]),
            n_pixels=int(summary["n_pixels"]),
            note=str(summary["note"]),
            problems=tuple(summary["problems"]),
            **tables,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{folder}: not what the stage calibrate writes ({error!r}); run it again."
        raise InputError(msg) from error
