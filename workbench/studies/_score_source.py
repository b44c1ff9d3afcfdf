"""Scores from wherever people have them: runs, our tables, tables of others, several at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.schema import InputError
from workbench.store import Run, read_cells, read_scores, read_slices
from workbench.studies._reviews import disputed_sentences
from workbench.studies._score_source_columns import measure_name
from workbench.studies._score_source_file import few
from workbench.studies._score_source_join import ScorePart, join_scores
from workbench.studies._score_source_table import read_table_scores
from workbench.studies._score_source_thresholds import CHALLENGE_FILE, TableOptions
from workbench.studies._view import RunView, open_view

SCORED_FILES: Final = ("images.parquet", "images.csv")
TABLE_SUFFIXES: Final = (".csv", ".tsv", ".txt", ".parquet")


@dataclass(frozen=True, eq=False)
class ScoreSource:
    """Scores to compare, and how they were read.

    Attributes
    ----------
    name
        Of the run or file, or of all joined by "+".
    scores
        Score table (:data:`workbench.schema.SCORE_COLUMNS`): a row per image, model, seed, measure
        and threshold, of the images that every model and seed was scored on. Counts that no table
        gives are 0, see ``has_counts``.
    cells
        Cell table of the places that have one; None if none does.
    metadata
        One row per image: ``image_id`` and what else runs and tables tell of it.
    readings
        What was read as what, and under which names.
    problems
        What did not join, what is missing, and what had to be assumed of the data.
    views
        The runs among the places, opened for looking.
    """

    name: str
    scores: pd.DataFrame
    cells: pd.DataFrame | None
    metadata: pd.DataFrame
    readings: tuple[str, ...]
    problems: tuple[str, ...]
    views: tuple[RunView, ...] = ()

    @property
    def has_counts(self) -> bool:
        """Whether the number of reference cells of every image is known."""
        counts = self.scores.groupby(["model", "image_id"])[["n_reference", "n_predicted"]].max()
        return bool((counts.sum(axis=1) > 0).any())


def read_score_source(
    paths: Sequence[Path],
    *,
    metric: str | None = None,
    threshold: float | None = None,
    split: str | None = None,
    common_only: bool = True,
) -> ScoreSource:
    r"""Read scores from run folders, tables of ours or of others, or several of them together.

    Parameters
    ----------
    paths
        Each a run folder; what ``workbench score`` wrote; a CSV, TSV or Parquet file with a line
        per score, a column per measure, or a column per model; the challenge's files
        ``MODEL_metrics-0.5.csv``, or a folder of them. A ``*`` in a name stands for anything.
        Columns are recognised by the names in :data:`ROLE_NAMES` and :data:`MEASURE_NAMES`.
    metric
        What values measure where no column says it; also the name of a column that holds it.
    threshold
        IoU threshold of values where nothing says it; then 0.5 is assumed, and said.
    split
        Take the rows of this split alone, from tables that have such a column.
    common_only
        Leave out the images that were not scored for every model and seed.

    Returns
    -------
    ScoreSource
        Image ids are those of the files; where they join better without endings such as
        ``_label.tiff``, they lose them. A model in several places is called ``place/model``.

    Raises
    ------
    InputError
        If something is missing, damaged or unclear; a score is no number, out of range or there
        twice; places follow different rules or have different images. The message names the file,
        and the line.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "scores.csv"
    >>> _ = path.write_text("image,UNet,Otsu\na,0.9,0.4\nb,0.8,0.5\n")
    >>> source = read_score_source([path], metric="f1")
    >>> source.scores.groupby("model")["value"].mean().round(2).to_dict()
    {'Otsu': 0.45, 'UNet': 0.85}
    >>> source.readings[0]
    "scores.csv: 2 lines, a column per model: image_id from 'image', models UNet, Otsu"
    """
    options = TableOptions(measure_name(metric) if metric else None, threshold, split)
    places = _places(paths)
    read = [_read_place(name, files, options) for name, files in places.items()]
    if split is not None and not any(place.has_splits for place in read):
        msg = f"--split {split}: no column of {few(places)} names splits; leave it away."
        raise InputError(msg)
    joined = join_scores([place.part for place in read], common_only=common_only)
    return ScoreSource(
        name=" + ".join(places),
        scores=joined.scores,
        cells=joined.cells,
        metadata=joined.metadata,
        readings=(*(text for place in read for text in place.readings), *joined.readings),
        problems=(*(text for place in read for text in place.problems), *joined.problems),
        views=tuple(place.view for place in read if place.view),
    )


@dataclass(frozen=True, eq=False)
class _Place:
    """What one place came to."""

    part: ScorePart
    readings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    view: RunView | None = None
    has_splits: bool = False


def _places(paths: Sequence[Path]) -> dict[str, tuple[Path, ...]]:
    """Return what belongs together by its name: a folder, a file, or the challenge's files."""
    found: dict[Path, list[Path]] = {}
    for path in (path for pattern in paths for path in _expanded(pattern)):
        is_challenge = path.is_file() and CHALLENGE_FILE.match(path.stem)
        place = path.resolve().parent if is_challenge else path.resolve()
        found.setdefault(place, []).append(path)
    for place, files in found.items():
        twice = [path.name for path, n in Counter(p.resolve() for p in files).items() if n > 1]
        if twice:
            msg = f"{place}: {few(twice)} is given twice; give each file once."
            raise InputError(msg)
    if not found:
        msg = "nothing to compare; give a run folder or a table of scores."
        raise InputError(msg)
    short = Counter(_stem(place) for place in found)
    return {
        _stem(place) if short[_stem(place)] == 1 else f"{place.parent.name}/{_stem(place)}":
        tuple(files) for place, files in found.items()
    }  # fmt: skip


