"""Two models cell by cell: counts that sum, and places that explain the difference exactly."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.error_tables import cell_rows, cell_table
from workbench.analysis import (
    benjamini_hochberg,
    duel,
    duel_cells,
    explain_difference,
    mcnemar_by_image,
)
from workbench.schema import InputError

Found = dict[str, tuple[list[bool], int]]
"""By image: whether each reference cell is found, and how many predicted cells are spurious."""


def cells_of(model: str, images: Found) -> pd.DataFrame:
    """Cells of a model; found ones have a partner, others are missed, each in an event."""
    parts = []
    for image_id, (found, n_spurious) in images.items():
        outcomes = {
            cell: ("matched", 0) if is_found else ("missed", cell)
            for cell, is_found in enumerate(found, 1)
        }
        matched = {cell: ("matched", 0) for cell, is_found in enumerate(found, 1) if is_found}
        extra = {len(found) + 1 + n: ("spurious", len(found) + 1 + n) for n in range(n_spurious)}
        parts.append(cell_rows(model, image_id, "reference", outcomes))
        # Where the two models predict too much is not the same place.
        parts.append(cell_rows(model, image_id, "predicted", matched))
        parts.append(cell_rows(model, image_id, "predicted", extra, left_px=ord(model[0]) * 20,
                               right_px=ord(model[0]) * 20 + 10))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def f1(images: Found) -> float:
    return float(
        np.mean([2 * sum(found) / (len(found) + sum(found) + n) for found, n in images.values()])
    )


@st.composite
def two_models(draw) -> tuple[Found, Found]:
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    models: tuple[Found, Found] = ({}, {})
    for place, size in enumerate(sizes):
        for images in models:
            found = draw(st.lists(st.booleans(), min_size=size, max_size=size))
            images[f"i{place}"] = (found, draw(st.integers(0, 3)))
    return models


FOUR = {f"i{n}": ([True, True, False, False], 0) for n in range(4)}
OTHER = {f"i{n}": ([True, False, True, False], 0) for n in range(4)} | {
    "i3": ([True, False, False, False], 0)
}


def pair(one: Found, two: Found) -> pd.DataFrame:
    return pd.concat([cells_of("a", one), cells_of("b", two)], ignore_index=True)


def test_cells_are_found_by_both_one_or_neither() -> None:
    whole = duel(pair(FOUR, OTHER), "a", "b").iloc[0]
    assert whole[["by", "stratum", "n_images", "n_cells"]].tolist() == ["all cells"] * 2 + [4, 16]
    assert whole[["both", "first_only", "second_only", "neither"]].tolist() == [4, 4, 3, 5]
    assert whole["difference"] == 1 / 16
    assert whole["p"] == whole["p_bh"] == 1


@given(two_models())
@settings(max_examples=15)
def test_the_classes_of_a_kind_hold_every_cell_once_and_the_duel_turns_round(models) -> None:
    cells = pair(*models)
    kinds = pd.Series({image: f"k{n % 2}" for n, image in enumerate(models[0])}, name="stain")
    table = duel(cells, "a", "b", slices=kinds)
    n_cells = sum(len(found) for found, _ in models[0].values())
    assert set(table.groupby("by")["n_cells"].sum()) == {n_cells}
    assert set(table["by"]) == {"all cells", "cell area, px²", "cells in the image", "stain"}
    parts = table[["both", "first_only", "second_only", "neither"]]
    assert (parts.sum(axis=1) == table["n_cells"]).all()
    assert set(parts.groupby(table["by"]).sum()["both"]) == {parts["both"].iloc[0]}
    back = duel(cells, "b", "a", slices=kinds)
    assert (back["first_only"] == table["second_only"]).all()
    assert (back["difference"] == -table["difference"]).all()


def test_p_of_each_class_is_that_of_mcnemar_by_image_adjusted_for_their_number() -> None:
    rng = np.random.default_rng(0)
    one: Found = {f"i{n:02}": ((rng.random(6) < 0.9).tolist(), 0) for n in range(14)}
    two: Found = {f"i{n:02}": ((rng.random(6) < 0.5).tolist(), 0) for n in range(14)}
    kinds = pd.Series({image: "x" if image < "i08" else "y" for image in one}, name="stain")
    table = duel(pair(one, two), "a", "b", slices=kinds, n_classes=2)
    cells = pd.DataFrame(
        [(image, cell, a, b) for image in one if kinds[image] == "x"
         for cell, (a, b) in enumerate(zip(one[image][0], two[image][0], strict=True))],
        columns=["image_id", "cell_id", "first_matched", "second_matched"],
    )  # fmt: skip
    row = table[table["stratum"] == "x"].iloc[0]
    assert row["p"] == mcnemar_by_image(cells).p_by_image
    classes = table[table["by"] != "all cells"]
    assert classes["p_bh"].tolist() == benjamini_hochberg(classes["p"]).tolist()
    assert table["few"].tolist() == (table["n_images"] < 10).tolist()


def test_classes_in_few_images_are_counted_and_not_tested() -> None:
    cells = pair({"i": ([True], 0), "j": ([True], 0)}, {"i": ([False], 0), "j": ([True], 0)})
    table = duel(cells, "a", "b")
    assert table["p"].isna().all()
    assert table["first_only"].iloc[0] == 1
    # Four images of two slides are two things to flip.
    slides = pd.Series({image: image < "i2" for image in FOUR})
    assert duel(pair(FOUR, OTHER), "a", "b", groups=slides)["p"].isna().all()


def test_the_density_of_a_cell_is_the_number_of_cells_in_its_image_whatever_their_ids() -> None:
    cells = pair({"i": ([True] * 3, 0), "j": ([True] * 3, 0)}, {"i": ([True] * 3, 0),
                 "j": ([False] * 3, 0)})  # fmt: skip
    far = cells.assign(cell_id=cells["cell_id"] + 90 * (cells["image_id"] == "j"))
    near, again = (duel(table, "a", "b") for table in (cells, far))
    by_density = near[near["by"] == "cells in the image"]
    assert by_density["n_cells"].tolist() == [6], "both images have three cells"
    pd.testing.assert_frame_equal(near, again)


def test_features_class_the_cells() -> None:
    cells = pair(FOUR, OTHER)
    features = cells[(cells["side"] == "reference") & (cells["model"] == "a")][
        ["dataset", "image_id", "model", "seed", "side", "cell_id"]
    ].assign(contrast=lambda table: np.where(table["cell_id"] <= 2, 0.1, 0.9))
    table = duel(cells, "a", "b", features=features).set_index(["by", "stratum"])
    assert table.loc[("contrast", "0.1"), ["both", "first_only", "neither"]].tolist() == [4, 4, 0]
    assert table.loc[("contrast", "0.9"), ["both", "second_only", "neither"]].tolist() == [0, 3, 5]
    part = features[features["image_id"] != "i0"]
    table = duel(cells, "a", "b", features=part).set_index(["by", "stratum"])
    assert table.loc[("contrast", "not known"), "n_cells"] == 4


def test_images_of_a_group_flip_together() -> None:
    one: Found = {f"i{n}": ([True], 0) for n in range(8)}
    two: Found = {f"i{n}": ([False], 0) for n in range(8)}
    alone = duel(pair(one, two), "a", "b").iloc[0]
    grouped = duel(pair(one, two), "a", "b", groups=pd.Series({f"i{n}": n // 2 for n in range(8)}))
    assert (alone["p"], grouped["p"].iloc[0]) == (2 / 2**8, 2 / 2**4)


def test_a_cell_found_by_one_alone_is_worth_what_the_formula_says() -> None:
    # a finds 2 of 2 with one spurious cell: F1 4/5. b finds 1 of 2: F1 2/3.
    table = explain_difference(pair({"i": ([True, True], 1)}, {"i": ([True, False], 0)}), "a", "b")
    found, extra = table.itertuples()
    cost = (2 + 1) / (5 * 3)
    assert (found.reference_ids, found.first_outcome, found.second_outcome) == (
        (2,), "found", "missed",
    )  # fmt: skip
    assert found.contribution == pytest.approx(1 / 5 + 1 / 3 - cost)
    assert (extra.first_ids, extra.first_outcome) == ((3,), "spurious")
    assert extra.contribution == pytest.approx(-cost)
    assert table["cumulative"].iloc[-1] == pytest.approx(4 / 5 - 2 / 3)


@given(two_models(), st.randoms())
@settings(max_examples=20)
def test_contributions_sum_to_the_difference_in_mean_f1(models, random) -> None:
    cells = pair(*models)
    table = explain_difference(cells, "a", "b")
    assert table["contribution"].sum() == pytest.approx(f1(models[0]) - f1(models[1]), abs=1e-12)
    back = explain_difference(cells, "b", "a")
    assert sorted(back["contribution"]) == pytest.approx(sorted(-table["contribution"]))
    rows = list(range(len(cells)))
    random.shuffle(rows)
    pd.testing.assert_frame_equal(explain_difference(cells.iloc[rows], "a", "b"), table)


def test_the_parts_of_a_split_are_one_place_with_the_cell_they_split() -> None:
    whole = cell_table({("a", "i"): (3, [])})
    split = cell_table({("b", "i"): (2, [(1, 2, 0)])})
    (place,) = explain_difference(pd.concat([whole, split]), "a", "b").itertuples()
    assert (place.reference_ids, place.first_ids, place.second_ids) == ((3,), (), (3, 4))
    assert (place.first_outcome, place.second_outcome) == ("found", "split")
    assert place.contribution == pytest.approx(1 - 4 / 7)


def test_what_both_predict_at_one_place_explains_nothing() -> None:
    cells = pair({"i": ([True], 1)}, {"i": ([True], 1)})
    assert len(explain_difference(cells, "a", "b")) == 2
    same = cells.assign(left_px=0, right_px=10)
    assert explain_difference(same, "a", "b").empty


def test_those_that_speak_for_the_model_ahead_come_first() -> None:
    one: Found = {"i": ([True] * 4 + [False], 0)}
    two: Found = {"i": ([False] * 3 + [True] * 2, 0)}
    table = explain_difference(pair(one, two), "a", "b")
    assert (np.sign(table["contribution"]) == [1, 1, 1, -1]).all()
    behind = explain_difference(pair(one, two), "b", "a")
    assert (np.sign(behind["contribution"]) == [-1, -1, -1, 1]).all()


def test_images_without_reference_cells_explain_nothing_and_still_count() -> None:
    # Both score 0 on the empty image, whatever they predict there.
    one: Found = {"i": ([True], 0), "empty": ([], 2)}
    two: Found = {"i": ([False], 0), "empty": ([], 1)}
    table = explain_difference(pair(one, two), "a", "b")
    assert table["contribution"].tolist() == pytest.approx([0.5])


def test_mistakes_are_refused() -> None:
    cells = pair(FOUR, OTHER)
    with pytest.raises(InputError, match="between two models, got 'a' twice"):
        duel(cells, "a", "a")
    with pytest.raises(InputError, match="no cells of 'c', only of a, b"):
        duel(cells, "a", "c")
    with pytest.raises(InputError, match="no reference cell in common"):
        duel(pair(FOUR, {"x": ([True], 0)}), "a", "b")
    with pytest.raises(InputError, match="'i2' has none"):
        duel(cells, "a", "b", slices=pd.Series({"i0": "x", "i1": "x", "i3": "x"}))
    with pytest.raises(InputError, match="'i0' has more than one"):
        duel(cells, "a", "b", slices=pd.Series("x", index=["i0", "i0", "i1", "i2", "i3"]))
    with pytest.raises(InputError, match="share none, or are one"):
        explain_difference(cells, "a", "a")
    with pytest.raises(InputError, match="share none, or are one"):
        explain_difference(pair(FOUR, {"x": ([True], 0)}), "a", "b")


@settings(max_examples=30)
@given(two_models())
def test_the_cells_behind_a_duel_are_as_many_as_it_counts(pair: tuple[Found, Found]) -> None:
    cells = pd.concat([cells_of("unet", pair[0]), cells_of("sam", pair[1])])
    counted = duel(cells, "unet", "sam").set_index(["by", "stratum"])
    listed = duel_cells(cells, "unet", "sam")
    sizes = listed.groupby(["by", "stratum", "found"]).size()
    for key, row in counted.iterrows():
        for name in ("both", "first_only", "second_only", "neither"):
            assert sizes.get((*key, name), 0) == row[name]
    for _, part in listed.groupby("by"):
        assert not part.duplicated(["image_id", "cell_id"]).any(), "a cell has one class"
