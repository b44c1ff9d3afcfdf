"""The audit of a score table: what is missing, comes twice, or can't be."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from math import inf
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.analysis._report_audit_findings import AuditFinding, found, gravest_first, listed
from workbench.analysis._report_audit_models import BROKEN_SHARE, FEW_IMAGES
from workbench.analysis._report_audit_words import spelled
from workbench.schema import (
    FAILED_STATUSES,
    PRIMARY_IOU_THRESHOLD,
    PRIMARY_METRIC,
    SCORE_COLUMNS,
    STATUSES,
    InputError,
)

KEYS: Final = ("dataset", "image_id", "model", "seed", "metric", "threshold")
EVERY_IMAGE: Final = ("dataset", "image_id")
FALLING: Final = ("f1", "precision", "recall", "average_precision_dsb", "recognition_quality",
                  "panoptic_quality")  # fmt: skip
"""Scores that can't rise with the IoU threshold, the image being the same."""

NO_RANGES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType({})


def audit_scores(
    scores: pd.DataFrame,
    *,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    ranges: Mapping[str, tuple[float, float]] = NO_RANGES,
) -> tuple[AuditFinding, ...]:
    """Look for what makes the scores of models unfit to be compared.

    Parameters
    ----------
    scores
        Score table, with the columns of :data:`workbench.schema.SCORE_COLUMNS`.
    metric, threshold
        The measure by which models are compared; threshold NaN for one that has none. It must be
        one that is better the higher it is, else no model is found broken or perfect.
    ranges
        Lowest and highest value of measures, by name; those not named are not checked.

    Returns
    -------
    tuple of AuditFinding
        Gravest first; the checks are :data:`AUDIT_CHECKS`. Of a table without rows, the one finding
        "nothing_checked".

    Raises
    ------
    InputError
        If a column is missing.

    Examples
    --------
    >>> row = dict.fromkeys(SCORE_COLUMNS, 0) | {"metric": "f1", "threshold": 0.5, "status": "ok"}
    >>> scores = pd.DataFrame([row | {"model": "unet"}, row | {"model": "unet"}])
    >>> [finding.code for finding in audit_scores(scores)]
    ['duplicates', 'few_images', 'one_seed']
    """
    absent = [column for column in SCORE_COLUMNS if column not in scores]
    if absent:
        msg = (
            f"a score table has the columns {', '.join(SCORE_COLUMNS)}; missing: "
            f"{', '.join(absent)}. Read the table with read_score_source, which fills in what can "
            "be known."
        )
        raise InputError(msg)
    if scores.empty:
        return (found("nothing_checked", "The score table has no rows.", "0 rows"),)
    measured = scores[scores["metric"] == metric]
    primary = measured[np.isclose(measured["threshold"], threshold, equal_nan=True)]
    return gravest_first(
        [
            *_duplicates(scores),
            *_same_id_twice(scores),
            *_out_of_range(scores, ranges),
            *_reference_differs(scores),
            *_rises_with_threshold(scores),
            *_conventions_mixed(scores),
            *_images_missing(scores),
            *_predictions_missing(scores),
            *_thresholds_missing(scores, metric, threshold),
            *_broken_or_perfect(primary, ranges.get(metric, (0.0, 1.0))),
            *_same_scores(primary),
            *_undefined(primary),
            *_few_images(scores),
            *_groups(scores),
            *_one_seed(scores),
            *_outside_bins(scores),
        ]
    )


