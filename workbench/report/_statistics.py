"""Descriptives and tests: each published table, and beside it what the data support."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from workbench import figures
from workbench.analysis import critical_difference, describe_as_published, describe_models
from workbench.report._findings import Findings, measure_at, threshold_of
from workbench.report._numbers import (
    NOTHING,
    four_decimals,
    interval,
    listed,
    p_text,
    plain,
    short,
    signed,
    whole,
)
from workbench.report._parts import Figure, Label, Query, ReportTable, Section

ALPHA: Final = 0.05
MOST_PAIRS: Final = 60
PAIRED: Final = (
    "All models were scored on the same images, so tests compare them image by image. Published "
    "reports often test them as if each model had seen images of its own; those tables are shown "
    "too, with their label."
)
DIFFERENT: Final = (
    "Is there any difference between the models? These tests take the images of each model for "
    "different images."
)
IMAGE_BY_IMAGE: Final = "Is there any difference between the models, image by image?"


def statistics_section(found: Findings) -> Section:
    """Return the section on statistics."""
    items: list[ReportTable | Figure] = [*descriptive_tables(found, found.metric)]
    if found.metric != "dice" and found.values("dice", math.nan) is not None:
        items += descriptive_tables(found, "dice")
    texts = [PAIRED]
    if found.compared.note:
        return Section("Statistics", [*texts, _sentence(found.compared.note)], items)
    items += [*_omnibus(found), *_pairs(found)]
    if len(found.compared.assumptions):
        items.append(_assumptions(found))
    return Section("Statistics", texts, items)


def descriptive_tables(found: Findings, metric: str) -> list[ReportTable]:
    """Return the published descriptives of a measure, and those with fitting intervals."""
    threshold = threshold_of(found.scores, metric, found.threshold)
    values = found.values(metric, threshold)
    if values is None or values.dropna().empty:
        return []
    paired = values.dropna()
    at = measure_at(metric, threshold)
    ending = "" if metric == found.metric else f"_{metric}"
    old = describe_as_published(paired)
    published = pd.DataFrame(
        {
            "Model": old["model"],
            "Mean ± SD (ddof = 0)": [
                f"{four_decimals(mean)} ± {four_decimals(sd)}"
                for mean, sd in old[["mean", "sd_ddof0"]].itertuples(index=False)
            ],
            "Median": old["median"],
            "Central 95 % of images": _brackets(old, "central_low", "central_high"),
            "Range": _brackets(old, "minimum", "maximum"),
        }
    )
    queries = [found.query(str(m), images=paired.index) for m in old["model"]]
    if metric != found.metric:
        queries = [Query((str(m),), metric, threshold, tuple(paired.index)) for m in old["model"]]
    behind: dict[str, list[Query | None]] = {
        name: [*queries] for name in ("Mean ± SD (ddof = 0)", "Median", "Mean", "Images")
    }
    return [
        ReportTable(
            f"descriptives{ending}_as_published",
            f"{at} over {len(paired)} images, SD with n. Published reports call the central 95 % "
            "of images a confidence interval; it says where images lie, not how sure the mean is.",
            published,
            formats={"Median": four_decimals},
            label="as published",
            queries={name: behind[name] for name in published.columns if name in behind},
        ),
        _described(found, paired, at, ending, behind),
    ]


def _described(
    found: Findings,
    paired: pd.DataFrame,
    at: str,
    ending: str,
    behind: dict[str, list[Query | None]],
) -> ReportTable:
    table = (
        found.described
        if not ending
        else describe_models(
            paired, groups=found.groups, n_resamples=found.n_resamples, seed=found.seed
        )
    )
    frame = pd.DataFrame(
        {
            "Model": table["model"],
            "Images": table["n"],
            "Mean": table["mean"],
            "SD (ddof = 1)": table["sd"],
            "Mean's interval (t)": _intervals(table, "ci_low", "ci_high"),
            "Mean's interval (BCa)": _intervals(table, "bca_low", "bca_high"),
            "Median": table["median"],
            "Median's interval": _intervals(table, "median_low", "median_high"),
            "Quartiles": _intervals(table, "q25", "q75"),
        }
    )
    notices = "; ".join(dict.fromkeys(filter(None, table["notice"])))
    return ReportTable(
        f"descriptives{ending}",
        f"{at}: 95 % intervals of the mean (Student t and BCa bootstrap) and of the median (order "
        f"statistics).{f' {_sentence(notices)}' if notices else ''}",
        frame,
        label="corrected",
        queries={name: behind[name] for name in frame.columns if name in behind},
    )


def _omnibus(found: Findings) -> list[ReportTable]:
    compared = found.compared
    return [
        _tests(found, "omnibus_as_published", "as published", compared.published_tests, DIFFERENT),
        _tests(found, "omnibus", "corrected", compared.tests, IMAGE_BY_IMAGE),
    ]


def _tests(
    found: Findings, name: str, label: Label, tests: pd.DataFrame, caption: str
) -> ReportTable:
    behind = [found.query(*found.models)] * len(tests)
    return ReportTable(
        name,
        caption,
        _test_rows(tests, published=label == "as published"),
        formats={"p": p_text},
        label=label,
        queries={"Statistic": behind, "p": behind},
    )


def _test_rows(tests: pd.DataFrame, *, published: bool) -> pd.DataFrame:
    rows = []
    for test in tests.itertuples():
        degrees = ", ".join(f"{value:.4g}" for value in test.degrees_of_freedom)
        given = f"({degrees})" if degrees else ""
        row = {
            "Test": test.name,
            "Statistic": f"{test.statistic_name}{given} = {_digits(test.statistic)}"
            if not published
            else f"{test.statistic_name} = {four_decimals(test.statistic)}",
            "p": test.p_value,
            "Effect": f"{test.effect_name} = {plain(test.effect)}" if test.effect_name else NOTHING,
        }
        if published:
            row["Significant"] = "yes" if test.p_value < ALPHA else "no"
        else:
            row["Note"] = test.note
        rows.append(row)
    return pd.DataFrame(rows)


def _digits(statistic: float) -> str:
    """Return a statistic that can be read back: without marks between thousands."""
    return short(statistic).replace(",", "")


def _pairs(found: Findings) -> list[ReportTable | Figure]:
    pairs, published = found.compared.pairs, found.compared.published_pairs
    behind = [found.query(*row) for row in pairs[["first", "second"]].itertuples(index=False)]
    items: list[ReportTable | Figure] = [
        _published_pairs(found, published),
        _tested_pairs(found, pairs, behind),
        _effects(pairs, behind),
    ]
    drawn = [_differences(found, pairs)]
    if len(found.models) > 2:
        drawn += [_matrix(found, pairs), _mean_ranks(found)]
    return [*drawn, *items]


def _differences(found: Findings, pairs: pd.DataFrame) -> Figure:
    apart = pairs[pairs["p_permutation_holm"] < ALPHA]
    widest = pairs.loc[pairs["mean_difference"].abs().idxmax()]
    return Figure(
        "Mean difference of each pair of models over the same images: the thick bar is its 95 % "
        f"interval, the thin one holds for all pairs at once; differences within {found.margin:g} "
        "(shaded) count as equivalent.",
        figures.paired_differences(pairs, metric=found.metric, margin=found.margin),
        f"{len(apart)} of {len(pairs)} pairs are told apart (Holm-adjusted p < 0.05). The widest "
        f"difference is {signed(widest['mean_difference'])} of {widest['first']} against "
        f"{widest['second']}.",
    )


def _matrix(found: Findings, pairs: pd.DataFrame) -> Figure:
    apart = pairs[pairs["p_permutation_holm"] < ALPHA]
    winners = apart["first"].where(apart["mean_difference"] > 0, apart["second"])
    counts = winners.value_counts()
    wins = ", ".join(f"{m} above {counts.get(m, 0)}" for m in found.models[:7])
    return Figure(
        "All pairs at a glance: mean difference of the row's model against the column's; "
        "triangles mark those told apart (Holm-adjusted p < 0.05), an equals sign those "
        "equivalent.",
        figures.pair_matrix(pairs, metric=found.metric),
        f"Told apart, a model lies above so many others: {wins}.",
    )


def _mean_ranks(found: Findings) -> Figure:
    diagram = critical_difference(
        -found.paired if found.lower_is_better else found.paired, alpha=ALPHA
    )
    ranks = ", ".join(f"{m} {rank:.2f}" for m, rank in diagram.mean_ranks.head(7).items())
    together = "; ".join(listed(list(clique)) for clique in diagram.cliques)
    return Figure(
        "Mean ranks of the models within images (1 is best). Bars join models that Wilcoxon's "
        "test with Holm's correction does not tell apart; the ruler is the Nemenyi distance.",
        figures.critical_difference_diagram(diagram),
        f"Mean ranks: {ranks}. Not told apart: {together or 'none'}.",
    )


def _published_pairs(found: Findings, published: pd.DataFrame) -> ReportTable:
    frame = pd.DataFrame(
        {
            "Comparison": published["first"] + " vs " + published["second"],
            "Difference": published["difference"],
            "T-test p": published["p_t"],
            "Mann-Whitney p": published["p_mann_whitney"],
            "Cohen's d": published["cohens_d"],
            "Effect size": published["cohens_d_label"],
            "Cliff's delta": published["cliffs_delta"],
        }
    )
    rows = published[["first", "second"]].itertuples(index=False)
    behind = [found.query(*row) for row in rows]
    return ReportTable(
        "pairs_as_published",
        "Pairs of models, each tested by itself, as if every model had images of its own. "
        "Published reports pick some pairs; here are all.",
        frame,
        formats={
            "Difference": signed,
            "T-test p": p_text,
            "Mann-Whitney p": p_text,
            "Cohen's d": four_decimals,
            "Cliff's delta": plain,
        },
        label="as published",
        queries={"Difference": behind, "Cohen's d": behind},
        max_rows=MOST_PAIRS,
    )


def _tested_pairs(found: Findings, pairs: pd.DataFrame, behind: list[Query]) -> ReportTable:
    frame = pd.DataFrame(
        {
            "Pair": pairs["first"] + " − " + pairs["second"],
            "Difference": pairs["mean_difference"],
            "95 % interval": _intervals(pairs, "ci_low", "ci_high"),
            "Simultaneous": _intervals(pairs, "simultaneous_low", "simultaneous_high"),
            "p (Holm)": pairs["p_permutation_holm"],
            "Verdict": [_verdict(row) for row in pairs.itertuples()],
            "Wins / ties / losses": pairs[["wins", "ties", "losses"]]
            .astype(str)
            .agg(" / ".join, axis=1),
            "Detectable": pairs["minimum_detectable_difference"],
            "Images needed": pairs["images_needed"],
        }
    )
    against = "All pairs" if found.reference is None else f"All models against {found.reference}"
    return ReportTable(
        "pairs",
        f"{against} on the same images: permutation test of the mean difference, p adjusted by "
        "Holm; the simultaneous intervals hold for all pairs at once. Equivalent: within "
        f"{found.margin:g} by two one-sided tests. Detectable: the smallest difference that 8 of "
        "10 such studies would find; images needed: for the difference that was seen.",
        frame,
        formats={
            "Difference": signed,
            "p (Holm)": p_text,
            "Images needed": whole,
        },
        label="corrected",
        queries={"Difference": behind, "p (Holm)": behind, "Wins / ties / losses": behind},
        max_rows=MOST_PAIRS,
    )


def _verdict(row: Any) -> str:
    if row.p_permutation_holm < ALPHA:
        better = row.first if row.mean_difference > 0 else row.second
        also = ", yet equivalent" if row.equivalent else ""
        return f"{better} higher{also}"
    return "equivalent" if row.equivalent else "not told apart"


def _effects(pairs: pd.DataFrame, behind: list[Query]) -> ReportTable:
    frame = pd.DataFrame(
        {
            "Pair": pairs["first"] + " − " + pairs["second"],
            "Wilcoxon p": pairs["p_wilcoxon_holm"],
            "Paired t p": pairs["p_t_holm"],
            "Sign p": pairs["p_sign_holm"],
            "Hodges-Lehmann": [
                f"{signed(row.hodges_lehmann)} {interval(row.hl_low, row.hl_high)}"
                for row in pairs.itertuples()
            ],
            "d_z": pairs["d_z"],
            "Rank-biserial": pairs["rank_biserial"],
            "P(first higher)": pairs["probability_first"],
            "Correlation": pairs["correlation"],
        }
    )
    return ReportTable(
        "pairs_other_tests",
        "The same pairs by other paired tests (p adjusted by Holm within each), with effect "
        "sizes. Where these agree with the permutation test, the choice of test does not matter.",
        frame,
        formats=dict.fromkeys(("Wilcoxon p", "Paired t p", "Sign p"), p_text),
        label="corrected",
        queries={"d_z": behind},
        max_rows=MOST_PAIRS,
    )


def _assumptions(found: Findings) -> ReportTable:
    return ReportTable(
        "assumptions",
        "Checks of what the parametric tests assume; shown, and never used to switch tests.",
        found.compared.assumptions,
        headers={"check": "Check", "statistic": "Statistic", "p_value": "p", "note": "Note"},
        formats={"p_value": p_text},
    )


def _intervals(table: pd.DataFrame, low: str, high: str) -> list[str]:
    return [interval(*row) for row in table[[low, high]].itertuples(index=False)]


def _brackets(table: pd.DataFrame, low: str, high: str) -> list[str]:
    return [
        f"[{four_decimals(a)}, {four_decimals(b)}]"
        for a, b in table[[low, high]].itertuples(index=False)
    ]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
