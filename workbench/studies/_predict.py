"""Stage "predict": one label TIFF per test image."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.datasets import open_dataset, read_record_image
from workbench.inference import (
    ModelDescription,
    PredictionConfig,
    TrainedNetwork,
    load_network,
    segment_image,
    use_best_device,
)
from workbench.schema import InputError
from workbench.store import write_labels
from workbench.studies._job_configs import JobConfig
from workbench.studies._progress_text import Milestones


class PredictJob(JobConfig):
    """``03_predict.ipynb``: find the cells of every test image.

    ``checkpoint`` is the folder that training wrote; None for a method without training.
    """

    dataset: Path
    split: str = "test"
    model: str
    architecture: str
    settings: dict[str, Any] = {}
    prediction: PredictionConfig = PredictionConfig()
    seed: int = 0
    checkpoint: Path | None = None
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
        One row per image: image_id, n_cells (-1 where it failed), seconds, problem ("" where
        all went well).

    Raises
    ------
    InputError
        If the data set, the split or the checkpoint can't be used, or every image fails.
    """
    if job.checkpoint is None:
        networks = []
        description = ModelDescription(architecture=job.architecture, settings=job.settings)
    else:
        network, description = load_network(job.checkpoint)
        networks = [TrainedNetwork(use_best_device(network), description)]
    records = open_dataset(job.dataset).split(job.split)
    job.output.mkdir(parents=True, exist_ok=True)
    rows = []
    milestones = Milestones(len(records), "images segmented", tell)
    for record in records:
        started = time.perf_counter()
        n_cells, problem = -1, ""
        try:
            image = read_record_image(record)
            labels = segment_image(
                image.pixels,
                networks=networks,
                description=description,
                config=job.prediction,
                pixel_size_um=image.pixel_size_um,
            ).labels
            write_labels(job.output / f"{record.image_id}.tif", labels)
            n_cells = int(labels.max())
        except InputError as error:
            problem = str(error)
        seconds = time.perf_counter() - started
        rows.append(
            {
                "image_id": record.image_id,
                "n_cells": n_cells,
                "seconds": seconds,
                "problem": problem,
            }
        )
        milestones.step()
    table = pd.DataFrame(rows)
    if (table["n_cells"] < 0).all():
        msg = f"not one image could be segmented. {table['problem'].iloc[0]}"
        raise InputError(msg)
    return table
