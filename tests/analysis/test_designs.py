"""Analyses of variance, critical differences and cells by image, against statsmodels and papers."""

import math
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.anova import AnovaRM, anova_lm
from statsmodels.stats.contingency_tables import mcnemar

from workbench.analysis import (
    check_assumptions,
    critical_difference,
    greenhouse_geisser,
    linear_mixed_model,
    mcnemar_by_image,
    model_residuals,
    nemenyi_distance,
    omnibus_tests,
    repeated_measures_anova,
    two_way,
)
from workbench.schema import InputError

# General cognitive index of 12 children at 30, 36, 42 and 48 months (Maxwell and Delaney 2004,
# table 11.5).
CHILDREN = pd.DataFrame(
    [
        [108, 96, 110, 122], [103, 117, 127, 133], [96, 107, 106, 107], [84, 85, 92, 99],
        [118, 125, 125, 116], [110, 107, 96, 91], [129, 128, 123, 128], [90, 84, 101, 113],
        [84, 104, 100, 88], [96, 100, 103, 105], [105, 114, 105, 112], [113, 117, 132, 130],
    ],
    columns=["m30", "m36", "m42", "m48"],
)  # fmt: skip
# Ranks of C4.5, with tuned m, with tuned cf, with both, on 14 data sets (Demšar 2006, table 6).
DEMSAR_RANKS = pd.DataFrame(
    [
        [4, 3, 2, 1], [1, 2, 3, 4], [4, 1, 2, 3], [4, 1, 3, 2], [4, 2, 3, 1], [1, 2.5, 4, 2.5],
        [3, 2, 4, 1], [2.5, 2.5, 4, 1], [4, 3, 2, 1], [2.5, 2.5, 2.5, 2.5], [4, 2.5, 1, 2.5],
        [3, 2, 4, 1], [4, 1, 2, 3], [3, 1, 4, 2],
    ],
    columns=["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"],
)  # fmt: skip


@pytest.fixture
def paired() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    image = rng.normal(0.6, 0.2, (30, 1))
    scores = image + rng.normal(0, [0.05, 0.1, 0.2], (30, 3)) + [0, 0.03, 0.06]
    return pd.DataFrame(scores, columns=["a", "b", "c"], index=[f"image {i}" for i in range(30)])


def long_of(paired: pd.DataFrame) -> pd.DataFrame:
    return paired.rename_axis("image_id").reset_index().melt("image_id", var_name="model")


def test_repeated_measures_of_the_children() -> None:
    """Maxwell and Delaney 2004, section 11: F(3, 33) = 3.03, epsilon = 0.6095."""
    result = repeated_measures_anova(CHILDREN)
    assert result.statistic == pytest.approx((552 / 3) / (2006 / 33), rel=1e-12)
    epsilon = greenhouse_geisser(np.cov(CHILDREN.to_numpy(), rowvar=False))
    assert epsilon == pytest.approx(0.6095, abs=5e-5)
    assert result.degrees_of_freedom == pytest.approx((3 * epsilon, 33 * epsilon))
    assert result.effect == pytest.approx(552 / (552 + 2006), rel=1e-12)


def test_repeated_measures_agree_with_statsmodels(paired: pd.DataFrame) -> None:
    expected = AnovaRM(long_of(paired), "value", "image_id", within=["model"]).fit().anova_table
    result = repeated_measures_anova(paired)
    assert result.statistic == pytest.approx(expected.loc["model", "F Value"], rel=1e-8)


def test_epsilon_is_that_of_the_eigenvalues_of_contrasts(paired: pd.DataFrame) -> None:
    # Textbooks define it by the covariance of orthonormal contrasts.
    contrasts = np.array([[1, -1, 0], [1, 1, -2]]).T / np.sqrt([2, 6])
    covariance = np.cov(paired.to_numpy() @ contrasts, rowvar=False)
    roots = np.linalg.eigvalsh(covariance)
    expected = roots.sum() ** 2 / (2 * (roots**2).sum())
    found = greenhouse_geisser(np.cov(paired.to_numpy(), rowvar=False))
    assert found == pytest.approx(expected, rel=1e-10)


def test_two_models_are_always_spherical(paired: pd.DataFrame) -> None:
    result = repeated_measures_anova(paired[["a", "c"]])
    t = stats.ttest_rel(paired["a"], paired["c"])
    assert result.degrees_of_freedom == pytest.approx((1, 29))
    assert (result.statistic, result.p_value) == pytest.approx((t.statistic**2, t.pvalue), rel=1e-8)


