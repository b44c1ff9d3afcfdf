"""Checks of test statistics, effects and p values against what they are computed from."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isnan, sqrt
from typing import Final

from scipy import stats

from workbench.analysis._published_report import PublishedTable
from workbench.analysis._report_audit_facts import ReportFacts, ScoreRow, models_of_pair
from workbench.analysis._report_audit_findings import AuditFinding, found, quoted
from workbench.analysis._report_audit_tests import PAIRED
from workbench.analysis._report_audit_words import metric_in, number

F_IN_TEXT: Final = re.compile(
    r"\bF(?:[- ](?:statistic|value|ratio))?\s*(?:\([^()]{0,30}\))?\s*[:=|]\s*"
    r"(\d{1,9}(?:\.\d{1,9})?)"
)
NO_PLAIN_ANOVA: Final = re.compile(r"repeated|mixed|friedman|two-way|welch|greenhouse", re.I)
STATISTIC: Final = re.compile(
    r"\b(F|t|H|χ²|χ2|chi2|chi²)\s*\(\s*(\d{1,6}(?:\.\d{1,4})?)\s*(?:,\s*(\d{1,6}(?:\.\d{1,4})?)\s*)?\)"
    r"\s*=\s*(-?(?:\d{1,3}(?:,\d{3}){1,3}|\d{1,9})(?:\.\d{1,9})?)(?![\d,.]*\d)"
)
P_VALUE: Final = re.compile(r"\bp(?:[- ]value)?\s*([=<>])\s*(0?\.\d{1,15}|\d(?:\.\d+)?e-\d{1,3})")
PLAIN_P: Final = re.compile(r"p(?:[- _]?val(?:ue)?)?", re.I)
OTHER_P: Final = re.compile(
    r"greenhouse|huynh|correct|adjust|holm|bonferroni|permut|bootstrap|exact|one-(?:sided|tailed)",
    re.I,
)


@dataclass(frozen=True)
class _Expected:
    """An F or a d as printed, and between which it lies by each table that it may come from."""

    name: str
    value: float
    line: int
    text: str
    spans: tuple[tuple[PublishedTable, float, float], ...]

    def fits(self, low: float, high: float, slack: float) -> bool:
        return low / slack <= abs(self.value) <= high * slack


def f_and_d(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find an F or a Cohen's d that follows from none of the means and SDs printed."""
    for expected in facts.once(_expected):
        # Hedges' correction, and n for n - 1, are within a few per cent.
        if not any(expected.fits(low, high, slack=1.03) for _, low, high in expected.spans):
            between = " or ".join(f"{low:.4g} to {high:.4g}" for _, low, high in expected.spans)
            yield found(
                "arithmetic",
                f"The {expected.name} of {expected.value:g} does not follow from the means and SDs "
                f"printed, which give {between}.",
                quoted(expected.line, expected.text),
            )


def computed_from(facts: ReportFacts, one: PublishedTable, other: PublishedTable) -> Iterator[str]:
    """Yield sentences on what was computed from the SDs of one table and not from the other's."""
    for expected in facts.once(_expected):
        spans = {id(table): (low, high) for table, low, high in expected.spans}
        if not {id(one), id(other)} <= set(spans):
            continue
        for table, not_from in ((one, other), (other, one)):
            low, high = spans[id(not_from)]
            if expected.fits(*spans[id(table)], slack=1) and not expected.fits(low, high, slack=1):
                yield (
                    f"the {expected.name} of {expected.value:g} (line {expected.line}) follows "
                    f"from the table in line {table.lines[0]}, not from that in line "
                    f"{not_from.lines[0]}, which gives {low:.4g} to {high:.4g}"
                )


def _expected(facts: ReportFacts) -> tuple[_Expected, ...]:
    return tuple(_computed(facts))


def _computed(facts: ReportFacts) -> Iterator[_Expected]:
    n = facts.n_images
    if facts.matches(PAIRED) or not n or n < 2:
        # Of paired data neither follows from means and SDs.
        return
    groups: dict[tuple[int, str], dict[str, ScoreRow]] = {}
    for row in facts.scores:
        if {"mean", "sd"} <= set(row.values) and row.metric:
            groups.setdefault((id(row.table), row.metric), {})[row.model] = row
    for line, text, metric, f in _printed_f(facts):
        spans = [
            (next(iter(rows.values())).table, *_f_of(list(rows.values()), n))
            for (_, of), rows in groups.items()
            if set(rows) == set(facts.models) and metric in ("", of) and len(rows) > 1
        ]
        if spans:
            yield _Expected("F", f, line, text, tuple(spans))
    for line, text, metric, pair, d in _printed_d(facts):
        spans = [
            (rows[pair[0]].table, *_d_of(rows[pair[0]], rows[pair[1]]))
            for (_, of), rows in groups.items()
            if set(pair) <= set(rows) and metric in ("", of)
        ]
        if spans:
            yield _Expected("Cohen's d", d, line, text, tuple(spans))


