"""From a number to its images."""

import numpy as np
import pandas as pd
import pytest

from workbench.report import Query
from workbench.studies import images_behind

NAN = float("nan")
ROWS = [
    ("x", "unet", 0, "f1", 0.5, 0.5, 7), ("y", "unet", 0, "f1", 0.5, 0.7, 3),
    ("x", "otsu", 0, "f1", 0.5, 0.4, 7), ("y", "otsu", 0, "f1", 0.5, 0.9, 3),
    ("z", "otsu", 0, "f1", 0.5, 0.1, 0), ("z", "unet", 0, "f1", 0.5, NAN, 0),
    ("x", "unet", 1, "f1", 0.5, 0.7, 7), ("x", "unet", 0, "f1", 0.9, 0.2, 7),
    ("x", "unet", 0, "hausdorff", NAN, 3.0, 7), ("y", "unet", 0, "hausdorff", NAN, 9.0, 3),
]  # fmt: skip
SCORES = pd.DataFrame(
    ROWS, columns=["image_id", "model", "seed", "metric", "threshold", "value", "n_reference"]
)


def listed(query: Query, scores: pd.DataFrame = SCORES) -> list[list[object]]:
    return images_behind(scores)(query).round(6).to_numpy(object).tolist()


def test_a_mean_comes_from_the_images_where_it_is_defined_the_worst_first() -> None:
    assert listed(Query(("unet",), "f1", 0.5)) == [["x", 7, 0.6], ["y", 3, 0.7]]
    assert listed(Query(("otsu",), "f1", 0.5)) == [["z", 0, 0.1], ["x", 7, 0.4], ["y", 3, 0.9]]


def test_a_difference_comes_from_both_models_the_greatest_loss_first() -> None:
    table = images_behind(SCORES)(Query(("unet", "otsu"), "f1", 0.5))
    assert list(table.columns) == ["Image", "Cells", "unet", "otsu", "Difference"]
    assert table["Image"].tolist() == ["y", "x"]
    assert np.allclose(table["Difference"], [-0.2, 0.2])


def test_a_number_of_some_images_lists_those() -> None:
    assert listed(Query(("otsu",), "f1", 0.5, images=("y", "x", "unknown"))) == [
        ["x", 7, 0.4], ["y", 3, 0.9],
    ]  # fmt: skip


def test_thresholds_are_told_apart_and_distances_listed_from_far_to_near() -> None:
    assert listed(Query(("unet",), "f1", 0.9)) == [["x", 7, 0.2]]
    assert listed(Query(("unet",), "hausdorff", NAN)) == [["y", 3, 9.0], ["x", 7, 3.0]]


@pytest.mark.parametrize(
    "unknown", [SCORES.drop(columns="n_reference"), SCORES.assign(n_reference=0)]
)
def test_cells_that_no_table_counted_are_not_shown_as_none(unknown: pd.DataFrame) -> None:
    table = images_behind(unknown)(Query(("otsu",), "f1", 0.5))
    assert list(table.columns) == ["Image", "otsu"]


def test_a_number_of_cells_lists_them_in_its_order_with_what_became_of_them() -> None:
    cells = pd.DataFrame(
        {
            "image_id": "x", "side": "reference", "cell_id": [1, 2], "model": "unet", "seed": 0,
            "outcome": ["matched", "missed"], "detail": ["", "near_miss"],
            "partner_iou": [0.8, 0.2],
        }
    )  # fmt: skip
    asked = tuple(("x", "reference", cell, "unet-0") for cell in (2, 1, 9))
    table = images_behind(SCORES, cells)(Query(("unet",), "f1", 0.5, cells=asked))
    assert table["Cell"].tolist() == [2, 1, 9]
    assert table["What became of it"].tolist() == ["missed (near miss)", "matched", ""]
    assert table["IoU"].tolist()[:2] == [0.2, 0.8]
    assert np.isnan(table["IoU"].iloc[2])
