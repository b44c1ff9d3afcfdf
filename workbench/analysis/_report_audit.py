"""The audit of somebody's report: from its text to findings."""

from collections.abc import Callable, Iterator
from typing import Final

from workbench.analysis._published_report import MAX_LINES, read_published_report
from workbench.analysis._report_audit_claims import (
    absence_as_equality,
    best_model,
    no_seeds,
    no_uncertainty,
    significance_untested,
    slice_claims,
    threshold_as_setting,
)
from workbench.analysis._report_audit_facts import ReportFacts
from workbench.analysis._report_audit_findings import AuditFinding, found, gravest_first, quoted
from workbench.analysis._report_audit_models import (
    all_fail,
    bins_overlap,
    few_images,
    images_missing_in_bins,
    model_broken,
    models_missing,
    names_differ,
    small_bins,
    training_count,
    unequal_images,
)
from workbench.analysis._report_audit_numbers import (
    effect_labels,
    extremes_disagree,
    f1_above_its_parts,
    impossible_numbers,
    rising_scores,
    scores_out_of_range,
    sd_conventions,
    tables_disagree,
)
from workbench.analysis._report_audit_recomputed import f_and_d, p_from_statistic
from workbench.analysis._report_audit_tables import report_facts
from workbench.analysis._report_audit_tests import (
    interval_too_narrow,
    multiple_testing,
    p_as_zero,
    pairs_shown,
    percentiles_as_ci,
    unpaired_tests,
)

REPORT_CHECKS: Final[tuple[Callable[[ReportFacts], Iterator[AuditFinding]], ...]] = (
    unpaired_tests,
    percentiles_as_ci,
    pairs_shown,
    threshold_as_setting,
    images_missing_in_bins,
    best_model,
    significance_untested,
    impossible_numbers,
    scores_out_of_range,
    f1_above_its_parts,
    rising_scores,
    f_and_d,
    p_from_statistic,
    extremes_disagree,
    model_broken,
    models_missing,
    multiple_testing,
    p_as_zero,
    sd_conventions,
    tables_disagree,
    slice_claims,
    absence_as_equality,
    no_uncertainty,
    interval_too_narrow,
    unequal_images,
    effect_labels,
    bins_overlap,
    small_bins,
    few_images,
    no_seeds,
    names_differ,
    training_count,
    all_fail,
)
"""In the order in which findings of one severity are listed."""


def audit_text(text: str) -> tuple[AuditFinding, ...]:
    r"""Look for the usual faults of a benchmark report in its own text.

    Nothing but the text is known: tables and sentences are held against each other, and a fault is
    told only where the text itself shows it. What a report does not print can't be found wrong.

    Parameters
    ----------
    text
        Of any content: plain text with tabs or aligned columns, Markdown, CSV, or HTML and LaTeX,
        whose tags and commands are left out here.

    Returns
    -------
    tuple of AuditFinding
        Gravest first; the checks are :data:`AUDIT_CHECKS`. Of a text without a table of models, an
        empty one too, the one finding "nothing_checked"; never an exception.

    See Also
    --------
    audit_scores : For the scores themselves.

    Examples
    --------
    >>> report = "Model\tMean F1\nunet\t0.61\nsac\t0.58\n\nunet vs sac: p = 0.000"
    >>> [finding.code for finding in audit_text(report)]
    ['p_as_zero']
    """
    report = read_published_report(text)
    facts = report_facts(report)
    findings = [finding for check in REPORT_CHECKS for finding in check(facts)]
    if len(facts.models) == 0:
        findings.append(_nothing_checked(facts))
    if report.unread:
        findings.append(
            found(
                "unread",
                f"Only the first {MAX_LINES:,} lines, and of each the beginning, were read.",
                f"{len(text):,} characters",
            )
        )
    return gravest_first(findings)


def _nothing_checked(facts: ReportFacts) -> AuditFinding:
    n_tables = len(facts.report.tables)
    what = f"{n_tables} tables were read, none with scores of models" if n_tables else "no table"
    lines = facts.lines
    return found(
        "nothing_checked",
        f"The report could not be checked: {what}.",
        quoted(*lines[0]) if lines else "the text is empty",
    )
