"""The audit of whatever somebody has: a report, a table of scores, or a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.analysis import AuditFinding, audit_scores, audit_text
from workbench.metrics import MEASURES
from workbench.studies._compare import choose_measure, measure_text
from workbench.studies._score_source import read_score_source
from workbench.studies._score_source_columns import names_images
from workbench.studies._score_source_file import read_file_table, read_text_file
from workbench.studies._terminal import terminal

TABLES: Final = (".csv", ".tsv", ".parquet")
STYLES: Final = {"error": "bold red", "warning": "yellow", "note": "dim"}


@dataclass(frozen=True)
class SubjectAudit:
    """What was found wrong with something.

    Attributes
    ----------
    name
        Of the file or folder.
    kind
        What it was taken for.
    findings
        Gravest first.
    readings
        How its scores were read; none of a text.
    """

    name: str
    kind: str
    findings: tuple[AuditFinding, ...]
    readings: tuple[str, ...] = ()

    @property
    def is_serious(self) -> bool:
        """Whether a number or conclusion is wrong, or has nothing under it."""
        return any(finding.severity == "error" for finding in self.findings)


def audit_subject(
    path: Path,
    *,
    metric: str | None = None,
    threshold: float | None = None,
    split: str | None = None,
) -> SubjectAudit:
    """Audit a report's text, or scores.

    Parameters
    ----------
    path
        A run, or a table that names images (CSV, TSV, Parquet), is audited as scores; any other
        CSV, plain text, Markdown or HTML as the text of a report.
    metric, threshold, split
        As in :func:`read_score_source`; of scores alone.

    Returns
    -------
    SubjectAudit
        Without findings where nothing is wrong.

    Raises
    ------
    InputError
        If the file can't be read, or its scores are damaged.
    """
    if not path.is_dir() and not _holds_scores(path):
        return SubjectAudit(path.name, "the text of a report", audit_text(read_text_file(path)))
    source = read_score_source(
        [path], metric=metric, threshold=threshold, split=split, common_only=False
    )
    name, at = choose_measure(source.scores, metric, threshold)
    findings = audit_scores(
        source.scores,
        metric=name,
        threshold=at,
        ranges={m.name: (m.low, m.high) for m in MEASURES.values()},
    )
    kind = f"scores, compared by {measure_text(name, at)}"
    return SubjectAudit(source.name, kind, findings, source.readings)


def print_audit(audit: SubjectAudit) -> None:
    """Show the findings, gravest first, each with what shows it and what would mend it."""
    console = terminal()
    console.print(f"{audit.name}: read as {audit.kind}", style="bold", soft_wrap=True)
    for reading in audit.readings:
        console.print(f"- {reading}", soft_wrap=True)
    for finding in audit.findings:
        style = STYLES.get(finding.severity, "")
        console.print(f"\n{finding.severity}: {finding.sentence}", style=style, soft_wrap=True)
        for label, text in (("shown by", finding.evidence), ("cure", finding.cure)):
            if text:
                console.print(f"  {label}: {text}", soft_wrap=True)
    counts = Counter(finding.severity for finding in audit.findings)
    told = ", ".join(f"{n} {severity}{'s' if n > 1 else ''}" for severity, n in counts.items())
    console.print(f"\n{told or 'Nothing was found wrong'}.")


def _holds_scores(path: Path) -> bool:
    return path.suffix.lower() in TABLES and bool(names_images(read_file_table(path)))