@pytest.mark.parametrize("image_spread", [1.0, 0.0])
def test_mixed_model_agrees_with_the_iteration_of_statsmodels(
    paired: pd.DataFrame, image_spread: float
) -> None:
    # Without images' own variance REML ends on the boundary, where both variances are pooled.
    scores = paired.sub((1 - image_spread) * paired.mean(axis=1), axis=0)
    design = np.tile(np.eye(3), (30, 1))
    design[:, 0] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = MixedLM(scores.to_numpy().ravel(), design, groups=np.repeat(range(30), 3)).fit()
    slopes, covariance = fit.fe_params[1:], fit.cov_params()[1:3, 1:3]
    expected = slopes @ np.linalg.solve(covariance, slopes)
    assert linear_mixed_model(scores).statistic == pytest.approx(expected, rel=1e-3)
    percent = 100 * fit.cov_re[0, 0] / (fit.cov_re[0, 0] + fit.scale)
    found = re.search(r"(\d+) % lies between images", linear_mixed_model(scores).note)
    # At the boundary the iteration stops at 4 %.
    assert int(found[1]) == pytest.approx(percent, abs=1 if image_spread else 5)


def test_every_omnibus_test_of_equal_scores_is_undefined_and_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tests = omnibus_tests(pd.DataFrame({"a": [0.5] * 4, "b": [0.5] * 4, "c": [0.5] * 4}))
    assert all(math.isnan(test.statistic) and math.isnan(test.p_value) for test in tests)


def test_models_apart_by_a_constant_leave_means_nothing_to_be_tested_by() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tests = omnibus_tests(pd.DataFrame({"a": [0.1, 0.3, 0.6], "b": [0.2, 0.4, 0.7]}))
    p_values = {test.name: test.p_value for test in tests}
    assert math.isnan(p_values["Repeated-measures ANOVA (Greenhouse-Geisser)"])
    assert p_values["Friedman (Iman-Davenport)"] == 0.25


def test_omnibus_tests_of_sixty_models_and_few_images_are_silent() -> None:
    scores = np.random.default_rng(0).uniform(size=(4, 60))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tests = omnibus_tests(pd.DataFrame(scores))
    assert all(0 < test.p_value <= 1 for test in tests)


def test_ranks_of_the_decision_trees() -> None:
    """Demšar 2006, section 3.2.2: mean ranks, F = 3.69, CD = 1.25 and (at 0.10) 1.12."""
    found = critical_difference(-DEMSAR_RANKS)
    assert found.mean_ranks.index.to_list() == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    assert found.mean_ranks.to_numpy() == pytest.approx([1.964, 2, 2.893, 3.143], abs=5e-4)
    chi2 = 12 * 14 / 20 * ((found.mean_ranks**2).sum() - 25)
    assert 13 * chi2 / (42 - chi2) == pytest.approx(3.69, abs=0.005)
    assert found.distance == pytest.approx(1.25, abs=0.005)
    assert nemenyi_distance(4, 14, 0.1) == pytest.approx(1.12, abs=0.005)


def test_nemenyi_distance_of_the_benchmark_report() -> None:
    assert nemenyi_distance(7, 101, 0.05) == pytest.approx(0.8963, abs=5e-5)


def test_a_clique_is_a_run_of_models_none_of_which_differ() -> None:
    # a and b differ by turns, so do b and c, but a beats c on all images; d is far below.
    turns = (-1.0) ** np.arange(20)
    scores = pd.DataFrame({"a": 0.80, "b": 0.775 + 0.1 * turns, "c": 0.75, "d": 0.1})
    assert critical_difference(scores).cliques == (("a", "b"), ("b", "c"))


def test_models_tied_everywhere_are_one_clique() -> None:
    found = critical_difference(pd.DataFrame({"a": [0.5] * 4, "b": [0.5] * 4, "c": [0.5] * 4}))
    assert found.cliques == (("a", "b", "c"),)
    assert found.mean_ranks.to_list() == [2, 2, 2]


def test_models_all_apart_have_no_clique() -> None:
    base = np.linspace(0, 0.2, 12)
    assert critical_difference(pd.DataFrame({"a": base, "b": base + 0.3})).cliques == ()


def modality_of(paired: pd.DataFrame, sizes: tuple[int, ...]) -> pd.DataFrame:
    """The long table with levels of these sizes, the second a bit kinder to the last model."""
    levels = np.repeat(["bright", "phase", "stain"][: len(sizes)], sizes)
    changed = paired.copy()
    changed.loc[levels == "phase", "c"] += 0.1
    changed[levels == "stain"] += 0.05
    return long_of(changed).assign(modality=np.tile(levels, paired.shape[1]))


