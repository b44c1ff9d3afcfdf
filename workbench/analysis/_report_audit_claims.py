"""Checks of the sentences of a report against its tables."""

import re
from collections.abc import Iterator
from math import inf, isnan
from typing import Final

from workbench.analysis._published_report import Statement
from workbench.analysis._report_audit_facts import Bins, ReportFacts, ScoreRow, pairs_tested
from workbench.analysis._report_audit_findings import AuditFinding, found, listed, quoted
from workbench.analysis._report_audit_models import SUMMARISING
from workbench.analysis._report_audit_tests import P_TEXT, PAIRED, UNPAIRED
from workbench.analysis._report_audit_words import heading, metric_in, spelled, threshold_in

NAMED_BEST: Final = re.compile(
    r"(?:\b(?:best|highest|winner|top[- ]performing)\b(?!.{0,20}\bimages?\b)[^:]{0,60}:"
    r"|\b(?:is|was|shows?|has|had|achieve[sd]?|gives?|gave|reach(?:es|ed)|perform(?:s|ed)"
    r"|obtain(?:s|ed)|yield(?:s|ed)|attain(?:s|ed)|ranks?)\b[^.:]{0,40}?\b(?:best|highest|first)\b"
    r"|\boutperform(?:s|ed) all)",
    re.I,
)
QUALIFIED: Final = re.compile(
    r"second|among|except|besides|single|validation|train|epoch|worst|bins?\b|dens|sparse"
    r"|images with|\bif\b|median|\bnot\b|\bno\b|\bp\b|memory|speed|fast|time",
    re.I,
)
OVERALL: Final = re.compile(r"\boverall\b|in every respect|by every measure|best in all", re.I)
ADVICE: Final = re.compile(
    r"\b(?:consider using|recommend|should (?:use|be set)|we (?:suggest|advise)|optimal|best|use a?"
    r"|choose|set)\b",
    re.I,
)
GAIN: Final = re.compile(
    r"balance|trade-?off|operating point|optimal|best (?:performance|results?)|improve", re.I
)
MATCHING_THRESHOLD: Final = re.compile(
    r"(?<!confidence )(?<!probability )(?<!score )(?<!foreground )(?<!detection )(?<!intensity )"
    r"(?<!flow )(?<!prob )(?<!decision )(?<!segmentation )(?<!nms )"
    r"threshold\s*(?:of|=|:|at)?\s*(0?\.\d{1,3})\b",
    re.I,
)
ABOUT_SCORING: Final = re.compile(
    r"\breport|\bmatch|evaluat|\bmetric|primary|\brank|\bscor|confidence|probabilit|foreground"
    r"|detection|intensity|cellprob|nms|suppression|non-max",
    re.I,
)
SLICE: Final = re.compile(
    r"images with|on images|cell counts?|\bdense|densely|\bsparse|crowded|small cells|large cells",
    re.I,
)
COMPARATIVE: Final = re.compile(
    r"\bbetter\b|\bworse\b|\bbest\b|\bworst\b|\bstruggle|\bdifficult|\bharder\b|\beasier\b"
    r"|perform(?:s|ed)? (?:well|poorly)",
    re.I,
)
TESTED: Final = re.compile(
    r"\bp\b\s*(?:\([^)]*\)\s*)?(?:[<=>]|value)|\[[-\d. ]+,|interval|\bci\b|signific|not tested"
    r"|not told apart|no claim", re.I
)  # fmt: skip
SPAN: Final = re.compile(r"\b(\d{1,6})\s?(?:-|to)\s?(\d{1,6})\b")
SIGNIFICANT: Final = re.compile(
    r"(?<!not )(?<!no )(?<!non-)\bsignificant(?:ly)? (?:\w+ ){0,2}?"
    r"(?:better|higher|worse|lower|outperform\w*|improve\w*|differen\w+|superior|above)"
    r"|\bsignificantly\b.{0,30}\boutperform",
    re.I,
)
TEST_WORDS: Final = re.compile(
    r"\bp ?[<=>]|p-val|\btests?ed\b|permutation|bootstrap|interval", re.I
)
EQUAL: Final = re.compile(
    r"\b(?:are|is|perform(?:s|ed)?|were) (?:statistically )?(?:equal(?:ly)?|equivalent|identical"
    r"|the same|just as good|as good as)\b", re.I
)  # fmt: skip
NOT_SIGNIFICANT: Final = re.compile(
    r"not (?:statistically )?signific|no significant|\bp\s*[=>]", re.I
)
EQUIVALENCE: Final = re.compile(r"\btost\b|equivalence (?:test|margin|bound)|margin", re.I)
NEGATED: Final = re.compile(r"\bnot\b.{0,20}\b(?:mean|equal|equivalent|same|identical)", re.I)
TRAINED: Final = re.compile(r"\bepochs?\b|learning rate|\btrained\b|training loss", re.I)
REPEATED: Final = re.compile(
    r"\bseeds?\b|checkpoint|repeat|replicat|\bruns?\b|re-?train|trainings\b|one training|\bfolds?\b"
    r"|cross-?validat|initiali[sz]ation",
    re.I,
)


