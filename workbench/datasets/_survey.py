"""What a data set holds: one row per image, one per cell, and what can't be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.datasets._records import Dataset, Record, read_sample
from workbench.schema import InputError, Sample


@dataclass(frozen=True, eq=False)
class Survey:
    """Facts about a data set.

    Attributes
    ----------
    images
        One row per readable image: image_id, split, the metadata columns, height_px, width_px,
        channels, dtype, low and high (1st and 99.8th percentile of intensity), n_cells,
        median_area_px, foreground (share of pixels in cells). Without labels the last three are
        NaN.
    cells
        One row per cell: image_id, split, cell_id, area_px, diameter_px (of the disc of equal
        area).
    problems
        One row per image that can't be used: image_id, problem.
    """

    images: pd.DataFrame
    cells: pd.DataFrame
    problems: pd.DataFrame


def survey_dataset(dataset: Dataset) -> Survey:
    """Read every image once and collect its facts; bad files are listed, not raised.

    Raises
    ------
    InputError
        If not one image can be read.
    """
    images: list[dict[str, Any]] = []
    cells: list[pd.DataFrame] = []
    problems: list[dict[str, str]] = []
    for record, found in _read_all(dataset):
        if isinstance(found, InputError):
            problems.append({"image_id": record.image_id, "problem": str(found)})
            continue
        areas = _cell_areas(found)
        images.append(_image_facts(record, found, areas))
        cells.append(areas.assign(image_id=record.image_id, split=record.split))
    if not images:
        msg = f"data set {dataset.root}: no image can be read. {problems[0]['problem']}"
        raise InputError(msg)
    all_cells = pd.concat(cells, ignore_index=True)
    all_cells["diameter_px"] = 2 * np.sqrt(all_cells["area_px"] / np.pi)
    return Survey(
        images=pd.DataFrame(images),
        cells=all_cells[["image_id", "split", "cell_id", "area_px", "diameter_px"]],
        problems=pd.DataFrame(problems, columns=["image_id", "problem"]),
    )


def _read_all(dataset: Dataset) -> Iterator[tuple[Record, Sample | InputError]]:
    for record in dataset.records:
        try:
            yield record, read_sample(record)
        except InputError as error:
            yield record, error


def _cell_areas(sample: Sample) -> pd.DataFrame:
    reference = sample.reference
    ids, areas = np.unique(
        np.empty(0, np.uint32) if reference is None else reference[reference > 0],
        return_counts=True,
    )
    return pd.DataFrame({"cell_id": ids.astype(np.int64), "area_px": areas.astype(np.int64)})


def _image_facts(record: Record, sample: Sample, areas: pd.DataFrame) -> dict[str, Any]:
    height, width, channels = sample.image.shape
    low, high = np.percentile(sample.image, (1, 99.8))
    labelled = sample.reference is not None
    return {
        "image_id": record.image_id,
        "split": record.split,
        **record.metadata,
        "height_px": height,
        "width_px": width,
        "channels": channels,
        "dtype": str(sample.image.dtype),
        "low": float(low),
        "high": float(high),
        "n_cells": len(areas) if labelled else np.nan,
        "median_area_px": areas["area_px"].median() if labelled else np.nan,
        "foreground": areas["area_px"].sum() / (height * width) if labelled else np.nan,
    }
