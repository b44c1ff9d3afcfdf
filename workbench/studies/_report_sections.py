"""What the report says: from the tables of a run to sections."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench import figures
from workbench.analysis import (
    compare_models,
    describe_models,
    hardest_images,
    image_overview,
    model_summary,
    paired_scores,
    scores_by_cell_count,
    scores_by_threshold,
)
from workbench.metrics import MEASURES
from workbench.schema import PRIMARY_IOU_THRESHOLD, STATUSES, InputError, Member
from workbench.store import latest_entries
from workbench.studies._config import StudyConfig
from workbench.studies._evaluate import failed_images
from workbench.studies._measure_texts import best_model, better, measure_title
from workbench.studies._overlays import extreme_overlays
from workbench.studies._report_ceilings import ceilings_section
from workbench.studies._report_costs import costs_section
from workbench.studies._report_parts import (
    Figure,
    ReportTable,
    Section,
    interval,
    p_text,
    plain,
)
from workbench.studies._train import training_histories
from workbench.studies._view import RunView, images_worst_first, load_overlay

N_EXTREMES: Final = 5
SAMPLE_QUANTILES: Final = (0.1, 0.5, 0.9)


def report_sections(view: RunView) -> list[Section]:
    """Return the parts of the report, those that have nothing to show left out."""
    sections = [
        _summary(view),
        _scores(view),
        _statistics(view),
        ceilings_section(view),
        _training(view),
        costs_section(view),
        _cell_counts(view),
        _samples(view),
        *(_extremes(view, member) for member in view.members),
        _troubles(view),
        _provenance(view),
    ]
    return [section for section in sections if section.texts or section.items]


def summary_table(scores: pd.DataFrame) -> ReportTable:
    """Return the table of the models, best first."""
    summary = model_summary(scores)
    shown = summary.copy()
    place = list(shown.columns).index("f1@0.5") + 1
    shown.insert(
        place,
        "interval",
        [interval(*row) for row in shown[["ci_low", "ci_high"]].itertuples(index=False)],
    )
    return ReportTable(
        "summary",
        "Models by mean F1 at IoU 0.5 (macro: every image counts the same), with its 95 % "
        "interval; micro F1 pools the cells of all images.",
        shown.drop(columns=["ci_low", "ci_high"]),
        headers={
            "model": "Model",
            "n_images": "Images",
            "n_used": "Used",
            "n_failed": "Failed",
            "f1@0.5": "F1 @ 0.5",
            "interval": "95 % interval",
            "f1@0.7": "F1 @ 0.7",
            "f1@0.9": "F1 @ 0.9",
            "micro_f1": "Micro F1",
            "precision": "Precision",
            "recall": "Recall",
            "dice": "Dice",
        },
        best_row=0,
    )


def measures_table(scores: pd.DataFrame) -> ReportTable:
    """Return every measure, models side by side: means over images, matches at IoU 0.5."""
    at_primary = np.isclose(scores["threshold"], PRIMARY_IOU_THRESHOLD)
    chosen = scores[scores["threshold"].isna() | at_primary]
    means = chosen.pivot_table(
        index="metric", columns="model", values="value", sort=False, dropna=False
    ).rename_axis(columns=None)
    measures = [MEASURES[name] for name in means.index]
    best = [best_model(means.loc[measure.name], measure) for measure in measures]
    means.insert(0, "Measure", [measure_title(measure) for measure in measures])
    means.insert(1, "Better", [better(measure) for measure in measures])
    means["Best"] = best
    return ReportTable(
        "measures",
        "Every measure: mean over the images where it is defined; matches at IoU 0.5. "
        "`workbench measures NAME` explains one.",
        means.reset_index(drop=True),
    )


def _summary(view: RunView) -> Section:
    table = summary_table(view.scores)
    best = table.frame.iloc[0]
    first = (
        f"Best by mean F1 at IoU 0.5: {best['model']} with {plain(best['f1@0.5'])} "
        f"{best['interval']} over {best['n_used']} images of {view.dataset.name!r}, split "
        f"{view.study.dataset.test!r}."
    )
    texts = [
        first,
        _second_best(view, table.frame),
        _what_seeds_allow(view.study),
    ]
    return Section("Summary", [text for text in texts if text], [table])


def _what_seeds_allow(study: StudyConfig) -> str:
    """Return of what the scores of trained networks speak; "" where none was trained here."""
    if not any(model.is_trained_here for model in study.models.values()):
        return ""
    n_seeds = len(study.seeds)
    if n_seeds < 3:
        few = "One training" if n_seeds == 1 else "Two trainings"
        return f"{few} per network: the scores speak of these checkpoints, not of architectures."
    return (
        f"Each network was trained with {n_seeds} seeds; its scores, and those of models made of "
        "such networks, are means over them."
    )


def _second_best(view: RunView, summary: pd.DataFrame) -> str:
    """Return what the data say about the first two models, "" where they say nothing."""
    pairs = compare_models(paired_scores(view.scores)).pairs
    if pairs.empty:
        return ""
    first, second = summary["model"].iloc[:2]
    row = pairs[pairs[["first", "second"]].isin([first, second]).all(axis=1)].iloc[0]
    sign = 1 if row["first"] == first else -1
    low, high = sorted((sign * row["ci_low"], sign * row["ci_high"]))
    verdict = (
        "a difference that the data support"
        if row["p_wilcoxon_holm"] < 0.05
        else "not told apart by these data, which does not mean that they are equal"
    )
    return (
        f"It lies {sign * row['mean_difference']:.3f} {interval(low, high)} above {second} "
        f"(Wilcoxon signed-rank over images, Holm-adjusted p "
        f"{_with_sign(row['p_wilcoxon_holm'])}): {verdict}."
    )


def _with_sign(p_value: float) -> str:
    text = p_text(p_value)
    return text if text.startswith("<") else f"= {text}"


def _scores(view: RunView) -> Section:
    by_threshold = scores_by_threshold(view.scores)
    items: list[ReportTable | Figure] = [
        Figure(
            "Mean F1 over images against the IoU a match needs; bands are 95 % intervals of the "
            "mean (Student t).",
            figures.score_by_threshold(by_threshold),
        ),
        Figure(
            "F1 at IoU 0.5 of every image; boxes show quartiles, the dashed line the mean.",
            figures.score_distributions(paired_scores(view.scores)),
        ),
        ReportTable(
            "scores_by_threshold",
            "Mean F1 over images by IoU threshold.",
            by_threshold.pivot_table(index="threshold", columns="model", values="mean", sort=False)
            .rename_axis(columns=None)
            .reset_index(),
            headers={"threshold": "IoU threshold"},
            formats={"threshold": lambda value: f"{value:.2f}"},
        ),
        measures_table(view.scores),
    ]
    return Section("Scores", items=items)


def _statistics(view: RunView) -> Section:
    paired = paired_scores(view.scores)
    left_out = paired.attrs["n_left_out"]
    descriptives = ReportTable(
        "descriptives",
        "F1 at IoU 0.5 over images. The interval is that of the mean (Student t); the central "
        "95 % of images lie in the last column, which published reports often call a confidence "
        "interval.",
        _with_intervals(describe_models(paired)),
        headers={
            "model": "Model",
            "mean": "Mean",
            "sd": "SD",
            "interval": "95 % interval of the mean",
            "median": "Median",
            "quartiles": "Quartiles",
            "range": "Range",
            "central": "Central 95 % of images",
        },
    )
    texts = [
        f"{len(paired)} images with a defined score for every model"
        + (f"; {left_out} left out for all models." if left_out else ".")
    ]
    compared = compare_models(paired)
    if compared.note:
        return Section("Statistics", [*texts, f"{compared.note.capitalize()}."], [descriptives])
    return Section(
        "Statistics",
        texts,
        [
            descriptives,
            ReportTable(
                "omnibus",
                "Is there any difference between the models?",
                pd.DataFrame(
                    [
                        _test_row(test)
                        for tests in (compared.tests, compared.published_tests)
                        for test in tests.itertuples()
                    ]
                ),
                formats={"p": p_text},
            ),
            Figure(
                "Mean difference of each pair of models over the same images, with 95 % interval.",
                figures.paired_differences(compared.pairs),
            ),
            ReportTable(
                "pairs",
                "All pairs on the same images. The test is Wilcoxon's signed-rank (zeros by "
                "Pratt), p adjusted by Holm over all pairs; Cohen's d is the unpaired one of "
                "published reports, d_z the paired one.",
                _pair_rows(compared.pairs, compared.published_pairs),
                formats={"p": p_text, "p (Holm)": p_text},
            ),
        ],
    )


def _with_intervals(described: pd.DataFrame) -> pd.DataFrame:
    def texts(low: str, high: str) -> list[str]:
        return [interval(*row) for row in described[[low, high]].itertuples(index=False)]

    return pd.DataFrame(
        {
            "model": described["model"],
            "n": described["n"],
            "mean": described["mean"],
            "sd": described["sd"],
            "interval": texts("ci_low", "ci_high"),
            "median": described["median"],
            "quartiles": texts("q25", "q75"),
            "range": texts("minimum", "maximum"),
            "central": texts("central_low", "central_high"),
        }
    )


def _test_row(test: Any) -> dict[str, Any]:
    degrees = ", ".join(f"{value:g}" for value in test.degrees_of_freedom)
    return {
        "Test": test.name,
        "Statistic": f"{test.statistic_name}({degrees}) = {test.statistic:.2f}",
        "p": test.p_value,
        "Effect": f"{test.effect_name} = {test.effect:.3f}",
        "Note": test.note,
    }


def _pair_rows(pairs: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Pair": pairs["first"] + " − " + pairs["second"],
            "Difference": pairs["mean_difference"],
            "95 % interval": [
                interval(*row) for row in pairs[["ci_low", "ci_high"]].itertuples(index=False)
            ],
            "p": pairs["p_wilcoxon"],
            "p (Holm)": pairs["p_wilcoxon_holm"],
            "d_z": pairs["d_z"],
            "Cohen's d (as published)": published["cohens_d"].map(plain)
            + " "
            + published["cohens_d_label"],
            "Wins / ties / losses": pairs[["wins", "ties", "losses"]]
            .astype(str)
            .agg(" / ".join, axis=1),
        }
    )


def _training(view: RunView) -> Section:
    histories = {
        name: history
        for member in view.members
        if view.study.models[member.model].is_trained_here
        for name, history in training_histories(view.run.model_folder(member), member.name).items()
    }
    if not histories:
        return Section("Training")
    rows = []
    for name, history in histories.items():
        validated = history.dropna(subset="validation_f1")
        best = validated.loc[validated["validation_f1"].idxmax()] if len(validated) else None
        rows.append(
            {
                "Model": name,
                "Epochs": len(history),
                "Best epoch": "–" if best is None else int(best["epoch"]),
                "Best validation F1": np.nan if best is None else best["validation_f1"],
                "Final training loss": history["train_loss"].iloc[-1],
                "Minutes": history["elapsed_s"].iloc[-1] / 60,
            }
        )
    return Section(
        "Training",
        items=[
            Figure(
                "Loss and validation F1 over epochs; the star marks the weights that were used.",
                figures.training_curves(histories),
            ),
            ReportTable(
                "training",
                "Trainings.",
                pd.DataFrame(rows),
                formats={"Minutes": lambda value: f"{value:.1f}"},
            ),
        ],
    )


def _cell_counts(view: RunView) -> Section:
    table = scores_by_cell_count(view.scores)
    return Section(
        "Scores by number of cells",
        items=[
            Figure(
                "F1 at IoU 0.5 of every image against its number of reference cells.",
                figures.score_by_cell_count(image_overview(view.scores)),
            ),
            ReportTable(
                "by_cell_count",
                "Mean F1 at IoU 0.5 by reference cells in the image; bins are disjoint, their "
                f"images sum to {table['n_images'].sum()}.",
                table,
                headers={"cells": "Cells", "n_images": "Images"},
            ),
        ],
    )


def _samples(view: RunView) -> Section:
    hard = hardest_images(view.scores)
    if hard.empty:
        return Section("Samples")
    places = sorted({round(q * (len(hard) - 1)) for q in SAMPLE_QUANTILES})
    items = []
    for place in places:
        image_id = str(hard["image_id"].iloc[place])
        overlays = [load_overlay(view, member, image_id) for member in view.members]
        items.append(
            Figure(
                f"{image_id}: the image, its {hard['n_reference'].iloc[place]} reference cells and "
                f"every model; number {place + 1} of {len(hard)} from hard to easy.",
                figures.overlay_row(overlays, with_reference=True),
            )
        )
    return Section(
        "Samples",
        ["A hard, a middling and an easy image by the mean F1 of all models."],
        items,
    )


def _extremes(view: RunView, member: Member) -> Section:
    ranked = images_worst_first(view, member).dropna(subset="value")
    if ranked.empty:
        return Section(f"Images of {member.name}")
    n_shown = min(N_EXTREMES, len(ranked))
    items: list[ReportTable | Figure] = []
    for kind, chosen in (
        ("worst", ranked.head(n_shown)),
        ("best", ranked.tail(n_shown).iloc[::-1]),
    ):
        overlays = extreme_overlays(view, member, n=n_shown, worst=kind == "worst")
        items += [
            Figure(f"The {n_shown} {kind} images of {member.name}.", figures.overlay_row(overlays)),
            ReportTable(
                f"{kind}_{member.name}",
                f"The {n_shown} {kind} images of {member.name} by F1 at IoU 0.5.",
                chosen[["image_id", "value", "tp", "fp", "fn", "n_reference", "n_predicted"]],
                headers={
                    "image_id": "Image",
                    "value": "F1",
                    "tp": "Matched",
                    "fp": "Spurious",
                    "fn": "Missed",
                    "n_reference": "Reference cells",
                    "n_predicted": "Predicted cells",
                },
            ),
        ]
    return Section(f"Best and worst images of {member.name}", items=items)


def _troubles(view: RunView) -> Section:
    items = []
    failed = failed_images(view.scores)
    if len(failed):
        items.append(
            ReportTable(
                "unusable_predictions",
                "Predictions that were missing or unusable; each was scored as an empty one.",
                failed.assign(status=failed["status"].map(STATUSES)),
            )
        )
    broken = [
        {"Job": entry.job, "State": entry.state, "Reason": entry.detail}
        for entry in latest_entries(view.run.ledger_file).values()
        if entry.state in ("failed", "blocked")
    ]
    if broken:
        items.append(
            ReportTable(
                "failed_jobs", "Jobs that failed or were not started.", pd.DataFrame(broken)
            )
        )
    return Section("What went wrong", items=items)


def _provenance(view: RunView) -> Section:
    facts = _provenance_facts(view)
    jobs = [
        {
            "Job": entry.job,
            "Key": entry.key,
            "State": entry.state,
            "Seconds": entry.seconds,
            "Peak memory, MB": entry.peak_memory_mb,
        }
        for entry in latest_entries(view.run.ledger_file).values()
    ]
    return Section(
        "Provenance",
        items=[
            ReportTable(
                "provenance",
                "What this run was made with.",
                pd.DataFrame(facts, columns=["What", "Value"]),
            ),
            ReportTable(
                "jobs",
                "Jobs; each is a notebook in the run's folder notebooks/.",
                pd.DataFrame(jobs),
                formats={
                    "Seconds": lambda value: f"{value:.1f}",
                    "Peak memory, MB": lambda value: f"{value:.0f}",
                },
            ),
        ],
    )


def _provenance_facts(view: RunView) -> list[tuple[str, str]]:
    try:
        facts = json.loads(view.run.provenance_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{view.run.provenance_file}: can't be read ({error}); run the study again."
        raise InputError(msg) from error
    machine = facts["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    hardware = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB"
    return [
        ("Run started", facts["written"]),
        ("Workbench", f"{facts['workbench']}, commit {facts['commit'] or 'unknown'}"),
        ("Machine", f"{machine['system']}, {hardware}"),
        ("Data set", f"{view.dataset.root}, SHA-256 {facts['data_sha256']}"),
        ("Python", facts["python"]),
        ("Packages", packages),
    ]
