"""Checks of the numbers that a report prints against each other."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf, isnan, sqrt
from typing import Final

from workbench.analysis._report_audit_facts import ReportFacts, ScoreRow
from workbench.analysis._report_audit_findings import AuditFinding, found, quoted
from workbench.analysis._report_audit_recomputed import computed_from
from workbench.analysis._report_audit_words import METRICS, Printed, number, spelled

MATCHED: Final = frozenset({"f1", "recall", "pq", "panoptic quality"})
"""Scores that can't rise as cells must match better."""

LABELS: Final = {"negligible": (0.0, 0.2), "small": (0.2, 0.5), "medium": (0.5, 0.8),
                 "moderate": (0.5, 0.8), "large": (0.8, inf)}  # fmt: skip
LABEL_HEADERS: Final = frozenset({"effect size", "effect", "label", "magnitude", "interpretation"})
STATED_SD: Final = re.compile(r"ddof|\bn ?- ?1\b|bessel|population s|sample s(?:d|td|tand)", re.I)
OTHER_THRESHOLD: Final = re.compile(r"confidence threshold|probability threshold|score threshold",
                                    re.I)  # fmt: skip


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
    scale_top = 1.0 if mean and mean.value <= 1 and row.metric in METRICS else inf
    top = min(high.value + high.step if high else inf, scale_top)
    bottom = low.value - low.step if low else 0.0
    if mean and sd and top < inf:
        # The variance is largest where all scores lie at the ends (Bhatia and Davis).
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
                    f"{spelled(lower.metric)} of {lower.name} rises from {lower.value('mean'):g} "
                    f"at IoU {lower.threshold:g} to {upper.value('mean'):g} at {upper.threshold:g}, "
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
        if one.agrees(other):
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
            f"{spelled(first.metric)} of {first.name} is {_digits(first.values['mean'])} in one "
            f"table and {_digits(second.values['mean'])} in another{_cut_off(pairs)}.",
            [
                f"{one.name}, {spelled(one.metric)}: {_digits(one.values['mean'])} "
                f"(line {one.line}), {_digits(other.values['mean'])} (line {other.line})"
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


def extremes_disagree(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a listed image beyond the range printed for its model."""
    lists = [
        (images.model, metric, name, value)
        for images in facts.images
        for name, values in images.images
        for metric, value in values.items()
    ]
    ranges = {
        (row.model, row.metric): row
        for row in reversed(facts.scores)
        if {"minimum", "maximum"} <= set(row.values) and not row.threshold > 0.5
    }
    for model, metric, name, value in lists:
        row = ranges.get((model, metric))
        if row is None:
            continue
        low, high = row.values["minimum"], row.values["maximum"]
        if not low.value - low.step <= value <= high.value + high.step:
            yield found(
                "arithmetic",
                f"{name} has {spelled(metric)} {value:g} for {row.name}, outside the range "
                f"{low.value:g} to {high.value:g} printed for all images.",
                quoted(row.line, row.text),
            )
            return


def sd_conventions(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find the same SD printed with n in one table and n - 1 in another."""
    n = facts.n_images
    if n is None or n < 2 or facts.matches(STATED_SD):
        return
    factor = sqrt(n / (n - 1))
    first_seen: dict[tuple[str, str], ScoreRow] = {}
    differing: list[tuple[ScoreRow, ScoreRow]] = []
    for row in facts.scores:
        if not {"mean", "sd"} <= set(row.values):
            continue
        first = first_seen.setdefault((row.model, row.metric), row)
        same_scores = row.values["mean"].agrees(first.values["mean"])
        if not same_scores or row.values["sd"].agrees(first.values["sd"]):
            continue
        larger, smaller = sorted((first, row), key=lambda r: -r.value("sd"))
        slack = smaller.values["sd"].step * factor / 2
        if not larger.values["sd"].may_be(smaller.value("sd") * factor, slack=slack):
            # They differ, but not by this.
            return
        differing.append((larger, smaller))
    if differing:
        larger, smaller = differing[0]
        a, b = larger.value("sd"), smaller.value("sd")
        yield found(
            "sd_conventions",
            f"The SD of {larger.name} is {a:g} in one table and {b:g} in another, and so for "
            f"{len(differing)} models: the first divides by n - 1, the second by n = {n}.",
            [
                quoted(larger.line, larger.text),
                quoted(smaller.line, smaller.text),
                f"{a:g} / {b:g} = {a / b:.4f}, sqrt({n}/{n - 1}) = {factor:.4f}",
                *computed_from(facts, larger.table, smaller.table),
            ],
        )
