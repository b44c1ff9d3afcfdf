"""Overlays and samples for the notebooks to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from skimage.segmentation import relabel_sequential

from workbench import figures
from workbench.datasets import open_dataset, read_labels, read_record_image
from workbench.inference import PredictionConfig, find_encoding, load_network, segment_image
from workbench.metrics import label_errors, label_overlap
from workbench.schema import InputError, LabelImage, Member, Overlay, Sample
from workbench.studies._predict import PredictJob
from workbench.studies._train import TrainJob, trained_for
from workbench.studies._view import RunView, images_worst_first, load_overlay

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAP_NAMES: Final = {
    "three_class": ("background", "interior", "boundary"),
    "three_class_distance": ("background", "interior", "boundary", "distance"),
    "star_convex": ("object", *(f"ray {place}" for place in range(1, 33))),
    "flows": ("foreground", "flow down", "flow right"),
}
"""What the channels of an encoding's maps are called in figures."""


def make_overlay(sample: Sample, member: Member, predicted: LabelImage) -> Overlay:
    """Say what became of each cell of a prediction and its reference at IoU 0.5.

    Raises
    ------
    ValueError
        If the sample has no reference, or the sizes differ.
    """
    if sample.reference is None:
        msg = f"image {sample.image_id!r} has no reference to match with."
        raise ValueError(msg)
    overlap = label_overlap(sample.reference, predicted)
    errors = label_errors(overlap)
    n_cells = errors.n_reference + errors.n_predicted
    reference_ids, predicted_ids = overlap.reference_ids.tolist(), overlap.predicted_ids.tolist()
    return Overlay(
        sample=sample,
        member=member,
        predicted=predicted,
        reference_outcomes=dict(zip(reference_ids, errors.reference.outcomes, strict=True)),
        predicted_outcomes=dict(zip(predicted_ids, errors.predicted.outcomes, strict=True)),
        scores={"f1": 2 * errors.tp / n_cells if n_cells else float("nan")},
        reference_details=dict(zip(reference_ids, errors.reference.details, strict=True)),
        predicted_details=dict(zip(predicted_ids, errors.predicted.details, strict=True)),
    )


def validation_overlay(job: TrainJob, samples: tuple[list[Sample], list[Sample]]) -> Overlay:
    """Return what the best weights of a training find in the first validation image."""
    sample = samples[1][0]
    trained = load_network(trained_for(job, sample), own_code=[job.architecture])
    predicted = segment_image(
        sample.image,
        networks=[trained],
        description=trained.description,
        config=PredictionConfig(window_px=job.training.view_px),
        pixel_size_um=sample.pixel_size_um,
    )
    return make_overlay(sample, Member(job.model, job.seed), predicted.labels)


def target_figure(job: TrainJob, sample: Sample) -> go.Figure:
    """Show what a network is to paint of a training image: its classes, or map by map.

    Raises
    ------
    InputError
        If the image has no labels.
    """
    if sample.reference is None:
        msg = f"image {sample.image_id!r} has no labels; training needs some for every image."
        raise InputError(msg)
    labels, _, _ = relabel_sequential(sample.reference.astype(np.int32))
    encoding = find_encoding(job.encoding)
    maps = encoding.perfect(encoding.encode(labels))
    if job.encoding == "three_class":
        return figures.class_map(sample.image, maps.argmax(axis=-1).astype(np.uint8))
    names = map_names(job.encoding, maps.shape[-1])
    return figures.map_gallery(
        sample.image, {name: maps[..., place] for place, name in enumerate(names)}
    )


def map_names(encoding: str, n_maps: int) -> tuple[str, ...]:
    """Return what the maps of an encoding are called; those without a name are numbered.

    Examples
    --------
    >>> map_names("flows", 4)
    ('foreground', 'flow down', 'flow right', 'map 4')
    """
    known = MAP_NAMES.get(encoding, ())[:n_maps]
    return (*known, *(f"map {place + 1}" for place in range(len(known), n_maps)))


def predicted_samples(job: PredictJob, *, n: int) -> list[Sample]:
    """Return the first images of a prediction, the predicted labels in the reference's place."""
    records = open_dataset(job.dataset).split(job.split)
    files = [(record, job.output / f"{record.image_id}.tif") for record in records]
    written = [(record, path) for record, path in files if path.is_file()]
    return [
        Sample(record.image_id, read_record_image(record).pixels, read_labels(path))
        for record, path in written[:n]
    ]


def extreme_overlays(view: RunView, member: Member, *, n: int, worst: bool) -> Sequence[Overlay]:
    """Return the images on which a member does worst or best, the most extreme first."""
    ranked = images_worst_first(view, member).dropna(subset="value")["image_id"]
    chosen = ranked.head(n) if worst else ranked.tail(n).iloc[::-1]
    return [load_overlay(view, member, str(image_id)) for image_id in chosen]
