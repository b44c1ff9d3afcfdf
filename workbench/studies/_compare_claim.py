"""A claim about models held against scores of any origin."""

from __future__ import annotations

import math

from workbench.analysis import SupportedClaim, support_claim
from workbench.metrics import MEASURES
from workbench.report import interval, p_text, short, whole
from workbench.studies._compare import choose_measure
from workbench.studies._score_source import ScoreSource
from workbench.studies._terminal import terminal


def claim_from_scores(
    text: str,
    source: ScoreSource,
    *,
    metric: str | None = None,
    threshold: float | None = None,
    margin: float | None = None,
) -> SupportedClaim:
    """Return the sentence that scores support, whatever was claimed.

    Parameters
    ----------
    text
        As for :func:`support_claim`; images may be named by the number of cells, where it is
        known, and by what runs and tables tell of them.
    source
        From :func:`read_score_source`.
    metric, threshold
        See :func:`choose_measure`.
    margin
        The difference that would not matter, declared before looking.

    Raises
    ------
    InputError
        If the text is not understood, or names what there is not.
    """
    name, at = choose_measure(source.scores, metric, threshold)
    # Without counts, no image is dense.
    scores = source.scores if source.has_counts else source.scores.drop(columns="n_reference")
    return support_claim(
        text,
        scores,
        metadata=source.metadata if len(source.metadata.columns) > 1 else None,
        measures=MEASURES,
        metric=name,
        threshold=at,
        margin=margin,
    )


def print_claim(claim: SupportedClaim, source: ScoreSource) -> None:
    """Show a claim, what the data support, and the numbers behind it."""
    console = terminal()
    console.print(f"Claimed: {claim.text}", soft_wrap=True)
    verdict = "supported" if claim.supported else f"not supported: {claim.reason}"
    console.print(f"The claim is {verdict}.", style="bold", soft_wrap=True)
    if claim.sentence:
        console.print(f"\n{claim.sentence}", soft_wrap=True)
    numbers = {
        "Images": str(claim.n) + (f", those called {claim.slice}" if claim.slice else ""),
        "Difference": f"{short(claim.mean_difference)} {interval(claim.ci_low, claim.ci_high)}",
        "p": f"{p_text(claim.p_adjusted)} ({claim.adjustment})",
        "Effect": f"d_z = {short(claim.effect)}",
        "Equivalent": _equivalence(claim),
        "Detectable": f"{short(claim.minimum_detectable_difference)} with 80 % power; this "
        f"difference would need about {whole(claim.images_needed)} images",
    }
    if not math.isnan(claim.mean_difference):
        console.print()
        for name, value in numbers.items():
            console.print(f"{name:<11} {value}", soft_wrap=True)
    for line in (*source.readings, *source.problems):
        console.print(f"- {line}", style="dim", soft_wrap=True)


def _equivalence(claim: SupportedClaim) -> str:
    if math.isnan(claim.margin):
        return "no margin was declared"
    shown = "yes" if claim.equivalent else "not shown"
    return f"{shown}, within ±{claim.margin:g} (p = {p_text(claim.p_equivalence)})"
