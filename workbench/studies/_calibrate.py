"""Stage "calibrate": how far a model's probabilities can be believed, before and after temperature.

Maps are painted image by image and never stored: what is kept of them are sums in fine bins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from workbench.analysis import image_groups, pixel_calibration_measures, reliability_bins
from workbench.datasets import open_dataset
from workbench.inference import (
    PROBABILITY_CLASSES,
    PredictionConfig,
    class_probabilities,
    decode_maps,
    fit_temperature,
    reference_classes,
    tempered,
)
from workbench.metrics import (
    DEFAULT_IOU_THRESHOLDS,
    calibration_columns,
    calibration_regions,
    label_overlap,
    match_overlap,
    pixel_calibration,
)
from workbench.schema import FloatImage, InputError, LabelImage, Member
from workbench.studies._calibration_record import (
    REGIONS,
    VARIANTS,
    Calibration,
    not_calibrated,
    write_calibration,
)
from workbench.studies._evaluate import annotated
from workbench.studies._job_configs import JobConfig
from workbench.studies._painted_images import MemberNetworks, PaintedImage

MOST_PIXELS: Final = 2_000_000
"""A temperature is chosen on so many pixels at most, evenly many of each validation image."""

NO_NETWORKS: Final = (
    "{model} gives no probabilities of pixels (it is no network of this study, but a method "
    "without training, a vote or predictions from elsewhere): pixels can't be calibrated. "
    "Confidences of its cells, where it has any, are measured all the same."
)
NO_CLASSES: Final = (
    "{model} paints {encoding} maps, which hold no class probabilities: pixels can't be "
    "calibrated. Confidences of its cells are measured all the same."
)


class CalibrateJob(JobConfig):
    """``07_calibration.ipynb``: how far the probabilities of one member can be believed.

    Attributes
    ----------
    validation_split, split
        The temperature is chosen on the one, and all is measured on the other.
    networks, own_code, prediction
        As in :class:`PredictJob`; no network for what gives no probabilities.
    predictions, scores
        Folders that prediction and evaluation of this member wrote.
    """

    dataset: Path
    validation_split: str = "val"
    split: str = "test"
    model: str
    seed: int = 0
    networks: tuple[Path, ...] = ()
    own_code: tuple[Path, ...] = ()
    prediction: PredictionConfig = PredictionConfig()
    iou_thresholds: tuple[float, ...] = Field(DEFAULT_IOU_THRESHOLDS, min_length=1)
    predictions: Path
    scores: Path
    output: Path

    @property
    def member(self) -> Member:
        """Whose probabilities these are."""
        return Member(self.model, self.seed)


def calibrate(job: CalibrateJob, tell: Callable[[str], None] = print) -> Calibration:
    """Choose a temperature on the validation images, measure on the others, write both down.

    An image that can't be read or segmented is listed and left out.

    Parameters
    ----------
    job
        What to measure.
    tell
        Called with a line of text now and then.

    Returns
    -------
    Calibration
        Written to ``job.output`` too: ``calibration.json`` and a Parquet file for each table.

    Raises
    ------
    InputError
        If the data set lacks a split, both splits are the same one, labels are missing, or a
        network can't be used.
    """
    job.output.mkdir(parents=True, exist_ok=True)
    networks = (
        MemberNetworks.opened(job.networks, job.own_code, job.prediction) if job.networks else None
    )
    if networks is None or networks.encoding not in PROBABILITY_CLASSES:
        note = (
            NO_CLASSES.format(model=job.model, encoding=networks.encoding)
            if networks
            else NO_NETWORKS.format(model=job.model)
        )
        return _written(job, not_calibrated(note))
    dataset = open_dataset(job.dataset)
    _refuse_test_images(job)
    validation = annotated(dataset.split(job.validation_split))
    test = annotated(dataset.split(job.split))
    problems: list[str] = []
    painted = networks.painted(validation, problems, what="validation images", tell=tell)
    chosen = _choose_temperature(painted, networks.encoding, MOST_PIXELS // len(validation))
    tell(f"temperature {chosen['temperature']:.2f}")
    painted = networks.painted(test, problems, what=f"images of split {job.split}", tell=tell)
    bins, images, f1 = _measured(painted, networks.encoding, job, chosen["temperature"])
    measures, reliability = _summaries(bins, images)
    found = Calibration(
        **chosen,
        note="",
        problems=tuple(problems),
        bins=bins,
        images=images,
        f1=f1,
        measures=measures,
        reliability=reliability,
    )
    return _written(job, found)


def _refuse_test_images(job: CalibrateJob) -> None:
    if job.validation_split == job.split:
        msg = (
            f"the temperature would be chosen on split {job.split!r}, on which it is then "
            "measured; give validation_split a split of other images."
        )
        raise InputError(msg)


def _choose_temperature(
    painted: Iterator[PaintedImage], encoding: str, pixels_per_image: int
) -> dict[str, Any]:
    """Return the temperature, and what it was chosen on."""
    probabilities: list[npt.NDArray[np.float32]] = []
    classes: list[npt.NDArray[np.uint8]] = []
    for place, image in enumerate(painted):
        given = class_probabilities(image.maps, encoding)
        flat = given.reshape(-1, given.shape[-1])
        drawn = _drawn(len(flat), pixels_per_image, np.random.default_rng(place))
        probabilities.append(flat[drawn])
        classes.append(reference_classes(image.reference, encoding).ravel()[drawn])
    if not probabilities:
        msg = "not one validation image could be used; a temperature is chosen on these alone."
        raise InputError(msg)
    together, truth = np.concatenate(probabilities), np.concatenate(classes)
    temperature = fit_temperature(together, truth)
    # As one image of a single row, so that all encodings are tempered by one function.
    before = pixel_calibration(together, truth)
    after = pixel_calibration(_tempered_classes(together, temperature), truth)
    return {
        "temperature": temperature,
        "n_images": len(probabilities),
        "n_pixels": len(truth),
        "nll_before": before.nll / len(truth),
        "nll_after": after.nll / len(truth),
    }


def _tempered_classes(
    probabilities: npt.NDArray[np.float32], temperature: float
) -> npt.NDArray[np.float32]:
    """Temper probabilities of pixels, of two classes or three."""
    if probabilities.shape[-1] == 2:
        return class_probabilities(tempered(probabilities[:, 1:], "flows", temperature), "flows")
    return tempered(probabilities, "three_class", temperature)


def _drawn(n: int, wanted: int, rng: np.random.Generator) -> npt.NDArray[np.int64] | slice:
    return slice(None) if n <= wanted else rng.choice(n, max(1, wanted), replace=False)


def _measured(
    painted: Iterator[PaintedImage], encoding: str, job: CalibrateJob, temperature: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return fine bins, sums and F1 of all images, before and after."""
    bins: list[pd.DataFrame] = []
    images: list[dict[str, Any]] = []
    f1: list[dict[str, Any]] = []
    for image in painted:
        about = {
            "image_id": image.record.image_id,
            "group": image.record.metadata.get("group", ""),
        }
        regions = calibration_regions(image.reference)
        classes = reference_classes(image.reference, encoding)
        for variant in VARIANTS:
            is_after = variant == "after"
            maps = tempered(image.maps, encoding, temperature) if is_after else image.maps
            predicted = _cells(image, maps, job) if is_after else image.predicted
            f1 += [
                {"variant": variant} | about | row
                for row in _f1_rows(image.truth, predicted, job.iou_thresholds)
            ]
            probabilities = class_probabilities(maps, encoding)
            for region, where in regions.items():
                record = pixel_calibration(probabilities, classes, where=where)
                keys = {"variant": variant, "region": region} | about
                sums = {"n_pixels": record.n_pixels, "brier": record.brier, "nll": record.nll}
                images.append(keys | sums)
                columns = calibration_columns(record, PROBABILITY_CLASSES[encoding])
                bins.append(pd.DataFrame(columns).assign(**keys).drop(columns="group"))
    if not images:
        msg = f"not one image of split {job.split!r} could be used."
        raise InputError(msg)
    return _compact(pd.concat(bins, ignore_index=True)), pd.DataFrame(images), pd.DataFrame(f1)


