"""Scores with and without disputed cells, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from workbench.analysis import disputed_change, scores_without_disputed

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


def scored(before: list[float], after: list[float], model: str = "unet") -> pd.DataFrame:
    """Return scores of images 0, 1, ... with a disputed cell where the two differ."""
    table = pd.DataFrame({"f1": before, "f1_without": after}).assign(model=model, seed=0)
    table["image_id"] = [str(n) for n in range(len(before))]
    return table.assign(n_disputed=(table["f1"] != table["f1_without"]).astype(int))


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


def test_a_prediction_that_overlaps_a_disputed_cell_by_a_tenth_goes_with_it() -> None:
    for overlap, n_disputed in ((0.1, 2), (0.09, 1)):
        cells = CELLS.assign(partner_iou=CELLS["partner_iou"].replace(0.4, overlap))
        table = scores_without_disputed(cells, verdicts(("reference", 2, "ambiguous")))
        assert table["n_disputed"].tolist() == [n_disputed, 0]


def test_a_verdict_on_another_image_leaves_this_one_alone() -> None:
    elsewhere = verdicts(("reference", 1, "ambiguous")).assign(image_id="b")
    table = scores_without_disputed(CELLS, elsewhere)
    assert table["n_disputed"].tolist() == [0, 2]


class TestTheChange:
    def test_it_is_paired_by_image(self) -> None:
        # Scores lie far apart, but each rises by 0.1: the interval of the change has no width.
        before = [0.1, 0.5, 0.8, 0.3]
        (row,) = disputed_change(scored(before, [f1 + 0.1 for f1 in before])).to_dict("records")
        assert row["change"] == pytest.approx(0.1)
        assert (row["low"], row["high"]) == pytest.approx((0.1, 0.1))
        assert (row["f1"], row["f1_without"]) == pytest.approx((0.425, 0.525))
        assert (row["n_images"], row["n_touched"], row["n_disputed"]) == (4, 4, 4)

    def test_an_image_of_which_nothing_is_left_is_in_neither_mean(self) -> None:
        table = disputed_change(scored([0.2, 0.6, 0.8, 0.0], [0.2, 0.6, 0.9, np.nan]))
        (row,) = table.to_dict("records")
        assert row["f1"] == pytest.approx((0.2 + 0.6 + 0.8) / 3)
        assert (row["n_images"], row["n_touched"]) == (3, 1)
        assert row["low"] <= row["change"] <= row["high"]

    def test_models_of_other_images_are_each_drawn_on_their_own(self) -> None:
        one = scored([0.2, 0.6, 0.8, 0.4, 0.5], [0.3, 0.6, 0.9, 0.4, 0.7])
        two = scored([0.2, 0.6, 0.8, 0.4, 0.5], [0.2, 0.7, np.nan, 0.4, 0.6], "sac")
        together = disputed_change(pd.concat([one, two])).set_index("model")
        for model, table in (("unet", one), ("sac", two)):
            alone = disputed_change(table).iloc[0]
            columns = ["n_images", "change", "low", "high"]
            assert together.loc[model, columns].tolist() == alone[columns].tolist()

    def test_images_of_one_slide_are_no_independent_evidence(self) -> None:
        table = scored([0.5] * 8, [0.5, 0.5, 0.5, 0.5, 0.6, 0.6, 0.7, 0.7])
        slides = pd.Series(list("aabbccdd"), index=[str(n) for n in range(8)])
        alone, grouped = disputed_change(table), disputed_change(table, groups=slides)
        width = [float((t["high"] - t["low"]).iloc[0]) for t in (alone, grouped)]
        assert width[1] > width[0]

    def test_without_any_score_means_are_undefined(self) -> None:
        (row,) = disputed_change(scored([np.nan], [np.nan])).to_dict("records")
        assert (row["n_images"], row["n_disputed"]) == (0, 0)
        assert np.isnan([row["f1"], row["change"], row["low"]]).all()
