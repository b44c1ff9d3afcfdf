"""A comparison as people read it: tables for the terminal, and what it comes to in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.analysis import groups_text
from workbench.report import ReportTable, interval, p_clause, p_text, short, signed, whole
from workbench.studies._compare import Compared
from workbench.studies._score_source_columns import higher_is_better
from workbench.studies._terminal import print_table, terminal

MAX_PAIRS: Final = 28
"""All pairs of eight models; of more, those with the best model are shown."""
ALPHA: Final = 0.05


def print_comparison(compared: Compared) -> None:
    """Show a comparison in the terminal, whole: how it was read, models, tests, what it means."""
    console = terminal()

    def block(title: str, lines: Iterable[str]) -> None:
        shown = list(lines)
        if shown:
            console.print(f"\n{title}", style="bold")
        for line in shown:
            console.print(f"- {line}", soft_wrap=True)

    console.print(comparison_title(compared), style="bold", soft_wrap=True)
    grouped = groups_text(compared.paired.index, compared.groups)
    block("How the scores were read", filter(None, [*compared.source.readings, grouped]))
    print_table(model_rows_compared(compared))
    if not compared.comparison.note:
        print_table(omnibus_rows(compared))
        print_table(pair_rows(compared))
    if compared.seeds is not None:
        print_table(seed_rows(compared.seeds, compared.models))
    if compared.found_cells is not None:
        print_table(found_cell_rows(compared.found_cells))
    block("What the data say", findings(compared))
    block("What they do not say", limits(compared))


def comparison_title(compared: Compared) -> str:
    """Return what is compared in a line."""
    n_images, n_models = compared.paired.shape
    grouped = "" if compared.groups is None else f" in {compared.n_groups} groups"
    return (
        f"{compared.source.name}: {compared.measure} of {n_models} models on the same {n_images} "
        f"images{grouped}"
    )


def model_rows_compared(compared: Compared) -> ReportTable:
    """Return the models, best first."""
    table = compared.models
    frame = pd.DataFrame(
        {
            "Model": table["model"],
            "Mean": table["mean"],
            "95 % interval": _intervals(table, "ci_low", "ci_high"),
            "SD": table["sd"],
            "Median": table["median"],
            "Interval of the median": _intervals(table, "median_low", "median_high"),
            "Rank": table["rank"],
            "95 % of ranks": [
                "–" if np.isnan(low) else f"{low:g} to {high:g}"
                for low, high in table[["rank_low", "rank_high"]].itertuples(index=False)
            ],
            "First in": table["p_best"],
        }
    )
    return ReportTable(
        "models",
        f"{compared.measure}: mean over images with its interval (Student t); ranks over draws of "
        "the images (bootstrap), and the share of draws in which a model is first.",
        frame,
        formats={"Rank": short, "First in": _percent},
        best_row=0,
    )


def omnibus_rows(compared: Compared) -> ReportTable:
    """Return the tests over all models: those for paired scores, then the published ones."""
    tests = pd.concat(
        [compared.comparison.tests, compared.comparison.published_tests], ignore_index=True
    )
    averaged = (
        ""
        if compared.groups is None
        else f" The first three are made of the means of the {compared.n_groups} groups."
    )
    return ReportTable(
        "omnibus",
        "Do the models differ at all? Those marked as published treat each model's images as "
        f"different ones.{averaged}",
        pd.DataFrame([_test_row(test) for test in tests.itertuples()]),
        formats={"p": p_text},
    )


def pair_rows(compared: Compared) -> ReportTable:
    """Return the pairs; of many, those with the best model."""
    pairs = compared.comparison.pairs
    shown = shown_pairs(compared)
    left_out = len(pairs) - len(shown)
    more = (
        f" Shown are those with the best model; {left_out} more go into --out." if left_out else ""
    )
    frame = pd.DataFrame(
        {
            "Pair": shown["first"] + " − " + shown["second"],
            "Difference": shown["mean_difference"],
            "95 % interval": _intervals(shown, "ci_low", "ci_high"),
            "p (Holm)": shown["p_permutation_holm"],
            "d_z": shown["d_z"],
            "W / T / L": shown[["wins", "ties", "losses"]].astype(str).agg(" / ".join, axis=1),
            f"Equal ±{compared.margin:g}": shown["equivalent"].map({True: "yes", False: "no"}),
            "Detectable": shown["minimum_detectable_difference"],
        }
    )
    return ReportTable(
        "pairs",
        "Pairs on the same images. p: sign-flip permutation of the mean difference, adjusted by "
        f"Holm over {len(pairs)} pairs; W / T / L: images won, tied, lost; equal: shown to be "
        "equivalent (TOST); detectable: the smallest difference that 80 % of such samples would "
        f"show.{more}",
        frame,
        formats={
            "Difference": signed,
            "p (Holm)": p_text,
        },
    )


def seed_rows(table: pd.DataFrame, models: pd.DataFrame) -> ReportTable:
    """Return the models over images and seeds, best first, beside their intervals over images."""
    frame = pd.DataFrame(
        {
            "Model": table["model"],
            "Seeds": table["n_seeds"],
            "Mean": table["mean"],
            "Over images": _intervals(models, "ci_low", "ci_high"),
            "Over images and seeds": [
                interval(low, high) if n > 1 else "–"
                for low, high, n in table[["ci_low", "ci_high", "n_seeds"]].itertuples(index=False)
            ],
        }
    )
    return ReportTable(
        "seeds",
        "Several trainings: the interval over images speaks of these trainings, that over images "
        "and seeds (both drawn again) of what the model gives when trained again.",
        frame,
    )


def found_cell_rows(table: pd.DataFrame) -> ReportTable:
    """Return whether the best model finds more cells than each of the others."""
    frame = pd.DataFrame(
        {
            "Pair": table["first"] + " − " + table["second"],
            "Both": table["both"],
            "First only": table["first_only"],
            "Second only": table["second_only"],
            "Neither": table["neither"],
            "More found": table["difference"],
            "p (Holm)": table["p_holm"],
        }
    )
    return ReportTable(
        "found_cells",
        f"Do they find the same cells? {table['n_cells'].iloc[0]:,} reference cells of "
        f"{table['n_images'].iloc[0]} images; p: McNemar's question, answered by images.",
        frame,
        formats={"More found": lambda share: f"{100 * share:+.1f} %", "p (Holm)": p_text},
    )


def shown_pairs(compared: Compared) -> pd.DataFrame:
    """Return the pairs for the terminal: all of them, or of many those with the best model."""
    pairs = compared.comparison.pairs
    if len(pairs) <= max(MAX_PAIRS, len(compared.models) - 1):
        return pairs
    best = compared.models["model"].iloc[0]
    return pairs[(pairs["first"] == best) | (pairs["second"] == best)]


def findings(compared: Compared) -> list[str]:
    """Return what the tests support, in sentences; none where there are no tests."""
    pairs = compared.comparison.pairs
    if compared.comparison.note:
        return []
    separated = pairs["p_permutation_holm"] < ALPHA
    equivalent = pairs["equivalent"].astype(bool)
    n_open = int((~separated & ~equivalent).sum())
    overall = (
        f"Of {len(pairs)} pairs, the number shown to differ is {int(separated.sum())}, to be "
        f"equivalent within ±{compared.margin:g} {int(equivalent.sum())}, neither {n_open}."
    )
    sentences = [_pair_sentence(compared, row) for row in _leading_pairs(compared)]
    return [*sentences, overall] if len(pairs) > 1 else sentences


def limits(compared: Compared) -> list[str]:
    """Return what the data do not support, what did not join, and what was left out."""
    notices = [*compared.models["notice"], *_column(compared.comparison.pairs, "notice")]
    note = compared.comparison.note
    return [
        *compared.source.problems,
        *compared.limits,
        *([note] if note else []),
        *dict.fromkeys(notice for notice in notices if notice),
    ]


def _leading_pairs(compared: Compared) -> list[Any]:
    """Return the pair of the first two models, or the best one's pair with the reference."""
    pairs = compared.comparison.pairs
    for other in compared.models["model"].iloc[1:]:
        two = {compared.models["model"].iloc[0], other}
        rows = [row for row in pairs.itertuples() if {row.first, row.second} == two]
        if rows:
            return rows
    return []


