"""Overlays and samples for the notebooks to show."""

from collections.abc import Sequence

from workbench.datasets import open_dataset, read_labels, read_record_image
from workbench.inference import PredictionConfig, load_network, segment_image
from workbench.metrics import label_overlap, match_overlap
from workbench.schema import LabelImage, Member, Overlay, Sample
from workbench.studies._predict import PredictJob
from workbench.studies._train import TrainJob, settled_training
from workbench.studies._view import RunView, images_worst_first, load_overlay


def make_overlay(sample: Sample, member: Member, predicted: LabelImage) -> Overlay:
    """Match a prediction with its reference at IoU 0.5.

    Raises
    ------
    ValueError
        If the sample has no reference, or the sizes differ.
    """
    if sample.reference is None:
        msg = f"image {sample.image_id!r} has no reference to match with."
        raise ValueError(msg)
    overlap = label_overlap(sample.reference, predicted)
    matches = match_overlap(overlap)
    matched_reference = {pair[0] for pair in matches.pairs}
    matched_predicted = {pair[1] for pair in matches.pairs}
    n_cells = 2 * matches.tp + matches.fp + matches.fn
    return Overlay(
        sample=sample,
        member=member,
        predicted=predicted,
        reference_outcomes={
            int(cell): "matched" if cell in matched_reference else "missed"
            for cell in overlap.reference_ids
        },
        predicted_outcomes={
            int(cell): "matched" if cell in matched_predicted else "spurious"
            for cell in overlap.predicted_ids
        },
        scores={"f1": 2 * matches.tp / n_cells if n_cells else float("nan")},
    )


def validation_overlay(job: TrainJob, samples: tuple[list[Sample], list[Sample]]) -> Overlay:
    """Return what the best weights of a training find in the first validation image."""
    trained = load_network(job.output)
    sample = samples[1][0]
    predicted = segment_image(
        sample.image,
        networks=[trained],
        description=trained.description,
        config=PredictionConfig(window_px=settled_training(job, samples[0]).view_px),
        pixel_size_um=sample.pixel_size_um,
    )
    return make_overlay(sample, Member(job.model, job.seed), predicted.labels)


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
