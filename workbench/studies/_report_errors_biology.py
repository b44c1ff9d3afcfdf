"""What the report says of what follows: the biology that comes out, and worse images."""

from __future__ import annotations

from typing import Final

from workbench import figures
from workbench.analysis import error_response, robustness_curves
from workbench.report import Figure, ReportTable, Section, short
from workbench.studies._error_tables import biology_table
from workbench.studies._robustness import stored_robustness
from workbench.studies._run_errors import RunErrors
from workbench.studies._view import RunView

TITLE: Final = "Effect on biology"
MOST_DRAWN: Final = 3
"""Models with a panel of their own; the others are in the table."""
COUNTED: Final = "n_cells"
FOREST: Final = ("median_area_px",)
MORE: Final = (
    "What takes how much from a perfect score (outlines, encoding, decoder, tiles, network) is "
    "measured in notebook 10."
)


def biology_section(found: RunErrors) -> Section:
    """Return what predicted cells come to on each image against the reference."""
    if reason := found.why_not("agreement"):
        return Section(TITLE, [reason])
    there = set(found.agreement["quantity"])
    drawn = list(dict.fromkeys([found.model, *found.models]))[:MOST_DRAWN]
    points, limits = (
        table[table["model"].isin(drawn)] for table in (found.biology, found.agreement)
    )
    items: list[ReportTable | Figure] = [
        Figure(
            "Number of cells, predicted − reference, against their mean: a point per image, the "
            "bias and the limits of agreement with their intervals.",
            figures.bland_altman(points, limits, quantity=COUNTED),
        ),
        *(
            Figure(
                "Median area of the cells: bias with its 95 % interval, and the limits between "
                "which 95 % of images are expected, in percent of the reference.",
                figures.bias_forest(found.agreement, quantity=quantity),
            )
            for quantity in FOREST
            if quantity in there
        ),
        biology_table(found),
    ]
    return Section(TITLE, [_sentence(found)], items)


def robustness_section(view: RunView) -> Section:
    """Return how F1 falls on degraded images, as far as that was measured and kept."""
    title = "Robustness"
    table = stored_robustness(view)
    if table.empty:
        return Section(title)
    return Section(
        title,
        [f"Measured in notebook 10 and kept with the run. {MORE}"],
        [
            Figure(
                "Mean F1 on degraded images, relative to the same images as they are, with 95 % "
                "intervals over images.",
                figures.degradation_curves(robustness_curves(table)),
            ),
            Figure(
                "How the types of error answer to degradation.",
                figures.error_response_curves(error_response(table)),
            ),
        ],
    )


def _sentence(found: RunErrors) -> str:
    rows = found.agreement
    row = rows[(rows["quantity"] == COUNTED) & (rows["model"] == found.model)].iloc[0]
    way = "too few" if row["bias"] < 0 else "too many"
    if row["n"] < 3:
        return f"Too few images to say whether {found.model} counts right."
    clear = row["bias_low"] * row["bias_high"] > 0
    verdict = "" if clear else ", which is not told apart from none"
    return (
        f"{found.model} counts {short(abs(row['bias']))} cells {way} on an average image of "
        f"{short(row['mean_reference'])}{verdict} (95 % interval {short(row['bias_low'])} to "
        f"{short(row['bias_high'])}); on a single image expect a difference from "
        f"{short(row['lower_limit'])} to {short(row['upper_limit'])}."
    )
