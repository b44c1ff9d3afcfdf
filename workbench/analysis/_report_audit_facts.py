"""What the tables of somebody's report say: scores of models, bins, pairs, lists of images."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate, combinations, islice
from math import isnan, nan
from typing import Any, Final, TypeVar

from workbench.analysis._published_report import PublishedReport, PublishedTable
from workbench.analysis._report_audit_words import (
    METRICS,
    Printed,
    heading,
)

T = TypeVar("T")

_VERSUS: Final = re.compile(r"\s+(?:vs\.?|versus|-|/|and|against|minus)\s+", re.IGNORECASE)
MEMBER: Final = re.compile(r"(.*\S)-\d{1,4}")
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
    def _lowered(self) -> str:
        return "\n".join(text.lower() for _, text in self.lines)

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(text) + 1 for _, text in self.lines), initial=0))

    @cached_property
    def _lowered_starts(self) -> list[int]:
        # Some characters become two.
        return list(accumulate((len(text.lower()) + 1 for _, text in self.lines), initial=0))

    @cached_property
    def _known(self) -> dict[object, Any]:
        return {}

    def once(self, ask: Callable[["ReportFacts"], T]) -> T:
        """Return what a function says of these facts, asked at the first call only."""
        if ask not in self._known:
            self._known[ask] = ask(self)
        answer: T = self._known[ask]
        return answer

    def matches(self, pattern: re.Pattern[str]) -> list[tuple[int, str]]:
        """Return the lines that a pattern is found in, with their numbers, each once.

        After 200 finds no more are looked for.
        """
        if pattern not in self._known:
            lowered = in_lower_case(pattern)
            text, starts = (
                (self._lowered, self._lowered_starts) if lowered else (self.text, self._starts)
            )
            finds = islice((lowered or pattern).finditer(text), 200)
            places = (bisect_right(starts, find.start()) - 1 for find in finds)
            self._known[pattern] = [self.lines[place] for place in dict.fromkeys(places)]
        return list(self._known[pattern])

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
        if text not in self._known:
            self._known[text] = tuple(dict.fromkeys(self._models_in(text)))
        names: tuple[str, ...] = self._known[text]
        return names

    def _models_in(self, text: str) -> Iterator[str]:
        words = re.findall(r"[\w+.\-]+", text[:2000])
        keys = [model_key(word) for word in words]
        place = 0
        while place < len(words):
            for length in (4, 3, 2, 1):
                key = "".join(keys[place : place + length])
                if key not in self.models:
                    name = "".join(words[place : place + length]).rstrip(".")
                    member = MEMBER.fullmatch(name) if name[-1:].isdigit() else None
                    key = model_key(member[1]) if member else ""
                if key in self.models:
                    yield key
                    place += length - 1
                    break
            place += 1


@lru_cache(maxsize=256)
def in_lower_case(pattern: re.Pattern[str]) -> re.Pattern[str] | None:
    r"""Return the same for texts in lower case, several times as fast; None where there is none.

    Examples
    --------
    >>> in_lower_case(re.compile(r"holm\B", re.IGNORECASE))
    re.compile('holm\\B')
    >>> in_lower_case(re.compile("SD", re.IGNORECASE)), in_lower_case(re.compile("holm"))
    (None, None)
    """
    bare = re.sub(r"\\.", "", pattern.pattern)
    if not pattern.flags & re.IGNORECASE or bare != bare.lower():
        return None
    return re.compile(pattern.pattern, pattern.flags & ~re.IGNORECASE)


@lru_cache(maxsize=65_536)
def model_key(name: str) -> str:
    """Return by what spellings of one model agree.

    Examples
    --------
    >>> model_key("MAUNET ENSEMBLE") == model_key("maunet_ensemble")
    True
    """
    return re.sub(r"[^a-z0-9+]", "", name.lower())


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
