"""The eighteen-methods study's ranking scheme, by hand, by its laws, and under other weights."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError
from scipy import stats

from tests.analysis.real_scores import modalities, real_scores
from workbench.analysis import (
    EIGHTEEN_METHODS,
    RankingScheme,
    SchemePart,
    paired_scores,
    rank_by_scheme,
    scheme_parts,
    scheme_stability,
    slice_scores,
    study_scheme,
)
from workbench.schema import InputError


@pytest.fixture
def methods() -> pd.DataFrame:
    """Eighteen methods with every column of the published scheme."""
    rng = np.random.default_rng(0)
    columns = {
        name: rng.lognormal(8, 1, 18) if name.endswith("seconds")
        else rng.integers(1, 11, 18) if "_of_" in name or name.split("_")[0] in {"code", "hardware"}
        else rng.random(18)
        for name in EIGHTEEN_METHODS.columns
    }  # fmt: skip
    return pd.DataFrame(columns, index=[f"method{i}" for i in range(18)])


def part_tables() -> st.SearchStrategy[pd.DataFrame]:
    shapes = st.tuples(st.integers(2, 6), st.integers(1, 5))
    values = shapes.flatmap(lambda s: arrays(np.int64, s, elements=st.integers(0, 10)))
    return values.map(
        lambda v: pd.DataFrame(v / 10, [f"m{i}" for i in range(len(v))],
                               [f"p{i}" for i in range(v.shape[1])])
    )  # fmt: skip


def test_the_published_scheme_has_seven_parts_of_equal_weight() -> None:
    assert list(EIGHTEEN_METHODS.weights.values()) == [1] * 7
    assert list(EIGHTEEN_METHODS.weights)[-2:] == ["usability", "scalability"]
    # Five accuracies of five metrics, three usability scores, five running times.
    assert len(EIGHTEEN_METHODS.columns) == 5 * 5 + 3 + 5


def test_parts_are_those_of_the_methods_section(methods: pd.DataFrame) -> None:
    parts = scheme_parts(methods)
    task = "tissuenet_nuclei_dual"
    accuracy = [methods[f"{task}_{metric}"] for metric in ("map", "ap50", "ap75", "ar50", "ar75")]
    np.testing.assert_allclose(parts[task], np.mean(accuracy, axis=0))
    by_hand = ["code_maintenance", "ease_of_use", "hardware_support"]
    normalised = [stats.norm.cdf(stats.zscore(methods[name], ddof=1)) for name in by_hand]
    np.testing.assert_allclose(parts["usability"], np.mean(normalised, axis=0))
    times = [
        methods[["tissuenet_nuclei_dual_seconds", "tissuenet_nuclei_single_seconds"]].mean(axis=1),
        methods[["tissuenet_whole_cell_dual_seconds", "tissuenet_whole_cell_single_seconds"]].mean(
            axis=1
        ),
        methods["livecell_whole_cell_seconds"],
    ]
    normalised = [stats.norm.cdf(stats.zscore(time, ddof=1)) for time in times]
    np.testing.assert_allclose(parts["scalability"], 1 - np.mean(normalised, axis=0))
    ranked = rank_by_scheme(parts)
    overall = parts.mean(axis=1)
    assert ranked["model"].tolist() == list(overall.sort_values(ascending=False).index)
    np.testing.assert_allclose(ranked["overall"], overall[ranked["model"]])


def test_three_methods_by_hand() -> None:
    # Scores 1, 2, 3 have z-scores -1, 0, 1.
    values = pd.DataFrame({"x_map": [0.2, 0.4, 0.6], "code": [1, 2, 3], "s": [30, 20, 10]},
                          index=["a", "b", "c"])  # fmt: skip
    scheme = study_scheme(tasks=["x"], metrics=["map"], usability=["code"], running_times=[["s"]])
    parts = scheme_parts(values, scheme=scheme)
    low, high = stats.norm.cdf([-1, 1])
    assert parts["usability"].tolist() == pytest.approx([low, 0.5, high])
    assert parts["scalability"].tolist() == pytest.approx([low, 0.5, high])
    overall = rank_by_scheme(parts).set_index("model")["overall"]
    assert overall["b"] == pytest.approx((0.4 + 0.5 + 0.5) / 3)


def test_a_metric_in_which_all_are_equal_is_one_half_for_all() -> None:
    values = pd.DataFrame({"x_map": [0.2, 0.4], "code": [7, 7]}, index=["a", "b"])
    scheme = study_scheme(tasks=["x"], metrics=["map"], usability=["code"])
    assert scheme_parts(values, scheme=scheme)["usability"].tolist() == [0.5, 0.5]


@given(st.integers(0, 100), st.floats(0.01, 100), st.floats(-5, 5))
@settings(max_examples=20)
def test_unit_of_running_time_and_scale_of_scores_do_not_matter(seed, unit, offset) -> None:
    rng = np.random.default_rng(seed)
    values = pd.DataFrame(rng.random((5, 3)), columns=["x_map", "code", "s"])
    scheme = study_scheme(tasks=["x"], metrics=["map"], usability=["code"], running_times=[["s"]])
    other = values.assign(s=values["s"] * unit, code=values["code"] * unit + offset)
    parts = scheme_parts(values, scheme=scheme)
    np.testing.assert_allclose(parts, scheme_parts(other, scheme=scheme), atol=1e-9)
    assert (parts[["usability", "scalability"]] > 0).all(axis=None)
    assert (parts[["usability", "scalability"]] < 1).all(axis=None)


def test_weights_move_the_ranking_and_unnamed_parts_weigh_one() -> None:
    parts = pd.DataFrame({"accuracy": [0.9, 0.5], "speed": [0.1, 0.4]}, index=["sam", "unet"])
    assert rank_by_scheme(parts)["model"].tolist() == ["sam", "unet"]
    moved = rank_by_scheme(parts, weights={"speed": 3})
    assert moved["model"].tolist() == ["unet", "sam"]
    assert moved["overall"].tolist() == pytest.approx([(0.5 + 3 * 0.4) / 4, (0.9 + 3 * 0.1) / 4])
    alone = rank_by_scheme(parts, weights={"accuracy": 0})
    assert alone["overall"].tolist() == pytest.approx([0.4, 0.1])


def test_with_two_parts_p_best_is_the_share_of_weights_on_its_side() -> None:
    # sam leads while its weight for accuracy is above 3/7: 0.4 w > 0.3 (1 - w).
    parts = pd.DataFrame({"accuracy": [0.9, 0.5], "speed": [0.1, 0.4]}, index=["sam", "unet"])
    found = scheme_stability(parts, n_resamples=40_000)
    assert found.table["model"].tolist() == ["sam", "unet"]
    # Equal weights and as much concentration as parts: every weight is equally likely.
    assert found.table.loc[0, "p_best"] == pytest.approx(4 / 7, abs=0.01)
    assert found.table[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [1, 2]]
    near = scheme_stability(parts, concentration=50, n_resamples=40_000)
    expected = stats.beta.sf(3 / 7, 25, 25)
    assert near.table.loc[0, "p_best"] == pytest.approx(expected, abs=0.01)
    assert near.kendall_tau == pytest.approx(2 * near.table.loc[0, "p_best"] - 1)


def test_weights_close_to_the_given_ones_keep_the_ranking(methods: pd.DataFrame) -> None:
    parts = scheme_parts(methods)
    fixed = scheme_stability(parts, concentration=1e9, n_resamples=200)
    assert fixed.table["model"].tolist() == rank_by_scheme(parts)["model"].tolist()
    assert (fixed.table["rank_low"] == fixed.table["rank_high"]).all()
    assert fixed.kendall_tau == pytest.approx(1)
    wide = scheme_stability(parts, n_resamples=500)
    assert wide.kendall_tau < fixed.kendall_tau


def test_a_part_without_weight_never_counts() -> None:
    parts = pd.DataFrame({"accuracy": [0.9, 0.5], "speed": [0.1, 0.9]}, index=["sam", "unet"])
    found = scheme_stability(parts, weights={"speed": 0}, n_resamples=500)
    assert found.table[["model", "p_best"]].to_numpy().tolist() == [["sam", 1], ["unet", 0]]


@given(part_tables())
@settings(max_examples=25)
def test_whoever_is_better_in_every_part_is_never_behind(parts: pd.DataFrame) -> None:
    found = scheme_stability(parts, n_resamples=200)
    np.testing.assert_allclose(found.distribution.sum(axis=0), 1)
    np.testing.assert_allclose(found.distribution.sum(axis=1), 1)
    rows = found.table.set_index("model")
    for first in parts.index:
        for second in parts.index:
            if (parts.loc[first] > parts.loc[second]).all():
                assert rows.loc[first, "rank"] < rows.loc[second, "rank"]
                assert rows.loc[first, "rank_high"] <= rows.loc[second, "rank_high"]
                assert rows.loc[second, "p_best"] == 0


def test_equal_models_tie_under_all_weights() -> None:
    parts = pd.DataFrame({"accuracy": [0.5, 0.5], "speed": [0.2, 0.2]}, index=["a", "b"])
    found = scheme_stability(parts, n_resamples=100)
    assert found.table["rank"].tolist() == [1.5, 1.5]
    assert math.isnan(found.kendall_tau)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"pace": 2}, "no part 'pace' to weigh, only accuracy, speed"),
        ({"speed": -1}, "expected weights from 0"),
        ({"speed": math.nan}, "expected weights from 0"),
        ({"accuracy": 0, "speed": 0}, "at least one of them above"),
    ],
)
def test_weights_that_make_no_mean_are_refused(weights: dict[str, float], words: str) -> None:
    parts = pd.DataFrame({"accuracy": [0.9, 0.5], "speed": [0.1, 0.4]}, index=["sam", "unet"])
    for ranking in (rank_by_scheme, scheme_stability):
        with pytest.raises(InputError, match=words):
            ranking(parts, weights=weights)


def test_incomplete_tables_are_refused(methods: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="1 columns that are not there: ease_of_use;"):
        scheme_parts(methods.drop(columns="ease_of_use"))
    untrained = methods.astype(float)
    untrained.loc["method3", "livecell_whole_cell_seconds"] = np.nan
    with pytest.raises(InputError, match="'livecell_whole_cell_seconds' of 'method3' is nan"):
        scheme_parts(untrained)
    with pytest.raises(InputError, match="at least 2 models, each in one row, got 'method0'"):
        scheme_parts(methods.iloc[:1])
    with pytest.raises(InputError, match="each in one row"):
        rank_by_scheme(scheme_parts(methods).iloc[[0, 1, 1]])
    with pytest.raises(InputError, match="concentration above 0, got -1"):
        scheme_stability(scheme_parts(methods), concentration=-1)


def test_a_scheme_is_frozen_and_checked() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        EIGHTEEN_METHODS.parts = ()
    with pytest.raises(ValidationError, match="name of its own"):
        RankingScheme(parts=EIGHTEEN_METHODS.parts + EIGHTEEN_METHODS.parts[:1])
    with pytest.raises(ValidationError, match="set normalised"):
        SchemePart(name="time", metrics=(("s",),), lower_is_better=True)
    with pytest.raises(ValidationError, match="wieght"):
        SchemePart(name="time", metrics=(("s",),), wieght=2)
    again = RankingScheme.model_validate_json(EIGHTEEN_METHODS.model_dump_json())
    assert again == EIGHTEEN_METHODS


def test_real_nuclei_by_modality_are_ranked_as_tasks(real_data: Path) -> None:
    scores = real_scores(real_data)
    found = slice_scores(paired_scores(scores), modalities(scores))
    values = found.assign(column=found["slice"] + "_f1").pivot_table(
        index="model", columns="column", values="mean"
    )
    scheme = study_scheme(tasks=sorted(set(found["slice"])), metrics=["f1"], usability=[])
    parts = scheme_parts(values, scheme=scheme)
    stable = scheme_stability(parts, n_resamples=2_000)
    # As many images of each modality: equal weights give the mean over all images.
    means = paired_scores(scores).mean()
    overall = stable.table.set_index("model")["overall"]
    assert overall.to_dict() == pytest.approx(means.to_dict())
    assert 0 < stable.table.loc[0, "p_best"] < 1
