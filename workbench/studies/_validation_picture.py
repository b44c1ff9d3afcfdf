"""What the best weights so far find in a validation image, while training goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workbench.datasets import Record, open_dataset, read_sample
from workbench.inference import (
    WEIGHTS_FILE,
    PredictionConfig,
    TrainedNetwork,
    load_network,
    read_card,
    segment_image,
)
from workbench.schema import InputError
from workbench.store import Run
from workbench.studies._config import read_run_study
from workbench.studies._graph import Job, draft_jobs
from workbench.studies._networks import ModelFolder, open_model_folder
from workbench.studies._small_pictures import as_jpeg, shrunk_picture, with_outlines

PICTURE_PX: Final = 480
BEST_CHECKPOINT: Final = "best.ckpt"
"""The best weights while training goes on."""
REFERENCE_COLOUR: Final = (0, 166, 118)
PREDICTED_COLOUR: Final = (230, 159, 0)


def validation_picture(folder: Path, member: str, network_folder: Path) -> tuple[str, bytes]:
    """Draw a validation image with the cells that the best weights so far find.

    Parameters
    ----------
    folder
        Of a run.
    member
        Such as ``unet-0``.
    network_folder
        Where its training writes.

    Returns
    -------
    tuple of str and bytes
        The image's id, and a JPEG: outlines of the reference in green, of what was found in orange.

    Raises
    ------
    InputError
        If no run tells which images validate, or no weights have been validated yet.
    """
    run = Run(folder)
    if not run.study_file.is_file():
        msg = f"{folder}: only the study of a run tells which images validate."
        raise InputError(msg)
    jobs = {job.name: job for job in draft_jobs(read_run_study(run.study_file), run)}
    job = jobs.get(f"train/{member}")
    if job is None or job.parameters["fold"] is not None:
        msg = f"{member}: no image of the data set validates it alone; a fold of them does."
        raise InputError(msg)
    trained = _best_so_far(network_folder, str(job.parameters["architecture"]))
    sample = read_sample(_first_record(job, network_folder))
    found = segment_image(
        sample.image,
        networks=[trained],
        description=trained.description,
        config=PredictionConfig(),
        pixel_size_um=sample.pixel_size_um,
    )
    pixels = shrunk_picture(sample.image, size_px=PICTURE_PX)
    if sample.reference is not None:
        pixels = with_outlines(pixels, sample.reference, colour=REFERENCE_COLOUR)
    pixels = with_outlines(pixels, found.labels, colour=PREDICTED_COLOUR)
    return sample.image_id, as_jpeg(pixels)


def _best_so_far(folder: Path, architecture: str) -> TrainedNetwork:
    if (folder / WEIGHTS_FILE).is_file():
        return load_network(folder, own_code=[architecture])
    checkpoint = folder / BEST_CHECKPOINT
    if not checkpoint.is_file():
        msg = f"{folder}: no weights have been validated yet; look again later."
        raise InputError(msg)
    import torch

    description = read_card(folder).description
    if description.architecture.endswith(".py") and description.architecture != architecture:
        msg = f"{folder}: made by {description.architecture}, which this study does not name."
        raise InputError(msg)
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    except (OSError, RuntimeError, EOFError, KeyError) as error:
        msg = f"{checkpoint}: is being written just now ({error}); look again in a moment."
        raise InputError(msg) from error
    network = description.build(pretrained=False)
    network.load_state_dict({key.removeprefix("network."): value for key, value in state.items()})
    return TrainedNetwork(network.eval(), description)


def _first_record(job: Job, network_folder: Path) -> Record:
    """Return the first validation image that is for this network."""
    place = job.places["dataset"]
    records = open_dataset(Path(str(place))).split(str(job.parameters["validation_split"]))
    column = str(job.parameters["one_per"])
    if not column:
        return records[0]
    folders: ModelFolder = open_model_folder(network_folder.parent)
    values = [value for value, path in folders.folders.items() if path == network_folder]
    return next(record for record in records if record.metadata.get(column, "") in values)
