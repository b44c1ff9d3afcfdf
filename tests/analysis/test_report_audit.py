"""What the audit tells of somebody's report, and what it must not tell of a correct one."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.analysis import AUDIT_CHECKS, audit_text
from workbench.analysis._published_report import read_published_report
from workbench.analysis._report_audit_tables import report_facts

SAME = "All models were scored on the same 101 images.\n\n"
MEANS = "Model\tMean F1\nunet\t0.55\nwide\t0.58\nsac\t0.50\n\n"
PAIRS = (
    "Pair\tp (Holm)\nunet vs wide\t0.03\nunet vs sac\t0.2\nwide vs sac\t0.001\n\n"
    "Wilcoxon signed-rank tests.\n"
)


def codes(text: str) -> list[str]:
    return [finding.code for finding in audit_text(text)]


def found(text: str, code: str):
    (finding,) = [finding for finding in audit_text(text) if finding.code == code]
    return finding


@pytest.fixture
def published(published_report: Path) -> str:
    return published_report.read_text(encoding="utf-8")


def test_of_the_published_report_it_tells_every_fault_and_no_other(published: str) -> None:
    assert codes(published) == [
        "unpaired_tests",
        "percentiles_as_ci",
        "first_two_untested",
        "threshold_as_setting",
        "images_missing_in_bins",
        "pairs_missing",
        "best_depends",
        "model_broken",
        "models_missing",
        "multiple_testing",
        "p_as_zero",
        "sd_conventions",
        "tables_disagree",
        "slice_claim",
        "overlapping_bins",
        "small_bins",
        "no_seeds",
        "names_differ",
        "all_fail",
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("percentiles_as_ci", ["14 of 14", "10 times", "[0.0080, 0.9083]", "[0.2874, 0.3808]",
                               "2.5th percentile of the images listed is 0.0080"]),
        ("unpaired_tests", ["7 models", "same 101 images", "t-test, Mann-Whitney, ANOVA",
                            "Kruskal-Wallis"]),
        ("images_missing_in_bins", ["19 of 101 images", "sum to 82",
                                    "MAUNET_ENSEMBLE: 19 more with a mean of 0.463"]),
        ("sd_conventions", ["0.2376", "0.2364", "sqrt(101/100)", "F of 92.3365", "d of -1.0647"]),
        ("p_as_zero", ["4 lines", 'line 408: "p-value: 0.000000"']),
        ("threshold_as_setting", ["Consider using threshold = 0.5 for optimal balance"]),
        ("model_broken", ["SAC has a mean F1 of 0.0037, the others 0.2889 to 0.6015"]),
        ("first_two_untested", ["MAUNET_ENSEMBLE and MAUNET_RESNET50", "0.6015", "0.5685"]),
        ("models_missing", ["MAUNET_WIDE and MAUNET_ENSEMBLE", "5 of 7"]),
        ("pairs_missing", ["2 of the 21 pairs"]),
        ("best_depends", ["Dice: MAUNET_WIDE 0.7303 over 0.7108",
                          "F1: MAUNET_WIDE 0.3563 over 0.3407 at 0.7"]),
        ("tables_disagree", ["UNET, recall: 0.38 (line 12), 0.3854", "cut off, not rounded"]),
        ("slice_claim", ["(10-50 cells)", "LSTMUNET goes against it"]),
        ("overlapping_bins", ["51-100 and 100+ both hold 100"]),
        ("names_differ", ["MAUNET in one table seems to be MAUNET_RESNET50"]),
        ("all_fail", ["cell_00076", "cell_00077", "cell_00078"]),
    ],
)  # fmt: skip
def test_its_findings_quote_the_published_numbers(
    published: str, code: str, words: list[str]
) -> None:
    finding = found(published, code)
    for word in words:
        assert word in finding.sentence + finding.evidence


def test_quoted_lines_are_those_of_the_text(published: str) -> None:
    lines = published.splitlines()
    quotes = [
        q for f in audit_text(published) for q in re.findall(r'line (\d+): "([^"…]+)', f.evidence)
    ]
    assert len(quotes) > 20
    for number, quote in quotes:
        words = re.findall(r"[\w.]+", quote)
        assert words
        assert all(word in lines[int(number) - 1] for word in words)


def test_models_are_known_by_their_longest_name_and_by_their_seeds() -> None:
    text = "Model\tMean F1\nUNET WIDE\t0.6\nWIDE\t0.5\nsac\t0.4\n"
    facts = report_facts(read_published_report(text))
    assert facts.models_in("The unet wide beats SAC-12.") == ("unetwide", "sac")
    assert facts.models_in("Wide beats unet-wide") == ("wide", "unetwide")


def test_findings_stand_with_the_gravest_first_and_each_with_its_cure(published: str) -> None:
    findings = audit_text(published)
    places = [("error", "warning", "note").index(finding.severity) for finding in findings]
    assert places == sorted(places)
    assert all(finding.cure == AUDIT_CHECKS[finding.code].cure for finding in findings)


def simulated(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    hard = rng.normal(0, 0.15, n)
    levels = {"unet": 0.55, "wide": 0.60, "sac": 0.47}
    return pd.DataFrame(
        {name: (level + hard + rng.normal(0, 0.05, n)).clip(0, 1) for name, level in levels.items()}
    )


def correct_report(scores: pd.DataFrame) -> str:
    """Return a report as it should be: paired, corrected, complete."""
    n = len(scores)
    lines = ["# Benchmark", "", f"Three networks on the same {n} images, trained with 3 seeds.",
             "", "F1 at IoU 0.5; SD with n - 1, 95% CI of the mean by Student t.", "",
             "| Model | n | Mean | SD | 95% CI | Median | Range | Central 95 % of images |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, values in scores.items():
        low, high = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values))
        central = np.percentile(values, [2.5, 97.5])
        lines.append(
            f"| {name} | {n} | {values.mean():.3f} | {values.std():.3f} | [{low:.3f}, {high:.3f}] "
            f"| {values.median():.3f} | [{values.min():.3f}, {values.max():.3f}] "
            f"| [{central[0]:.3f}, {central[1]:.3f}] |"
        )
    friedman = stats.friedmanchisquare(*scores.to_numpy().T)
    lines += ["", f"Friedman: chi2(2) = {friedman.statistic:.2f}, p = {friedman.pvalue:.2g}.", "",
              "All pairs, Wilcoxon signed-rank with Holm's correction:", "",
              "| Pair | Difference | 95% CI | p (Holm) |", "|---|---|---|---|"]  # fmt: skip
    for first, second in (("unet", "wide"), ("unet", "sac"), ("wide", "sac")):
        d = scores[first] - scores[second]
        low, high = stats.t.interval(0.95, n - 1, d.mean(), stats.sem(d))
        p = min(1, 3 * stats.wilcoxon(d).pvalue)
        lines.append(f"| {first} - {second} | {d.mean():.3f} | [{low:.3f}, {high:.3f}] | {p:.2g} |")
    lines += ["", "## Images by cell count", "", "| Cells | Images | unet | wide | sac |",
              "|---|---|---|---|---|"]  # fmt: skip
    for name, part in (("1-20", scores[:20]), ("21-50", scores[20:45]), ("over 50", scores[45:])):
        means = " | ".join(f"{mean:.3f}" for mean in part.mean())
        lines.append(f"| {name} | {len(part)} | {means} |")
    lines += ["", "Best by mean F1 at IoU 0.5: wide. The IoU threshold of 0.5 is that of matching."]
    return "\n".join(lines)


def test_nothing_is_told_of_a_correct_report() -> None:
    assert audit_text(correct_report(simulated())) == ()


def test_nothing_is_told_of_a_correct_csv() -> None:
    text = "model,n,f1_mean,f1_sd\nunet,101,0.55,0.21\nwide,101,0.58,0.2\nsac,101,0.5,0.22\n"
    assert audit_text(text) == ()


def test_nothing_is_told_of_a_report_in_prose_around_one_table() -> None:
    text = (
        "We scored two models on the same 80 test images with an IoU threshold of 0.5. Each was\n"
        "trained with five seeds.\n\n"
        "Method   F1 (mean ± SD)   Dice\n"
        "A        0.71 ± 0.15      0.88\n"
        "B        0.69 ± 0.16      0.89\n\n"
        "A was higher than B by 0.02 (95% CI 0.005 to 0.035; paired permutation test, p = 0.008).\n"
        "Neither is best in all measures.\n"
    )
    assert audit_text(text) == ()


def test_of_a_report_of_our_own_nothing_but_its_few_images_and_failed_model() -> None:
    text = """# demo