def _expanded(path: Path) -> Iterator[Path]:
    """Yield the files of a pattern, as not every shell does."""
    if "*" not in path.name:
        yield path
        return
    files = sorted(path.parent.glob(path.name))
    if not files:
        msg = f"{path}: no file has such a name; check the folder."
        raise InputError(msg)
    yield from files


def _stem(place: Path) -> str:
    return place.stem if place.suffix.lower() in TABLE_SUFFIXES else place.name


def _read_place(name: str, files: Sequence[Path], options: TableOptions) -> _Place:
    path = files[0]
    if not path.is_dir():
        return _read_files(name, files, options)
    if Run(path).study_file.is_file():
        return _read_run(name, path)
    scored = next((path / file for file in SCORED_FILES if (path / file).is_file()), None)
    if scored is not None:
        return _read_files(name, [scored], options)
    challenge = sorted(file for file in path.glob("*.csv") if CHALLENGE_FILE.match(file.stem))
    if challenge:
        return _read_files(name, challenge, options)
    tables = sorted(f.name for f in path.iterdir() if f.suffix.lower() in TABLE_SUFFIXES)
    cure = f"give one of its tables, e.g. {path / tables[0]}" if tables else "check the path"
    msg = (
        f"{path}: is neither a run (study.yaml) nor what `workbench score` wrote (images.parquet); "
        f"{cure}."
    )
    raise InputError(msg)


def _read_run(name: str, folder: Path) -> _Place:
    run = Run(folder)
    scores = read_scores(run.scores_file)
    problems: tuple[str, ...] = ()
    view = None
    try:
        view = open_view(folder)
    except InputError as error:
        problems = (f"{name}: its images can't be shown ({error})",)
    cells = None
    if run.cells_file.is_file():
        # The view keeps them for whoever looks next: of a large run they fill a gigabyte.
        cells = view.cells if view else read_cells(run.cells_file)
    n_models, n_images = scores["model"].nunique(), scores["image_id"].nunique()
    metadata = pd.DataFrame({"image_id": []})
    if view is not None:
        metadata = known_of_images(view)
        # A slice that somebody kept is a set of images like those of a column.
        for slice_name, kept in read_slices(run.slices_file).items():
            is_in = metadata["image_id"].isin(kept.image_ids)
            metadata[f"kept {slice_name}"] = is_in.map({True: slice_name, False: ""})
    readings = [f"{name}: a run, {n_models} models, {n_images} images"]
    if view is not None:
        readings += [f"{name}: {text}" for text in disputed_sentences(view)]
    return _Place(ScorePart(name, scores, cells, metadata), tuple(readings), problems, view)


def known_of_images(view: RunView) -> pd.DataFrame:
    """Return what the data set of a run tells of its images: a row each, "" for what it doesn't."""
    records = [{"image_id": r.image_id, **r.metadata} for r in view.dataset.records]
    return pd.DataFrame(records).fillna("")


def _read_files(name: str, files: Sequence[Path], options: TableOptions) -> _Place:
    tables = [read_table_scores(path, options) for path in files]
    scores = pd.concat([table.scores for table in tables], ignore_index=True)
    if len(tables) > 1:
        scores = _united(scores, files)
    cells_file = files[0].with_name("cells.parquet")
    has_cells = files[0].name in SCORED_FILES and cells_file.is_file()
    cells = read_cells(cells_file) if has_cells else None
    labels = [name if path.name in SCORED_FILES else path.name for path in files]
    metadata = pd.concat([table.metadata for table in tables]).groupby("image_id").first()
    return _Place(
        ScorePart(name, scores, cells, metadata.reset_index()),
        tuple(f"{of}: {text}" for of, t in zip(labels, tables, strict=True) for text in t.readings),
        tuple(f"{of}: {text}" for of, t in zip(labels, tables, strict=True) for text in t.problems),
        has_splits=any(table.has_splits for table in tables),
    )


def _united(scores: pd.DataFrame, files: Sequence[Path]) -> pd.DataFrame:
    """Return scores of several files of one study; a measure without threshold is in each."""
    keys = ["image_id", "model", "seed", "metric", "threshold"]
    scores = scores[~scores.duplicated([*keys, "value"])]
    again = scores.duplicated(keys, keep=False)
    if again.any():
        row = scores[again].iloc[0]
        msg = (
            f"{files[0].parent}: image {row['image_id']!r} of model {row['model']!r} has several "
            f"scores ({row['metric']}) in {few(path.name for path in files)}; keep one file per "
            "model and threshold."
        )
        raise InputError(msg)
    return scores.reset_index(drop=True)
