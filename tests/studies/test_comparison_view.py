"""A comparison opened from a table of scores."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench.figures import metric_comparison
from workbench.schema import InputError
from workbench.studies import CompareJob, ComparisonView, open_comparison

IMAGES = [f"im{n}" for n in range(12)]


def opened(folder: Path, *, metric: str = "f1", models: int = 3, **more: Any) -> ComparisonView:
    """Open a table of models that are each 0.1 above the last one."""
    means = {"low": 0.1, "middle": 0.2, "high": 0.3}
    rows = [
        {"image": image, "model": model, "metric": name, "threshold": threshold,
         "value": mean + 0.01 * (place % 4), "n_reference": 4 + 10 * (place % 3),
         "modality": "phase" if place % 2 else "DAPI"}
        for model, mean in list(means.items())[:models]
        for place, image in enumerate(IMAGES)
        for name, threshold in (("f1", 0.5), ("f1", 0.7), ("recall", 0.5), ("hausdorff", None))
    ]  # fmt: skip
    table = pd.DataFrame(rows).drop(columns=more.pop("without", []))
    table.to_csv(folder / "scores.csv", index=False)
    return open_comparison(CompareJob(run=folder / "scores.csv", metric=metric, **more))


def test_models_stand_best_first_whichever_way_is_better(tmp_path: Path) -> None:
    assert list(opened(tmp_path).paired) == ["high", "middle", "low"]
    distances = opened(tmp_path, metric="hausdorff")
    assert list(distances.paired) == ["low", "middle", "high"]
    assert distances.best_two == ("low", "middle")


def test_measures_are_those_that_were_scored_at_the_declared_threshold(tmp_path: Path) -> None:
    measures = opened(tmp_path, iou_threshold=0.7).measures
    assert list(dict.fromkeys(measures["metric"])) == ["f1"], "recall has no score at 0.7"
    measures = opened(tmp_path, metric="hausdorff").measures
    assert list(dict.fromkeys(measures["metric"])) == ["hausdorff", "f1", "recall"]
    assert measures["model"].tolist() == ["low", "middle", "high"] * 3
    assert len(metric_comparison(measures).data) == 3


def test_images_are_sliced_by_modality_where_it_is_known_else_by_cells(tmp_path: Path) -> None:
    view = opened(tmp_path)
    assert (view.slice_title, view.slices.loc["im1"]) == ("Modality", "phase")
    view = opened(tmp_path, without=["modality"])
    assert view.slice_title == "Cells in the reference"
    assert view.slices.loc[["im0", "im1", "im2"]].tolist() == ["1-5", "11-20", "21-50"]


def test_the_analysis_of_variance_asks_of_models_and_slices(tmp_path: Path) -> None:
    sources = opened(tmp_path).interaction
    assert isinstance(sources, pd.DataFrame)
    assert sources["source"].tolist() == ["model", "slice", "model x slice"]
    reason = opened(tmp_path, models=1).interaction
    assert isinstance(reason, str)
    assert reason.startswith("No analysis of variance: ")


def test_one_model_is_shown_and_the_note_says_why_it_is_not_tested(tmp_path: Path) -> None:
    view = opened(tmp_path, models=1)
    assert view.note == "No test: it needs 3 images and 2 models, there are 12 and 1."
    assert opened(tmp_path).note == ""
    assert view.best_two == ("low", "low")
    assert view.section("Ranking").texts == ["Nothing to show here."]


def test_sections_are_those_of_the_report_with_the_published_table_beside(tmp_path: Path) -> None:
    view = opened(tmp_path, reference="low", margin=0.3)
    statistics = view.section("Statistics")
    labels = [getattr(item, "label", "") for item in statistics.items]
    assert {"as published", "corrected"} <= set(labels)
    (pairs,) = [i for i in statistics.items if getattr(i, "name", "") == "pairs"]
    assert pairs.frame["Pair"].tolist() == ["high − low", "middle − low"]


def test_a_reference_or_a_section_that_is_not_there_is_refused_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no model 'lowest' to compare with, only low, middle, high"
    ):
        opened(tmp_path, reference="lowest")
    with pytest.raises(
        InputError, match="no section 'Summary', only 'Executive summary', 'Scores'"
    ):
        opened(tmp_path).section("Summary")


def test_what_was_read_and_what_was_not_is_told(tmp_path: Path) -> None:
    readings = opened(tmp_path).readings
    assert readings["kind"].iloc[0] == "read"
    assert "scores.csv" in readings["text"].iloc[0]