Best by mean F1 at IoU 0.5: otsu_watershed with 0.825 [0.647, 1.003] over 4 images of 'smoke'.

It lies 0.514 [0.021, 1.006] above unet (Wilcoxon signed-rank over images, Holm-adjusted p = 0.12):
not told apart by these data, which does not mean that they are equal.

One training per network: the scores speak of these checkpoints, not of architectures.

*Models by mean F1 at IoU 0.5, with its 95 % interval; micro F1 pools the cells of all images.*

| Model | Images | Used | Failed | F1 @ 0.5 | 95 % interval | F1 @ 0.7 | Micro F1 | Dice |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| otsu_watershed | 4 | 4 | 0 | 0.825 | [0.647, 1.003] | 0.714 | 0.740 | 0.906 |
| unet | 4 | 4 | 0 | 0.311 | [-0.133, 0.756] | 0.169 | 0.332 | 0.655 |
| flows | 4 | 4 | 0 | 0.000 | [0.000, 0.000] | 0.000 | 0.000 | 0.008 |

*F1 at IoU 0.5 over images. The interval is that of the mean (Student t).*

| Model | n | Mean | SD | 95 % interval of the mean | Median | Range | Central 95 % of images |
| --- | --- | --- | --- | --- | --- | --- | --- |
| otsu_watershed | 4 | 0.825 | 0.112 | [0.647, 1.003] | 0.839 | [0.676, 0.944] | [0.687, 0.938] |
| unet | 4 | 0.311 | 0.279 | [-0.133, 0.756] | 0.283 | [0.000, 0.679] | [0.021, 0.650] |
| flows | 4 | 0.000 | 0.000 | [0.000, 0.000] | 0.000 | [0.000, 0.000] | [0.000, 0.000] |

