"""Groups of cells that fail more: planted ones are found, chance alone tells none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analysis import (
    Condition,
    Losses,
    describe_group,
    find_failure_slices,
    lost_cells,
    lost_images,
)
from workbench.analysis._failure_slices_tests import contrast_groups, find_conditions, meets
from workbench.schema import InputError

FACTS = ("area_px", "neighbour_gap_px", "contrast", "modality")


def cells_of(n_images: int = 40, n_cells: int = 40, *, seed: int = 0) -> pd.DataFrame:
    """Cells that are lost by chance, at a rate that differs from image to image."""
    rng = np.random.default_rng(seed)
    image = np.repeat(np.arange(n_images), n_cells)
    rate = rng.beta(1, 6, n_images)[image]
    n = len(image)
    return pd.DataFrame(
        {
            "image_id": [f"im{i:03}" for i in image],
            "seed": 0,
            "cell_id": np.tile(np.arange(1, n_cells + 1), n_images),
            "loss": (rng.random(n) < rate).astype(float),
            # Features of one image are alike too.
            "area_px": rng.gamma(4, 50, n) + rng.gamma(4, 20, n_images)[image],
            "neighbour_gap_px": rng.exponential(8, n),
            "contrast": rng.normal(2, 0.5, n) + rng.normal(0, 0.5, n_images)[image],
            "modality": np.where(rng.random(n_images) < 0.5, "phase", "stain")[image],
        }
    )


def losses_of(table: pd.DataFrame, facts: tuple[str, ...] = FACTS) -> Losses:
    return Losses(table, facts, "cells", "lost")


def planted(table: pd.DataFrame, rate: float = 0.7) -> pd.DataFrame:
    """The same cells, but small ones close to a neighbour are lost more often."""
    rng = np.random.default_rng(7)
    there = (table["area_px"] <= table["area_px"].quantile(0.25)) & (table["neighbour_gap_px"] <= 5)
    return table.assign(loss=np.where(there & (rng.random(len(table)) < rate), 1, table["loss"]))


def test_small_cells_beside_others_are_found_in_words_and_lead_to_their_cells() -> None:
    table = planted(cells_of())
    found = find_failure_slices(losses_of(table))
    first = found.table.iloc[0]
    assert first["description"].startswith("small cells (area up to ")
    assert first["description"].endswith("of a neighbour")
    members = found.members[found.members["slice"] == 1]
    cells = table.set_index(["image_id", "cell_id"]).loc[
        list(zip(members["image_id"], members["cell_id"], strict=True))
    ]
    assert cells["area_px"].max() < table["area_px"].quantile(0.26)
    assert cells["neighbour_gap_px"].max() < 7
    assert members["loss"].is_monotonic_decreasing
    # What the row says is what its cells say, half by half.
    for held, rate, n in ((False, "rate", "n_cells"), (True, "held_out_rate", "held_out_n_cells")):
        half = members[members["held_out"] == held]
        assert half["loss"].mean() == pytest.approx(first[rate])
        assert len(half) == first[n]
    assert first["share_of_losses"] == pytest.approx(members["loss"].sum() / table["loss"].sum())
    assert f"{100 * first['rate']:.0f} % lost against" in first["sentence"]


@pytest.mark.parametrize("seed", range(12))
def test_chance_tells_of_no_group(seed: int) -> None:
    found = find_failure_slices(losses_of(cells_of(seed=seed)))
    assert found.n_candidates > 50
    assert not len(found.table)
    assert not len(found.members)


def test_a_modality_that_fails_is_found() -> None:
    table = cells_of(60)
    rng = np.random.default_rng(1)
    lost = (table["modality"] == "phase") & (rng.random(len(table)) < 0.5)
    found = find_failure_slices(losses_of(table.assign(loss=lost.astype(float))))
    assert found.table["description"].tolist() == ["cells where modality is phase"]


def test_a_group_in_one_half_of_the_images_alone_is_not_told() -> None:
    table = planted(cells_of())
    of_all = find_failure_slices(losses_of(table))
    held_out = set(of_all.members.loc[of_all.members["held_out"], "image_id"])
    clean = cells_of()
    halved = table.assign(loss=clean["loss"].where(table["image_id"].isin(held_out), table["loss"]))
    found = find_failure_slices(losses_of(halved))
    assert found.n_found > 0
    assert not len(found.table)


def test_halves_are_disjoint_and_groups_of_images_stay_together() -> None:
    table = planted(cells_of(80, 20))
    groups = pd.Series({f"im{i:03}": f"slide{i // 2}" for i in range(80)})
    members = find_failure_slices(losses_of(table), groups=groups).members
    assert members["held_out"].nunique() == 2
    by_half = members["image_id"].map(groups).groupby(members["held_out"]).agg(set)
    assert not by_half[True] & by_half[False]


def test_nine_images_in_a_half_are_too_few() -> None:
    told = find_failure_slices(losses_of(planted(cells_of(19))))
    assert (told.n_candidates, len(told.table)) == (0, 0)
    assert "19 images in all" in told.note
    enough = find_failure_slices(losses_of(planted(cells_of(20))))
    assert enough.n_candidates > 0


def test_a_second_fact_that_adds_nothing_is_not_told() -> None:
    table = cells_of()
    rng = np.random.default_rng(3)
    small = table["area_px"] <= table["area_px"].quantile(0.25)
    lost = small & (rng.random(len(table)) < 0.6)
    found = find_failure_slices(losses_of(table.assign(loss=lost.astype(float))))
    assert found.table["description"].str.count(" and |;").sum() == 0
    assert found.table["description"].str.startswith("small cells").all()
    assert len(found.table) == 1


def test_a_group_has_thirty_cells_for_each_seed() -> None:
    few = cells_of(40, 5)  # 100 cells in a half: a quarter of them is below 30
    facts = ("area_px",)
    assert find_failure_slices(losses_of(few, facts)).n_candidates == 2  # the halves alone
    twice = pd.concat([few, few.assign(seed=1)])
    assert find_failure_slices(losses_of(twice, facts)).n_candidates == 2


def test_groups_of_nearly_the_same_cells_are_told_once() -> None:
    table = planted(cells_of())
    copied = table.assign(perimeter_px=table["area_px"] * 2)
    facts = (*FACTS, "perimeter_px")
    found = find_failure_slices(losses_of(copied, facts)).table
    alone = find_failure_slices(losses_of(table)).table
    assert len(found) == len(alone)
    assert "perimeter" in " ".join(found["also"])


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_errors_by_image_are_those_of_statsmodels(seed: int) -> None:
    table = cells_of(12, 15, seed=seed)
    conditions = find_conditions(table, FACTS)
    inside = np.column_stack([meets(table, condition) for condition in conditions])
    codes = np.unique(table["image_id"], return_inverse=True)[1]
    loss = table["loss"].to_numpy()
    found = contrast_groups(inside, loss, codes, codes)
    for place in ((0, 0), (1, 5), (2, 9)):
        both = inside[:, place[0]] & inside[:, place[1]]
        expected = sm.OLS(loss, sm.add_constant(both.astype(float))).fit(
            cov_type="cluster", cov_kwds={"groups": codes}
        )
        assert found.difference[place] == pytest.approx(expected.params[1], abs=1e-12)
        assert found.error[place] == pytest.approx(expected.bse[1], rel=1e-8)
        inside_of, outside_of = (table.loc[rows, "image_id"].nunique() for rows in (both, ~both))
        assert found.n_images[place] == inside_of
        assert found.degrees[place] == min(inside_of, outside_of) - 1


def test_numbers_are_cut_at_quartiles_and_what_is_not_known_meets_nothing() -> None:
    table = pd.DataFrame({"area_px": [1.0, 2, 3, 4, 5, 6, 7, 8, np.nan], "stain": [""] + ["x"] * 8})
    conditions = find_conditions(table, ("area_px", "stain"))
    assert [(one.side, one.limit) for one in conditions] == [
        ("up_to", 2), ("up_to", 4), ("over", 4), ("over", 6),
    ]  # fmt: skip
    counts = [int(meets(table, condition).sum()) for condition in conditions]
    assert counts == [2, 4, 4, 2]


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        ([("neighbour_gap_px", "up_to", 0.0)], "cells that share an edge with a neighbour"),
        ([("touching_fraction", "over", 0.25)],
         "cells that touch others along over 25 % of the outline"),
        ([("touches_border", "is", "True")], "cells cut by the image's border"),
        ([("contrast", "up_to", -0.5), ("area_px", "over", 1234.0)],
         "faint large cells (contrast up to -0.5; area over 1,234 px)"),
        ([("nuclear_area_px", "over", 5.0)], "cells with nuclear area over 5 px"),
    ],
)  # fmt: skip
def test_groups_read_as_people_say_them(
    conditions: list[tuple[str, str, float | str]], text: str
) -> None:
    assert describe_group("cells", tuple(Condition(*one) for one in conditions)) == text


def cell_rows(matched: list[float], side: str = "reference", seed: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dataset": "d", "image_id": ["a", "a", "b"], "model": "unet", "seed": seed,
            "side": side, "cell_id": [1, 2, 1], "area_px": [10, 20, 30],
            "touches_border": [True, False, False], "matched_iou": matched,
        }
    )  # fmt: skip


def feature_rows(cells: pd.DataFrame) -> pd.DataFrame:
    keys = ["dataset", "image_id", "model", "seed", "side", "cell_id"]
    return cells[keys].assign(contrast=[1.0, np.inf, 3.0])


def test_a_cell_is_lost_where_it_has_no_partner_at_half_overlap() -> None:
    cells = cell_rows([0.5, np.nan, 0.4])
    losses = lost_cells(cells, feature_rows(cells), model="unet")
    assert losses.table["loss"].tolist() == [0, 1, 1]
    assert losses.facts == ("area_px", "touches_border", "contrast")
    assert np.isnan(losses.table.loc[1, "contrast"])
    typed = cells.assign(outcome=["matched", "split", "ignored"])
    of_type = lost_cells(typed, model="unet", error="split")
    assert of_type.table["loss"].tolist() == [0, 1]
    assert of_type.went_wrong == "split"


def test_cells_that_can_t_be_searched_are_refused() -> None:
    cells = cell_rows([0.5, np.nan, 0.4])
    with pytest.raises(InputError, match="no reference cells of 'resnet'; there are cells of unet"):
        lost_cells(cells, model="resnet")
    with pytest.raises(InputError, match="no type of error is called 'lost'"):
        lost_cells(cells, model="unet", error="lost")
    with pytest.raises(InputError, match="says nothing of types of errors"):
        lost_cells(cells, model="unet", error="split")
    with pytest.raises(InputError, match="1 of 3 cells have no row"):
        lost_cells(cells, feature_rows(cells).iloc[:2], model="unet")
    twice = pd.DataFrame({"image_id": ["a", "a"], "stain": ["x", "y"]})
    with pytest.raises(InputError, match="image 'a' more than once"):
        lost_cells(cells, model="unet", images=twice)


def test_images_lose_what_they_lack_of_f1_on_average_over_seeds() -> None:
    scores = pd.DataFrame(
        {
            "image_id": ["a", "a", "b", "c"], "model": "unet", "seed": [0, 1, 0, 0],
            "metric": "f1", "threshold": 0.5, "value": [0.9, 0.7, 0.4, np.nan],
            "n_reference": [2, 2, 1, 0],
        }
    )  # fmt: skip
    cells = cell_rows([0.5, 0.5, 0.5])
    stains = pd.DataFrame({"image_id": ["a", "b"], "stain": ["x", "y"], "same": 1})
    losses = lost_images(scores, cells, feature_rows(cells), model="unet", images=stains)
    assert losses.table["loss"].tolist() == pytest.approx([0.2, 0.6])
    assert losses.table["median_area_px"].tolist() == [15, 30]
    assert losses.facts == ("n_cells", "median_area_px", "median_contrast", "stain")


def test_images_that_score_low_are_found() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"image_id": [f"im{i}" for i in range(80)], "seed": -1, "cell_id": 0})
    table["n_cells"] = rng.integers(1, 200, 80)
    table["loss"] = 0.1 + 0.4 * (table["n_cells"] > 100) + rng.normal(0, 0.05, 80)
    losses = Losses(table, ("n_cells",), "images", "")
    (sentence,) = find_failure_slices(losses).table["sentence"]
    assert sentence.startswith("Images with number of cells over ")
    assert "mean F1 0." in sentence
    shuffled = replace(losses, table=table.assign(loss=rng.permutation(table["loss"])))
    assert not len(find_failure_slices(shuffled).table)


def test_on_real_nuclei_a_threshold_loses_those_that_touch(real_data: Path) -> None:
    from tests.analysis.real_cells import thresholded_cells

    cells, features = thresholded_cells(real_data)
    found = find_failure_slices(lost_cells(cells, features, model="threshold")).table
    gap = found[found["description"].str.contains("neighbour|touch|another centre")]
    assert len(gap)
    assert (gap["held_out_rate"] > 2 * gap["held_out_rate_elsewhere"]).any()
