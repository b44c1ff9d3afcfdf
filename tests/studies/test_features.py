"""Features of the cells of a test set, as scoring stores them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from workbench.datasets import open_dataset
from workbench.metrics import CELL_FEATURES
from workbench.schema import Member
from workbench.studies import FEATURE_COLUMNS, EvaluateJob, evaluate, member_features

KEYS = ["dataset", "image_id", "model", "seed", "side", "cell_id"]


@pytest.fixture
def job(small_dataset: Callable[..., Path], tmp_path: Path) -> EvaluateJob:
    """Labels of a small data set scored against themselves."""
    dataset = small_dataset()
    return EvaluateJob(
        dataset=dataset, model="m", predictions=dataset / "labels", output=tmp_path / "out"
    )


def test_scoring_stores_a_row_of_features_for_every_cell_of_both_sides(job: EvaluateJob) -> None:
    _, cells = evaluate(job, tell=lambda _: None)
    stored = pd.read_parquet(job.output / "features.parquet")
    assert list(stored) == list(FEATURE_COLUMNS)
    pd.testing.assert_frame_equal(stored[KEYS], cells[KEYS])
    # The prediction is the reference, so both sides measure the same.
    reference, predicted = (stored[stored["side"] == side] for side in ("reference", "predicted"))
    for name in CELL_FEATURES:
        np.testing.assert_array_equal(reference[name], predicted[name])
    assert (stored["contrast"] > 1).all()


def test_a_prediction_that_can_t_be_used_has_no_cells_but_the_references(
    job: EvaluateJob, tmp_path: Path
) -> None:
    dataset = open_dataset(job.dataset)
    (tmp_path / "broken.tif").write_bytes(b"no image")
    tifffile.imwrite(tmp_path / "small.tif", np.ones((5, 5), np.uint16))
    files = {"im2": tmp_path / "broken.tif", "im3": tmp_path / "small.tif"}
    table = member_features(dataset.split("test"), files, dataset="d", member=Member("m", 0))
    assert set(table["side"]) == {"reference"}
    assert sorted(set(table["image_id"])) == ["im2", "im3", "im4"]


def test_no_images_make_a_table_without_rows() -> None:
    table = member_features([], {}, dataset="d", member=Member("m", 0))
    assert list(table) == list(FEATURE_COLUMNS)
    assert not len(table)