def _pair_sentence(compared: Compared, row: Any) -> str:
    """Return what one pair shows: a difference, equivalence, or neither."""
    sign = 1 if (row.mean_difference >= 0) == higher_is_better(compared.metric) else -1
    ahead, behind = (row.first, row.second) if sign > 0 else (row.second, row.first)
    size = abs(row.mean_difference)
    flipped = row.mean_difference < 0
    low, high = (-row.ci_high, -row.ci_low) if flipped else (row.ci_low, row.ci_high)
    above = "above" if higher_is_better(compared.metric) else "below"
    found = (
        f"{ahead} lies {size:.3f} {interval(low, high)} {above} {behind} "
        f"({p_clause(row.p_permutation_holm)}, d_z = {abs(row.d_z):.2f})"
    )
    if row.p_permutation_holm < ALPHA:
        within = (
            f"; it is too small to matter by the declared margin of {compared.margin:g}"
            if row.equivalent
            else ""
        )
        return f"{found}: a difference that the data support{within}."
    if row.equivalent:
        return f"{found}: the two are equivalent within ±{compared.margin:g}."
    return (
        f"{found}: not told apart, which does not mean equal. {row.n} images show a difference of "
        f"{short(row.minimum_detectable_difference)} with 80 % power; this one would need about "
        f"{whole(row.images_needed)} images."
    )


def _test_row(test: Any) -> dict[str, Any]:
    degrees = ", ".join(f"{value:.4g}" for value in test.degrees_of_freedom)
    given = f"({degrees})" if degrees else ""
    return {
        "Test": test.name + (" (as published)" if test.as_published else ""),
        "Statistic": f"{test.statistic_name}{given} = {short(test.statistic)}",
        "p": test.p_value,
        "Effect": f"{test.effect_name} = {test.effect:.3f}" if test.effect_name else "–",
    }


def _intervals(table: pd.DataFrame, low: str, high: str) -> list[str]:
    return [interval(*ends) for ends in table[[low, high]].itertuples(index=False)]


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.0f} %"


def _column(table: pd.DataFrame, name: str) -> list[str]:
    return list(table[name]) if name in table else []