def _printed_f(facts: ReportFacts) -> Iterator[tuple[int, str, str, float]]:
    """Yield the F of each plain one-way ANOVA, with its measure where one is named."""
    recent: list[str] = []
    for line, text in facts.lines:
        recent = [*recent[-3:], text[:300]]
        near = " ".join(recent)
        match = F_IN_TEXT.search(text[:300])
        if match and "anova" in near.lower() and not NO_PLAIN_ANOVA.search(near):
            yield (
                line,
                text,
                next((m for t in reversed(recent) if (m := metric_in(t))), ""),
                float(match[1]),
            )


def _printed_d(
    facts: ReportFacts,
) -> Iterator[tuple[int, str, str, tuple[str, ...], float]]:
    """Yield Cohen's d of each pair, with its measure where one is named."""
    for table in facts.report.tables:
        of_d = [i for i, c in enumerate(table.columns) if "cohen" in c.lower()]
        metric = next((m for line in reversed(table.context[-2:]) if (m := metric_in(line))), "")
        for line, row in zip(table.lines[1:], table.rows, strict=True):
            pair = models_of_pair(row, facts)
            if len(of_d) == 1 and len(pair) == 2 and (d := number(row[of_d[0]])):
                yield line, " | ".join(row), metric, pair, d.value


def _d_of(first: ScoreRow, second: ScoreRow) -> tuple[float, float]:
    """Return between which the size of Cohen's d lies, means and SDs being rounded."""
    difference = abs(first.value("mean") - second.value("mean"))
    loose = (first.values["mean"].step + second.values["mean"].step) / 2
    sds = [row.values["sd"] for row in (first, second)]
    wide, narrow = (
        sqrt(sum(max(sd.value + side * sd.step / 2, 0) ** 2 for sd in sds) / 2) for side in (1, -1)
    )
    low = max(difference - loose, 0) / wide if wide else 0.0
    return low, (difference + loose) / narrow if narrow else inf


def _f_of(rows: Sequence[ScoreRow], n: int) -> tuple[float, float]:
    """Return between which F lies, means and SDs being rounded."""
    k = len(rows)
    means = [row.value("mean") for row in rows]
    grand = sum(means) / k
    spread = sqrt(sum((mean - grand) ** 2 for mean in means))
    loose = sqrt(sum((row.values["mean"].step / 2) ** 2 for row in rows))
    sds = [row.values["sd"] for row in rows]
    within = [sum(max(sd.value + side * sd.step / 2, 0) ** 2 for sd in sds) / k for side in (1, -1)]
    between = [n * max(spread + side * loose, 0) ** 2 / (k - 1) for side in (-1, 1)]
    return between[0] / within[0] if within[0] else 0.0, between[1] / within[1] if within[
        1
    ] else inf


def p_from_statistic(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a p value that does not follow from the statistic printed with it."""
    for line, text, checked in _with_statistic(facts):
        statistic, p = STATISTIC.search(checked), P_VALUE.search(checked)
        if not statistic or not p or statistic.end() > p.start():
            continue
        low, high = _p_between(*statistic.groups())
        printed = number(p[2])
        if printed is None or isnan(low):
            continue
        half = 0.51 * printed.step if p[1] == "=" else 0.0
        wrong = {
            "=": not low - half <= printed.value <= high + half,
            "<": low > printed.value,
            ">": high < printed.value,
        }[p[1]]
        one_sided = statistic[1] == "t" and low / 2 - half <= printed.value <= high / 2 + half
        if wrong and not one_sided:
            yield found(
                "arithmetic",
                f"p {p[1]} {p[2]} does not follow from {statistic[0]}, which gives "
                f"{(low + high) / 2:.3g}.",
                quoted(line, text),
            )


def _with_statistic(facts: ReportFacts) -> Iterator[tuple[int, str, str]]:
    """Yield lines that print a test statistic, as they are and with "p =" before their p."""
    for statement in facts.report.statements:
        text = statement.text[:500]
        if "(" in text and not OTHER_P.search(text):
            yield statement.line, text, text
    for table in facts.report.tables:
        places = [i for i, c in enumerate(table.columns) if PLAIN_P.fullmatch(c)]
        for line, row in zip(table.lines[1:], table.rows, strict=True):
            text = " | ".join(row)[:500]
            if places and "(" in text and not OTHER_P.search(text):
                cell = row[places[0]]
                yield line, text, f"{text} p {cell if cell[:1] in '<>' else f'= {cell}'}"


def _p_between(name: str, first: str, second: str | None, digits: str) -> tuple[float, float]:
    value = number(digits.replace(",", ""))
    if value is None:
        return float("nan"), float("nan")
    ends = [max(abs(value.value) - value.step / 2, 0), abs(value.value) + value.step / 2]
    if name == "F" and second:
        tails = [float(stats.f.sf(end, float(first), float(second))) for end in ends]
    elif name == "t" and not second:
        tails = [float(2 * stats.t.sf(end, float(first))) for end in ends]
    elif name in ("H", "χ²", "χ2", "chi2", "chi²") and not second:
        tails = [float(stats.chi2.sf(end, float(first))) for end in ends]
    else:
        return float("nan"), float("nan")
    return tails[1], tails[0]