def best_model(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a model called best that is not, or is so by some measures alone."""
    told: dict[str, list[str]] = {}
    for line, text, named in _named_best(facts):
        rows = _rows_meant(facts, text)
        if named in rows and _is_below(rows[named], max(r.value("mean") for r in rows.values())):
            first = max(rows.values(), key=lambda row: row.value("mean"))
            yield found(
                "best_is_not_best",
                f"{rows[named].name} is called best, but {first.name} has the higher mean "
                f"{spelled(first.metric)}: {first.value('mean'):g} over "
                f"{rows[named].value('mean'):g}.",
                [quoted(line, text), quoted(first.line, first.text)],
            )
        elif OVERALL.search(text):
            told.setdefault(named, []).append(quoted(line, text))
    for named, lines in told.items():
        if others := _better(facts, named):
            yield found(
                "best_depends",
                f"{facts.models[named]} is called best overall, but by other measures or "
                "thresholds printed another model is.",
                [*lines, *others],
            )


def _named_best(facts: ReportFacts) -> Iterator[tuple[int, str, str]]:
    """Yield the lines that call one model best, and which."""
    for line, text in facts.matches(NAMED_BEST):
        said = NAMED_BEST.search(text)
        if said is None or QUALIFIED.search(text) or "|" in text:
            continue
        # "Best by mean F1: unet" names it behind the colon, "unet is best" before the verb.
        behind = said[0].endswith(":")
        models = facts.models_in(text[said.end() :] if behind else text[: said.start()])
        if len(models) == 1 and len(facts.models_in(text)) == 1:
            yield line, text, models[0]


def _rows_meant(facts: ReportFacts, text: str) -> dict[str, ScoreRow]:
    metric, threshold = metric_in(text), threshold_in(text)
    if not metric:
        return {}
    for (of, at), rows in sorted(facts.means.items(), key=lambda item: item[0][1]):
        if of == metric and (isnan(threshold) or at == threshold) and len(rows) > 1:
            return rows
    return {}


def _is_below(row: ScoreRow, highest: float) -> bool:
    return row.value("mean") + row.values["mean"].step < highest


def _better(facts: ReportFacts, named: str) -> list[str]:
    """Return by what other models are better than the one named."""
    found_better: dict[str, str] = {}
    for (metric, threshold), rows in facts.means.items():
        if metric not in SUMMARISING or named not in rows:
            continue
        first = max(rows.values(), key=lambda row: row.value("mean"))
        if _is_below(rows[named], first.value("mean")):
            values = f"{first.value('mean'):g} over {rows[named].value('mean'):g}"
            # Pixel measures are the same at every threshold.
            found_better.setdefault(
                f"{spelled(metric)}: {first.name} {values}",
                "" if metric == "dice" or isnan(threshold) else f" at {threshold:g}",
            )
    return [f"{text}{where}" for text, where in found_better.items()]


def threshold_as_setting(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find advice to use the IoU threshold of scoring as if it were a setting."""
    for line, text in facts.matches(MATCHING_THRESHOLD):
        found_number = MATCHING_THRESHOLD.search(text)
        if found_number is None or ABOUT_SCORING.search(text):
            continue
        value = float(found_number[1])
        scored_at = [row for row in facts.scores if row.threshold == value]
        if scored_at and ADVICE.search(text) and GAIN.search(text):
            yield found(
                "threshold_as_setting",
                f"The threshold {value:g} at which cells were matched for scoring is recommended "
                "as if it could be set.",
                [quoted(line, text), quoted(scored_at[0].line, scored_at[0].text)],
            )


def slice_claims(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find claims about images of some kind that no test or interval stands under."""
    if not facts.bins or any(
        heading(column).statistic in ("interval", "p")
        for bins in facts.bins
        for column in bins.table.columns
    ):
        return
    for statement in facts.report.statements:
        text = statement.text[:500]
        if SLICE.search(text) and COMPARATIVE.search(text) and not TESTED.search(text):
            against = _against(statement, facts)
            yield found(
                "slice_claim",
                "A claim about some of the images stands without a test or an interval"
                + (f", and {listed(list(against))} "
                   f"{'goes' if len(against) == 1 else 'go'} against it." if against else "."),
                [quoted(statement.line, text), *against.values()],
            )  # fmt: skip


def _against(statement: Statement, facts: ReportFacts) -> dict[str, str]:
    """Return models whose bins contradict that a span of counts is better, with the numbers."""
    span = SPAN.search(statement.text)
    if not span or not re.search(r"\bbetter\b|\bbest\b|\bwell\b", statement.text, re.IGNORECASE):
        return {}
    low, high = float(span[1]), float(span[2])
    found_against = {}
    for bins in facts.bins:
        inside = [_share_inside(ends, low, high) > 0.5 for ends in bins.ends]
        for model, means in bins.means.items():
            text = _contradiction(bins, means, inside)
            if text:
                found_against[facts.models[model]] = f"{facts.models[model]}: {text}"
    return found_against


def _share_inside(ends: tuple[float, float], low: float, high: float) -> float:
    if ends[1] == inf:
        return float(ends[0] >= low and high == inf)
    return max(0.0, min(ends[1], high) - max(ends[0], low) + 1) / (ends[1] - ends[0] + 1)


def _contradiction(bins: Bins, means: tuple[float, ...], inside: list[bool]) -> str:
    """Return two bins of ten images or more that stand the wrong way round; "" if none do."""
    rows = list(zip(bins.labels, means, bins.counts, inside, strict=True))
    lowest = min((r for r in rows if r[3] and r[2] >= 10), key=lambda r: r[1], default=None)
    highest = max((r for r in rows if not r[3] and r[2] >= 10), key=lambda r: r[1], default=None)
    # Between models that find nothing there is no order.
    if lowest and highest and highest[1] > max(lowest[1], 0.05):
        return f"{lowest[1]:.3f} in {lowest[0]}, {highest[1]:.3f} in {highest[0]}"
    return ""


def significance_untested(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find "significantly better" in a report that names no test."""
    named = (TEST_WORDS, PAIRED, P_TEXT, *UNPAIRED.values())
    lines = facts.matches(SIGNIFICANT)
    if lines and not any(facts.matches(pattern) for pattern in named):
        yield found(
            "significance_untested",
            "A difference is called significant, but no test, p or interval is in the report.",
            [quoted(*line) for line in lines],
        )


def absence_as_equality(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find models called equal because a test did not tell them apart."""
    if facts.matches(EQUIVALENCE):
        return
    for line, text in facts.matches(EQUAL):
        if NOT_SIGNIFICANT.search(text) and not NEGATED.search(text):
            yield found(
                "absence_as_equality",
                "Models are called equal because a difference was not significant.",
                quoted(line, text),
            )


def no_uncertainty(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a best model named by means alone."""
    has_any = any("ci_low" in row.values for row in facts.scores) or facts.once(pairs_tested)
    named = (TEST_WORDS, PAIRED, P_TEXT, *UNPAIRED.values())
    if has_any or len(facts.primary) < 2 or any(facts.matches(pattern) for pattern in named):
        return
    lines = [quoted(line, text) for line, text, _ in _named_best(facts)]
    if lines:
        yield found(
            "no_uncertainty",
            "A model is called best by means alone: no interval and no test is shown.",
            lines,
        )


def no_seeds(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find trained networks of which nothing says how often each was trained."""
    lines = facts.matches(TRAINED)
    if lines and len(facts.models) > 1 and not facts.matches(REPEATED):
        yield found(
            "no_seeds",
            "Networks were trained, and nothing is said of seeds or repeated trainings: by how "
            "much scores change from one training to the next is unknown.",
            quoted(*lines[0]),
        )
