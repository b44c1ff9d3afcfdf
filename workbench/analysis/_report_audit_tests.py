"""Checks of the tests and intervals that a report prints."""

import re
from collections.abc import Iterator
from math import comb, isnan, sqrt
from typing import Final

import numpy as np
from scipy import stats

from workbench.analysis._report_audit_facts import ReportFacts, ScoreRow, pairs_tested
from workbench.analysis._report_audit_findings import AuditFinding, found, listed, quoted
from workbench.analysis._report_audit_words import heading

UNPAIRED: Final = {
    "t-test": re.compile(r"\bt[- ]?tests?\b", re.I),
    "Mann-Whitney": re.compile(r"mann[- ]?whitney|rank[- ]sum", re.I),
    "ANOVA": re.compile(r"\banova\b|analysis of variance", re.I),
    "Kruskal-Wallis": re.compile(r"kruskal", re.I),
}
PAIRED: Final = re.compile(
    r"(?<!un)(?<!un-)(?<!not )(?<!no )\bpaired\b|wilcoxon(?![- ](?:rank|mann))|signed[- ]rank"
    r"|friedman|repeated[- ]measures|within[- ](?:image|subject)|mixed[- ](?:effects?|model)"
    r"|mcnemar|\bsign[- ](?:flip|test)|permutation|nemenyi|quade|cochran",
    re.I,
)
OTHER_IMAGES: Final = re.compile(
    r"different images|images per model|images for each model|own (?:test )?(?:set|images)"
    r"|independent (?:images|sets|samples)|disjoint sets",
    re.I,
)
CORRECTION: Final = re.compile(
    r"holm|bonferroni|hochberg|hommel|benjamini|\bfdr\b|false discovery|tukey|nemenyi|dunn|scheff"
    r"|[sš]id[aá]k|conover|games-howell|family-?wise|max-t|simultaneous|\bp[- _]?adj|adj\w*[. ]p\b"
    r"|p[- ]values? (?:was |were |are )?(?:adjusted|corrected)|multiple (?:test|compar)",
    re.I,
)
NO_CORRECTION: Final = re.compile(
    r"\b(?:no|not|without|un)[ -]?(?:\w+ ){0,3}?(?:correct|adjust)", re.I
)
P_TEXT: Final = re.compile(r"\bp(?:[- _]?val\w*)?\s*[<=>≤≥:|]|p[- _]val", re.I)
ALL_PAIRS: Final = re.compile(r"\ball (?:\d+ )?pair|every pair|appendix|supplement", re.I)
ZERO: Final = re.compile(r"(?:[<=≤]\s*)?(?:0(?:\.0*)?|\.0+)")
ZERO_IN_TEXT: Final = re.compile(
    r"(?:\bp|[pP][- _]?[vV]al(?:ue)?s?)\s*[:=<≤]\s*(?:0(?:\.0*)?|\.0+)(?![\d.eE])"
)
STATED_GROUPS: Final = re.compile(
    r"cluster|hierarchical|whole groups|groups? (?:were |are )?resampled|resampl\w+ (?:the )?"
    r"(?:groups|slides|plates|patients)",
    re.I,
)
OWN_WIDTH: Final = re.compile(r"within[- ]subject|cousineau|morey|loftus", re.I)
MIN_IMAGES: Final = 10
"""Below, t and bootstrap intervals differ too much to tell either from percentiles."""