*Is there any difference between the models?*

| Test | Statistic | p | Effect | Note |
| --- | --- | --- | --- | --- |
| Friedman (Iman-Davenport) | F(2, 6) = 17.29 | 0.0032 | Kendall's W = 0.852 | Paired. |
| One-way ANOVA | F(2, 9) = 23.07 | 0.00029 | eta² = 0.837 | As published. |

| Pair | Difference | 95 % interval | p | p (Holm) | Cohen's d (as published) |
| --- | --- | --- | --- | --- | --- |
| otsu_watershed − unet | 0.514 | [0.021, 1.006] | 0.12 | 0.37 | 2.413 large |
| otsu_watershed − flows | 0.825 | [0.647, 1.003] | 0.12 | 0.37 | 10.433 large |
| unet − flows | 0.311 | [-0.133, 0.756] | 0.25 | 0.37 | 1.577 large |

*Mean F1 of each network beside its ceiling.*

| Model | Encoding | Ceiling @ 0.5 | F1 @ 0.5 |
| --- | --- | --- | --- |
| unet-0 | three_class | 0.950 | 0.311 |

*Mean F1 at IoU 0.5 by reference cells in the image; bins are disjoint, their images sum to 4.*

| Cells | Images | otsu_watershed | unet | flows |
| --- | --- | --- | --- | --- |
| 0 | 0 | – | – | – |
| 1-5 | 2 | 0.875 | 0.400 | 0.000 |
| 6-10 | 2 | 0.775 | 0.222 | 0.000 |
| over 10 | 0 | – | – | – |

