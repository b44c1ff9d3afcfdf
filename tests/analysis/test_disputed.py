"""Scores with and without disputed cells, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from workbench.analysis import scores_without_disputed

# Image "a": 1-1 matched, 2-2 overlap without a match, 3 missed, 4 spurious. Image "b": one match.
CELLS = pd.DataFrame(
    [
        ("a", "reference", 1, 1, 0.8, 0.8),
        ("a", "reference", 2, 2, 0.4, np.nan),
        ("a", "reference", 3, 0, 0.0, np.nan),
        ("a", "predicted", 1, 1, 0.8, 0.8),
        ("a", "predicted", 2, 2, 0.4, np.nan),
        ("a", "predicted", 4, 0, 0.0, np.nan),
        ("b", "reference", 1, 1, 0.9, 0.9),
        ("b", "predicted", 1, 1, 0.9, 0.9),
    ],
    columns=["image_id", "side", "cell_id", "partner_id", "partner_iou", "matched_iou"],
).assign(model="unet", seed=0)


def verdicts(*rows: tuple[str, int, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["side", "cell_id", "judgement"])
    return table.assign(image_id="a", member="unet-0")


@pytest.mark.parametrize(
    ("judged", "f1", "n_disputed"),
    [
        ((), 2 / 6, 0),
        ((("reference", 3, "annotation error"),), 2 / 5, 1),
        ((("reference", 3, "ambiguous"),), 2 / 5, 1),
        ((("reference", 3, "model error"),), 2 / 6, 0),
        # With a disputed cell goes the prediction that is matched to it, or overlaps it most.
        ((("reference", 1, "ambiguous"),), 0 / 4, 2),
        ((("reference", 2, "ambiguous"),), 2 / 4, 2),
        ((("predicted", 4, "annotation error"),), 2 / 5, 1),
        ((("predicted", 1, "annotation error"),), 0 / 4, 2),
        # Its own cell alone: nothing says that the reference cell below it is wrong.
        ((("predicted", 2, "annotation error"),), 2 / 5, 1),
    ],
)
def test_disputed_cells_are_left_out_with_their_partners(
    judged: tuple[tuple[str, int, str], ...], f1: float, n_disputed: int
) -> None:
    table = scores_without_disputed(CELLS, verdicts(*judged)).set_index("image_id")
    assert table.loc["a", "f1"] == pytest.approx(2 / 6)
    assert table.loc["a", "f1_without"] == pytest.approx(f1)
    assert table.loc["a", "n_disputed"] == n_disputed
    assert table.loc["b", ["f1", "f1_without", "n_disputed"]].tolist() == [1, 1, 0]


def test_a_disputed_reference_cell_is_left_out_for_every_model() -> None:
    both = pd.concat([CELLS, CELLS.assign(model="sac")])
    table = scores_without_disputed(both, verdicts(("reference", 3, "ambiguous")))
    assert table.loc[table["image_id"] == "a", "n_disputed"].tolist() == [1, 1]


def test_a_disputed_prediction_is_left_out_for_its_own_model() -> None:
    both = pd.concat([CELLS, CELLS.assign(model="sac")])
    table = scores_without_disputed(both, verdicts(("predicted", 4, "ambiguous")))
    assert table.loc[table["image_id"] == "a", "n_disputed"].tolist() == [1, 0]


def test_an_image_whose_cells_are_all_disputed_has_no_score() -> None:
    cells = CELLS[CELLS["image_id"] == "b"].assign(image_id="a")
    table = scores_without_disputed(cells, verdicts(("reference", 1, "ambiguous")))
    assert np.isnan(table["f1_without"]).all()
