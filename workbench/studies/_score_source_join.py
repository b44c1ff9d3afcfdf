"""Scores from several places as one table: same images, same rules, no two models of one name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pandas as pd

from workbench.datasets import short_id
from workbench.schema import InputError
from workbench.studies._score_source_file import few

_FILE_ENDING: Final = re.compile(r"\.(tiff?|png|jpe?g|bmp|npy|npz)$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class ScorePart:
    """Scores from one place.

    Attributes
    ----------
    name
        Of the run folder or file.
    scores
        Score table.
    cells
        Cell table; None where there is none.
    metadata
        One row per image: ``image_id`` and what else is known of it.
    """

    name: str
    scores: pd.DataFrame
    cells: pd.DataFrame | None = None
    metadata: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"image_id": []}))


@dataclass(frozen=True, eq=False)
class JoinedScores:
    """Scores of all places on the images that every model was scored on.

    Attributes
    ----------
    scores, cells
        Tables; cells is None where no place has any.
    metadata
        One row per image; where places differ, as the first has it.
    readings
        What was renamed.
    problems
        What did not join.
    """

    scores: pd.DataFrame
    cells: pd.DataFrame | None
    metadata: pd.DataFrame
    readings: tuple[str, ...]
    problems: tuple[str, ...]


def join_scores(parts: Sequence[ScorePart], *, common_only: bool = True) -> JoinedScores:
    """Put scores of several places into one table.

    Parameters
    ----------
    parts
        At least one, names unique.
    common_only
        Leave out the images that some model or seed lacks.

    Returns
    -------
    JoinedScores
        Image ids lose endings such as ``_label.tiff`` where they join better without. A model that
        several places have is called ``place/model``. Images that were not scored for every model
        and seed are left out and listed.

    Raises
    ------
    InputError
        If the places follow different conventions, an image has different numbers of reference
        cells in two of them, or no image is common to all models.
    """
    readings: list[str] = []
    problems: list[str] = []
    parts = [_with_unique_images(part, readings) for part in parts]
    parts = _with_common_ids(parts, readings)
    _refuse_other_rules(parts)
    _refuse_other_reference(parts)
    _note_datasets(parts, problems)
    parts = _with_unique_models(parts, readings)
    scores = pd.concat([part.scores for part in parts], ignore_index=True)
    tables = [part.cells for part in parts if part.cells is not None]
    cells = pd.concat(tables, ignore_index=True) if tables else None
    if len(parts) > 1:
        scores["dataset"] = scores["dataset"].iloc[0]
    scores["group"] = _one_group_per_image(scores)
    kept = _common_images(scores, problems) if common_only else set(scores["image_id"])
    scores = scores[scores["image_id"].isin(kept)].reset_index(drop=True)
    if cells is not None:
        cells = cells[cells["image_id"].isin(kept)].reset_index(drop=True)
    metadata = pd.concat([part.metadata for part in parts]).groupby("image_id").first()
    metadata = metadata.reindex(sorted(kept)).fillna("").rename_axis("image_id").reset_index()
    return JoinedScores(scores, cells, metadata, tuple(readings), tuple(problems))


def _with_unique_images(part: ScorePart, readings: list[str]) -> ScorePart:
    """Return scores whose image ids say the data set where two data sets share ids."""
    images = part.scores[["dataset", "image_id"]].drop_duplicates()
    if not images["image_id"].duplicated().any():
        return part
    readings.append(
        f"{part.name}: images of {few(images['dataset'].unique())} share names, so they are called "
        "dataset/image"
    )
    cells = part.cells
    return replace(
        part,
        scores=part.scores.assign(image_id=part.scores["dataset"] + "/" + part.scores["image_id"]),
        cells=None if cells is None else cells.assign(
            image_id=cells["dataset"] + "/" + cells["image_id"]
        ),
    )  # fmt: skip


def bare_id(image_id: str) -> str:
    """Return an image id without file ending and what programs append to the name of an image.

    Examples
    --------
    >>> bare_id("cell_00001_label.tiff"), bare_id("plate3_0.5um")
    ('cell_00001', 'plate3_0.5um')
    """
    return short_id(_FILE_ENDING.sub("", image_id))


def _with_common_ids(parts: list[ScorePart], readings: list[str]) -> list[ScorePart]:
    """Return the parts under image ids that join best: as they are, or less their endings."""
    as_they_are = [set(part.scores["image_id"]) for part in parts]
    common, union = set.intersection(*as_they_are), set.union(*as_they_are)
    if common == union:
        return parts
    bare = [{image_id: bare_id(image_id) for image_id in ids} for ids in as_they_are]
    are_unique = all(len(set(names.values())) == len(names) for names in bare)
    if not are_unique or len(set.intersection(*(set(n.values()) for n in bare))) <= len(common):
        return parts
    example = next(name for names in bare for name in sorted(names) if names[name] != name)
    readings.append(
        f"image names are joined without their endings, e.g. {example!r} as {bare_id(example)!r}"
    )
    return [
        _map_column(part, "image_id", names.__getitem__)
        for part, names in zip(parts, bare, strict=True)
    ]


def _map_column(part: ScorePart, column: str, rename: Callable[[str], str]) -> ScorePart:
    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        if column not in table:
            return table
        scored = table[table[column].isin(part.scores[column])]
        names = {name: rename(name) for name in scored[column].unique()}
        return scored.assign(**{column: scored[column].map(names)})

    return replace(
        part,
        scores=renamed(part.scores),
        cells=None if part.cells is None else renamed(part.cells),
        metadata=renamed(part.metadata),
    )


def _refuse_other_rules(parts: Sequence[ScorePart]) -> None:
    found = {
        name: part.name for part in parts for name in part.scores["convention"].unique() if name
    }
    if len(found) > 1:
        where = ", ".join(f"{rules} in {place}" for rules, place in found.items())
        msg = (
            f"scores follow different rules: {where}; they can't be compared. Score all "
            "predictions by one, with `workbench score --convention NAME`."
        )
        raise InputError(msg)


def _refuse_other_reference(parts: Sequence[ScorePart]) -> None:
    """Raise if an image has another number of reference cells elsewhere: it is another image."""
    known: dict[str, tuple[int, str]] = {}
    for part in parts:
        counts = part.scores.groupby("image_id")["n_reference"].max()
        for image_id, n in counts[counts > 0].items():
            before, place = known.setdefault(str(image_id), (int(n), part.name))
            if before != n:
                msg = (
                    f"image {image_id!r} has {before} reference cells in {place} and {n} in "
                    f"{part.name}: these are different images or annotations, so scores on them "
                    "can't be compared; score all models on the same data set."
                )
                raise InputError(msg)


def _note_datasets(parts: Sequence[ScorePart], problems: list[str]) -> None:
    named = {part.name: few(part.scores["dataset"].unique()) for part in parts}
    if len({name for name in named.values() if name}) > 1:
        told = ", ".join(f"{dataset!r} in {place}" for place, dataset in named.items() if dataset)
        problems.append(
            f"the data set is called {told}; images were joined by their names, so make sure that "
            "they are the same images"
        )


def _with_unique_models(parts: list[ScorePart], readings: list[str]) -> list[ScorePart]:
    counts = Counter(model for part in parts for model in part.scores["model"].unique())
    shared = {model for model, n in counts.items() if n > 1}
    if not shared:
        return parts
    readings.append(f"{few(sorted(shared))} stands in several places, so it is called place/model")

    def told_apart(part: ScorePart) -> ScorePart:
        return _map_column(part, "model", lambda m: f"{part.name}/{m}" if m in shared else m)

    return [told_apart(part) for part in parts]


def _one_group_per_image(scores: pd.DataFrame) -> pd.Series:
    """Return the group of every row's image, also where one place does not name it."""
    named = scores.loc[scores["group"] != "", ["image_id", "group"]].drop_duplicates()
    several = named["image_id"].duplicated()
    if several.any():
        image_id = named.loc[several, "image_id"].iloc[0]
        groups = named.loc[named["image_id"] == image_id, "group"]
        msg = (
            f"image {image_id!r} belongs to the groups {few(groups)}; an image has one (slide, "
            "plate): correct the column."
        )
        raise InputError(msg)
    groups = dict(named.itertuples(index=False))
    return scores["image_id"].map(lambda image_id: groups.get(image_id, ""))


