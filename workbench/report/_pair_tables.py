"""Pairs of models: as published, and compared image by image."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from workbench import figures
from workbench.analysis import critical_difference
from workbench.report._findings import Findings
from workbench.report._numbers import (
    four_decimals,
    interval,
    intervals,
    listed,
    p_text,
    plain,
    signed,
    whole,
)
from workbench.report._parts import Figure, Query, ReportTable

ALPHA: Final = 0.05
MOST_PAIRS: Final = 60


def pair_items(found: Findings) -> list[ReportTable | Figure]:
    """Return figures and tables of all pairs."""
    pairs, published = found.compared.pairs, found.compared.published_pairs
    behind = [found.query(*row) for row in pairs[["first", "second"]].itertuples(index=False)]
    items: list[ReportTable | Figure] = [
        _published_pairs(found, published),
        _tested_pairs(found, pairs, behind),
        _effects(pairs, behind),
    ]
    drawn = [_differences(found, pairs)]
    if len(found.models) > 2:
        drawn = [_matrix(found, pairs), *drawn, _mean_ranks(found)]
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
        -found.paired if found.lower_is_better else found.paired,
        alpha=ALPHA,
        groups=found.groups,
    )
    within = "images" if found.groups is None else "groups of images (of their means)"
    ranks = ", ".join(f"{m} {rank:.2f}" for m, rank in diagram.mean_ranks.head(7).items())
    together = "; ".join(listed(list(clique)) for clique in diagram.cliques)
    return Figure(
        f"Mean ranks of the models within {within}; 1 is best. Bars join models that Wilcoxon's "
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
        f"{_which(found)}, each pair tested by itself, as if every model had images of its own; "
        "published reports pick some of the pairs.",
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
            "95 % interval": intervals(pairs, "ci_low", "ci_high"),
            "Simultaneous": intervals(pairs, "simultaneous_low", "simultaneous_high"),
            "p (Holm)": pairs["p_permutation_holm"],
            "Verdict": [_verdict(row) for row in pairs.itertuples()],
            "Wins / ties / losses": pairs[["wins", "ties", "losses"]]
            .astype(str)
            .agg(" / ".join, axis=1),
            "Detectable": pairs["minimum_detectable_difference"],
            "Images needed": pairs["images_needed"],
        }
    )
    return ReportTable(
        "pairs",
        f"{_which(found)} on the same images: permutation test of the mean difference, p adjusted "
        "by Holm; the simultaneous intervals hold for all pairs at once. Equivalent: within "
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


def _which(found: Findings) -> str:
    return "All pairs" if found.reference is None else f"All models against {found.reference}"


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
