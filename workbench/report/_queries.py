"""The scores behind the numbers of a page, embedded once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.metrics import MEASURES
from workbench.report._parts import Query

MAX_VALUES: Final = 600_000
"""So many scores take about 5 MB; a page that is to be mailed can't hold many more."""


@dataclass(frozen=True)
class EmbeddedScores:
    """The scores behind queries, for a page to look up.

    Attributes
    ----------
    json
        ``images``, ``cells`` in the reference of each, ``models``, ``measures`` (titles),
        ``values`` by measure, model and image, and ``sets`` of images by their places.
    keys
        How the page asks for a query: measure, models and set by their places.
    n_left_out
        Measures whose scores would have made the page too large.
    """

    json: str
    keys: dict[Query, str]
    n_left_out: int


def embed_scores(
    scores: pd.DataFrame, queries: Iterable[Query], *, max_values: int = MAX_VALUES
) -> EmbeddedScores:
    """Collect the scores behind queries, each measure and each set of images once.

    Parameters
    ----------
    scores
        Score table; of several seeds the mean is embedded.
    queries
        Those of measures or models that the table lacks get no key.
    max_values
        Measures that come later than so many scores are left out.

    Examples
    --------
    >>> rows = [("a", "unet", 0.5), ("b", "unet", 0.75)]
    >>> scores = pd.DataFrame(rows, columns=["image_id", "model", "value"])
    >>> scores = scores.assign(metric="f1", threshold=0.5, n_reference=3)
    >>> query = Query(("unet",), "f1", 0.5, images=("b",))
    >>> found = embed_scores(scores, [query])
    >>> found.keys[query], json.loads(found.json)["values"]
    ('0|0|1', [[[0.5, 0.75]]])
    """
    distinct = list(dict.fromkeys(queries))
    models = list(dict.fromkeys(scores["model"]))
    images = list(dict.fromkeys(scores["image_id"]))
    place = {image: number for number, image in enumerate(images)}
    measures: dict[tuple[str, str], int] = {}
    values: list[list[list[float | None]]] = []
    sets: dict[tuple[int, ...], int] = {tuple(range(len(images))): 0}
    too_large = set()
    keys = {}
    for query in distinct:
        measure = (query.metric, f"{query.threshold:g}")
        if measure not in measures:
            wide = _wide(scores, query, models, images)
            if wide is None or (values and (len(values) + 1) * wide.size > max_values):
                too_large |= {measure} if wide is not None else set()
                continue
            measures[measure] = len(values)
            values.append([_numbers(column) for column in wide.T])
        if not set(query.models) <= set(models):
            continue
        chosen = images if query.images is None else query.images
        places = tuple(sorted(place[image] for image in chosen if image in place))
        number = sets.setdefault(places, len(sets))
        of_models = " ".join(str(models.index(model)) for model in query.models)
        keys[query] = f"{measures[measure]}|{of_models}|{number}"
    content = {
        "images": images,
        "cells": _cells(scores, images),
        "models": models,
        "measures": [_title(metric, threshold) for metric, threshold in measures],
        "values": values,
        "sets": [list(places) for places in sets],
    }
    # A closing tag within a script would end it.
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    return EmbeddedScores(text, keys, len(too_large))


def _wide(
    scores: pd.DataFrame, query: Query, models: list[str], images: list[str]
) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Return images x models, NaN where there is no score; None where the table lacks the measure.

    An image whose score is undefined for one seed has none: as in the paired tables.
    """
    chosen = scores[scores["metric"] == query.metric]
    if math.isnan(query.threshold):
        chosen = chosen[chosen["threshold"].isna()]
    else:
        chosen = chosen[np.isclose(chosen["threshold"], query.threshold)]
    if chosen.empty:
        return None
    cells = chosen.groupby(["image_id", "model"], sort=False)["value"]
    means = cells.mean().where(cells.count() == cells.size())
    wide: np.ndarray[Any, np.dtype[np.float64]] = (
        means.unstack()  # noqa: PD010 - a series of two keys
        .reindex(index=images, columns=models)
        .to_numpy(float)
    )
    return wide


def _numbers(column: Iterable[float]) -> list[float | None]:
    """Return values with the digits that a list can use, None for NaN."""
    return [float(f"{value:.5g}") if math.isfinite(value) else None for value in column]


def _cells(scores: pd.DataFrame, images: list[str]) -> list[int] | None:
    if "n_reference" not in scores or not (scores["n_reference"] > 0).any():
        return None
    counts = scores.groupby("image_id", sort=False)["n_reference"].max()
    return [int(count) for count in counts.reindex(images)]


def _title(metric: str, threshold: str) -> str:
    title = MEASURES[metric].title if metric in MEASURES else metric
    return title if threshold == "nan" else f"{title} at IoU {threshold}"
