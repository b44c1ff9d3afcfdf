"""The labels of a data set in any layout, as a source of labels to be scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.datasets._label_cells import piece_notes
from workbench.datasets._label_sources import open_labels
from workbench.datasets._label_values import LabelRead, LabelSource, Shape
from workbench.datasets._layout_values import ReadingOptions
from workbench.datasets._layouts import recognised_layouts
from workbench.datasets._open import DATASET_FILE, open_dataset
from workbench.datasets._records import Dataset, Record, read_reference
from workbench.schema import InputError


def open_any_labels(path: Path, *, channel: str | int | None = None) -> LabelSource:
    """Open labels as :func:`open_labels` does, or else those of a data set in any layout.

    Parameters
    ----------
    path
        Labels, or a data set as :func:`open_dataset` takes it.
    channel
        Which labels, where there are several; the ``target`` of a data set. Not looked at where
        there is one annotation.

    Raises
    ------
    InputError
        If it is neither, or no image of the data set has labels.
    """
    if path.name.endswith((".yaml", ".yml")) or (path / DATASET_FILE).is_file():
        return _labels_of(open_dataset(path))
    try:
        source = open_labels(path, channel=channel)
    except InputError:
        if not path.exists() or not recognised_layouts(path):
            raise
    else:
        # Whole label images in train/masks/ look like the nuclei of one image called "train".
        layouts = [layout.name for layout in recognised_layouts(path)]
        if source.kind != "mask_folders" or not layouts or "dsb2018" in layouts:
            return source
    # As for files with one label per pixel, one choice then serves both sides of a comparison.
    has_targets = recognised_layouts(path)[0].has_targets
    target = str(channel) if has_targets and channel is not None else ""
    return _labels_of(open_dataset(path, options=ReadingOptions(target=target)))


@dataclass(frozen=True)
class _RecordLabels:
    records: Mapping[str, Record]

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        del shape  # The data set knows it.
        labels = read_reference(self.records[image_id])
        return LabelRead(labels, piece_notes(labels) if check_pieces else ())


def _labels_of(dataset: Dataset) -> LabelSource:
    records = {record.image_id: record for record in dataset.records if record.labels is not None}
    if not records:
        msg = f"{dataset.root}: no image of this data set has labels."
        raise InputError(msg)
    without = len(dataset.records) - len(records)
    left_out = (*dataset.notes, *((f"{without} images have no labels",) if without else ()))
    return LabelSource(
        dataset.root, "dataset", tuple(records), left_out, reader=_RecordLabels(records)
    )
