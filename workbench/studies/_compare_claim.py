"""A claim about models held against scores of any origin."""

from __future__ import annotations

from workbench.analysis import SupportedClaim, support_claim
from workbench.metrics import MEASURES
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
    """Show a claim, what the data support instead or indeed, and how the scores were read."""
    console = terminal()
    console.print(f"Claimed: {claim.text}", soft_wrap=True)
    verdict = "supported" if claim.supported else f"not supported: {claim.reason}"
    console.print(f"The claim is {verdict}.", style="bold", soft_wrap=True)
    if claim.sentence:
        console.print(f"\n{claim.sentence}", soft_wrap=True)
    console.print("\nHow the scores were read", style="bold")
    for line in (*source.readings, *source.problems):
        console.print(f"- {line}", soft_wrap=True)
