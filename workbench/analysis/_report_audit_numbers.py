"""Checks of the numbers that a report prints against each other."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf, isnan, sqrt
from typing import Final

from scipy import stats

from workbench.analysis._report_audit_facts import ReportFacts, ScoreRow, models_of_pair
from workbench.analysis._report_audit_findings import AuditFinding, found, quoted
from workbench.analysis._report_audit_tests import PAIRED
from workbench.analysis._report_audit_words import Printed, metric_in, number, spelled

MATCHED: Final = frozenset({"f1", "recall", "pq", "panoptic quality"})
"""Scores that can't rise as cells must match better."""

LABELS: Final = {"negligible": (0.0, 0.2), "small": (0.2, 0.5), "medium": (0.5, 0.8),
                 "moderate": (0.5, 0.8), "large": (0.8, inf)}  # fmt: skip
LABEL_HEADERS: Final = frozenset({"effect size", "effect", "label", "magnitude", "interpretation"})
OTHER_THRESHOLD: Final = re.compile(r"confidence threshold|probability threshold|score threshold",
                                    re.I)  # fmt: skip
F_IN_TEXT: Final = re.compile(
    r"\bF(?:[- ](?:statistic|value|ratio))?\s*(?:\([^()]{0,30}\))?\s*[:=|]\s*"
    r"(\d{1,9}(?:\.\d{1,9})?)"
)
NO_PLAIN_ANOVA: Final = re.compile(r"repeated|mixed|friedman|two-way|welch|greenhouse", re.I)
STATISTIC: Final = re.compile(
    r"\b(F|t|H|χ²|χ2|chi2|chi²)\s*\(\s*(\d{1,6}(?:\.\d{1,4})?)\s*(?:,\s*(\d{1,6}(?:\.\d{1,4})?)\s*)?\)"
    r"\s*=\s*(-?\d{1,9}(?:\.\d{1,9})?)"
)
P_VALUE: Final = re.compile(r"\bp(?:[- ]value)?\s*([=<>])\s*(0?\.\d{1,15}|\d(?:\.\d+)?e-\d{1,3})")
PLAIN_P: Final = re.compile(r"p(?:[- _]?val(?:ue)?)?", re.I)
OTHER_P: Final = re.compile(
    r"greenhouse|huynh|correct|adjust|holm|bonferroni|permut|bootstrap|exact|one-(?:sided|tailed)",
    re.I,
)


