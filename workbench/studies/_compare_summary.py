"""What a published table of means and standard deviations allows to be said, and what not."""

from __future__ import annotations

from typing import Final

import pandas as pd

from workbench.analysis import OmnibusTest, SummaryComparison, compare_from_summary
from workbench.report import ReportTable, p_clause, p_text, plain, short, signed
from workbench.studies._compare_texts import MAX_PAIRS
from workbench.studies._terminal import print_table, terminal

CORRELATIONS: Final = (0.5, 0.7, 0.8, 0.9)
"""Over images, as two networks trained on the same data usually have them."""
NEEDED: Final = (
    "How sure a difference is depends on how alike the two models are from image to image, which "
    "the table keeps to itself. To know it, the score of every model on every image is needed: "
    "`workbench compare SCORES.csv` with the columns image, model, value."
)


def print_summary(summary: pd.DataFrame, *, name: str) -> None:
    """Show what can be rebuilt from a published table, labelled unpaired, and what would be needed.

    Parameters
    ----------
    summary
        From :func:`read_summary`.
    name
        Of the table.
    """
    console = terminal()
    # Best first, so that a pair reads as the higher less the lower.
    ordered = summary.sort_values("mean", ascending=False, kind="stable", ignore_index=True)
    found = compare_from_summary(ordered, correlations=CORRELATIONS)
    title = f"{name}: rebuilt from n, mean and SD of {len(ordered)} models; no image was seen"
    console.print(title, style="bold", soft_wrap=True)
    console.print(f"\nUnpaired, as published: {_anova_text(found.anova)}", soft_wrap=True)
    print_table(summary_pairs(found))
    console.print(f"\n{found.note}", soft_wrap=True)
    console.print(NEEDED, style="bold", soft_wrap=True)


def summary_pairs(found: SummaryComparison) -> ReportTable:
    """Return the pairs: unpaired as published, and paired under assumed correlations."""
    pairs = found.pairs
    best = pairs["first"].iloc[0]
    if len(pairs) > MAX_PAIRS:
        pairs = pairs[pairs["first"] == best]
    keys = ["first", "second"]
    frame = pd.DataFrame(
        {
            "Pair": pairs["first"] + " − " + pairs["second"],
            "Difference": pairs["mean_difference"],
            "p, unpaired": pairs["p_t"],
            "Cohen's d": pairs["cohens_d"].map(plain) + " " + pairs["cohens_d_label"],
        }
    )
    assumed = found.paired["correlation"].unique() if len(found.paired) else []
    for correlation in assumed:
        p_values = found.paired[found.paired["correlation"] == correlation].set_index(keys)["p_t"]
        of_pairs = p_values.reindex(pd.MultiIndex.from_frame(pairs[keys]))
        frame[f"r = {correlation:g}"] = of_pairs.to_numpy()
    shown = f", with {best} alone" if len(pairs) < len(found.pairs) else ""
    return ReportTable(
        "summary_pairs",
        f"Pairs{shown}. Unpaired, as published: pooled t test and Cohen's d. Under r: the p that a "
        "paired t test would give if the two models' scores were so correlated over the images; "
        "none of these p is adjusted.",
        frame,
        formats={
            "Difference": signed,
            "p, unpaired": p_text,
            **{f"r = {correlation:g}": p_text for correlation in assumed},
        },
    )


def _anova_text(test: OmnibusTest) -> str:
    degrees = ", ".join(f"{value:g}" for value in test.degrees_of_freedom)
    statistic = f"{test.statistic_name}({degrees}) = {short(test.statistic)}"
    return (
        f"{test.name} {statistic}, {p_clause(test.p_value)}, {test.effect_name} = "
        f"{test.effect:.3f}. It treats each model's images as different ones."
    )
