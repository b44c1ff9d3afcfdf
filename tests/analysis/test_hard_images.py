"""Hard images, disputed cells and doubtful ones are those a person would point at."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.error_tables import cell_rows
from workbench.analysis import disputed_cells, doubtful_cells, image_difficulty
from workbench.schema import InputError


def scores(tp: dict[str, list[int]], n: int = 10, **columns: object) -> pd.DataFrame:
    """Images i0, i1, ... of n reference and n predicted cells."""
    parts = [
        pd.DataFrame({"image_id": [f"i{k}" for k in range(len(own))], "model": model, "tp": own})
        for model, own in tp.items()
    ]
    facts = {"seed": 0, "metric": "f1", "threshold": 0.5, "n_reference": n, "n_predicted": n}
    table = pd.concat(parts, ignore_index=True).assign(**facts)
    return table.assign(value=table["tp"] / n).assign(**columns)


class TestDifficulty:
    def test_the_hardest_image_comes_first_and_its_logits_are_those_of_the_counts(self) -> None:
        table = image_difficulty(scores({"a": [10, 5], "b": [9, 2]}))
        assert table["image_id"].tolist() == ["i1", "i0"]
        hard, easy = table.itertuples()
        assert (hard.mean, hard.best, hard.worst) == pytest.approx((0.35, 0.5, 0.2))
        assert (hard.best_model, hard.worst_model, hard.hard_for_all) == ("a", "b", True)
        assert (easy.spread, easy.hard_for_all) == (pytest.approx(0.1), False)
        logit = {tp: np.log((2 * tp + 0.5) / (20 - 2 * tp + 0.5)) for tp in (10, 9, 5, 2)}
        apart = (logit[10] + logit[9] - logit[5] - logit[2]) / 2
        assert hard.difficulty == pytest.approx(apart / 2)
        assert easy.difficulty == pytest.approx(-apart / 2)
        assert np.isnan(hard.discrimination), "two models say nothing of it"

    def test_hard_for_all_asks_whether_the_best_falls_below_the_weakest_models_mean(self) -> None:
        # Means are 0.7 for a and 0.4 for b; the best on i1 is 0.5, on i2 0.3.
        table = image_difficulty(scores({"a": [10, 5, 3, 10], "b": [6, 4, 2, 4]}))
        hard = table.set_index("image_id")["hard_for_all"]
        assert hard[["i0", "i1", "i2", "i3"]].tolist() == [False, False, True, False]

    def test_an_image_on_which_poor_models_do_better_has_negative_discrimination(self) -> None:
        table = image_difficulty(
            scores({"a": [9, 8, 9, 3], "b": [7, 6, 7, 5], "c": [4, 3, 4, 8]})
        ).set_index("image_id")
        assert table.loc["i3", "discrimination"] < 0
        assert (table.drop("i3")["discrimination"] > 0.5).all()

    def test_known_abilities_and_slopes_are_found_again(self) -> None:
        # Huge counts leave no noise: logits are exactly c + a * theta.
        theta = np.array([-1.5, -0.5, 0.5, 1.5])
        slope = np.array([0.0, 0.5, 1.0, 1.5, 2.0] * 40)
        level = np.tile(np.array([-1.0, 0.0, 1.0, 2.0]), 50)
        share = 1 / (1 + np.exp(-(level[:, None] + slope[:, None] * theta)))
        n = 10**6
        tp = (share * n).round().astype(int)
        table = image_difficulty(scores({f"m{k}": tp[:, k].tolist() for k in range(4)}, n))
        place = table["image_id"].str[1:].astype(int)
        np.testing.assert_allclose(table["discrimination"], slope[place], atol=0.02)
        np.testing.assert_allclose(table["difficulty"], level.mean() - level[place], atol=1e-3)

    def test_models_alike_discriminate_nothing(self) -> None:
        table = image_difficulty(scores({model: [9, 4, 6] for model in "abc"}))
        assert table["discrimination"].isna().all()
        assert (table["spread"] == 0).all()

    def test_counts_of_seeds_are_added_and_undefined_images_left_out(self) -> None:
        one = scores({"a": [9, 4], "b": [8, 3]})
        two = scores({"a": [7, 4], "b": [8, 3]}, seed=1)
        table = image_difficulty(pd.concat([one, two])).set_index("image_id")
        assert table.loc["i0", "best"] == 0.8
        undefined = one.assign(value=one["value"].where(one["image_id"] != "i1"))
        assert image_difficulty(undefined)["image_id"].tolist() == ["i0"]
        with pytest.raises(InputError, match="no image has an F1 of every model"):
            image_difficulty(one.assign(value=np.nan))

    @given(st.lists(st.lists(st.integers(0, 10), min_size=3, max_size=3), min_size=2, max_size=6),
           st.randoms())  # fmt: skip
    @settings(max_examples=20)
    def test_the_order_of_models_and_images_changes_nothing(self, counts, random) -> None:
        table = scores({model: [row[k] for row in counts] for k, model in enumerate("abc")})
        mixed = table.sample(frac=1, random_state=random.randrange(99))
        columns = ["image_id", "mean", "spread", "difficulty", "discrimination", "hard_for_all"]
        found, again = (image_difficulty(t)[columns].set_index("image_id").sort_index()
                        for t in (table, mixed))  # fmt: skip
        pd.testing.assert_frame_equal(found, again)
        assert found["difficulty"].mean() == pytest.approx(0, abs=1e-9)


def seen(model: str, side: str, boxes: dict[int, tuple[int, str, int]], **more) -> pd.DataFrame:
    """Cells of ``{id: (row of the box, outcome, partner)}``, 10 by 10 px at column 0."""
    outcomes = {
        cell: (outcome, int(outcome != "matched")) for cell, (_, outcome, _) in boxes.items()
    }
    tops = [top for top, _, _ in boxes.values()]
    return cell_rows(
        model, "i", side, outcomes, top_px=tops, bottom_px=[top + 10 for top in tops],
        partner_id=[partner for *_, partner in boxes.values()], **more,
    )  # fmt: skip


def three_models() -> pd.DataFrame:
    """Cell 1 is found by all, 2 seen by none, 3 as another shape by a and b, by c as a third.

    At row 300 all predict a cell that the reference lacks; at row 400 a alone.
    """
    parts = []
    for model in "abc":
        moved = {"a": 203, "b": 204, "c": 194}[model]
        reference = {1: (0, "matched", 1), 2: (100, "missed", 0), 3: (200, "boundary", 2)}
        predicted = {1: (0, "matched", 1), 2: (moved, "boundary", 3), 3: (300, "spurious", 0)}
        if model == "a":
            predicted[4] = (400, "spurious", 0)
        parts += [seen(model, "reference", reference), seen(model, "predicted", predicted)]
    return pd.concat(parts, ignore_index=True)


class TestDisputedCells:
    def test_each_kind_of_dispute_is_found_once(self) -> None:
        table = disputed_cells(three_models())
        said = table[["side", "cell_id", "dispute", "n_models", "n_asked", "models"]]
        assert said.to_numpy().tolist() == [
            ["predicted", 3, "models see a cell more", 3, 3, "a, b, c"],
            ["reference", 2, "models see no cell", 3, 3, "a, b, c"],
            ["reference", 3, "models see another shape", 2, 3, "a, b"],
        ]
        assert table["top_px"].tolist() == [300, 100, 200]

    def test_more_agreement_may_be_asked_for(self) -> None:
        table = disputed_cells(three_models(), min_models=3)
        assert set(table["dispute"]) == {"models see a cell more", "models see no cell"}

    def test_a_cell_that_one_model_finds_is_disputed_by_the_others_alone(self) -> None:
        cells = three_models()
        found = (cells["model"] == "c") & (cells["side"] == "reference") & (cells["cell_id"] == 2)
        cells.loc[found, "outcome"] = "matched"
        table = disputed_cells(cells).set_index("cell_id")
        assert (table.loc[2, "n_models"], table.loc[2, "models"]) == (2, "a, b")

    def test_perfect_models_dispute_nothing(self) -> None:
        cells = three_models()
        assert disputed_cells(cells[cells["cell_id"] == 1]).empty

    @pytest.mark.parametrize("min_models", [1, 4])
    def test_numbers_that_are_no_agreement_are_refused(self, min_models: int) -> None:
        with pytest.raises(InputError, match=f"between 2 and the 3 models, got {min_models}"):
            disputed_cells(three_models(), min_models=min_models)
        one = three_models().query("model == 'a'")
        with pytest.raises(InputError, match="at least 2 models, got 1"):
            disputed_cells(one)


class TestDoubtfulCells:
    def test_a_cell_that_no_other_model_has_is_the_most_doubtful(self) -> None:
        table = doubtful_cells(three_models(), model="a")
        first = table.iloc[0]
        assert first[["cell_id", "n_agree", "n_others", "doubt"]].tolist() == [4, 0, 2, 1.0]
        # b's lies 1 px beside a's, c's 9 px: of 20 px in all they share 11 with a's.
        assert table.set_index("cell_id")["n_agree"].to_dict() == {4: 0, 2: 1, 1: 2, 3: 2}

    def test_a_place_that_the_others_have_is_listed_as_lacking(self) -> None:
        cells = three_models()
        without = cells[~((cells["model"] == "a") & (cells["cell_id"] == 3))]
        lacking = doubtful_cells(without, model="a").query("is_lacking")
        assert lacking[["model", "cell_id", "top_px", "doubt"]].to_numpy().tolist() == [
            ["b", 3, 300, 1.0]
        ], "but not c's cell 2, which b has not either"

    def test_no_reference_is_needed(self) -> None:
        cells = three_models()
        bare = cells[cells["side"] == "predicted"].drop(columns=["outcome", "event"])
        pd.testing.assert_frame_equal(
            doubtful_cells(bare, model="a"), doubtful_cells(cells, model="a")
        )

    def test_low_confidence_comes_first_where_asked_or_alone(self) -> None:
        cells = three_models()
        is_own = (cells["model"] == "a") & (cells["side"] == "predicted")
        cells.loc[is_own, "confidence"] = [0.9, 0.3, 0.6, 0.8]
        table = doubtful_cells(cells, model="a", by="confidence")
        assert table["cell_id"].tolist() == [2, 3, 4, 1]
        assert table["doubt"].tolist() == pytest.approx([0.7, 0.4, 0.2, 0.1])
        alone = doubtful_cells(cells[is_own], model="a")
        assert alone["cell_id"].tolist() == [2, 3, 4, 1]
        # Of those on which the models agree, the less confident comes first.
        assert doubtful_cells(cells, model="a")["cell_id"].tolist() == [4, 2, 3, 1]

    def test_without_anything_to_go_by_it_says_so(self) -> None:
        cells = three_models()
        alone = cells[cells["model"] == "a"]
        with pytest.raises(InputError, match="no cell is more doubtful than another"):
            doubtful_cells(alone, model="a")
        with pytest.raises(InputError, match=r"only 'a' predicted.*order by confidence"):
            doubtful_cells(alone, model="a", by="disagreement")
        with pytest.raises(InputError, match=r"no confidence.*order them by disagreement"):
            doubtful_cells(cells, model="a", by="confidence")
        with pytest.raises(InputError, match="no predicted cells of 'z', only of a, b, c"):
            doubtful_cells(cells, model="z")
        with pytest.raises(InputError, match="no column top_px"):
            doubtful_cells(cells.drop(columns="top_px"), model="a")
        with pytest.raises(InputError, match="'luck'"):
            doubtful_cells(cells, model="a", by="luck")  # type: ignore[arg-type]
