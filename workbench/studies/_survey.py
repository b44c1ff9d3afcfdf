"""What a data set holds: one row per image, one per cell, and what can't be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.datasets import Dataset, Record, read_sample
from workbench.metrics import cell_intensity, cell_morphology, image_quality
from workbench.schema import InputError, Sample
from workbench.studies._processes import mapped
from workbench.studies._progress_text import Milestones

CELL_FACTS: Final = (
    "cell_id", "row_px", "column_px", "area_px", "diameter_px", "perimeter_px", "elongation",
    "convexity", "solidity", "touching_fraction", "neighbour_distance_px", "n_pieces",
    "touches_border", "intensity_mean", "intensity_sd",
)  # fmt: skip
MEDIANS: Final = ("area_px", "elongation", "convexity", "solidity", "neighbour_distance_px")


@dataclass(frozen=True, eq=False)
class Survey:
    """Facts about a data set.

    Attributes
    ----------
    images
        One row per readable image: image_id, split, the metadata columns, height_px, width_px,
        channels, dtype, pixel_size_um, what :class:`workbench.metrics.ImageQuality` tells,
        n_cells, density_per_mpx (cells per million pixels), foreground (share of pixels in cells),
        touching_share (share of cells that touch another), and medians over cells:
        median_area_px, median_elongation, median_convexity, median_solidity,
        median_neighbour_distance_px. Without labels, what is of cells is NaN.
    cells
        One row per cell: image_id, split and :func:`workbench.metrics.cell_morphology`'s numbers,
        diameter_px (of the disc of equal area), intensity_mean and intensity_sd.
    problems
        One row per image that can't be used: image_id, problem.
    """

    images: pd.DataFrame
    cells: pd.DataFrame
    problems: pd.DataFrame


def survey_dataset(
    dataset: Dataset, *, workers: int | None = None, tell: Callable[[str], None] | None = None
) -> Survey:
    """Read every image once and collect its facts; bad files are listed, not raised.

    Parameters
    ----------
    dataset
        What to look at; a few images are in memory at a time.
    workers
        Processes; None takes the cores that are free.
    tell
        Called with a line of text now and then.

    Raises
    ------
    InputError
        If not one image can be read.
    """
    images: list[dict[str, Any]] = []
    cells: list[pd.DataFrame] = []
    problems: list[dict[str, str]] = []
    milestones = Milestones(len(dataset.records), "images read", tell or (lambda _: None))
    with mapped(_facts, dataset.records, workers=workers) as found:
        for record, facts in zip(dataset.records, found, strict=True):
            milestones.step()
            if isinstance(facts, str):
                problems.append({"image_id": record.image_id, "problem": facts})
                continue
            images.append(facts[0])
            cells.append(facts[1])
    if not images:
        msg = f"data set {dataset.root}: no image can be read. {problems[0]['problem']}"
        raise InputError(msg)
    return Survey(
        images=pd.DataFrame(images),
        cells=pd.concat(cells, ignore_index=True),
        problems=pd.DataFrame(problems, columns=["image_id", "problem"]),
    )


def survey_samples(samples: Sequence[Sample], *, split: str = "train") -> Survey:
    """Collect the facts of images that are in memory; see :func:`survey_dataset`."""
    facts = [_sample_facts(sample, split) for sample in samples]
    return Survey(
        images=pd.DataFrame([image for image, _ in facts]),
        cells=pd.concat([cells for _, cells in facts], ignore_index=True),
        problems=pd.DataFrame(columns=["image_id", "problem"]),
    )


def _facts(record: Record) -> tuple[dict[str, Any], pd.DataFrame] | str:
    """Return the facts of an image and of its cells, or why it can't be read."""
    try:
        sample = read_sample(record)
    except InputError as error:
        return str(error)
    return _sample_facts(sample, record.split)


def _sample_facts(sample: Sample, split: str) -> tuple[dict[str, Any], pd.DataFrame]:
    cells = _cell_facts(sample).assign(image_id=sample.image_id, split=split)
    return _image_facts(sample, split, cells), cells[["image_id", "split", *CELL_FACTS]]


def _cell_facts(sample: Sample) -> pd.DataFrame:
    labels = sample.reference
    if labels is None:
        labels = np.zeros(sample.image.shape[:2], np.uint32)
    intensity = cell_intensity(sample.image, labels)
    columns = cell_morphology(labels) | {
        name: intensity[name] for name in ("intensity_mean", "intensity_sd")
    }
    cells = pd.DataFrame(columns)
    cells["diameter_px"] = 2 * np.sqrt(cells["area_px"] / np.pi)
    return cells


def _image_facts(sample: Sample, split: str, cells: pd.DataFrame) -> dict[str, Any]:
    height, width, channels = sample.image.shape
    size_px = height * width
    of_cells = {
        "n_cells": len(cells),
        "density_per_mpx": 1e6 * len(cells) / size_px,
        "foreground": cells["area_px"].sum() / size_px,
        "touching_share": (cells["touching_fraction"] > 0).mean(),
        **{f"median_{name}": cells[name].median() for name in MEDIANS},
    }
    if sample.reference is None:
        of_cells = dict.fromkeys(of_cells, float("nan"))
    return {
        "image_id": sample.image_id,
        "split": split,
        **sample.metadata,
        "height_px": height,
        "width_px": width,
        "channels": channels,
        "dtype": str(sample.image.dtype),
        "pixel_size_um": sample.pixel_size_um,
        **asdict(image_quality(sample.image, sample.reference)),
        **of_cells,
    }
