"""What the tables of somebody's report say: scores of models, bins, pairs, lists of images."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, combinations, islice, pairwise
from math import isnan, nan
from typing import Final

from workbench.analysis._published_report import PublishedReport, PublishedTable
from workbench.analysis._report_audit_words import (
    METRICS,
    Heading,
    Printed,
    bin_of,
    heading,
    limits,
    metric_in,
    number,
    spread,
    threshold_in,
)

MODEL_HEADERS: Final = frozenset(
    {"model", "models", "method", "methods", "network", "networks", "algorithm", "approach"}
)
METRIC_HEADERS: Final = frozenset({"metric", "metrics", "measure", "measures", "score"})
IMAGE_HEADERS: Final = frozenset(
    {"image", "images", "name", "names", "file", "filename", "image id", "image_id", "img"}
)
_VERSUS: Final = re.compile(r"\s+(?:vs\.?|versus|-|/|and|against|minus)\s+", re.IGNORECASE)
_MEMBER: Final = re.compile(r"(.*\S)-\d{1,4}")
_IMAGES: Final = re.compile(r"\b(\d{1,6}) (?:test |held-out |annotated |unseen )?images\b")


@dataclass(frozen=True)
class ScoreRow:
    """What one table prints of one model's scores by one measure.

    Attributes
    ----------
    model, name
        The key by which spellings agree, and the name as printed.
    metric, threshold
        "" and NaN where nothing says.
    values
        By statistic: mean, sd, sem, median, n, ci_low, ci_high, minimum, maximum.
    table, line
        Where it stands.
    text
        The row as printed.
    """

    model: str
    name: str
    metric: str
    threshold: float
    values: Mapping[str, Printed]
    table: PublishedTable = field(repr=False)
    line: int
    text: str

    def value(self, statistic: str) -> float:
        """Return a statistic, NaN where it is not printed."""
        return self.values[statistic].value if statistic in self.values else nan


@dataclass(frozen=True)
class Bins:
    """A table of scores by bins of images."""

    table: PublishedTable = field(repr=False)
    labels: tuple[str, ...]
    ends: tuple[tuple[float, float], ...]
    counts: tuple[float, ...]
    means: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class ImageList:
    """Scores of single images of one model, as in lists of the best and the worst."""

    model: str
    table: PublishedTable = field(repr=False)
    images: tuple[tuple[str, Mapping[str, float]], ...]


@dataclass(frozen=True)
class ReportFacts:
    """A report with what its tables say.

    Attributes
    ----------
    report
        As read.
    models
        Names as first printed, by key; those with scores.
    unscored
        Names in columns of models for which no table has scores.
    scores, bins, images
        From the tables.
    """

    report: PublishedReport
    models: Mapping[str, str]
    unscored: Mapping[str, str]
    scores: tuple[ScoreRow, ...]
    bins: tuple[Bins, ...]
    images: tuple[ImageList, ...]

    @cached_property
    def text(self) -> str:
        """All that was read, a statement or row of a table a line."""
        return "\n".join(text for _, text in self.lines)

    @cached_property
    def lines(self) -> tuple[tuple[int, str], ...]:
        """The lines of :attr:`text` with their numbers in the report, in order."""
        rows = [(s.line, s.text) for s in self.report.statements]
        for table in self.report.tables:
            cells = zip(table.lines, (table.columns, *table.rows), strict=True)
            rows += [(line, " | ".join(row)) for line, row in cells]
        return tuple(sorted(rows))

    @cached_property
    def n_images(self) -> int | None:
        """How many images all models were scored on; None where the report does not agree."""
        printed = {row.value("n") for row in self.scores if "n" in row.values}
        if not printed:
            printed = {float(n) for n in _IMAGES.findall(self.text)}
        return int(printed.pop()) if len(printed) == 1 else None

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(text) + 1 for _, text in self.lines), initial=0))

    def matches(self, pattern: re.Pattern[str]) -> list[tuple[int, str]]:
        """Return the lines that a pattern is found in, with their numbers, each once.

        After 200 finds no more are looked for.
        """
        finds = islice(pattern.finditer(self.text), 200)
        places = (bisect_right(self._starts, find.start()) - 1 for find in finds)
        return [self.lines[place] for place in dict.fromkeys(places)]

    @cached_property
    def means(self) -> dict[tuple[str, float], dict[str, ScoreRow]]:
        """Rows with a mean, by measure and threshold, then model; the first printed of each.

        A table that names no threshold counts for the lowest.
        """
        thresholds = [row.threshold for row in self.scores if not isnan(row.threshold)]
        lowest = min(thresholds, default=nan)
        found: dict[tuple[str, float], dict[str, ScoreRow]] = {}
        for row in self.scores:
            if "mean" in row.values and row.metric in METRICS and row.model in self.models:
                at = lowest if isnan(row.threshold) else row.threshold
                found.setdefault((row.metric, at), {}).setdefault(row.model, row)
        return found

    @cached_property
    def primary(self) -> dict[str, ScoreRow]:
        """The means by which models are ranked, highest first.

        Those printed of most models, F1 if several are, at the lowest threshold.
        """
        by = sorted(self.means, key=lambda k: (-len(self.means[k]), k[0] != "f1", k[1]))
        rows = self.means[by[0]] if by else {}
        order = sorted(rows, key=lambda model: -rows[model].value("mean"))
        return {model: rows[model] for model in order}

    def models_in(self, text: str) -> tuple[str, ...]:
        """Return the keys of the models that a text names, in order, each once."""
        words = re.findall(r"[\w+.\-]+", text[:2000])
        found, place = [], 0
        while place < len(words):
            for length in (4, 3, 2, 1):
                name = "".join(words[place : place + length]).rstrip(".")
                member = _MEMBER.fullmatch(name)
                key = model_key(name)
                if member and key not in self.models:
                    key = model_key(member[1])
                if key in self.models:
                    found.append(key)
                    place += length - 1
                    break
            place += 1
        return tuple(dict.fromkeys(found))


def model_key(name: str) -> str:
    """Return by what spellings of one model agree.

    Examples
    --------
    >>> model_key("MAUNET ENSEMBLE") == model_key("maunet_ensemble")
    True
    """
    return re.sub(r"[^a-z0-9+]", "", name.lower())


def report_facts(report: PublishedReport) -> ReportFacts:
    """Return what the tables of a report say; those labelled "as published" are left out.

    Such tables repeat the methods of others on purpose.
    """
    tables = [t for t in report.tables if not re.search("as published", t.title, re.IGNORECASE)]
    report = replace(report, tables=tuple(tables))
    named, scored = _names(tables)
    facts = ReportFacts(
        report,
        {key: named[key] for key in named if key in scored},
        {key: named[key] for key in named if key not in scored},
        (), (), (),
    )  # fmt: skip
    scores: list[ScoreRow] = []
    bins: list[Bins] = []
    images: list[ImageList] = []
    current = ""
    for table in tables:
        own = [facts.models_in(line) for line in table.context]
        current = next((keys[0] for keys in reversed(own) if len(keys) == 1), current)
        if (found := _bins(table, facts, current)) is not None:
            bins.append(found)
        elif (listed := _image_list(table, current)) is not None:
            images.append(listed)
        else:
            scores += _scores(table, facts, current)
    return replace(facts, scores=tuple(scores), bins=tuple(bins), images=tuple(images))


def pairs_tested(facts: ReportFacts) -> dict[frozenset[str], tuple[int, str]]:
    """Return the pairs of models for which a p value or an interval is printed, and where."""
    found: dict[frozenset[str], tuple[int, str]] = {}
    for table in facts.report.tables:
        meanings = [heading(column).statistic for column in table.columns]
        as_matrix = [model_key(column) for column in table.columns]
        for line, row in zip(table.lines[1:], table.rows, strict=True):
            models = models_of_pair(row, facts)
            if len(models) == 2 and {"p", "interval"} & set(meanings):
                found.setdefault(frozenset(models), (line, " | ".join(row)))
            first = model_key(row[0]) if row else ""
            if first in facts.models and re.search(r"\bp[- ]?val|pairwise", table.title, re.I):
                for other, cell in zip(as_matrix[1:], row[1:], strict=True):
                    if other in facts.models and other != first and cell not in ("", "-"):
                        found.setdefault(frozenset((first, other)), (line, " | ".join(row)))
    for statement in facts.report.statements:
        if re.search(r"\bp ?(?:[<=>≤≥]|-?value)|\bp \(", statement.text[:2000]):
            for pair in combinations(facts.models_in(statement.text)[:6], 2):
                found.setdefault(frozenset(pair), (statement.line, statement.text))
    return found


def models_of_pair(row: Sequence[str], facts: ReportFacts) -> tuple[str, ...]:
    """Return the models that the first cells of a row name, alone or as "A vs B"."""
    cells = [part for cell in row[:4] for part in _VERSUS.split(cell[:300])]
    keys = (model_key(part) for part in cells)
    return tuple(dict.fromkeys(key for key in keys if key in facts.models))


def _names(tables: Sequence[PublishedTable]) -> tuple[dict[str, str], set[str]]:
    """Return the names of models by key, and the keys of those with scores."""
    named: dict[str, str] = {}
    scored: set[str] = set()
    for table in tables:
        place = _model_column(table)
        if place is not None:
            names = [row[place] for row in table.rows]
            meanings = [heading(column) for column in table.columns]
            told = {meaning.statistic for meaning in meanings if not meaning.metric}
            has_scores = any(meaning.is_score for meaning in meanings) or bool(
                told & {"mean", "mean and sd", "mean and sem"}
                and (told & {"mean and sd", "sd", "interval"} or _metric_of(table))
            )
        elif table.columns[0].lower() in METRIC_HEADERS:
            names = [name for name, cells in _columns(table) if any(map(number, cells))]
            names = [name for name in names if not heading(name).is_score]
            has_scores = any(heading(row[0]).is_score for row in table.rows)
        else:
            continue
        for name in names:
            if name and number(name) is None:
                named.setdefault(model_key(name), name)
                if has_scores:
                    scored.add(model_key(name))
    named.pop("", None)
    # Of measures that nobody here knows the models are known all the same.
    scored = scored & set(named) or set(named)
    members = {
        key
        for key, name in named.items()
        if (found := _MEMBER.fullmatch(name)) and model_key(found[1]) in named
    }
    return {key: named[key] for key in named if key not in members}, scored - members


def _columns(table: PublishedTable) -> Iterator[tuple[str, list[str]]]:
    for place, name in enumerate(table.columns[1:], start=1):
        yield name, [row[place] for row in table.rows]


def _model_column(table: PublishedTable) -> int | None:
    lowered = [column.lower() for column in table.columns]
    for place, name in enumerate(lowered):
        if name in MODEL_HEADERS:
            return place
    unnamed = not lowered[0] and any(heading(column).is_score for column in lowered[1:])
    return 0 if unnamed and not any(number(row[0]) for row in table.rows) else None


def _metric_of(table: PublishedTable) -> str:
    return next((m for line in reversed(table.context[-2:]) if (m := metric_in(line))), "")


def _threshold_of(table: PublishedTable) -> float:
    found = [threshold_in(line) for line in reversed(table.context[-2:])]
    return next((threshold for threshold in found if not isnan(threshold)), nan)


def _scores(table: PublishedTable, facts: ReportFacts, current: str) -> Iterator[ScoreRow]:
    place = _model_column(table)
    if place is not None or any(heading(c).statistic == "threshold" for c in table.columns[:2]):
        rows = list(_scores_by_row(table, facts, place, current))
        keys = [(row.name, row.metric, row.threshold) for row in rows]
        # A name that comes twice: a row per image or seed, not per model.
        return iter(rows if len(set(keys)) == len(keys) else ())
    return _scores_by_column(table, facts)


def _scores_by_row(
    table: PublishedTable, facts: ReportFacts, place: int | None, current: str
) -> Iterator[ScoreRow]:
    meanings = [heading(column) for column in table.columns]
    default = _metric_of(table)
    models = [(c, model_key(name)) for c, name in enumerate(table.columns)]
    for line, row in zip(table.lines[1:], table.rows, strict=True):
        threshold = _threshold_of(table)
        for meaning, cell in zip(meanings, row, strict=True):
            if meaning.statistic == "threshold" and (found := number(cell)):
                threshold = found.value
        name = row[place] if place is not None else facts.models.get(current, "")
        if place is None and any(key in facts.models for _, key in models):
            for column, key in models:
                if key in facts.models and (mean := number(row[column])):
                    yield ScoreRow(
                        key, table.columns[column], default, threshold, {"mean": mean},
                        table, line, " | ".join(row),
                    )  # fmt: skip
            continue
        if not name:
            continue
        for (metric, at), values in _row_values(meanings, row, default, threshold).items():
            yield ScoreRow(model_key(name), name, metric, at, values, table, line, " | ".join(row))


def _row_values(
    meanings: Sequence[Heading], row: Sequence[str], default: str, threshold: float
) -> dict[tuple[str, float], dict[str, Printed]]:
    """Return the statistics of a row by measure and threshold; its number of images goes to all."""
    found: dict[tuple[str, float], dict[str, Printed]] = {}
    n: dict[str, Printed] = {}
    single = {m.metric for m in meanings if m.is_score and m.statistic != "other"}
    metric_of_row = single.pop() if len(single) == 1 else default
    for meaning, cell in zip(meanings, row, strict=True):
        metric = meaning.metric or metric_of_row
        values = _cell_values(meaning.statistic, cell)
        if meaning.statistic == "n":
            # "Used" stands behind "Images" where both are printed.
            n = values or n
        elif values:
            at = threshold if isnan(meaning.threshold) else meaning.threshold
            # NaN is a key like any other: it is one object throughout.
            statistics = found.setdefault((metric, nan if isnan(at) else at), {})
            for name, value in values.items():
                statistics.setdefault(name, value)
    return {key: values | n for key, values in found.items()}


def _cell_values(statistic: str, cell: str) -> dict[str, Printed]:
    values: dict[str, Printed | None] = {}
    if statistic in ("mean", "sd", "sem", "median", "minimum", "maximum", "n"):
        values[statistic] = number(cell)
    elif statistic in ("mean and sd", "mean and sem"):
        values = {"mean": number(cell), statistic.removeprefix("mean and "): spread(cell)}
    elif statistic in ("interval", "range") and (ends := limits(cell)):
        names = ("ci_low", "ci_high") if statistic == "interval" else ("minimum", "maximum")
        values = dict(zip(names, ends, strict=True))
    return {name: value for name, value in values.items() if value is not None}


def _scores_by_column(table: PublishedTable, facts: ReportFacts) -> Iterator[ScoreRow]:
    """Yield the means of a table with a column per model and a row per measure."""
    for line, row in zip(table.lines[1:], table.rows, strict=True):
        meaning = heading(row[0])
        if not (meaning.is_score and meaning.statistic == "mean"):
            continue
        threshold = meaning.threshold if not isnan(meaning.threshold) else _threshold_of(table)
        for name, cell in zip(table.columns[1:], row[1:], strict=True):
            mean = number(cell)
            if model_key(name) in facts.models and mean:
                yield ScoreRow(
                    model_key(name), name, meaning.metric, threshold, {"mean": mean}, table, line,
                    " | ".join(row),
                )  # fmt: skip


def _bins(table: PublishedTable, facts: ReportFacts, current: str) -> Bins | None:
    ends = [bin_of(row[0]) for row in table.rows]
    known = [end for end in ends if end is not None]
    spans = sum(low != high for low, high in known)
    rising = all(a[0] < b[0] for a, b in pairwise(known))
    meanings = [heading(column).statistic for column in table.columns]
    if len(known) < 2 or len(known) < len(ends) or not spans or not rising:
        return None
    if "n" not in meanings[1:]:
        return None
    place = meanings.index("n", 1)
    counts = [number(row[place]) for row in table.rows]
    means = {}
    for column, name in enumerate(table.columns[1:], start=1):
        key = model_key(name)
        key = current if key not in facts.models and meanings[column] == "mean" else key
        if key in facts.models:
            cells = (number(row[column]) for row in table.rows)
            means[key] = tuple(cell.value if cell else nan for cell in cells)
    return Bins(
        table, tuple(row[0] for row in table.rows), tuple(known),
        tuple(count.value if count else nan for count in counts), means,
    )  # fmt: skip


def _image_list(table: PublishedTable, current: str) -> ImageList | None:
    if table.columns[0].lower() not in IMAGE_HEADERS or not current:
        return None
    measures = [heading(column) for column in table.columns]
    images = []
    for row in table.rows:
        cells = [(m.metric, number(cell)) for m, cell in zip(measures, row, strict=True)]
        values = {metric: cell.value for metric, cell in cells if metric and cell}
        images.append((row[0], values))
    return ImageList(current, table, tuple(images))
