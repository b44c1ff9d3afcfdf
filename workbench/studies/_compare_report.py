"""The report of a comparison, with how its scores were read at its end."""

from __future__ import annotations

from pathlib import Path

from workbench.report import Section
from workbench.studies._compare import Compared
from workbench.studies._report import build_score_report


def write_compared(compared: Compared, folder: Path, *, reference: str | None = None) -> Path:
    """Write the report of a comparison.

    Parameters
    ----------
    compared
        From :func:`compare_scores`.
    folder
        Gets the files of :func:`build_score_report`.
    reference
        The model that all others were compared with; None for all pairs.

    Returns
    -------
    Path
        The HTML file.
    """
    source = compared.source
    problems = [*source.problems, *compared.limits]
    told = [
        Section("How the scores were read", source.readings),
        Section("What did not join, and what the scores do not say", problems),
    ]
    return build_score_report(
        source.scores,
        folder,
        title=source.name,
        metric=compared.metric,
        threshold=compared.threshold,
        reference=reference,
        margin=compared.margin,
        groups=compared.groups,
        cells=source.cells,
        metadata=source.metadata,
        sections=told,
    )
