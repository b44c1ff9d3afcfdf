"""What people who live in napari find there: a reader, dock widgets and samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from workbench.datasets import (
    DATASET_FILE,
    Dataset,
    Record,
    SyntheticConfig,
    image_levels,
    open_dataset,
    read_reference,
    read_sample,
    synthetic_samples,
)
from workbench.schema import Sample
from workbench.store import Run
from workbench.studies import find_member, images_worst_first, open_view
from workbench.viewers._layers import (
    REFERENCE,
    REFERENCE_COLOUR,
    LayerSpec,
    outline_layer,
    picture_layers,
)
from workbench.viewers._scene import RunScenes

MANIFEST: Final = "manifest.csv"
SAMPLES: Final = SyntheticConfig(size_px=256)

LayerTuple = tuple[Any, dict[str, Any], str]


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerTuple]] | None:
    """Return what reads a run folder or a data set, None for anything else.

    Parameters
    ----------
    path
        A run folder or its ``study.yaml``; a data set's folder, ``manifest.csv`` or
        ``dataset.yaml``.
    """
    if not isinstance(path, str):
        return None
    given = Path(path)
    if run_folder(given) is not None:
        return lambda chosen: run_tuples(Path(chosen))
    if given.name in (MANIFEST, DATASET_FILE) or any(
        (given / name).is_file() for name in (MANIFEST, DATASET_FILE)
    ):
        return lambda chosen: dataset_tuples(Path(chosen))
    return None


def run_folder(path: Path) -> Path | None:
    """Return the run that a path names, its folder or its study file; None if it names none."""
    folder = path.parent if path.name == "study.yaml" else path
    return folder if Run(folder).scores_file.is_file() else None


def run_tuples(path: Path) -> list[LayerTuple]:
    """Return the layers of the worst image of a run's best model.

    Raises
    ------
    InputError
        If the run can't be opened.
    """
    view = open_view(run_folder(path) or path)
    member = find_member(view)
    worst = str(images_worst_first(view, member)["image_id"].iloc[0])
    specs = RunScenes(view).layers(worst, member, None)
    return [spec.as_tuple for spec in specs if spec.kind != "shapes"]


def dataset_tuples(path: Path) -> list[LayerTuple]:
    """Return the layers of the first image of a data set.

    Raises
    ------
    InputError
        If the data set or the image can't be read.
    """
    return [spec.as_tuple for spec in record_layers(open_any(path).records[0])]


def open_any(path: Path) -> Dataset:
    """Open the data set that a folder, a manifest or a description names."""
    return open_dataset(path.parent if path.name == MANIFEST else path)


def record_layers(record: Record) -> list[LayerSpec]:
    """Describe the layers of an image of a data set: channels and outlines of the reference.

    Raises
    ------
    InputError
        If it can't be read.
    """
    levels = image_levels(record)
    if levels is None:
        return sample_layers(read_sample(record))
    picture = picture_layers(None, levels.channel_names, levels=levels.levels)
    if record.labels is None:
        return picture
    return [*picture, outline_layer(REFERENCE, read_reference(record), REFERENCE_COLOUR)]


def sample_layers(sample: Sample) -> list[LayerSpec]:
    """Describe the layers of a sample: channels and outlines of the reference."""
    picture = picture_layers(sample.image, sample.channel_names)
    if sample.reference is None:
        return picture
    return [*picture, outline_layer(REFERENCE, sample.reference, REFERENCE_COLOUR)]


def sample_nuclei() -> list[LayerTuple]:
    """Return fluorescent nuclei made by the workbench, with their labels."""
    return _made("fluorescence")


def sample_tissue() -> list[LayerTuple]:
    """Return stained tissue made by the workbench, with its labels."""
    return _made("histology")


def _made(modality: str) -> list[LayerTuple]:
    samples = synthetic_samples(SAMPLES)
    chosen = next(one for one in samples if one.metadata["modality"] == modality)
    return [spec.as_tuple for spec in sample_layers(chosen)]