*The 4 best images of unet-0 by F1 at IoU 0.5.*

| Image | F1 | Matched |
| --- | --- | --- |
| a | 0.679 | 4 |
| b | 0.283 | 3 |
"""
    assert codes(text) == ["model_broken", "few_images"]
    assert "flows has a mean F1 of 0" in found(text, "model_broken").sentence


@pytest.mark.parametrize("text", ["", " \n\x00\n", "No table, only words.", "a\tb\n1\t2\n"])
def test_what_can_t_be_checked_is_never_called_clean(text: str) -> None:
    assert codes(text) == ["nothing_checked"]


CASES = {
    "percentiles_as_ci": (
        f"{SAME}Model\tMean ± SD\t95% CI\nunet\t0.55 ± 0.21\t[0.10, 0.93]\n",
        # Its name is right; it is an interval of the mean; groups were resampled.
        f"{SAME}Model\tMean ± SD\tCentral 95% of images\nunet\t0.55 ± 0.21\t[0.10, 0.93]\n",
        f"{SAME}F1\nModel\tMean ± SD\t95% CI\nunet\t0.55 ± 0.21\t[0.51, 0.59]\n",
        (f"{SAME}Whole groups were resampled.\n\nModel\tMean ± SD\t95% CI\nunet\t0.55 ± 0.21"
        "\t[0.35, 0.75]\n"),
    ),
    "unpaired_tests": (
        f"{SAME}{MEANS}One-way ANOVA: p = 0.02.\n",
        f"{SAME}{MEANS}Repeated-measures ANOVA: p = 0.02.\n",
        f"{SAME}{MEANS}Paired Student's t-test, unet vs wide: p = 0.02.\n",
        f"101 images per model, all different images.\n\n{MEANS}One-way ANOVA: p = 0.02.\n",
        f"{SAME}{MEANS}Friedman's test: p = 0.01; ANOVA as published: p = 0.02.\n",
    ),
    "first_two_untested": (
        f"{MEANS}Pair\tp (Holm)\nunet vs sac\t0.03\nwide vs sac\t0.02\n",
        f"{MEANS}{PAIRS}",
        f"{MEANS}Friedman: p = 0.02; all pairs by Nemenyi are in the figure.\n",
        MEANS,
    ),
    "pairs_missing": (
        f"{MEANS}Pair\tp (Holm)\nunet vs wide\t0.03\n",
        f"{MEANS}{PAIRS}",
        # All against one, named beforehand.
        f"{MEANS}Pair\tp (Holm)\nwide vs sac\t0.03\nwide vs unet\t0.03\n",
    ),
    "multiple_testing": (
        f"{MEANS}{PAIRS}".replace("p (Holm)", "p"),
        f"{MEANS}{PAIRS}",
        f"{MEANS}Pair\tp\nunet vs wide\t0.03\n",
        f"{MEANS}{PAIRS}The table as published has p not adjusted for the number of pairs.\n",
    ),
    "p_as_zero": (
        f"{MEANS}Pair\tp-value\nunet vs wide\t0.000\n",
        f"{MEANS}Pair\tp-value\nunet vs wide\t< 0.0001\n",
        f"{MEANS}unet vs wide: p = 0.0001, p = 0.05\n",
        "Model\tP\tR\tF1\nunet\t0.0\t0.1\t0.0\n",
    ),
    "sd_conventions": (
        (f"{SAME}F1\nModel\tMean\tSD\nunet\t0.55\t0.2376\n\nF1\nModel\tMean\tStd\n"
        "unet\t0.55\t0.2364\n"),
        (f"{SAME}F1\nModel\tMean\tSD\nunet\t0.55\t0.2376\n\nF1\nModel\tMean\tStd\n"
        "unet\t0.55\t0.2376\n"),
        # Another quantity, or both are told.
        (f"{SAME}F1\nModel\tMean\tSD\nunet\t0.55\t0.2376\n\nF1\nModel\tMean\tStd\n"
        "unet\t0.57\t0.2364\n"),
        (f"{SAME}F1\nModel\tMean\tSD\nunet\t0.55\t0.2376\n\nF1\nModel\tMean\tStd (ddof=0)\n"
        "unet\t0.55\t0.2364\n"),
    ),
    "threshold_as_setting": (
        ("Threshold\tunet\n\nModel\tF1 @ 0.5\nunet\t0.6\n\n"
        "Use a threshold of 0.5 for the best results.\n"),
        "Model\tF1 @ 0.5\nunet\t0.6\n\nUse a probability threshold of 0.5 for the best results.\n",
        "Model\tF1 @ 0.5\nunet\t0.6\n\nWe recommend to report F1 at threshold 0.5, for balance.\n",
        "Model\tF1 @ 0.5\nunet\t0.6\n\nMatching used an IoU threshold of 0.5.\n",
    ),
    "images_missing_in_bins": (
        f"{SAME}{MEANS}Cells\tn\tunet\n1-5\t40\t0.5\n6-10\t42\t0.6\n",
        f"{SAME}{MEANS}Cells\tn\tunet\n1-5\t40\t0.5\n6-10\t61\t0.6\n",
    ),
    "overlapping_bins": (
        f"{MEANS}Cells\tn\tunet\n1-5\t40\t0.5\n6-10\t42\t0.6\n10+\t3\t0.5\n",
        f"{MEANS}Cells\tn\tunet\n1-5\t40\t0.5\n6-10\t42\t0.6\nover 10\t3\t0.5\n",
        # Half-open throughout.
        f"{MEANS}Cells\tn\tunet\n0-5\t40\t0.5\n5-10\t42\t0.6\n10+\t3\t0.5\n",
    ),
    "small_bins": (
        f"{SAME}{MEANS}Cells\tn\tunet\n1-5\t3\t0.5\n6-10\t98\t0.6\n",
        f"{SAME}{MEANS}Cells\tn\tunet\n1-5\t10\t0.5\n6-10\t91\t0.6\n",
    ),
    "model_broken": (
        MEANS.replace("0.50", "0.02"),
        MEANS.replace("0.50", "0.10"),
        # An error that is low is no broken model; where all are low, none stands out.
        "Model\tHausdorff distance\nunet\t10\nwide\t12\nsac\t0.1\n",
        "Model\tMean F1\nunet\t0.05\nwide\t0.04\nsac\t0.001\n",
    ),
    "models_missing": (
        f"{MEANS}Comparison of all measures\nMetric\tunet\twide\nF1\t0.55\t0.58\nDice\t0.8\t0.8\n",
        f"{MEANS}Comparison of all measures\nMetric\tunet\twide\tSAC\nF1\t0.55\t0.58\t0.5\n",
        f"{MEANS}Comparison, ablation of the decoder\nMetric\tunet\twide\nF1\t0.55\t0.58\n",
        f"{MEANS}Training performance\nModel\tEpochs\tLoss\nunet\t30\t0.2\nwide\t30\t0.2\n",
    ),
    "names_differ": (
        f"{MEANS}Model\tLicence\nunet\tMIT\nwid\tMIT\nsac\tMIT\n",
        f"{MEANS}Model\tLicence\nunet\tMIT\nwide\tMIT\nsac\tMIT\n",
        f"{MEANS}Model\tLicence\nunet\tMIT\nwide\tMIT\n",
    ),
    "training_count": (
        f"{MEANS}Number of models: 2\n",
        f"{MEANS}Number of models: 3\n",
        f"{MEANS}Total models trained: 2\n".replace("sac", "wide_ensemble"),
    ),
    "best_is_not_best": (
        f"{MEANS}{PAIRS}Best by mean F1: unet\n",
        f"{MEANS}{PAIRS}Best by mean F1: wide\n",
        f"{MEANS}{PAIRS}sac has the highest F1 among models under 10 MB.\n",
        f"{MEANS}{PAIRS}The 5 best images of unet by F1: a, b\n",
        f"{MEANS}{PAIRS}Best validation F1: 0.7 (unet)\n",
        f"{MEANS.replace('0.58', '0.55')}{PAIRS}Best by mean F1: unet\n",
    ),
    "best_depends": (
        f"Model\tF1\tDice\nunet\t0.55\t0.83\nwide\t0.58\t0.80\n\n{PAIRS}wide is best overall.\n",
        f"Model\tF1\tDice\nunet\t0.55\t0.80\nwide\t0.58\t0.83\n\n{PAIRS}wide is best overall.\n",
        f"Model\tF1\tDice\nunet\t0.55\t0.83\nwide\t0.58\t0.80\n\n{PAIRS}wide is best by F1.\n",
        # Precision and recall are bought with each other.
        f"Model\tF1\tRecall\nunet\t0.55\t0.6\nwide\t0.58\t0.5\n\n{PAIRS}wide is best overall.\n",
    ),
    "slice_claim": (
        (f"{MEANS}Cells\tn\tunet\n1-5\t40\t0.5\n6-10\t61\t0.6\n\n"
        "Better on images with 6-10 cells.\n"),
        (f"{MEANS}Cells\tn\tunet\n1-5\t40\t0.5\n6-10\t61\t0.6\n\nBetter on images with 6-10 cells "
        "(p = 0.01, permutation).\n"),
        (f"{MEANS}Cells\tn\tunet\t95% CI\n1-5\t40\t0.5\t[0.4, 0.6]\n6-10\t61\t0.6\t[0.5, 0.7]\n\n"
        "Better on images with 6-10 cells.\n"),
    ),
    "significance_untested": (
        f"{MEANS}wide is significantly better than unet.\n",
        f"{MEANS}wide is significantly better than unet (p = 0.03, paired t-test).\n",
        f"{MEANS}wide is not significantly better than unet.\n",
        f"{MEANS}wide is significantly better than unet by a bootstrap.\n",
    ),
    "absence_as_equality": (
        f"{MEANS}unet and wide are equivalent, as p = 0.4.\n",
        f"{MEANS}unet and wide are not told apart (p = 0.4), which does not mean they are equal.\n",
        f"{MEANS}unet and wide are equivalent (TOST with a margin of 0.02, p = 0.01).\n",
    ),
    "no_uncertainty": (
        f"{MEANS}wide is the best model.\n",
        f"{MEANS}wide is the best model (paired test).\n",
        ("Model\tF1\t95% CI\nunet\t0.5\t[0.4, 0.6]\nwide\t0.7\t[0.6, 0.8]\n\n"
        "wide is the best model.\n"),
        MEANS,
    ),
    "interval_too_narrow": (
        f"{SAME}F1\nModel\tMean ± SD\t95% CI\nunet\t0.55 ± 0.21\t[0.547, 0.553]\n",
        f"{SAME}F1\nModel\tMean ± SD\t95% CI\nunet\t0.55 ± 0.21\t[0.51, 0.59]\n",
        (f"{SAME}Within-subject intervals.\n\nModel\tMean ± SD\t95% CI\nunet\t0.55 ± 0.21"
        "\t[0.547, 0.553]\n"),
    ),
    "unequal_images": (
        "Model\tF1\tn\nunet\t0.5\t101\nwide\t0.6\t82\n",
        "Model\tF1\tn\nunet\t0.5\t101\nwide\t0.6\t101\n",
        "DAPI\nModel\tF1\tn\nunet\t0.5\t101\n\nH&E\nModel\tF1\tn\nunet\t0.6\t82\n",
    ),
    "tables_disagree": (
        ("A\nModel\tF1\tDice\tRecall\nunet\t0.5\t0.8\t0.59\n\nB\nModel\tF1\tDice\tRecall\n"
        "unet\t0.5\t0.8\t0.5985\n"),
        ("A\nModel\tF1\tDice\tRecall\nunet\t0.5\t0.8\t0.60\n\nB\nModel\tF1\tDice\tRecall\n"
        "unet\t0.5\t0.8\t0.5985\n"),
        # Two kinds of images.
        ("DAPI\nModel\tF1\tDice\tRecall\nunet\t0.5\t0.8\t0.59\n\nH&E\nModel\tF1\tDice\tRecall\n"
        "unet\t0.4\t0.7\t0.5\n"),
    ),
    "effect_label": (
        f"{MEANS}Pair\tp (Holm)\tCohen's d\tEffect size\nunet vs wide\t0.01\t0.4\tLarge\n",
        f"{MEANS}Pair\tp (Holm)\tCohen's d\tEffect size\nunet vs wide\t0.01\t-0.9\tLarge\n",
        f"{MEANS}Pair\tp (Holm)\tCohen's d\nunet vs wide\t0.01\t0.8 large\n",
    ),
    "no_seeds": (
        f"{MEANS}Networks were trained for 30 epochs.\n",
        f"{MEANS}Networks were trained for 30 epochs with three seeds.\n",
        MEANS,
    ),
    "all_fail": (
        MEANS + "".join(
            f"Bottom images of {m}\n"
            "names\tF1\tdice\na\t0.01\t0.8\n\n"
            for m in ("unet", "wide", "sac")
        ),
        MEANS + "".join(
            f"Bottom images of {m}\n"
            "names\tF1\tdice\na\t0.01\t0.1\n\n"
            for m in ("unet", "wide", "sac")
        ),
        MEANS + "".join(
            f"Bottom images of {m}\nnames\tF1\tdice\n{m}\t0.01\t0.8\n\n"
            for m in ("unet", "wide", "sac")
        ),
    ),
    "few_images": (
        f"Scored on 9 images.\n\n{MEANS}",
        f"Scored on 10 images.\n\n{MEANS}",
    ),
}  # fmt: skip

TWO = f"{SAME}F1\nModel\tMean\tSD\nunet\t0.55\t0.20\nwide\t0.65\t0.20\n\n"

ARITHMETIC = {
    "mean above the maximum": (
        "F1\nModel\tMean\tRange\nunet\t0.95\t[0.10, 0.90]\n",
        "F1\nModel\tMean\tRange\nunet\t0.90\t[0.1, 0.9]\n",
    ),
    "mean and median further apart than one SD": (
        "F1\nModel\tMean ± SD\tMedian\nunet\t0.50 ± 0.10\t0.75\n",
        "F1\nModel\tMean ± SD\tMedian\nunet\t0.5 ± 0.1\t0.6\n",
    ),
    "more SD than between 0 and 1": (
        "F1\nModel\tMean ± SD\nunet\t0.05 ± 0.40\n",
        "F1\nModel\tMean ± SD\nunet\t0.50 ± 0.50\n",
    ),
    "interval that ends before it begins": (
        "F1\nModel\tMean\t95% CI\nunet\t0.5\t[0.6, 0.4]\n",
        "F1\nModel\tMean\t95% CI\nunet\t0.5\t[0.4, 0.6]\n",
    ),
    "score above 1": (
        "Model\tF1\nunet\t0.5\nwide\t0.6\nsac\t1.2\n",
        "Model\tF1\nunet\t50.1\nwide\t60.3\nsac\t81.2\n",
    ),
    "F1 above precision and recall": (
        "Model\tF1\tPrecision\tRecall\nunet\t0.70\t0.60\t0.65\n",
        "Model\tF1\tPrecision\tRecall\nunet\t0.62\t0.60\t0.65\n",
    ),
    "F1 rising with the IoU threshold": (
        "Model\tF1 @ 0.5\tF1 @ 0.7\nunet\t0.50\t0.70\n\nCells match by IoU.\n",
        "Model\tF1 @ 0.5\tF1 @ 0.7\nunet\t0.5\t0.5\n\nCells match by IoU.\n",
        # Of a threshold on confidence nothing like this holds.
        (
            "F1 by confidence threshold; masks have an IoU too.\nThreshold\tunet\twide\n"
            "0.5\t0.5\t0.4\n"
            "0.7\t0.70\t0.60\n\nModel\tF1\nunet\t0.7\nwide\t0.6\n"
        ),
    ),
    "p that does not follow from F": (
        f"{MEANS}Friedman: F(2, 200) = 3.35, p = 0.001\n",
        f"{MEANS}Friedman: F(2, 200) = 3.35, p = 0.037\n",
        f"{MEANS}Friedman: F(2, 200) = 3.35, p < 0.05\n",
        f"{MEANS}Greenhouse-Geisser: F(2, 200) = 3.35, p = 0.05\n",
        f"{MEANS}Linear mixed model: chi²(3) = 2,667, p < 0.0001\n",
    ),
    "p above what it is said to be below": (
        f"{MEANS}Test\tStatistic\tp\nKruskal-Wallis, paired too\tH(2) = 3.2\t< 0.05\n",
        f"{MEANS}Test\tStatistic\tp\nKruskal-Wallis, paired too\tH(2) = 6.2\t< 0.05\n",
    ),
    "F that does not follow from means and SDs": (
        f"{TWO}F1 ANOVA\n\nF-statistic: 22.6\n",
        # 101 * 0.1² / 2 / 0.2² = 12.6
        f"{TWO}F1 ANOVA\n\nF-statistic: 12.6\n",
        f"{TWO}F1 repeated-measures ANOVA\n\nF-statistic: 22.6\n",
        f"{TWO}F1, Welch's ANOVA\n\nF-statistic: 22.6\n",
    ),
    "d that does not follow from means and SDs": (
        f"{TWO}F1\nPair\tp (Holm)\tCohen's d\nunet vs wide\t0.01\t-0.9\n",
        f"{TWO}F1\nPair\tp (Holm)\tCohen's d\nunet vs wide\t0.01\t-0.5\n",
        f"{TWO}F1, paired\nPair\tp (Holm)\tCohen's d\nunet vs wide\t0.01\t-0.9\n",
    ),
    "listed image outside the range": (
        (
            "F1\nModel\tMean\tRange\nunet\t0.5\t[0.20, 0.90]\n\nWorst images of unet\n"
            "image\tF1\na\t0.1\n"
        ),
        (
            "F1\nModel\tMean\tRange\nunet\t0.5\t[0.2, 0.9]\n\nWorst images of unet\n"
            "image\tF1\na\t0.2\n"
        ),
    ),
}


@pytest.mark.parametrize("code", CASES)
def test_a_fault_is_told(code: str) -> None:
    assert code in codes(CASES[code][0])


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in CASES.items() for text in texts[1:]]
)
def test_what_only_resembles_a_fault_is_not(code: str, text: str) -> None:
    assert code not in codes(text)
    assert "nothing_checked" not in codes(text)


@pytest.mark.parametrize("fault", ARITHMETIC)
def test_numbers_that_can_t_be_are_told(fault: str) -> None:
    assert "arithmetic" in codes(ARITHMETIC[fault][0])


@pytest.mark.parametrize(
    ("fault", "text"), [(fault, text) for fault, texts in ARITHMETIC.items() for text in texts[1:]]
)
def test_numbers_that_can_be_are_not(fault: str, text: str) -> None:
    assert "arithmetic" not in codes(text)
    assert "nothing_checked" not in codes(text)


def test_a_correction_that_was_not_made_is_none() -> None:
    text = f"{MEANS}{PAIRS}p was not corrected for multiple comparisons.\n".replace(
        "(Holm)", "value"
    )
    assert "multiple_testing" in codes(text)


def test_every_check_of_reports_is_tested() -> None:
    of_scores = list(AUDIT_CHECKS)[list(AUDIT_CHECKS).index("duplicates") :]
    elsewhere = {"unread", "nothing_checked", "arithmetic", *of_scores}
    assert set(CASES) | elsewhere == set(AUDIT_CHECKS)