def _duplicates(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    twice = scores[scores.duplicated(list(KEYS), keep="first")]
    if len(twice):
        yield found(
            "duplicates",
            f"{len(twice)} rows repeat an image, model, seed, measure and threshold.",
            [_row_text(row) for row in twice.head(4).to_dict("records")],
        )


def _same_id_twice(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    datasets = scores.groupby("image_id")["dataset"].nunique()
    several = datasets[datasets > 1]
    if len(several):
        yield found(
            "same_id_twice",
            f"{len(several)} image ids stand in more than one data set, and would be paired as one "
            "image.",
            listed([str(image) for image in several.index]),
        )


def _out_of_range(
    scores: pd.DataFrame, ranges: Mapping[str, tuple[float, float]]
) -> Iterator[AuditFinding]:
    low = scores["metric"].map({name: ends[0] for name, ends in ranges.items()}).fillna(-inf)
    high = scores["metric"].map({name: ends[1] for name, ends in ranges.items()}).fillna(inf)
    # A mean of many ones may end a rounding error above one.
    wrong = scores[(scores["value"] < low - 1e-9) | (scores["value"] > high + 1e-9)]
    infinite = scores[np.isinf(scores["value"])]
    wrong = pd.concat([wrong, infinite.drop(wrong.index, errors="ignore")])
    if len(wrong):
        names = listed(sorted({spelled(str(name)) for name in wrong["metric"]}))
        yield found(
            "out_of_range",
            f"{len(wrong)} values of {names} lie outside the range of the measure.",
            [_row_text(row) for row in wrong.head(4).to_dict("records")],
        )


def _reference_differs(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    # Another convention may leave cells out; within one, the reference is the same for all.
    keys = [*EVERY_IMAGE, "metric", "threshold", "convention"]
    counts = scores.groupby(keys, dropna=False)["n_reference"].nunique()
    images = counts[counts > 1].reset_index()["image_id"].drop_duplicates()
    if len(images):
        of_first = scores[scores["image_id"] == images.iloc[0]]
        per_model = of_first.drop_duplicates(["model", "n_reference"])
        yield found(
            "reference_differs",
            f"{len(images)} images have another number of reference cells for one model than for "
            "another.",
            f"{images.iloc[0]}: " + ", ".join(
                f"{row['model']} {row['n_reference']}" for row in per_model.to_dict("records")
            ),
        )  # fmt: skip


def _rises_with_threshold(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    chosen = scores[scores["metric"].isin(FALLING) & scores["threshold"].notna()]
    chosen = chosen.drop_duplicates(list(KEYS)).sort_values("threshold")
    keys = ["dataset", "image_id", "model", "seed", "metric"]
    rises = chosen.groupby(keys)["value"].diff() > 1e-9
    wrong = chosen[rises]
    if len(wrong):
        yield found(
            "rises_with_threshold",
            f"{len(wrong)} scores are higher than at the threshold below, though a stricter one "
            "can't match more cells.",
            [_row_text(row) for row in wrong.head(4).to_dict("records")],
        )


def _conventions_mixed(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    by_model = scores.groupby("model")["convention"].unique()
    conventions = {name for names in by_model for name in names}
    if len(conventions) > 1 and any(set(names) != conventions for names in by_model):
        yield found(
            "conventions_mixed",
            f"The models were scored by different rules: {listed(sorted(map(str, conventions)))}.",
            [f"{model}: {listed(sorted(map(str, names)))}" for model, names in by_model.items()],
        )


def _images_missing(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    images = scores[list(EVERY_IMAGE)].drop_duplicates()
    members = scores.groupby(["model", "seed"], sort=False)
    lacking = {}
    for (model, seed), rows in members:
        n = len(images) - len(rows[list(EVERY_IMAGE)].drop_duplicates())
        if n:
            there = set(rows["image_id"])
            absent = [str(i) for i in images["image_id"] if i not in there]
            lacking[f"{model} (seed {seed})"] = (n, absent)
    if lacking:
        yield found(
            "images_missing",
            f"Of {len(images)} images some were never scored for {listed(list(lacking))}; "
            "comparisons use the images that all models have.",
            [
                f"{name}: {n} missing" + (f", as {listed(absent[:3])}" if absent else "")
                for name, (n, absent) in lacking.items()
            ],
        )


def _predictions_missing(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    failed = scores[scores["status"].isin(FAILED_STATUSES)]
    counts = failed.groupby(["model", "status"], sort=False)["image_id"].nunique()
    if len(counts):
        models = list(dict.fromkeys(str(model) for model, _ in counts.index))
        yield found(
            "predictions_missing",
            f"Predictions of {listed(models)} are missing or unusable; each counts as an empty one "
            "and pulls the mean down.",
            [f"{model}: {n} {STATUSES[status]}" for (model, status), n in counts.items()],
        )


def _thresholds_missing(
    scores: pd.DataFrame, metric: str, threshold: float
) -> Iterator[AuditFinding]:
    measures = scores.assign(threshold=scores["threshold"].round(6)).groupby("model", sort=False)
    by_model = {
        str(model): {
            (str(m), "" if np.isnan(t) else f" at {t:g}") for m, t in rows.itertuples(index=False)
        }
        for model, rows in ((m, r[["metric", "threshold"]].drop_duplicates()) for m, r in measures)
    }
    every = set().union(*by_model.values())
    declared = (metric, "" if np.isnan(threshold) else f" at {threshold:g}")
    lacking = {model: sorted(every - there) for model, there in by_model.items() if every - there}
    if lacking or declared not in every:
        none = declared not in every
        yield found(
            "thresholds_missing",
            (f"No model has {spelled(metric)}{declared[1]}, by which models are compared."
             if none else f"{listed(list(lacking))} lack measures or thresholds that others have."),
            [
                f"{model} lacks {listed([name + at for name, at in several])}"
                for model, several in lacking.items()
            ] or f"there are {listed([name + at for name, at in sorted(every)])}",
        )  # fmt: skip


def _broken_or_perfect(primary: pd.DataFrame, ends: tuple[float, float]) -> Iterator[AuditFinding]:
    means = primary.groupby("model", sort=False)["value"].mean().dropna()
    for model, mean in means.items():
        others = means.drop(model)
        usual = float(others.median()) if len(others) else 0.0
        if usual >= BROKEN_SHARE and mean <= BROKEN_SHARE * usual:
            between = f"{others.min():.3f} to {others.max():.3f}"
            yield found(
                "model_broken",
                f"{model} has a mean of {mean:.4f}, the others "
                f"{between if len(others) > 1 else f'{usual:.3f}'}: its run is probably broken.",
                f"{int((primary.loc[primary['model'] == model, 'value'] == 0).sum())} of "
                f"{int((primary['model'] == model).sum())} scores are 0",
            )
        n = int((primary["model"] == model).sum())
        if mean >= ends[1] and n >= 3:
            yield found(
                "perfect",
                f"{model} scores {ends[1]:g} on every image.",
                f"{n} scores of {ends[1]:g}",
            )


def _same_scores(primary: pd.DataFrame) -> Iterator[AuditFinding]:
    wide = primary.pivot_table(index="image_id", columns="model", values="value")
    # What all models get right or wrong alike says nothing about a folder.
    telling = wide[(wide.nunique(axis=1) > 0) & wide.notna().all(axis=1)]
    same = [
        (str(first), str(second))
        for first, second in combinations(wide.columns, 2)
        if telling[first].nunique() >= 3 and telling[first].equals(telling[second])
    ]
    if same:
        yield found(
            "same_scores",
            f"{listed([' and '.join(pair) for pair in same])} have the same score on every image.",
            f"{len(telling)} images",
        )


def _undefined(primary: pd.DataFrame) -> Iterator[AuditFinding]:
    lacking = primary[primary["value"].isna()]
    images = list(dict.fromkeys(lacking["image_id"].astype(str)))
    if images:
        n = primary["image_id"].nunique()
        yield found(
            "undefined",
            f"{len(images)} of {n} images have no defined score for some model; {n - len(images)} "
            "are compared.",
            listed(images),
        )


def _few_images(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    n = len(scores[list(EVERY_IMAGE)].drop_duplicates())
    if n < FEW_IMAGES:
        yield found(
            "few_images",
            f"There {'is 1 image' if n == 1 else f'are {n} images'}"
            + (", too few for any test." if n < 3 else "."),
            f"n = {n}",
        )


def _groups(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    images = scores[[*EVERY_IMAGE, "group"]].drop_duplicates()
    named = images[images["group"].fillna("").astype(str) != ""]
    sizes = named.groupby("group")["image_id"].nunique()
    shared = sizes[sizes > 1]
    if len(shared):
        yield found(
            "groups",
            f"{int(shared.sum())} of {len(images)} images share {len(shared)} groups with others, "
            "so they are fewer independent images than their number says.",
            [f"{group}: {n} images" for group, n in shared.head(6).items()],
        )


def _one_seed(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    seeds = scores.groupby("model", sort=False)["seed"].nunique()
    if seeds.max() == 1:
        yield found(
            "one_seed",
            "Every model has one seed: scores speak of these runs, and how much they change from "
            "one training to the next is unknown.",
            f"{len(seeds)} models, 1 seed each",
        )
    elif seeds.min() < 3:
        few = [str(model) for model in seeds.index[seeds < 3]]
        yield found(
            "one_seed",
            f"{listed(few)} {'has' if len(few) == 1 else 'have'} fewer than three seeds.",
            [f"{model}: {n}" for model, n in seeds.items()],
        )


def _outside_bins(scores: pd.DataFrame) -> Iterator[AuditFinding]:
    counts = scores.drop_duplicates(list(EVERY_IMAGE))
    empty = counts[counts["n_reference"] == 0]
    if len(empty) and (counts["n_reference"] > 0).any():
        yield found(
            "outside_bins",
            f"{len(empty)} of {len(counts)} images have no reference cells and fall into none of "
            "the published bins, which begin at 1.",
            listed([str(image) for image in empty["image_id"]]),
        )


def _row_text(row: Mapping[str, Any]) -> str:
    return (
        f"{row['image_id']}, {row['model']} (seed {row['seed']}), "
        f"{spelled(str(row['metric']))}{_at(row['threshold'])}: {row['value']:g}"
    )


def _at(threshold: float) -> str:
    return "" if np.isnan(threshold) else f" at {threshold:g}"
