"""Stage "predict": one label TIFF per test image, and how sure the model is of each cell."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.datasets import Record, open_dataset, read_labels, read_record_image
from workbench.inference import (
    ModelDescription,
    Prediction,
    PredictionConfig,
    TrainedNetwork,
    fuse_labels,
    segment_image,
)
from workbench.schema import InputError
from workbench.store import write_labels, write_maps, write_table
from workbench.studies._adopted import CONFIDENCES, adopt_predictions
from workbench.studies._applied import AppliedNetwork, applied_networks, write_applied
from workbench.studies._job_configs import JobConfig
from workbench.studies._networks import ModelFolder, load_networks, open_model_folder
from workbench.studies._progress_text import Milestones

IMAGES: Final = "images.parquet"
MAPS: Final = "maps"


class PredictJob(JobConfig):
    """``03_predict.ipynb``: find the cells of every test image.

    Attributes
    ----------
    architecture, settings
        Of a method without training; "" for all others.
    networks
        Folders of trained networks, whose maps are averaged if there are several.
    own_code
        The user's own Python files that make these networks; no other is run.
    fused
        Folders of predictions to take a vote of.
    adopted
        Predictions of an outside method.
    prediction, keep_maps
        How networks are applied, and whether what they paint is stored.
    """

    dataset: Path
    split: str = "test"
    model: str
    architecture: str = ""
    settings: dict[str, Any] = {}
    networks: tuple[Path, ...] = ()
    own_code: tuple[Path, ...] = ()
    fused: tuple[Path, ...] = ()
    adopted: Path | None = None
    prediction: PredictionConfig = PredictionConfig()
    keep_maps: bool = False
    seed: int = 0
    output: Path


def predict(job: PredictJob, tell: Callable[[str], None] = print) -> pd.DataFrame:
    """Find the cells of every image of a split and write them to ``job.output``.

    An image that can't be read or segmented is listed and left out, the others go on; scoring
    then counts it as an empty prediction.

    Parameters
    ----------
    job
        What to predict with what.
    tell
        Called with a line of text now and then.

    Returns
    -------
    DataFrame
        One row per image, kept as ``images.parquet``: image_id, n_cells (-1 where it failed),
        seconds that finding them took, without reading and writing (NaN where nobody measured
        it), device, problem ("" where all went well).

    Raises
    ------
    InputError
        If the data set, the split, a network or a folder of predictions can't be used, or every
        image fails.
    """
    records = open_dataset(job.dataset).split(job.split)
    job.output.mkdir(parents=True, exist_ok=True)
    if job.adopted:
        table = _adopt(job.adopted, [record.image_id for record in records], job.output)
    else:
        table = _find_all(job, records, tell)
    write_table(job.output / IMAGES, table)
    if (table["n_cells"] < 0).all():
        msg = f"not one image could be segmented. {table['problem'].iloc[0]}"
        raise InputError(msg)
    return table


def _adopt(folder: Path, image_ids: Sequence[str], output: Path) -> pd.DataFrame:
    card, table = adopt_predictions(folder, image_ids, output)
    seconds = card.seconds_per_image if card else None
    return table.assign(
        seconds=math.nan if seconds is None else float(seconds),
        device=card.hardware if card else "",
    )[["image_id", "n_cells", "seconds", "device", "problem"]]


def _find_all(
    job: PredictJob, records: Sequence[Record], tell: Callable[[str], None]
) -> pd.DataFrame:
    way = _way(job)
    write_applied(job.output, way.applied)
    rows, confidences = [], []
    milestones = Milestones(len(records), "images segmented", tell)
    for record in records:
        row = {"image_id": record.image_id, "n_cells": -1, "seconds": math.nan}
        row |= {"device": way.device, "problem": ""}
        try:
            prediction, row["seconds"] = way.find(record)
            write_labels(job.output / f"{record.image_id}.tif", prediction.labels)
            row["n_cells"] = int(prediction.labels.max(initial=0))
            confidences.append(_confidence_table(record.image_id, prediction.confidences))
            if prediction.maps is not None and job.keep_maps:
                write_maps(job.output / MAPS / f"{record.image_id}.tif", prediction.maps)
        except InputError as error:
            row["problem"] = str(error)
        rows.append(row)
        milestones.step()
    if any(len(table.columns) > 2 for table in confidences):
        write_table(job.output / CONFIDENCES, pd.concat(confidences, ignore_index=True))
    return pd.DataFrame(rows)


def _confidence_table(
    image_id: str, confidences: Mapping[str, npt.NDArray[np.float32]]
) -> pd.DataFrame:
    n_cells = max((len(values) for values in confidences.values()), default=0)
    return pd.DataFrame(
        {"image_id": [image_id] * n_cells, "cell_id": np.arange(1, n_cells + 1)}
        | {name: np.asarray(values, np.float32) for name, values in confidences.items()}
    )


class _Way(Protocol):
    """How the cells of an image are found."""

    @property
    def device(self) -> str: ...

    @property
    def applied(self) -> Sequence[AppliedNetwork]: ...

    def find(self, record: Record) -> tuple[Prediction, float]:
        """Return what is found, and the seconds that it took."""


def _way(job: PredictJob) -> _Way:
    ways = {"architecture": job.architecture, "networks": job.networks, "fused": job.fused}
    given = [name for name, value in ways.items() if value]
    if len(given) != 1:
        msg = (
            f"cells are found by one of architecture, networks, fused and adopted, got "
            f"{', '.join(given) or 'none'}; give one and empty the others."
        )
        raise InputError(msg)
    if job.fused:
        return _Vote(job.fused)
    if job.networks:
        return _Networks.opened(job)
    return _Method(job)


@dataclass(frozen=True)
class _Method:
    """A method without training."""

    job: PredictJob
    device: str = "CPU"
    applied: Sequence[AppliedNetwork] = ()

    def find(self, record: Record) -> tuple[Prediction, float]:
        description = ModelDescription(
            architecture=self.job.architecture, settings=self.job.settings
        )
        return _segmented(record, self.job, (), description)


@dataclass(frozen=True)
class _Networks:
    """Trained networks; an image chooses where there is one for each value of a column."""

    job: PredictJob
    folders: tuple[ModelFolder, ...]
    loaded: tuple[Mapping[str, TrainedNetwork], ...]
    applied: tuple[AppliedNetwork, ...]
    device: str

    @classmethod
    def opened(cls, job: PredictJob) -> _Networks:
        from workbench.inference import device_name

        folders = tuple(open_model_folder(folder) for folder in job.networks)
        own_code = [str(path) for path in job.own_code]
        loaded = tuple(load_networks(folder, own_code=own_code) for folder in folders)
        first = next(iter(loaded[0].values())).network
        return cls(
            job,
            folders,
            loaded,
            tuple(applied_networks(job.networks, loaded, job.prediction)),
            device_name(next(first.parameters()).device),
        )

    def find(self, record: Record) -> tuple[Prediction, float]:
        networks = [
            loaded[folder.value_for(record.metadata)]
            for folder, loaded in zip(self.folders, self.loaded, strict=True)
        ]
        return _segmented(record, self.job, networks, networks[0].description)


@dataclass(frozen=True)
class _Vote:
    """Predictions of other models of the study."""

    folders: tuple[Path, ...]
    device: str = "CPU"
    applied: Sequence[AppliedNetwork] = ()

    def find(self, record: Record) -> tuple[Prediction, float]:
        files = [folder / f"{record.image_id}.tif" for folder in self.folders]
        lacking = [path.parent.name for path in files if not path.is_file()]
        if lacking:
            msg = f"{', '.join(lacking)}: no prediction of this image to take a vote of."
            raise InputError(msg)
        labels = [read_labels(path) for path in files]
        started = time.perf_counter()
        fused = fuse_labels(labels)
        own = time.perf_counter() - started
        return fused, own + sum(_seconds(folder, record.image_id) for folder in self.folders)


def _segmented(
    record: Record,
    job: PredictJob,
    networks: Sequence[TrainedNetwork],
    description: ModelDescription,
) -> tuple[Prediction, float]:
    image = read_record_image(record)
    started = time.perf_counter()
    prediction = segment_image(
        image.pixels,
        networks=networks,
        description=description,
        config=job.prediction,
        pixel_size_um=image.pixel_size_um,
        keep_maps=job.keep_maps,
    )
    return prediction, time.perf_counter() - started


def _seconds(folder: Path, image_id: str) -> float:
    """Return what another prediction took for an image; NaN where its folder does not say."""
    if not (folder / IMAGES).is_file():
        return math.nan
    table = pd.read_parquet(folder / IMAGES, columns=["image_id", "seconds"])
    found = table.loc[table["image_id"] == image_id, "seconds"]
    return float(found.iloc[0]) if len(found) else math.nan
