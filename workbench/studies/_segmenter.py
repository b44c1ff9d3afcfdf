"""The model of a finished run applied again, to images that nobody stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.datasets import Record
from workbench.inference import (
    ModelDescription,
    PredictionConfig,
    TrainedNetwork,
    fuse_labels,
    segment_image,
)
from workbench.schema import ImageArray, InputError, LabelImage, Member
from workbench.studies._graph import draft_jobs
from workbench.studies._networks import ModelFolder, load_networks, open_model_folder
from workbench.studies._predict import PredictJob
from workbench.studies._view import RunView


@dataclass(frozen=True, eq=False)
class Segmenter:
    """What a member of a run finds its cells with.

    Attributes
    ----------
    config
        How networks are applied.
    method
        A method without training; None where there are networks or parts.
    folders, loaded
        Model folders and their networks, in the same order.
    parts
        Members whose cells are put to the vote; none for all others.
    """

    config: PredictionConfig
    method: ModelDescription | None = None
    folders: tuple[ModelFolder, ...] = ()
    loaded: tuple[Mapping[str, TrainedNetwork], ...] = ()
    parts: tuple[Segmenter, ...] = ()

    def find(
        self,
        image: ImageArray,
        metadata: Mapping[str, str],
        *,
        pixel_size_um: float | None = None,
        config: PredictionConfig | None = None,
    ) -> LabelImage:
        """Return the cells of an image.

        Parameters
        ----------
        image
            Shape (height, width, channels), any numeric type.
        metadata
            Of its record: they choose the network where there is one for each value of a column.
        pixel_size_um
            Side of its pixels, where networks resample.
        config
            How to apply networks, in place of the member's own way.
        """
        if self.parts:
            found = [
                part.find(image, metadata, pixel_size_um=pixel_size_um, config=config)
                for part in self.parts
            ]
            return fuse_labels(found).labels
        networks = [
            loaded[folder.value_for(metadata)]
            for folder, loaded in zip(self.folders, self.loaded, strict=True)
        ]
        return segment_image(
            image,
            networks=networks,
            description=self.method or networks[0].description,
            config=config or self.config,
            pixel_size_um=pixel_size_um,
        ).labels


def open_segmenter(view: RunView, member: Member) -> Segmenter:
    """Load what a member of a run found its cells with, onto the best device there is.

    A network made by a user's own Python file runs that file.

    Raises
    ------
    InputError
        If the predictions came from elsewhere, so that there is nothing to run, or a network is
        no longer there.
    """
    job = prediction_job(view, member)
    if job.adopted:
        msg = (
            f"{member.name}: its predictions come from {job.adopted}, and the workbench can't run "
            "the method that made them; choose a model that the study trained or ran itself."
        )
        raise InputError(msg)
    if job.fused:
        parts = [
            view.study.member(name, member.seed)
            for name in view.study.models[member.model].ensemble
        ]
        return Segmenter(job.prediction, parts=tuple(open_segmenter(view, part) for part in parts))
    if not job.networks:
        method = ModelDescription(architecture=job.architecture, settings=job.settings)
        return Segmenter(job.prediction, method)
    folders = tuple(open_model_folder(folder) for folder in job.networks)
    own_code = [str(path) for path in job.own_code]
    loaded = tuple(load_networks(folder, own_code=own_code) for folder in folders)
    return Segmenter(job.prediction, None, folders, loaded)


def sample_records(records: Sequence[Record], n: int) -> list[Record]:
    """Return at most n records, evenly spread over their order."""
    if len(records) <= n:
        return list(records)
    return [records[round(place * (len(records) - 1) / max(n - 1, 1))] for place in range(n)]


def prediction_job(view: RunView, member: Member) -> PredictJob:
    """Return the job of a run's study that made a member's predictions."""
    for job in draft_jobs(view.study, view.run):
        if job.stage == "predict" and job.member == member:
            return PredictJob(
                **dict(job.parameters), **dict(job.places), output=Path(job.output or ".")
            )
    msg = f"{member.name}: the study of this run has no stage that predicts."
    raise InputError(msg)
