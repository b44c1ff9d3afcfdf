"""What an audit of reports and score tables can find: every check, and a finding as a value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

AuditSeverity: TypeAlias = Literal["error", "warning", "note"]
AUDIT_SEVERITIES: Final[tuple[AuditSeverity, ...]] = ("error", "warning", "note")


@dataclass(frozen=True)
class AuditCheck:
    """One thing that an audit looks for.

    Attributes
    ----------
    severity
        "error": a number or conclusion is wrong or has nothing under it; "warning": it may
        mislead; "note": good to know.
    title
        What is wrong, in a few words.
    cure
        What to do about it.
    """

    severity: AuditSeverity
    title: str
    cure: str


@dataclass(frozen=True)
class AuditFinding:
    """Something that an audit found.

    Attributes
    ----------
    code
        Of the check, see :data:`AUDIT_CHECKS`.
    severity
        "error", "warning" or "note".
    sentence
        What was found.
    evidence
        The lines and numbers that show it, parted by semicolons.
    cure
        What to do about it.
    """

    code: str
    severity: AuditSeverity
    sentence: str
    evidence: str
    cure: str


AUDIT_CHECKS: Final[Mapping[str, AuditCheck]] = {
    # In reports.
    "percentiles_as_ci": AuditCheck(
        "error", "percentiles called a confidence interval",
        "call it the central 95 % of images, and give the interval of the mean: Student t or BCa "
        "bootstrap over images.",
    ),
    "unpaired_tests": AuditCheck(
        "error", "independent tests on paired data",
        "test within images: Friedman over all models; sign-flip permutation, Wilcoxon "
        "signed-rank or paired t for pairs.",
    ),
    "first_two_untested": AuditCheck(
        "error", "the first two models never tested against each other",
        "test the best model against the second, on the same images; without that no model is "
        "shown to be best.",
    ),
    "best_is_not_best": AuditCheck(
        "error", "the named best model is not the one with the best score",
        "name the model with the highest mean, or say by what else it is best.",
    ),
    "images_missing_in_bins": AuditCheck(
        "error", "images missing from a table of bins",
        "give every image a bin, those without cells too, and print that the counts sum to n.",
    ),
    "arithmetic": AuditCheck(
        "error", "numbers that can't be right",
        "compute the table again from the scores of the images.",
    ),
    "p_as_zero": AuditCheck(
        "warning", "p printed as 0",
        "print p < 0.0001, or the value: no test gives 0.",
    ),
    "threshold_as_setting": AuditCheck(
        "error", "a matching threshold recommended as an operating point",
        "drop the sentence: the IoU threshold says how well a cell must be outlined to count, it "
        "is no setting of a model. What can be tuned is the threshold on the model's own "
        "probability or confidence.",
    ),
    "sd_conventions": AuditCheck(
        "warning", "two conventions of the standard deviation",
        "use the one with n - 1 throughout, and say so.",
    ),
    "multiple_testing": AuditCheck(
        "warning", "several tests without correction",
        "adjust p over all pairs, by Holm for instance, and say how many pairs there are.",
    ),
    "pairs_missing": AuditCheck(
        "warning", "only some of the pairs are shown",
        "show all pairs, or all against one model named beforehand.",
    ),
    "model_broken": AuditCheck(
        "warning", "a model so low that its run is probably broken",
        "look at its predictions (scale, channels, decoding, file names) before it is compared; "
        "say so in the report, and compare the others without it too.",
    ),
    "models_missing": AuditCheck(
        "warning", "models missing from a table",
        "show every model in it, or say why some are left out.",
    ),
    "best_depends": AuditCheck(
        "warning", "which model is best depends on the measure or the threshold",
        "say by which measure and threshold, declared beforehand, it is best, and show the others.",
    ),
    "slice_claim": AuditCheck(
        "warning", "a claim about a group of images without a test",
        "test it: scores of one model within and outside the group, with an interval, adjusted "
        "over the groups looked at; or leave it out.",
    ),
    "significance_untested": AuditCheck(
        "error", "significance claimed without a test",
        "name the test, n, p and the interval of the difference, or drop the word.",
    ),
    "absence_as_equality": AuditCheck(
        "warning", "no significant difference read as equality",
        "say that the data do not tell them apart, with the interval; for equality test "
        "equivalence (TOST) with a margin declared beforehand.",
    ),
    "no_uncertainty": AuditCheck(
        "warning", "a best model without an interval or a test",
        "give the interval of each mean over images and of the difference of the first two.",
    ),
    "interval_too_narrow": AuditCheck(
        "warning", "intervals narrower than so many images allow",
        "resample images (or groups of images), not cells or folds.",
    ),
    "unequal_images": AuditCheck(
        "warning", "models scored on different numbers of images",
        "compare the models on the images that all of them were scored on, a missing prediction "
        "counted as an empty one.",
    ),
    "tables_disagree": AuditCheck(
        "warning", "the same number printed differently",
        "print both tables from one source, rounded, not cut off.",
    ),
    "effect_label": AuditCheck(
        "warning", "the name of an effect size does not fit its value",
        "negligible below 0.2, small below 0.5, medium below 0.8, large from there (Cohen).",
    ),
    "overlapping_bins": AuditCheck(
        "note", "bins overlap or leave a gap",
        "make them disjoint and complete, as in 51-100 and over 100.",
    ),
    "small_bins": AuditCheck(
        "note", "bins with few images",
        "grey bins of fewer than 10 images, and conclude nothing from them.",
    ),
    "no_seeds": AuditCheck(
        "note", "nothing about repeated trainings",
        "train with three seeds or more, or say that the scores speak of these checkpoints, not of "
        "the architectures.",
    ),
    "names_differ": AuditCheck(
        "note", "one model under two names",
        "call each model by one name throughout.",
    ),
    "training_count": AuditCheck(
        "note", "the number of models does not fit the tables",
        "say which models were trained and which were not.",
    ),
    "all_fail": AuditCheck(
        "note", "images that every model fails on",
        "look at their reference labels: is the foreground annotated cell by cell?",
    ),
    "unread": AuditCheck(
        "note", "the text is longer than what was read",
        "audit the report without its raw data.",
    ),
    "nothing_checked": AuditCheck(
        "warning", "nothing could be checked",
        "give the tables as text: cells between tabs, pipes or commas, the first row naming the "
        "columns, a column `Model`.",
    ),
    # In score tables.
    "duplicates": AuditCheck(
        "error", "scores that come twice",
        "keep one row per image, model, seed, measure and threshold.",
    ),
    "same_id_twice": AuditCheck(
        "error", "one image id in several data sets",
        "compare within one data set, or make the ids differ; scores are paired by id.",
    ),
    "out_of_range": AuditCheck(
        "error", "scores outside their range",
        "score again; percent are to be divided by 100.",
    ),
    "reference_differs": AuditCheck(
        "error", "models scored against different references",
        "score all models against the same label images.",
    ),
    "rises_with_threshold": AuditCheck(
        "error", "scores that rise with the IoU threshold",
        "score again: a stricter threshold can't match more cells.",
    ),
    "conventions_mixed": AuditCheck(
        "error", "scores by different rules",
        "score all models by one convention.",
    ),
    "images_missing": AuditCheck(
        "warning", "images without a score for some models",
        "score them: a missing prediction counts as an empty one.",
    ),
    "predictions_missing": AuditCheck(
        "warning", "predictions missing or unusable",
        "find out why; each was scored as an empty prediction.",
    ),
    "thresholds_missing": AuditCheck(
        "warning", "thresholds without a score for some models",
        "score all models at the same thresholds.",
    ),
    "same_scores": AuditCheck(
        "warning", "two models with the same score on every image",
        "see whether one folder of predictions was scored twice.",
    ),
    "perfect": AuditCheck(
        "warning", "a model without any error",
        "see whether the reference was scored against itself.",
    ),
    "undefined": AuditCheck(
        "note", "undefined scores",
        "nothing: such images are left out for every model; print how many.",
    ),
    "few_images": AuditCheck(
        "note", "few images",
        "score more; intervals are wide, and a difference must be large to be seen.",
    ),
    "groups": AuditCheck(
        "note", "images share groups",
        "resample whole groups, since images of one slide or plate resemble each other.",
    ),
    "one_seed": AuditCheck(
        "note", "one seed per model",
        "train with three seeds or more, or say that the scores speak of these checkpoints, not of "
        "the architectures.",
    ),
    "outside_bins": AuditCheck(
        "note", "images outside the usual bins of cell counts",
        "give images without reference cells a bin of their own, so that the counts sum to n.",
    ),
}  # fmt: skip
"""Every check by its code."""

_LONGEST_QUOTE: Final = 160
_MOST_QUOTES: Final = 8


def found(code: str, sentence: str, evidence: str | Sequence[str]) -> AuditFinding:
    """Return a finding of a check, with its severity and cure."""
    check = AUDIT_CHECKS[code]
    parts = [evidence] if isinstance(evidence, str) else list(evidence)
    if len(parts) > _MOST_QUOTES:
        parts = [*parts[:_MOST_QUOTES], f"and {len(parts) - _MOST_QUOTES} more"]
    return AuditFinding(code, check.severity, sentence, "; ".join(parts), check.cure)


def gravest_first(findings: Iterable[AuditFinding]) -> tuple[AuditFinding, ...]:
    """Return findings by severity, else in their order."""
    return tuple(sorted(findings, key=lambda finding: AUDIT_SEVERITIES.index(finding.severity)))


def quoted(line: int, text: str) -> str:
    """Return a line of a report as evidence."""
    short = text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"
    return f'line {line}: "{short}"'


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence.

    Examples
    --------
    >>> listed(["unet", "sac", "otsu"])
    'unet, sac and otsu'
    """
    if len(names) > 12:
        names = [*names[:11], f"{len(names) - 11} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
