"""The leaderboards of a run: by measure, on all images and on each named slice of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd

from workbench.analysis import board_means, board_places, image_groups, named_slices
from workbench.metrics import MEASURES, find_measure
from workbench.schema import PRIMARY_IOU_THRESHOLD, InputError, column_label

ALL_IMAGES = "all images"
SHOWN = (
    ("f1", 0.5), ("f1", 0.7), ("f1", 0.9), ("precision", 0.5), ("recall", 0.5),
    ("panoptic_quality", 0.5), ("aji", np.nan), ("dice", np.nan),
)  # fmt: skip
"""Measures of a board where none are named; those that were scored are shown."""

LEAST_IMAGES = 3
"""Of a slice; fewer have no intervals and no ranks."""


@dataclass(frozen=True)
class BoardMeasure:
    """A column of a board.

    Attributes
    ----------
    metric, threshold
        The measure; threshold NaN for one that has none.
    """

    metric: str
    threshold: float

    @property
    def key(self) -> str:
        """Its name in tables: "f1@0.5"."""
        return self.metric if np.isnan(self.threshold) else f"{self.metric}@{self.threshold:g}"

    @property
    def label(self) -> str:
        """How people read it."""
        title = find_measure(self.metric).title if self.metric in MEASURES else self.metric
        return title if np.isnan(self.threshold) else f"{title} @ {self.threshold:g}"

    @property
    def lower_is_better(self) -> bool:
        """Whether it is a distance or an error."""
        return self.metric in MEASURES and MEASURES[self.metric].higher_is_better is False


@dataclass(frozen=True, eq=False)
class Boards:
    """Leaderboards of a score table; made by :func:`leaderboards`.

    Attributes
    ----------
    scores
        Of the measures that are shown alone.
    measures
        Columns, by key.
    slices
        Image ids by name of the slice, "all images" first.
    """

    scores: pd.DataFrame
    measures: Mapping[str, BoardMeasure]
    slices: Mapping[str, Sequence[str]]

    @cached_property
    def models(self) -> tuple[str, ...]:
        """In order of appearance."""
        return tuple(map(str, self.scores["model"].cat.categories))

    @cached_property
    def _groups(self) -> pd.Series | None:
        groups = image_groups(self.scores)
        # An index of categories is slow to look up.
        return None if groups is None else groups.set_axis(groups.index.astype(object))

    def values(self, key: str) -> pd.DataFrame:
        """Return images x models of a measure: the mean over seeds, NaN where one is undefined."""
        return _values(self, key)

    def means(self, name: str) -> pd.DataFrame:
        """Return a row per measure and model of a slice, see :func:`board_means`.

        Images without a defined score for every model are left out for all.
        """
        return _means(self, name)

    def places(self, name: str, key: str) -> pd.DataFrame:
        """Return the place of each model by one measure on a slice, see :func:`board_places`."""
        return _places(self, name, key)

    def paired(self, name: str, key: str) -> pd.DataFrame:
        """Return the images of a slice with a defined score for every model."""
        values = self.values(key)
        is_in = np.zeros(len(values), bool)
        is_in[values.index.get_indexer(pd.Index(self.slices[name]))] = True
        return values[is_in].dropna()


@cache
def _values(boards: Boards, key: str) -> pd.DataFrame:
    of_measure = boards.scores[boards.scores["key"] == key]
    images, models = of_measure["image_id"].cat, of_measure["model"].cat
    shape = (len(images.categories), len(models.categories))
    cells = images.codes.to_numpy(np.intp) * shape[1] + models.codes.to_numpy()
    sums = np.bincount(cells, of_measure["value"], minlength=shape[0] * shape[1])
    counts = np.bincount(cells, minlength=shape[0] * shape[1])
    with np.errstate(invalid="ignore"):
        means = (sums / counts).reshape(shape)
    index = pd.Index(images.categories, name="image_id")
    return pd.DataFrame(means, index=index, columns=list(boards.models))


@cache
def _means(boards: Boards, name: str) -> pd.DataFrame:
    parts = [
        board_means(
            boards.paired(name, key),
            lower_is_better=measure.lower_is_better,
            groups=boards._groups,
        ).assign(measure=key)
        for key, measure in boards.measures.items()
    ]
    return pd.concat(parts, ignore_index=True)


@cache
def _places(boards: Boards, name: str, key: str) -> pd.DataFrame:
    lower = boards.measures[key].lower_is_better
    return board_places(boards.paired(name, key), lower_is_better=lower, groups=boards._groups)


def leaderboards(
    scores: pd.DataFrame,
    *,
    metadata: pd.DataFrame | None = None,
    measures: Sequence[tuple[str, float]] | None = None,
    first: tuple[str, float] | None = None,
    chosen: Mapping[str, Sequence[str]] | None = None,
) -> Boards:
    """Return the leaderboards of a score table, for :func:`workbench.widgets.leaderboard`.

    Parameters
    ----------
    scores
        Score table.
    metadata
        A row per image: ``image_id`` and columns such as modality and cell type, each of whose
        values makes a slice, where it has three images and not all of them.
    measures
        Names and thresholds (NaN for none); by default F1 at three thresholds and the measures
        that published reports show, as far as they were scored.
    first
        A measure that stands before those, such as the one that decides.
    chosen
        Further slices: image ids by name.

    Raises
    ------
    InputError
        If a measure that was named was not scored, or none of the default ones was.

    Examples
    --------
    >>> rows = [("x", "unet", 0.5), ("y", "unet", 0.7), ("x", "otsu", 0.4), ("y", "otsu", 0.9)]
    >>> scores = pd.DataFrame(rows, columns=["image_id", "model", "value"])
    >>> scores = scores.assign(seed=0, metric="f1", threshold=0.5)
    >>> boards = leaderboards(scores)
    >>> list(boards.measures), boards.means("all images")["mean"].round(2).tolist()
    (['f1@0.5'], [0.6, 0.65])
    """
    found = {}
    metrics = scores["metric"].astype("category").cat
    at = scores["threshold"].to_numpy(float)
    wanted = [BoardMeasure(*pair) for pair in (*([first] if first else ()), *(measures or SHOWN))]
    for measure in {asked.key: asked for asked in wanted}.values():
        metric, threshold = measure.metric, measure.threshold
        code = metrics.categories.get_indexer([metric])[0]
        rows = (metrics.codes == code).to_numpy() & (code >= 0)
        rows &= np.isnan(at) if np.isnan(threshold) else np.isclose(at, threshold)
        if rows.any():
            found[measure] = scores[rows].assign(key=measure.key)
        elif measures:
            msg = f"{measure.key} was not scored; there are {', '.join(_scored(scores))}."
            raise InputError(msg)
    if not found:
        msg = f"none of the usual measures was scored; name some of {', '.join(_scored(scores))}."
        raise InputError(msg)
    table = _in_categories(pd.concat(found.values(), ignore_index=True))
    images = pd.Index(table["image_id"].cat.categories, name="image_id")
    slices = {ALL_IMAGES: tuple(map(str, images))}
    for column, values in named_slices(_once(table), images, metadata=metadata).items():
        for name in sorted(values.unique()):
            ids = tuple(values.index[values == name])
            # Of all images there is a board, and of two none.
            if LEAST_IMAGES <= len(ids) < len(images):
                slices[f"{column_label(column)}: {name}"] = ids
    slices |= {f"Kept: {name}": tuple(ids) for name, ids in (chosen or {}).items()}
    return Boards(table, {measure.key: measure for measure in found}, slices)


def _in_categories(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose names are categories in order of appearance: quick to group by."""
    kinds = {
        name: pd.Categorical(table[name], categories=pd.unique(table[name]))
        for name in ("image_id", "model")
    }
    return table.assign(**kinds)


def _once(table: pd.DataFrame) -> pd.DataFrame:
    """Return each image's first row; what slices are made of is the same in all."""
    return table[~table["image_id"].duplicated()].astype({"image_id": "str", "model": "str"})


def _scored(scores: pd.DataFrame) -> list[str]:
    pairs = scores[["metric", "threshold"]].drop_duplicates()
    keys = [BoardMeasure(str(m), float(t)).key for m, t in pairs.itertuples(index=False)]
    primary = [key for key in keys if key.endswith(f"@{PRIMARY_IOU_THRESHOLD:g}") or "@" not in key]
    return primary or keys