def _common_images(scores: pd.DataFrame, problems: list[str]) -> set[str]:
    """Return the images that every model and seed has; list what the others lack."""
    members = {
        key: set(rows) for key, rows in scores.groupby(["model", "seed"], sort=False)["image_id"]
    }
    union, common = set.union(*members.values()), set.intersection(*members.values())
    if not common:
        (first, ids), *others = members.items()
        other, their_ids = next((item for item in others if not ids & item[1]), others[-1])
        msg = (
            f"no image was scored for every model; for example {min(ids)!r} of {first[0]} beside "
            f"{min(their_ids)!r} of {other[0]}. Scores are compared image by image, so all models "
            "need the same images under the same names."
        )
        raise InputError(msg)
    several_seeds = scores.groupby("model")["seed"].nunique().gt(1)
    for (model, seed), ids in members.items():
        if lacking := sorted(union - ids):
            name = f"{model} (seed {seed})" if several_seeds[model] else model
            problems.append(f"{name} lacks {len(lacking)} of {len(union)} images: {few(lacking)}")
    if len(common) < len(union):
        problems.append(
            f"{len(common)} of {len(union)} images were scored for every model; only these are "
            "compared. A prediction that is missing should count as an empty one: give it a score "
            "of 0 instead of leaving it out"
        )
    return common