def _cells(image: PaintedImage, maps: FloatImage, job: CalibrateJob) -> LabelImage:
    height, width = image.sample.image.shape[:2]
    return decode_maps(
        maps,
        description=image.network.description,
        config=job.prediction,
        size_px=(height, width),
        pixel_size_um=image.sample.pixel_size_um,
    ).labels


def _f1_rows(
    truth: LabelImage, predicted: LabelImage, iou_thresholds: Sequence[float]
) -> Iterator[dict[str, Any]]:
    overlap = label_overlap(truth, predicted)
    n_reference, n_predicted = len(overlap.reference_ids), len(overlap.predicted_ids)
    n_cells = n_reference + n_predicted
    for threshold in iou_thresholds:
        tp = match_overlap(overlap, iou_threshold=threshold).tp
        yield {
            "threshold": threshold,
            "f1": 2 * tp / n_cells if n_cells else float("nan"),
            "tp": tp,
            "n_reference": n_reference,
            "n_predicted": n_predicted,
        }


def _compact(bins: pd.DataFrame) -> pd.DataFrame:
    """Return a table that repeats few texts in little memory."""
    names = ("variant", "region", "image_id", "target")
    small = {"bin": np.int16, "count": np.int32, "correct": np.int32}
    return bins.astype(dict.fromkeys(names, "category") | small)


def _summaries(bins: pd.DataFrame, images: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    groups = image_groups(images)
    measures, reliability = [], []
    for variant in VARIANTS:
        for region in REGIONS:
            keys = {"variant": variant, "region": region}
            chosen = [_only(table, **keys) for table in (bins, images)]
            measures.append(pixel_calibration_measures(*chosen, groups=groups).assign(**keys))
            reliability.append(reliability_bins(*chosen, groups=groups).assign(**keys))
    return pd.concat(measures, ignore_index=True), pd.concat(reliability, ignore_index=True)


def _only(table: pd.DataFrame, *, variant: str, region: str) -> pd.DataFrame:
    return table[(table["variant"] == variant) & (table["region"] == region)]


def _written(job: CalibrateJob, found: Calibration) -> Calibration:
    facts = asdict(job.member) | {"split": job.split, "validation_split": job.validation_split}
    write_calibration(job.output, found, facts)
    return found
