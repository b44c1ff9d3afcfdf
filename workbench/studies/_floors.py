"""The waterfall of a member: what outlines, encoding, decoder and tiles took, and its network."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.analysis import waterfall_steps
from workbench.datasets import Record, read_labels, read_record_image, read_reference
from workbench.inference import PredictionConfig, find_encoding, fitting_decoder
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, InputError, LabelImage, Member
from workbench.studies._applied import AppliedNetwork, read_applied
from workbench.studies._faults import BASELINE, baseline_f1_of, f1_of
from workbench.studies._processes import mapped
from workbench.studies._progress_text import Milestones
from workbench.studies._segmenter import open_segmenter, sample_records
from workbench.studies._view import RunView
from workbench.transforms import jitter_labels

AMPLITUDES_PX: Final = (0.5, 1.0, 2.0)
AMPLITUDE_PX: Final = 1.0
LARGEST_WHOLE_PX: Final = 2048
WINDOW_MULTIPLE: Final = 32

MEASURED_ON: Final = {
    "outlines": "reference moved by {amplitude:g} px (SD), against the reference",
    "second annotator": "another annotator's labels, against the reference",
    "encoding": "the same, encoded as {encoding} and read by its default decoder",
    "decoder": "the same, read by the member's own decoder: {decoder}",
    "tiling": "prediction in one window against the stored one",
    "network": "stored predictions: all that the other steps don't explain",
}


@dataclass(frozen=True, eq=False)
class Waterfall:
    """From 1 to the score of a member.

    Attributes
    ----------
    member
        Whose.
    iou_threshold
        Of F1.
    steps
        As :func:`workbench.analysis.waterfall_steps`, and ``measured_on``: what each step was
        measured with, in words.
    noise
        ``amplitude_px`` and ``f1``: what a reference scores whose outlines were moved that far;
        without rows where there is a second annotator.
    baseline_f1
        Mean F1 of Otsu's threshold and a watershed on the same images.
    left_out
        Steps that could not be measured, and why, one sentence each; what they take is in the
        step "network".
    """

    member: Member
    iou_threshold: float
    steps: pd.DataFrame
    noise: pd.DataFrame
    baseline_f1: float
    left_out: tuple[str, ...]


def waterfall(
    view: RunView,
    member: Member,
    *,
    iou_threshold: float = PRIMARY_IOU_THRESHOLD,
    n_images: int = 100,
    amplitude_px: float = AMPLITUDE_PX,
    second_labels: Path | None = None,
    tiling: bool = True,
    workers: int | None = None,
    tell: Callable[[str], None] = print,
) -> Waterfall:
    """Measure how much of a perfect score is lost where, on the images of a run.

    Each step takes the labels that the one before left and does one thing more to them: outlines
    as another annotator might draw them, through the encoding and back by its default decoder, by
    the member's own decoder. What prediction in windows costs is measured where images are larger
    than a window. The network gets the rest.

    Parameters
    ----------
    view
        From :func:`open_view`.
    member
        Of the run.
    iou_threshold
        One that the run was scored at.
    n_images
        Of more images with cells, so many are measured, evenly spread.
    amplitude_px
        How far outlines are moved; see :func:`workbench.transforms.jitter_labels`.
    second_labels
        Folder with a label TIFF ``<image_id>.tif`` by a second annotator for every image: taken
        in place of moved outlines.
    tiling
        Whether to run networks again on images larger than their window.
    workers
        Processes; by default as many as there are free cores.
    tell
        Called with a line of text now and then.

    Returns
    -------
    Waterfall
        Its losses add up to one minus the mean F1 of the member on these images.

    Raises
    ------
    InputError
        If nothing was scored at the threshold, no image has cells, or the second annotator's
        labels lack an image or differ in size.
    """
    scores = _scores_of(view, member, iou_threshold)
    records = sample_records([r for r in view.dataset.records if r.image_id in scores], n_images)
    applied = read_applied(view.run.prediction_folder(member))
    first = _first_network(applied)
    measure = partial(
        _measured,
        applied=first,
        column=_chooser(view, member),
        amplitudes=tuple(sorted({*AMPLITUDES_PX, amplitude_px})),
        amplitude_px=amplitude_px,
        second_labels=second_labels,
        iou_threshold=iou_threshold,
    )
    milestones = Milestones(len(records), "images measured", tell)
    measured = []
    with mapped(measure, records, workers=workers) as results:
        for one in results:
            measured.append(one)
            milestones.step()
    ids = pd.Index([record.image_id for record in records], name="image_id")
    levels = pd.DataFrame([one.levels for one in measured], index=ids)
    noise = pd.DataFrame([one.noise for one in measured], index=ids).mean()
    score = pd.Series(scores).reindex(ids)
    left_out = [] if first else [f"{member.name} paints no maps: no encoding and no decoder."]
    lost, why = (
        _lost_to_tiles(view, member, records, score, iou_threshold=iou_threshold, tell=tell)
        if tiling and applied
        else (None, "Tiling was not measured." if applied else "")
    )
    if lost is not None:
        levels["tiling"] = levels.iloc[:, -1] - lost
    steps = waterfall_steps(levels.assign(score=score))
    return Waterfall(
        member,
        iou_threshold,
        steps.assign(measured_on=_texts(steps["step"], amplitude_px, first)),
        noise.rename_axis("amplitude_px").rename("f1").reset_index(),
        _baseline(view, records, iou_threshold),
        tuple(filter(None, [*left_out, why])),
    )


@dataclass(frozen=True)
class _Measured:
    """One image: F1 after each step, and by how far outlines were moved."""

    levels: Mapping[str, float]
    noise: Mapping[float, float]


def _measured(
    record: Record,
    *,
    applied: Mapping[str, AppliedNetwork],
    column: str,
    amplitudes: Sequence[float],
    amplitude_px: float,
    second_labels: Path | None,
    iou_threshold: float,
) -> _Measured:
    """Take one reference down the steps that need no network."""
    reference = read_reference(record)

    def score(labels: LabelImage) -> float:
        return f1_of(reference, labels, iou_threshold=iou_threshold)

    if second_labels is not None:
        labels = _second(second_labels, record, reference)
        levels, noise = {"second annotator": score(labels)}, {}
    else:
        moved = {px: _moved(reference, px, record.image_id) for px in amplitudes}
        labels, noise = moved[amplitude_px], {px: score(each) for px, each in moved.items()}
        levels = {"outlines": noise[amplitude_px]}
    if applied:
        network = applied[record.metadata.get(column, "") if column else ""]
        for step, decoder in (
            ("encoding", fitting_decoder(network.encoding, None)),
            ("decoder", network.read_decoder()),
        ):
            levels[step] = score(_read_back(labels, network.encoding, decoder))
    return _Measured(levels, noise)


def _moved(reference: LabelImage, amplitude_px: float, image_id: str) -> LabelImage:
    # The same displacement in every run and process, another for every image.
    rng = np.random.default_rng(zlib.crc32(image_id.encode()))
    return jitter_labels(
        reference,
        amplitude_px=amplitude_px,
        rng=rng,
        smoothness_px=max(8.0, 4 * amplitude_px),
    )


def _second(folder: Path, record: Record, reference: LabelImage) -> LabelImage:
    labels = read_labels(folder / f"{record.image_id}.tif")
    if labels.shape != reference.shape:
        msg = (
            f"{folder / record.image_id}.tif: the second annotator's labels must have the size of "
            f"the reference, {reference.shape}, got {labels.shape}."
        )
        raise InputError(msg)
    return labels


def _read_back(labels: LabelImage, encoding: str, decoder: Any) -> LabelImage:
    """Return what maps without error of these cells are read as."""
    coder = find_encoding(encoding)
    _, ranks = np.unique(np.append(0, labels), return_inverse=True)
    numbered = ranks[1:].reshape(labels.shape).astype(np.int32)
    return coder.decode(coder.perfect(coder.encode(numbered)), decoder)


def _scores_of(view: RunView, member: Member, iou_threshold: float) -> dict[str, float]:
    """Return the F1 of a member by image, of images with reference cells."""
    scores = view.scores
    f1 = scores[(scores["metric"] == PRIMARY_METRIC) & (scores["n_reference"] > 0)]
    chosen = f1[
        (f1["model"] == member.model)
        & (f1["seed"] == member.seed)
        & np.isclose(f1["threshold"], iou_threshold)
    ].dropna(subset="value")
    if chosen.empty:
        there = ", ".join(f"{value:g}" for value in sorted(f1["threshold"].unique()))
        msg = (
            f"{view.run.root}: {member.name} has no F1 at IoU {iou_threshold:g} on images with "
            f"cells; F1 was scored at {there or 'no threshold'}."
        )
        raise InputError(msg)
    return dict(zip(chosen["image_id"], chosen["value"].astype(float), strict=True))


def _first_network(applied: Sequence[AppliedNetwork]) -> dict[str, AppliedNetwork]:
    """Return the network whose decoder reads the maps, by the value of images it is for."""
    first = applied[0].model if applied else ""
    return {network.value: network for network in applied if network.model == first}


def _chooser(view: RunView, member: Member) -> str:
    """Return the metadata column whose value chooses the network; "" where there is one."""
    parts = view.study.network_models(member.model)
    return view.study.models[parts[0]].one_per if parts else ""


def _lost_to_tiles(
    view: RunView,
    member: Member,
    records: Sequence[Record],
    score: pd.Series,
    *,
    iou_threshold: float,
    tell: Callable[[str], None],
) -> tuple[pd.Series | None, str]:
    """Return what prediction in windows and tiles cost each image, or why nobody can say."""
    try:
        segmenter = open_segmenter(view, member)
    except InputError as error:
        return None, f"Tiling was not measured: {error}"
    lost = pd.Series(0.0, index=score.index)
    larger = 0
    for record in records:
        image = read_record_image(record)
        side = max(image.pixels.shape[:2])
        if side <= segmenter.config.window_px:
            continue
        if side > LARGEST_WHOLE_PX:
            return None, (
                f"Tiling was not measured: {record.image_id} is larger than "
                f"{LARGEST_WHOLE_PX} px, too large for one window."
            )
        found = segmenter.find(
            image.pixels,
            record.metadata,
            pixel_size_um=image.pixel_size_um,
            config=_whole(segmenter.config, side),
        )
        reference = read_reference(record)
        whole = f1_of(reference, found, iou_threshold=iou_threshold)
        lost[record.image_id] = whole - score[record.image_id]
        larger += 1
    if not larger:
        window = segmenter.config.window_px
        return None, f"Tiling costs nothing: no image is larger than a window of {window} px."
    tell(f"{larger} images larger than a window predicted whole")
    return lost, ""


def _whole(config: PredictionConfig, side_px: int) -> PredictionConfig:
    """Return a way of prediction whose window and tile hold an image of this side."""
    window_px = -(-side_px // WINDOW_MULTIPLE) * WINDOW_MULTIPLE
    tile_px = max(config.tile_px, window_px)
    return config.model_copy(update={"window_px": window_px, "tile_px": tile_px})


def _baseline(view: RunView, records: Sequence[Record], iou_threshold: float) -> float:
    """Return the mean F1 of the trivial baseline: the run's own where it has one."""
    ids = [record.image_id for record in records]
    for member in view.members:
        if view.study.models[member.model].architecture == BASELINE:
            known = pd.Series(_scores_of(view, member, iou_threshold))
            return float(known.reindex(ids).mean())
    values = [baseline_f1_of(record, iou_threshold=iou_threshold) for record in records]
    return float(np.nanmean(values))


def _texts(
    steps: pd.Series, amplitude_px: float, networks: Mapping[str, AppliedNetwork]
) -> list[str]:
    """Return what each step was measured with."""
    one = next(iter(networks.values()), None)
    known = {
        "amplitude": amplitude_px,
        "encoding": one.encoding if one else "",
        "decoder": one.decoder_text if one else "",
    }
    return [MEASURED_ON[step].format(**known) for step in steps]