def impossible_numbers(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find numbers of one row that can't belong together."""
    problems = [
        (row, problem) for row in facts.scores if row.metric for problem in _impossible(row)
    ]
    if problems:
        row, problem = problems[0]
        yield found(
            "arithmetic",
            f"{row.name}: {problem}"
            + (f"; {len(problems) - 1} more rows like this." if len(problems) > 1 else "."),
            [quoted(*line) for line in dict.fromkeys((row.line, row.text) for row, _ in problems)],
        )


def _impossible(row: ScoreRow) -> Iterator[str]:
    values = row.values
    mean, median, sd = (values.get(name) for name in ("mean", "median", "sd"))
    low, high = values.get("minimum"), values.get("maximum")
    for name, value in (("mean", mean), ("median", median)):
        if value and low and value.value + value.step < low.value - low.step:
            yield f"the {name} lies below the minimum"
        if value and high and value.value - value.step > high.value + high.step:
            yield f"the {name} lies above the maximum"
    if mean and median and sd and abs(mean.value - median.value) > sd.value + mean.step + sd.step:
        yield "mean and median are more than one SD apart, which no numbers can be"
    n = row.value("n")
    unit = sqrt(n / (n - 1)) if n > 1 else sqrt(2)
    scale_top = 1.0 if mean and mean.value <= 1 and row.threshold <= 1 else inf
    top = min(high.value + high.step if high else inf, scale_top)
    bottom = low.value - low.step if low else 0.0
    if mean and sd and top < inf:
        largest = sqrt(max((top - mean.value + mean.step) * (mean.value - bottom + mean.step), 0))
        if sd.value - sd.step > largest * unit:
            yield f"an SD of {sd.value:g} is more than scores with this mean can have"
    ends = values.get("ci_low"), values.get("ci_high")
    if ends[0] and ends[1] and ends[0].value > ends[1].value:
        yield "the interval ends before it begins"


def scores_out_of_range(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find means that a measure between 0 and 1 can't have."""
    for (metric, _), rows in facts.means.items():
        values = [row.value("mean") for row in rows.values()]
        # Per cent throughout are no fault.
        percent = max(values) <= 100 and sum(value > 1 for value in values) > len(values) / 2
        wrong = [
            row
            for row in rows.values()
            if row.value("mean") < 0 or row.value("mean") > (100 if percent else 1)
        ]
        if wrong:
            yield found(
                "arithmetic",
                f"{spelled(metric)} of {wrong[0].name} is {wrong[0].value('mean'):g}, outside its "
                "range.",
                [quoted(row.line, row.text) for row in wrong],
            )


def f1_above_its_parts(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a mean F1 above the mean of precision and recall, which each image forbids."""
    rows = {(id(r.table), r.model, r.line, r.threshold, r.metric): r for r in facts.scores}
    for (table, model, line, threshold, metric), row in rows.items():
        parts = [rows.get((table, model, line, threshold, m)) for m in ("precision", "recall")]
        if metric != "f1" or any(part is None or "mean" not in part.values for part in parts):
            continue
        of = [part.values["mean"] for part in parts if part is not None]
        if "mean" in row.values:
            most = sum(part.value + part.step for part in of) / 2
            if row.value("mean") - row.values["mean"].step > most:
                yield found(
                    "arithmetic",
                    f"F1 of {row.name} is {row.value('mean'):g}, above the mean "
                    f"{sum(part.value for part in of) / 2:.4g} of precision and recall, which no "
                    "image allows.",
                    quoted(row.line, row.text),
                )


def rising_scores(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find scores that rise with the IoU threshold."""
    iou = re.search(r"\biou\b", facts.text, re.IGNORECASE)
    if not iou or facts.matches(OTHER_THRESHOLD):
        return
    curves: dict[tuple[int, str, str], list[ScoreRow]] = {}
    for row in facts.scores:
        if row.metric in MATCHED and "mean" in row.values and not isnan(row.threshold):
            curves.setdefault((id(row.table), row.name, row.metric), []).append(row)
    for curve in curves.values():
        for lower, upper in pairwise(sorted(curve, key=lambda row: row.threshold)):
            slack = lower.values["mean"].step + upper.values["mean"].step
            if upper.value("mean") > lower.value("mean") + slack:
                yield found(
                    "arithmetic",
                    f"{spelled(lower.metric)} of {lower.name} rises from {lower.value('mean'):g} at "
                    f"IoU {lower.threshold:g} to {upper.value('mean'):g} at {upper.threshold:g}, "
                    "though a stricter threshold can't match more cells.",
                    [quoted(row.line, row.text) for row in (lower, upper)],
                )
                return


def tables_disagree(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a mean that two tables, which else agree, print differently."""
    first_seen: dict[tuple[str, str, float], ScoreRow] = {}
    agreeing: dict[tuple[int, int], int] = {}
    differing: dict[tuple[int, int], list[tuple[ScoreRow, ScoreRow]]] = {}
    for row in facts.scores:
        if "mean" not in row.values or not row.metric:
            continue
        first = first_seen.setdefault((row.name, row.metric, row.threshold), row)
        if first.table is row.table:
            continue
        tables = (id(first.table), id(row.table))
        one, other = first.values["mean"], row.values["mean"]
        coarse, fine = (one, other) if one.step >= other.step else (other, one)
        if coarse.may_be(fine.value, slack=0 if coarse.step > fine.step else coarse.step / 2):
            agreeing[tables] = agreeing.get(tables, 0) + 1
        else:
            differing.setdefault(tables, []).append((first, row))
    pairs = [
        pair
        for tables, several in differing.items()
        if agreeing.get(tables, 0) >= max(2, 2 * len(several))
        for pair in several
    ]
    if pairs:
        first, second = pairs[0]
        yield found(
            "tables_disagree",
            f"{spelled(first.metric)} of {first.name} is {_digits(first.values['mean'])} in one table "
            f"and {_digits(second.values['mean'])} in another{_cut_off(pairs)}.",
            [
                f"{one.name}, {spelled(one.metric)}: {_digits(one.values['mean'])} (line {one.line})"
                f", {_digits(other.values['mean'])} (line {other.line})"
                for one, other in pairs
            ],
        )


def _cut_off(pairs: Sequence[tuple[ScoreRow, ScoreRow]]) -> str:
    """Say so if digits were cut off: the coarser number lies less than its digit below."""
    for first, second in pairs:
        one, other = first.values["mean"], second.values["mean"]
        coarse, fine = (one, other) if one.step > other.step else (other, one)
        if coarse.step <= fine.step or not 0 < fine.value - coarse.value < coarse.step:
            return ""
    return ": digits were cut off, not rounded"


def _digits(printed: Printed) -> str:
    text = f"{printed.step:.10f}".rstrip("0")
    return f"{printed.value:.{max(len(text.partition('.')[2]), 0)}f}"


def effect_labels(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a Cohen's d whose name is that of another size."""
    for table in facts.report.tables:
        of_d = [i for i, c in enumerate(table.columns) if "cohen" in c.lower()]
        named = [i for i, c in enumerate(table.columns) if c.lower() in LABEL_HEADERS]
        if len(of_d) != 1 or len(named) > 1:
            continue
        for line, row in zip(table.lines[1:], table.rows, strict=True):
            parts = row[of_d[0]].split(maxsplit=1)
            d = number(parts[0]) if parts else None
            label = (row[named[0]] if named else parts[-1] if parts else "").lower()
            if d and label in LABELS:
                low, high = LABELS[label]
                if not low - d.step <= abs(d.value) <= high + d.step:
                    yield found(
                        "effect_label",
                        f"Cohen's d of {d.value:g} is called {label}.",
                        quoted(line, " | ".join(row)),
                    )


def f_and_d(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find an F or a Cohen's d that follows from none of the means and SDs printed."""
    if facts.matches(PAIRED) or not facts.n_images:
        # Of paired data neither follows from means and SDs.
        return
    n = facts.n_images
    groups: dict[tuple[int, str], dict[str, ScoreRow]] = {}
    for row in facts.scores:
        if {"mean", "sd"} <= set(row.values) and row.metric:
            groups.setdefault((id(row.table), row.metric), {})[row.model] = row
    for line, text, metric, f in _printed_f(facts):
        whole = [
            list(rows.values())
            for (_, of), rows in groups.items()
            if set(rows) == set(facts.models) and (not metric or of == metric)
        ]
        spans = [_f_of(rows, n) for rows in whole]
        if spans and not any(low <= f <= high for low, high in spans):
            yield _does_not_follow("F", f, spans, quoted(line, text))
    for line, text, metric, pair, d in _printed_d(facts):
        both = [
            [rows[model] for model in pair]
            for (_, of), rows in groups.items()
            if set(pair) <= set(rows) and (not metric or of == metric)
        ]
        spans = [_d_of(first, second) for first, second in both]
        if spans and not any(low <= abs(d) <= high for low, high in spans):
            yield _does_not_follow("Cohen's d", abs(d), spans, quoted(line, text))


def _does_not_follow(
    name: str, value: float, spans: Sequence[tuple[float, float]], evidence: str
) -> AuditFinding:
    between = " or ".join(f"{low:.4g} to {high:.4g}" for low, high in spans)
    return found(
        "arithmetic",
        f"{name} {value:g} does not follow from the means and SDs printed, which give {between}.",
        evidence,
    )


def _printed_d(
    facts: ReportFacts,
) -> Iterator[tuple[int, str, str, tuple[str, ...], float]]:
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
    # Hedges' correction and n for n - 1 are within a few per cent.
    low = 0.97 * max(difference - loose, 0) / wide if wide else 0.0
    return low, 1.03 * (difference + loose) / narrow if narrow else inf


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


def _f_of(rows: Sequence[ScoreRow], n: int) -> tuple[float, float]:
    """Return between which F lies, means and SDs being rounded."""
    k = len(rows)
    if k < 2 or n < 2:
        return 0.0, inf
    means = [row.value("mean") for row in rows]
    grand = sum(means) / k
    spread = sqrt(sum((mean - grand) ** 2 for mean in means))
    loose = sqrt(sum((row.values["mean"].step / 2) ** 2 for row in rows))
    sds = [row.values["sd"] for row in rows]
    within = [sum(max(sd.value + side * sd.step / 2, 0) ** 2 for sd in sds) / k for side in (1, -1)]
    # A table that divides by n instead of n - 1 is another finding.
    within[0] *= n / (n - 1)
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
    value = number(digits)
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


def extremes_disagree(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a listed image beyond the range printed for its model."""
    for row in facts.scores:
        low, high = row.values.get("minimum"), row.values.get("maximum")
        if not low or not high or (not isnan(row.threshold) and row.threshold > 0.5):
            continue
        for images in facts.images:
            if images.model != row.model:
                continue
            for name, values in images.images:
                value = values.get(row.metric)
                if value is not None and not (
                    low.value - low.step <= value <= high.value + high.step
                ):
                    yield found(
                        "arithmetic",
                        f"{name} has {spelled(row.metric)} {value:g} for {row.name}, outside the "
                        f"range {low.value:g} to {high.value:g} printed for all images.",
                        [quoted(row.line, row.text)],
                    )
                    return