def unpaired_tests(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find tests for independent samples where all models saw the same images."""
    named = {name: facts.matches(pattern) for name, pattern in UNPAIRED.items()}
    named = {name: lines for name, lines in named.items() if lines}
    if not named or len(facts.models) < 2 or facts.matches(PAIRED) or facts.matches(OTHER_IMAGES):
        return
    same = _same_images(facts)
    if same:
        evidence = [quoted(*lines[0]) for lines in named.values()]
        yield found(
            "unpaired_tests",
            f"All {len(facts.models)} models were scored on {same}, but {listed(list(named))} "
            f"{'treats' if len(named) == 1 else 'treat'} the images of each model as different "
            "ones; no paired test is named.",
            [*dict.fromkeys(evidence)],
        )


def _same_images(facts: ReportFacts) -> str:
    """Return what shows that all models saw the same images; "" if nothing does."""
    if facts.n_images is not None:
        return f"the same {facts.n_images} images"
    names: dict[str, set[str]] = {}
    for images in facts.images:
        for name, _ in images.images:
            names.setdefault(name, set()).add(images.model)
    shared = [name for name, models in names.items() if len(models) > 1]
    return f"the same images ({listed(shared)} stand in several lists)" if shared else ""


def percentiles_as_ci(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find intervals called those of a mean that are far wider than it can have."""
    if facts.matches(STATED_GROUPS):
        return
    wide = [
        (row, ratio)
        for row in facts.scores
        if (ratio := _width_ratio(row, facts, larger=True)) is not None and ratio > 3
    ]
    if not wide:
        return
    first, ratio = wide[0]
    n = _n(first, facts)
    half = _t_half(first.value("sd"), n)
    mean = first.value("mean")
    evidence = [quoted(first.line, first.text)]
    evidence.append(
        f"mean {mean:g}, SD {first.value('sd'):g} and n {n:g} give "
        f"[{mean - half:.4f}, {mean + half:.4f}]"
    )
    if listed_ends := _percentiles_of_lists(first, facts):
        evidence.append(listed_ends)
    lines = dict.fromkeys(row.line for row, _ in wide[1:])
    if lines:
        evidence.append(f"the same in lines {listed([str(line) for line in lines])}")
    yield found(
        "percentiles_as_ci",
        f"{len(wide)} of {_n_intervals(facts)} intervals called confidence intervals are 3 times "
        f"or more as wide as the mean's can be, that of {first.name} {ratio:.0f} times: they say "
        "where most images lie, not how well the mean is known.",
        evidence,
    )


def interval_too_narrow(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find intervals far narrower than the number of images allows."""
    if facts.matches(OWN_WIDTH):
        return
    narrow = [
        (row, ratio)
        for row in facts.scores
        if (ratio := _width_ratio(row, facts, larger=False)) is not None and ratio < 0.4
    ]
    if narrow and len(narrow) > _n_intervals(facts) / 2:
        row, ratio = narrow[0]
        n = _n(row, facts)
        yield found(
            "interval_too_narrow",
            f"{len(narrow)} of {_n_intervals(facts)} intervals are much narrower than SD and "
            f"number of images allow, that of {row.name} {1 / max(ratio, 0.01):.0f} times: they "
            "look like intervals over cells, pixels or folds.",
            [
                quoted(row.line, row.text),
                f"SD {row.value('sd'):g} and n {n:g} give ± {_t_half(row.value('sd'), n):.4f}",
            ],
        )


def _n_intervals(facts: ReportFacts) -> int:
    return sum(_width_ratio(row, facts, larger=True) is not None for row in facts.scores)


def _n(row: ScoreRow, facts: ReportFacts) -> float:
    n = row.value("n")
    return float(facts.n_images or np.nan) if isnan(n) else n


def _t_half(sd: float, n: float) -> float:
    return float(stats.t.ppf(0.975, n - 1) * sd / sqrt(n))


def _width_ratio(row: ScoreRow, facts: ReportFacts, *, larger: bool) -> float | None:
    """Return how many times as wide an interval is as Student's, rounding on its side."""
    n = _n(row, facts)
    if not {"mean", "sd", "ci_low", "ci_high"} <= set(row.values) or not n >= MIN_IMAGES:
        return None
    low, high, sd = row.values["ci_low"], row.values["ci_high"], row.values["sd"]
    side = 1 if larger else -1
    spread = sd.value + side * sd.step / 2
    half = (high.value - low.value - side * (low.step + high.step) / 2) / 2
    return half / _t_half(spread, n) if spread > 0 else None


def _percentiles_of_lists(row: ScoreRow, facts: ReportFacts) -> str:
    """Return the sentence that an interval starts at a percentile of the images listed."""
    lists = [
        sorted(values[row.metric] for _, values in images.images if row.metric in values)
        for images in facts.images
        if images.model == row.model
    ]
    place = (_n(row, facts) - 1) * 0.025
    below = int(place)
    worst = min(lists, key=lambda values: values[0], default=[]) if all(lists) else []
    if len(worst) < below + 2:
        return ""
    percentile = worst[below] + (place - below) * (worst[below + 1] - worst[below])
    if not row.values["ci_low"].may_be(percentile, slack=row.values["ci_low"].step):
        return ""
    return f"the 2.5th percentile of the images listed is {percentile:.4f}, where it begins"


def p_as_zero(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find p values printed as 0."""
    lines = dict(facts.matches(ZERO_IN_TEXT))
    for table in facts.report.tables:
        places = [i for i, c in enumerate(table.columns) if heading(c).statistic == "p"]
        for line, row in zip(table.lines[1:], table.rows, strict=True):
            if any(ZERO.fullmatch(row[place]) for place in places):
                lines[line] = " | ".join(row)
    if lines:
        yield found(
            "p_as_zero",
            f"p is printed as 0 in {len(lines)} line{'s' if len(lines) > 1 else ''}.",
            [quoted(*item) for item in sorted(lines.items())],
        )


def multiple_testing(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find several pairs tested without a correction."""
    pairs = facts.once(pairs_tested)
    corrected = any(not NO_CORRECTION.search(text) for _, text in facts.matches(CORRECTION))
    if len(pairs) < 2 or corrected or not _prints_p(facts):
        return
    yield found(
        "multiple_testing",
        f"{len(pairs)} pairs of models are tested, and no correction for that is named.",
        [quoted(*place) for place in dict.fromkeys(pairs.values())],
    )


def _prints_p(facts: ReportFacts) -> bool:
    columns = (column for table in facts.report.tables for column in table.columns)
    return bool(facts.matches(P_TEXT)) or any(heading(c).statistic == "p" for c in columns)


def pairs_shown(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find pairs left out, the first two models above all."""
    pairs = facts.once(pairs_tested)
    models = list(facts.primary)
    n_pairs = comb(len(models), 2)
    against_one = any(
        all(frozenset((model, other)) in pairs for other in models if other != model)
        for model in models
    )
    tests = pairs or any(facts.matches(pattern) for pattern in (*UNPAIRED.values(), PAIRED))
    if len(models) < 2 or not tests or (facts.n_images or 3) < 3:
        return
    if not pairs and facts.matches(ALL_PAIRS):
        return
    if pairs and len(pairs) < n_pairs and not against_one and not facts.matches(ALL_PAIRS):
        yield found(
            "pairs_missing",
            f"{len(pairs)} of the {n_pairs} pairs of {len(models)} models are shown, and not all "
            "against one model.",
            [quoted(*place) for place in dict.fromkeys(pairs.values())],
        )
    first, second = (facts.primary[model] for model in models[:2])
    ties = [m for m in models[1:] if facts.primary[m].value("mean") == second.value("mean")]
    if not any(frozenset((models[0], other)) in pairs for other in ties):
        yield found(
            "first_two_untested",
            f"{first.name} and {second.name} have the highest mean, and no test or interval is "
            "shown for their difference.",
            [
                f"{row.name} {row.values['mean'].value:g} (line {row.line})"
                for row in (first, second)
            ],
        )