@pytest.mark.parametrize("sizes", [(15, 15), (22, 8), (4, 20, 6)])
def test_two_way_agrees_with_least_squares_of_statsmodels(
    paired: pd.DataFrame, sizes: tuple[int, ...]
) -> None:
    long = modality_of(paired, sizes)
    table = two_way(long, factor="modality").set_index("source")
    formulas = ("C(image_id)", "C(image_id) + C(model)", "C(image_id) + C(model):C(modality)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # images lie within modalities: the last is rank-deficient
        within = anova_lm(*(ols(f"value ~ {formula}", long).fit() for formula in formulas))
    assert table.loc["model", "F"] == pytest.approx(within.loc[1, "F"], rel=1e-8)
    assert table.loc["model x modality", "F"] == pytest.approx(within.loc[2, "F"], rel=1e-8)
    means = long.groupby(["image_id", "modality"], as_index=False)["value"].mean()
    between = anova_lm(ols("value ~ C(modality)", means).fit()).loc["C(modality)"]
    assert table.loc["modality", "F"] == pytest.approx(between["F"], rel=1e-8)
    assert table.loc["modality", "p"] == pytest.approx(between["PR(>F)"], rel=1e-8)
    assert table.loc["modality", "df"] == len(sizes) - 1


def test_two_models_on_two_modalities_are_a_t_test_of_their_differences(
    paired: pd.DataFrame,
) -> None:
    long = modality_of(paired[["a", "c"]], (12, 18))
    table = two_way(long, factor="modality").set_index("source")
    wide = long.pivot_table(index="image_id", columns="model", values="value")
    difference = wide["c"] - wide["a"]
    level = long.drop_duplicates("image_id").set_index("image_id")["modality"]
    expected = stats.ttest_ind(difference[level == "phase"], difference[level == "bright"])
    assert table.loc["model x modality", "p"] == pytest.approx(expected.pvalue, rel=1e-8)


def test_equal_scores_have_no_two_way_analysis() -> None:
    long = long_of(pd.DataFrame({"a": [0.5] * 4, "b": [0.5] * 4})).assign(stain=list("xxyy") * 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert two_way(long, factor="stain")[["F", "p", "effect"]].isna().all(axis=None)


def test_two_way_tables_that_can_not_be_laid_out_are_refused(paired: pd.DataFrame) -> None:
    long = modality_of(paired, (15, 15))
    with pytest.raises(InputError, match="stain is missing, there are image_id, model"):
        two_way(long, factor="stain")
    with pytest.raises(InputError, match="'a' has several on 'image 0'"):
        two_way(pd.concat([long, long[:1]]), factor="modality")
    with pytest.raises(InputError, match="NaN"):
        two_way(long[1:], factor="modality")
    with pytest.raises(InputError, match="'image 0' has 2"):
        two_way(long.assign(modality=["x", *long["modality"][1:]]), factor="modality")
    with pytest.raises(InputError, match="'image 0' has 0"):
        two_way(long.replace("bright", None), factor="modality")
    with pytest.raises(InputError, match="at least 2 levels"):
        two_way(long.assign(modality="x"), factor="modality")
    with pytest.raises(InputError, match="got 30 levels on 30 images"):
        two_way(long.assign(modality=long["image_id"]), factor="modality")


def sixfold(paired: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return every image six times over, and the slide that its copies share."""
    copies = pd.concat([paired.set_axis([f"{i}, {n}" for i in paired.index]) for n in range(6)])
    copies.index.name = "image_id"
    return copies, pd.Series([i.rpartition(",")[0] for i in copies.index], index=copies.index)


def test_copies_of_images_on_a_slide_are_no_new_evidence_for_any_test(paired: pd.DataFrame) -> None:
    copies, slides = sixfold(paired)
    for whole, once, alone in zip(
        omnibus_tests(copies, groups=slides), omnibus_tests(paired), omnibus_tests(copies),
        strict=True,
    ):  # fmt: skip
        if whole.as_published:
            assert whole == alone, "as published, slides are forgotten too"
            continue
        assert whole.p_value == pytest.approx(once.p_value, rel=1e-9)
        assert alone.p_value < once.p_value, "taken for images, the copies would count"
        assert whole.note.endswith("Made of the means of 30 groups, as images of one group are no "
                                   "independent evidence.")  # fmt: skip
        assert "groups" not in once.note
    diagram, plain = critical_difference(copies, groups=slides), critical_difference(paired)
    assert diagram.mean_ranks.to_dict() == pytest.approx(plain.mean_ranks.to_dict())
    assert (diagram.distance, diagram.cliques) == (plain.distance, plain.cliques)


def test_copies_of_images_on_a_slide_are_no_new_evidence_for_two_ways(paired: pd.DataFrame) -> None:
    copies, slides = sixfold(paired)
    once = modality_of(paired, (12, 18))
    of_slide = once.drop_duplicates("image_id").set_index("image_id")["modality"]
    changed = once.pivot_table(index="image_id", columns="model", values="value")
    long = long_of(changed.loc[slides].set_axis(copies.index))
    long["modality"] = long["image_id"].map(slides).map(of_slide)
    one, whole = two_way(once, factor="modality"), two_way(long, factor="modality", groups=slides)
    numbers = ["df", "df_error", "F", "p", "effect"]
    pd.testing.assert_frame_equal(one[numbers], whole[numbers])
    assert whole["note"].str.endswith("no independent evidence.").all()
    assert "12 of bright, 18 of phase" in whole.loc[1, "note"]
    split = slides.replace(slides.iloc[-1], slides.iloc[0])
    with pytest.raises(InputError, match=r"that of 'image 0, 0' has 2 \(1 such\)"):
        two_way(long, factor="modality", groups=split)
    with pytest.raises(InputError, match="more groups of images than levels, got 2 levels on 2"):
        two_way(long, factor="modality", groups=slides.map(of_slide))


def cells_of(first: list[list[int]], second: list[list[int]]) -> pd.DataFrame:
    rows = [
        (f"image {image}", cell, a, b)
        for image, (of_first, of_second) in enumerate(zip(first, second, strict=True))
        for cell, (a, b) in enumerate(zip(of_first, of_second, strict=True))
    ]
    return pd.DataFrame(rows, columns=["image_id", "cell_id", "first_matched", "second_matched"])


def test_cells_of_one_image_are_one_piece_of_evidence() -> None:
    # All 40 cells that only the first finds lie in one image of three.
    cells = cells_of([[1] * 40, [1, 0], [0, 1]], [[0] * 40, [1, 0], [0, 1]])
    found = mcnemar_by_image(cells)
    assert (found.both, found.first_only, found.second_only, found.neither) == (2, 40, 0, 2)
    assert found.p_naive == pytest.approx(2.0**-39)
    assert found.p_by_image == 1
    assert found.difference == 40 / 44


def test_naive_mcnemar_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(0)
    cells = cells_of(rng.integers(0, 2, (5, 30)).tolist(), rng.integers(0, 2, (5, 30)).tolist())
    found = mcnemar_by_image(cells)
    table = [[found.both, found.first_only], [found.second_only, found.neither]]
    assert found.p_naive == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-8)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_one_cell_an_image_is_mcnemars_own_test(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = cells_of(rng.integers(0, 2, (15, 1)).tolist(), rng.integers(0, 2, (15, 1)).tolist())
    found = mcnemar_by_image(cells)
    assert found.p_by_image == pytest.approx(found.p_naive, rel=1e-12)


def test_models_that_find_the_same_cells_do_not_differ() -> None:
    found = mcnemar_by_image(cells_of([[1], [0], [1]], [[1], [0], [1]]))
    assert (found.p_by_image, found.p_naive, found.difference) == (1, 1, 0)


def test_cell_tables_that_can_not_be_paired_are_refused() -> None:
    cells = cells_of([[1], [0], [1]], [[1], [1], [1]])
    with pytest.raises(InputError, match="second_matched is missing"):
        mcnemar_by_image(cells.drop(columns="second_matched"))
    with pytest.raises(InputError, match="cell 0 of image 'image 0' repeats"):
        mcnemar_by_image(pd.concat([cells, cells[:1]]))
    with pytest.raises(InputError, match="first_matched must say true or false of every cell"):
        mcnemar_by_image(cells.assign(first_matched=[1, 0, 0.7]))
    with pytest.raises(InputError, match="at least 3 images or groups are needed, got 2"):
        mcnemar_by_image(cells[:2])


def test_assumptions_agree_with_scipy(paired: pd.DataFrame) -> None:
    found = check_assumptions(paired).set_index("check")
    residuals = model_residuals(paired)
    shapiro = stats.shapiro(residuals["residual"])
    levene = stats.levene(*paired.to_numpy().T)
    assert found.loc["Shapiro-Wilk of residuals", "p_value"] == pytest.approx(shapiro.pvalue)
    assert found.loc["Levene of scores", "p_value"] == pytest.approx(levene.pvalue, rel=1e-8)


def test_residuals_and_fitted_values_add_up_to_the_scores(paired: pd.DataFrame) -> None:
    table = model_residuals(paired)
    again = table.assign(value=table["fitted"] + table["residual"]).pivot_table(
        index="image_id", columns="model", values="value"
    )
    assert np.allclose(again.loc[paired.index], paired)
    assert np.allclose(table.groupby("image_id")["residual"].sum(), 0)
    assert np.allclose(table.groupby("model")["residual"].sum(), 0)
    assert np.allclose(table["theoretical"], -table["theoretical"][::-1])
    assert table["theoretical"].is_monotonic_increasing


def test_assumptions_of_equal_or_very_many_scores_are_silent() -> None:
    many = pd.DataFrame(np.random.default_rng(0).normal(size=(2_600, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nothing = check_assumptions(pd.DataFrame({"a": [0.5] * 4, "b": [0.5] * 4}))
        found = check_assumptions(many)
    assert nothing["p_value"].isna().all()
    assert "more than 5,000 residuals the p is not exact" in found.loc[0, "note"]
