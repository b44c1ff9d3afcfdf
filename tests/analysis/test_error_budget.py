"""The budget of lost F1 is fair, exact, and says how surely it is known."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.error_tables import (
    BOUNDARY,
    EVENTS,
    MISSED,
    SPURIOUS,
    error_of,
    error_table,
    f1_of,
    images,
    named,
)
from workbench.analysis import budget_by_slice, budget_by_threshold, compare_budgets, error_budget
from workbench.schema import ERROR_TYPES, InputError

FEW = {"n_resamples": 50}
HALF = (2, [BOUNDARY, MISSED, SPURIOUS])  # 4 reference cells, 4 predicted cells, 2 pairs


def by_error(budget: pd.DataFrame, column: str = "lost") -> dict[str, float]:
    return budget.set_index("error")[column].to_dict()


def test_three_errors_share_the_lost_half_as_worked_by_hand() -> None:
    budget = error_budget(error_table({("a", "i"): HALF}), **FEW)
    nothing = {"split": 0, "merge": 0, "catastrophe": 0}
    lost = {"boundary": 95 / 378, "missed": 59 / 378, "spurious": 35 / 378} | nothing
    assert by_error(budget) == pytest.approx(lost)
    # Alone: 6/8, 6/9 and 4/7, less 4/8.
    gains = {"boundary": 1 / 4, "missed": 1 / 6, "spurious": 1 / 14} | nothing
    assert by_error(budget, "gain") == pytest.approx(gains)
    assert by_error(budget, "fraction")["missed"] == pytest.approx(59 / 189)
    assert (budget["f1"] == 0.5).all()
    assert budget[["lost_low", "gain_high"]].isna().all(axis=None), "one image has no interval"


def test_a_share_is_the_mean_gain_over_all_orders_of_fixing() -> None:
    listed = [(3, [BOUNDARY, MISSED, SPURIOUS, (1, 2, 0), (3, 1, 1), (2, 3, 0)]), (0, [(2, 1, 0)])]
    expected = dict.fromkeys(ERROR_TYPES, 0.0)
    for n_found, events in listed:
        for order in permutations(ERROR_TYPES):
            left = list(events)
            tp = n_found + sum(m for _, _, m in events)
            n_cells = 2 * n_found + sum(g + p for g, p, _ in events)
            for error in order:
                before = 2 * tp / n_cells
                for g, p, m in [event for event in left if error_of(event) == error]:
                    tp, n_cells = tp + g - m, n_cells + g - p
                expected[error] += (2 * tp / n_cells - before) / 720 / len(listed)
    assert by_error(error_budget(error_table(named("a", listed)), **FEW)) == pytest.approx(expected)


@given(images())
@settings(max_examples=25)
def test_shares_sum_to_what_the_mean_f1_lacks(listed) -> None:
    budget = error_budget(error_table(named("a", listed)), **FEW)
    lacking = 1 - np.mean([f1_of(*image) for image in listed])
    assert budget["lost"].sum() == pytest.approx(lacking, abs=1e-12)
    assert (budget["lost"] >= -1e-12).all()
    assert budget["fraction"].sum() == pytest.approx(1 if lacking > 1e-12 else 0)
    micro = error_budget(error_table(named("a", listed)), average="micro", **FEW)
    pooled = sum(n for n, _ in listed), [event for _, events in listed for event in events]
    assert micro["lost"].sum() == pytest.approx(1 - f1_of(*pooled), abs=1e-12)


@given(images(min_images=2), st.randoms())
@settings(max_examples=12)
def test_the_order_of_rows_changes_nothing(listed, random) -> None:
    table = error_table(named("a", listed))
    order = list(range(len(table)))
    random.shuffle(order)
    for average in ("macro", "micro"):
        pd.testing.assert_frame_equal(
            error_budget(table, average=average, **FEW),
            error_budget(table.iloc[order], average=average, **FEW),
        )


@given(images())
@settings(max_examples=12)
def test_a_type_without_events_costs_nothing_and_one_alone_costs_all(listed) -> None:
    only_missed = [(n, [MISSED] * len(events)) for n, events in listed]
    budget = error_budget(error_table(named("a", only_missed)), **FEW)
    assert set(budget.loc[budget["error"] != "missed", "lost"].abs().round(12)) == {0}
    missed = budget[budget["error"] == "missed"].iloc[0]
    assert missed["lost"] == pytest.approx(missed["gain"])


def test_types_that_cost_the_same_share_alike() -> None:
    # A split of 1 cell in 2 removes as many cells as a spurious one, and a merge adds as many.
    budget = by_error(error_budget(error_table({("a", "i"): (2, [(1, 2, 1), SPURIOUS])}), **FEW))
    assert budget["split"] == pytest.approx(budget["spurious"])


def test_cells_where_there_are_none_cost_everything() -> None:
    budget = by_error(error_budget(error_table({("a", "i"): (0, [SPURIOUS] * 3)}), **FEW))
    assert budget["spurious"] == 1


def test_an_image_without_cells_for_one_model_is_left_out_for_all() -> None:
    table = error_table(
        {
            ("a", "i"): HALF,
            ("a", "empty"): (0, []),
            ("b", "i"): HALF,
            ("b", "empty"): (0, [SPURIOUS]),
        }
    )
    budget = error_budget(table, **FEW)
    assert set(budget["n_images"]) == set(budget["n_left_out"]) == {1}
    assert (budget["f1"] == 0.5).all()


def test_seeds_are_averaged_within_an_image() -> None:
    table = error_table({("a", "i"): (1, [MISSED]), ("a", "j"): (2, [])})
    second = error_table({("a", "i"): (2, []), ("a", "j"): (2, [])}, seed=1)
    budget = error_budget(pd.concat([table, second]), **FEW)
    missed = budget[budget["error"] == "missed"].iloc[0]
    assert missed["lost"] == pytest.approx((1 - 2 / 3) / 4)
    assert (missed["n_events"], missed["n_images"]) == (0.5, 2)


def test_one_image_has_the_same_budget_pooled_or_averaged() -> None:
    table = error_table({("a", "i"): HALF})
    pd.testing.assert_frame_equal(
        error_budget(table, **FEW), error_budget(table, average="micro", **FEW)
    )


def test_pooled_images_count_by_their_cells() -> None:
    table = error_table({("a", "large"): (99, [MISSED]), ("a", "small"): (0, [SPURIOUS])})
    pooled, averaged = (error_budget(table, average=way, **FEW) for way in ("micro", "macro"))
    assert pooled["f1"].iloc[0] == pytest.approx(198 / 200)
    assert averaged["f1"].iloc[0] == pytest.approx(198 / 199 / 2)
    micro, macro = by_error(pooled), by_error(averaged)
    assert macro["spurious"] == pytest.approx(0.5)
    # 198 of 200 cells are matched: 198/199 with either error fixed.
    assert micro == pytest.approx(dict.fromkeys(ERROR_TYPES, 0) | {
        "spurious": (198 / 199 - 198 / 200 + 200 / 200 - 200 / 201) / 2,
        "missed": (200 / 201 - 198 / 200 + 200 / 200 - 198 / 199) / 2,
    })  # fmt: skip


def many(n: int, model: str = "a", seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return error_table(
        {
            (model, f"i{place:02}"): (int(rng.integers(1, 9)), [MISSED] * int(rng.integers(0, 6)))
            for place in range(n)
        }
    )


def test_intervals_hold_the_mean_and_shrink_with_the_images() -> None:
    small, large = (
        error_budget(many(n), n_resamples=2000).set_index("error").loc["missed"] for n in (10, 90)
    )
    for row in (small, large):
        assert row["lost_low"] < row["lost"] < row["lost_high"]
    assert large["lost_high"] - large["lost_low"] < (small["lost_high"] - small["lost_low"]) / 2


def test_intervals_end_at_nought_exactly_where_sums_of_rounded_numbers_miss_it() -> None:
    for seed in (0, 5, 9):
        rng = np.random.default_rng(seed)
        listed = [
            (int(rng.integers(0, 9)), [EVENTS[k] for k in rng.choice(9, int(rng.integers(0, 5)))])
            for _ in range(8)
        ]
        budget = error_budget(error_table(named("a", listed)), n_resamples=60)
        ends = budget[["lost_low", "lost_high", "gain_low", "gain_high"]].abs()
        assert ((ends == 0) | (ends > 1e-12)).all(axis=None)
        assert (ends["lost_low"] == 0).any()


def test_images_of_equal_size_have_about_the_same_interval_pooled_or_averaged() -> None:
    # Of 10 cells each, some with an outline that is off: then pooled F1 is the mean F1.
    rng = np.random.default_rng(1)
    listed = [(10 - n, [BOUNDARY] * n) for n in rng.binomial(10, 0.5, 60)]
    table = error_table(named("a", listed))
    macro, micro = (
        error_budget(table, average=way, n_resamples=4000).set_index("error").loc["boundary"]
        for way in ("macro", "micro")
    )
    assert micro["lost"] == pytest.approx(macro["lost"])
    for side in ("lost_low", "lost_high"):
        half = macro["lost_high"] - macro["lost"]
        assert micro[side] == pytest.approx(macro[side], abs=0.08 * half)


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_images_of_a_group_are_drawn_together(average: str) -> None:
    table = many(30)
    twins = pd.concat([table, table.assign(image_id=table["image_id"] + "b")])
    names = sorted(set(twins["image_id"]))
    groups = pd.Series([name[:3] for name in names], index=names)
    columns = ["lost", "lost_low", "lost_high", "gain_low"]
    alone = error_budget(table, average=average, n_resamples=500)
    grouped = error_budget(twins, average=average, groups=groups, n_resamples=500)
    pd.testing.assert_frame_equal(alone[columns], grouped[columns])
    naive = error_budget(twins, average=average, n_resamples=500)
    width = (alone["lost_high"] - alone["lost_low"])[1]
    assert (naive["lost_high"] - naive["lost_low"])[1] < 0.85 * width


def test_slices_weighted_by_their_images_give_back_the_whole() -> None:
    table = pd.concat([many(25), many(25, "b", seed=1)])
    slices = pd.Series(
        {f"i{n:02}": "dense" if n < 7 else "sparse" if n < 17 else "lone" for n in range(25)}
    )
    parts = budget_by_slice(table, slices, **FEW)
    assert parts.groupby("slice")["n_images"].first().to_dict() == {
        "dense": 7,
        "lone": 8,
        "sparse": 10,
    }
    few = parts.groupby("slice")["few"].first().to_dict()
    assert few == {"dense": True, "lone": True, "sparse": False}
    weighted = (parts["lost"] * parts["n_images"]).groupby([parts["model"], parts["error"]]).sum()
    whole = error_budget(table, **FEW).set_index(["model", "error"])["lost"]
    pd.testing.assert_series_equal(weighted / 25, whole.sort_index(), check_names=False)


def test_thresholds_stand_one_below_the_other() -> None:
    strict = error_table({("a", "i"): (1, [BOUNDARY] * 2 + [SPURIOUS])}, threshold=0.75)
    loose = error_table({("a", "i"): (3, [SPURIOUS])})
    between = loose.assign(threshold=0.6)
    found = budget_by_threshold(pd.concat([strict, loose, between]), **FEW)
    assert found["threshold"].tolist() == [0.5] * 6 + [0.6] * 6 + [0.75] * 6
    found = found[found["threshold"] != 0.6]
    boundary = found[found["error"] == "boundary"]["lost"].tolist()
    assert boundary[0] == 0
    assert boundary[1] > 0.5
    assert (
        error_budget(pd.concat([strict, loose]), threshold=0.75, **FEW)["lost"].tolist()
        == (found["lost"].tolist()[6:])
    )


@given(images(2, 4), images(2, 4))
@settings(max_examples=12)
def test_the_difference_of_two_budgets_is_that_of_their_f1_and_turns_round(one, two) -> None:
    n = min(len(one), len(two))
    table = error_table(named("a", one[:n]) | named("b", two[:n]))
    ahead = compare_budgets(table, first="a", second="b", **FEW)
    expected = np.mean([f1_of(*image) for image in one[:n]]) - np.mean(
        [f1_of(*image) for image in two[:n]]
    )
    assert ahead["error"].tolist() == [*ERROR_TYPES, "all"]
    assert ahead["advantage"].iloc[-1] == pytest.approx(expected, abs=1e-12)
    assert ahead["advantage"].iloc[:-1].sum() == pytest.approx(expected, abs=1e-12)
    back = compare_budgets(table, first="b", second="a", **FEW)
    np.testing.assert_allclose(ahead["advantage"], -back["advantage"], atol=1e-15)


def test_a_difference_the_same_on_every_image_is_known_exactly_whatever_the_images() -> None:
    # Images differ much, the models by one boundary error of six cells in each.
    listed = [(5, [BOUNDARY])] * 20
    table = error_table(named("a", [(6, [])] * 20) | named("b", listed))
    compared = compare_budgets(table, first="a", second="b", n_resamples=200).set_index("error")
    assert compared.loc["boundary", ["low", "high"]].tolist() == pytest.approx([1 / 6, 1 / 6])
    pooled = compare_budgets(table, first="a", second="b", average="micro", n_resamples=200)
    assert pooled["advantage"].tolist() == pytest.approx(compared["advantage"].tolist())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="added_matches"), "no column added_matches.*evaluate it again"),
        (lambda t: t.assign(threshold=0.75), "no errors at IoU 0.5, only at 0.75"),
        (lambda t: t.replace({"error": {"split": "cut"}}), "no error type is called 'cut'"),
        (lambda t: t.iloc[1:], "'i' has 0 of 'a', seed 0, 'boundary'"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "'i' has 2 of 'a', seed 0, 'boundary'"),
        (lambda t: t.assign(tp=3), "don't add up"),
        (lambda t: t.assign(tp=0, n_reference=0, n_predicted=0, added_matches=0, added_predicted=0),
         "no image has errors of every model"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_budgeted_are_refused(change, words: str) -> None:
    with pytest.raises(InputError, match=words):
        error_budget(change(error_table({("a", "i"): HALF})), **FEW)


def test_other_mistakes_are_refused() -> None:
    table = error_table({("a", "i"): HALF})
    with pytest.raises(InputError, match=r"macro.*micro.*'mean'"):
        error_budget(table, average="mean")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no errors of 'b', only of a"):
        compare_budgets(table, first="a", second="b")
    with pytest.raises(InputError, match="images have no slice, such as 'i'"):
        budget_by_slice(table, pd.Series({"j": "x"}))
    with pytest.raises(InputError, match="no rows"):
        budget_by_threshold(table.iloc[:0])
    with pytest.raises(InputError, match="n_resamples must be at least 1"):
        error_budget(table, average="micro", n_resamples=0)
