"""Slices of the images: disjoint, exhaustive, and with as many false discoveries as admitted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tests.analysis.real_scores import modalities, real_scores
from workbench.analysis import (
    benjamini_hochberg,
    compare_slices,
    discover_slices,
    paired_scores,
    slice_by,
    slice_by_cell_count,
    slice_scores,
)
from workbench.schema import InputError


def images(n: int) -> pd.Index:
    return pd.Index([f"im{i:02}" for i in range(n)], name="image_id")


def two_models(n: int = 40, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    image = rng.normal(0.6, 0.1, n)
    columns = {"a": image + rng.normal(0.05, 0.05, n), "b": image}
    return pd.DataFrame(columns, index=images(n))


def test_means_of_the_slices_are_those_of_their_images() -> None:
    paired = pd.DataFrame({"a": [0.9, 0.7, 0.8, 0.2, 0.2], "b": [0.5] * 5}, index=images(5))
    names = ["sparse"] * 3 + ["dense"] * 2
    found = slice_scores(paired, pd.Series(names, index=paired.index))
    assert found[["slice", "model", "n"]].to_numpy().tolist() == [
        ["dense", "a", 2], ["dense", "b", 2], ["sparse", "a", 3], ["sparse", "b", 3],
    ]  # fmt: skip
    assert found["mean"].tolist() == pytest.approx([0.2, 0.5, 0.8, 0.5])
    assert found["few"].all()
    assert found["ci_low"].isna().tolist() == [True, True, False, False]


def test_ten_images_are_enough_and_nine_are_few() -> None:
    paired = two_models(19)
    slices = pd.Series(["ten"] * 10 + ["nine"] * 9, index=paired.index)
    few = slice_scores(paired, slices).set_index("slice")["few"]
    assert few["nine"].all()
    assert not few["ten"].any()


def test_images_of_which_nothing_is_known_are_a_slice() -> None:
    paired = two_models(4)
    found = slice_scores(paired, pd.Series(["x", "", None, "x"], index=paired.index))
    assert found[found["model"] == "a"][["slice", "n"]].to_numpy().tolist() == [
        ["x", 2], ["not known", 2],
    ]  # fmt: skip


def test_intervals_in_a_slice_are_those_of_scipy() -> None:
    paired = two_models()
    slices = pd.Series(["x"] * 15 + ["y"] * 25, index=paired.index)
    scores = slice_scores(paired, slices, alpha=0.1).set_index(["slice", "model"])
    pairs = compare_slices(paired, slices, first="a", second="b", alpha=0.1).set_index("slice")
    inside = paired.iloc[:15]
    expected = stats.ttest_1samp(inside["a"], 0).confidence_interval(0.9)
    assert scores.loc[("x", "a"), ["ci_low", "ci_high"]].tolist() == pytest.approx(list(expected))
    expected = stats.ttest_rel(inside["a"], inside["b"]).confidence_interval(0.9)
    assert pairs.loc["x", ["ci_low", "ci_high"]].tolist() == pytest.approx(list(expected))


def test_p_in_a_small_slice_is_that_of_all_signs() -> None:
    paired = pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.9], "b": [0.5, 0.6, 0.6, 0.4]}, index=images(4))
    found = compare_slices(paired, pd.Series("all", index=paired.index), first="a", second="b")
    # All four plus or all four minus, of 16 patterns.
    assert found.loc[0, "p"] == pytest.approx(2 / 16)


def test_a_slide_flips_and_counts_as_one() -> None:
    paired = two_models(12)
    slices = pd.Series("all", index=paired.index)
    groups = pd.Series(np.repeat(["s", "t", "u"], 4), index=paired.index)
    alone = compare_slices(paired, slices, first="a", second="b").iloc[0]
    whole = compare_slices(paired, slices, first="a", second="b", groups=groups).iloc[0]
    assert whole["p"] >= 2 / 2**3  # three slides have eight patterns
    assert alone["p"] < 0.05
    part = groups.iloc[:4]  # a slice all of whose images stand alone
    halves = pd.Series(["x"] * 4 + ["y"] * 8, index=paired.index)
    by_half = compare_slices(paired, halves, first="a", second="b", groups=part)
    lone = compare_slices(paired, halves, first="a", second="b")
    assert by_half.loc[1].equals(lone.loc[1].where(lone.columns != "p_bh", by_half.loc[1]))
    assert np.isnan(by_half.loc[0, "ci_low"])  # one slide


def test_models_that_never_differ_have_p_one() -> None:
    paired = pd.DataFrame({"a": [0.5] * 6, "b": [0.5] * 6}, index=images(6))
    found = compare_slices(paired, slice_by(pd.Series(range(6), index=paired.index), n_slices=2),
                           first="a", second="b")  # fmt: skip
    assert found["p"].tolist() == [1, 1]
    assert found["mean_difference"].tolist() == [0, 0]


def test_an_empty_bin_is_shown_and_is_no_test() -> None:
    paired = two_models(20)
    slices = slice_by_cell_count(pd.Series([3] * 10 + [70] * 10, index=paired.index))
    found = compare_slices(paired, slices, first="a", second="b").set_index("slice")
    assert found["n"].to_dict() == {
        "0": 0, "1-5": 10, "6-10": 0, "11-20": 0, "21-50": 0, "51-100": 10, "over 100": 0,
    }  # fmt: skip
    assert found.loc["0", ["mean_difference", "ci_low", "p", "p_bh"]].isna().all()
    # Two tests, not seven.
    expected = multipletests(found["p"].dropna(), method="fdr_bh")[1]
    assert found["p_bh"].dropna().tolist() == pytest.approx(list(expected))


@given(arrays(float, st.integers(1, 30), elements=st.floats(1e-9, 1)))
def test_adjusted_p_are_those_of_statsmodels(p: np.ndarray) -> None:
    expected = multipletests(p, method="fdr_bh")[1]
    np.testing.assert_allclose(benjamini_hochberg(p), expected, rtol=1e-12)
    with_gap = benjamini_hochberg([*p, np.nan])
    np.testing.assert_allclose(with_gap[:-1], expected, rtol=1e-12)
    assert np.isnan(with_gap[-1])


def test_discoveries_are_adjusted_over_all_facts() -> None:
    paired = two_models()
    facts = pd.DataFrame(
        {"n_cells": range(40), "stain": ["h", "d"] * 20, "blur": np.arange(40) % 7},
        index=paired.index,
    )
    found = discover_slices(paired, facts, first="a", second="b", n_slices=2)
    assert found.groupby("fact")["n"].sum().to_dict() == {"n_cells": 40, "stain": 40, "blur": 40}
    expected = multipletests(found["p"], method="fdr_bh")[1]
    assert found["p_bh"].tolist() == pytest.approx(list(expected))


@pytest.mark.parametrize(
    ("counts", "name"),
    [(0, "0"), (1, "1-5"), (5, "1-5"), (6, "6-10"), (10, "6-10"), (11, "11-20"), (20, "11-20"),
     (21, "21-50"), (50, "21-50"), (51, "51-100"), (100, "51-100"), (101, "over 100"),
     (5000, "over 100")],
)  # fmt: skip
def test_every_number_of_cells_has_its_bin(counts: int, name: str) -> None:
    assert slice_by_cell_count(pd.Series([counts])).tolist() == [name]


@pytest.mark.parametrize("count", [-1, 2.5, np.nan, np.inf])
def test_what_is_no_number_of_cells_is_refused(count: float) -> None:
    with pytest.raises(InputError, match=r"expected whole numbers of cells.*'im01'"):
        slice_by_cell_count(pd.Series([3, count], index=images(2)))


def test_text_and_few_numbers_are_slices_as_they_are() -> None:
    stains = slice_by(pd.Series(["h", "d", None, "h"]))
    assert stains.tolist() == ["h", "d", "not known", "h"]
    assert stains.cat.categories.tolist() == ["d", "h", "not known"]
    assert slice_by(pd.Series([2, 10, 2])).cat.categories.tolist() == ["2", "10"]
    assert slice_by(pd.Series([True, False])).tolist() == ["True", "False"]
    assert slice_by(pd.Series([-0.0, 0.0, 1.5])).tolist() == ["0", "0", "1.5"]


def test_a_value_at_the_edge_lies_where_its_name_says() -> None:
    values = pd.Series([1.0, 2, 3, 4, 5, 6, 7, 8])
    assert slice_by(values, n_slices=2).tolist() == ["up to 4"] * 4 + ["over 4"] * 4
    # Half of the images have 1 cell: no edge divides them.
    skewed = slice_by(pd.Series([1.0] * 6 + [2, 3, 4, 5, 6, 7]), n_slices=4)
    assert skewed.tolist()[:6] == ["up to 1"] * 6
    saturated = slice_by(pd.Series([1.0, 2, 3, 4, 9, 9, 9, 9, 9, 9]), n_slices=2)
    assert saturated.tolist() == ["up to 4"] * 4 + ["over 4"] * 6


def test_slices_of_slices_keep_their_order() -> None:
    bins = slice_by_cell_count(pd.Series([200, 3, 8]))
    assert slice_by(bins).cat.categories.tolist() == ["1-5", "6-10", "over 100"]


@given(arrays(float, st.integers(1, 60), elements=st.floats(-1e6, 1e6) | st.just(np.nan)),
       st.integers(2, 6))  # fmt: skip
@settings(max_examples=60)
def test_slices_by_quantiles_hold_every_image_once_and_as_named(values, n_slices: int) -> None:
    series = pd.Series(values, index=images(len(values)))
    slices = slice_by(series, n_slices=n_slices)
    assert slices.notna().all()
    assert (slices.value_counts() > 0).all()
    assert (slices == "not known").tolist() == np.isnan(values).tolist()
    if series.nunique() > n_slices:
        assert slices[series.notna()].nunique() <= n_slices
    for value, name in zip(values, slices, strict=True):
        words = name.split()
        if words[0] == "up":
            assert value <= float(words[2])
        elif words[0] == "over":
            assert float(words[1]) < value <= float(words[3] if len(words) > 2 else "inf")


@given(arrays(np.int64, st.integers(1, 25), elements=st.integers(0, 200)), st.integers(0, 99))
@settings(max_examples=30)
def test_counts_of_the_slices_sum_to_the_images(counts: np.ndarray, seed: int) -> None:
    paired = two_models(len(counts), seed)
    for slices in (slice_by_cell_count, slice_by):
        of_image = slices(pd.Series(counts, index=paired.index))
        found = slice_scores(paired, of_image)
        assert (found.groupby("model")["n"].sum() == len(paired)).all()
        weighted = (found["n"] * found["mean"]).groupby(found["model"]).sum() / len(paired)
        np.testing.assert_allclose(weighted, paired.mean())


@pytest.mark.parametrize(
    ("slices", "words"),
    [
        (pd.Series(["x"] * 3, index=images(3)), "1 images have no slice, such as 'im03'"),
        (pd.Series(["x"] * 5, index=[*images(4), "im02"]), "'im02' has more than one slice"),
    ],
)
def test_images_without_one_slice_are_refused(slices: pd.Series, words: str) -> None:
    with pytest.raises(InputError, match=words):
        slice_scores(two_models(4), slices)


def test_other_mistakes_are_refused() -> None:
    paired = two_models(4)
    slices = pd.Series("x", index=paired.index)
    with pytest.raises(InputError, match="no scores of 'c', only of a, b"):
        compare_slices(paired, slices, first="a", second="c")
    with pytest.raises(InputError, match="must not be NaN"):
        slice_scores(paired.replace(paired.iloc[0, 0], np.nan), slices)
    with pytest.raises(InputError, match="at least 2 slices, got 1"):
        slice_by(slices, n_slices=1)
    with pytest.raises(InputError, match="at least one column"):
        discover_slices(paired, pd.DataFrame(index=paired.index), first="a", second="b")


def test_real_modalities_are_disjoint_and_differ(real_data: Path) -> None:
    scores = real_scores(real_data)
    paired = paired_scores(scores)
    found = slice_scores(paired, modalities(scores)).set_index(["slice", "model"])
    assert found["n"].groupby("model").sum().eq(len(paired)).all()
    assert found["few"].all()
    fluorescence, brightfield = (
        found.loc[(modality, "sharp")] for modality in ("fluorescence", "brightfield_grey")
    )
    assert fluorescence["ci_low"] > brightfield["ci_high"]
    counts = scores.groupby("image_id")["n_reference"].first()
    by_count = slice_scores(paired, slice_by_cell_count(counts))
    assert by_count.groupby("model")["n"].sum().eq(len(paired)).all()
