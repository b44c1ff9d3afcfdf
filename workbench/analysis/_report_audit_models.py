"""Checks of which models and images a report shows, and where."""

import re
from collections.abc import Iterator
from itertools import pairwise
from math import isnan
from statistics import median
from typing import Final

from workbench.analysis._published_report import PublishedTable
from workbench.analysis._report_audit_facts import Bins, ReportFacts, model_key
from workbench.analysis._report_audit_findings import AuditFinding, found, listed, quoted
from workbench.analysis._report_audit_words import heading, number, spelled

COMPARISON: Final = re.compile(
    r"compar|performance|summary|overall|results|descriptive|all models|benchmark|leaderboard", re.I
)
PART: Final = re.compile(r"ablation|baseline|trained|selected|subset|top \d|best \d", re.I)
ENSEMBLE: Final = re.compile(r"ensemble|fusion|vote|voted|together|average", re.I)
N_TRAINED: Final = re.compile(
    r"(?:models? trained|trained models?|number of models|models compared)\D{0,12}(\d{1,3})\b", re.I
)
SUMMARISING: Final = ("f1", "dice", "pq", "aji", "ap", "map", "iou", "miou")
BROKEN_SHARE: Final = 0.1
FEW_IMAGES: Final = 10


def models_missing(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find tables that compare models by their scores and leave some out."""
    for table in facts.report.tables:
        title = " ".join(table.context[-2:])
        if not COMPARISON.search(title) or PART.search(title) or not _holds_scores(table):
            continue
        names = [row[0] for row in table.rows] + list(table.columns)
        shown = {key for name in names if (key := model_key(name)) in facts.models}
        missing = [name for key, name in facts.models.items() if key not in shown]
        # Most of them are there, and nothing but their scores: no table about something else.
        if missing and len(shown) >= 2 and len(shown) >= len(missing):
            yield found(
                "models_missing",
                f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} missing from "
                f"{table.title!r}, which has {len(shown)} of {len(facts.models)} models.",
                [quoted(table.lines[0], " | ".join(table.columns))],
            )


def _holds_scores(table: PublishedTable) -> bool:
    """Whether a table has models on one side, measures on the other, and nothing but numbers."""
    measures = [heading(name).is_score for name in table.columns[1:]]
    of_rows = [heading(row[0]).is_score for row in table.rows]
    cells = [cell for row in table.rows for cell in row[1:]]
    numbers = sum(number(cell) is not None or cell in ("", "-", "nan") for cell in cells)
    return (any(measures) or any(of_rows)) and numbers == len(cells) > 0


def names_differ(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a model that one table calls by a longer name than another."""
    for table in facts.report.tables:
        places = [i for i, c in enumerate(table.columns) if c.lower() in ("model", "models")]
        if len(places) != 1 or len(table.rows) != len(facts.models):
            continue
        keys = [model_key(row[places[0]]) for row in table.rows]
        unknown = [key for key in keys if key in facts.unscored]
        absent = [key for key in facts.models if key not in keys]
        if len(unknown) == len(absent) == 1 and absent[0].startswith(unknown[0]):
            short, long = facts.unscored[unknown[0]], facts.models[absent[0]]
            line = table.lines[1 + keys.index(unknown[0])]
            yield found(
                "names_differ",
                f"{short} in one table seems to be {long} in the others.",
                quoted(line, " | ".join(table.rows[keys.index(unknown[0])])),
            )
            return


def training_count(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a stated number of models that fits neither all of them nor those not ensembles."""
    single = [name for name in facts.models.values() if not ENSEMBLE.search(name)]
    for line, text in facts.matches(N_TRAINED):
        stated = N_TRAINED.search(text)
        if stated and len(facts.models) > 1:
            n = int(stated[1])
            if n not in (len(facts.models), len(single)):
                yield found(
                    "training_count",
                    f"{n} models are stated, the tables have {len(facts.models)}: "
                    f"{listed(list(facts.models.values()))}.",
                    quoted(line, text),
                )


def model_broken(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a model that scores less than a tenth of the others."""
    rows = facts.primary
    for model, row in rows.items():
        others = [r.value("mean") for key, r in rows.items() if key != model]
        if row.metric not in SUMMARISING or not others:
            continue
        usual = median(others)
        if usual >= BROKEN_SHARE and row.value("mean") <= BROKEN_SHARE * usual:
            zero = [
                f"{spelled(r.metric)} 0 at {r.threshold:g} (line {r.line})"
                for r in facts.scores
                if r.model == model and r.metric == row.metric and r.value("mean") == 0
                and not isnan(r.threshold)
            ]  # fmt: skip
            yield found(
                "model_broken",
                f"{row.name} has a mean {spelled(row.metric)} of {row.value('mean'):g}, "
                + (
                    f"the others {min(others):g} to {max(others):g}"
                    if len(others) > 1
                    else f"the other {others[0]:g}"
                )
                + ": its run is probably broken.",
                [quoted(row.line, row.text), *zero[:3]],
            )


def unequal_images(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a table whose models were scored on different numbers of images."""
    tables: dict[tuple[int, str, float], dict[str, tuple[float, int, str]]] = {}
    for row in facts.scores:
        if "n" in row.values and row.model in facts.models:
            key = (id(row.table), row.metric, row.threshold)
            tables.setdefault(key, {})[row.name] = (row.value("n"), row.line, row.text)
    for models in tables.values():
        counts = {n for n, _, _ in models.values()}
        if len(counts) > 1:
            yield found(
                "unequal_images",
                f"The models were scored on {min(counts):g} to {max(counts):g} images.",
                [quoted(line, text) for _, line, text in models.values()],
            )
            return


def few_images(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find a comparison over fewer than ten images."""
    if len(facts.models) > 1 and facts.n_images is not None and facts.n_images < FEW_IMAGES:
        yield found("few_images", f"The models are compared on {facts.n_images} images.",
                    f"n = {facts.n_images}")  # fmt: skip


def images_missing_in_bins(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find bins whose counts do not sum to the number of images, and means that do not fit."""
    n = facts.n_images
    if n is None:
        return
    lacking: list[str] = []
    lines: list[int] = []
    for bins in facts.bins:
        counts = [0 if isnan(count) else int(count) for count in bins.counts]
        missing = n - sum(counts)
        if missing <= 0:
            continue
        lines.append(bins.table.lines[0])
        lacking += [
            f"{facts.models[model]}: {missing} more with a mean of {implied:.3f} would make its "
            f"{facts.primary[model].value('mean'):g}"
            for model in bins.means
            if model in facts.primary
            and (implied := _implied_mean(bins, counts, model, facts, n)) is not None
        ]
    if lines:
        first = next(bins for bins in facts.bins if bins.table.lines[0] == lines[0])
        counts = [0 if isnan(count) else int(count) for count in first.counts]
        yield found(
            "images_missing_in_bins",
            f"{n - sum(counts)} of {n} images are missing from "
            + (f"{len(lines)} tables" if len(lines) > 1 else f"{first.table.title!r}")
            + f" of scores by bin: the counts sum to {sum(counts)}.",
            [
                f"line {lines[0]}: " + ", ".join(
                    f"{label}: {count}" for label, count in zip(first.labels, counts, strict=True)
                ),
                *lacking,
            ],
        )  # fmt: skip


def _implied_mean(
    bins: Bins, counts: list[int], model: str, facts: ReportFacts, n: int
) -> float | None:
    row = facts.primary[model]
    means = bins.means[model]
    # Bins of another measure can't be told from these, unless they can't make the mean.
    if any(isnan(mean) for mean, count in zip(means, counts, strict=True) if count):
        return None
    inside = sum(mean * count for mean, count in zip(means, counts, strict=True) if count)
    implied = (row.value("mean") * n - inside) / (n - sum(counts))
    return implied if 0 <= implied <= 1 else None


def bins_overlap(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find bins that share a number of cells, or leave one out, where others do neither."""
    seen = set()
    for bins in facts.bins:
        steps = [(a, b, b[0] - a[1]) for a, b in pairwise(bins.ends)]
        clean = [step for step in steps if step[2] == 1]
        wrong = [step for step in steps if step[2] != 1]
        if bins.ends in seen or not clean or not wrong:
            continue
        seen.add(bins.ends)
        places = [bins.ends.index(a) for a, _, _ in wrong]
        texts = [
            f"{bins.labels[place]} and {bins.labels[place + 1]} "
            + (f"both hold {wrong[i][1][0]:g}" if wrong[i][2] <= 0 else "leave a gap")
            for i, place in enumerate(places)
        ]
        yield found(
            "overlapping_bins",
            f"Bins {listed(texts)}.",
            f"line {bins.table.lines[0]}: {', '.join(bins.labels)}",
        )


def small_bins(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find bins of one to nine images in a study of many more."""
    if facts.n_images is None or facts.n_images < 2 * FEW_IMAGES:
        return
    for bins in facts.bins[:1]:
        small = [
            f"{label} ({count:g} images)"
            for label, count in zip(bins.labels, bins.counts, strict=True)
            if 0 < count < FEW_IMAGES
        ]
        if small:
            yield found(
                "small_bins",
                f"Few images for a mean: {listed(small)}.",
                f"line {bins.table.lines[0]}: {bins.table.title}",
            )


def all_fail(facts: ReportFacts) -> Iterator[AuditFinding]:
    """Find images on which most models match nothing, though they find the foreground."""
    failed: dict[str, dict[str, tuple[float, float]]] = {}
    for images in facts.images:
        for name, values in images.images:
            if {"f1", "dice"} <= set(values) and values["f1"] < 0.05:
                failed.setdefault(name, {})[images.model] = (values["f1"], values["dice"])
    told = {}
    for name, models in sorted(failed.items()):
        with_foreground = sum(dice >= 0.5 for _, dice in models.values())
        if len(models) >= max(3, len(facts.models) / 2) and 2 * with_foreground >= len(models):
            f1 = max(f1 for f1, _ in models.values())
            dice = max(dice for _, dice in models.values())
            told[name] = f"{name}: F1 up to {f1:g}, Dice up to {dice:g} ({len(models)} models)"
    if told:
        yield found(
            "all_fail",
            f"Of {listed(list(told))} most models find the foreground, but hardly a cell matches.",
            list(told.values()),
        )
