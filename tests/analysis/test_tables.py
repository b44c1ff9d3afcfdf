"""Score tables to paired tables, summaries and rankings of images."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.analysis import (
    add_sums,
    hardest_images,
    image_overview,
    images_by_group,
    main_grouping,
    measure_summary,
    measure_sums,
    model_summary,
    paired_scores,
    scores_by_cell_count,
    scores_by_threshold,
)
from workbench.schema import SCORE_COLUMNS


def rows(
    model: str, image_id: str, counts: tuple[int, int, int], *, seed: int = 0, status: str = "ok"
) -> list[dict]:
    """Return the scores of one image at two thresholds and its Dice."""
    tp, fp, fn = counts
    cells = 2 * tp + fp + fn
    shared = {
        "dataset": "d", "image_id": image_id, "group": "", "model": model, "seed": seed,
        "convention": "workbench", "tp": tp, "fp": fp, "fn": fn, "n_reference": tp + fn,
        "n_predicted": tp + fp, "status": status,
    }  # fmt: skip
    f1 = 2 * tp / cells if cells else math.nan
    values = [("f1", 0.5, f1), ("f1", 0.7, f1 / 2), ("dice", math.nan, f1)]
    values += [("precision", 0.5, f1), ("recall", 0.5, f1)]
    return [shared | {"metric": m, "threshold": t, "value": v} for m, t, v in values]


def table_of(rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS)).astype(SCORE_COLUMNS)


@pytest.fixture
def scores() -> pd.DataFrame:
    return table_of(
        rows("good", "a", (9, 1, 1)) + rows("good", "b", (4, 1, 1)) + rows("good", "e", (0, 0, 0))
        + rows("poor", "a", (5, 5, 5)) + rows("poor", "b", (0, 0, 5), status="missing")
        + rows("poor", "e", (0, 3, 0))
    )  # fmt: skip


def test_an_image_undefined_for_one_model_is_left_out_for_all(scores: pd.DataFrame) -> None:
    paired = paired_scores(scores)
    assert paired.index.tolist() == ["a", "b"]
    assert paired.columns.tolist() == ["good", "poor"]
    assert paired.attrs["n_left_out"] == 1


def test_an_image_that_a_model_was_never_scored_on_is_left_out(scores: pd.DataFrame) -> None:
    lacking = scores[~((scores["model"] == "poor") & (scores["image_id"] == "a"))]
    assert paired_scores(lacking).index.tolist() == ["b"]


def test_seeds_of_a_model_are_averaged_per_image(scores: pd.DataFrame) -> None:
    both = pd.concat([scores, table_of(rows("good", "a", (10, 0, 0), seed=1))])
    assert paired_scores(both).loc["a", "good"] == pytest.approx((0.9 + 1) / 2)


def test_a_measure_that_was_not_scored_lists_those_that_were(scores: pd.DataFrame) -> None:
    with pytest.raises(
        ValueError,
        match=r"no scores of 'f1' at threshold 0\.9, only of f1 at 0\.5, f1 at 0\.7, dice",
    ):
        paired_scores(scores, threshold=0.9)


def test_the_summary_has_macro_and_micro_and_counts_what_failed(scores: pd.DataFrame) -> None:
    summary = model_summary(scores).set_index("model")
    assert summary.index.tolist() == ["good", "poor"]
    assert summary.loc["good", "f1@0.5"] == pytest.approx((0.9 + 0.8) / 2)
    assert summary.loc["good", "micro_f1"] == pytest.approx(2 * 13 / (2 * 13 + 2 + 2))
    assert summary.loc["poor", ["n_images", "n_used", "n_failed"]].tolist() == [3, 2, 1]
    assert "f1@0.9" not in summary


def test_models_without_a_cell_have_no_pooled_score() -> None:
    summary = model_summary(table_of(rows("good", "e", (0, 0, 0)) + rows("poor", "e", (0, 0, 0))))
    assert summary["micro_f1"].isna().all()


def test_scores_by_threshold_have_a_row_per_model_and_threshold(scores: pd.DataFrame) -> None:
    table = scores_by_threshold(scores)
    assert table["threshold"].tolist() == [0.5, 0.5, 0.7, 0.7]
    assert table.loc[2, "mean"] == pytest.approx(0.85 / 2)


def test_images_are_ranked_from_worst_to_best(scores: pd.DataFrame) -> None:
    overview = image_overview(scores)
    assert overview.loc[overview["model"] == "good", "image_id"].tolist() == ["b", "a", "e"]
    assert hardest_images(scores)["image_id"].tolist() == ["e", "b", "a"]


def test_bins_of_cell_count_are_disjoint_and_hold_every_image(scores: pd.DataFrame) -> None:
    good = scores[scores["model"] == "good"].dropna(subset="value")
    table = scores_by_cell_count(good).set_index("cells")
    assert table["n_images"].sum() == 2
    assert table.loc["1-5", "good"] == pytest.approx(0.8)
    assert table.loc["6-10", "good"] == pytest.approx(0.9)
    assert table.loc["0", "n_images"] == 0
    spurious = table_of(rows("m", "empty", (0, 4, 0)) + rows("m", "full", (300, 0, 0)))
    counts = scores_by_cell_count(spurious).set_index("cells")["n_images"]
    assert counts[counts > 0].to_dict() == {"0": 1, "over 100": 1}


def test_groups_are_by_modality_where_it_tells_images_apart() -> None:
    images = pd.DataFrame(
        {
            "image_id": list("abc"),
            "split": ["train", "train", "test"],
            "modality": ["DAPI", "H&E", "DAPI"],
            "n_cells": [3, 5, 7],
            "median_area_px": [10.0, 20.0, 30.0],
            "foreground": [0.1, 0.2, 0.3],
            "height_px": [8] * 3,
            "width_px": [9] * 3,
        }
    )
    assert main_grouping(images) == "modality"
    assert main_grouping(images.assign(modality="DAPI")) == "split"
    table = images_by_group(images, by="modality")
    assert table["n_cells"].tolist() == [7, 3, 5]
    assert images_by_group(images, by="split")["n_images"].tolist() == [1, 2]
    assert np.array_equal(table["n_images"], [1, 1, 1])


RECALL = {"recall": (1.0, 0.0, 1.0, 0.0)}


def test_the_pooled_value_counts_cells_and_the_mean_counts_images() -> None:
    scores = table_of(rows("m", "few", (1, 0, 0)) + rows("m", "many", (3, 0, 6)))
    scores.loc[scores["metric"] == "recall", "value"] = [1.0, 1 / 3]
    summary = measure_summary(measure_sums(scores, RECALL)).set_index("metric")
    recall = summary.loc["recall"]
    assert (recall["macro"], recall["micro"]) == pytest.approx((2 / 3, 4 / 10))
    assert math.isnan(summary.loc["dice", "micro"]), "nobody said how to pool it"


def test_sums_of_parts_are_the_sums_of_the_whole(scores: pd.DataFrame) -> None:
    whole = measure_summary(measure_sums(scores, RECALL))
    parts = [measure_sums(part, RECALL) for _, part in scores.groupby("image_id")]
    together = measure_summary(add_sums(parts))
    pd.testing.assert_frame_equal(together, whole)


def test_the_interval_is_students_and_undefined_values_are_counted(scores: pd.DataFrame) -> None:
    good = scores[scores["model"] == "good"]
    third = good[good["image_id"] == good["image_id"].iloc[0]].assign(image_id="z", value=0.25)
    good = pd.concat([good, third])
    row = (
        measure_summary(measure_sums(good, {})).set_index(["metric", "threshold"]).loc[("f1", 0.5)]
    )
    values = paired_scores(good)["good"]
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high))
    assert (row["n_images"], row["n_undefined"]) == (4, 1)
