"""What a run tells of its images: the size and shape of their cells, and how many trained."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

import pandas as pd

from workbench.datasets import Record, read_reference
from workbench.metrics import cell_morphology
from workbench.studies._config import StudyConfig
from workbench.studies._gallery import find_models
from workbench.studies._processes import mapped
from workbench.studies._score_source_file import few
from workbench.studies._view import RunView

CELL_SIZE: Final = "cell_size_px2"
ELONGATION: Final = "elongation"
TRAINING_IMAGES: Final = "n_training_images"


class Facts(NamedTuple):
    """Numbers about rows, and what is to be said of them."""

    frame: pd.DataFrame
    readings: tuple[str, ...] = ()


def row_facts(view: RunView, rows: pd.Series, column: str) -> Facts:
    """Return what may go with the scores of a run.

    Parameters
    ----------
    view
        The run.
    rows
        Row of each scored image: itself, or its kind.
    column
        Column of the metadata by which training images are of the same kind; "" for none.

    Returns
    -------
    Facts
        ``cell_size_px2`` and ``elongation``: means over the annotated cells of each row, as
        :func:`workbench.metrics.cell_morphology` defines them, NaN without cells; and
        ``n_training_images`` of the same kind, where all models were trained on the same ones.
    """
    wanted = set(rows.index)
    records = [record for record in view.dataset.records if record.image_id in wanted]
    with mapped(_shapes, records) as found:
        cells = pd.concat(found, ignore_index=True)
    shapes = cells.groupby(cells["image_id"].map(rows))[[CELL_SIZE, ELONGATION]].mean()
    frame = shapes.reindex(rows.unique())
    counts = _training_images(view, column) if column else "the images have no kinds"
    if isinstance(counts, str):
        return Facts(frame, (f"number of training images: left out, {counts}",))
    kinds = {record.image_id: record.metadata.get(column, "") for record in records}
    kind_of_row = pd.Series(kinds).groupby(rows).first()
    frame[TRAINING_IMAGES] = frame.index.map(kind_of_row).map(lambda kind: counts.get(kind, 0))
    told = few((f"{kind} {n}" for kind, n in counts.items()), limit=8)
    readings = [f"training images of the same {column}: {told}"]
    if untrained := untrained_models(view.study):
        readings.append(
            f"{few(untrained)} learned from no image: what goes with their number there is "
            f"something else about the {column}, and may be for the others"
        )
    return Facts(frame, tuple(readings))


def untrained_models(study: StudyConfig) -> list[str]:
    """Return the models that learn nothing, such as a threshold and a watershed."""
    return [
        name
        for name, model in study.models.items()
        if model.kind == "architecture" and not model.is_trained_here
    ]


def _shapes(record: Record) -> pd.DataFrame:
    if record.labels is None:
        return pd.DataFrame({"image_id": [], CELL_SIZE: [], ELONGATION: []})
    shapes = cell_morphology(read_reference(record))
    return pd.DataFrame({CELL_SIZE: shapes["area_px"], ELONGATION: shapes["elongation"]}).assign(
        image_id=record.image_id
    )


def _training_images(view: RunView, column: str) -> dict[str, int] | str:
    """Return how many images of each kind the models were trained on; else why nobody knows."""
    foreign = [
        name
        for name, model in view.study.models.items()
        if model.kind in ("checkpoint", "predictions")
    ]
    if foreign:
        return f"{few(foreign)} learned elsewhere"
    cards = [model.card.data for model in find_models((view.run.root,))]
    told = {
        (data.get("splits", {}).get("train"), data.get("n_images", {}).get("train"))
        for data in cards
    }
    if len(told) != 1:
        return "the models learned from different images" if told else "no model was trained here"
    split, n_images = told.pop()
    kinds = [r.metadata.get(column, "") for r in view.dataset.records if r.split == split]
    if len(kinds) != n_images:
        return f"the models learned from {n_images} of the {len(kinds)} images of {split!r}"
    return dict(Counter(kinds).most_common())
