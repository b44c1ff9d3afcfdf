"""A comparison opened from a table of scores."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench.figures import metric_comparison
from workbench.report import ReportTable
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


def test_measures_are_those_that_were_scored_at_the_declared_threshold(tmp_path: Path) -> None:
    measures = opened(tmp_path, iou_threshold=0.7).measures
    assert list(dict.fromkeys(measures["metric"])) == ["f1"], "recall has no score at 0.7"
    measures = opened(tmp_path, metric="hausdorff").measures
    assert list(dict.fromkeys(measures["metric"])) == ["hausdorff", "f1", "recall"]
    assert measures["model"].tolist() == ["low", "middle", "high"] * 3
    assert len(metric_comparison(measures).data) == 3


def test_images_are_sliced_by_modality_where_it_is_known_else_by_cells(tmp_path: Path) -> None:
    kinds = opened(tmp_path).section("Kinds of images")
    tables = {item.name: item for item in kinds.items if isinstance(item, ReportTable)}
    assert list(tables) == ["by_modality", "two_way_modality", "slices"]
    assert tables["by_modality"].header() == ["Model", "DAPI (n = 6)", "phase (n = 6)"]
    assert set(tables["slices"].frame["By"]) == {"Modality", "Number of cells"}
    kinds = opened(tmp_path, without=["modality"]).section("Kinds of images")
    tables = {item.name: item for item in kinds.items if isinstance(item, ReportTable)}
    assert list(tables) == ["two_way_n_cells", "slices"]
    assert "4 of 1-5, 4 of 11-20, 4 of 21-50" in tables["two_way_n_cells"].frame["Note"][1]
    nothing = opened(tmp_path, without=["modality", "n_reference"]).section("Kinds of images")
    assert nothing.texts == ["Nothing to show here."]


def test_one_model_is_sliced_but_not_compared(tmp_path: Path) -> None:
    kinds = opened(tmp_path, models=1).section("Kinds of images")
    assert [item.name for item in kinds.items if isinstance(item, ReportTable)] == ["by_modality"]


def test_one_model_is_shown_and_the_note_says_why_it_is_not_tested(tmp_path: Path) -> None:
    view = opened(tmp_path, models=1)
    assert view.note == "No test: it needs 3 images and 2 models, there are 12 and 1."
    assert opened(tmp_path).note == ""
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
