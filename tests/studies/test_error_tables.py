"""The tables of errors: written with the scores, in agreement with them, joined and read."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from workbench.schema import (
    CELL_COLUMNS,
    ERROR_COLUMNS,
    ERROR_TYPES,
    PIXEL_ERROR_COLUMNS,
    PIXEL_ERRORS,
    InputError,
)
from workbench.store import Run, read_cells, read_errors, read_features, read_pixel_errors
from workbench.studies import EvaluateJob, RunView, evaluate
from workbench.studies._runner import join_scores
from workbench.transforms import inject_errors


@pytest.fixture
def job(small_dataset: Callable[..., Path], tmp_path: Path) -> EvaluateJob:
    """Labels of a small data set with a cell missed in each; one image has no prediction."""
    dataset = small_dataset()
    predictions = tmp_path / "predictions"
    predictions.mkdir()
    for path in sorted((dataset / "labels").glob("*.tif"))[:-1]:
        labels = tifffile.imread(path)
        labels[labels == labels.max()] = 0
        tifffile.imwrite(predictions / path.name, labels)
    return EvaluateJob(dataset=dataset, model="m", predictions=predictions, output=tmp_path / "out")


@pytest.fixture
def run(job: EvaluateJob, tmp_path: Path) -> Run:
    """A run whose only member is scored, as the runner leaves it."""
    found = Run(tmp_path / "run")
    folder = found.root / "scores" / "m-0"
    evaluate(job.model_copy(update={"output": folder}), tell=lambda _: None)
    join(found, folder)
    return found


def join(run: Run, *folders: Path) -> None:
    jobs = [
        SimpleNamespace(output=folder, stage="evaluate", name=folder.name, key=str(place))
        for place, folder in enumerate(folders)
    ]
    (run.root / "scores" / ".joined.json").unlink(missing_ok=True)
    plan: Any = SimpleNamespace(run=run, jobs=jobs)
    join_scores(plan, {job.name for job in jobs})


def view(run: Run) -> RunView:
    nothing: Any = None
    return RunView(run, nothing, nothing, pd.DataFrame())


def test_errors_add_up_to_the_scores_of_each_image_and_threshold(job: EvaluateJob) -> None:
    scores, cells = evaluate(job, tell=lambda _: None)
    errors = read_errors(job.output / "errors.parquet")
    assert errors["error"].tolist() == [*ERROR_TYPES] * (len(errors) // len(ERROR_TYPES))
    keys = ["dataset", "image_id", "group", "model", "seed", "threshold"]
    by_image = errors.groupby(keys, as_index=False).agg(
        fn=("reference_cells", "sum"), fp=("predicted_cells", "sum"), tp=("tp", "first"),
        n_reference=("n_reference", "first"), n_predicted=("n_predicted", "first"),
    )  # fmt: skip
    f1 = scores[scores["metric"] == "f1"]
    same = ["fn", "fp", "tp", "n_reference", "n_predicted"]
    pd.testing.assert_frame_equal(
        by_image.sort_values(keys)[[*keys, *same]].reset_index(drop=True),
        f1.sort_values(keys)[[*keys, *same]].reset_index(drop=True),
    )
    lost = cells[(cells["side"] == "reference") & (cells["outcome"] == "missed")]
    at_half = errors[(errors["threshold"] == 0.5) & (errors["error"] == "missed")]
    assert len(lost) == at_half["reference_cells"].sum() > len(f1["image_id"].unique())


def test_wrong_pixels_add_up_to_those_of_the_dice(job: EvaluateJob) -> None:
    """Only whole cells are missing here, so every wrong pixel is of the foreground."""
    scores, _ = evaluate(job, tell=lambda _: None)
    pixels = read_pixel_errors(job.output / "pixel_errors.parquet")
    assert list(pixels.columns) == list(PIXEL_ERROR_COLUMNS)
    assert set(pixels["error"]) == set(PIXEL_ERRORS)
    dice = scores[scores["metric"] == "dice"].set_index("image_id")
    totals = pixels.groupby("image_id")["n_pixels"].sum()
    assert totals.to_dict() == (dice["fp"] + dice["fn"]).to_dict()
    assert set(pixels.loc[pixels["n_pixels"] > 0, "error"]) == {"missing"}


def test_cells_know_outcome_event_and_offset(job: EvaluateJob) -> None:
    _, cells = evaluate(job, tell=lambda _: None)
    assert list(cells.columns) == list(CELL_COLUMNS)
    matched = cells[cells["outcome"] == "matched"]
    assert (matched["boundary_offset_px"] == 0).all()
    assert (matched["event"] == 0).all()
    missed = cells[cells["outcome"] == "missed"]
    assert missed["boundary_offset_px"].isna().all()
    assert set(missed["detail"]) == {"clean"}
    assert (cells["matched_iou"].notna() == (cells["outcome"] == "matched")).all()


def test_a_view_reads_the_joined_tables(run: Run) -> None:
    assert list(view(run).errors.columns) == list(ERROR_COLUMNS)
    assert view(run).pixel_errors["n_pixels"].sum() > 0
    assert len(read_cells(run.cells_file)) > 0


def test_features_are_joined_once_every_member_has_them(run: Run) -> None:
    first = run.root / "scores" / "m-0"
    features = pd.DataFrame({
        "dataset": "d", "image_id": "a", "model": "m", "seed": 0, "side": "reference",
        "cell_id": [1], "contrast": [0.5],
    })  # fmt: skip
    features.to_parquet(first / "features.parquet")
    join(run, first)
    assert view(run).features["contrast"].tolist() == [0.5]
    second = run.root / "scores" / "n-0"
    second.mkdir()
    for name in ("images", "cells", "errors", "pixel_errors"):
        (second / f"{name}.parquet").write_bytes((first / f"{name}.parquet").read_bytes())
    join(run, first, second)
    assert not run.features_file.exists(), "half of the cells would be taken for all"
    assert len(view(run).errors) == 2 * len(read_errors(first / "errors.parquet"))


@pytest.mark.parametrize(
    ("table", "file"),
    [("errors", "errors.parquet"), ("pixel_errors", "pixel_errors.parquet"),
     ("features", "features.parquet")],
)  # fmt: skip
def test_a_run_of_an_earlier_version_says_to_run_the_study_again(
    table: str, file: str, run: Run
) -> None:
    (run.root / "scores" / file).unlink(missing_ok=True)
    with pytest.raises(InputError, match=rf"{file}: no such file; an earlier version .* again"):
        getattr(view(run), table)


def test_cells_of_an_earlier_version_say_so_too(run: Run) -> None:
    cells = read_cells(run.cells_file).drop(columns=["outcome", "event"])
    cells.to_parquet(run.cells_file)
    with pytest.raises(InputError, match="lacks the columns outcome, event; an earlier version"):
        read_cells(run.cells_file)


def test_features_need_the_keys_of_cells(tmp_path: Path) -> None:
    pd.DataFrame({"contrast": [0.5]}).to_parquet(tmp_path / "f.parquet")
    with pytest.raises(InputError, match=r"lacks the columns dataset.* written by another tool"):
        read_features(tmp_path / "f.parquet")


def test_errors_put_into_a_data_set_are_counted_in_its_table(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    dataset = small_dataset()
    predictions = tmp_path / "predictions"
    predictions.mkdir()
    put_in = 0
    for path in (dataset / "labels").glob("*.tif"):
        rng = np.random.default_rng(0)
        wrong, found = inject_errors(tifffile.imread(path), {"split": 2, "missed": 1}, rng=rng)
        tifffile.imwrite(predictions / path.name, wrong.astype(np.uint16))
        if path.stem in ("im2", "im3", "im4"):  # the test split
            put_in += sum(error.kind == "split" for error in found)
    job = EvaluateJob(dataset=dataset, model="m", predictions=predictions, output=tmp_path / "out")
    evaluate(job, tell=lambda _: None)
    errors = read_errors(job.output / "errors.parquet")
    split = errors[(errors["error"] == "split") & (errors["threshold"] == 0.5)]
    assert split["n_events"].sum() == split["predicted_cells"].sum() == put_in > 0
